//! After the handshake: application data both ways, key updates, closing, exporters.

mod receiver;
mod sender;
mod ticket;

pub use receiver::{Event, Receiver};
pub use sender::{Reply, Sender};

use crate::codec::AlertDescription;
use crate::crypto::CryptoFailed;
use crate::engine::Connected;
use crate::error::{Error, ErrorKind, Misuse};
use crate::memory::Memory;
use crate::policy::Policy;
use crate::record::{Inbox, InboxView, Outbox, OutboxView, ReadProtection, WriteProtection};
use crate::role::Role;
use crate::schedule::{ExporterSecret, Pair};

/// The server's empty record that tells the client: you are accepted.
pub(crate) fn confirm_client(write: &mut WriteProtection, tx: &mut OutboxView<'_>) -> Result<(), ErrorKind> {
    tx.seal_open_record(write)?;
    tx.body(write, 0)?;
    tx.seal_body(write, 0)
}

/// Derives keys for other uses from the connection (RFC 9846 §7.5). Both ends derive the same.
pub struct Exporter(ExporterSecret);

impl Exporter {
    pub(crate) fn new(secret: ExporterSecret) -> Exporter {
        Exporter(secret)
    }

    /// Fills `out` with keying material for this label and context.
    ///
    /// # Errors
    /// If the label is longer than 249 bytes, or `out` longer than 255 hashes.
    pub fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), CryptoFailed> {
        self.0.export(label, context, out)
    }

    /// The channel binding `tls-exporter` (RFC 9266), by which a protocol above binds itself to this connection.
    ///
    /// # Errors
    /// Never in practice: the label and the length are constants.
    pub fn tls_exporter(&self) -> Result<[u8; 32], CryptoFailed> {
        let mut binding = [0; 32];
        self.export(b"EXPORTER-Channel-Binding", &[], &mut binding)?;
        Ok(binding)
    }

    /// The secret itself, for the key log (`EXPORTER_SECRET`). Whoever has it derives everything that is exported.
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose()
    }
}

/// A connection both of whose ends have proved who they are.
///
/// It owns no memory: inbox and outbox are passed to each call, and an idle session may give them back.
/// [`split`](Self::split) makes halves for two threads that share no lock.
pub struct Session {
    sender: Sender,
    receiver: Receiver,
    exporter: Exporter,
}

impl Session {
    pub(crate) fn new(
        role: Role,
        policy: &Policy,
        stamp: u64,
        connected: Connected,
        read: ReadProtection,
        write: WriteProtection,
    ) -> Session {
        let Connected { secrets: Pair { client, server }, exporter, .. } = connected;
        let (ours, theirs) = match role {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        Session {
            sender: Sender::new(write, ours),
            receiver: Receiver::new(role, stamp, read, theirs, policy),
            exporter: Exporter(exporter),
        }
    }

    /// Takes what the peer has sent, and says what it was. See [`Receiver::receive`]; what this owes the peer (the
    /// answer to a KeyUpdate, the alert of an error) is written to `tx`, and `Owed` is never returned.
    ///
    /// # Errors
    /// As [`Receiver::receive`]; the alert lies in `tx`.
    pub fn receive<R: Memory, T: Memory>(&mut self, rx: &mut Inbox<R>, tx: &mut Outbox<T>) -> Result<Event, Error> {
        self.receive_into(&mut rx.view(), &mut tx.view())
    }

    /// The same, whoever owns the memory.
    fn receive_into(&mut self, rx: &mut InboxView<'_>, tx: &mut OutboxView<'_>) -> Result<Event, Error> {
        if self.sender.is_closed() {
            self.receiver.silence();
        }
        loop {
            match self.receiver.receive_from(rx) {
                Ok(Event::Owed(reply)) => self.sender.note(&reply),
                Ok(event) => {
                    if event == Event::Read {
                        // Without room it is answered later: at the latest before our next data.
                        let _ = self.sender.pay(tx);
                    }
                    return Ok(event);
                }
                Err(error) => {
                    self.sender.alert_in(&error, tx);
                    return Err(error);
                }
            }
        }
    }

    /// Copies and seals as much of `data` as `tx` has room for. See [`Sender::write`].
    ///
    /// # Errors
    /// As [`Sender::write`].
    pub fn write<T: Memory>(&mut self, data: &[u8], tx: &mut Outbox<T>) -> Result<usize, Misuse> {
        self.sender.pay(&mut tx.view())?;
        self.sender.write(data, tx)
    }

    /// The place for the content of the next record. See [`Sender::body`].
    ///
    /// # Errors
    /// As [`Sender::body`].
    pub fn body<'t, T: Memory>(&mut self, wanted: usize, tx: &'t mut Outbox<T>) -> Result<&'t mut [u8], Misuse> {
        self.sender.pay(&mut tx.view())?;
        self.sender.body(wanted, tx)
    }

    /// Seals what was put into [`body`](Self::body). See [`Sender::seal`].
    ///
    /// # Errors
    /// As [`Sender::seal`].
    pub fn seal<T: Memory>(&mut self, len: usize, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sender.seal(len, tx)
    }

    /// Changes our write key. See [`Sender::update_key`].
    ///
    /// # Errors
    /// As [`Sender::update_key`].
    pub fn update_key<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sender.pay(&mut tx.view())?;
        self.sender.update_key(tx)
    }

    /// Asks the peer for a sign of life under its application key. See [`Sender::confirm`].
    ///
    /// # Errors
    /// As [`Sender::confirm`].
    pub fn confirm<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sender.pay(&mut tx.view())?;
        self.sender.confirm(tx)
    }

    /// Sends close_notify. See [`Sender::close`].
    ///
    /// # Errors
    /// As [`Sender::close`].
    pub fn close<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sender.close(tx)
    }

    /// Ends the connection with a fatal alert of the application's choice. See [`Sender::abort`].
    ///
    /// # Errors
    /// As [`Sender::abort`].
    pub fn abort<T: Memory>(&mut self, alert: AlertDescription, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.sender.abort(alert, tx)?;
        if alert != AlertDescription::CLOSE_NOTIFY {
            self.receiver.fail(ErrorKind::Aborted { alert }); // a fatal alert ends both directions (RFC 9846 §6.2)
        }
        Ok(())
    }

    /// Whether the peer is known to have accepted us; always true for a server.
    pub fn is_confirmed(&self) -> bool {
        self.receiver.is_confirmed()
    }

    /// Derives keys for other uses.
    pub fn exporter(&self) -> &Exporter {
        &self.exporter
    }

    /// Shows both application traffic secrets, ours first: whoever has them reads everything.
    pub fn expose_secrets(&self) -> (&[u8], &[u8]) {
        (self.sender.expose_secret(), self.receiver.expose_secret())
    }

    /// Two halves for two threads. Answer the receiver's [`Event::Owed`] by [`Sender::reply`], and its errors by
    /// [`Sender::alert`].
    pub fn split(mut self) -> (Sender, Receiver, Exporter) {
        self.receiver.owed = self.sender.owes;
        (self.sender, self.receiver, self.exporter)
    }
}
