//! What a study says of messages and certificates that are unusual or wrong.

use crate::end::End;
use crate::heard::{assert_tiled, fixed, handshake, study};
use crate::identity::Pki;
use countersign::adversary::peer::Peer;
use countersign::adversary::run::{Run, Want};
use countersign::adversary::script::{Over, Step, before, legal};
use countersign::study::{Connection, Conversation, Field, Input, KeyLog, Study, Text, Value};
use countersign::{HandshakeType as H, NamedGroup, Padding, Policy, Role, Verdict};

/// A plaintext record.
fn record(content_type: u8, content: &[u8]) -> Vec<u8> {
    [&[content_type, 3, 3][..], &u16::to_be_bytes(content.len() as u16), content].concat()
}

fn message(typ: u8, body: &[u8]) -> Vec<u8> {
    [&[typ][..], &u32::to_be_bytes(body.len() as u32)[1..], body].concat()
}

/// A ServerHello of this legacy_version, with these extensions.
fn server_hello(version: u16, extensions: &[&[u8]]) -> Vec<u8> {
    let list = extensions.concat();
    let fixed = [&version.to_be_bytes()[..], &[7; 32], &[0, 0x13, 1, 0]].concat();
    message(2, &[&fixed[..], &(list.len() as u16).to_be_bytes(), &list].concat())
}

const TLS13: &[u8] = &[0, 43, 0, 2, 3, 4];

fn of_server(bytes: &[u8]) -> Connection {
    let mut study = study(Conversation::of_streams("", &[], bytes), "");
    assert_tiled(&study);
    study.connections.remove(0)
}

fn problems(connection: &Connection) -> Vec<&str> {
    connection.problems.iter().map(|problem| &*problem.text.en).collect()
}

/// A Certificate message with this certificate.
fn certificate(der: &[u8]) -> Connection {
    let entry = [&u32::to_be_bytes(der.len() as u32)[1..], der, &[0, 0]].concat();
    let list = [&[0][..], &u32::to_be_bytes(entry.len() as u32)[1..], &entry].concat();
    of_server(&record(22, &message(11, &list)))
}

fn named<'c>(connection: &'c Connection, name: &str) -> Vec<&'c Field> {
    connection.fields.iter().filter(|field| field.name == name).collect()
}

#[test]
fn a_connection_of_tls_1_2_is_explained_up_to_its_hellos() {
    for (extensions, is_1_3) in [(&[][..], false), (&[TLS13][..], true)] {
        let bytes = [record(22, &server_hello(0x0303, extensions)), record(22, &message(11, &[0; 3]))].concat();
        let connection = of_server(&bytes);
        let said = "the server chose TLS 1.2 (0x0303); only TLS 1.3 is explained in full";
        assert_eq!(problems(&connection).contains(&said), !is_1_3, "{:?}", connection.problems);
        assert_eq!(connection.summary[0].value.starts_with("TLS 1.3"), is_1_3, "{:?}", connection.summary);
        assert_eq!(connection.records[1].unopened.is_none(), is_1_3);
    }
}

/// Of TLS 1.2 only the hellos are known, and of TLS 1.3 all messages.
#[test]
fn a_message_that_tls_1_3_does_not_have_is_a_problem_in_tls_1_3() {
    for (extensions, is_1_3) in [(&[][..], false), (&[TLS13][..], true)] {
        let server_key_exchange = message(12, &[7; 10]);
        let connection = of_server(&record(22, &[server_hello(0x0303, extensions), server_key_exchange].concat()));
        let said = "TLS 1.3 has no handshake message of type 12";
        assert_eq!(problems(&connection).contains(&said), is_1_3, "{:?}", connection.problems);
        assert_eq!([named(&connection, "random").len(), named(&connection, "body").len()], [1, 1], "{is_1_3}");
    }
}

