//! Can a stranger get in? Certificates that must not be trusted, proofs that are missing or wrong, data before them.

use super::case::{Case, NOT_TRUSTED, Right, case};
use super::who::Who;
use crate::adversary::peer::{CCS, DATA};
use crate::adversary::script::{Change, Over, Step, after, before, instead, legal};
use crate::codec::{AlertDescription as A, ExtensionType, HandshakeType, SignatureScheme};
use crate::role::{Epoch, Role};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

const CERTIFICATE: HandshakeType = HandshakeType::CERTIFICATE;
const CERTIFICATE_VERIFY: HandshakeType = HandshakeType::CERTIFICATE_VERIFY;
const FINISHED: HandshakeType = HandshakeType::FINISHED;

const DECRYPT_ERROR: Right = Right::Refuse(&[A::DECRYPT_ERROR]);
/// A record under keys that the target does not read with.
const NOT_UNDER_ITS_KEY: Right = Right::Refuse(&[A::BAD_RECORD_MAC, A::UNEXPECTED_MESSAGE]);
const UNEXPECTED: Right = Right::Refuse(&[A::UNEXPECTED_MESSAGE]);

pub(super) fn cases(target: Role) -> Vec<Case> {
    let mut cases = certificates(target);
    cases.extend(missing(target));
    cases.extend(proofs(target));
    cases.extend(finished(target));
    cases.extend(data(target));
    if target == Role::Server {
        cases.extend(versions());
    }
    cases.into_iter().map(Case::quick).collect()
}

/// What happened if the peer got through: `which` says which peer.
fn served(target: Role, which: &str) -> String {
    match target {
        Role::Server => format!("a client {which} was served"),
        Role::Client => format!("the client sent its data to a server {which}"),
    }
}

fn certificates(target: Role) -> Vec<Case> {
    Who::STRANGERS
        .into_iter()
        .filter(|who| *who != Who::WrongName || target == Role::Client)
        .filter_map(|who| {
            let (name, rule, with) = match who {
                Who::Good => ("good", "RFC 9846 §2", "with a good certificate"),
                Who::OtherCa => ("other-ca", "RFC 5280 §6.1", "with a certificate of a CA that nobody trusts"),
                Who::NamesakeCa => {
                    ("namesake-ca", "RFC 5280 §6.1.3", "with a certificate of a forged CA of the same name")
                }
                Who::NamesakeCaOfOtherKeyId => (
                    "namesake-ca-of-other-key-id",
                    "RFC 5280 §6.1.3",
                    "with a certificate of a forged CA of the same name and of another key identifier",
                ),
                Who::NamesakeCaSentAlong => (
                    "namesake-ca-sent-along",
                    "RFC 5280 §6.1.1",
                    "with a certificate of a forged copy of the CA, which it sent along",
                ),
                Who::RightCaSentAlong => (
                    "right-ca-sent-along",
                    "RFC 5280 §6.1.3",
                    "with a certificate of another CA, because it sent the right CA's certificate along",
                ),
                Who::Twin => (
                    "twin",
                    "RFC 5280 §6.1.3",
                    "with a forged copy of a good certificate, of the same serial number and name",
                ),
                Who::SelfSigned => ("self-signed", "RFC 5280 §6.1", "with a certificate that it has signed itself"),
                Who::Expired => ("expired", "RFC 5280 §6.1.3", "with a certificate that has expired"),
                Who::NotYetValid => ("not-yet-valid", "RFC 5280 §6.1.3", "with a certificate that is not valid yet"),
                Who::WrongPurpose => ("wrong-purpose", "RFC 5280 §4.2.1.12", "with a certificate for the other role"),
                Who::WrongKeyUsage => (
                    "wrong-key-usage",
                    "RFC 9846 §4.5.1.2",
                    "with a certificate whose key may not be used for signatures",
                ),
                Who::Revoked => ("revoked", "RFC 5280 §6.3", "with a revoked certificate"),
                Who::Stolen => ("stolen", "RFC 9846 §4.5.2", "with another's certificate, without its key"),
                Who::BadSignature => {
                    ("bad-signature", "RFC 5280 §6.1.3", "with a certificate whose signature is wrong")
                }
                Who::UnknownCritical => {
                    ("unknown-critical", "RFC 5280 §4.2", "with a certificate that has an unknown critical extension")
                }
                Who::IssuedByLeaf => {
                    ("issued-by-leaf", "RFC 5280 §6.1.4", "with a certificate that an end entity has issued")
                }
                Who::Constrained => {
                    ("constrained", "RFC 5280 §4.2.1.10", "with a name that the CA's constraints exclude")
                }
                Who::PathTooLong => ("path-too-long", "RFC 5280 §6.1.4", "below more CAs than the path length allows"),
                Who::ExpiredIntermediate => {
                    ("expired-intermediate", "RFC 5280 §6.1.3", "below an intermediate CA that has expired")
                }
                Who::RevokedIntermediate => {
                    ("revoked-intermediate", "RFC 5280 §6.1.3", "below an intermediate CA that is revoked")
                }
                Who::WrongName => ("wrong-name", "RFC 9525 §6", "with a certificate for another name"),
                Who::GoodWithoutIssuer | Who::Resembling(..) | Who::MustBeRefused(_) => return None,
            };
            let right = match who {
                Who::Stolen => DECRYPT_ERROR,
                // No RFC names one.
                Who::WrongKeyUsage => Right::Refuse(&[]),
                // Names are the application's business: it may close in its own way.
                Who::WrongName => Right::Refuse(&[]),
                _ => NOT_TRUSTED,
            };
            let case = case(target, format!("certificate/{name}"), legal(target.peer()), rule, right)
                .by(who)
                .req(if who == Who::WrongKeyUsage { &["9846-4.5.1.2-3"] } else { &["9846-4.5.1.2-8"] })
                .so(served(target, with));
            // It is the holder's own, for another use.
            Some(if who == Who::WrongKeyUsage { case.lax() } else { case })
        })
        .collect()
}

