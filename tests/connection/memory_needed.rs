//! How much memory a policy needs, and which policy fits a given memory. Both are exact.

use crate::common::{End, Pki, seed};
use crate::identity::Identity;
use crate::wire::{NULL_TAG, null_protected, plain, written};
use countersign::internals::codec::{
    CertificateVerify, Finished, KeyShareEntry, TLS13, write_certificate, write_certificate_request,
    write_encrypted_extensions, write_hello_retry_request, write_server_hello,
};
use countersign::limits::MAX_COOKIE;
use countersign::{
    Bytes, CertificateType, CipherSuite, ContentType, Credential, Error, ErrorKind, ExtensionType, Handshake, Inbox,
    Misuse, NamedGroup, Outbox, Policy, Role, SignatureScheme, Verdict, Want,
};
use proptest::prelude::*;
use std::sync::LazyLock;

/// The body of an opaque extension.
const EXTENSION: Bytes = Bytes::Static(&[6; 300]);

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

/// The server's flight from CertificateRequest on, with a second certificate of `more` bytes.
fn flight(more: usize) -> Vec<u8> {
    let chain = [IDENTITY.chain[0].as_ref(), &vec![0x30; more]];
    let verify = CertificateVerify { algorithm: SignatureScheme::ED25519, signature: &[6; 64] };
    [
        written(|w| write_certificate_request(w, &[], |w| w.signature_algorithms([SignatureScheme::ED25519]))),
        written(|w| write_certificate(w, &[], chain.iter().copied(), |_| ())),
        written(|w| verify.write(w)),
        written(|w| Finished { verify_data: &[7; 32] }.write(w)),
    ]
    .concat()
}

/// A policy whose limit is exactly this flight, with its last message counted without the header.
fn policy_for(flight: &[u8], record_size_limit: Option<u16>) -> Policy {
    let policy = Policy::new().null_crypto().max_flight(flight.len(), flight.len() - 4);
    record_size_limit.map_or(policy.clone(), |limit| policy.record_size_limit(limit))
}

/// Delivers bytes as far as there is space, and drives until more are wanted.
fn brings(client: &mut End<'_>, mut bytes: &[u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        let taken = client.gets(bytes);
        bytes = &bytes[taken..];
        match client.hs.drive(&mut client.rx, &mut client.tx)? {
            Want::Write => drop(client.sends()),
            want => assert!(want == Want::Read || bytes.is_empty(), "{want:?}"),
        }
        assert!(taken > 0, "Read is never wanted without space (R3)");
    }
    Ok(())
}