/// RFC 9846 §4.3: the table of extensions and messages.
#[test]
fn an_extension_that_may_not_stand_in_a_message_is_a_problem() {
    for (extension, misplaced) in [
        (&[0, 0, 0, 0][..], Some("server_name")),
        (&[0, 13, 0, 0], Some("signature_algorithms")),
        (&[0, 11, 0, 0], None),       // of TLS 1.2
        (&[0x2a, 0x2a, 0, 0], None),  // nobody knows it
        (&[0, 41, 0, 2, 0, 0], None), // it may
    ] {
        let connection = of_server(&record(22, &server_hello(0x0303, &[TLS13, extension])));
        let said: Vec<String> = problems(&connection)
            .into_iter()
            .filter_map(|text| text.strip_suffix(" may not stand in this message").map(str::to_owned))
            .collect();
        let expected: Vec<String> = misplaced.map(|name| format!("the extension {name}")).into_iter().collect();
        assert_eq!(said, expected, "{extension:?}");
    }
}

/// The whole streams, in the order of the protocol.
fn order(client: &[u8], server: &[u8]) -> Vec<(Role, String)> {
    let study = study(Conversation::of_streams("", client, server), "");
    let records = &study.connections[0].records;
    records.iter().map(|record| (record.sender, record.title.clone())).collect()
}

#[test]
fn records_of_two_whole_streams_are_put_into_the_order_of_the_protocol() {
    let (heard, _) = handshake(Policy::new(), Policy::new());
    let (hello, answer) = (heard.pieces().next().unwrap().1, heard.pieces().nth(1).unwrap().1);
    let protected = record(23, &[7; 40]);
    let retried = [&record(22, &server_hello(0x0303, &[TLS13])), answer].concat();
    let said = |role: Role, titles: &[&str]| titles.iter().map(|title| (role, title.to_string())).collect::<Vec<_>>();
    let (client, server) = (|titles: &[&str]| said(Role::Client, titles), |titles: &[&str]| said(Role::Server, titles));

    // A client that gives up says so last. Its change_cipher_spec comes with what it follows.
    let gives_up = [hello, &record(20, &[1]), &record(21, &[2, 40])].concat();
    let records = order(&gives_up, answer);
    assert_eq!(records[..2], client(&["client_hello", "change_cipher_spec"]));
    assert_eq!(records[2], server(&["server_hello"])[0]);
    assert_eq!(records.last(), client(&["handshake_failure (0x28)"]).last());

    // Hellos alternate.
    let twice = [hello, &record(20, &[1]), hello, &protected].concat();
    let records = order(&twice, &retried);
    let hellos: Vec<_> = records.iter().filter(|(_, title)| title.ends_with("hello")).cloned().collect();
    let [c, s] = [client(&["client_hello"]), server(&["server_hello"])];
    assert_eq!(hellos, [&c[..], &s, &c, &s].concat());
    assert_eq!(records.last(), client(&["protected"]).last());
}

#[test]
fn a_record_in_which_no_message_begins_says_that_one_continues() {
    let hello = server_hello(0x0303, &[TLS13]);
    let connection = of_server(&[record(22, &hello[..10]), record(22, &hello[10..]), record(20, &[1])].concat());
    let titles: Vec<_> = connection.records.iter().map(|record| &*record.title).collect();
    assert_eq!(titles, ["server_hello", "handshake, continued", "change_cipher_spec"]);
}

/// A peer of this end signs something else than the conversation.
fn of_impostor(role: Role) -> Study {
    let pki = Pki::new();
    let [own, other] = ["own.test", "server.test"].map(|name| pki.issue(name, &rcgen::PKCS_ED25519));
    let mut end = End::new(role, Policy::new(), &own);
    let script = before(legal(role.peer()), H::CERTIFICATE_VERIFY, [Step::SignOver(Over::Nothing)]);
    let mut run = Run::new(Peer::new(role.peer(), &other), script, Vec::new());
    let mut heard = Conversation::new("");
    loop {
        let _ = end.drive(); // it will fail, and say so by an alert
        match run.want() {
            Want::Write => {
                let bytes = run.pending().to_vec();
                run.sent(bytes.len());
                heard.add(role.peer(), &bytes);
                end.gets(&bytes);
            }
            Want::Read(_) => {
                let bytes = end.sends();
                heard.add(role, &bytes);
                run.received(&bytes);
            }
            _ => return study(heard, &run.peer().key_log()),
        }
    }
}

