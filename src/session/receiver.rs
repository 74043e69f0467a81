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

/// The receiving half of a session: its memory is the inbox, which belongs to this connection (R1).
pub struct Receiver {
    receiving: Receiving,
    info: SessionInfo,
}

impl Receiver {
    pub(super) fn new(receiving: Receiving, info: SessionInfo) -> Receiver {
        Receiver { receiving, info }
    }

    /// Takes what the transport has brought, up to the next thing that concerns the caller. Call it again until it says
    /// `Read` or `Closed`; data must be consumed before more is looked at.
    ///
    /// # Errors
    /// After a fatal error every call returns the same one; give it to [`Sender::alert`](crate::Sender::alert), which
    /// tells the peer. This half cannot know whether an alert was sent, and never says so.
    /// [`ErrorKind::InboxTooSmall`](crate::ErrorKind::InboxTooSmall) is not fatal: move to larger memory and call again.
    pub fn receive<R: Memory>(&mut self, rx: &mut Inbox<R>) -> Result<Event, Error> {
        self.receiving.receive(&mut rx.view())
    }

    /// The other half has asked for a KeyUpdate ([`Sender::confirm`](crate::Sender::confirm)): the peer's next one is
    /// not counted among those that nobody has asked for ([`limits::MAX_KEY_UPDATES`](crate::limits::MAX_KEY_UPDATES)).
    pub fn expect_key_update(&mut self) {
        self.receiving.expect_key_update();
    }

    /// Folds an idle half into at most 120 bytes, beside what was agreed on. See [`Session::sleep`](crate::Session::sleep).
    ///
    /// # Errors
    /// The half comes back: [`Misuse::NotNow`], [`Misuse::Closed`], [`Misuse::ForeignInbox`].
    #[allow(clippy::result_large_err, reason = "there is no heap to box on, and nothing may be lost")]
    pub fn sleep<R: Memory>(mut self, rx: &mut Inbox<R>) -> Result<(AsleepReceiver, SessionInfo), (Receiver, Misuse)> {
        match self.receiving.check_idle(&mut rx.view()).and_then(|()| self.receiving.fold()) {
            Ok((common, receiving)) => Ok((AsleepReceiver { common, receiving }, self.info)),
            Err(misuse) => Err((self, misuse)),
        }
    }

    /// What was agreed on, and when.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// What we have received so far.
    pub fn counters(&self) -> Traffic {
        self.receiving.traffic
    }

    /// How many NewSessionTickets have come: all of them are dropped.
    pub fn tickets_dropped(&self) -> u64 {
        self.receiving.tickets_dropped
    }

    /// Whether the peer is known to have accepted us; always true for a server.
    pub fn is_confirmed(&self) -> bool {
        self.receiving.is_confirmed()
    }

    /// The peer's present traffic secret. It lets its owner read what the peer sends.
    pub fn expose_secret(&self) -> &[u8] {
        self.receiving.expose_secret()
    }
}

impl AsleepReceiver {
    /// The half again. `info` is what [`Receiver::sleep`] gave.
    ///
    /// # Errors
    /// If the cryptographic provider fails.
    pub fn wake(self, info: SessionInfo) -> Result<Receiver, CryptoFailed> {
        Ok(Receiver::new(Receiving::unfold(info.role(), self.common, self.receiving)?, info))
    }
}
