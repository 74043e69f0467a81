//! Handshake messages: what is parsed is written back byte for byte, and only the whole structure is parsed.

use countersign::internals::codec::*;
use proptest::prelude::*;

/// Parses a message's body and writes the message again.
fn rewrite(typ: HandshakeType, body: &[u8]) -> Result<Vec<u8>, Malformed> {
    Ok(match typ {
        HandshakeType::CLIENT_HELLO => ClientHello::parse(body).map(|m| written(|w| m.write(w)))?,
        HandshakeType::SERVER_HELLO => ServerHello::parse(body).map(|m| written(|w| m.write(w)))?,
        HandshakeType::ENCRYPTED_EXTENSIONS => EncryptedExtensions::parse(body).map(|m| written(|w| m.write(w)))?,
        HandshakeType::CERTIFICATE_REQUEST => CertificateRequest::parse(body).map(|m| written(|w| m.write(w)))?,
        HandshakeType::CERTIFICATE => Certificate::parse(body).map(|m| written(|w| m.write(w)))?,
        HandshakeType::CERTIFICATE_VERIFY => CertificateVerify::parse(body).map(|m| written(|w| m.write(w)))?,
        HandshakeType::FINISHED => Finished::parse(body).map(|m| written(|w| m.write(w)))?,
        HandshakeType::NEW_SESSION_TICKET => NewSessionTicket::parse(body).map(|m| written(|w| m.write(w)))?,
        HandshakeType::KEY_UPDATE => KeyUpdate::parse(body).map(|m| written(|w| m.write(w)))?,
        other => panic!("{other} has no structure here"),
    })
}

const TYPES: [HandshakeType; 9] = [
    HandshakeType::CLIENT_HELLO,
    HandshakeType::SERVER_HELLO,
    HandshakeType::ENCRYPTED_EXTENSIONS,
    HandshakeType::CERTIFICATE_REQUEST,
    HandshakeType::CERTIFICATE,
    HandshakeType::CERTIFICATE_VERIFY,
    HandshakeType::FINISHED,
    HandshakeType::NEW_SESSION_TICKET,
    HandshakeType::KEY_UPDATE,
];

/// Runs a writer twice: counted and written lengths must agree. With one byte less it must return the right length.
fn written(write: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut counter = Writer::counting();
    write(&mut counter);
    let needed = counter.finish().expect("every vector fits its length field");

    let mut memory = vec![0; needed];
    let mut writer = Writer::new(&mut memory);
    write(&mut writer);
    assert_eq!(writer.finish(), Ok(needed));

    let mut small = vec![0; needed - 1];
    let mut writer = Writer::new(&mut small);
    write(&mut writer);
    assert_eq!(writer.finish(), Err(NotWritten::NoRoom { needed }));
    memory
}

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace([' ', '\n'], "")).expect("hex")
}

/// The messages of RFC 8448: (section, name, bytes).
fn rfc8448() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let text = include_str!("../../vectors/codec/rfc8448-messages.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            (fields[0], fields[1], hex(fields[2]))
        })
        .collect()
}

/// The nth message of a section of RFC 8448.
fn rfc8448_message(section: &str, name: &str, nth: usize) -> Vec<u8> {
    rfc8448().into_iter().filter(|m| m.0 == section && m.1 == name).nth(nth).expect("in the file").2
}

// ---- the frame ----

#[test]
fn a_message_is_split_only_when_it_is_whole() {
    let flight = [rfc8448_message("3", "EncryptedExtensions", 0), rfc8448_message("3", "Finished", 0)].concat();
    for cut in 0..40 {
        assert_eq!(Message::split(&flight[..cut]), None);
        assert_eq!(header(&flight[..cut]).is_some(), cut >= MESSAGE_HEADER);
    }
    let (first, rest) = Message::split(&flight).unwrap();
    assert_eq!(
        (first.typ, first.raw, first.body),
        (HandshakeType::ENCRYPTED_EXTENSIONS, &flight[..40], &flight[4..40])
    );
    let (second, rest) = Message::split(rest).unwrap();
    assert_eq!((second.typ, second.body.len(), rest), (HandshakeType::FINISHED, 32, &[][..]));
}