#[test]
fn a_proof_that_fails_is_a_problem_of_its_own_message() {
    for role in [Role::Client, Role::Server] {
        let study = of_impostor(role);
        let connection = &study.connections[0];
        let text = format!("{} CertificateVerify does not hold", role.peer());
        let problem = connection.problems.iter().find(|problem| problem.text.en == text);
        let field = problem.unwrap_or_else(|| panic!("{:?}", connection.problems)).field.unwrap();
        let message = connection.messages.iter().find(|message| message.field == field).unwrap();
        assert_eq!((message.sender, &*message.name), (role.peer(), "certificate_verify"));
    }
}

// ---- certificates ----

#[test]
fn names_are_shown_as_openssl_shows_them() {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.subject_alt_names = [
        rcgen::SanType::DnsName("a.test".try_into().unwrap()),
        rcgen::SanType::IpAddress("192.0.2.1".parse().unwrap()),
        rcgen::SanType::IpAddress("2001:db8::1".parse().unwrap()),
        rcgen::SanType::Rfc822Name("a@b.test".try_into().unwrap()),
        rcgen::SanType::URI("spiffe://a.test/b".try_into().unwrap()),
    ]
    .into();
    let key = rcgen::KeyPair::generate().unwrap();
    let connection = certificate(params.self_signed(&key).unwrap().der());
    let shown = &named(&connection, "cert_data")[0].value;
    assert_eq!(shown, "DNS:a.test, IP:192.0.2.1, IP:2001:db8::1, email:a@b.test, URI:spiffe://a.test/b");
    assert!(!problems(&connection).iter().any(|text| text.contains("element") || text.contains("malformed")));
}

/// Elements that no certificate has in these places, and more of them than it has.
#[test]
fn der_is_divided_into_its_elements_as_far_as_it_has_any() {
    let der = [0x30, 8, 0x31, 0, 0x0c, 0, 0x13, 0, 5, 0];
    for (more, leftovers) in [(&[][..], vec![2]), (&[7; 3], vec![2, 3])] {
        let connection = certificate(&[&der[..], more].concat());
        let tags: Vec<_> = named(&connection, "tag and length").into_iter().map(|field| &*field.value).collect();
        assert_eq!(tags, ["SEQUENCE, 8 bytes", "SET, 0 bytes", "UTF8String, 0 bytes", "PrintableString, 0 bytes"]);
        let left: Vec<_> = named(&connection, "unreadable").into_iter().map(|field| field.len).collect();
        assert_eq!(left, leftovers);
        let said = problems(&connection).into_iter().filter(|text| *text == "these bytes belong to no element").count();
        assert_eq!(said, leftovers.len());
    }
    for (der, said) in [
        (&[0x30, 0x80, 0, 0][..], 1), // of indefinite length
        (&[0x30, 5, 0], 1),
        (&[0x30], 1),
        (&[0x30, 0x82, 0, 2, 5, 0], 0), // not the shortest length, but one
    ] {
        let count = problems(&certificate(der)).into_iter().filter(|text| *text == "this is no DER element").count();
        assert_eq!(count, said, "{der:?}");
    }
}

// ---- key logs ----

