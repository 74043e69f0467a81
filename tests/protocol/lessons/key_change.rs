//! Messages behind a key change, in the record of the message that changes the key (RFC 9846 §5.1).

use super::BOTH;
use crate::peer::message::{KEY_SHARE, Msg, shares};
use crate::peer::{HANDSHAKE, HELLO_RETRY_REQUEST, SECOND_CLIENT_HELLO, Story};
use countersign::AlertDescription as A;
use countersign::{Epoch, HandshakeType as H, NamedGroup, State};

/// RUSTSEC-2026-0285, rustls: EncryptedExtensions in the clear were taken if they lay in the record of ServerHello.
///
/// Here the server's whole flight is right, but for the record that it is in.
#[test]
fn rustsec_2026_0285_what_lies_behind_server_hello_in_its_record_is_refused() {
    const REST: [H; 5] =
        [H::ENCRYPTED_EXTENSIONS, H::CERTIFICATE_REQUEST, H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED];
    for behind in 1..=REST.len() {
        let start = || {
            let mut story = Story::client().until(State::WaitServerHello);
            let hello = story.peer.next_message(H::SERVER_HELLO);
            story.peer.change_key(H::SERVER_HELLO); // the Finished needs its key
            let rest: Vec<u8> = REST[..behind].iter().flat_map(|typ| story.peer.next_message(*typ)).collect();
            (story, hello, rest)
        };
        let (_, hello, rest) = start();
        let whole = hello.len() + rest.len();
        // The records end here: one record; the first message behind cut off; ServerHello cut as well.
        for ends in [&[whole][..], &[hello.len() + 3, whole], &[7, whole], &[7, hello.len() + 1, whole]] {
            let (mut story, hello, rest) = start();
            let flight = [hello, rest].concat();
            let mut from = 0;
            for to in ends.iter().map(|end| (*end).min(flight.len())) {
                story.peer.plain(HANDSHAKE, &flight[from..to]);
                from = to;
            }
            story.turn();
            story.refused("DataAcrossKeyChange", A::UNEXPECTED_MESSAGE, State::WaitServerHello, Epoch::Plaintext);
        }
        // In the clear in a record of its own.
        let (mut story, hello, rest) = start();
        story.peer.plain(HANDSHAKE, &hello);
        story.peer.plain(HANDSHAKE, &rest);
        story.turn();
        story.refused("UnexpectedRecord", A::UNEXPECTED_MESSAGE, State::WaitEncryptedExtensions, Epoch::Handshake);
    }
}

/// GO-2026-4340 (CVE-2025-61730), Go: at any change of the key, either side took what lay behind it in the record.
#[test]
fn go_2026_4340_no_message_lies_behind_any_key_change() {
    const KEY_UPDATE: [u8; 5] = [24, 0, 0, 1, 0];
    let refused = |mut story: Story<'_>, record: Vec<u8>, state, epoch| {
        story.peer.record(HANDSHAKE, &record);
        story.turn();
        story.refused("DataAcrossKeyChange", A::UNEXPECTED_MESSAGE, state, epoch);
    };
    // A server's next read key comes after ClientHello. Behind it: a Certificate.
    let mut story = Story::server().until(State::WaitClientHello);
    let (hello, certificate) = (story.peer.next_message(H::CLIENT_HELLO), story.peer.compose(H::CERTIFICATE).bytes());
    refused(story, [hello, certificate].concat(), State::WaitClientHello, Epoch::Plaintext);

    // Behind the first hello that will be answered by a retry: the second.
    let no_share = |m: &mut Msg| m.set(KEY_SHARE, &shares(&[]));
    let mut story = Story::server().edit(H::CLIENT_HELLO, &no_share).until(State::WaitClientHello);
    let (first, second) = (story.peer.next_message(H::CLIENT_HELLO), story.peer.compose(SECOND_CLIENT_HELLO).bytes());
    refused(story, [first, second].concat(), State::WaitClientHello, Epoch::Plaintext);

    // Behind the retry: the ServerHello that would answer the second hello.
    let mut story = Story::client().until(State::WaitServerHello);
    (story.peer.retry, story.peer.group, story.peer.share) = (true, NamedGroup::SECP256R1, vec![4; 65]);
    let (retry, hello) = (story.peer.next_message(HELLO_RETRY_REQUEST), story.peer.compose(H::SERVER_HELLO).bytes());
    refused(story, [retry, hello].concat(), State::WaitServerHello, Epoch::Plaintext);

    // Behind the client's Finished, under its handshake key: a KeyUpdate.
    let mut story = Story::server().until(State::WaitFinished);
    let finished = story.peer.next_message(H::FINISHED);
    refused(story, [&finished[..], &KEY_UPDATE].concat(), State::WaitFinished, Epoch::Application);

    // Behind the server's: a KeyUpdate or a ticket.
    for ticket in [false, true] {
        let mut story = Story::client().until(State::WaitFinished);
        let behind = if ticket { story.peer.compose(H::NEW_SESSION_TICKET).bytes() } else { KEY_UPDATE.to_vec() };
        let finished = story.peer.next_message(H::FINISHED);
        refused(story, [finished, behind].concat(), State::WaitFinished, Epoch::Handshake);
    }

    // Behind a KeyUpdate, under the old key: another.
    for role in BOTH {
        refused(super::new(role).connected(), KEY_UPDATE.repeat(2), State::Connected, Epoch::Application);
    }
}
