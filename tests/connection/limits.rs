//! Every limit of src/limits.rs: a value at the limit is accepted, and one above it is refused with the alert of the
//! error table. Null cryptography allows a short scripted peer to reach every state.

use crate::common::{End, Identity, Pki, run};
use crate::wire::{null_protected, plain, written};
use countersign::internals::codec::{
    CertificateVerify, Extensions, Finished, KeyShareEntry, KeyUpdate, KeyUpdateRequest, NewSessionTicket, TLS13,
    Writer, write_certificate, write_certificate_request, write_client_hello, write_encrypted_extensions,
    write_hello_retry_request, write_server_hello,
};
use countersign::limits::{
    MAX_AUTHORITIES, MAX_CHAIN, MAX_CHANGE_CIPHER_SPECS, MAX_COOKIE, MAX_EARLY_DATA, MAX_EMPTY_RECORDS, MAX_EXTENSION,
    MAX_FLIGHT, MAX_KEY_UPDATES, MAX_MESSAGE, MAX_TICKETS, MAX_WARNINGS, MIN_RECORD_SIZE_LIMIT,
};
use countersign::{
    Alert, AlertDescription, Bytes, CipherSuite, ContentType, Error, ErrorKind, Event, ExtensionType, HandshakeType,
    Inbox, Misuse, NamedGroup, Outbox, Policy, Role, Session, SignatureScheme, State, Want,
};

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;

/// The result of the end under test: it continues, or it has ended with this kind and alert.
fn outcome(result: Result<Want, Error>) -> Result<(), (&'static str, Option<AlertDescription>)> {
    result.map(drop).map_err(told)
}

fn told(error: Error) -> (&'static str, Option<AlertDescription>) {
    let alert = match error.alert() {
        Some(Alert::Sent(alert)) => Some(alert),
        _ => None,
    };
    (error.kind().name(), alert)
}

const UNEXPECTED: Option<AlertDescription> = Some(AlertDescription::UNEXPECTED_MESSAGE);
const ILLEGAL: Option<AlertDescription> = Some(AlertDescription::ILLEGAL_PARAMETER);

fn identity() -> Identity {
    Pki::new().issue("server.test", &rcgen::PKCS_ED25519)
}

/// An end with null cryptography, driven until it waits for the peer.
fn end(role: Role, identity: &Identity) -> End<'_> {
    let mut end = End::new(role, Policy::new().null_crypto(), identity);
    end.rx = Inbox::new(vec![0; 90_000]);
    end.drive().unwrap();
    end.sends();
    end
}

/// Delivers bytes, and drives until more are wanted or the connection has ended.
fn gets(end: &mut End<'_>, bytes: &[u8]) -> Result<Want, Error> {
    assert_eq!(end.gets(bytes), bytes.len(), "the inbox is large enough");
    loop {
        match end.drive()? {
            Want::Write => drop(end.sends()),
            want => return Ok(want),
        }
    }
}

/// A message in as many records as it needs.
fn in_records(message: &[u8], wrap: fn(ContentType, &[u8]) -> Vec<u8>) -> Vec<u8> {
    message.chunks(16_384).flat_map(|fragment| wrap(ContentType::HANDSHAKE, fragment)).collect()
}

fn protected(message: &[u8]) -> Vec<u8> {
    in_records(message, null_protected)
}

fn client_hello(more: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    written(|w| {
        write_client_hello(w, &[3; 32], &[4; 32], [SUITE], |w| {
            w.supported_groups([NamedGroup::X25519]);
            w.signature_algorithms([SignatureScheme::ED25519]);
            w.supported_versions([TLS13]);
            more(w);
        });
    })
}

fn x25519(w: &mut Writer<'_>) {
    w.client_shares([KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[4; 32] }]);
}