#[test]
fn each_line_of_a_key_log_that_cannot_be_read_is_named() {
    let (label, random) = ("CLIENT_RANDOM", "07".repeat(32));
    let long = |bytes: usize| "ab".repeat(bytes);
    for (line, reads) in [
        (format!("{label} {random} ab"), true),
        (format!("{label} {random} {}", long(128)), true),
        (format!("{label} {random} {}", long(129)), false),
        (format!("{label} {random} "), false),
        (format!("{label} {random} abc"), false),
        (format!("{label} {random} xy"), false),
        (format!("{label} {random} ab ab"), false),
        (format!("{label} {}  AB\r", random.to_uppercase()), true),
        (format!("{label} {} ab", long(31)), false),
        (format!("{label} {} ab", long(33)), false),
        (format!("{} {random} ab", "L".repeat(64)), true),
        (format!("{} {random} ab", "L".repeat(65)), false),
        (format!("LÄBEL {random} ab"), false),
        ("# a comment".into(), true),
        (String::new(), true),
        ("  ".into(), true),
    ] {
        let log = KeyLog::parse(format!("# first\n{line}\n").as_bytes());
        let said: Vec<_> = log.problems().iter().map(|problem| &*problem.en).collect();
        let unreadable = ["line 2 of the key log is not `label client_random secret` in hex"];
        assert_eq!(said, if reads { &[][..] } else { &unreadable }, "{line:?}");
    }
    for count in [19, 20, 21, 100] {
        assert_eq!(KeyLog::parse("?\n".repeat(count).as_bytes()).problems().len(), count.min(20));
    }
}

/// What must be given, and by whom, for what cannot be opened.
#[test]
fn a_key_that_is_missing_is_asked_for_by_its_name() {
    let (heard, log) = handshake(Policy::new(), Policy::new());
    let [hello, answer] = [0, 1].map(|place| heard.pieces().nth(place).unwrap().1.to_vec());
    let random = hex::encode(&hello[11..43]);
    let protected = record(23, &[7; 40]);
    let said = |client: &[u8], server: &[u8], log: &str| -> Vec<String> {
        let study = study(Conversation::of_streams("", client, server), log);
        let problems =
            problems(&study.connections[0]).into_iter().filter(|text| !text.contains("there is no ClientHello"));
        problems.map(str::to_owned).collect()
    };
    let other = format!("SERVER_HANDSHAKE_TRAFFIC_SECRET {} 0707", "07".repeat(32));
    let without = |label: &str| -> String {
        log.lines().filter(|line| !line.contains(label)).map(|line| format!("{line}\n")).collect()
    };
    let mut suite = server_hello(0x0303, &[TLS13]);
    suite[4 + 2 + 32 + 2] = 5;
    for (client, server, log, expected) in [
        (&hello[..], &answer[..], String::new(), "there is no key log, or nothing usable in it".to_owned()),
        (&hello, &answer, other, format!("the key log has no line for this connection (client_random {random})")),
        (
            &hello,
            &answer,
            without("SERVER_HANDSHAKE"),
            "the key log has no usable SERVER_HANDSHAKE_TRAFFIC_SECRET for this connection".into(),
        ),
        (&[], &protected, log.clone(), "no ClientHello was captured, so no secret can be looked up".into()),
        (&[&hello[..], &protected].concat(), &[], log.clone(), "no ServerHello was captured".into()),
        (
            &hello,
            &[record(22, &suite), protected.clone()].concat(),
            log.clone(),
            "records of the cipher suite 0x1305 cannot be opened by this program".into(),
        ),
    ] {
        let said = said(client, server, &log);
        assert!(said.iter().any(|text| text.starts_with(&expected)), "{expected}: {said:?}");
    }
}

// ---- streams ----

/// What is no record, and what is the beginning of one (RFC 8446 §5.2: TLS 1.2 has the longest).
#[test]
fn a_stream_that_is_cut_is_told_from_one_that_is_no_tls() {
    let header = |len: u16| [&[22, 3, 3][..], &len.to_be_bytes()].concat();
    for (stream, name) in [
        (b"GET ".to_vec(), "cut"),
        (b"GET /".to_vec(), "not_tls"),
        (header(18_432), "cut"),
        (header(18_433), "not_tls"),
        (header(3), "cut"),
        ([header(3), vec![1, 0]].concat(), "cut"),
        (vec![19, 3, 3, 0, 1, 0], "not_tls"),
        (vec![25, 3, 3, 0, 1, 0], "not_tls"),
        (vec![22, 3, 5, 0, 1, 0], "not_tls"),
        (vec![22, 2, 3, 0, 1, 0], "not_tls"),
    ] {
        let connection = of_server(&stream);
        let names: Vec<_> = connection.fields.iter().map(|field| &*field.name).collect();
        assert_eq!((names, connection.records.len()), (vec![name], 0), "{stream:?}");
    }
}

