//! The work of the receiving half of a session. [`Session`](super::Session) and [`Receiver`](super::Receiver) call it.

use super::asleep::{AsleepReceiving, Common};
use super::counters::Traffic;
use super::event::{Event, Reply};
use crate::codec::{AlertDescription, HandshakeType, KeyUpdate, Malformed, Message};
use crate::crypto::CryptoFailed;
use crate::engine::post_handshake::{self, PostHandshake};
use crate::engine::ticket::TicketReader;
use crate::error::{Ending, Error, ErrorKind, Misuse};
use crate::limits::{MAX_KEY_UPDATES, MAX_TICKETS};
use crate::record::{Expect, InboxView, Opened, ReadProtection};
use crate::role::{EarlyData, Role, State};
use crate::schedule::TrafficSecret;

pub(super) struct Receiving {
    role: Role,
    pub(super) stamp: u64,
    read: ReadProtection,
    /// application_traffic_secret_N, or why the connection has failed.
    secret: Result<TrafficSecret, ErrorKind>,
    confirmed: bool,
    closed: bool,
    /// We have sent an alert.
    pub(super) alert_sent: bool,
    /// We have requested a KeyUpdate: the next one is the answer.
    requested: bool,
    /// A ticket that is too long for the memory and is read in pieces.
    ticket: Option<TicketReader>,
    /// Tickets and unrequested KeyUpdates since the last application data.
    tickets: u8,
    key_updates: u8,
    pub(super) traffic: Traffic,
    pub(super) tickets_dropped: u64,
    /// The number of the last KeyUpdate that requested an answer.
    wanted: u64,
    /// The session owed an answer when it was split. The next call reports it.
    pub(super) owed: bool,
}

impl Receiving {
    pub(super) fn new(role: Role, stamp: u64, read: ReadProtection, secret: TrafficSecret) -> Receiving {
        Receiving {
            role,
            stamp,
            read,
            secret: Ok(secret),
            confirmed: role == Role::Server,
            closed: false,
            alert_sent: false,
            requested: false,
            ticket: None,
            tickets: 0,
            key_updates: 0,
            traffic: Traffic::default(),
            tickets_dropped: 0,
            wanted: 0,
            owed: false,
        }
    }

    #[inline(always)]
    pub(super) fn receive(&mut self, rx: &mut InboxView<'_>) -> Result<Event, Error> {
        let result = match self.secret {
            Err(kind) => Err(kind),
            Ok(_) => self.try_receive(rx),
        };
        result.map_err(|kind| {
            let error = self.error(kind);
            if error.is_fatal() {
                self.fail(kind);
            }
            error
        })
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error { kind, role: self.role, state: State::Connected, alerts: self.alert_sent }
    }

    /// Ends this half with this error, or keeps an earlier one. The secrets of a failed connection are forgotten
    /// (RFC 9846 §6).
    pub(super) fn fail(&mut self, kind: ErrorKind) {
        if self.secret.is_ok() {
            self.secret = Err(kind);
        }
        self.read.forget();
    }

