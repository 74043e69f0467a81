//! After the handshake: application data both ways, key updates, closing, exporters.

mod asleep;
mod authenticators;
mod counters;
mod event;
mod exporter;
mod info;
mod key_update;
mod receiver;
mod receiving;
mod reservation;
mod sender;
mod sending;

pub use asleep::{Asleep, AsleepReceiver, AsleepSender};
pub use counters::{Counters, Traffic};
pub use event::{Event, Reply};
pub use exporter::Exporter;
pub(crate) use info::Attached;
pub use info::SessionInfo;
pub(crate) use key_update::confirm_client;
pub use receiver::Receiver;
pub use reservation::Reservation;
pub use sender::Sender;

use crate::codec::AlertDescription;
use crate::crypto::CryptoFailed;
use crate::engine::Connected;
use crate::error::{Error, ErrorKind, Misuse};
use crate::memory::Memory;
use crate::policy::Policy;
use crate::record::{DataProtection, Inbox, InboxView, Outbox, OutboxView, ReadProtection, WriteProtection};
use crate::role::Role;
use crate::schedule::Pair;
use asleep::{AsleepReceiving, AsleepSending, Common};
use receiving::Receiving;
use sending::Sending;

/// A connection after the handshake: both ends have proved who they are.
///
/// It owns no memory: the caller passes inbox and outbox to each call, and may drop them while the session is idle.
/// Those of another connection are refused. [`split`](Self::split) makes two halves for two threads, which share no
/// lock.
///
/// ```
/// use countersign::{Event, Inbox, Outbox, Session};
/// use std::{error::Error, io::Read, io::Write};
///
/// /// Sends back what the peer sends, until it closes. A stream that was cut off is an error.
/// fn echo(
///     session: &mut Session,
///     io: &mut (impl Read + Write),
///     (rx, tx): (&mut Inbox<Vec<u8>>, &mut Outbox<Vec<u8>>),
/// ) -> Result<(), Box<dyn Error>> {
///     loop {
///         match session.receive(rx, tx) {
///             Ok(Event::Data) => { let n = session.write(rx.data(), tx)?; rx.consume(n) } // n = 0: send first
///             Ok(Event::Read) => { flush(io, tx)?; let n = io.read(rx.space())?; rx.filled(n) } // n = 0: end of the stream
///             Ok(Event::Closed) => { session.close(tx)?; return flush(io, tx) }
///             Ok(_) => {} // Confirmed
///             Err(error) => { flush(io, tx)?; return Err(error.into()) } // the alert is in tx
///         }
///         flush(io, tx)?;
///     }
/// }
///
/// fn flush(io: &mut impl Write, tx: &mut Outbox<Vec<u8>>) -> Result<(), Box<dyn Error>> {
///     let pending = tx.pending();
///     io.write_all(pending)?;
///     let n = pending.len();
///     Ok(tx.sent(n))
/// }
/// ```
pub struct Session {
    sending: Sending,
    receiving: Receiving,
    exporter: Exporter,
    info: SessionInfo,
}

impl Session {
    pub(crate) fn new(
        info: SessionInfo,
        policy: &Policy,
        stamp: u64,
        connected: Connected,
        read: ReadProtection,
        write: WriteProtection,
    ) -> Session {
        let Connected { secrets: Pair { client, server }, exporter, confirmed, .. } = connected;
        let role = info.role();
        let (ours, theirs) = match role {
            Role::Client => ((0, client), server),
            Role::Server => (confirmed.map_or((0, server), |next| (1, next)), client),
        };
        Session {
            sending: Sending::new(stamp, DataProtection::new(write, policy), ours),
            receiving: Receiving::new(role, stamp, read, theirs),
            exporter: Exporter::new(exporter),
            info,
        }
    }

    /// Processes what the peer has sent up to the next event. See [`Receiver::receive`]. It never returns `Owed`: one
    /// answer to all requested KeyUpdates is sent before our next data (RFC 9846 §4.7.3), or by
    /// [`answer_key_update`](Self::answer_key_update).
    ///
    /// # Errors
    /// As [`Receiver::receive`], with the alert in `tx`. After [`ErrorKind::ForeignOutbox`] nothing has changed.
    pub fn receive<R: Memory, T: Memory>(&mut self, rx: &mut Inbox<R>, tx: &mut Outbox<T>) -> Result<Event, Error> {
        self.receive_into(&mut rx.view(), &mut tx.view())
    }

    /// The same, for any owner of the memory.
    fn receive_into(&mut self, rx: &mut InboxView<'_>, tx: &mut OutboxView<'_>) -> Result<Event, Error> {
        if rx.belongs_to(self.receiving.stamp) && !tx.belongs_to(self.sending.stamp) {
            return Err(self.receiving.error(ErrorKind::ForeignOutbox));
        }
        loop {
            match self.receiving.receive(rx) {
                Ok(Event::Owed(reply)) => self.sending.note(&reply),
                Ok(event) => return Ok(event),
                Err(error) => return Err(self.failed(error, tx)),
            }
        }
    }

    /// Sends the alert, and forgets all secrets (RFC 9846 §6).
    fn failed(&mut self, error: Error, tx: &mut OutboxView<'_>) -> Error {
        if !error.is_fatal() {
            return error;
        }
        self.receiving.alert_sent |= self.sending.send_alert(&error, tx);
        self.exporter.forget();
        self.receiving.error(error.kind)
    }

