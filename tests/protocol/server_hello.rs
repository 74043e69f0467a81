//! What a client sends, and how it judges ServerHello and HelloRetryRequest (RFC 9846 §4.2.3, §4.2.4, §4.3).

use crate::peer::message::{ALPN, GREASE, GROUPS, KEY_SHARE, Msg, SCHEMES, SERVER_NAME, VERSIONS, written};
use crate::peer::{CCS, HANDSHAKE, HELLO_RETRY_REQUEST, Row, Story, accepts, refuses};
use countersign::AlertDescription as A;
use countersign::internals::codec::{ClientHello, DOWNGRADE_TLS11, DOWNGRADE_TLS12, KeyShareEntry, NamedGroup, Place};
use countersign::internals::crypto::{CryptoMode, KeyExchange};
use countersign::{CipherSuite, Epoch, ExtensionType, HandshakeType, Policy, Role, State};

const SH: HandshakeType = HandshakeType::SERVER_HELLO;

fn refused(rows: &[Row<'_>]) {
    refuses(Role::Client, &Policy::new(), SH, rows);
}

fn hrr_refused(rows: &[Row<'_>]) {
    // One share: x25519. The retry requests P-256.
    refuses(Role::Client, &Policy::new(), HELLO_RETRY_REQUEST, rows);
}

/// The bodies of the ClientHellos that the client has sent.
fn hellos(story: &Story<'_>) -> Vec<Vec<u8>> {
    let sent = story.peer.messages.iter().filter(|each| each.1 == HandshakeType::CLIENT_HELLO);
    sent.map(|each| each.2[4..].to_vec()).collect()
}

fn server_share(group: NamedGroup, share: &[u8]) -> Vec<u8> {
    written(|w| {
        w.u16(group.0);
        w.vec_u16(|w| w.bytes(share));
    })
}

// ---- the ClientHello that we send ----

// req: 9846-4.2.2-1, 9846-4.2.2-6, 9846-4.2.2-8, 9846-4.2.2-9, 9846-4.2.2-12, 9846-4.3.1-1, 9846-4.3.2-2, 9846-4.3.3-2
// req: 9846-4.3-1, 9846-4.3.7-1, 9846-4.3.8-1, 9846-4.3.8-5, 9846-9.2-1, 9846-9.2-2, 9846-9.2-5, 9846-9.2-9, 9846-9.2-10
// req: 9846-4.3.3-13, 9846-9.3-1, 9846-E.5-4, 6066-3-1, 9846-9.1-1, 9846-9.1-2, 9846-9.1-3
#[test]
fn a_client_hello_offers_what_we_can_do_and_nothing_else() {
    let mut story = Story::client();
    story.turn();
    let first = &story.peer.seen[0];
    assert_eq!((first.typ, first.epoch, first.version), (HANDSHAKE, Epoch::Plaintext, 0x0301));
    assert_eq!(story.peer.types(), [HandshakeType::CLIENT_HELLO]);
    let body = hellos(&story).remove(0);
    let hello = ClientHello::parse(&body).unwrap();
    assert_eq!(hello.legacy_version, 0x0303);
    assert_eq!(hello.legacy_session_id.len(), 32);
    assert_eq!(hello.legacy_compression_methods, [0]);
    assert_eq!(hello.cipher_suites.raw(), [0x13, 1, 0x13, 2, 0x13, 3]);
    let types: Vec<ExtensionType> = hello.extensions.iter().map(|each| each.extension_type).collect();
    assert_eq!(types, [SERVER_NAME, GROUPS, SCHEMES, ExtensionType::SIGNATURE_ALGORITHMS_CERT, VERSIONS, KEY_SHARE]);
    assert_eq!(hello.extensions.supported_versions().unwrap().unwrap().raw(), [3, 4]);
    let extensions = hello.extensions.check(Place::ClientHello).unwrap();
    assert_eq!(extensions.server_name(), Some(&b"server.test"[..]));
    let hybrids: &[u8] = if cfg!(feature = "mlkem") { &[0x11, 0xec, 0x11, 0xeb] } else { &[] };
    let groups = [hybrids, &[0, 0x1d, 0, 0x17, 0, 0x18]].concat();
    assert_eq!(extensions.supported_groups().unwrap().raw(), groups);
    let ecdsa: &[u8] = if cfg!(feature = "aws-lc-rs") { &[4, 3, 5, 3, 6, 3] } else { &[4, 3, 5, 3] };
    let ml_dsa: &[u8] = if cfg!(feature = "mldsa") { &[9, 4, 9, 5, 9, 6] } else { &[] };
    let schemes = [ecdsa, &[8, 7, 8, 4, 8, 5, 8, 6], ml_dsa].concat();
    let offered = extensions.signature_algorithms().unwrap().raw();
    assert_eq!(offered, schemes, "no PKCS #1, no SHA-1, no pair without a name");
    let cert = extensions.signature_algorithms_cert().unwrap();
    assert_eq!(cert.raw(), [&schemes[..], &[4, 1, 5, 1, 6, 1]].concat());
    let shares: Vec<_> = extensions.client_shares().unwrap().iter().collect();
    let lengths: Vec<_> = shares.iter().map(|share| (share.group, share.key_exchange.len())).collect();
    let hybrid = (NamedGroup::X25519MLKEM768, 1216);
    let plain = (NamedGroup::X25519, 32);
    assert_eq!(lengths, if cfg!(feature = "mlkem") { vec![hybrid, plain] } else { vec![plain] });
    let x25519 = |share: &KeyShareEntry<'_>| share.key_exchange.last_chunk::<32>().copied();
    assert!(shares.windows(2).all(|pair| x25519(&pair[0]) == x25519(&pair[1])), "one key for both");
}

// req: 9846-4.3.8-2, 9846-4.3.8-3, 9846-4.3.8-4, 9846-4.3.8-6
#[test]
fn shares_are_fresh_one_for_a_group_and_in_the_order_of_the_groups() {
    let policy = Policy::new().key_shares(&[NamedGroup::X25519, NamedGroup::SECP256R1]);
    let shares = || {
        let mut story = Story::new(Role::Client, policy.clone());
        story.turn();
        let body = hellos(&story).remove(0);
        let list =
            ClientHello::parse(&body).unwrap().extensions.check(Place::ClientHello).unwrap().client_shares().unwrap();
        list.iter().map(|each| (each.group, each.key_exchange.to_vec())).collect::<Vec<_>>()
    };
    let (one, other) = (shares(), shares());
    for each in [&one, &other] {
        let groups: Vec<NamedGroup> = each.iter().map(|(group, _)| *group).collect();
        assert_eq!(groups, [NamedGroup::X25519, NamedGroup::SECP256R1]);
    }
    assert!(one.iter().all(|share| !other.contains(share)), "never used twice");
}

// req: 9846-4.2.2-10, 6066-3-1
#[test]
fn without_compatibility_mode_there_is_no_session_id_and_no_change_cipher_spec() {
    let story = Story::new(Role::Client, Policy::new().middlebox_compatibility(false)).connected();
    assert_eq!(ClientHello::parse(&hellos(&story)[0]).unwrap().legacy_session_id, b"");
    assert!(story.peer.seen.iter().all(|seen| seen.typ != CCS));
    // With compatibility mode: one, before the second flight.
    for retry in [false, true] {
        let mut story = Story::client();
        story.peer.retry = retry;
        if retry {
            story.peer.group = NamedGroup::SECP256R1;
        }
        let story = story.connected();
        let ccs: Vec<usize> =
            story.peer.seen.iter().enumerate().filter(|(_, seen)| seen.typ == CCS).map(|(at, _)| at).collect();
        assert_eq!(ccs, [1], "behind the first ClientHello, before everything else");
        assert_eq!(story.peer.seen[1].epoch, Epoch::Plaintext);
    }
}

// RFC 6066 §3: "without a trailing dot".
#[test]
fn a_name_with_a_final_dot_is_sent_without_it() {
    for (name, sent) in [("db.example.org.", "db.example.org"), ("db.example.org", "db.example.org")] {
        let mut story = Story::client();
        story.end.hs = countersign::Handshake::client(Policy::new(), Some(name), crate::end::seed(3)).unwrap();
        story.turn();
        let hello = &hellos(&story)[0];
        let extensions = ClientHello::parse(hello).unwrap().extensions.check(Place::ClientHello).unwrap();
        assert_eq!(extensions.server_name(), Some(sent.as_bytes()));
        assert_eq!(story.end.hs.server_name(), Some(sent));
    }
}

// req: 9846-4.3.8-2, 9846-4.3.8-4
#[test]
fn shares_stand_in_the_order_of_supported_groups_and_none_twice() {
    const P256: NamedGroup = NamedGroup::SECP256R1;
    const X25519: NamedGroup = NamedGroup::X25519;
    for (groups, shares, sent) in [
        (&[X25519, P256][..], &[P256, X25519][..], &[X25519, P256][..]),
        (&[P256, X25519], &[X25519, P256], &[P256, X25519]),
        (&[X25519, P256], &[P256, P256], &[P256]),
        (&[X25519], &[P256, X25519], &[X25519]),
    ] {
        let mut story = Story::new(Role::Client, Policy::new().groups(groups).key_shares(shares));
        story.turn();
        let hello = &hellos(&story)[0];
        let extensions = ClientHello::parse(hello).unwrap().extensions.check(Place::ClientHello).unwrap();
        let told: Vec<NamedGroup> = extensions.client_shares().unwrap().iter().map(|share| share.group).collect();
        assert_eq!(told, sent, "{groups:?} {shares:?}");
    }
}

#[test]
fn an_ip_address_is_not_sent_as_server_name() {
    let mut story = Story::client();
    story.end.hs = countersign::Handshake::client(Policy::new(), Some("192.0.2.1"), crate::end::seed(3)).unwrap();
    story.turn();
    assert!(!ClientHello::parse(&hellos(&story)[0]).unwrap().extensions.has(SERVER_NAME));
    let server_name: &dyn Fn(&mut Msg) = &|m| m.push(SERVER_NAME, &[]);
    let mut story = story.edit(HandshakeType::ENCRYPTED_EXTENSIONS, server_name).play();
    story.refused("UnsolicitedExtension", A::UNSUPPORTED_EXTENSION, State::WaitEncryptedExtensions, Epoch::Handshake);
}

// ---- 24: version, session id, suite, compression ----

// req: 9846-4.2.3-2, 9846-4.3.1-13, 9846-4.3.1-14, 9846-4.3.1-15, 9846-4.3.1-16, 9846-4.2.3-16, 9846-4.2.3-17
// req: 9846-E.1-1, 9846-E.5-6, 9846-E.5-7
#[test]
fn a_server_of_another_version_is_told_so_and_a_downgrade_is_illegal() {
    let (kind, alert) = ("UnsupportedVersion", A::PROTOCOL_VERSION);
    let old = |m: &mut Msg| {
        m.without(VERSIONS);
        m.suite(0xc02f);
        m.without(KEY_SHARE);
    };
    refused(&[
        ("legacy_version 1.1", &|m| m.version(0x0302), kind, alert),
        ("legacy_version 1.3", &|m| m.version(0x0304), kind, alert),
        ("no supported_versions", &|m| m.without(VERSIONS), kind, alert),
        ("a ServerHello of TLS 1.2", &old, kind, alert),
        (
            "the same without extensions",
            &|m| {
                old(m);
                m.extensions = None;
            },
            kind,
            alert,
        ),
        (
            "no supported_versions, other session id and suite",
            &|m| {
                m.without(VERSIONS);
                m.session_id(&[1]);
                m.suite(0x002f);
            },
            kind,
            alert,
        ),
        (
            "DOWNGRD 1",
            &|m| {
                old(m);
                m.random(24, &DOWNGRADE_TLS12);
            },
            "Downgrade",
            A::ILLEGAL_PARAMETER,
        ),
        (
            "DOWNGRD 0",
            &|m| {
                old(m);
                m.random(24, &DOWNGRADE_TLS11);
            },
            "Downgrade",
            A::ILLEGAL_PARAMETER,
        ),
        (
            "DOWNGRD in a ServerHello of TLS 1.1",
            &|m| {
                old(m);
                m.version(0x0302);
                m.random(24, &DOWNGRADE_TLS11);
            },
            "Downgrade",
            A::ILLEGAL_PARAMETER,
        ),
        (
            "DOWNGRD in a ServerHello of TLS 1.0",
            &|m| {
                old(m);
                m.version(0x0301);
                m.random(24, &DOWNGRADE_TLS12);
            },
            "Downgrade",
            A::ILLEGAL_PARAMETER,
        ),
        ("1.2 selected", &|m| m.put(|w| w.selected_version(0x0303)), "IllegalSelectedVersion", A::ILLEGAL_PARAMETER),
        ("1.4 selected", &|m| m.put(|w| w.selected_version(0x0305)), "IllegalSelectedVersion", A::ILLEGAL_PARAMETER),
    ]);
    // In a ServerHello of TLS 1.3 the sentinel has no meaning.
    accepts(
        Role::Client,
        &Policy::new(),
        SH,
        &[("DOWNGRD in TLS 1.3", &|m: &mut Msg| m.random(24, &DOWNGRADE_TLS12) as ())],
    );
}

/// Faults of both ServerHello and HelloRetryRequest.
// req: 9846-4.2.3-6, 9846-4.2.3-7, 9846-4.2.3-9, 9846-4.2.4-3, 9846-4.2.4-7, 9846-4.2.3-12, 9846-4.3-2, 9846-4.3-7
#[test]
fn both_hellos_of_a_server_are_checked_alike() {
    let (malformed, body, decode) = ("Malformed", "MalformedExtension", A::DECODE_ERROR);
    let rows: &[Row<'_>] = &[
        ("another session id", &|m| m.session_id(&[9; 32]), "SessionIdMismatch", A::ILLEGAL_PARAMETER),
        ("no session id", &|m| m.session_id(&[]), "SessionIdMismatch", A::ILLEGAL_PARAMETER),
        ("a session id cut short", &|m| m.session_id(&[1; 31]), "SessionIdMismatch", A::ILLEGAL_PARAMETER),
        ("a session id of 33 bytes", &|m| m.session_id(&[1; 33]), malformed, decode),
        ("compression", &|m| m.compression(1), "IllegalCompression", A::ILLEGAL_PARAMETER),
        ("an unknown suite", &|m| m.suite(0x1304), "IllegalCipherSuite", A::ILLEGAL_PARAMETER),
        ("a suite of TLS 1.2", &|m| m.suite(0xc02f), "IllegalCipherSuite", A::ILLEGAL_PARAMETER),
        ("a GREASE suite", &|m| m.suite(0x0a0a), "IllegalCipherSuite", A::ILLEGAL_PARAMETER),
        ("a legacy_version of 1.1", &|m| m.version(0x0302), "UnsupportedVersion", A::PROTOCOL_VERSION),
        ("1.2 selected", &|m| m.put(|w| w.selected_version(0x0303)), "IllegalSelectedVersion", A::ILLEGAL_PARAMETER),
        ("no supported_versions", &|m| m.without(VERSIONS), "UnsupportedVersion", A::PROTOCOL_VERSION),
        ("a byte after the extensions", &|m| m.tail = vec![0], malformed, decode),
        ("a byte after supported_versions", &|m| m.lengthen(VERSIONS), body, decode),
        ("supported_versions empty", &|m| m.set(VERSIONS, &[]), body, decode),
        ("a byte after key_share", &|m| m.lengthen(KEY_SHARE), body, decode),
        ("key_share empty", &|m| m.set(KEY_SHARE, &[]), body, decode),
        ("supported_versions twice", &|m| m.push(VERSIONS, &[3, 4]), malformed, decode),
        ("key_share twice", &|m| m.push(KEY_SHARE, &[0, 0x17]), malformed, decode),
        (
            "an unknown one twice",
            &|m| {
                m.push(GREASE, &[]);
                m.push(GREASE, &[]);
            },
            malformed,
            decode,
        ),
        ("an empty message", &|m| (m.head, m.extensions) = (vec![], None), malformed, decode),
        ("cut in the random", &|m| (m.head, m.extensions) = (m.head[..9].to_vec(), None), malformed, decode),
        ("GREASE", &|m| m.push(GREASE, &[]), "UnsolicitedExtension", A::UNSUPPORTED_EXTENSION),
        ("ALPN unasked", &|m| m.push(ALPN, &[0, 3, 2, b'h', b'2']), "UnsolicitedExtension", A::UNSUPPORTED_EXTENSION),
        (
            "pre_shared_key",
            &|m| m.push(ExtensionType::PRE_SHARED_KEY, &[0, 0]),
            "UnsolicitedExtension",
            A::UNSUPPORTED_EXTENSION,
        ),
        ("server_name", &|m| m.push(SERVER_NAME, &[]), "ForbiddenExtension", A::ILLEGAL_PARAMETER),
        ("supported_groups", &|m| m.push(GROUPS, &[0, 2, 0, 29]), "ForbiddenExtension", A::ILLEGAL_PARAMETER),
        ("signature_algorithms", &|m| m.push(SCHEMES, &[0, 2, 4, 3]), "ForbiddenExtension", A::ILLEGAL_PARAMETER),
    ];
    refused(rows);
    hrr_refused(rows);
}

#[test]
fn a_suite_that_we_know_but_did_not_offer_is_illegal() {
    let policy = Policy::new().cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let edit: &dyn Fn(&mut Msg) = &|m| m.suite(0x1303);
    let row = ("ChaCha20", edit, "IllegalCipherSuite", A::ILLEGAL_PARAMETER);
    refuses(Role::Client, &policy, SH, &[row]);
    refuses(Role::Client, &policy, HELLO_RETRY_REQUEST, &[row]);
}

// ---- 25: the share ----

// req: 9846-4.3.8.2-1, 9846-7.4.2-2, 9846-4.3-4, 9846-4.3-5
#[test]
fn a_server_share_that_is_missing_foreign_or_malformed_is_refused() {
    let fresh = |group| KeyExchange::start([group], CryptoMode::Real).unwrap().share(group).concat();
    let of = |group: NamedGroup, share: Vec<u8>| move |m: &mut Msg| m.set(KEY_SHARE, &server_share(group, &share));
    let (x, p) = (NamedGroup::X25519, NamedGroup::SECP256R1);
    let (kind, alert) = ("IllegalKeyShare", A::ILLEGAL_PARAMETER);
    refused(&[
        ("none", &|m| m.without(KEY_SHARE), "MissingExtension", A::MISSING_EXTENSION),
        ("a group without a share of ours", &of(p, fresh(p)), "IllegalGroup", alert),
        ("a group that was not offered", &of(NamedGroup::X448, vec![1; 56]), "IllegalGroup", alert),
        ("short", &of(x, vec![9; 31]), kind, alert),
        ("long", &of(x, vec![9; 33]), kind, alert),
        ("all zero", &of(x, vec![0; 32]), kind, alert),
        ("of low order", &of(x, [&[1][..], &[0; 31]].concat()), kind, alert),
        ("empty", &of(x, vec![]), "MalformedExtension", A::DECODE_ERROR),
        ("the form of a retry", &|m| m.set(KEY_SHARE, &[0, 29]), "MalformedExtension", A::DECODE_ERROR),
        ("a cookie", &|m| m.push(ExtensionType::COOKIE, &[0, 1, 1]), "UnsolicitedExtension", A::UNSUPPORTED_EXTENSION),
    ]);
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        let good = fresh(group);
        let compressed = [&[2 + (good.last().unwrap() & 1)][..], &good[1..good.len() / 2 + 1]].concat();
        let mut off = good.clone();
        *off.last_mut().unwrap() ^= 1;
        let hybrid = [&[6][..], &good[1..]].concat();
        let rows: &[Row<'_>] = &[
            ("short", &of(group, good[..good.len() - 1].to_vec()), kind, alert),
            ("compressed", &of(group, compressed), kind, alert),
            ("hybrid", &of(group, hybrid), kind, alert),
            ("off the curve", &of(group, off), kind, alert),
            ("at infinity", &of(group, vec![0]), kind, alert),
        ];
        refuses(Role::Client, &Policy::new().groups(&[group]), SH, rows);
    }
}

#[test]
fn the_high_bit_of_a_server_share_for_x25519_is_masked() {
    let edit: &dyn Fn(&mut Msg) = &|m| {
        let mut share = m.get(KEY_SHARE).unwrap().to_vec();
        *share.last_mut().unwrap() |= 0x80;
        m.set(KEY_SHARE, &share);
    };
    accepts(Role::Client, &Policy::new(), SH, &[("the high bit", edit)]);
}

// ---- 26, 27: HelloRetryRequest ----

/// A server that retries for P-256.
fn retrying<'a>() -> Story<'a> {
    let mut story = Story::client();
    (story.peer.retry, story.peer.group) = (true, NamedGroup::SECP256R1);
    story
}

// req: 9846-4.2.4-4, 9846-4.3.8-8, 9846-4.3.8-9, 9846-4.3-4, 9846-4.3-5
#[test]
fn a_retry_that_changes_nothing_or_asks_for_what_was_not_offered_is_illegal() {
    let group = |group: NamedGroup| move |m: &mut Msg| m.put(|w| w.selected_group(group));
    let (kind, alert) = ("PointlessRetry", A::ILLEGAL_PARAMETER);
    hrr_refused(&[
        ("nothing", &|m| m.without(KEY_SHARE), kind, alert),
        ("the group that was sent", &group(NamedGroup::X25519), kind, alert),
        (
            "the group that was sent, and a cookie",
            &|m| {
                m.put(|w| w.selected_group(NamedGroup::X25519));
                m.put(|w| w.cookie(b"x"));
            },
            kind,
            alert,
        ),
        ("a group that was not offered", &group(NamedGroup::X448), "IllegalGroup", alert),
        ("an unknown group", &group(NamedGroup(0x0a0a)), "IllegalGroup", alert),
        ("a hybrid group", &group(NamedGroup(0x11ed)), "IllegalGroup", alert),
        ("an empty cookie", &|m| m.put(|w| w.cookie(b"")), "MalformedExtension", A::DECODE_ERROR),
        ("a cookie of no length", &|m| m.set(ExtensionType::COOKIE, &[]), "MalformedExtension", A::DECODE_ERROR),
        ("a cookie beyond our limit", &|m| m.put(|w| w.cookie(&[1; 4097])), "CookieTooLong", alert),
        (
            "a share instead of a group",
            &|m| m.set(KEY_SHARE, &server_share(NamedGroup::SECP256R1, &[4; 65])),
            "MalformedExtension",
            A::DECODE_ERROR,
        ),
    ]);
}

// req: 9846-4.2.4-6, 9846-4.2.2-2, 9846-4.3.2-1, 9846-4.3.8-10, 9846-5.1-16, 9846-E.5-6
#[test]
fn a_retry_is_obeyed_with_group_cookie_or_both() {
    let cookie = |m: &mut Msg| m.put(|w| w.cookie(b"a cookie"));
    let cookie_alone = |m: &mut Msg| {
        m.without(KEY_SHARE);
        m.put(|w| w.cookie(&[0xcc; 4096]));
    };
    let nothing = |_: &mut Msg| ();
    for (edit, group, cookie) in [
        (&nothing as &dyn Fn(&mut Msg), NamedGroup::SECP256R1, &b""[..]),
        (&nothing, NamedGroup::SECP384R1, b""),
        (&cookie, NamedGroup::SECP256R1, b"a cookie"),
        (&cookie_alone, NamedGroup::X25519, &[0xcc; 4096]),
    ] {
        let mut story = Story::client().edit(HELLO_RETRY_REQUEST, edit);
        (story.peer.retry, story.peer.group) = (true, group);
        let story = story.connected();
        let hellos = hellos(&story);
        let [first, second] = &hellos[..] else { panic!("{} hellos", hellos.len()) };
        let (first, second) = (ClientHello::parse(first).unwrap(), ClientHello::parse(second).unwrap());
        assert_eq!(second.legacy_version, 0x0303);
        assert_eq!(first.random, second.random);
        assert_eq!(first.legacy_session_id, second.legacy_session_id);
        assert_eq!(first.cipher_suites, second.cipher_suites);
        assert_eq!(first.legacy_compression_methods, second.legacy_compression_methods);
        let kept = |hello: &ClientHello<'_>| {
            let list = hello.extensions.iter().map(|each| (each.extension_type, each.extension_data.to_vec()));
            list.filter(|(each, _)| ![KEY_SHARE, ExtensionType::COOKIE].contains(each)).collect::<Vec<_>>()
        };
        assert_eq!(kept(&first), kept(&second));
        let [one, two] = [&first, &second].map(|hello| hello.extensions.check(Place::ClientHello).unwrap());
        assert_eq!(two.cookie().unwrap_or_default(), cookie);
        let shares: Vec<_> = two.client_shares().unwrap().iter().collect();
        let first: Vec<_> = one.client_shares().unwrap().iter().collect();
        match group {
            NamedGroup::X25519 => assert_eq!(shares, first, "a cookie alone: the same shares again"),
            group => assert!(shares.len() == 1 && shares[0].group == group && !first.contains(&shares[0])),
        }
        // Only the record of the first ClientHello has version 0x0301.
        let versions: Vec<u16> = story.peer.seen.iter().map(|seen| seen.version).collect();
        assert!(versions[0] == 0x0301 && versions[1..].iter().all(|version| *version == 0x0303), "{versions:?}");
    }
}

