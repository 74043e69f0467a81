//! `message_sequence`: a peer that has the keys sends any messages in any order and in any records, with null
//! cryptography. A model says what is legal: the order comes from the transition table, and the rest from the rules of
//! RFC 9846 §5 and §6, written a second time in the simplest way. The effect of every record must be the model's: the
//! next state, or the alert. In addition, and without the table: a connected end has received exactly the messages of a
//! mutual handshake.

mod model;

use super::choices::Choices;
use super::end::{End, SESSION_ID, gets, pki, policy};
use super::wire::{null_alerts, plain, written};
use countersign::internals::codec::{
    self, AlertDescription as A, CertificateVerify, CipherSuite, ContentType, ExtensionType, Finished,
    HandshakeType as M, KeyShareEntry, KeyUpdate, KeyUpdateRequest, NamedGroup, NewSessionTicket, SignatureScheme,
    TLS13, Writer, write_certificate, write_certificate_request, write_client_hello, write_encrypted_extensions,
    write_hello_retry_request, write_message, write_server_hello,
};
use countersign::{Alert, Error, Event, Role, Session, State, TransitionEvent, Want};
use model::Model;
use std::sync::LazyLock;

/// One action of the peer.
#[derive(Clone, Copy)]
pub enum What {
    /// A handshake message: its writer (before or after a HelloRetryRequest), and its fault.
    Message(fn(bool, &mut Writer<'_>), Option<Wrong>),
    /// A record of its own.
    Record(ContentType, &'static [u8]),
    /// The transport ends.
    End,
}

/// The alert for a message that comes in order: one for both roles, or the client's and the server's.
#[derive(Clone, Copy)]
pub struct Wrong(A, A);

const fn wrong(alert: A) -> Option<Wrong> {
    Some(Wrong(alert, alert))
}

fn client_hello(w: &mut Writer<'_>, extensions: impl Fn(&mut Writer<'_>)) {
    write_client_hello(w, &[3; 32], &[4; 32], [CipherSuite::TLS_AES_128_GCM_SHA256], |w| {
        w.supported_groups([NamedGroup::X25519]);
        w.signature_algorithms([SignatureScheme::ED25519]);
        extensions(w);
    });
}

fn server_hello(retried: bool, session_id: &[u8], version: u16, w: &mut Writer<'_>) {
    let group = if retried { NamedGroup::SECP256R1 } else { NamedGroup::X25519 };
    let key_exchange = &[4; 65][..if retried { 65 } else { 32 }];
    write_server_hello(w, &[5; 32], session_id, CipherSuite::TLS_AES_128_GCM_SHA256, |w| {
        w.selected_version(version);
        w.server_share(KeyShareEntry { group, key_exchange });
    });
}

fn x25519(w: &mut Writer<'_>) {
    w.client_shares([KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[4; 32] }]);
}

fn leaf() -> &'static [u8] {
    &pki().client.chain[0]
}

fn ticket(w: &mut Writer<'_>) {
    let extensions = codec::Extensions::parse(&[]).expect("no extensions");
    NewSessionTicket { ticket_lifetime: 1, ticket_age_add: 2, ticket_nonce: &[0], ticket: b"ticket", extensions }
        .write(w);
}

