//! Every extension in every block: absent, twice, where it may not be, empty, broken; and the entries of Certificate.

use super::case::{Case, DECODE, Right, bent};
use crate::adversary::script::Change;
use crate::codec::{AlertDescription as A, EXTENSION_TABLE, ExtensionType as E, HandshakeType as H, Place, may_stand};
use crate::role::Role;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

const MISSING: &[A] = &[A::MISSING_EXTENSION, A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE, A::ILLEGAL_PARAMETER];

/// A block of extensions: the message, and what the legal one has in it.
struct Block {
    message: H,
    place: Place,
    has: &'static [E],
}

const CLIENT_HELLO: Block = Block {
    message: H::CLIENT_HELLO,
    place: Place::ClientHello,
    has: &[E::SERVER_NAME, E::SUPPORTED_GROUPS, E::SIGNATURE_ALGORITHMS, E::SUPPORTED_VERSIONS, E::KEY_SHARE],
};
const SERVER_HELLO: Block =
    Block { message: H::SERVER_HELLO, place: Place::ServerHello, has: &[E::SUPPORTED_VERSIONS, E::KEY_SHARE] };
const ENCRYPTED_EXTENSIONS: Block =
    Block { message: H::ENCRYPTED_EXTENSIONS, place: Place::EncryptedExtensions, has: &[] };
const CERTIFICATE_REQUEST: Block =
    Block { message: H::CERTIFICATE_REQUEST, place: Place::CertificateRequest, has: &[E::SIGNATURE_ALGORITHMS] };

pub(super) fn cases(target: Role) -> Vec<Case> {
    let mut cases = Vec::new();
    match target {
        Role::Server => {
            cases.extend(block(target, &CLIENT_HELLO));
        }
        Role::Client => {
            for each in [SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE_REQUEST] {
                cases.extend(block(target, &each));
            }
        }
    }
    cases.extend(entries(target));
    cases
}

fn name_of(extension: E) -> &'static str {
    extension.name().unwrap_or("unknown")
}

/// Every extension that is known, in this block.
fn block(target: Role, block: &Block) -> Vec<Case> {
    let bent = |name: alloc::string::String, change, right| bent(target, block.message, &name, vec![change], right);
    let mut cases = Vec::new();
    for extension in block.has {
        let (extension, name) = (*extension, name_of(*extension));
        // A server need not look at a name at all.
        let optional = extension == E::SERVER_NAME;
        let refuse = |alerts: &'static [A]| if optional { Right::Either(alerts) } else { Right::Refuse(alerts) };
        let broken = |what: &str, change, alerts| {
            bent(format!("{name}-{what}"), change, refuse(alerts)).req(&["9846-4.3-2", "9846-6-6"])
        };
        cases.extend([
            bent(
                format!("{name}-twice"),
                Change::Twice(extension),
                refuse(&[A::ILLEGAL_PARAMETER, A::DECODE_ERROR, A::UNSUPPORTED_EXTENSION]),
            )
            .req(&["9846-4.3-7"]),
            broken("empty", Change::Set(extension, vec![]), DECODE),
            broken("one-byte-too-long", Change::Lengthen(extension), DECODE),
            broken("one-byte-short", Change::Shorten(extension), DECODE),
            broken("of-ones", Change::Set(extension, vec![0xff; 5]), DECODE_OR_NO_VERSION),
        ]);
        if !optional {
            let without = bent(format!("{name}-absent"), Change::Without(extension), Right::Refuse(MISSING));
            cases.push(without.req(&["9846-9.2-10", "9846-9.2-11", "9846-4.3.3-3", "9846-E.2-3", "9846-4.4.2-4"]));
        }
    }
    for (extension, _) in EXTENSION_TABLE.iter().filter(|(extension, _)| !block.has.contains(extension)) {
        let name = name_of(*extension);
        let answers = !matches!(block.place, Place::ClientHello | Place::CertificateRequest);
        if may_stand(*extension, block.place) == Some(false) {
            let forbidden: &[A] = &[A::ILLEGAL_PARAMETER, A::UNSUPPORTED_EXTENSION, A::DECODE_ERROR];
            // Who does not know it ignores it, or refuses an answer to nothing that it asked for.
            let right =
                if answers && is_basic(*extension) { Right::Refuse(forbidden) } else { Right::Either(forbidden) };
            cases.push(bent(format!("{name}-forbidden-here"), Change::Push(*extension, vec![]), right).req(&[
                "9846-4.3-5",
                "9846-4.4.1-2",
                "9846-4.4.1-3",
            ]));
        } else {
            const ANY: &[A] = &[
                A::DECODE_ERROR,
                A::ILLEGAL_PARAMETER,
                A::UNSUPPORTED_EXTENSION,
                A::MISSING_EXTENSION,
                A::NO_APPLICATION_PROTOCOL,
                A::UNSUPPORTED_CERTIFICATE,
                A::HANDSHAKE_FAILURE,
                A::RECORD_OVERFLOW,
                A::UNEXPECTED_MESSAGE,
            ];
            cases.push(
                bent(format!("{name}-broken"), Change::Push(*extension, vec![0xff; 3]), Right::Either(ANY)).req(&[
                    "9846-4.3-2",
                    "9846-4.3-4",
                    "8449-4-7",
                    "7301-3.1-1",
                    "6066-3-5",
                ]),
            );
        }
    }
    let unknown = Change::Push(E(0x5a4b), vec![1, 2, 3]);
    let ignored = ["9846-4.2.2-15", "9846-9.3-2", "9846-4.4.2-5", "9846-9.3-3"];
    cases.push(match block.place {
        Place::ClientHello | Place::CertificateRequest => {
            let mut case = bent("unknown-extension".into(), unknown, Right::Serve);
            case.requirements.extend(ignored);
            case
        }
        _ => {
            bent("unknown-extension".into(), unknown, Right::Refuse(&[A::UNSUPPORTED_EXTENSION, A::ILLEGAL_PARAMETER]))
                .req(&["9846-4.3-4"])
        }
    });
    cases.push(bent(
        "no-extensions".into(),
        Change::NoExtensions,
        Right::Refuse(&[
            A::DECODE_ERROR,
            A::MISSING_EXTENSION,
            A::PROTOCOL_VERSION,
            A::ILLEGAL_PARAMETER,
            A::HANDSHAKE_FAILURE,
        ]),
    ));
    cases
}

