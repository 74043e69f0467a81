//! The fields of hellos and requests, and values of extensions that make no sense.

use super::case::{Case, DECODE, ILLEGAL, Right, bent};
use crate::adversary::peer::GREASE;
use crate::adversary::script::Change;
use crate::codec::{AlertDescription as A, ExtensionType as E, HandshakeType as H};
use crate::role::Role;
use alloc::vec;
use alloc::vec::Vec;

const NO_COMMON: &[A] = &[A::HANDSHAKE_FAILURE, A::INSUFFICIENT_SECURITY];
/// What a share of small order means.
const NO_SECRET: &str = "a connection was made whose secret everybody knows";

pub(super) fn cases(target: Role) -> Vec<Case> {
    match target {
        Role::Server => client_hello(),
        Role::Client => server_hello(),
    }
}

fn client_hello() -> Vec<Case> {
    let bent = |name: &str, changes: Vec<Change>, right| bent(Role::Server, H::CLIENT_HELLO, name, changes, right);
    let refuse = Right::Refuse;
    let numbers = |list: &[u16]| crate::adversary::peer::numbers(list);
    // The only group, so that the server does not ask for another.
    let share = |group: u16, share: &[u8]| {
        let share = crate::adversary::peer::shares(&[(crate::codec::NamedGroup(group), share)]);
        vec![Change::Set(E::SUPPORTED_GROUPS, numbers(&[group])), Change::Set(E::KEY_SHARE, share)]
    };
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
        bent("compression-deflate", vec![Change::Compressions(vec![1])], refuse(ILLEGAL))
            .req(&["9846-6-7", "9846-4.2.2-13"]),
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
        // A server may sign with what it has if it can do nothing else (§4.5.2).
        bent(
            "schemes-unknown-only",
            vec![Change::Set(E::SIGNATURE_ALGORITHMS, numbers(&[0x7a7a]))],
            Right::Either(NO_COMMON),
        )
        .req(&["9846-4.2.1-4"]),
        bent(
            "schemes-sha1-only",
            vec![Change::Set(E::SIGNATURE_ALGORITHMS, numbers(&[0x0203, 0x0201]))],
            Right::Either(NO_COMMON),
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
            // It may check this, and may ask for another share instead.
            Right::Either(&[A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE]),
        )
        .req(&["9846-4.3.8-12"]),
        bent("share-too-short", share(0x1d, &[9; 31]), refuse(bad_share)).req(&["9846-4.3.8.2-1"]),
        bent("share-too-long", share(0x1d, &[9; 33]), refuse(bad_share)),
        bent("share-empty", share(0x1d, &[]), refuse(bad_share)),
        bent("share-of-zeros", share(0x1d, &[0; 32]), refuse(bad_share)).req(&["9846-7.4.2-2"]).grave(NO_SECRET),
        bent("share-of-one", share(0x1d, &one()), refuse(bad_share)).req(&["9846-7.4.2-2"]).grave(NO_SECRET),
        bent("share-not-on-the-curve", share(0x17, &[&[4][..], &[1; 64]].concat()), refuse(bad_share))
            .req(&["9846-4.3.8.2-1"]),
        bent("share-compressed", share(0x17, &[&[2][..], &[1; 32]].concat()), refuse(bad_share))
            .req(&["9846-4.3.8.2-1"]),
        bent("share-at-infinity", share(0x17, &[0]), refuse(bad_share)).req(&["9846-4.3.8.2-1"]),
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
        answer(
            "two-protocols",
            vec![Change::Push(E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, vec![0, 4, 1, b'a', 1, b'b'])],
        )
        .req(&["7301-3.1-4"]),
        answer(
            "two-limits",
            vec![Change::Push(E::MAX_FRAGMENT_LENGTH, vec![1]), Change::Push(E::RECORD_SIZE_LIMIT, vec![1, 0])],
        )
        .req(&["8449-5-2"]),
        answer("groups", vec![Change::Push(E::SUPPORTED_GROUPS, vec![0, 2, 0, 0x18])]).req(&["9846-4.3.7-2"]),
        answer("certificate-type", vec![Change::Push(E::CLIENT_CERTIFICATE_TYPE, vec![1])]).req(&["7250-4.2-2"]),
        request(
            "schemes-unknown-only",
            Change::Set(E::SIGNATURE_ALGORITHMS, vec![0, 2, 0x7a, 0x7a]),
            // A client without a fitting certificate shows none.
            Right::Either(&[A::HANDSHAKE_FAILURE, A::ILLEGAL_PARAMETER, A::DECODE_ERROR]),
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

/// An answer to something that may have been asked for.
fn answer(name: &str, changes: Vec<Change>) -> Case {
    let right = Right::Either(&[A::UNSUPPORTED_EXTENSION, A::ILLEGAL_PARAMETER, A::DECODE_ERROR]);
    bent(Role::Client, H::ENCRYPTED_EXTENSIONS, name, changes, right)
}

fn request(name: &str, change: Change, right: Right) -> Case {
    bent(Role::Client, H::CERTIFICATE_REQUEST, name, vec![change], right)
}
