//! Exported authenticators (RFC 9261) in application data are detected, and computed again.

use crate::common::{NEXT, SUITES, asked, prove, request};
use crate::end::{End, seed};
use crate::heard::{assert_tiled, key_log, study, talk};
use countersign::authenticator::Authenticators;
use countersign::study::{Connection, Conversation, Study, Text, Value, html};
use countersign::trace::KeyLogLine;
use countersign::{CipherSuite, Policy, Role, Session};

/// A connection, and what is said in it.
struct Talk {
    ends: [End<'static>; 2],
    sessions: [Session; 2],
    /// The client's and the server's.
    ours: [Authenticators<Policy>; 2],
    heard: Conversation,
}

impl Talk {
    fn new(suite: CipherSuite) -> Talk {
        let policy = || Policy::new().cipher_suites(&[suite]);
        let mut ends = [Role::Client, Role::Server].map(|role| End::new(role, policy(), &crate::common::FIRST));
        let mut heard = Conversation::new("");
        talk(&mut ends, &mut heard);
        let sessions = ends.each_mut().map(|end| end.hs.finish().unwrap());
        let ours = [(0, 3), (1, 4)].map(|(side, number)| {
            let session: &Session = &sessions[side];
            session.authenticators(policy(), &seed(number)).unwrap()
        });
        Talk { ends, sessions, ours, heard }
    }

    fn say(&mut self, side: usize, message: &[u8]) {
        let end = &mut self.ends[side];
        self.sessions[side].write(message, &mut end.tx).unwrap();
        let bytes = end.sends();
        self.heard.add(end.hs.role(), &bytes);
    }

    /// Asks, and gives what must be proved.
    fn asks(&mut self, side: usize) -> Vec<u8> {
        let (_, message) = request(&mut self.ours[side]);
        self.say(side, &message);
        message
    }