/// A client under test that has processed the server's flight up to EncryptedExtensions.
fn client_in_the_flight(identity: &Identity) -> End<'_> {
    let mut client = end(Role::Client, identity);
    let hello = written(|w| {
        write_server_hello(w, &[5; 32], &[1; 32], SUITE, |w| {
            w.selected_version(TLS13);
            w.server_share(KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[4; 32] });
        });
    });
    gets(&mut client, &plain(ContentType::HANDSHAKE, &hello)).unwrap();
    gets(&mut client, &protected(&written(|w| write_encrypted_extensions(w, |_| ())))).unwrap();
    assert_eq!(client.hs.state(), State::WaitCertificateRequest);
    client
}

fn certificate_request() -> Vec<u8> {
    written(|w| write_certificate_request(w, &[], |w| w.signature_algorithms([SignatureScheme::ED25519])))
}

/// So many CA names that a flight is longer than one message may be.
fn long_certificate_request() -> Vec<u8> {
    let names = vec![[0x30; 200]; 200];
    written(|w| {
        write_certificate_request(w, &[], |w| {
            w.signature_algorithms([SignatureScheme::ED25519]);
            w.certificate_authorities(names.iter().map(|name| &name[..]));
        });
    })
}

fn proof() -> Vec<u8> {
    let verify = CertificateVerify { algorithm: SignatureScheme::ED25519, signature: &[6; 64] };
    [written(|w| verify.write(w)), written(|w| Finished { verify_data: &[7; 32] }.write(w))].concat()
}

fn certificate(identity: &Identity, count: usize) -> Vec<u8> {
    let leaf = identity.chain[0].as_ref();
    written(|w| write_certificate(w, &[], (0..count).map(|_| leaf), |_| ()))
}

/// A connected client under test.
fn session(identity: &Identity) -> (End<'_>, Session) {
    let mut client = client_in_the_flight(identity);
    let flight = [certificate_request(), certificate(identity, 1), proof()].concat();
    assert_eq!(gets(&mut client, &protected(&flight)), Ok(Want::Done));
    let session = client.hs.finish().unwrap();
    (client, session)
}