    /// The next KeyUpdate of the peer is the answer to ours.
    pub(super) fn expect_key_update(&mut self) {
        self.requested = true;
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    pub(super) fn expose_secret(&self) -> &[u8] {
        self.secret.as_ref().map_or(&[], |secret| secret.expose())
    }

    #[inline(always)]
    fn try_receive(&mut self, rx: &mut InboxView<'_>) -> Result<Event, ErrorKind> {
        if !rx.belongs_to(self.stamp) {
            return Err(ErrorKind::ForeignInbox);
        }
        if core::mem::take(&mut self.owed) {
            return Ok(Event::Owed(self.reply()));
        }
        loop {
            if self.closed {
                rx.discard_ciphertext(); // unopened (RFC 9846 §6.1)
                return Ok(if rx.has_data() { Event::Data } else { Event::Closed });
            }
            if rx.has_data() {
                (self.tickets, self.key_updates) = (0, 0);
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
            let opened = self.read.open(rx, expect)?;
            if opened == Some(Opened::ApplicationData) {
                self.traffic.count(1, rx.data_len());
            }
            match opened {
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

    /// Checks that nothing is pending in this half and its inbox.
    pub(super) fn check_idle(&self, rx: &mut InboxView<'_>) -> Result<(), Misuse> {
        match &self.secret {
            _ if !rx.belongs_to(self.stamp) => Err(Misuse::ForeignInbox),
            Ok(_) if self.closed => Err(Misuse::Closed),
            Ok(_) if self.owed || self.ticket.is_some() || !rx.is_empty() => Err(Misuse::NotNow),
            Ok(_) => Ok(()),
            Err(_) => Err(Misuse::Closed),
        }
    }

    /// Takes out what is kept of an idle half.
    pub(super) fn fold(&mut self) -> Result<(Common, AsleepReceiving), Misuse> {
        let algorithms = self.read.algorithms().ok_or(Misuse::Closed)?;
        let secret = core::mem::replace(&mut self.secret, Err(ErrorKind::Bug)).map_err(|_| Misuse::Closed)?;
        let Receiving { confirmed, requested, tickets, key_updates, .. } = *self;
        let asleep = AsleepReceiving {
            secret,
            sequence: self.read.sequence().into(),
            read: self.read.state(),
            confirmed,
            requested,
            tickets,
            key_updates,
            traffic: self.traffic.into(),
            tickets_dropped: self.tickets_dropped.into(),
            wanted: self.wanted.into(),
        };
        Ok((Common::new(self.stamp, algorithms), asleep))
    }

    pub(super) fn unfold(role: Role, common: Common, asleep: AsleepReceiving) -> Result<Receiving, CryptoFailed> {
        let (stamp, (suite, mode)) = (common.stamp, common.algorithms());
        let AsleepReceiving { secret, confirmed, requested, tickets, key_updates, .. } = asleep;
        let key = secret.key(suite, mode)?;
        let read = ReadProtection::resume(key, asleep.sequence.into(), asleep.read);
        Ok(Receiving {
            confirmed,
            requested,
            tickets,
            key_updates,
            traffic: asleep.traffic.into(),
            tickets_dropped: asleep.tickets_dropped.into(),
            wanted: asleep.wanted.into(),
            ..Receiving::new(role, stamp.into(), read, secret)
        })
    }

    /// Processes the next handshake message, if it is complete.
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
        // Reads every message: unread bytes would count as the beginning of a message when the next record is opened.
        loop {
            let Some((typ, len)) = rx.message_header() else { return Ok(None) };
            post_handshake::accepts(self.role, typ)?;
            if typ == HandshakeType::KEY_UPDATE && len > KeyUpdate::BODY_LEN {
                return Err(ErrorKind::Malformed { message: typ, what: Malformed::TrailingBytes });
            }
            // A ticket may be of any length: it is dropped.
            let Some(next) = rx.next_message(usize::MAX)? else { return Ok(None) };
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
        self.tickets_dropped = self.tickets_dropped.saturating_add(1);
        self.tickets = self.tickets.saturating_add(1);
        if self.tickets > MAX_TICKETS { Err(ErrorKind::TooManyTickets) } else { Ok(()) }
    }

    /// KeyUpdate (RFC 9846 §4.7.3): the next record is under the next generation of the peer's key.
    fn key_update(&mut self, rx: &InboxView<'_>, requested: bool) -> Result<Event, ErrorKind> {
        if !core::mem::take(&mut self.requested) {
            self.key_updates = self.key_updates.saturating_add(1);
            if self.key_updates > MAX_KEY_UPDATES {
                return Err(ErrorKind::TooManyKeyUpdates);
            }
        }
        let (suite, crypto) = self.read.algorithms().ok_or(ErrorKind::Bug)?;
        let secret = core::mem::replace(&mut self.secret, Err(ErrorKind::CryptoFailed))?.next();
        let key = secret.key(suite, crypto).map_err(|_| ErrorKind::CryptoFailed)?;
        self.secret = Ok(secret);
        self.read.replace_key(rx, key)?;
        self.traffic.generation = self.traffic.generation.saturating_add(1);
        if requested {
            self.wanted = self.traffic.generation;
        }
        Ok(Event::Owed(self.reply()))
    }

    fn reply(&self) -> Reply {
        Reply { stamp: self.stamp, number: self.traffic.generation, wanted: self.wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{CryptoMode, HashAlgorithm, SharedSecret, Suite};
    use crate::record::Inbox;
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
        let mut receiving = Receiving::new(Role::Server, 1, read, secret());
        receiving.traffic.generation = 1 << 48;
        let bytes: Vec<u8> = [record(&secret(), &[24, 0, 0, 1, 0, 22]), record(&secret().next(), b"data\x17")].concat();
        rx.space()[..bytes.len()].copy_from_slice(&bytes);
        rx.filled(bytes.len());
        assert!(matches!(receiving.receive(&mut rx.view()), Ok(Event::Owed(_))));
        assert_eq!(receiving.receive(&mut rx.view()), Ok(Event::Data));
        assert_eq!(rx.data(), b"data");
    }
}