/// A supported_versions that names no version may be no version at all.
const DECODE_OR_NO_VERSION: &[A] = &[A::DECODE_ERROR, A::ILLEGAL_PARAMETER, A::PROTOCOL_VERSION];

/// Whoever speaks TLS 1.3 knows these.
fn is_basic(extension: E) -> bool {
    matches!(extension, E::SIGNATURE_ALGORITHMS | E::SUPPORTED_VERSIONS | E::KEY_SHARE | E::PRE_SHARED_KEY)
}

/// Certificates' entries and context.
fn entries(target: Role) -> Vec<Case> {
    let bent = |name: &str, changes: Vec<Change>, right| bent(target, H::CERTIFICATE, name, changes, right);
    // If it was asked for, it is a bad response (RFC 6066 §8).
    let unasked = Right::Either(&[
        A::UNSUPPORTED_EXTENSION,
        A::ILLEGAL_PARAMETER,
        A::DECODE_ERROR,
        A::BAD_CERTIFICATE_STATUS_RESPONSE,
    ]);
    let mut cases = vec![
        bent(
            "context-not-asked-for",
            vec![Change::Context(vec![1, 2, 3])],
            Right::Refuse(&[A::ILLEGAL_PARAMETER, A::DECODE_ERROR]),
        )
        .req(&["9846-4.5.1-5"]),
        bent("list-too-long", vec![Change::Overwrite(1, vec![0xff])], Right::Refuse(DECODE)).may_wait(),
        bent(
            "entry-with-unknown-extension",
            vec![Change::EntryExtension(E(0x5a4b), vec![1])],
            Right::Refuse(&[A::UNSUPPORTED_EXTENSION, A::ILLEGAL_PARAMETER]),
        )
        .lax()
        .req(&["9846-4.3-4", "9846-4.5.1-6", "9846-4.5.1-7"]),
        bent(
            "of-garbage",
            vec![Change::Body([&[0, 0, 0, 9, 0, 0, 4][..], &[1, 2, 3, 4, 0, 0]].concat())],
            Right::Refuse(&[
                A::BAD_CERTIFICATE,
                A::DECODE_ERROR,
                A::UNSUPPORTED_CERTIFICATE,
                A::CERTIFICATE_UNKNOWN,
                A::UNKNOWN_CA,
                A::ILLEGAL_PARAMETER,
                A::DECRYPT_ERROR,
            ]),
        )
        .req(&["9846-4.5.1.2-1", "9846-4.5.1.2-8"]),
        bent(
            "of-an-empty-entry",
            vec![Change::Body(vec![0, 0, 0, 5, 0, 0, 0, 0, 0])],
            Right::Refuse(&[A::DECODE_ERROR, A::BAD_CERTIFICATE, A::ILLEGAL_PARAMETER]),
        ),
        bent("whole-body-of-ones", vec![Change::Body(vec![0xff; 64])], Right::Refuse(DECODE)).may_wait(),
    ];
    for (extension, name) in [
        (E::STATUS_REQUEST, "status-request"),
        (E::SIGNED_CERTIFICATE_TIMESTAMP, "timestamps"),
        (E::SERVER_NAME, "server-name"),
        (E::KEY_SHARE, "key-share"),
        (E::SUPPORTED_VERSIONS, "supported-versions"),
        (E::EARLY_DATA, "early-data"),
    ] {
        let name = format!("entry-with-{name}");
        cases.push(bent(&name, vec![Change::EntryExtension(extension, vec![1, 0, 0, 1, 7])], unasked).req(&[
            "9846-4.5.1.1-1",
            "9846-4.5.1.1-5",
            "9846-4.5.1-6",
            "9846-4.5.1-7",
        ]));
    }
    cases
}