    /// Answers requested KeyUpdates, if there are any, without waiting for our next data. It is for a side that has no
    /// data to send, whose peer waits for the answer.
    ///
    /// # Errors
    /// [`Misuse::NoRoom`], [`Misuse::ForeignOutbox`]. Nothing has changed.
    pub fn answer_key_update<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        let tx = &mut tx.view();
        self.sending.check_outbox(tx)?;
        self.sending.pay(tx)
    }

    /// Copies and seals as much of `data` as fits into `tx`. See [`Sender::write`].
    ///
    /// # Errors
    /// As [`Sender::write`].
    pub fn write<T: Memory>(&mut self, data: &[u8], tx: &mut Outbox<T>) -> Result<usize, Misuse> {
        self.sending.write(data, &mut tx.view())
    }

    /// Reserves the place of the next record, for data that is sealed in place. See [`Sender::reserve`].
    ///
    /// # Errors
    /// As [`Sender::reserve`].
    #[inline]
    pub fn reserve<'s, T: Memory>(
        &'s mut self,
        wanted: usize,
        tx: &'s mut Outbox<T>,
    ) -> Result<Option<Reservation<'s>>, Misuse> {
        Reservation::new(&mut self.sending, wanted, tx.view())
    }

    /// Changes our write key. See [`Sender::update_key`].
    ///
    /// # Errors
    /// As [`Sender::update_key`].
    pub fn update_key<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.update_key(&mut tx.view())
    }

    /// Asks the peer to answer under a new key. See [`Sender::confirm`].
    ///
    /// # Errors
    /// As [`Sender::confirm`].
    pub fn confirm<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.confirm(&mut tx.view())?;
        self.receiving.expect_key_update();
        Ok(())
    }

    /// Sends close_notify. See [`Sender::close`].
    ///
    /// # Errors
    /// As [`Sender::close`].
    pub fn close<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.close(&mut tx.view())
    }

    /// Ends the connection with this alert. See [`Sender::abort`].
    ///
    /// # Errors
    /// As [`Sender::abort`].
    pub fn abort<T: Memory>(&mut self, alert: AlertDescription, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sending.abort(alert, &mut tx.view())?;
        if alert != AlertDescription::CLOSE_NOTIFY {
            // A fatal alert ends both directions (RFC 9846 §6.2).
            self.receiving.fail(ErrorKind::Aborted { alert });
            self.receiving.alert_sent = true;
            self.exporter.forget();
        }
        Ok(())
    }

    /// The negotiated parameters.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// The traffic in both directions so far.
    pub fn counters(&self) -> Counters {
        let Receiving { traffic, tickets_dropped, .. } = self.receiving;
        Counters { sent: self.sending.traffic, received: traffic, tickets_dropped }
    }

    /// Whether we know that the peer has accepted us; always true for a server.
    pub fn is_confirmed(&self) -> bool {
        self.receiving.is_confirmed()
    }

    /// Exports keying material.
    pub fn exporter(&self) -> &Exporter {
        &self.exporter
    }

    /// Both application traffic secrets, ours first. Whoever has them can read everything.
    pub fn expose_secrets(&self) -> (&[u8], &[u8]) {
        (self.sending.expose_secret(), self.receiving.expose_secret())
    }

    /// Reduces an idle session to at most 256 bytes and its parameters. Inbox and outbox are empty then and may be
    /// dropped. The keys are derived again when it [wakes](Asleep::wake).
    ///
    /// # Errors
    /// The session is returned. [`Misuse::NotNow`]: something is pending in `rx`, in `tx`, or in the session (a
    /// KeyUpdate to answer, a part of a ticket). [`Misuse::Closed`]: one direction has ended, or the session has
    /// failed. [`Misuse::ForeignInbox`], [`Misuse::ForeignOutbox`].
    #[allow(clippy::result_large_err, reason = "there is no heap to box on, and nothing may be lost")]
    pub fn sleep<R: Memory, T: Memory>(
        mut self,
        rx: &mut Inbox<R>,
        tx: &mut Outbox<T>,
    ) -> Result<(Asleep, SessionInfo), (Session, Misuse)> {
        match self.fold(&mut rx.view(), &mut tx.view()) {
            Ok((common, sending, receiving)) => {
                Ok((Asleep { common, sending, receiving, exporter: self.exporter }, self.info))
            }
            Err(misuse) => Err((self, misuse)),
        }
    }

    /// Both halves, or neither.
    fn fold(
        &mut self,
        rx: &mut InboxView<'_>,
        tx: &mut OutboxView<'_>,
    ) -> Result<(Common, AsleepSending, AsleepReceiving), Misuse> {
        self.receiving.check_idle(rx)?;
        self.sending.check_idle(tx)?;
        let (common, sending) = self.sending.fold()?;
        let (_, receiving) = self.receiving.fold()?;
        Ok((common, sending, receiving))
    }

    /// Splits the session into two halves for two threads. Answer the receiver's [`Event::Owed`] by [`Sender::reply`],
    /// and its errors by [`Sender::alert`].
    pub fn split(mut self) -> (Sender, Receiver, Exporter) {
        self.receiving.owed = self.sending.owes;
        let sender = Sender::new(self.sending, self.info.clone());
        (sender, Receiver::new(self.receiving, self.info), self.exporter)
    }
}

impl Asleep {
    /// Restores the session, for the same inbox and outbox or new ones. `info` comes from [`Session::sleep`]. `policy`
    /// is that of the connection, for the length of our records, their padding, and their number under one key.
    ///
    /// # Errors
    /// If the cryptographic provider fails.
    pub fn wake(self, info: SessionInfo, policy: &Policy) -> Result<Session, CryptoFailed> {
        let Asleep { common, sending, receiving, exporter } = self;
        let sending = Sending::unfold(common, sending, policy)?;
        let receiving = Receiving::unfold(info.role(), common, receiving)?;
        Ok(Session { sending, receiving, exporter, info })
    }
}