/// Every action of the peer. Seeds use the numbers: append only.
pub const WHATS: &[What] = &[
    What::Message(
        |_, w| {
            client_hello(w, |w| {
                w.supported_versions([TLS13]);
                x25519(w);
            })
        },
        None,
    ),
    What::Message(
        |_, w| {
            client_hello(w, |w| {
                w.supported_versions([TLS13]);
                w.client_shares::<KeyShareEntry<'_>>([]);
            })
        },
        None,
    ),
    What::Message(|retried, w| server_hello(retried, &SESSION_ID, TLS13, w), None),
    What::Message(
        |_, w| {
            write_hello_retry_request(w, &SESSION_ID, CipherSuite::TLS_AES_128_GCM_SHA256, |w| {
                w.selected_version(TLS13);
                w.selected_group(NamedGroup::SECP256R1);
            });
        },
        None,
    ),
    What::Message(|_, w| write_encrypted_extensions(w, |_| ()), None),
    What::Message(
        |_, w| write_certificate_request(w, &[], |w| w.signature_algorithms([SignatureScheme::ED25519])),
        None,
    ),
    What::Message(|_, w| write_certificate(w, &[], [leaf()], |_| ()), None),
    What::Message(|_, w| CertificateVerify { algorithm: SignatureScheme::ED25519, signature: &[6; 64] }.write(w), None),
    What::Message(|_, w| Finished { verify_data: &[7; 32] }.write(w), None),
    What::Message(|_, w| ticket(w), None),
    What::Message(|_, w| KeyUpdate { request_update: KeyUpdateRequest::UPDATE_NOT_REQUESTED }.write(w), None),
    What::Message(|_, w| KeyUpdate { request_update: KeyUpdateRequest::UPDATE_REQUESTED }.write(w), None),
    What::Record(ContentType::CHANGE_CIPHER_SPEC, &[1]),
    What::Record(ContentType::APPLICATION_DATA, b"data"),
    What::Record(ContentType::APPLICATION_DATA, b""),
    What::Record(ContentType::ALERT, &[1, A::CLOSE_NOTIFY.0]),
    What::Record(ContentType::ALERT, &[1, A::USER_CANCELED.0]),
    What::Record(ContentType::ALERT, &[2, A::HANDSHAKE_FAILURE.0]),
    What::Message(|_, w| write_message(w, M::HELLO_REQUEST, |_| ()), None),
    What::Message(|_, w| write_message(w, M::END_OF_EARLY_DATA, |_| ()), None),
    What::Message(|_, w| write_message(w, M::MESSAGE_HASH, |w| w.bytes(&[8; 32])), None),
    What::Message(|_, w| write_message(w, M(99), |w| w.u8(0)), None),
    // Each of the following has a fault.
    What::Message(|_, w| Finished { verify_data: &[7; 31] }.write(w), wrong(A::DECODE_ERROR)),
    What::Message(|_, w| Finished { verify_data: &[7; 33] }.write(w), wrong(A::DECODE_ERROR)),
    What::Message(|_, w| write_certificate(w, &[], [], |_| ()), Some(Wrong(A::DECODE_ERROR, A::CERTIFICATE_REQUIRED))),
    What::Message(|_, w| write_certificate(w, &[1], [leaf()], |_| ()), wrong(A::ILLEGAL_PARAMETER)),
    What::Message(
        |_, w| write_certificate_request(w, &[1], |w| w.signature_algorithms([SignatureScheme::ED25519])),
        wrong(A::ILLEGAL_PARAMETER),
    ),
    What::Message(|_, w| write_certificate_request(w, &[], |_| ()), wrong(A::MISSING_EXTENSION)),
    What::Message(
        |_, w| write_encrypted_extensions(w, |w| w.selected_group(NamedGroup::X25519)),
        wrong(A::ILLEGAL_PARAMETER),
    ),
    What::Message(
        |_, w| write_encrypted_extensions(w, |w| w.extension(ExtensionType(0xfafa), |_| ())),
        wrong(A::UNSUPPORTED_EXTENSION),
    ),
    What::Message(|retried, w| server_hello(retried, &[9; 32], TLS13, w), wrong(A::ILLEGAL_PARAMETER)),
    What::Message(|retried, w| server_hello(retried, &SESSION_ID, 0x0303, w), wrong(A::ILLEGAL_PARAMETER)),
    What::Message(|_, w| write_message(w, M::SERVER_HELLO, |w| w.bytes(&[3; 80])), wrong(A::DECODE_ERROR)),
    What::Message(|_, w| client_hello(w, x25519), wrong(A::PROTOCOL_VERSION)),
    What::Message(
        |_, w| {
            client_hello(w, |w| {
                w.supported_versions([TLS13]);
                x25519(w);
                x25519(w);
            })
        },
        wrong(A::DECODE_ERROR),
    ),
    What::Message(|_, w| KeyUpdate { request_update: KeyUpdateRequest(2) }.write(w), wrong(A::ILLEGAL_PARAMETER)),
    What::Message(
        |_, w| CertificateVerify { algorithm: SignatureScheme::RSA_PSS_RSAE_SHA256, signature: &[6; 64] }.write(w),
        wrong(A::ILLEGAL_PARAMETER),
    ),
    // The header of a message of 16 MiB.
    What::Message(|_, w| w.bytes(&[M::CERTIFICATE.0, 0xff, 0xff, 0xff]), wrong(A::ILLEGAL_PARAMETER)),
    What::Message(|_, w| w.bytes(&[M::CLIENT_HELLO.0, 0xff, 0xff, 0xff]), wrong(A::ILLEGAL_PARAMETER)),
    What::Message(|_, w| write_certificate(w, &[], [leaf(); 11], |_| ()), wrong(A::BAD_CERTIFICATE)),
    What::Record(ContentType::CHANGE_CIPHER_SPEC, &[1, 1]),
    What::Record(ContentType::CHANGE_CIPHER_SPEC, &[2]),
    What::Record(ContentType::ALERT, &[2]),
    What::Record(ContentType::ALERT, &[]),
    What::Record(ContentType::ALERT, &[1, A::USER_CANCELED.0, 1, A::USER_CANCELED.0]),
    What::Record(ContentType::HANDSHAKE, &[]),
    What::Record(ContentType(99), b"?"),
    What::Record(ContentType(0), b""),
    What::End,
];

