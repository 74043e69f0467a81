//! Messages after a key change, in the record of the message that changes the key (RFC 9846 §5.1).

use super::BOTH;
use crate::peer::message::{KEY_SHARE, Msg, shares};
use crate::peer::{HANDSHAKE, HELLO_RETRY_REQUEST, SECOND_CLIENT_HELLO, Story};
use countersign::AlertDescription as A;
use countersign::{Epoch, HandshakeType as H, NamedGroup, State};

/// RUSTSEC-2026-0285, rustls: EncryptedExtensions in plaintext was accepted in the record of ServerHello.
///
/// Here the server's whole flight is valid except for its record.
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
        // Where the records end: only after everything; in the message behind ServerHello; in ServerHello.
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
        // In plaintext in its own record.
        let (mut story, hello, rest) = start();
        story.peer.plain(HANDSHAKE, &hello);
        story.peer.plain(HANDSHAKE, &rest);
        story.turn();
        story.refused("UnexpectedRecord", A::UNEXPECTED_MESSAGE, State::WaitEncryptedExtensions, Epoch::Handshake);
    }
}

/// GO-2026-4340 (CVE-2025-61730), Go: at any key change, either side accepted what followed in the same record.
#[test]
fn go_2026_4340_no_message_lies_behind_any_key_change() {
    const KEY_UPDATE: [u8; 5] = [24, 0, 0, 1, 0];
    let refused = |mut story: Story<'_>, record: Vec<u8>, state, epoch| {
        story.peer.record(HANDSHAKE, &record);
        story.turn();
        story.refused("DataAcrossKeyChange", A::UNEXPECTED_MESSAGE, state, epoch);
    };
    // A server's next read key comes after ClientHello. A Certificate follows it.
    let mut story = Story::server().until(State::WaitClientHello);
    let (hello, certificate) = (story.peer.next_message(H::CLIENT_HELLO), story.peer.compose(H::CERTIFICATE).bytes());
    refused(story, [hello, certificate].concat(), State::WaitClientHello, Epoch::Plaintext);

    // The second hello follows the first one, which gets a retry.
    let no_share = |m: &mut Msg| m.set(KEY_SHARE, &shares(&[]));
    let mut story = Story::server().edit(H::CLIENT_HELLO, &no_share).until(State::WaitClientHello);
    let (first, second) = (story.peer.next_message(H::CLIENT_HELLO), story.peer.compose(SECOND_CLIENT_HELLO).bytes());
    refused(story, [first, second].concat(), State::WaitClientHello, Epoch::Plaintext);

    // The ServerHello for the second hello follows the retry.
    let mut story = Story::client().until(State::WaitServerHello);
    (story.peer.retry, story.peer.group, story.peer.share) = (true, NamedGroup::SECP256R1, vec![4; 65]);
    let (retry, hello) = (story.peer.next_message(HELLO_RETRY_REQUEST), story.peer.compose(H::SERVER_HELLO).bytes());
    refused(story, [retry, hello].concat(), State::WaitServerHello, Epoch::Plaintext);

    // A KeyUpdate under the handshake key follows the client's Finished.
    let mut story = Story::server().until(State::WaitFinished);
    let finished = story.peer.next_message(H::FINISHED);
    refused(story, [&finished[..], &KEY_UPDATE].concat(), State::WaitFinished, Epoch::Application);

    // A KeyUpdate or a ticket follows the server's Finished.
    for ticket in [false, true] {
        let mut story = Story::client().until(State::WaitFinished);
        let behind = if ticket { story.peer.compose(H::NEW_SESSION_TICKET).bytes() } else { KEY_UPDATE.to_vec() };
        let finished = story.peer.next_message(H::FINISHED);
        refused(story, [finished, behind].concat(), State::WaitFinished, Epoch::Handshake);
    }

    // A second KeyUpdate under the old key follows a KeyUpdate.
    for role in BOTH {
        refused(super::new(role).connected(), KEY_UPDATE.repeat(2), State::Connected, Epoch::Application);
    }
}
