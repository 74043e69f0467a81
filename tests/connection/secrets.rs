//! Types with secrets cannot be printed, copied or compared, and wipe their bytes when they are dropped.
//!
//! ring's own keys and hash states, and the copies that moves leave in memory, are not shown here because nothing is
//! promised about them (docs/SECURITY.md).

use crate::common::{self, Connection, End, Identity, Pki, seed};
use countersign::flow::{Flow, FlowInbox, FlowOutbox};
use countersign::internals::crypto::{
    AeadKey, CryptoMode, HashAlgorithm, KeyExchange, Prk, Secret, SharedSecret, Suite, TrafficKey, VerifyData,
};
use countersign::internals::schedule::{
    self, Early, ExporterSecret, FinishedVerified, HandshakeSecret, Pair, PossessionProved, TrafficSecret,
};
use countersign::x509::SigningKey;
use countersign::{
    AlertDescription, CipherSuite, Epoch, Exporter, Handshake, Inbox, NamedGroup, Outbox, Policy, Receiver, Rejection,
    Role, Sender, Session, Verdict, Want,
};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::LazyLock;

// ---- what types cannot do ----

/// Whether the compiler finds a trait for `T`: the inherent constant exists only with the trait, and then it is chosen
/// first.
struct Has<T>(PhantomData<T>);

trait HasNot {
    const DEBUG: bool = false;
    const CLONE: bool = false;
    const EQ: bool = false;
}

impl<T> HasNot for Has<T> {}

impl<T: Debug> Has<T> {
    const DEBUG: bool = true;
}

impl<T: Clone> Has<T> {
    const CLONE: bool = true;
}

impl<T: PartialEq> Has<T> {
    const EQ: bool = true;
}

/// Debug, Clone, PartialEq.
macro_rules! traits {
    ($type:ty) => {
        (stringify!($type), [Has::<$type>::DEBUG, Has::<$type>::CLONE, Has::<$type>::EQ])
    };
}

#[test]
fn what_holds_secrets_is_neither_printed_nor_copied_nor_compared() {
    assert_eq!(traits!(String).1, [true; 3], "the question is answered rightly where it has");
    assert_eq!(traits!(CipherSuite).1, [true; 3]);
    assert_eq!(traits!(std::sync::Mutex<u8>).1, [true, false, false], "and where it has one");
    for (name, traits) in [
        traits!(Secret),
        traits!(Prk),
        traits!(SharedSecret),
        traits!(KeyExchange),
        traits!(AeadKey),
        traits!(TrafficKey),
        traits!(schedule::Handshake),
        traits!(schedule::Main),
        traits!(HandshakeSecret),
        traits!(TrafficSecret),
        traits!(ExporterSecret),
        traits!(Pair<HandshakeSecret>),
        traits!(Pair<TrafficSecret>),
        traits!(VerifyData),
        traits!(Handshake<Policy>),
        traits!(Handshake<&'static Policy>),
        traits!(Session),
        traits!(Sender),
        traits!(Receiver),
        traits!(Exporter),
        // The long-term key.
        traits!(SigningKey),
    ] {
        assert_eq!(traits, [false; 3], "Debug, Clone, PartialEq of {name}");
    }
}

/// Inboxes and outboxes contain the application's data. Their `Debug` shows lengths only.
#[test]
fn buffers_do_not_print_what_they_hold() {
    let mut connection = connection();
    connection.to_client().unwrap();
    connection.c.write(b"swordfish", &mut connection.client.tx).unwrap();
    let sealed = connection.client.tx.pending().len();
    assert_eq!(format!("{:?}", connection.client.tx), format!("Outbox {{ pending: {sealed}, open: 0, .. }}"));
    common::carry(&mut connection.client, &mut connection.server);
    let Connection { s, server, .. } = &mut connection;
    s.receive(&mut server.rx, &mut server.tx).unwrap();
    assert_eq!(server.rx.data(), b"swordfish");
    let (inbox, list) = (format!("{:?} {:?}", server.rx, server.tx), format!("{:?}", b"swordfish"));
    assert!(!inbox.contains("swordfish") && !inbox.contains(list.trim_matches(['[', ']'])), "{inbox}");
    assert_eq!([Has::<Inbox<Vec<u8>>>::CLONE, Has::<Outbox<Vec<u8>>>::CLONE], [false; 2]);
    // What is written and not yet sealed, and the memory of a handshake by messages.
    let mut record = s.reserve(100, &mut server.tx).unwrap().unwrap();
    record.write(b"swordfish");
    assert_eq!(format!("{record:?}"), format!("Reservation {{ written: 9, room: {} }}", record.room()));
    let (mut inbox, mut outbox) = (FlowInbox::new(vec![0; 100]), FlowOutbox::new(vec![0; 4_000]));
    let mut client = Flow::client(Policy::new(), None, seed(1)).unwrap();
    client.drive(&mut inbox, &mut outbox).unwrap();
    let hello = outbox.pending().unwrap().1.len();
    assert_eq!(format!("{outbox:?}"), format!("FlowOutbox {{ held: {hello}, .. }}"));
    inbox.feed(Epoch::Plaintext, b"swordfish");
    assert_eq!(format!("{inbox:?}"), "FlowInbox(Inbox { plaintext: 9, ciphertext: 0, eof: false, .. })");
}

/// R9: a state that holds such a value has made the check. So nobody may copy one.
#[test]
fn evidence_cannot_be_copied() {
    assert_eq!(traits!(FinishedVerified).1, [false; 3]);
    assert_eq!(traits!(PossessionProved).1, [false; 3]);
    assert_eq!(size_of::<FinishedVerified>() + size_of::<PossessionProved>(), 0);
}

// ---- what memory holds ----

/// The bytes at these addresses of this process, read through the operating system. So memory can be read after its
/// value was dropped.
#[cfg(target_os = "linux")]
fn memory(at: *const u8, len: usize) -> Vec<u8> {
    use std::os::unix::fs::FileExt;
    let mut bytes = vec![0; len];
    std::fs::File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, at as u64).unwrap();
    bytes
}