/// Certificates and proofs that do not come at all.
fn missing(target: Role) -> Vec<Case> {
    let script = || legal(target.peer());
    let nobody = served(target, "without any certificate");
    let no_key = served(target, "that did not prove to have its key");
    let empty = || vec![Step::Changed(CERTIFICATE, vec![Change::NoCertificates])];
    let none = match target {
        Role::Server => Right::Refuse(&[A::CERTIFICATE_REQUIRED, A::BAD_CERTIFICATE, A::HANDSHAKE_FAILURE]),
        Role::Client => Right::Refuse(&[A::DECODE_ERROR]),
    };
    let without_proof = |script| instead(script, CERTIFICATE_VERIFY, []);
    vec![
        case(
            target,
            "certificate/none",
            without_proof(instead(script(), CERTIFICATE, empty())),
            "RFC 9846 §4.5.1.3",
            none,
        )
        .so(nobody.clone()),
        case(
            target,
            "certificate/none-but-a-proof",
            instead(script(), CERTIFICATE, empty()),
            "RFC 9846 §4.5.1.3",
            none_or_unexpected(target),
        )
        .so(nobody.clone()),
        case(
            target,
            "certificate/dropped",
            without_proof(instead(script(), CERTIFICATE, [])),
            "RFC 9846 §4.5.1",
            UNEXPECTED,
        )
        .req(&["9846-4.5.1.3-1", "9846-4.5.1-12", "9846-4.5.1-3"])
        .so(nobody.clone()),
        case(target, "certificate_verify/dropped", without_proof(script()), "RFC 9846 §4.5.2", UNEXPECTED)
            .so(no_key.clone()),
        case(
            target,
            "certificate_verify/before-certificate",
            before(without_proof(script()), CERTIFICATE, [Step::Send(CERTIFICATE_VERIFY)]),
            "RFC 9846 §4.5.2",
            UNEXPECTED,
        )
        .so(no_key.clone()),
        case(
            target,
            "certificate/empty-after-a-good-one",
            after(script(), CERTIFICATE_VERIFY, empty()),
            "RFC 9846 §4.5",
            UNEXPECTED,
        )
        .so(nobody),
    ]
}

fn none_or_unexpected(target: Role) -> Right {
    match target {
        Role::Server => {
            Right::Refuse(&[A::CERTIFICATE_REQUIRED, A::BAD_CERTIFICATE, A::HANDSHAKE_FAILURE, A::UNEXPECTED_MESSAGE])
        }
        Role::Client => Right::Refuse(&[A::DECODE_ERROR]),
    }
}