    /// `exporter`: whether the key log has the exporter secret.
    fn study(self, exporter: bool) -> Study {
        let mut log = key_log(&self.ends);
        if exporter {
            let (label, secret) = ("EXPORTER_SECRET", self.sessions[0].exporter().expose_secret());
            log += &format!("{}\n", KeyLogLine { label, client_random: self.ends[0].hs.client_random(), secret });
        }
        study(self.heard, &log)
    }
}

/// A connection in which both ends have proved their identities again, and then sent data. `change` may change a
/// message before it is sent.
fn proved_again(suite: CipherSuite, exporter: bool, change: impl Fn(&mut Vec<u8>)) -> Study {
    proved_often(suite, exporter, 1, change)
}

/// The same, with each authenticator sent `times` times.
fn proved_often(suite: CipherSuite, exporter: bool, times: usize, change: impl Fn(&mut Vec<u8>)) -> Study {
    let mut talk = Talk::new(suite);
    for (asks, proves) in [(1, 0), (0, 1)] {
        let message = talk.asks(asks);
        let proving = asked(&mut talk.ours[proves], &message);
        let mut message = prove(&talk.ours[proves], proving, &NEXT);
        change(&mut message);
        for _ in 0..times {
            talk.say(proves, &message);
        }
    }
    talk.say(0, b"\x14 is no Finished");
    talk.study(exporter)
}

fn verdicts(connection: &Connection) -> Vec<(&str, Option<bool>)> {
    let proofs = connection.checks.iter().filter(|check| check.name.contains("authenticator"));
    proofs.map(|check| (check.name.as_str(), check.ok)).collect()
}

const PROOFS: [&str; 4] = [
    "server authenticator 1 CertificateVerify",
    "server authenticator 1 Finished",
    "client authenticator 1 CertificateVerify",
    "client authenticator 1 Finished",
];

#[test]
fn what_both_ends_prove_again_is_computed_again() {
    for suite in [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_256_GCM_SHA384] {
        let study = proved_again(suite, true, |_| ());
        assert_tiled(&study);
        let connection = &study.connections[0];
        assert!(connection.problems.is_empty(), "{:?}", connection.problems);
        assert_eq!(verdicts(connection), PROOFS.map(|name| (name, Some(true))));
        let titles: Vec<_> = connection.records.iter().rev().take(5).rev().map(|record| &*record.title).collect();
        let [request, answer] = ["authenticator_request", "exported_authenticator"];
        assert_eq!(titles, [request, answer, request, answer, "application_data, 16 bytes"]);
    }
}

#[test]
fn a_changed_authenticator_does_not_hold() {
    let study = proved_again(CipherSuite::TLS_AES_128_GCM_SHA256, true, |message| *message.last_mut().unwrap() ^= 1);
    let holds = [Some(true), Some(false), Some(true), Some(false)];
    assert!(verdicts(&study.connections[0]).iter().map(|(_, ok)| *ok).eq(holds));
    assert_eq!(study.connections[0].problems.len(), 2, "each is told");
}

#[test]
fn an_answer_to_a_request_that_was_not_captured_says_so() {
    // Another context: the first byte of certificate_request_context.
    let study = proved_again(CipherSuite::TLS_AES_128_GCM_SHA256, true, |message| message[5] ^= 1);
    let connection = &study.connections[0];
    assert_eq!(verdicts(connection), PROOFS.map(|name| (name, None)));
    let check = connection.checks.iter().find(|check| check.name == PROOFS[0]).unwrap();
    let Value::Missing(why) = &check.expected else { panic!("known") };
    assert!(why.en.contains("not in the capture"));
}

/// RFC 9261 §5: a server may prove unasked; whoever declines sends a Finished only.
#[test]
fn what_is_proved_unasked_or_declined_is_computed_again() {
    let say = |talk: &mut Talk| {
        let proving = talk.ours[1].prove_unasked().unwrap();
        let message = prove(&talk.ours[1], proving, &NEXT);
        talk.say(1, &message);
        talk.asks(0);
        let message = talk.asks(0);
        let mut declined = vec![0; 100];
        let mut proving = asked(&mut talk.ours[1], &message);
        let len = talk.ours[1].decline(&mut proving, &mut declined).unwrap();
        talk.say(1, &declined[..len]);
    };
    let names = [
        "server authenticator 1 CertificateVerify",
        "server authenticator 1 Finished",
        "server authenticator 2 Finished",
    ];
    for suite in SUITES {
        let mut talk = Talk::new(suite);
        say(&mut talk);
        let study = talk.study(true);
        assert_tiled(&study);
        let connection = &study.connections[0];
        assert_eq!(verdicts(connection), names.map(|name| (name, Some(true))));
        let hashes = connection.hashes.iter().filter(|hash| hash.name.contains("authenticator"));
        let hashes: Vec<_> = hashes.map(|hash| (&*hash.name, &*hash.formula)).collect();
        let hash = "Hash(server_authenticator_handshake_context";
        let expected = [
            ("server authenticator 1, ...Certificate", format!("{hash} || Certificate)")),
            ("server authenticator 1, ...CertificateVerify", format!("{hash} || Certificate || CertificateVerify)")),
            (
                "server authenticator 2, ...Certificate without entries",
                format!("{hash} || request || Certificate without entries)"),
            ),
        ];
        assert_eq!(hashes, expected.each_ref().map(|(name, formula)| (*name, &**formula)));
    }
    let mut talk = Talk::new(SUITES[0]);
    say(&mut talk);
    assert_eq!(verdicts(&talk.study(false).connections[0]), names.map(|name| (name, None)));
}

/// Each value is explained by what it is for, not by the end of its name only.
#[test]
fn each_secret_is_explained_by_its_purpose() {
    let study = proved_again(SUITES[0], true, |_| ());
    for role in ["client", "server"] {
        for (name, begins, rfc) in [
            ("handshake_traffic_secret", "Protects this end's part of the handshake", "RFC 9846 §7.1"),
            ("handshake_write_key", "The AEAD key", "RFC 9846 §7.3"),
            ("handshake_write_iv", "XORed with the record's number", "RFC 9846 §7.3"),
            ("finished_key", "The key of the HMAC in this end's Finished", "RFC 9846 §4.5.3"),
            ("application_traffic_secret_0", "Protects this end's application data", "RFC 9846 §7.2"),
            ("authenticator_handshake_context", "Binds what this end proves again", "RFC 9261 §5.1"),
            ("authenticator_finished_key", "The key of the HMAC in this end's authenticators", "RFC 9261 §5.1"),
        ] {
            let name = format!("{role}_{name}");
            let all = &study.connections[0].secrets;
            let secret = all.iter().find(|secret| secret.name == name);
            let secret =
                secret.unwrap_or_else(|| panic!("{name}: {:?}", all.iter().map(|s| &s.name).collect::<Vec<_>>()));
            assert!(secret.text.en.starts_with(begins), "{name}: {}", secret.text.en);
            assert_eq!(secret.rfc, rfc, "{name}");
        }
    }
    let texts = study.connections[0].secrets.iter().map(|secret| (&secret.name, &secret.text.en, &secret.text.es));
    for (name, en, es) in texts {
        assert!(!en.is_empty() && !es.is_empty(), "{name}");
    }
}

/// An end that sends back what the other has proved answers a request of its own, which counts for nothing.
#[test]
fn a_reflected_authenticator_answers_no_request() {
    let mut talk = Talk::new(SUITES[0]);
    let message = talk.asks(0);
    let proving = asked(&mut talk.ours[1], &message);
    let message = prove(&talk.ours[1], proving, &NEXT);
    talk.say(1, &message);
    talk.say(0, &message);
    let expected = [(PROOFS[0], Some(true)), (PROOFS[1], Some(true)), (PROOFS[2], None), (PROOFS[3], None)];
    assert_eq!(verdicts(&talk.study(true).connections[0]), expected);
}

/// A hostile peer may send many, and long ones.
#[test]
fn many_authenticators_are_told_up_to_a_bound_and_the_page_stays_small() {
    let study =
        proved_often(CipherSuite::TLS_AES_128_GCM_SHA256, true, 100, |message| *message.last_mut().unwrap() ^= 1);
    let connection = &study.connections[0];
    assert_eq!(verdicts(connection).len(), 2 * 64 * 2);
    let page = html::render(connection, &Text::new("", ""), &Text::new("", ""));
    assert!(page.len() <= html::MAX_PAGE, "{}", page.len());
    assert!(page.contains("this page would be too long"));
}

#[test]
fn without_the_exporter_secret_it_is_explained_and_says_what_is_missing() {
    let study = proved_again(CipherSuite::TLS_AES_128_GCM_SHA256, false, |_| ());
    let connection = &study.connections[0];
    assert_eq!(verdicts(connection), PROOFS.map(|name| (name, None)));
    let check = connection.checks.iter().find(|check| check.name == PROOFS[3]).unwrap();
    let Value::Missing(why) = &check.expected else { panic!("known") };
    assert!(why.en.contains("EXPORTER_SECRET"));
}

#[test]
fn data_that_only_begins_like_an_authenticator_is_data() {
    let study = proved_again(CipherSuite::TLS_AES_128_GCM_SHA256, true, |message| message.push(0));
    assert_tiled(&study);
    assert!(verdicts(&study.connections[0]).is_empty());
}
