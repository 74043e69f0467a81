//! What HTTP adds to the cases of other names and protocols: another Host, and HTTP/2.

use crate::h2;
use crate::resembling::ELSEWHERE;
use countersign::adversary::catalogue::{Case, all};
use countersign::adversary::run::Outcome;
use countersign::adversary::script::{Change, Step};
use countersign::{ExtensionType, HandshakeType, Role};

const OTHER_SITE: &str = "server_name/unknown-and-its-site";
const H2: &str = "alpn/h2";

/// The question that is asked by default.
pub(crate) fn get(host: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: countersign-probe\r\nConnection: close\r\n\r\n").into_bytes()
}

/// Cases of the catalogue that are played with another question.
pub(crate) fn cases() -> Vec<Case> {
    let cases = all(Role::Server);
    let like = |name: &str| cases.iter().find(|case| case.name == name).cloned();
    let mut site = Vec::from_iter(like("server_name/unknown"));
    for case in &mut site {
        case.name = OTHER_SITE.into();
        case.consequence =
            "a client without any certificate was served the site of an unknown name. If everybody may see that, \
                            give words of it by --refusal"
                .into();
    }
    let mut h2 = Vec::from_iter(like("alpn/unknown"));
    for case in &mut h2 {
        case.name = H2.into();
        case.consequence = "a client without any certificate was served that spoke HTTP/2".into();
        let offer = Change::Set(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, vec![0, 3, 2, b'h', b'2']);
        for step in &mut case.script {
            if let Step::Changed(HandshakeType::CLIENT_HELLO, changes) = step {
                *changes = vec![offer.clone()];
            }
        }
    }
    site.into_iter().chain(h2).collect()
}

/// What is asked in this case, where `ask` is asked in the others.
pub(crate) fn question(case: &Case, ask: &[u8]) -> Vec<u8> {
    match case.name.as_str() {
        OTHER_SITE => get(ELSEWHERE),
        H2 => {
            let text = String::from_utf8_lossy(ask);
            h2::get(text.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default())
        }
        _ => ask.to_vec(),
    }
}

/// The outcome as if HTTP/1.1 had been spoken. A redirection to the right site serves nobody.
pub(crate) fn heard(case: &Case, mut outcome: Outcome) -> Outcome {
    if case.name == H2 && !outcome.answer.starts_with(b"HTTP/1") {
        let said = [&outcome.unasked[..], &outcome.answer].concat();
        outcome.unasked.clear();
        outcome.answer =
            h2::status(&said).map(|status| format!("HTTP/2 {status} \r\n").into_bytes()).unwrap_or_default();
    }
    if case.name == OTHER_SITE && outcome.answer.get(9) == Some(&b'3') {
        outcome.answer.clear();
    }
    outcome
}