/// CertificateVerify that proves nothing.
fn proofs(target: Role) -> Vec<Case> {
    let role = target.peer();
    let section = "RFC 9846 §4.5.2";
    let ids = &["9846-4.5.2-4", "9846-4.5.2-5", "9846-4.5.2-6", "9846-4.5.2-7", "9846-4.5.2-8", "9846-4.5.2-9"];
    let no_key = served(target, "that did not prove to have its key");
    let signed = |name: &str, step: Step, right| {
        let script = before(legal(role), CERTIFICATE_VERIFY, [step]);
        case(target, format!("certificate_verify/{name}"), script, section, right).req(ids).so(no_key.clone())
    };
    let changed = |name: &str, change: Change, right| {
        let script = instead(legal(role), CERTIFICATE_VERIFY, [Step::Changed(CERTIFICATE_VERIFY, vec![change])]);
        case(target, format!("certificate_verify/{name}"), script, section, right).req(ids).so(no_key.clone())
    };
    let scheme = |scheme: SignatureScheme| Change::Overwrite(0, scheme.0.to_be_bytes().to_vec());
    let mut cases = vec![
        signed("context-of-the-other-role", Step::SignAs(target), DECRYPT_ERROR),
        signed("without-certificate", Step::SignOver(Over::WithoutCertificate), DECRYPT_ERROR),
        signed("over-nothing", Step::SignOver(Over::Nothing), DECRYPT_ERROR),
        signed("of-another-connection", Step::SignOver(Over::AnotherConnection), DECRYPT_ERROR),
        changed("flipped", Change::Flip(0), Right::Refuse(&[A::DECRYPT_ERROR, A::DECODE_ERROR, A::BAD_CERTIFICATE])),
        changed(
            "empty-signature",
            Change::Body(vec![4, 3, 0, 0]),
            Right::Refuse(&[A::DECRYPT_ERROR, A::DECODE_ERROR, A::ILLEGAL_PARAMETER]),
        ),
        changed(
            "no-scheme",
            scheme(SignatureScheme(0)),
            Right::Refuse(&[A::ILLEGAL_PARAMETER, A::DECRYPT_ERROR, A::HANDSHAKE_FAILURE]),
        ),
        changed(
            "scheme-of-tls12",
            scheme(SignatureScheme::RSA_PKCS1_SHA256),
            Right::Refuse(&[A::ILLEGAL_PARAMETER, A::DECRYPT_ERROR, A::HANDSHAKE_FAILURE]),
        ),
    ];
    if target == Role::Server {
        let mirror = instead(legal(role), CERTIFICATE, [Step::Reflect(CERTIFICATE)]);
        let mirror = instead(mirror, CERTIFICATE_VERIFY, [Step::Reflect(CERTIFICATE_VERIFY)]);
        let right = Right::Refuse(&[
            A::DECRYPT_ERROR,
            A::BAD_CERTIFICATE,
            A::UNSUPPORTED_CERTIFICATE,
            A::CERTIFICATE_UNKNOWN,
            A::UNKNOWN_CA,
            A::ILLEGAL_PARAMETER,
            A::HANDSHAKE_FAILURE,
        ]);
        cases.push(
            case(target, "certificate_verify/reflected", mirror, section, right)
                .so("a client that sent the server's own certificate and proof back was served"),
        );
    }
    cases
}

/// Finished that is not there, or is not right.
fn finished(target: Role) -> Vec<Case> {
    let role = target.peer();
    let section = "RFC 9846 §4.5.3";
    let so = served(target, "whose Finished did not bind it to this handshake");
    let changed = |name: &str, change: Change, right| {
        let script = instead(legal(role), FINISHED, [Step::Changed(FINISHED, vec![change])]);
        case(target, format!("finished/{name}"), script, section, right)
            .req(&["9846-4.5.3-1", "9846-4.5.3-2"])
            .so(so.clone())
    };
    let wrong_size = Right::Refuse(&[A::DECODE_ERROR, A::DECRYPT_ERROR]);
    let mut cases = vec![
        changed("flipped", Change::Flip(0), DECRYPT_ERROR),
        changed("empty", Change::Body(vec![]), wrong_size),
        changed("short", Change::Truncate(1), wrong_size),
        changed("long", Change::Append(vec![0]), wrong_size),
        changed("zeros", Change::Body(vec![0; 32]), wrong_size),
    ];
    let dropped = |name: &str, instead_of_it: Vec<Step>, right| {
        case(target, format!("finished/{name}"), instead(legal(role), FINISHED, instead_of_it), section, right)
            .so(so.clone())
    };
    if target == Role::Server {
        cases.extend([
            dropped("dropped", vec![Step::Key(Epoch::Application)], NOT_UNDER_ITS_KEY),
            dropped("dropped-under-the-old-key", vec![], UNEXPECTED),
            dropped("reflected", vec![Step::Reflect(FINISHED)], DECRYPT_ERROR),
        ]);
    } else {
        cases.push(dropped("dropped", vec![], Right::Refuse(&[])).may_wait());
    }
    cases
}