#[test]
fn a_header_tells_the_length_before_the_body_has_come() {
    assert_eq!(header(&[11, 0xff, 0xff, 0xff]), Some((HandshakeType::CERTIFICATE, (1 << 24) - 1)));
    assert_eq!(header(&[99, 0, 1, 2, 3]), Some((HandshakeType(99), 258)));
}

// ---- round trips ----

#[test]
fn the_messages_of_rfc_8448_are_read_and_written_back() {
    let messages = rfc8448();
    assert_eq!(messages.len(), 25);
    for (section, name, raw) in messages {
        let (message, rest) = Message::split(&raw).expect("whole");
        assert!(rest.is_empty());
        assert_eq!(rewrite(message.typ, message.body), Ok(raw.clone()), "{name} of section {section}");
    }
}

#[test]
fn no_message_may_end_early_or_late() {
    for (section, name, raw) in rfc8448() {
        let (Message { typ, body, .. }, _) = Message::split(&raw).unwrap();
        if typ == HandshakeType::FINISHED {
            continue; // any bytes parse as Finished: its length is checked with the hash
        }
        let longer = [body, &[0]].concat();
        assert_eq!(rewrite(typ, &longer), Err(Malformed::TrailingBytes), "{name} of section {section}");
        for cut in 0..body.len() {
            let hello_without_extensions = match typ {
                HandshakeType::CLIENT_HELLO => ClientHello::parse(body).unwrap().extensions.raw().len() + 2,
                HandshakeType::SERVER_HELLO => ServerHello::parse(body).unwrap().extensions.raw().len() + 2,
                _ => usize::MAX,
            };
            let outcome = rewrite(typ, &body[..cut]);
            if body.len() - cut == hello_without_extensions {
                // §4.2.2: a hello may end before its extension block, as in older versions.
                assert_eq!(outcome.map(|raw| raw[4..].to_vec()), Ok(body[..cut].to_vec()));
            } else {
                assert_eq!(outcome, Err(Malformed::Truncated), "{name} of section {section} cut at {cut}");
            }
        }
    }
}

fn bytes(len: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), len)
}

/// A legal extension block of any types.
fn extension_block() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::btree_map(any::<u16>(), bytes(0..20), 0..64).prop_map(|extensions| {
        let mut memory = vec![0; 4096];
        let mut w = Writer::new(&mut memory);
        extensions.iter().rev().for_each(|(typ, data)| w.extension(ExtensionType(*typ), |w| w.bytes(data)));
        let len = w.finish().expect("64 * 24 bytes");
        memory.truncate(len);
        memory
    })
}