/// The messages of the list, before and after a HelloRetryRequest. Empty: there is none.
fn messages(retried: bool) -> &'static [Vec<u8>] {
    static MESSAGES: LazyLock<[Vec<Vec<u8>>; 2]> = LazyLock::new(|| {
        [false, true].map(|retried| {
            let bytes = |what: &What| match what {
                What::Message(write, _) => written(|w| write(retried, w)),
                _ => Vec::new(),
            };
            WHATS.iter().map(bytes).collect()
        })
    });
    &MESSAGES[usize::from(retried)]
}

/// How it is put into records. Bits 0-1: as expected (0, 1), unprotected (2), protected (3); bit 2: the next message is
/// in the same record; bits 3-4: the size of fragments; bit 5: padded.
#[derive(Clone, Copy)]
struct How(u8);

impl How {
    fn protected(self, due: bool) -> bool {
        match self.0 & 3 {
            2 => false,
            3 => true,
            _ => due,
        }
    }

    fn joined(self) -> bool {
        self.0 & 4 != 0
    }

    fn fragment(self) -> usize {
        [16_000, 1, 3, 100][usize::from(self.0 >> 3 & 3)]
    }

    fn padding(self) -> usize {
        usize::from(self.0 >> 5 & 1) * 10
    }
}

/// The effect of one record on a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    GoesOn,
    /// We end it, with this alert.
    Alert(A),
    /// The peer has ended it.
    PeerEnded,
    /// close_notify after the handshake.
    Closed,
}

/// The first byte is our role. Then two bytes for each action of the peer: which one, and how.
pub fn message_sequence(data: &[u8]) {
    let mut choices = Choices::new(data);
    let role = if choices.byte() & 1 == 0 { Role::Client } else { Role::Server };
    let mut model = Model::new(role);
    let mut subject = Subject::new(role);
    assert_eq!(subject.step(), Outcome::GoesOn);
    let mut joined = Vec::new();
    while !choices.is_empty() {
        let (number, how) = (usize::from(choices.byte()) % WHATS.len(), How(choices.byte()));
        let keyed = model.keyed();
        let protect = how.protected(keyed);
        let wrap = |content, fragment: &[u8]| match protect {
            true => {
                let inner = [fragment, &[content], &vec![0; how.padding()][..], &[0; 16]].concat();
                plain(ContentType::APPLICATION_DATA, &inner)
            }
            false => plain(ContentType(content), fragment),
        };
        let mut records = Vec::new();
        match WHATS[number] {
            What::Message(..) => {
                joined.extend_from_slice(&messages(model.retried)[number]);
                if how.joined() && joined.len() < 10_000 && !choices.is_empty() {
                    continue;
                }
                records.extend(joined.chunks(how.fragment()).map(|chunk| (ContentType::HANDSHAKE, chunk.to_vec())));
                joined.clear();
            }
            What::Record(content, fragment) => records.push((content, fragment.to_vec())),
            What::End => {
                subject.ends();
                assert_ne!(subject.step(), Outcome::GoesOn, "the end of the transport ends the connection");
                return;
            }
        }
        for (content, fragment) in records {
            let expected = model.record(protect, content, &fragment);
            let outcome = subject.gets(&wrap(content.0, &fragment));
            assert_eq!(outcome, expected, "{role} in {} after {content} {fragment:02x?}", subject.end.hs.state());
            if outcome != Outcome::GoesOn {
                return;
            }
            subject.check(&model);
        }
    }
}

/// The end under test.
struct Subject {
    end: End,
    session: Option<Session>,
}

impl Subject {
    fn new(role: Role) -> Subject {
        Subject { end: End::new(role, policy(0, true), false, 20_000), session: None }
    }

    fn gets(&mut self, mut bytes: &[u8]) -> Outcome {
        loop {
            let n = gets(&mut self.end.rx, bytes);
            bytes = &bytes[n..];
            match self.step() {
                Outcome::GoesOn if !bytes.is_empty() => assert!(n > 0, "there is space"),
                outcome => return outcome,
            }
        }
    }

    fn ends(&mut self) {
        self.end.rx.filled(0);
    }

