//! The receiving half of a session.

use super::sender::Reply;
use super::ticket::TicketReader;
use crate::codec::{AlertDescription, HandshakeType, Message};
use crate::engine::post_handshake::{self, PostHandshake};
use crate::error::{Ending, Error, ErrorKind};
use crate::limits::{MAX_KEY_UPDATES, MAX_TICKETS};
use crate::memory::Memory;
use crate::policy::Policy;
use crate::record::{Expect, Inbox, InboxView, Opened, ReadProtection};
use crate::role::{EarlyData, Role, State};
use crate::schedule::TrafficSecret;

/// What [`Receiver::receive`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing more without the transport: read into [`Inbox::space`], say [`Inbox::filled`].
    Read,
    /// [`Inbox::data`] is there: deal with it, say [`Inbox::consume`].
    Data,
    /// The peer has updated its key: give this to [`crate::Sender::reply`] before our next data.
    Owed(Reply),
    /// To a client, once: the server has spoken since our Finished.
    Confirmed,
    /// The peer has sent close_notify: nothing more will come. We may go on sending.
    Closed,
}

/// The receiving half of a session: its memory is the inbox.
pub struct Receiver {
    role: Role,
    stamp: u64,
    read: ReadProtection,
    /// application_traffic_secret_N, or why the connection has failed.
    secret: Result<TrafficSecret, ErrorKind>,
    max_message: u32,
    confirmed: bool,
    closed: bool,
    /// Our side had said its last before anything failed: no alert tells the peer.
    silent: bool,
    /// A ticket that is too long for the memory, being read in pieces.
    ticket: Option<TicketReader>,
    tickets: u8,
    /// KeyUpdates since the last application data.
    key_updates: u8,
    /// The number of the last KeyUpdate, and of the last one that wanted an answer; they wrap.
    updates: u32,
    wanted: u32,
    /// The answer that the whole session owed when it was split is yet to be reported.
    pub(super) owed: bool,
}

impl Receiver {
    pub(super) fn new(
        role: Role,
        stamp: u64,
        read: ReadProtection,
        secret: TrafficSecret,
        policy: &Policy,
    ) -> Receiver {
        Receiver {
            role,
            stamp,
            read,
            secret: Ok(secret),
            max_message: u32::try_from(policy.max_message).unwrap_or(u32::MAX),
            confirmed: role == Role::Server,
            closed: false,
            silent: false,
            ticket: None,
            tickets: 0,
            key_updates: 0,
            updates: 0,
            wanted: 0,
            owed: false,
        }
    }

    /// Takes what the transport has brought, up to the next thing that concerns the caller. Call it again until it says
    /// `Read` or `Closed`; data must be consumed before more is looked at.
    ///
    /// # Errors
    /// After a fatal error every call returns the same one; give it to [`crate::Sender::alert`].
    /// [`ErrorKind::InboxTooSmall`] is not fatal: move to larger memory and call again.
    pub fn receive<R: Memory>(&mut self, rx: &mut Inbox<R>) -> Result<Event, Error> {
        self.receive_from(&mut rx.view())
    }

    /// The same, whoever owns the memory.
    #[inline(always)]
    pub(super) fn receive_from(&mut self, rx: &mut InboxView<'_>) -> Result<Event, Error> {
        let result = match self.secret {
            Err(kind) => Err(kind),
            Ok(_) => self.try_receive(rx),
        };
        result.map_err(|kind| {
            let alerts = kind.alert().is_some() && !self.silent;
            let error = Error { kind, role: self.role, state: State::Connected, alerts };
            if error.is_fatal() {
                self.fail(kind);
            }
            error
        })
    }

    /// Nothing more is received, unless something failed before. The secrets of a failed connection are forgotten
    /// (RFC 9846 §6).
    pub(super) fn fail(&mut self, kind: ErrorKind) {
        if self.secret.is_ok() {
            self.secret = Err(kind);
        }
        self.read = ReadProtection::new();
    }

    /// Our side has said its last.
    pub(super) fn silence(&mut self) {
        self.silent |= self.secret.is_ok();
    }

    /// Whether the peer is known to have accepted us; always true for a server.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// The peer's present traffic secret: whoever has it reads what the peer sends.
    pub fn expose_secret(&self) -> &[u8] {
        self.secret.as_ref().map_or(&[], |secret| secret.expose())
    }