/// Application data at other times than after both Finished.
fn data(target: Role) -> Vec<Case> {
    let role = target.peer();
    let words = String::from("application data was taken before the handshake was complete");
    let early = |name: &str, steps: Vec<Step>, at: HandshakeType, right| {
        let script = before(legal(role), at, steps);
        case(target, format!("data/{name}"), script, "RFC 9846 §5", right)
            .req(&["9846-2-2", "9846-5-5"])
            .so(words.clone())
    };
    let data = || Step::Record(DATA, b"GET / HTTP/1.1\r\n\r\n".to_vec());
    let mut cases = vec![
        early("before-certificate", vec![data()], CERTIFICATE, UNEXPECTED),
        early("before-certificate-verify", vec![data()], CERTIFICATE_VERIFY, UNEXPECTED),
        early("before-finished", vec![data()], FINISHED, UNEXPECTED),
        early(
            "in-plaintext",
            vec![Step::Plain(DATA, b"GET / HTTP/1.1\r\n\r\n".to_vec())],
            CERTIFICATE,
            NOT_UNDER_ITS_KEY,
        ),
    ];
    if target == Role::Server {
        let hello = || legal(role).into_iter().take(2);
        cases.extend([
            case(target, "data/before-it-has-judged", hello().collect(), "RFC 9846 §4.5", Right::Refuse(&[]))
                .may_wait()
                .so("the server sends application data to a client that has not shown a certificate"),
            case(
                target,
                "data/without-any-proof",
                hello().chain([Step::Key(Epoch::Application), Step::Ask]).collect(),
                "RFC 9846 §4.5",
                NOT_UNDER_ITS_KEY,
            )
            .so("a client that sent nothing but a ClientHello was served"),
            case(
                target,
                "close/data-after-close_notify",
                after(legal(role), FINISHED, [Step::Alert(1, A::CLOSE_NOTIFY)]),
                "RFC 9846 §6.1",
                Right::Refuse(&[]),
            )
            .may_wait()
            .req(&["9846-6.1-1"])
            .so("data was taken that came after close_notify"),
            case(
                target,
                "close/data-after-a-fatal-alert",
                after(legal(role), FINISHED, [Step::Alert(2, A::INTERNAL_ERROR)]),
                "RFC 9846 §6.2",
                Right::Refuse(&[]),
            )
            .may_wait()
            .req(&["9846-6-1", "9846-6.2-1"])
            .so("data was taken that came after a fatal alert"),
        ]);
    }
    cases
}

/// Other versions than TLS 1.3.
fn versions() -> Vec<Case> {
    let hello = |name: &str, changes: Vec<Change>, script: Vec<Step>| {
        let script =
            instead(script, HandshakeType::CLIENT_HELLO, [Step::Changed(HandshakeType::CLIENT_HELLO, changes)]);
        let right = Right::Refuse(&[A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE]);
        case(Role::Server, format!("version/{name}"), script, "RFC 9846 §E.5", right)
            .req(&["9846-E.2-1", "9846-E.2-3", "9846-E.5-3"])
            .so("a client of an older version of TLS was served")
    };
    let legal = || legal(Role::Client);
    let tls12 = vec![0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8];
    let without = Change::Without(ExtensionType::SUPPORTED_VERSIONS);
    vec![
        hello("tls12", vec![without.clone(), Change::Suites(tls12.clone())], legal()),
        hello(
            "tls11",
            vec![
                without.clone(),
                Change::Version(0x0302),
                Change::Suites(vec![0xc009, 0xc00a, 0xc013, 0xc014, 0x002f]),
            ],
            legal(),
        ),
        hello(
            "tls12-listed",
            vec![Change::Set(ExtensionType::SUPPORTED_VERSIONS, vec![2, 3, 3]), Change::Suites(tls12)],
            legal(),
        ),
        case(
            Role::Server,
            "version/nothing-but-change_cipher_spec",
            before(legal(), CERTIFICATE, (0..40).map(|_| Step::Plain(CCS, vec![1]))),
            "RFC 9846 §5",
            Right::Open,
        ),
    ]
}