/// A client with an inbox of this size, which has received all but the last byte of the server's flight.
fn client(policy: &Policy, limit: Option<u16>, capacity: usize, flight: &[u8]) -> Result<End<'static>, Error> {
    let mut client = End::new(Role::Client, policy.clone(), &IDENTITY);
    client.rx = Inbox::new(vec![0xcc; capacity]);
    client.hs.drive(&mut client.rx, &mut client.tx)?;
    client.sends();
    let hello = written(|w| {
        write_server_hello(w, &[5; 32], &[1; 32], CipherSuite::TLS_AES_128_GCM_SHA256, |w| {
            w.selected_version(TLS13);
            w.server_share(KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[4; 32] });
        });
    });
    brings(&mut client, &plain(ContentType::HANDSHAKE, &hello))?;
    let parameters = written(|w| {
        write_encrypted_extensions(w, |w| {
            if limit.is_some() {
                w.record_size_limit(16_385);
            }
        });
    });
    brings(&mut client, &null_protected(ContentType::HANDSHAKE, &parameters))?;
    // Short records have room whenever any record has.
    for fragment in flight[..flight.len() - 1].chunks(40) {
        brings(&mut client, &null_protected(ContentType::HANDSHAKE, fragment))?;
    }
    Ok(client)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The last byte of the longest flight comes in the longest record. With one byte of memory less it does not fit.
    #[test]
    fn a_handshake_fits_the_inbox_that_its_policy_needs_and_no_smaller_one(more in 1..20_000usize, limit in 64..=16_385u16) {
        let flight = flight(more);
        let policy = policy_for(&flight, Some(limit));
        let needed = policy.inbox_needed();
        // The record has content, type, and padding up to the limit.
        let inner = [&flight[flight.len() - 1..], &[ContentType::HANDSHAKE.0], &vec![0; usize::from(limit) - 2]].concat();
        let last = plain(ContentType::APPLICATION_DATA, &[&inner[..], &NULL_TAG].concat());
        for (capacity, fits) in [(needed, true), (needed + 1, true), (needed - 1, false)] {
            let mut client = client(&policy, Some(limit), capacity, &flight).expect("short records have room");
            match brings(&mut client, &last) {
                Ok(()) => {
                    prop_assert!(fits, "{capacity} of {needed} bytes did");
                    prop_assert!(client.hs.peer(&client.rx).is_ok(), "the verdict is asked for");
                }
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::InboxTooSmall { needed });
                    prop_assert!(!fits);
                }
            }
        }
    }

    /// Without a limit the longest record is TLS's, for any AEAD.
    #[test]
    fn without_a_record_size_limit_the_longest_record_of_tls_has_room(more in 1..20_000usize) {
        let flight = flight(more);
        let policy = policy_for(&flight, None);
        let needed = policy.inbox_needed();
        let header = [ContentType::APPLICATION_DATA.0, 3, 3, 0x41, 0];
        for (capacity, fits) in [(needed, true), (needed - 1, false)] {
            let mut client = client(&policy, None, capacity, &flight).expect("short records have room");
            let outcome = brings(&mut client, &header).map_err(|error| error.kind());
            prop_assert_eq!(outcome, if fits { Ok(()) } else { Err(ErrorKind::InboxTooSmall { needed }) });
        }
    }

    /// After `fit_inbox` the longest flight in the longest record has room in the inbox.
    #[test]
    fn a_policy_that_fits_an_inbox_never_asks_for_a_larger_one(bytes in 1_600..40_000usize) {
        let policy = Policy::new().null_crypto().fit_inbox(bytes);
        prop_assert!(policy.inbox_needed() <= bytes);
        let most = bytes - 21 - 3; // with an empty record
        let mut more = most.saturating_sub(flight(1).len());
        // The longest flight that the policy allows.
        loop {
            match client(&policy, Some(64), bytes, &flight(more)) {
                Ok(_) => break,
                Err(error) => {
                    let too_long = matches!(error.kind(), ErrorKind::MessageTooLong { .. });
                    prop_assert!(too_long, "a limit is told, never the memory: {}", error);
                    more -= more.min(200);
                }
            }
        }
    }
}

/// Drives an end with an outbox of this size, which is emptied only on `Write`. Returns how much was missing, if any.
fn drives_in(end: &mut End<'_>, credential: &Credential<'_>, other: &mut End<'_>) -> Result<Want, Option<usize>> {
    loop {
        let answered = match end.hs.drive(&mut end.rx, &mut end.tx) {
            Ok(Want::Credential(question)) => end.hs.answer_credential(&question, credential, &mut end.tx),
            Ok(Want::Sign(question)) => {
                let signature = end.identity.key.sign(question.scheme(), question.message()).unwrap();
                assert_eq!(signature.len(), 64, "Ed25519");
                end.hs.answer_sign(&question, &signature, &mut end.tx)
            }
            Ok(Want::Verify(question)) => end.hs.answer_verify(&question, Verdict::Accept),
            Ok(Want::Write) => {
                let bytes = end.sends();
                assert_eq!(other.gets(&bytes), bytes.len());
                Ok(())
            }
            Ok(want) => return Ok(want),
            Err(error) => match error.kind() {
                ErrorKind::OutboxTooSmall { needed } => return Err(Some(needed)),
                _ => return Err(None),
            },
        };
        match answered {
            Ok(()) => {}
            Err(Misuse::NoRoom { needed }) => return Err(Some(needed)),
            Err(misuse) => panic!("{misuse}"),
        }
    }
}