    /// Continues until it wants to read, or has ended.
    fn step(&mut self) -> Outcome {
        let outcome = self.until_read();
        self.end.sends();
        let alerts = null_alerts(&self.end.sent);
        match outcome {
            Outcome::Alert(alert) => assert_eq!(alerts, [alert], "one alert, and nothing after it"),
            _ => assert_eq!(alerts, [], "an alert without an error of ours"),
        }
        outcome
    }

    fn until_read(&mut self) -> Outcome {
        let end = &mut self.end;
        while self.session.is_none() {
            match end.drive() {
                Ok(Want::Read) => return Outcome::GoesOn,
                Ok(Want::Done) => self.session = Some(end.finish()),
                Ok(_) => drop(end.sends()),
                Err(error) => return ended(error),
            }
        }
        let session = self.session.as_mut().expect("connected");
        loop {
            match session.receive(&mut end.rx, &mut end.tx) {
                Ok(Event::Read) => return Outcome::GoesOn,
                Ok(Event::Data) => end.rx.consume(1),
                Ok(Event::Closed) => return Outcome::Closed,
                Ok(_) => drop(end.sends()),
                Err(error) if !error.is_fatal() => end.grow(error),
                Err(error) => return ended(error),
            }
        }
    }

    fn check(&self, model: &Model) {
        assert_eq!(self.end.hs.state(), model.state);
        assert_eq!(self.session.is_some(), model.state == State::Connected);
        if let Some(session) = &self.session {
            assert_eq!(session.is_confirmed(), model.confirmed);
            let received = self.end.hs.transitions().filter_map(|transition| match transition.event {
                TransitionEvent::Received(message) => Some(message),
                _ => None,
            });
            let received: Vec<M> = received.collect();
            let path = match (self.end.role, model.retried) {
                (Role::Client, false) => &CLIENT_PATH[1..],
                (Role::Client, true) => CLIENT_PATH,
                (Role::Server, false) => &SERVER_PATH[1..],
                (Role::Server, true) => SERVER_PATH,
            };
            assert_eq!(received, path, "connected by another path than a mutual handshake");
        }
    }
}

/// What a mutual handshake delivers to each role, with a retry. It is not taken from the table.
const CLIENT_PATH: &[M] = &[
    M::HELLO_RETRY_REQUEST,
    M::SERVER_HELLO,
    M::ENCRYPTED_EXTENSIONS,
    M::CERTIFICATE_REQUEST,
    M::CERTIFICATE,
    M::CERTIFICATE_VERIFY,
    M::FINISHED,
];
const SERVER_PATH: &[M] = &[M::CLIENT_HELLO, M::CLIENT_HELLO, M::CERTIFICATE, M::CERTIFICATE_VERIFY, M::FINISHED];

fn ended(error: Error) -> Outcome {
    match error.alert() {
        Some(Alert::Sent(alert)) => Outcome::Alert(alert),
        _ => Outcome::PeerEnded,
    }
}

/// Scripts for the seeds: every legal handshake, and each with one more action at the end.
pub fn seeds() -> Vec<Vec<u8>> {
    let client: &[u8] = &[2, 4, 5, 6, 7, 8];
    let server: &[u8] = &[0, 6, 7, 8];
    let mut seeds = Vec::new();
    for (role, retry, path) in [(0, 3, client), (1, 1, server)] {
        for retried in [false, true] {
            let path: Vec<u8> = retried.then_some(retry).into_iter().chain(path.iter().copied()).collect();
            for end in 0..=path.len() {
                // Every beginning, then one legal or illegal action.
                for more in [9, 10, 11, 13, 14, 15, 2, 8, 12] {
                    let whats = path[..end].iter().chain([&more]);
                    seeds.push([&[role][..], &whats.flat_map(|what| [*what, 0]).collect::<Vec<u8>>()].concat());
                }
            }
            // Each message with the next one in its record, also if the key changes between them.
            for joined in 0..path.len() {
                let pairs = path.iter().enumerate().flat_map(|(at, what)| [*what, if at == joined { 4 } else { 0 }]);
                seeds.push([&[role][..], &pairs.collect::<Vec<u8>>(), &[10, 0]].concat());
            }
            // Protected messages in one record, and in fragments of one byte.
            for how in [4, 8, 0x10, 0x20] {
                let pairs = path.iter().enumerate().flat_map(|(at, what)| {
                    let last = at + 1 == path.len() || at == 0 || (retried && at == 1);
                    [*what, if last { how & !4 } else { how }]
                });
                seeds.push([&[role][..], &pairs.collect::<Vec<u8>>()].concat());
            }
        }
    }
    seeds
}
