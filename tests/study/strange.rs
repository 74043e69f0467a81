//! What a study says of messages and certificates that are unusual or wrong.

use crate::end::End;
use crate::heard::{assert_tiled, handshake, study};
use crate::identity::Pki;
use countersign::adversary::peer::Peer;
use countersign::adversary::run::{Run, Want};
use countersign::adversary::script::{Over, Step, before, legal};
use countersign::study::{Connection, Conversation, Field, KeyLog, Study};
use countersign::{HandshakeType as H, Policy, Role};

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