/// Delivers one record repeatedly. Returns after how many it was refused.
fn refused_after(
    end: &mut End<'_>,
    session: &mut Session,
    record: &[u8],
) -> (usize, (&'static str, Option<AlertDescription>)) {
    for count in 0..1000 {
        assert_eq!(end.gets(record), record.len());
        loop {
            match session.receive(&mut end.rx, &mut end.tx) {
                Ok(Event::Read) => break,
                Ok(Event::Data) => end.rx.consume(1),
                Ok(_) => {}
                Err(error) => return (count, told(error)),
            }
        }
        end.sends();
    }
    panic!("never refused");
}

#[test]
fn a_message_of_max_message_is_taken_and_a_longer_one_is_refused_from_its_header() {
    let identity = identity();
    let with_padding = |len| {
        client_hello(|w| {
            x25519(w);
            w.extension(ExtensionType::PADDING, |w| w.bytes(&vec![0; len]));
        })
    };
    let hello = with_padding(MAX_MESSAGE + 4 - with_padding(0).len());
    assert_eq!(hello.len(), MAX_MESSAGE + 4);
    let mut server = end(Role::Server, &identity);
    gets(&mut server, &in_records(&hello, plain)).unwrap();
    assert_eq!(server.hs.state(), State::WaitCertificate);

    let longer = [&[HandshakeType::CLIENT_HELLO.0][..], &(MAX_MESSAGE as u32 + 1).to_be_bytes()[1..]].concat();
    let mut server = end(Role::Server, &identity);
    let refused = outcome(gets(&mut server, &plain(ContentType::HANDSHAKE, &longer)));
    assert_eq!(refused, Err(("MessageTooLong", ILLEGAL)));
}

#[test]
fn a_flight_of_max_flight_is_held_and_a_longer_one_is_refused_from_the_header() {
    let identity = identity();
    for (more, expected) in [(0, Ok(())), (1, Err(("MessageTooLong", ILLEGAL)))] {
        let mut client = client_in_the_flight(&identity);
        let request = long_certificate_request();
        gets(&mut client, &protected(&request)).unwrap();
        let body = MAX_FLIGHT - request.len() + more;
        let header = [&[HandshakeType::CERTIFICATE.0][..], &(body as u32).to_be_bytes()[1..]].concat();
        assert_eq!(outcome(gets(&mut client, &protected(&header))), expected);
    }
}

/// The most memory: the largest flight without its last byte, and the longest record for that byte.
#[test]
fn the_most_memory_that_a_peer_can_make_us_ask_for() {
    const MOST: usize = MAX_FLIGHT + 4 - 1 + 16_645;
    let identity = identity();
    let mut client = client_in_the_flight(&identity);
    let request = long_certificate_request();
    gets(&mut client, &protected(&request)).unwrap();
    let body = MAX_FLIGHT - request.len();
    let header = [&[HandshakeType::CERTIFICATE.0][..], &(body as u32).to_be_bytes()[1..]].concat();
    let all_but_one = [&header[..], &vec![0; body - 1]].concat();
    assert_eq!(gets(&mut client, &protected(&all_but_one)), Ok(Want::Read));
    let error = gets(&mut client, &[ContentType::APPLICATION_DATA.0, 3, 3, 0x41, 0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InboxTooSmall { needed: MOST });
    assert_eq!(MOST, 98_570, "docs/SECURITY.md says so");
}

#[test]
fn a_chain_of_max_chain_certificates_is_taken_and_one_more_is_refused() {
    let identity = identity();
    let bad_certificate = Some(AlertDescription::BAD_CERTIFICATE);
    for (more, expected) in [(0, Ok(())), (1, Err(("ChainTooLong", bad_certificate)))] {
        let mut client = client_in_the_flight(&identity);
        let flight = [certificate_request(), certificate(&identity, usize::from(MAX_CHAIN) + more)].concat();
        assert_eq!(outcome(gets(&mut client, &protected(&flight))), expected);
    }
}

#[test]
fn a_cookie_of_max_cookie_is_echoed_and_a_longer_one_is_refused() {
    let identity = identity();
    for (more, expected) in [(0, Ok(())), (1, Err(("CookieTooLong", ILLEGAL)))] {
        let mut client = end(Role::Client, &identity);
        let cookie = vec![0xc0; MAX_COOKIE + more];
        let retry = written(|w| {
            write_hello_retry_request(w, &[1; 32], SUITE, |w| {
                w.selected_version(TLS13);
                w.cookie(&cookie);
            });
        });
        assert_eq!(client.gets(&plain(ContentType::HANDSHAKE, &retry)), retry.len() + 5);
        assert_eq!(outcome(client.drive()), expected);
        let sent = client.sends();
        assert_eq!(sent.windows(cookie.len()).any(|bytes| bytes == cookie), expected.is_ok());
    }
}

#[test]
fn max_empty_records_in_a_row_are_taken_and_one_more_is_refused() {
    let identity = identity();
    let (mut client, mut session) = session(&identity);
    let empty = null_protected(ContentType::APPLICATION_DATA, &[]);
    let data = null_protected(ContentType::APPLICATION_DATA, b"!");
    // Data between them resets the count.
    for _ in 0..3 {
        for _ in 0..MAX_EMPTY_RECORDS {
            client.gets(&empty);
        }
        client.gets(&data);
        while session.receive(&mut client.rx, &mut client.tx).unwrap() != Event::Data {}
        client.rx.consume(1);
    }
    let (count, refused) = refused_after(&mut client, &mut session, &empty);
    assert_eq!((count, refused), (usize::from(MAX_EMPTY_RECORDS), ("TooManyEmptyRecords", UNEXPECTED)));
}

#[test]
fn max_change_cipher_specs_in_all_are_dropped_and_one_more_is_refused() {
    let identity = identity();
    let mut client = end(Role::Client, &identity);
    let record = plain(ContentType::CHANGE_CIPHER_SPEC, &[1]);
    for _ in 0..MAX_CHANGE_CIPHER_SPECS {
        assert_eq!(outcome(gets(&mut client, &record)), Ok(()));
    }
    assert_eq!(outcome(gets(&mut client, &record)), Err(("TooManyChangeCipherSpecs", UNEXPECTED)));
}

#[test]
fn max_warnings_in_a_row_are_dropped_and_one_more_is_refused() {
    let identity = identity();
    let (mut client, mut session) = session(&identity);
    let record = null_protected(ContentType::ALERT, &[1, AlertDescription::USER_CANCELED.0]);
    // Data between them resets the count.
    for _ in 0..3 {
        (0..MAX_WARNINGS).for_each(|_| assert_eq!(client.gets(&record), record.len()));
        client.gets(&null_protected(ContentType::APPLICATION_DATA, b"!"));
        while session.receive(&mut client.rx, &mut client.tx).unwrap() != Event::Data {}
        client.rx.consume(1);
    }
    let (count, refused) = refused_after(&mut client, &mut session, &record);
    assert_eq!((count, refused), (usize::from(MAX_WARNINGS), ("TooManyWarnings", UNEXPECTED)));
}

/// Empty records do not reset the count: a flood could hide behind them.
#[test]
fn empty_records_do_not_set_back_the_count_of_warnings() {
    let identity = identity();
    let (mut client, mut session) = session(&identity);
    let warning = null_protected(ContentType::ALERT, &[1, AlertDescription::USER_CANCELED.0]);
    let empty = null_protected(ContentType::APPLICATION_DATA, &[]);
    let (count, refused) = refused_after(&mut client, &mut session, &[&warning[..], &empty].concat());
    assert_eq!((count, refused), (usize::from(MAX_WARNINGS), ("TooManyWarnings", UNEXPECTED)));
}

#[test]
fn empty_records_do_not_set_back_the_count_of_key_updates() {
    let identity = identity();
    let (mut client, mut session) = session(&identity);
    let request_update = KeyUpdateRequest::UPDATE_NOT_REQUESTED;
    let update = protected(&written(|w| KeyUpdate { request_update }.write(w)));
    let empty = null_protected(ContentType::APPLICATION_DATA, &[]);
    let (count, refused) = refused_after(&mut client, &mut session, &[&update[..], &empty].concat());
    assert_eq!((count, refused), (usize::from(MAX_KEY_UPDATES), ("TooManyKeyUpdates", UNEXPECTED)));
}

#[test]
fn max_early_data_is_skipped_and_one_byte_more_is_refused() {
    let identity = identity();
    for (more, expected) in [(0, Ok(())), (1, Err(("TooMuchEarlyData", UNEXPECTED)))] {
        let mut server = end(Role::Server, &identity);
        let hello = client_hello(|w| {
            w.client_shares::<KeyShareEntry<'_>>([]);
            w.early_data();
        });
        gets(&mut server, &plain(ContentType::HANDSHAKE, &hello)).unwrap();
        assert!(server.hs.retried());
        let early = vec![0xee; usize::from(MAX_EARLY_DATA) - 100];
        gets(&mut server, &plain(ContentType::APPLICATION_DATA, &early)).unwrap();
        let last = plain(ContentType::APPLICATION_DATA, &vec![0xee; 100 + more]);
        assert_eq!(outcome(gets(&mut server, &last)), expected);
    }
}

#[test]
fn max_key_updates_without_data_are_followed_and_one_more_is_refused() {
    let identity = identity();
    for request_update in [KeyUpdateRequest::UPDATE_NOT_REQUESTED, KeyUpdateRequest::UPDATE_REQUESTED] {
        let (mut client, mut session) = session(&identity);
        let record = protected(&written(|w| KeyUpdate { request_update }.write(w)));
        let (count, refused) = refused_after(&mut client, &mut session, &record);
        assert_eq!((count, refused), (usize::from(MAX_KEY_UPDATES), ("TooManyKeyUpdates", UNEXPECTED)));
    }
}

#[test]
fn max_tickets_are_dropped_and_one_more_is_refused() {
    let identity = identity();
    let (mut client, mut session) = session(&identity);
    let extensions = Extensions::parse(&[]).unwrap();
    let ticket =
        NewSessionTicket { ticket_lifetime: 1, ticket_age_add: 2, ticket_nonce: &[0], ticket: b"t", extensions };
    let (count, refused) = refused_after(&mut client, &mut session, &protected(&written(|w| ticket.write(w))));
    assert_eq!((count, refused), (usize::from(MAX_TICKETS), ("TooManyTickets", UNEXPECTED)));
}

/// One list that fits TLS, and one that is too long. The policy refuses the second one.
#[test]
fn a_list_of_ca_names_takes_at_most_max_authorities() {
    let list = |len: usize| Bytes::Shared([&[0, 98][..], &[0x30; 98]].concat().repeat(len / 100 + 1)[..len].into());
    let make = |names: Bytes| std::panic::catch_unwind(|| Policy::new().certificate_authorities(names));
    let longest = MAX_AUTHORITIES / 100 * 100;
    let identity = identity();
    let mut server = End::new(Role::Server, make(list(longest)).expect("it can be carried"), &identity);
    let mut client = End::new(Role::Client, Policy::new(), &identity);
    for end in [&mut client, &mut server] {
        (end.rx, end.tx) = (Inbox::new(vec![0; 100_000]), Outbox::new(vec![0; 100_000]));
    }
    assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
    assert!(make(list(longest + 100)).is_err(), "too long");
    assert!(make(list(longest - 1)).is_err(), "not whole names");
    assert!(make(Bytes::Static(b"name")).is_err(), "no list");
}

/// Our hello fits even with the longest extension, beside a session id, two shares, and all the names of a policy.
#[test]
fn an_opaque_extension_has_at_most_max_extension_bytes() {
    static BODY: [u8; MAX_EXTENSION + 1] = [0; MAX_EXTENSION + 1];
    let identity = identity();
    let policy = Policy::new().alpn(&[&[b'a'; 126]]).key_shares(&[NamedGroup::SECP384R1, NamedGroup::SECP256R1]);
    let new = |role, body| {
        let mut end = End::new(role, policy.clone(), &identity);
        (end.rx, end.tx) = (Inbox::new(vec![0; 60_000]), Outbox::new(vec![0; 60_000]));
        let hs = end.hs.with_extension(ExtensionType(0x0a0a), Bytes::Static(body))?;
        Ok(End { hs, ..end })
    };
    for role in [Role::Client, Role::Server] {
        assert_eq!(new(role, &BODY).err(), Some(Misuse::UnfitExtension));
    }
    let (mut client, mut server) = (new(Role::Client, &BODY[1..]).unwrap(), new(Role::Server, &BODY[1..]).unwrap());
    assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
}

/// RFC 8449 §4. `tests/protocol` shows that a lower value of a peer is refused.
#[test]
fn a_record_size_limit_is_at_least_min_record_size_limit() {
    let identity = identity();
    let policy = Policy::new().record_size_limit(MIN_RECORD_SIZE_LIMIT);
    let [mut client, mut server] = [Role::Client, Role::Server].map(|role| End::new(role, policy.clone(), &identity));
    assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
    assert!(std::panic::catch_unwind(|| Policy::new().record_size_limit(MIN_RECORD_SIZE_LIMIT - 1)).is_err());
}

/// Every limit has a test above, except MAX_GENERATIONS (its test is beside the sender) and the limits of
/// authenticators.
#[test]
fn every_limit_has_its_test() {
    let limits = include_str!("../../src/limits.rs");
    let names = limits.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let tested = concat!(
        include_str!("limits.rs"),
        include_str!("../../src/session/sending.rs"),
        include_str!("../authenticator/once.rs"),
        include_str!("reauthentication.rs")
    );
    for name in names {
        assert!(tested.matches(name).count() >= 2, "{name} has no test");
    }
}