proptest! {
    #[test]
    fn client_hello_round_trips(
        random: [u8; 32],
        id in bytes(0..=32),
        suites in prop::collection::vec(any::<u16>(), 1..40),
        block in extension_block(),
    ) {
        let suites = suites.into_iter().map(CipherSuite).collect::<Vec<_>>();
        let raw = written(|w| write_client_hello(w, &random, &id, suites.iter().copied(), |w| w.bytes(&block)));
        let hello = ClientHello::parse(&raw[4..]).unwrap();
        prop_assert_eq!(hello.legacy_version, LEGACY_VERSION);
        prop_assert_eq!(hello.random, &random);
        prop_assert_eq!(hello.legacy_session_id, &id);
        prop_assert_eq!(hello.cipher_suites.iter().collect::<Vec<_>>(), suites);
        prop_assert_eq!(hello.legacy_compression_methods, &[0]);
        prop_assert_ne!(hello.extensions, Extensions::ABSENT);
        prop_assert_eq!(hello.extensions.raw(), &block);
        prop_assert_eq!(written(|w| hello.write(w)), raw);
    }

    #[test]
    fn server_hello_round_trips(random: [u8; 32], id in bytes(0..=32), suite: u16, block in extension_block()) {
        let suite = CipherSuite(suite);
        let raw = written(|w| write_server_hello(w, &random, &id, suite, |w| w.bytes(&block)));
        let hello = ServerHello::parse(&raw[4..]).unwrap();
        prop_assert_eq!(hello.legacy_version, LEGACY_VERSION);
        prop_assert_eq!((hello.random, hello.legacy_session_id_echo), (&random, &id[..]));
        prop_assert_eq!((hello.cipher_suite, hello.legacy_compression_method), (suite, 0));
        prop_assert_eq!(hello.extensions.raw(), &block);
        prop_assert_eq!(written(|w| hello.write(w)), raw);
    }

    #[test]
    fn server_parameters_round_trip(context in bytes(0..=255), block in extension_block()) {
        let raw = written(|w| write_encrypted_extensions(w, |w| w.bytes(&block)));
        let message = EncryptedExtensions::parse(&raw[4..]).unwrap();
        prop_assert_eq!(message.extensions.raw(), &block);
        prop_assert_eq!(written(|w| message.write(w)), raw);

        let raw = written(|w| write_certificate_request(w, &context, |w| w.bytes(&block)));
        let message = CertificateRequest::parse(&raw[4..]).unwrap();
        prop_assert_eq!((message.certificate_request_context, message.extensions.raw()), (&context[..], &block[..]));
        prop_assert_eq!(written(|w| message.write(w)), raw);
    }

    #[test]
    fn certificate_round_trips(
        context in bytes(0..=255),
        chain in prop::collection::vec(bytes(1..500), 0..10),
        block in extension_block(),
    ) {
        let raw = written(|w| write_certificate(w, &context, chain.iter().map(Vec::as_slice), |w| w.bytes(&block)));
        let message = Certificate::parse(&raw[4..]).unwrap();
        prop_assert_eq!(message.certificate_request_context, &context);
        prop_assert_eq!(message.certificate_list.is_empty(), chain.is_empty());
        let entries = message.certificate_list.iter().collect::<Vec<_>>();
        prop_assert_eq!(entries.iter().map(|entry| entry.cert_data).collect::<Vec<_>>(), chain);
        for (i, entry) in entries.iter().enumerate() {
            prop_assert_eq!(entry.extensions.raw(), if i == 0 { &block[..] } else { &[] });
        }
        prop_assert_eq!(written(|w| message.write(w)), raw);
    }

    #[test]
    fn the_small_messages_round_trip(
        scheme: u16,
        signature in bytes(0..600),
        times: [u32; 2],
        nonce in bytes(0..=255),
        ticket in bytes(1..600),
        block in extension_block(),
        request: u8,
    ) {
        let message = CertificateVerify { algorithm: SignatureScheme(scheme), signature: &signature };
        let raw = written(|w| message.write(w));
        prop_assert_eq!(CertificateVerify::parse(&raw[4..]), Ok(message));

        let message = Finished { verify_data: &signature };
        let raw = written(|w| message.write(w));
        prop_assert_eq!(Finished::parse(&raw[4..]), Ok(message));

        let message = NewSessionTicket {
            ticket_lifetime: times[0], ticket_age_add: times[1], ticket_nonce: &nonce, ticket: &ticket,
            extensions: Extensions::parse(&block).unwrap(),
        };
        let raw = written(|w| message.write(w));
        prop_assert_eq!(NewSessionTicket::parse(&raw[4..]), Ok(message));

        let message = KeyUpdate { request_update: KeyUpdateRequest(request) };
        let raw = written(|w| message.write(w));
        prop_assert_eq!(KeyUpdate::parse(&raw[4..]), Ok(message));
    }

    /// Everything that is accepted is written back unchanged: no parser ignores a byte.
    #[test]
    fn no_byte_goes_unread(which in 0..TYPES.len(), body in bytes(0..200)) {
        if let Ok(raw) = rewrite(TYPES[which], &body) {
            prop_assert_eq!(&raw[4..], body);
        }
    }

    /// The same near legal messages: one byte of a real one is changed.
    #[test]
    fn no_changed_byte_goes_unread(which in 0..25usize, at: prop::sample::Index, to: u8) {
        let (_, _, mut raw) = rfc8448().swap_remove(which);
        let at = 4 + at.index(raw.len() - 4);
        raw[at] = to;
        if let Ok(again) = rewrite(HandshakeType(raw[0]), &raw[4..]) {
            prop_assert_eq!(again, raw);
        }
    }
}

// ---- illegal bodies ----

