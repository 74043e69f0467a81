//! Every field and extension of the messages that have any: absent, twice, where it may not be, empty, broken.

use super::case::{Case, Right, case};
use crate::adversary::peer::GREASE;
use crate::adversary::script::{Change, Step, instead, legal};
use crate::codec::{AlertDescription as A, EXTENSION_TABLE, ExtensionType as E, HandshakeType as H, Place, may_stand};
use crate::role::Role;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

const ILLEGAL: &[A] = &[A::ILLEGAL_PARAMETER];
const DECODE: &[A] = &[A::DECODE_ERROR, A::ILLEGAL_PARAMETER];
const NO_COMMON: &[A] = &[A::HANDSHAKE_FAILURE, A::INSUFFICIENT_SECURITY];
const MISSING: &[A] = &[A::MISSING_EXTENSION, A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE, A::ILLEGAL_PARAMETER];

/// What a share of small order means.
const NO_SECRET: &str = "a connection was made whose secret everybody knows";

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
            cases.extend(client_hello());
        }
        Role::Client => {
            for each in [SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE_REQUEST] {
                cases.extend(block(target, &each));
            }
            cases.extend(server_hello());
        }
    }
    cases.extend(entries(target));
    cases
}

fn bent(target: Role, message: H, name: &str, changes: Vec<Change>, right: Right) -> Case {
    let script = instead(legal(target.peer()), message, [Step::Changed(message, changes)]);
    case(target, format!("{message}/{name}"), script, "RFC 9846 §4.3", right).damaged()
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
            cases.push(without.req(&["9846-9.2-11", "9846-4.3.3-3", "9846-E.2-3", "9846-4.4.2-4"]));
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

fn client_hello() -> Vec<Case> {
    let bent = |name: &str, changes: Vec<Change>, right| bent(Role::Server, H::CLIENT_HELLO, name, changes, right);
    let refuse = Right::Refuse;
    let numbers = |list: &[u16]| crate::adversary::peer::numbers(list);
    let shares = |group: u16, share: &[u8]| crate::adversary::peer::shares(&[(crate::codec::NamedGroup(group), share)]);
    let bad_share: &'static [A] = &[A::ILLEGAL_PARAMETER, A::DECODE_ERROR, A::HANDSHAKE_FAILURE, A::INTERNAL_ERROR];
    vec![
        bent("legacy-version-of-tls11", vec![Change::Version(0x0302)], Right::Either(&[A::PROTOCOL_VERSION])).req(&[
            "9846-4.2.2-7",
            "9846-4.3.1-4",
            "9846-E.5-7",
        ]),
        bent("legacy-version-of-tls13", vec![Change::Version(0x0304)], Right::Either(&[A::PROTOCOL_VERSION]))
            .req(&["9846-4.2.2-7"]),
        bent("legacy-version-of-ssl3", vec![Change::Version(0x0300)], Right::Either(&[A::PROTOCOL_VERSION]))
            .req(&["9846-E.5-3"]),
        bent("session-id-empty", vec![Change::SessionId(vec![])], Right::Serve).req(&["9846-4.2.2-10"]),
        bent("session-id-of-1-byte", vec![Change::SessionId(vec![1])], Right::Serve),
        bent("session-id-of-33-bytes", vec![Change::SessionId(vec![1; 33])], refuse(DECODE)),
        bent(
            "no-suites",
            vec![Change::Suites(vec![])],
            refuse(&[A::DECODE_ERROR, A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE]),
        ),
        bent("unknown-suites-only", vec![Change::Suites(vec![0x13ff, 0x5a5a])], refuse(NO_COMMON))
            .req(&["9846-2.1-1", "9846-4.2.1-4"]),
        bent("suites-of-tls12-only", vec![Change::Suites(vec![0xc02b, 0xc02f])], refuse(NO_COMMON)).req(&[
            "9846-4.2.1-4",
            "9846-E.5-1",
            "9846-E.5-2",
        ]),
        bent("ccm8-only", vec![Change::Suites(vec![0x1305])], refuse(NO_COMMON)),
        bent("unknown-suites-first", vec![Change::Suites(vec![0x5a5a, 0x13ff, 0x1301])], Right::Serve)
            .req(&["9846-4.2.2-11", "9846-9.3-2"]),
        bent("chacha20-only", vec![Change::Suites(vec![0x1303])], Right::Either(NO_COMMON)),
        bent("compression-deflate", vec![Change::Compressions(vec![1])], refuse(ILLEGAL)).req(&["9846-4.2.2-13"]),
        bent("compression-deflate-and-null", vec![Change::Compressions(vec![1, 0])], refuse(ILLEGAL))
            .req(&["9846-4.2.2-13"]),
        bent("compression-none", vec![Change::Compressions(vec![])], refuse(DECODE)).req(&["9846-4.2.2-13"]),
        bent(
            "versions-unknown-first",
            vec![Change::Set(E::SUPPORTED_VERSIONS, vec![6, 0x7a, 0x7a, 3, 5, 3, 4])],
            Right::Serve,
        )
        .req(&["9846-4.3.1-7"]),
        bent(
            "versions-unknown-only",
            vec![Change::Set(E::SUPPORTED_VERSIONS, vec![4, 0x7a, 0x7a, 3, 5])],
            refuse(&[A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE]),
        )
        .req(&["9846-4.3.1-6", "9846-4.3.1-8"]),
        bent(
            "versions-of-ssl3-only",
            vec![Change::Set(E::SUPPORTED_VERSIONS, vec![2, 3, 0])],
            refuse(&[A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE]),
        )
        .req(&["9846-E.5-3"]),
        bent(
            "groups-unknown-only",
            vec![Change::Set(E::SUPPORTED_GROUPS, numbers(&[0x7a7a])), Change::Set(E::KEY_SHARE, vec![0, 0])],
            refuse(NO_COMMON),
        )
        .req(&["9846-4.2.1-1"]),
        bent(
            "groups-empty-list",
            vec![Change::Set(E::SUPPORTED_GROUPS, vec![0, 0])],
            refuse(&[A::DECODE_ERROR, A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE]),
        ),
        bent("groups-odd-length", vec![Change::Set(E::SUPPORTED_GROUPS, vec![0, 3, 0, 29, 0])], refuse(DECODE)),
        bent("schemes-unknown-only", vec![Change::Set(E::SIGNATURE_ALGORITHMS, numbers(&[0x7a7a]))], refuse(NO_COMMON))
            .req(&["9846-4.2.1-4"]),
        bent(
            "schemes-sha1-only",
            vec![Change::Set(E::SIGNATURE_ALGORITHMS, numbers(&[0x0203, 0x0201]))],
            refuse(NO_COMMON),
        )
        .req(&["9846-4.3.3-13", "9846-4.5.2-7"]),
        bent(
            "schemes-empty-list",
            vec![Change::Set(E::SIGNATURE_ALGORITHMS, vec![0, 0])],
            refuse(&[A::DECODE_ERROR, A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE]),
        ),
        bent(
            "share-of-a-group-not-listed",
            vec![Change::Set(E::SUPPORTED_GROUPS, numbers(&[0x17]))],
            refuse(&[A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE]),
        )
        .lax()
        .req(&["9846-4.3.8-12"]),
        bent("share-too-short", vec![Change::Set(E::KEY_SHARE, shares(0x1d, &[9; 31]))], refuse(bad_share))
            .req(&["9846-4.3.8.2-1"]),
        bent("share-too-long", vec![Change::Set(E::KEY_SHARE, shares(0x1d, &[9; 33]))], refuse(bad_share)),
        bent("share-empty", vec![Change::Set(E::KEY_SHARE, shares(0x1d, &[]))], refuse(bad_share)),
        bent("share-of-zeros", vec![Change::Set(E::KEY_SHARE, shares(0x1d, &[0; 32]))], refuse(bad_share))
            .req(&["9846-7.4.2-2"])
            .grave(NO_SECRET),
        bent("share-of-one", vec![Change::Set(E::KEY_SHARE, shares(0x1d, &one()))], refuse(bad_share))
            .req(&["9846-7.4.2-2"])
            .grave(NO_SECRET),
        bent(
            "share-not-on-the-curve",
            vec![Change::Set(E::KEY_SHARE, shares(0x17, &[&[4][..], &[1; 64]].concat()))],
            refuse(bad_share),
        )
        .req(&["9846-4.3.8.2-1"]),
        bent(
            "share-compressed",
            vec![Change::Set(E::KEY_SHARE, shares(0x17, &[&[2][..], &[1; 32]].concat()))],
            refuse(bad_share),
        )
        .req(&["9846-4.3.8.2-1"]),
        bent("share-at-infinity", vec![Change::Set(E::KEY_SHARE, shares(0x17, &[0]))], refuse(bad_share))
            .req(&["9846-4.3.8.2-1"]),
        bent(
            "psk-without-modes",
            vec![Change::Push(E::PRE_SHARED_KEY, psk())],
            refuse(&[A::MISSING_EXTENSION, A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE]),
        )
        .lax()
        .req(&["9846-4.3.9-3"]),
        bent(
            "psk-not-last",
            vec![
                Change::Push(E::PSK_KEY_EXCHANGE_MODES, vec![1, 1]),
                Change::Push(E::PRE_SHARED_KEY, psk()),
                Change::Push(GREASE, vec![]),
            ],
            refuse(ILLEGAL),
        )
        .lax()
        .req(&["9846-4.3.11-11"]),
        bent("early-data-without-psk", vec![Change::Push(E::EARLY_DATA, vec![])], Right::Open).req(&["9846-4.3.10-9"]),
        bent(
            "alpn-unknown",
            vec![Change::Push(E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, vec![0, 4, 3, b'x', b'/', b'1'])],
            Right::Either(&[A::NO_APPLICATION_PROTOCOL]),
        )
        .req(&["7301-3.2-1"]),
        bent(
            "alpn-empty-name",
            vec![Change::Push(E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, vec![0, 1, 0])],
            Right::Either(DECODE),
        )
        .req(&["7301-3.1-2"]),
        bent("record-size-limit-of-63", vec![Change::Push(E::RECORD_SIZE_LIMIT, vec![0, 63])], Right::Either(ILLEGAL))
            .req(&["8449-4-7"]),
        bent("record-size-limit-of-65535", vec![Change::Push(E::RECORD_SIZE_LIMIT, vec![255, 255])], Right::Serve)
            .req(&["8449-4-3"]),
        bent("status-request-v2", vec![Change::Push(E(17), vec![0, 0])], Right::Either(DECODE))
            .req(&["9846-4.5.1.1-2", "9846-4.5.1.1-4"]),
        bent(
            "two-names",
            vec![Change::Set(E::SERVER_NAME, vec![0, 8, 0, 0, 1, b'a', 0, 0, 1, b'b'])],
            Right::Either(&[A::ILLEGAL_PARAMETER, A::DECODE_ERROR, A::UNRECOGNIZED_NAME]),
        )
        .req(&["6066-3-2"]),
        bent("renegotiation-info", vec![Change::Push(E(0xff01), vec![0])], Right::Serve),
        bent("extended-master-secret", vec![Change::Push(E(23), vec![])], Right::Serve),
        bent("padding-of-500-bytes", vec![Change::Push(E::PADDING, vec![0; 500])], Right::Serve),
        bent(
            "grease-everywhere",
            vec![Change::Push(GREASE, vec![]), Change::Suites(vec![0x2a2a, 0x1301])],
            Right::Serve,
        )
        .req(&["9846-9.3-2"]),
        bent("fallback-scsv", vec![Change::Suites(vec![0x1301, 0x5600])], Right::Serve),
        bent(
            "signature-algorithms-cert",
            vec![Change::Push(E::SIGNATURE_ALGORITHMS_CERT, numbers(&[0x0403, 0x0804, 0x0401, 0x0503, 0x0807]))],
            Right::Serve,
        ),
        bent("post-handshake-auth", vec![Change::Push(E::POST_HANDSHAKE_AUTH, vec![])], Right::Serve),
        bent("cookie-that-nobody-gave", vec![Change::Push(E::COOKIE, vec![0, 1, 7])], Right::Open)
            .req(&["9846-4.3.2-2"]),
    ]
}

/// The number one, which has a small order.
fn one() -> [u8; 32] {
    core::array::from_fn(|place| u8::from(place == 0))
}

/// An offer of a PSK that nobody has.
fn psk() -> Vec<u8> {
    [&[0, 10, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0, 0, 33, 32][..], &[7; 32]].concat()
}

fn server_hello() -> Vec<Case> {
    let bent = |name: &str, changes: Vec<Change>, right| bent(Role::Client, H::SERVER_HELLO, name, changes, right);
    let refuse = Right::Refuse;
    let share = |group: u16, share: &[u8]| {
        let [high, low] = group.to_be_bytes();
        [&[high, low, 0, share.len() as u8], share].concat()
    };
    let bad_share: &'static [A] = &[A::ILLEGAL_PARAMETER, A::DECODE_ERROR, A::HANDSHAKE_FAILURE, A::INTERNAL_ERROR];
    let version: &'static [A] = &[A::PROTOCOL_VERSION, A::ILLEGAL_PARAMETER];
    let key_share = |body| vec![Change::Set(E::KEY_SHARE, body)];
    let downgrade = |last| {
        vec![
            Change::Without(E::SUPPORTED_VERSIONS),
            Change::Without(E::KEY_SHARE),
            Change::Overwrite(26, vec![b'D', b'O', b'W', b'N', b'G', b'R', b'D', last]),
        ]
    };
    vec![
        bent("legacy-version-of-tls11", vec![Change::Version(0x0302)], Right::Either(version))
            .req(&["9846-4.2.3-2", "9846-4.3.1-14"]),
        bent("legacy-version-of-tls13", vec![Change::Version(0x0304)], Right::Either(version)).req(&["9846-4.2.3-2"]),
        bent("session-id-not-echoed", vec![Change::SessionId(vec![])], Right::Either(ILLEGAL)).req(&["9846-4.2.3-6"]),
        bent("session-id-another", vec![Change::SessionId(vec![3; 32])], refuse(ILLEGAL)).lax().req(&["9846-4.2.3-6"]),
        bent("session-id-of-33-bytes", vec![Change::SessionId(vec![3; 33])], refuse(DECODE)),
        bent("suite-unknown", vec![Change::Suite(0x13ff)], refuse(ILLEGAL)).req(&["9846-4.2.3-7"]),
        bent("suite-of-tls12", vec![Change::Suite(0xc02f)], refuse(ILLEGAL)).req(&["9846-4.2.3-7"]),
        bent("suite-null", vec![Change::Suite(0)], refuse(ILLEGAL)).req(&["9846-4.2.3-7", "9846-E.5-2"]),
        bent("compression", vec![Change::Compression(1)], refuse(ILLEGAL)).req(&["9846-4.2.3-9"]),
        bent("version-unknown", vec![Change::Set(E::SUPPORTED_VERSIONS, vec![3, 5])], refuse(version))
            .req(&["9846-4.3.1-16", "9846-4.2.4-11"]),
        bent("version-of-tls12", vec![Change::Set(E::SUPPORTED_VERSIONS, vec![3, 3])], refuse(version))
            .req(&["9846-4.3.1-16"]),
        bent(
            "version-of-tls12-with-sentinel",
            downgrade(1),
            refuse(&[A::ILLEGAL_PARAMETER, A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE, A::DECODE_ERROR]),
        )
        .req(&["9846-4.2.3-16", "9846-4.2.3-17", "9846-E.1-1"]),
        bent(
            "version-of-tls11-with-sentinel",
            downgrade(0),
            refuse(&[A::ILLEGAL_PARAMETER, A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE, A::DECODE_ERROR]),
        )
        .req(&["9846-4.2.3-16", "9846-4.2.3-17"]),
        bent("share-of-a-group-not-offered", key_share(share(0x1e, &[9; 56])), refuse(ILLEGAL))
            .req(&["9846-4.3.8-11", "9846-2-1"]),
        bent("share-too-short", key_share(share(0x1d, &[9; 31])), refuse(bad_share)).req(&["9846-4.3.8.2-1"]),
        bent("share-too-long", key_share(share(0x1d, &[9; 33])), refuse(bad_share)),
        bent("share-empty", key_share(share(0x1d, &[])), refuse(bad_share)),
        bent("share-of-zeros", key_share(share(0x1d, &[0; 32])), refuse(bad_share))
            .req(&["9846-7.4.2-2"])
            .grave(NO_SECRET),
        bent("share-of-one", key_share(share(0x1d, &one())), refuse(bad_share)).req(&["9846-7.4.2-2"]).grave(NO_SECRET),
        bent(
            "psk-that-was-not-offered",
            vec![Change::Push(E::PRE_SHARED_KEY, vec![0, 0])],
            refuse(&[A::UNSUPPORTED_EXTENSION, A::ILLEGAL_PARAMETER]),
        )
        .req(&["9846-4.3-4"]),
        request(
            "schemes-unknown-only",
            Change::Set(E::SIGNATURE_ALGORITHMS, vec![0, 2, 0x7a, 0x7a]),
            refuse(&[A::HANDSHAKE_FAILURE, A::ILLEGAL_PARAMETER, A::DECODE_ERROR]),
        )
        .may_wait()
        .req(&["9846-4.2.1-4"]),
        request("context-not-empty", Change::Overwrite(0, vec![0xff]), refuse(DECODE)).req(&["9846-4.4.2-3"]),
        request(
            "unknown-authorities",
            Change::Push(E::CERTIFICATE_AUTHORITIES, vec![0, 4, 0, 2, 0x30, 0]),
            Right::Open,
        ),
        request("oid-filters-unknown", Change::Push(E::OID_FILTERS, vec![0, 6, 2, 42, 3, 0, 1, 5]), Right::Open)
            .req(&["9846-4.3.5-4"]),
    ]
}

fn request(name: &str, change: Change, right: Right) -> Case {
    bent(Role::Client, H::CERTIFICATE_REQUEST, name, vec![change], right)
}

/// Certificates' entries and context.
fn entries(target: Role) -> Vec<Case> {
    let bent = |name: &str, changes: Vec<Change>, right| bent(target, H::CERTIFICATE, name, changes, right);
    let unasked = Right::Either(&[A::UNSUPPORTED_EXTENSION, A::ILLEGAL_PARAMETER, A::DECODE_ERROR]);
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
