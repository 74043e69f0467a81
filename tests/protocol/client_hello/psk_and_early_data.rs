//! pre_shared_key and early_data are ignored and skipped, but must be well-formed.

use super::{CH, accepted, encrypted_extensions, no_share, refused, server_hello};
use crate::peer::message::{GREASE, Msg};
use crate::peer::{DATA, Story};
use countersign::AlertDescription as A;
use countersign::{Epoch, ExtensionType, State};

/// One identity and one binder, as a resuming client offers them.
const PSK: &[u8] = &[
    0, 7, 0, 1, 9, 0, 0, 0, 0, 0, 33, 32, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1,
];

// req: 9846-4.3.9-3, 9846-4.3.11-11, 9846-4.3.9-5
#[test]
fn a_psk_is_ignored_but_must_be_offered_properly() {
    let modes = |m: &mut Msg| m.put(|w| w.psk_key_exchange_modes(&[1]));
    refused(&[
        ("without modes", &|m| m.push(ExtensionType::PRE_SHARED_KEY, PSK), "MissingExtension", A::MISSING_EXTENSION),
        (
            "not last",
            &|m| {
                modes(m);
                m.push(ExtensionType::PRE_SHARED_KEY, PSK);
                m.push(GREASE, &[]);
            },
            "PreSharedKeyNotLast",
            A::ILLEGAL_PARAMETER,
        ),
    ]);
    let edit = |m: &mut Msg| {
        modes(m);
        m.push(ExtensionType::PRE_SHARED_KEY, PSK);
    };
    let story = Story::server().edit(CH, &edit).connected();
    assert!(!server_hello(&story).extensions.has(ExtensionType::PRE_SHARED_KEY));
    assert!(!encrypted_extensions(&story).extensions.has(ExtensionType::PSK_KEY_EXCHANGE_MODES));
    accepted(&[("modes alone", &modes)]);
}

fn early(m: &mut Msg) {
    m.push(ExtensionType::EARLY_DATA, &[]);
}

// req: 9846-4.3.10-4, 9846-4.3.10-9
#[test]
fn early_data_is_dropped_until_a_record_opens() {
    let mut story = Story::server().edit(CH, &early);
    story.peer.send(CH);
    story.peer.plain(DATA, &[0xee; 100]);
    story.peer.plain(DATA, &[0xee; 1]);
    story.turn();
    assert_eq!(story.state(), State::WaitCertificate);
    assert!(!encrypted_extensions(&story).extensions.has(ExtensionType::EARLY_DATA));
    story.peer.plain(DATA, &[0xee; 10_000]);
    story.turn();
    assert_eq!(story.play().result, Some(Ok(())), "the sequence number has not been advanced");

    // After a record has opened, early data is not skipped any more.
    let mut story = Story::server().edit(CH, &early).until(State::WaitCertificateVerify);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    story.refused("BadRecordMac", A::BAD_RECORD_MAC, State::WaitCertificateVerify, Epoch::Application);
}

// req: 9846-4.3.10-4
#[test]
fn after_a_retry_early_data_is_dropped_by_its_type_until_the_second_hello() {
    let both = |m: &mut Msg| {
        no_share(m);
        early(m);
    };
    let mut story = Story::server().edit(CH, &both);
    story.peer.send(CH);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    assert!(story.peer.retried && story.state() == State::WaitClientHello);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    let story = story.until(State::WaitCertificate);
    assert_eq!(story.play().result, Some(Ok(())));

    let mut story = Story::server().edit(CH, &both).until(State::WaitCertificate);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    story.refused("BadRecordMac", A::BAD_RECORD_MAC, State::WaitCertificate, Epoch::Application);
}

#[test]
fn early_data_is_dropped_up_to_16384_bytes() {
    for (retry, epoch) in [(false, Epoch::Application), (true, Epoch::Plaintext)] {
        let edit = |m: &mut Msg| {
            early(m);
            if retry {
                no_share(m);
            }
        };
        let mut story = Story::server().edit(CH, &edit);
        story.peer.send(CH);
        for _ in 0..16 {
            story.peer.plain(DATA, &[0xee; 1024]);
        }
        story.turn();
        assert_eq!(story.result, None);
        story.peer.plain(DATA, &[0xee; 1]);
        story.turn();
        story.refused("TooMuchEarlyData", A::UNEXPECTED_MESSAGE, story.state(), epoch);
    }
}

#[test]
fn early_data_that_was_not_offered_is_not_skipped() {
    let mut story = Story::server();
    story.peer.send(CH);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    story.refused("BadRecordMac", A::BAD_RECORD_MAC, State::WaitCertificate, Epoch::Application);

    let mut story = Story::server().edit(CH, &no_share);
    story.peer.send(CH);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    story.refused("UnexpectedRecord", A::UNEXPECTED_MESSAGE, State::WaitClientHello, Epoch::Plaintext);
}