#[test]
fn illegal_bodies_and_what_is_wrong_with_them() {
    let head = "0303".to_owned() + &"ab".repeat(32);
    let client = |tail: &str| (HandshakeType::CLIENT_HELLO, head.clone() + tail);
    let server = |tail: &str| (HandshakeType::SERVER_HELLO, head.clone() + tail);
    let encrypted_extensions = |body: &str| (HandshakeType::ENCRYPTED_EXTENSIONS, body.to_owned());
    let certificate = |body: &str| (HandshakeType::CERTIFICATE, body.to_owned());
    let ticket = |body: &str| (HandshakeType::NEW_SESSION_TICKET, body.to_owned());
    use Malformed::*;
    let table = [
        ("a session id of 33 bytes", client(&format!("21{} 00021301 0100 0000", "cd".repeat(33))), BadLength),
        ("no cipher suite", client("00 0000 0100 0000"), EmptyVector),
        ("half a cipher suite", client("00 0003130113 0100 0000"), Truncated),
        ("no compression method", client("00 00021301 00 0000"), EmptyVector),
        ("one byte where extensions begin", client("00 00021301 0100 00"), Truncated),
        ("a byte after the extensions", client("00 00021301 0100 0000 00"), TrailingBytes),
        ("an extension twice", client("00 00021301 0100 000c 002b0000 00010000 002b0000"), DuplicateExtension),
        ("an unknown extension twice", client("00 00021301 0100 0008 fafa0000 fafa0000"), DuplicateExtension),
        ("an extension that overruns its block", client("00 00021301 0100 0005 002b0002 00"), Truncated),
        ("a block that ends in an extension's type", client("00 00021301 0100 0005 002b0000 00"), Truncated),
        ("a session id echo of 33 bytes", server(&format!("21{} 1301 00 0000", "cd".repeat(33))), BadLength),
        ("a byte after the extensions", server("00 1301 00 0000 00"), TrailingBytes),
        ("an extension twice", server("00 1301 00 0008 002b0000 002b0000"), DuplicateExtension),
        ("no block at all", encrypted_extensions(""), Truncated),
        ("an extension twice", encrypted_extensions("0008 00000000 00000000"), DuplicateExtension),
        ("a certificate of no bytes", certificate("00 000005 000000 0000"), EmptyVector),
        ("a second certificate of no bytes", certificate("00 00000b 000001 30 0000 000000 0000"), EmptyVector),
        ("an entry without its extensions", certificate("00 000004 000001 30"), Truncated),
        ("an entry's extension twice", certificate("00 00000e 000001 30 0008 00050000 00050000"), DuplicateExtension),
        ("a list shorter than the message", certificate("00 000006 000001 30 0000 ff"), TrailingBytes),
        ("a ticket of no bytes", ticket("00000001 00000002 00 0000 0000"), EmptyVector),
        ("a KeyUpdate of no bytes", (HandshakeType::KEY_UPDATE, String::new()), Truncated),
        ("a KeyUpdate of two bytes", (HandshakeType::KEY_UPDATE, "0000".to_owned()), TrailingBytes),
    ];
    for (case, (typ, body), wrong) in table {
        assert_eq!(rewrite(typ, &hex(&body)), Err(wrong), "{typ} with {case}");
    }
}

// req: 9846-4.2.2-15, 9846-4.4.2-5
#[test]
fn a_block_holds_any_number_of_extensions_but_none_twice() {
    let block = |types: &[u16]| types.iter().flat_map(|typ| [(typ >> 8) as u8, *typ as u8, 0, 0]).collect::<Vec<u8>>();
    let many: Vec<u16> = (0..=u16::MAX).step_by(5).collect();
    assert_eq!(Extensions::parse(&block(&many)).unwrap().iter().count(), many.len());
    for twice in [0, 5, 63 * 5, 64 * 5, 0x2003, 0xffff] {
        for position in [0, 1, many.len()] {
            let mut types = many.clone();
            types.insert(position, twice);
            let parsed = Extensions::parse(&block(&types)).map(|extensions| extensions.iter().count());
            let expected = if many.contains(&twice) { Err(Malformed::DuplicateExtension) } else { Ok(types.len()) };
            assert_eq!(parsed, expected, "{twice:#06x} at {position}");
        }
    }
}

// ---- hellos ----

#[test]
fn a_hello_tells_no_block_from_an_empty_block() {
    for (tail, present) in [("", false), ("0000", true)] {
        let client = hex(&format!("0303{}00 00021301 0100 {tail}", "ab".repeat(32)));
        let server = hex(&format!("0303{}00 1301 00 {tail}", "ab".repeat(32)));
        for extensions in
            [ClientHello::parse(&client).unwrap().extensions, ServerHello::parse(&server).unwrap().extensions]
        {
            assert_eq!(extensions != Extensions::ABSENT, present);
            assert_eq!(extensions.iter().count(), 0);
            assert_eq!(extensions.last(), None);
        }
    }
}