    #[inline(always)]
    fn try_receive(&mut self, rx: &mut InboxView<'_>) -> Result<Event, ErrorKind> {
        if !rx.belongs_to(self.stamp) {
            return Err(ErrorKind::ForeignInbox);
        }
        if core::mem::take(&mut self.owed) {
            return Ok(Event::Owed(Reply { number: self.updates, wanted: self.wanted }));
        }
        loop {
            if self.closed {
                rx.discard_ciphertext(); // unopened (RFC 9846 §6.1)
                return Ok(if rx.has_data() { Event::Data } else { Event::Closed });
            }
            if rx.has_data() {
                self.key_updates = 0;
                return Ok(Event::Data);
            }
            if rx.has_unread()
                && let Some(event) = self.next_message(rx)?
            {
                return Ok(event);
            }
            let confirms = !self.confirmed && rx.is_past_mark();
            let expect = Expect {
                change_cipher_spec: false,
                application_data: true,
                plaintext_alert: false,
                early_data: EarlyData::None,
            };
            match self.read.open(rx, expect)? {
                Some(Opened::Handshake | Opened::ApplicationData) if confirms => {
                    self.confirmed = true;
                    return Ok(Event::Confirmed);
                }
                Some(Opened::Handshake | Opened::ApplicationData | Opened::Dropped) => {}
                Some(Opened::Alert(AlertDescription::USER_CANCELED)) => {}
                Some(Opened::Alert(alert @ AlertDescription::CLOSE_NOTIFY)) if !self.confirmed => {
                    return Err(ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) });
                }
                Some(Opened::Alert(AlertDescription::CLOSE_NOTIFY)) => self.closed = true,
                Some(Opened::Alert(alert)) => return Err(ErrorKind::from_alert(alert, !self.confirmed)),
                None if rx.eof() && !self.confirmed => {
                    return Err(ErrorKind::PeerEndedUnconfirmed { how: Ending::Silence });
                }
                None if rx.eof() => return Err(ErrorKind::Truncated),
                None => match self.read.want_more(rx) {
                    Ok(()) => return Ok(Event::Read),
                    // A ticket need not fit: it is dropped anyway.
                    Err(too_small) => match rx.message_header() {
                        Some((HandshakeType::NEW_SESSION_TICKET, len)) => {
                            rx.read_in_pieces();
                            self.ticket = Some(TicketReader::new(len));
                        }
                        _ => return Err(too_small),
                    },
                },
            }
        }
    }

    /// Deals with the next handshake message, if it is there.
    fn next_message(&mut self, rx: &mut InboxView<'_>) -> Result<Option<Event>, ErrorKind> {
        while let Some(ticket) = &mut self.ticket {
            let Some((piece, left)) = rx.next_piece() else { return Ok(None) };
            ticket.read(piece)?;
            if left == 0 {
                ticket.end()?;
                self.ticket = None;
                self.count_ticket()?;
            }
        }
        // All that are there: what is unread when the next record is opened counts as the beginning of a message.
        let limit = usize::try_from(self.max_message).unwrap_or(usize::MAX);
        loop {
            let Some((typ, _)) = rx.message_header() else { return Ok(None) };
            post_handshake::accepts(self.role, typ)?;
            let Some(next) = rx.next_message(limit)? else { return Ok(None) };
            let bytes = rx.flight().get(next.range.clone()).ok_or(ErrorKind::Bug)?;
            let (message, _) = Message::split(bytes).ok_or(ErrorKind::Bug)?;
            let judged = post_handshake::judge(message)?;
            rx.read(&next);
            rx.release_all();
            match judged {
                PostHandshake::Ticket => self.count_ticket()?,
                PostHandshake::KeyUpdate { requested } => return self.key_update(rx, requested).map(Some),
            }
        }
    }

    fn count_ticket(&mut self) -> Result<(), ErrorKind> {
        self.tickets = self.tickets.saturating_add(1);
        if self.tickets > MAX_TICKETS { Err(ErrorKind::TooManyTickets) } else { Ok(()) }
    }

    /// KeyUpdate (RFC 9846 §4.7.3): the next record is under the next generation of the peer's key.
    fn key_update(&mut self, rx: &InboxView<'_>, requested: bool) -> Result<Event, ErrorKind> {
        self.key_updates = self.key_updates.saturating_add(1);
        if self.key_updates > MAX_KEY_UPDATES {
            return Err(ErrorKind::TooManyKeyUpdates);
        }
        let (suite, crypto) = self.read.algorithms().ok_or(ErrorKind::Bug)?;
        let secret = core::mem::replace(&mut self.secret, Err(ErrorKind::CryptoFailed))?.next();
        let key = secret.key(suite, crypto).map_err(|_| ErrorKind::CryptoFailed)?;
        self.secret = Ok(secret);
        self.read.replace_key(rx, key)?;
        self.updates = self.updates.wrapping_add(1);
        if requested {
            self.wanted = self.updates;
        }
        Ok(Event::Owed(Reply { number: self.updates, wanted: self.wanted }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{CryptoMode, HashAlgorithm, SharedSecret, Suite};
    use crate::schedule::Early;
    use std::vec;
    use std::vec::Vec;

    // req: 9846-4.7.3-10
    #[test]
    fn the_peer_is_not_held_to_a_number_of_updates() {
        let suite = Suite::Aes128GcmSha256;
        let secret = || {
            let main = Early::new(suite.hash()).handshake(SharedSecret::of_vector(&[7; 32])).main();
            main.application(&HashAlgorithm::Sha256.hash(b"transcript")).0.client
        };
        let key = |secret: &TrafficSecret| secret.key(suite, CryptoMode::Real).unwrap();
        let record = |secret: &TrafficSecret, inner: &[u8]| {
            let header = [23, 3, 3, 0, u8::try_from(inner.len() + 16).unwrap()];
            let mut content = inner.to_vec();
            let tag = key(secret).seal(0, &header, &mut content).unwrap();
            [&header[..], &content, &tag].concat()
        };
        let mut rx = Inbox::new(vec![0; 1000]);
        let mut read = ReadProtection::new();
        read.replace_key(&rx.view(), key(&secret())).unwrap();
        let mut receiver = Receiver::new(Role::Server, 1, read, secret(), &Policy::new());
        receiver.updates = u32::MAX; // the count wraps, nobody minds
        let bytes: Vec<u8> = [record(&secret(), &[24, 0, 0, 1, 0, 22]), record(&secret().next(), b"data\x17")].concat();
        rx.space()[..bytes.len()].copy_from_slice(&bytes);
        rx.filled(bytes.len());
        assert!(matches!(receiver.receive(&mut rx), Ok(Event::Owed(_))));
        assert_eq!(receiver.receive(&mut rx), Ok(Event::Data));
        assert_eq!(rx.data(), b"data");
    }
}