fn holds(memory: &[u8], secret: &[u8]) -> bool {
    assert!(secret.len() >= 12, "long enough to be no coincidence");
    memory.windows(secret.len()).any(|window| window == secret)
}

/// A value in memory that outlives it, to read this memory after the drop.
struct Place<T>(Vec<T>);

impl<T> Place<T> {
    fn of(value: T) -> Place<T> {
        Place(vec![value])
    }

    fn value(&mut self) -> &mut T {
        &mut self.0[0]
    }

    #[cfg(target_os = "linux")]
    fn memory(&self) -> Vec<u8> {
        memory(self.0.as_ptr().cast(), size_of::<T>())
    }

    /// Drops the value where it is.
    fn drop_value(&mut self) {
        self.0.clear();
    }
}

/// The secrets are in memory before the drop, and not after it.
#[cfg(target_os = "linux")]
fn wiped<T>(name: &str, value: T, secrets: &[Vec<u8>]) {
    let mut place = Place::of(value);
    let before = place.memory();
    assert!(secrets.iter().all(|secret| holds(&before, secret)), "{name} holds its secrets");
    place.drop_value();
    let after = place.memory();
    assert!(!secrets.iter().any(|secret| holds(&after, secret)), "{name} has wiped them");
}

#[cfg(target_os = "linux")]
#[test]
fn the_look_at_memory_shows_what_is_not_wiped() {
    let secret = [0x5c; 32];
    let mut place = Place::of(secret);
    assert!(holds(&place.memory(), &secret));
    place.drop_value();
    assert!(holds(&place.memory(), &secret), "an array is dropped as it is");
}

#[cfg(target_os = "linux")]
#[test]
fn the_secrets_of_the_key_schedule_are_wiped_when_dropped() {
    for suite in [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_256_GCM_SHA384] {
        let suite = Suite::from(suite).unwrap();
        let shared = || {
            let ours = KeyExchange::start([NamedGroup::X25519], CryptoMode::Real).unwrap();
            let share = ours.share(NamedGroup::X25519).concat();
            KeyExchange::respond(NamedGroup::X25519, &share, CryptoMode::Real).unwrap().1
        };
        // The shared secret is private, but that of the null cryptography is known.
        let known = KeyExchange::start([NamedGroup::X25519], CryptoMode::Null).unwrap();
        let known = known.finish(NamedGroup::X25519, &[4; 32]).unwrap();
        wiped("SharedSecret", known, &[vec![0x5a; 32]]);

        let secret = Secret::extract(HashAlgorithm::Sha256, b"salt", b"input keying material");
        let bytes = secret.expose().to_vec();
        wiped("Secret", secret, &[bytes]);

        let hash = suite.hash().hash(b"transcript");
        let handshake = Early::new(suite.hash()).handshake(shared());
        let pair = handshake.traffic(&hash);
        let key = pair.client.key(suite, CryptoMode::Real).unwrap();
        let iv = key.nonce(0).to_vec();
        wiped("TrafficKey's IV", key, &[iv]);
        let bytes = [pair.client.expose().to_vec(), pair.server.expose().to_vec()];
        wiped("Pair<HandshakeSecret>", pair, &bytes);
        let (pair, exporter) = handshake.main().application(&hash);
        let bytes = exporter.expose().to_vec();
        wiped("ExporterSecret", exporter, &[bytes]);
        let first = pair.client.expose().to_vec();
        let next = pair.client.next();
        let bytes = next.expose().to_vec();
        assert_ne!(first, bytes);
        wiped("TrafficSecret", next, &[bytes]);
    }
}

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

