//! A server may have other rules for another name, or for another protocol: nobody gets in by the one that is forgotten.

use super::case::{Case, Right, case};
use super::who::Who;
use crate::adversary::peer::extensions;
use crate::adversary::script::{Change, Step, instead, legal};
use crate::codec::{ExtensionType as E, HandshakeType as H};
use crate::role::Role;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// A name that no server has (RFC 6761 §6.4), and a protocol that none speaks.
const UNKNOWN_NAME: &[u8] = b"countersign-probe.invalid";
const UNKNOWN_PROTOCOL: &[u8] = b"countersign-probe";

pub(super) fn cases(target: Role) -> Vec<Case> {
    if target == Role::Client {
        return Vec::new();
    }
    let change = |(extension, body)| Change::Set(extension, body);
    let name = extensions(|w| w.server_name(UNKNOWN_NAME)).into_iter().map(change);
    let protocol = extensions(|w| w.protocols([UNKNOWN_PROTOCOL])).into_iter().map(change);
    let (names, protocols) = ("RFC 6066 §11.1", "RFC 7301 §3.2");
    let rows: [(&str, _, _, Vec<Change>); 5] = [
        ("server_name/none", names, "that named no server", vec![Change::Without(E::SERVER_NAME)]),
        ("server_name/unknown", names, "that named another server", name.collect()),
        ("server_name/in-capitals", names, "that wrote the server's name in capitals", vec![Change::NameInCapitals]),
        (
            "alpn/none",
            protocols,
            "that offered no application protocol",
            vec![Change::Without(E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION)],
        ),
        ("alpn/unknown", protocols, "that offered an unknown application protocol", protocol.collect()),
    ];
    let nobody = instead(legal(Role::Client), H::CERTIFICATE_VERIFY, []);
    let nobody = instead(nobody, H::CERTIFICATE, [Step::Changed(H::CERTIFICATE, vec![Change::NoCertificates])]);
    let mut cases = Vec::new();
    for (name, rule, which, changes) in rows {
        // Who knows no such name or protocol may refuse it for that (RFC 6066 §3, RFC 7301 §3.2).
        let case = |name: String, script, with| {
            let script = instead(script, H::CLIENT_HELLO, [Step::Changed(H::CLIENT_HELLO, changes.clone())]);
            case(target, name, script, rule, Right::Refuse(&[])).so(format!("a client {with} was served {which}"))
        };
        cases.push(case(name.into(), nobody.clone(), "without any certificate").quick());
        let other_ca = case(format!("{name}-other-ca"), legal(Role::Client), "with a certificate of another CA");
        cases.push(other_ca.by(Who::OtherCa));
    }
    cases
}