/// One end shows `credential` and sends `extension` under `policy`, with an outbox of this size. Its peer requests
/// everything, and accepts records of this length. Returns what was missing if the handshake failed.
fn shakes_hands(
    role: Role,
    policy: &Policy,
    credential: &Credential<'_>,
    extension: Option<&Bytes>,
    peers_limit: u16,
    capacity: usize,
) -> Result<(), Option<usize>> {
    const TYPES: &[CertificateType] = &[CertificateType::X509, CertificateType::RAW_PUBLIC_KEY];
    let asks_for_all = policy.clone().certificate_types(TYPES, TYPES).request_ocsp_staple(true).request_scts(true);
    let peers = asks_for_all.record_size_limit(peers_limit).max_flight(100_000, 200_000);
    let end = |of, policy: &Policy| {
        let mut end = End::new(of, policy.clone(), &IDENTITY);
        (end.rx, end.tx) = (Inbox::new(vec![0; 300_000]), Outbox::new(vec![0; 300_000]));
        if let Some(body) = extension {
            let hs = match of {
                Role::Client => Handshake::client(policy.clone(), Some("server.test"), seed(1)).unwrap(),
                Role::Server => Handshake::server(policy.clone(), seed(2)),
            };
            end.hs = hs.with_extension(ExtensionType::QUIC_TRANSPORT_PARAMETERS, body.clone()).unwrap();
        }
        end
    };
    let (mut ours, mut theirs) = (end(role, policy), end(role.peer(), &peers));
    ours.tx = Outbox::new(vec![0; capacity]);
    for _ in 0..3 {
        for driven in [Role::Client, Role::Server] {
            match driven == role {
                true => drives_in(&mut ours, credential, &mut theirs)?,
                false => drives_in(&mut theirs, &Credential::new(&IDENTITY.chain), &mut ours)?,
            };
        }
    }
    if ours.hs.finish().is_ok() && theirs.hs.finish().is_ok() { Ok(()) } else { Err(None) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Every field has its greatest length. The peer has the shortest record limit, or a known one. Then no byte of the
    /// size is unused.
    #[test]
    fn a_handshake_fits_the_outbox_that_its_policy_needs_and_no_smaller_one(
        is_client in any::<bool>(),
        (sha384, p384) in any::<(bool, bool)>(),
        (certificate, staple, scts) in (9_000..12_000usize, prop::option::of(1..2_000usize), prop::option::of(1..250u8)),
        extension in prop::option::of(0..3_000usize),
        protocol in prop::option::of(1..128usize),
        max_fragment in 40..=16_384u16,
        (limit, peers_limit) in (prop::option::of(64..=16_385u16), prop::option::of(64..=16_385u16)),
    ) {
        static NAME: [u8; 127] = [b'p'; 127];
        let role = if is_client { Role::Client } else { Role::Server };
        let suite = if sha384 { CipherSuite::TLS_AES_256_GCM_SHA384 } else { CipherSuite::TLS_AES_128_GCM_SHA256 };
        let group = if p384 { NamedGroup::SECP384R1 } else { NamedGroup::X25519 };
        let mut policy = Policy::new().cipher_suites(&[suite]).groups(&[group]).max_fragment(max_fragment);
        if let Some(len) = protocol {
            policy = policy.alpn(&[&NAME[..len]]);
        }
        if let Some(limit) = limit {
            policy = policy.record_size_limit(limit);
        }
        let chain = [IDENTITY.chain[0].clone(), vec![0x30; certificate].into()];
        let staple = staple.map(|len| vec![4; len]);
        let scts = scts.map(|len| [&[0, len + 2, 0, len][..], &vec![5; usize::from(len)]].concat());
        let credential =
            Credential { ocsp_staple: staple.as_deref(), scts: scts.as_deref(), ..Credential::new(&chain) };
        let extension = extension.map(|len| Bytes::Shared(vec![6; len].into()));
        let needed = policy.outbox_needed(role, &credential, 64, extension.as_ref(), peers_limit).unwrap();
        let shakes_hands = |capacity| {
            shakes_hands(role, &policy, &credential, extension.as_ref(), peers_limit.unwrap_or(64), capacity)
        };
        prop_assert_eq!(shakes_hands(needed), Ok(()));
        prop_assert_eq!(shakes_hands(needed - 1), Err(Some(needed)), "exact, and said by whom is short of it");
    }
}

/// A HelloRetryRequest with a cookie of this length, and perhaps another group.
fn retry(cookie: usize, group: Option<NamedGroup>) -> Vec<u8> {
    written(|w| {
        write_hello_retry_request(w, &[1; 32], CipherSuite::TLS_AES_128_GCM_SHA256, |w| {
            w.selected_version(TLS13);
            if let Some(group) = group {
                w.selected_group(group);
            }
            w.cookie(&vec![0xc0; cookie]);
        });
    })
}

/// The result of a client with the longest name for a HelloRetryRequest, with an outbox of this size.
fn retries(policy: &Policy, capacity: usize, retry: &[u8]) -> Result<Want, ErrorKind> {
    let name = [&"a".repeat(63)[..], &"b".repeat(63), &"c".repeat(63), &"d".repeat(61)].join(".");
    let mut client = End::new(Role::Client, policy.clone(), &IDENTITY);
    let hs = Handshake::client(policy.clone(), Some(&name), seed(1)).unwrap();
    client.hs = hs.with_extension(ExtensionType(0xff00), EXTENSION).unwrap();
    client.tx = Outbox::new(vec![0; capacity]);
    client.hs.drive(&mut client.rx, &mut client.tx).unwrap();
    client.sends();
    client.gets(&plain(ContentType::HANDSHAKE, retry));
    client.hs.drive(&mut client.rx, &mut client.tx).map_err(|error| error.kind())
}

/// A client's hello is longest with the longest name, and in the second hello with the longest cookie.
#[test]
fn a_client_with_a_short_certificate_needs_room_for_the_longest_cookie() {
    let policy = Policy::new().groups(&[NamedGroup::X25519, NamedGroup::SECP384R1]);
    let needed =
        policy.outbox_needed(Role::Client, &Credential::new(&IDENTITY.chain), 64, Some(&EXTENSION), None).unwrap();
    let retry = retry(MAX_COOKIE, Some(NamedGroup::SECP384R1));
    assert_eq!(retries(&policy, needed, &retry), Ok(Want::Write));
    assert_eq!(retries(&policy, needed - 1, &retry), Err(ErrorKind::OutboxTooSmall { needed }));
}

/// With one group a HelloRetryRequest can only have a cookie, as long as a message may be.
#[test]
fn a_client_that_takes_short_messages_needs_room_for_short_cookies_only() {
    for limit in [400, 1_500, 4_000, 10_000] {
        let policy = Policy::new().groups(&[NamedGroup::SECP384R1]).max_flight(limit, limit);
        let needed = policy.outbox_needed(Role::Client, &Credential::new(&[]), 64, Some(&EXTENSION), None).unwrap();
        let longest = MAX_COOKIE.min(limit - (retry(0, None).len() - 4));
        let capacity_of_longest = |capacity| retries(&policy, capacity, &retry(longest, None));
        assert_eq!(capacity_of_longest(needed), Ok(Want::Write));
        assert_eq!(capacity_of_longest(needed - 1), Err(ErrorKind::OutboxTooSmall { needed }));
        let longer = retries(&policy, needed, &retry(longest + 1, None)).unwrap_err();
        assert_eq!(longer.name(), if longest == MAX_COOKIE { "CookieTooLong" } else { "MessageTooLong" });
    }
}

/// No outbox is large enough for what TLS cannot carry.
#[test]
fn a_credential_that_cannot_be_sent_has_no_size() {
    let certificate = [0x30; 70_000].as_slice().into();
    let chain: Vec<_> = std::iter::repeat_n(certificate, 300).collect();
    for role in [Role::Client, Role::Server] {
        let error = Policy::new().outbox_needed(role, &Credential::new(&chain), 64, None, None).unwrap_err();
        assert_eq!(error.name(), "OwnMessageTooLong");
    }
}