fn connection() -> Connection<'static> {
    Connection::new(End::new(Role::Client, Policy::new(), &IDENTITY), End::new(Role::Server, Policy::new(), &IDENTITY))
}

#[cfg(target_os = "linux")]
#[test]
fn a_session_is_wiped_when_dropped() {
    let Connection { c, s, .. } = connection();
    for session in [c, s] {
        let (ours, theirs) = session.expose_secrets();
        let secrets = [ours.to_vec(), theirs.to_vec(), session.exporter().expose_secret().to_vec()];
        wiped("Session", session, &secrets);
    }
    let (sender, receiver, exporter) = connection().c.split();
    let bytes = sender.expose_secret().to_vec();
    wiped("Sender", sender, &[bytes]);
    let bytes = receiver.expose_secret().to_vec();
    wiped("Receiver", receiver, &[bytes]);
    let bytes = exporter.expose_secret().to_vec();
    wiped("Exporter", exporter, &[bytes]);
}

/// Forward secrecy within a connection (RFC 9846 §7.2): the secret before a KeyUpdate is forgotten.
#[cfg(target_os = "linux")]
#[test]
fn a_key_update_forgets_the_secret_before_it() {
    let Connection { mut client, mut server, c, s } = connection();
    let (mut c, mut s) = (Place::of(c), Place::of(s));
    for _ in 0..3 {
        let before = c.value().expose_secrets().0.to_vec();
        assert!(holds(&c.memory(), &before) && holds(&s.memory(), &before));
        c.value().update_key(&mut client.tx).unwrap();
        assert!(!holds(&c.memory(), &before), "the sender has forgotten it");
        common::carry(&mut client, &mut server);
        common::receive(s.value(), &mut server).unwrap();
        assert!(!holds(&s.memory(), &before), "the receiver has forgotten it");
        assert_eq!(c.value().expose_secrets().0, s.value().expose_secrets().1);
    }
}

/// At every question of a handshake, a drop wipes the secrets of the state in place.
#[cfg(target_os = "linux")]
#[test]
fn a_handshake_that_is_dropped_wipes_the_secrets_of_its_state() {
    use countersign::{Credential, Step};
    let mut looked_at = 0;
    for stop in 0.. {
        let mut ends = [Role::Client, Role::Server].map(|role| {
            let hs = match role {
                Role::Client => Handshake::client(Policy::new(), None, common::seed(1)).unwrap(),
                Role::Server => Handshake::server(Policy::new(), common::seed(2)),
            };
            (Place::of(hs), Inbox::new(vec![0; 5_000]), Outbox::new(vec![0; 5_000]), false)
        });
        let mut steps = 0;
        'play: while !(ends[0].3 && ends[1].3) {
            for number in 0..2 {
                loop {
                    let (hs, rx, tx, done) = &mut ends[number];
                    let step = hs.value().step(rx, tx).unwrap();
                    if steps == stop {
                        let mut shown = Vec::new();
                        hs.value().expose_secrets(&mut |_, secret| shown.push((secret.as_ptr(), secret.to_vec())));
                        for (at, secret) in &shown {
                            assert_eq!(memory(*at, secret.len()), *secret);
                        }
                        hs.drop_value();
                        for (at, secret) in &shown {
                            assert!(!holds(&memory(*at, secret.len()), secret), "step {stop}: {step:?}");
                        }
                        looked_at += shown.len();
                        break 'play;
                    }
                    steps += 1;
                    match step {
                        Step::Did(_) => {}
                        Step::Want(Want::Credential(question)) => {
                            hs.value().answer_credential(&question, &Credential::new(&IDENTITY.chain), tx).unwrap();
                        }
                        Step::Want(Want::Sign(question)) => {
                            let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                            hs.value().answer_sign(&question, &signature, tx).unwrap();
                        }
                        Step::Want(Want::Verify(question)) => {
                            hs.value().answer_verify(&question, Verdict::Accept).unwrap()
                        }
                        Step::Want(Want::Write) => {
                            let bytes = tx.pending().to_vec();
                            tx.sent(bytes.len());
                            let rx = &mut ends[1 - number].1;
                            rx.space()[..bytes.len()].copy_from_slice(&bytes);
                            rx.filled(bytes.len());
                        }
                        Step::Want(want) => {
                            *done = want == Want::Done;
                            break;
                        }
                    }
                }
            }
        }
        if ends[0].3 && ends[1].3 {
            break;
        }
    }
    assert!(looked_at > 50, "{looked_at} secrets were there to be wiped");
}