#[test]
fn older_hellos_parse_so_that_their_version_can_be_judged() {
    // TLS 1.2 with two compression methods and no extensions.
    let body = hex(&format!("0301{}00 0004002f0035 020100", "ab".repeat(32)));
    let hello = ClientHello::parse(&body).unwrap();
    assert_eq!((hello.legacy_version, hello.legacy_compression_methods), (0x0301, &[1, 0][..]));
}

#[test]
fn a_hello_retry_request_is_known_by_its_random() {
    let raw = written(|w| {
        write_hello_retry_request(w, &[7; 32], CipherSuite::TLS_AES_128_GCM_SHA256, |w| w.selected_version(TLS13));
    });
    let hello = ServerHello::parse(&raw[4..]).unwrap();
    assert!(hello.is_hello_retry_request() && !hello.is_downgrade());
    // The one of RFC 8448, and the ServerHello after it.
    let raw = rfc8448_message("5", "ServerHello", 0);
    let retry = ServerHello::parse(&raw[4..]).unwrap();
    assert!(retry.is_hello_retry_request());
    let extensions = retry.extensions.check(Place::HelloRetryRequest).unwrap();
    assert_eq!(extensions.selected_group(), Some(NamedGroup::SECP256R1));
    assert_eq!(extensions.cookie().map(<[u8]>::len), Some(114));
    let raw = rfc8448_message("5", "ServerHello", 1);
    assert!(!ServerHello::parse(&raw[4..]).unwrap().is_hello_retry_request());
    // One changed bit.
    for bit in 0..256 {
        let mut random = HELLO_RETRY_REQUEST_RANDOM;
        random[bit / 8] ^= 1 << (bit % 8);
        let raw = written(|w| write_server_hello(w, &random, &[], CipherSuite(0x1301), |_| ()));
        assert!(!ServerHello::parse(&raw[4..]).unwrap().is_hello_retry_request());
    }
}

#[test]
fn a_downgrade_is_known_by_the_last_eight_bytes_of_random() {
    let is_downgrade = |end: [u8; 8]| {
        let mut random = [0x44; 32];
        random[24..].copy_from_slice(&end);
        let raw = written(|w| write_server_hello(w, &random, &[], CipherSuite(0x1301), |_| ()));
        ServerHello::parse(&raw[4..]).unwrap().is_downgrade()
    };
    assert!(is_downgrade([0x44, 0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, 0x01]));
    assert!(is_downgrade([0x44, 0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, 0x00]));
    assert!(!is_downgrade([0x44, 0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, 0x02]));
    assert!(!is_downgrade([0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, 0x01, 0x00]));
}

#[test]
fn the_hellos_of_rfc_8448_read_as_its_authors_wrote_them() {
    let raw = rfc8448_message("3", "ClientHello", 0);
    let hello = ClientHello::parse(&raw[4..]).unwrap();
    let suites = [0x1301, 0x1303, 0x1302].map(CipherSuite);
    assert_eq!(hello.cipher_suites.iter().collect::<Vec<_>>(), suites);
    assert!(hello.cipher_suites.contains(CipherSuite::TLS_CHACHA20_POLY1305_SHA256));
    assert!(!hello.cipher_suites.contains(CipherSuite(0x1304)));
    assert_eq!(hello.legacy_session_id, &[]);
    assert_eq!(hello.extensions.supported_versions().unwrap().unwrap().iter().collect::<Vec<_>>(), [TLS13]);
    assert_eq!(hello.extensions.last(), Some(ExtensionType::RECORD_SIZE_LIMIT));
    let extensions = hello.extensions.check(Place::ClientHello).unwrap();
    assert_eq!(extensions.server_name(), Some(&b"server"[..]));
    let groups = extensions.supported_groups().unwrap();
    assert_eq!(groups.iter().next(), Some(NamedGroup::X25519));
    let shares = extensions.client_shares().unwrap().iter().collect::<Vec<_>>();
    assert_eq!((shares.len(), shares[0].group, shares[0].key_exchange.len()), (1, NamedGroup::X25519, 32));
    assert_eq!(extensions.psk_key_exchange_modes().unwrap().raw(), &[1]);
    assert_eq!(extensions.record_size_limit(), Some(16385));
    assert!(extensions.signature_algorithms().unwrap().contains(SignatureScheme::RSA_PSS_RSAE_SHA256));
    assert_eq!(extensions.signature_algorithms_cert(), None);
    assert_eq!(extensions.cookie(), None);

    let raw = rfc8448_message("3", "ServerHello", 0);
    let hello = ServerHello::parse(&raw[4..]).unwrap();
    assert_eq!(hello.cipher_suite, CipherSuite::TLS_AES_128_GCM_SHA256);
    assert_eq!(hello.extensions.selected_version(), Ok(Some(TLS13)));
    assert_eq!(hello.extensions.check(Place::ServerHello).unwrap().server_share().unwrap().group, NamedGroup::X25519);

    let raw = rfc8448_message("3", "NewSessionTicket", 0);
    let ticket = NewSessionTicket::parse(&raw[4..]).unwrap();
    assert_eq!((ticket.ticket_lifetime, ticket.ticket_nonce, ticket.ticket.len()), (30, &[0, 0][..], 178));
    assert_eq!(ticket.extensions.check(Place::NewSessionTicket).unwrap().max_early_data_size(), Some(1024));
}

