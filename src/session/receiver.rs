//! The receiving half of a session.

use super::asleep::AsleepReceiver;
use super::counters::Traffic;
use super::event::Event;
use super::info::SessionInfo;
use super::receiving::Receiving;
use crate::crypto::CryptoFailed;
use crate::error::{Error, Misuse};
use crate::memory::Memory;
use crate::record::Inbox;

/// The receiving half of a session. Its memory is the inbox, which belongs to this connection.
pub struct Receiver {
    receiving: Receiving,
    info: SessionInfo,
}

impl Receiver {
    pub(super) fn new(receiving: Receiving, info: SessionInfo) -> Receiver {
        Receiver { receiving, info }
    }

    /// Processes the received bytes up to the next event. Call it again until it returns `Read` or `Closed`. Data must
    /// be consumed before it reads on.
    ///
    /// # Errors
    /// After a fatal error every call returns the same error. Pass it to [`Sender::alert`](crate::Sender::alert), which
    /// sends the alert. This half does not know whether an alert was sent, so its errors never say so.
    /// [`ErrorKind::InboxTooSmall`](crate::ErrorKind::InboxTooSmall) is not fatal: move to larger memory and call
    /// again.
    pub fn receive<R: Memory>(&mut self, rx: &mut Inbox<R>) -> Result<Event, Error> {
        self.receiving.receive(&mut rx.view())
    }

    /// Call it when the other half has requested a KeyUpdate ([`Sender::confirm`](crate::Sender::confirm)): then the
    /// peer's next one does not count towards [`limits::MAX_KEY_UPDATES`](crate::limits::MAX_KEY_UPDATES).
    pub fn expect_key_update(&mut self) {
        self.receiving.expect_key_update();
    }

    /// Reduces an idle half to at most 120 bytes and its parameters. See [`Session::sleep`](crate::Session::sleep).
    ///
    /// # Errors
    /// The half is returned: [`Misuse::NotNow`], [`Misuse::Closed`], [`Misuse::ForeignInbox`].
    #[allow(clippy::result_large_err, reason = "there is no heap to box on, and nothing may be lost")]
    pub fn sleep<R: Memory>(mut self, rx: &mut Inbox<R>) -> Result<(AsleepReceiver, SessionInfo), (Receiver, Misuse)> {
        match self.receiving.check_idle(&mut rx.view()).and_then(|()| self.receiving.fold()) {
            Ok((common, receiving)) => Ok((AsleepReceiver { common, receiving }, self.info)),
            Err(misuse) => Err((self, misuse)),
        }
    }

    /// The negotiated parameters.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// The received traffic so far.
    pub fn counters(&self) -> Traffic {
        self.receiving.traffic
    }

    /// How many NewSessionTickets have come. All of them are dropped.
    pub fn tickets_dropped(&self) -> u64 {
        self.receiving.tickets_dropped
    }

    /// Whether we know that the peer has accepted us; always true for a server.
    pub fn is_confirmed(&self) -> bool {
        self.receiving.is_confirmed()
    }

    /// The peer's current traffic secret. Whoever has it can read what the peer sends.
    pub fn expose_secret(&self) -> &[u8] {
        self.receiving.expose_secret()
    }
}

impl AsleepReceiver {
    /// Restores the half. `info` comes from [`Receiver::sleep`].
    ///
    /// # Errors
    /// If the cryptographic provider fails.
    pub fn wake(self, info: SessionInfo) -> Result<Receiver, CryptoFailed> {
        Ok(Receiver::new(Receiving::unfold(info.role(), self.common, self.receiving)?, info))
    }
}