/// Sentences with the name of an end are there in both languages.
#[test]
fn an_end_has_its_name_in_each_language() {
    let study = study(Conversation::of_streams("", b"GET / HTTP", b"HTTP/1.1 400"), "");
    let said = |language: fn(&Text) -> &str| -> Vec<&str> {
        study.connections[0].problems.iter().map(|problem| language(&problem.text)).take(2).collect()
    };
    let en = ["client", "server"].map(|end| format!("from byte 0 of the {end}'s stream on there is no TLS record"));
    let es = ["cliente", "servidor"].map(|end| format!("desde el byte 0 del flujo del {end} no hay registros TLS"));
    assert_eq!(
        (said(|text| &text.en), said(|text| &text.es)),
        (en.each_ref().map(|s| &**s).into(), es.each_ref().map(|s| &**s).into())
    );
}

#[test]
fn a_plaintext_alert_is_divided_into_its_fields() {
    let connection = of_server(&record(21, &[2, 40]));
    let values: Vec<_> = connection.fields.iter().map(|field| (&*field.name, &*field.value)).collect();
    assert!(values.ends_with(&[("level", "fatal (0x02)"), ("description", "handshake_failure (0x28)")]), "{values:?}");
    assert!(values.contains(&("alert", "handshake_failure (0x28)")));
}

#[test]
fn the_request_of_a_status_of_another_type_is_not_divided() {
    for (body, names) in [
        (&[1, 0, 0, 0, 0][..], &["responder_id_list", "request_extensions"][..]),
        (&[2, 0, 0, 0, 0], &["extension_data"]),
    ] {
        let extension = [&[0, 5, 0, 5][..], body].concat();
        let hello = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, 9], &extension].concat();
        let study = study(Conversation::of_streams("", &record(22, &message(1, &hello)), &[]), "");
        assert_tiled(&study);
        let all = ["responder_id_list", "request_extensions", "extension_data"];
        let found: Vec<_> = all.into_iter().filter(|name| !named(&study.connections[0], name).is_empty()).collect();
        assert_eq!(found, names);
    }
}

/// The random of the first identifies the connection in a key log.
#[test]
fn a_second_hello_does_not_rename_the_connection() {
    let (heard, _) = handshake(Policy::new(), Policy::new());
    let hello = heard.pieces().next().unwrap().1.to_vec();
    let mut second = hello.clone();
    second[11..43].fill(9);
    let study = study(Conversation::of_streams("", &[&hello[..], &second].concat(), &[]), "");
    assert_eq!(study.connections[0].client_random.unwrap(), hello[11..43]);
}

#[test]
fn nothing_of_tls_1_2_is_read_as_tls_1_3_on_either_side() {
    let (heard, _) = handshake(Policy::new(), Policy::new());
    let hello = heard.pieces().next().unwrap().1;
    let client = [hello, &record(22, &message(16, &[7; 32])), &record(23, &[7; 40])].concat();
    let server = [record(22, &server_hello(0x0303, &[])), record(23, &[7; 40])].concat();
    let study = study(Conversation::of_streams("", &client, &server), "");
    let not_explained = study.connections[0].records.iter().filter_map(|record| record.unopened.as_ref());
    let said: Vec<_> = not_explained.map(|text| &*text.en).collect();
    assert_eq!(said, ["this connection is not TLS 1.3: only its hellos are explained"; 2], "one of each end");
    let said = problems(&study.connections[0]);
    assert!(!said.iter().any(|text| text.contains("secret") || text.contains("key log")), "{said:?}");
}