/// RFC 9846 §6: the secrets of a failed connection are forgotten at once. Its state stays readable.
// req: 9846-6-2
#[cfg(target_os = "linux")]
#[test]
fn a_failed_session_forgets_its_secrets() {
    let Connection { mut client, c, .. } = connection();
    let mut c = Place::of(c);
    let (ours, theirs) = c.value().expose_secrets();
    let secrets = [ours.to_vec(), theirs.to_vec()];
    client.gets(&[23, 3, 3, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
    let error = common::receive(c.value(), &mut client).unwrap_err();
    assert!(!client.tx.pending().is_empty(), "the alert was still sealed");
    assert!(!secrets.iter().any(|secret| holds(&c.memory(), secret)));
    assert_eq!(c.value().expose_secrets(), (&[][..], &[][..]));
    assert_eq!(common::receive(c.value(), &mut client), Err(error), "and remembers why");
}

/// A sender does not need its secret after close_notify or an alert.
#[cfg(target_os = "linux")]
#[test]
fn a_closed_or_aborted_session_forgets_its_write_secret() {
    for abort in [true, false] {
        let Connection { mut client, c, .. } = connection();
        let mut c = Place::of(c);
        let (ours, theirs) = c.value().expose_secrets();
        let (ours, theirs) = (ours.to_vec(), theirs.to_vec());
        if abort {
            c.value().abort(AlertDescription::INTERNAL_ERROR, &mut client.tx).unwrap();
        } else {
            c.value().close(&mut client.tx).unwrap();
        }
        assert!(!holds(&c.memory(), &ours));
        // After close_notify we may still receive; a fatal alert ends both directions (RFC 9846 §6.1, §6.2).
        let theirs = if abort { &[][..] } else { &theirs[..] };
        assert_eq!(c.value().expose_secrets(), (&[][..], theirs));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_failed_handshake_forgets_its_secrets() {
    for how in 0..3 {
        let mut client = End::new(Role::Client, Policy::new(), &IDENTITY);
        let mut server = End::new(Role::Server, Policy::new(), &IDENTITY);
        client.drive().unwrap();
        common::carry(&mut client, &mut server);
        server.drive().unwrap();
        common::carry(&mut server, &mut client);
        let Ok(Want::Verify(question)) = client.hs.drive(&mut client.rx, &mut client.tx) else { panic!() };
        for end in [&mut client, &mut server] {
            let mut shown = Vec::new();
            end.hs.expose_secrets(&mut |_, secret| shown.push((secret.as_ptr(), secret.to_vec())));
            assert!(shown.len() >= 2);
            match how {
                0 => end.hs.cancel(&mut end.tx).unwrap(),
                1 => end.hs.abort(AlertDescription::INTERNAL_ERROR, &mut end.tx).unwrap(),
                _ if end.hs.role() == Role::Client => {
                    end.hs.answer_verify(&question, Verdict::Reject(Rejection::Expired)).unwrap();
                }
                _ => {
                    end.gets(&[24; 30]);
                }
            }
            let error = end.hs.drive(&mut end.rx, &mut end.tx).unwrap_err();
            for (at, secret) in &shown {
                assert!(!holds(&memory(*at, secret.len()), secret), "{error}");
            }
            end.hs.expose_secrets(&mut |label, _| panic!("{label} after {error}"));
            assert!(!end.tx.pending().is_empty(), "the alert was still sealed");
            assert_eq!(end.hs.state(), error.state());
        }
        assert!(client.hs.peer(&client.rx).is_ok(), "whom we refused is still to be seen");
    }
}
