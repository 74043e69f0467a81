//! The sending half of a session.

use super::asleep::AsleepSender;
use super::counters::Traffic;
use super::event::Reply;
use super::info::SessionInfo;
use super::reservation::Reservation;
use super::sending::Sending;
use crate::codec::AlertDescription;
use crate::crypto::CryptoFailed;
use crate::error::{Error, Misuse};
use crate::memory::Memory;
use crate::policy::Policy;
use crate::record::Outbox;

/// The sending half of a session. Its memory is the outbox, which belongs to this connection.
pub struct Sender {
    sending: Sending,
    info: SessionInfo,
}

impl Sender {
    pub(super) fn new(sending: Sending, info: SessionInfo) -> Sender {
        Sender { sending, info }
    }

    /// Copies and seals as much of `data` as fits into `tx`, in records of the largest size that the peer accepts.
    /// Returns the number of bytes; 0 means that you must send the pending bytes first. Updates the write key in time
    /// (RFC 9846 §5.5), and when the peer has requested it.
    ///
    /// # Errors
    /// [`Misuse::Closed`] after close_notify or an alert; [`Misuse::ForeignOutbox`]; [`Misuse::NoRoom`] if even an
    /// empty outbox of this size is too small: `needed` bytes are enough for the data, or for one full record of it;
    /// [`Misuse::NotNow`] if the last key is used up. If some data has been taken, the next call returns the error
    /// instead.
    pub fn write<T: Memory>(&mut self, data: &[u8], tx: &mut Outbox<T>) -> Result<usize, Misuse> {
        self.sending.write(data, &mut tx.view())
    }

    /// Reserves the place of the next record in `tx`, where you write and seal data without a copy. The place has room
    /// for at least `wanted` bytes, or for the longest record in this outbox. `None` means that you must send the
    /// pending bytes first.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    #[inline]
    pub fn reserve<'s, T: Memory>(
        &'s mut self,
        wanted: usize,
        tx: &'s mut Outbox<T>,
    ) -> Result<Option<Reservation<'s>>, Misuse> {
        Reservation::new(&mut self.sending, wanted, tx.view())
    }

    /// Changes our write key now, by a KeyUpdate without a request (RFC 9846 §4.7.3).
    ///
    /// # Errors
    /// [`Misuse::Closed`]; [`Misuse::ForeignOutbox`]; [`Misuse::NoRoom`]; [`Misuse::NotNow`] after 2^48 - 1 updates.
    pub fn update_key<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.update_key(&mut tx.view())
    }

    /// Asks the peer to answer under a new key, by a KeyUpdate that requests one. From the answer a client knows that a
    /// conforming server has processed its Finished. Does nothing while a request is outstanding.
    ///
    /// Call [`Receiver::expect_key_update`](crate::Receiver::expect_key_update) too, so that the other half does not
    /// count the answer as an unrequested KeyUpdate.
    ///
    /// # Errors
    /// As [`update_key`](Self::update_key).
    pub fn confirm<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.confirm(&mut tx.view())
    }

    /// Answers the peer's KeyUpdates up to this one, if one of them requests an answer that has not been sent. An
    /// answer that is still pending also answers later requests.
    ///
    /// # Errors
    /// [`Misuse::Closed`]: no answer is necessary any more. [`Misuse::ForeignReply`], [`Misuse::ForeignOutbox`].
    /// [`Misuse::NoRoom`]: send the pending bytes and reply again. Otherwise [`write`](Self::write) and
    /// [`reserve`](Self::reserve) do it before they take data.
    pub fn reply<T: Memory>(&mut self, reply: &Reply, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.reply(reply, &mut tx.view())
    }

    /// Sends close_notify: we send nothing more, but may still receive. A second call does nothing.
    ///
    /// # Errors
    /// [`Misuse::ForeignOutbox`]; [`Misuse::NoRoom`] if the outbox has no room even for an alert.
    pub fn close<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.close(&mut tx.view())
    }

    /// Ends the connection with this alert. After user_canceled it also sends close_notify (RFC 9846 §6.1).
    ///
    /// # Errors
    /// [`Misuse::Closed`]; [`Misuse::ForeignOutbox`]; [`Misuse::NoRoom`] if the outbox has no room even for an alert.
    pub fn abort<T: Memory>(&mut self, alert: AlertDescription, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.abort(alert, &mut tx.view())
    }

    /// Sends the alert for an error of the [`Receiver`](crate::Receiver), if the error has one and none was sent
    /// before. Nothing can be sent after it. Returns the error to report: only now it is known whether an alert was
    /// sent.
    ///
    /// # Errors
    /// [`Misuse::ForeignOutbox`].
    pub fn alert<T: Memory>(&mut self, error: &Error, tx: &mut Outbox<T>) -> Result<Error, Misuse> {
        let tx = &mut tx.view();
        self.sending.check_outbox(tx)?;
        let alert_sent = self.sending.send_alert(error, tx);
        Ok(Error { alerts: error.alerts || alert_sent, ..*error })
    }

    /// Reduces an idle half to at most 112 bytes and its parameters. See [`Session::sleep`](crate::Session::sleep).
    ///
    /// # Errors
    /// The half is returned: [`Misuse::NotNow`], [`Misuse::Closed`], [`Misuse::ForeignOutbox`].
    #[allow(clippy::result_large_err, reason = "there is no heap to box on, and nothing may be lost")]
    pub fn sleep<T: Memory>(mut self, tx: &mut Outbox<T>) -> Result<(AsleepSender, SessionInfo), (Sender, Misuse)> {
        match self.sending.check_idle(&mut tx.view()).and_then(|()| self.sending.fold()) {
            Ok((common, sending)) => Ok((AsleepSender { common, sending }, self.info)),
            Err(misuse) => Err((self, misuse)),
        }
    }

    /// The negotiated parameters.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// The sent traffic so far.
    pub fn counters(&self) -> Traffic {
        self.sending.traffic
    }

    /// Whether we have sent close_notify or an alert.
    pub fn is_closed(&self) -> bool {
        self.sending.is_closed()
    }

    /// Our current traffic secret. Whoever has it can read what we send.
    pub fn expose_secret(&self) -> &[u8] {
        self.sending.expose_secret()
    }
}

impl AsleepSender {
    /// Restores the half. `info` comes from [`Sender::sleep`]. `policy` is that of the connection, for the length of
    /// our records, their padding, and their number under one key.
    ///
    /// # Errors
    /// If the cryptographic provider fails.
    pub fn wake(self, info: SessionInfo, policy: &Policy) -> Result<Sender, CryptoFailed> {
        Ok(Sender::new(Sending::unfold(self.common, self.sending, policy)?, info))
    }
}
