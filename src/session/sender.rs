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

/// The sending half of a session: its memory is the outbox, which belongs to this connection (R1).
pub struct Sender {
    sending: Sending,
    info: SessionInfo,
}

impl Sender {
    pub(super) fn new(sending: Sending, info: SessionInfo) -> Sender {
        Sender { sending, info }
    }

    /// Copies and seals as much of `data` as `tx` has room for, in records as long as the peer takes them, and says how
    /// many bytes that was. 0: send what is pending first. The write key is updated when it is time (RFC 9846 §5.5), and
    /// when the peer has asked for it.
    ///
    /// # Errors
    /// [`Misuse::Closed`] after close_notify or an alert; [`Misuse::ForeignOutbox`]; [`Misuse::NoRoom`] if not even an
    /// empty outbox of this size would do: `needed` bytes take the data, or as much of it as one record takes;
    /// [`Misuse::NotNow`] if the last key is used up. None after data has been taken: the next call says it.
    pub fn write<T: Memory>(&mut self, data: &[u8], tx: &mut Outbox<T>) -> Result<usize, Misuse> {
        self.sending.write(data, &mut tx.view())
    }

    /// Reserves the place of the next record in `tx`: write the data there, seal it, and nothing is copied. The place
    /// has room for at least `wanted` bytes, or for as many as one record takes in this outbox. `None`: send what is
    /// pending first.
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

    /// Changes our write key now: a KeyUpdate that asks for nothing (RFC 9846 §4.7.3).
    ///
    /// # Errors
    /// [`Misuse::Closed`]; [`Misuse::ForeignOutbox`]; [`Misuse::NoRoom`]; [`Misuse::NotNow`] after 2^48 - 1 updates.
    pub fn update_key<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.update_key(&mut tx.view())
    }

    /// Asks the peer to answer under a new key: a KeyUpdate that requests one. A client learns by the answer that a
    /// conforming server has processed its Finished. While a request is outstanding, nothing is sent.
    ///
    /// Tell the other half by [`Receiver::expect_key_update`](crate::Receiver::expect_key_update): it does not count the
    /// answer among the KeyUpdates that nobody has asked for.
    ///
    /// # Errors
    /// As [`update_key`](Self::update_key).
    pub fn confirm<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.confirm(&mut tx.view())
    }

    /// Answers the peer's KeyUpdates up to this one, if they want an answer that has not been given. Requests that come
    /// while an answer is still pending are answered by it.
    ///
    /// # Errors
    /// [`Misuse::Closed`]: nothing is owed any more; [`Misuse::ForeignReply`], [`Misuse::ForeignOutbox`];
    /// [`Misuse::NoRoom`]: send what is pending, and reply again. If you do not, [`write`](Self::write) and
    /// [`reserve`](Self::reserve) do it before they take data.
    pub fn reply<T: Memory>(&mut self, reply: &Reply, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.reply(reply, &mut tx.view())
    }

    /// Sends close_notify: we send nothing more, and may go on receiving. A second call does nothing.
    ///
    /// # Errors
    /// [`Misuse::ForeignOutbox`]; [`Misuse::NoRoom`] if the outbox has no room even for an alert.
    pub fn close<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.close(&mut tx.view())
    }

    /// Ends the connection with an alert of the application's choice. user_canceled is followed by close_notify
    /// (RFC 9846 §6.1).
    ///
    /// # Errors
    /// [`Misuse::Closed`]; [`Misuse::ForeignOutbox`]; [`Misuse::NoRoom`] if the outbox has no room even for an alert.
    pub fn abort<T: Memory>(&mut self, alert: AlertDescription, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.abort(alert, &mut tx.view())
    }

    /// Tells the peer of an error of the [`Receiver`](crate::Receiver): exactly one alert, if one is due and none has
    /// gone before. Nothing can be sent after it. Gives the error back as it is to be reported: only now it is known
    /// whether an alert was sent.
    ///
    /// # Errors
    /// [`Misuse::ForeignOutbox`].
    pub fn alert<T: Memory>(&mut self, error: &Error, tx: &mut Outbox<T>) -> Result<Error, Misuse> {
        let tx = &mut tx.view();
        self.sending.check_outbox(tx)?;
        let told = self.sending.tell(error, tx);
        Ok(Error { alerts: error.alerts || told, ..*error })
    }

    /// Folds an idle half into at most 112 bytes, beside what was agreed on. See [`Session::sleep`](crate::Session::sleep).
    ///
    /// # Errors
    /// The half comes back: [`Misuse::NotNow`], [`Misuse::Closed`], [`Misuse::ForeignOutbox`].
    #[allow(clippy::result_large_err, reason = "there is no heap to box on, and nothing may be lost")]
    pub fn sleep<T: Memory>(mut self, tx: &mut Outbox<T>) -> Result<(AsleepSender, SessionInfo), (Sender, Misuse)> {
        match self.sending.check_idle(&mut tx.view()).and_then(|()| self.sending.fold()) {
            Ok((common, sending)) => Ok((AsleepSender { common, sending }, self.info)),
            Err(misuse) => Err((self, misuse)),
        }
    }

    /// What was agreed on, and when.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// What we have sent so far.
    pub fn counters(&self) -> Traffic {
        self.sending.traffic
    }

    /// Whether we have sent close_notify or an alert.
    pub fn is_closed(&self) -> bool {
        self.sending.is_closed()
    }

    /// Our present traffic secret. It lets its owner read what we send.
    pub fn expose_secret(&self) -> &[u8] {
        self.sending.expose_secret()
    }
}

impl AsleepSender {
    /// The half again. `info` is what [`Sender::sleep`] gave, `policy` that of the connection, for the length of our
    /// records, their padding, and how many go under one key.
    ///
    /// # Errors
    /// If the cryptographic provider fails.
    pub fn wake(self, info: SessionInfo, policy: &Policy) -> Result<Sender, CryptoFailed> {
        Ok(Sender::new(Sending::unfold(self.common, self.sending, policy)?, info))
    }
}