// req: 9846-4.2.4-5, 9846-4.2.4-9, 9846-4.2.4-11, 9846-4.3.8-14, 9846-4.3.8-15
#[test]
fn a_server_hello_that_contradicts_the_retry_is_illegal_and_a_second_retry_unexpected() {
    let groups = [NamedGroup::X25519, NamedGroup::SECP384R1];
    let fresh = KeyExchange::start(groups, CryptoMode::Real).unwrap();
    let [x25519, p384] = groups.map(|group| fresh.share(group).concat());
    let rows: &[Row<'_>] = &[
        ("another suite", &|m| m.suite(0x1302), "ChangedAfterRetry", A::ILLEGAL_PARAMETER),
        ("another suite of the same hash", &|m| m.suite(0x1303), "ChangedAfterRetry", A::ILLEGAL_PARAMETER),
        ("another version", &|m| m.put(|w| w.selected_version(0x0305)), "IllegalSelectedVersion", A::ILLEGAL_PARAMETER),
        (
            "the first group",
            &|m| m.set(KEY_SHARE, &server_share(NamedGroup::X25519, &x25519)),
            "IllegalGroup",
            A::ILLEGAL_PARAMETER,
        ),
        (
            "a third group",
            &|m| m.set(KEY_SHARE, &server_share(NamedGroup::SECP384R1, &p384)),
            "IllegalGroup",
            A::ILLEGAL_PARAMETER,
        ),
        ("no share", &|m| m.without(KEY_SHARE), "MissingExtension", A::MISSING_EXTENSION),
    ];
    for (what, edit, kind, alert) in rows {
        println!("{what}");
        let mut story = retrying().edit(SH, edit).play();
        story.refused(kind, *alert, State::WaitServerHello, Epoch::Plaintext);
    }
    let mut story = retrying();
    story.turn();
    story.peer.send(HELLO_RETRY_REQUEST);
    story.turn();
    let mut again = story.peer.compose(HELLO_RETRY_REQUEST);
    again.put(|w| w.selected_group(NamedGroup::SECP384R1));
    story.peer.send_msg(&again);
    story.turn();
    story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, State::WaitServerHello, Epoch::Plaintext);
}

// req: 9846-4.3.2-1
#[test]
fn with_other_suites_the_retry_works_as_well() {
    for suite in countersign::internals::crypto::Suite::ALL {
        let mut story = retrying();
        story.peer.suite = suite;
        let story = story.connected();
        assert_eq!(story.end.hs.cipher_suite(), Some(suite.number()));
        assert!(story.end.hs.retried());
    }
}