// ---- alerts ----

#[test]
fn an_alert_is_exactly_two_bytes() {
    let alert = Alert::new(AlertDescription::DECODE_ERROR);
    assert_eq!(alert.bytes(), [2, 50]);
    assert_eq!(Alert::parse(&alert.bytes()), Ok(alert));
    assert_eq!(Alert::parse(&[]), Err(Malformed::Truncated));
    assert_eq!(Alert::parse(&[2]), Err(Malformed::Truncated));
    assert_eq!(Alert::parse(&[2, 50, 2]), Err(Malformed::TrailingBytes));
}

#[test]
fn only_closing_alerts_are_sent_as_warnings() {
    for description in (0..=255).map(AlertDescription) {
        let closing = [AlertDescription::CLOSE_NOTIFY, AlertDescription::USER_CANCELED].contains(&description);
        assert_eq!(Alert::new(description).level, if closing { AlertLevel::WARNING } else { AlertLevel::FATAL });
    }
}

// ---- the writer ----

#[test]
fn a_vector_longer_than_its_length_field_is_refused_whatever_the_memory() {
    let attempt = |len: usize, vector: fn(&mut Writer<'_>, &[u8])| {
        let mut memory = vec![0; len + 4];
        let content = vec![1; len];
        let mut w = Writer::new(&mut memory);
        vector(&mut w, &content);
        let written = w.finish();
        let mut counter = Writer::counting();
        vector(&mut counter, &content);
        assert_eq!(counter.finish(), written);
        written
    };
    let too_long = |length, limit| Err(NotWritten::TooLong { length, limit });
    assert_eq!(attempt(255, |w, content| w.vec_u8(|w| w.bytes(content))), Ok(256));
    assert_eq!(attempt(256, |w, content| w.vec_u8(|w| w.bytes(content))), too_long(256, 255));
    assert_eq!(attempt(0xffff, |w, content| w.vec_u16(|w| w.bytes(content))), Ok(0x10001));
    assert_eq!(attempt(0x10000, |w, content| w.vec_u16(|w| w.bytes(content))), too_long(0x10000, 0xffff));
    assert_eq!(attempt(0xff_ffff, |w, content| w.vec_u24(|w| w.bytes(content))), Ok(0x100_0002));
    assert_eq!(attempt(0x100_0000, |w, content| w.vec_u24(|w| w.bytes(content))), too_long(0x100_0000, 0xff_ffff));
}

#[test]
fn a_writer_without_room_writes_nothing_beyond_its_memory_and_counts_on() {
    for room in 0..7 {
        let mut memory = [0xee; 8];
        let mut w = Writer::new(&mut memory[..room]);
        w.vec_u16(|w| {
            w.u8(1);
            w.u32(2);
        });
        assert_eq!(w.len(), 7);
        assert!(!w.is_empty());
        assert_eq!(w.finish(), Err(NotWritten::NoRoom { needed: 7 }));
        assert!(memory[room..].iter().all(|&byte| byte == 0xee));
    }
}