/// RFC 9846 §4.3.10: a server drops early data, and what follows it has its numbers from 0 on.
#[test]
fn early_data_that_nobody_opens_does_not_count() {
    let (heard, log) = handshake(Policy::new(), Policy::new());
    let stream = |role| heard.pieces().filter(move |(from, _)| *from == role).flat_map(|(_, bytes)| bytes.to_vec());
    let (client, server): (Vec<u8>, Vec<u8>) = (stream(Role::Client).collect(), stream(Role::Server).collect());
    let len = 5 + usize::from(u16::from_be_bytes([client[3], client[4]]));
    let (hello, rest) = client.split_at(len);
    // The extension early_data, empty, at the end: record, message and extensions are four bytes longer.
    let mut offers = [hello, &[0, 42, 0, 0]].concat();
    let suites = 44 + usize::from(offers[43]);
    let after_suites = suites + 2 + usize::from(u16::from_be_bytes([offers[suites], offers[suites + 1]]));
    for at in [3, 7, after_suites + 1 + usize::from(offers[after_suites])] {
        let longer = u16::from_be_bytes([offers[at], offers[at + 1]]) + 4;
        offers[at..at + 2].copy_from_slice(&longer.to_be_bytes());
    }
    let early = record(23, &[7; 40]).repeat(2);
    for (hello, early, opens) in
        [(hello, &[][..], true), (&offers, &early, true), (&offers, &[], true), (hello, &early, false)]
    {
        let study = study(Conversation::of_streams("", &[hello, early, rest].concat(), &server), &log);
        assert_tiled(&study);
        let finished = study.connections[0]
            .messages
            .iter()
            .any(|message| message.sender == Role::Client && message.name == "finished");
        let said = problems(&study.connections[0]).join("; ");
        assert_eq!(said.contains("early data (0-RTT), which is not opened here"), opens && !early.is_empty(), "{said}");
        assert_eq!(finished, opens, "{:?}", study.connections[0].problems);
    }
}

/// The key log has what a connection used; from where it was computed, only private keys lead there.
#[test]
fn what_is_missing_of_the_key_schedule_says_why() {
    let missing = |connection: &Connection, name: &str| -> String {
        let secret = connection.secrets.iter().find(|secret| secret.name == name).unwrap();
        let Value::Missing(why) = &secret.value else { panic!("{name} is known") };
        why.en.to_string()
    };
    let (heard, log) = handshake(Policy::new(), Policy::new());
    let [hello, answer] = [0, 1].map(|place| heard.pieces().nth(place).unwrap().1.to_vec());
    let whole = study(heard, &log);
    let private = missing(&whole.connections[0], "handshake_derived_secret");
    assert!(private.contains("private key"), "{private}");
    let hellos = study(Conversation::of_streams("", &hello, &answer), "");
    let not_logged = missing(&hellos.connections[0], "client_handshake_traffic_secret");
    assert!(not_logged.contains("key log"), "{not_logged}");
    let not_reached = missing(&hellos.connections[0], "client_application_traffic_secret_0");
    assert!(!not_reached.contains("key log") && not_reached != private, "{not_reached}");
}

#[test]
fn a_shared_secret_is_made_from_the_shares_of_the_chosen_group() {
    let [x25519, p256] = [NamedGroup::X25519, NamedGroup::SECP256R1];
    for (shares, chosen, len) in [([x25519, p256], p256, 65), ([p256, x25519], x25519, 32)] {
        let (heard, log) = handshake(Policy::new().key_shares(&shares), Policy::new().groups(&[chosen]));
        let study = study(heard, &log);
        let secret = study.connections[0].secrets.iter().find(|secret| secret.name == "shared_secret").unwrap();
        let spans = secret.inputs.iter().filter_map(|input| match input {
            Input::Span { name, space, len, .. } => Some((&**name, study.connections[0].spaces[*space].sender, *len)),
            _ => None,
        });
        assert!(
            spans.eq([("client key_share", Role::Client, len), ("server key_share", Role::Server, len)]),
            "{:?}",
            secret.inputs
        );
    }
}

#[test]
fn padding_is_shown_as_zeros() {
    let policy = || Policy::new().published_key_exchange().padding(Padding::Multiple(64));
    let study = fixed(policy(), policy(), Verdict::Accept);
    assert_tiled(&study);
    let zeros: Vec<_> = named(&study.connections[0], "zeros").into_iter().map(|field| &*field.value).collect();
    assert_eq!(zeros, ["54 bytes", "43 bytes"], "9 and 20 bytes of data, and their types");
}
