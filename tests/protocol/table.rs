//! Compares the transition table with the machine: every state, message type and epoch; every sequence of messages.

use crate::peer::message::{KEY_SHARE, Msg, SCHEMES as SIGNATURE_ALGORITHMS};
use crate::peer::{self, HANDSHAKE, HELLO_RETRY_REQUEST, SECOND_CLIENT_HELLO, Story};
use countersign::internals::codec::NamedGroup;
use countersign::internals::crypto::CryptoMode;
use countersign::table::{Cause, TABLE, accepts, leads};
use countersign::{AlertDescription as A, Epoch, HandshakeType, Policy, Role, State};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// Every type with a name, some without one, and message_hash, which is never sent.
const TYPES: &[HandshakeType] = &[
    HandshakeType::HELLO_REQUEST,
    HandshakeType::CLIENT_HELLO,
    HandshakeType::SERVER_HELLO,
    HandshakeType(3),
    HandshakeType::NEW_SESSION_TICKET,
    HandshakeType::END_OF_EARLY_DATA,
    HandshakeType::HELLO_RETRY_REQUEST,
    HandshakeType::ENCRYPTED_EXTENSIONS,
    HandshakeType::CERTIFICATE,
    HandshakeType(12),
    HandshakeType::CERTIFICATE_REQUEST,
    HandshakeType(14),
    HandshakeType::CERTIFICATE_VERIFY,
    HandshakeType(16),
    HandshakeType::FINISHED,
    HandshakeType(21),
    HandshakeType(22),
    HandshakeType::KEY_UPDATE,
    HandshakeType(25),
    HandshakeType(67),
    HandshakeType::MESSAGE_HASH,
    HandshakeType(255),
];

/// An end in `state` after a real handshake. A question in this state is not answered.
fn at(role: Role, state: State) -> Story<'static> {
    let mut story = Story::new(role, Policy::new());
    if state == State::Connected {
        return story.connected();
    }
    story.hold = Some(state);
    story.until(state)
}

/// A message of this type, as valid as possible.
fn message(story: &mut Story<'_>, typ: HandshakeType) -> Vec<u8> {
    let mut msg = story.peer.compose(typ);
    msg.typ = typ; // type 6 has a name, and a HelloRetryRequest is a ServerHello
    msg.bytes()
}

/// Sends under the keys of this epoch, if they exist.
fn inject(story: &mut Story<'_>, epoch: Epoch, bytes: &[u8]) -> bool {
    let sender = story.peer.role;
    let key = match epoch {
        Epoch::Plaintext => {
            story.peer.plain(HANDSHAKE, bytes);
            return true;
        }
        Epoch::Handshake => story.peer.handshake_key(sender),
        Epoch::Application => story.peer.application_key(sender),
    };
    // The peer's own key continues its count. Another key begins at zero.
    if story.peer.write.as_ref().is_none_or(|present| present.epoch != epoch) {
        match key {
            None => return false,
            key => story.peer.write = key,
        }
    }
    story.peer.record(HANDSHAKE, bytes);
    true
}

/// The epoch in which the end receives, also for states that receive nothing.
fn receives(role: Role, state: State) -> Epoch {
    let row = TABLE.iter().find(|row| row.role == role && row.state == state);
    row.map_or(Epoch::Application, |row| row.epoch)
}

// req: 9846-4-2, 9846-4.2.2-3, 9846-4.6-4, 9846-4.7.3-1, 9846-5-5, 9846-4.7.2-5
#[test]
fn every_message_in_every_state_and_epoch_is_dealt_with_as_the_table_has_it() {
    let states = |role: Role| {
        let mut states: Vec<State> = TABLE.iter().filter(|row| row.role == role).map(|row| row.state).collect();
        states.dedup();
        // The two states that only wait for room are not visible while there is room.
        states.retain(|state| *state != State::SendClientHello && *state != State::SendHelloRetryRequest);
        states
    };
    let mut tried = 0;
    for role in BOTH {
        let mut states = states(role);
        states.sort_by_key(|state| state.name());
        states.dedup();
        for state in states {
            for &typ in TYPES {
                for epoch in [Epoch::Plaintext, Epoch::Handshake, Epoch::Application] {
                    let mut story = at(role, state);
                    let next = story.next();
                    let bytes = match next == Some(typ) && epoch == receives(role, state) {
                        true => story.peer.next_message(typ),
                        false => message(&mut story, typ),
                    };
                    if !inject(&mut story, epoch, &bytes) {
                        continue;
                    }
                    if next == Some(typ) && epoch == receives(role, state) {
                        story.peer.change_key(typ);
                    }
                    tried += 1;
                    let what = format!("{role} in {state} gets {typ} under {epoch} keys");
                    story.turn();
                    if state.name().starts_with("Ask") {
                        // A question is open, so nothing is read.
                        assert_eq!((story.state(), &story.result), (state, &None), "{what}");
                        continue;
                    }
                    let own = receives(role, state);
                    let legal = accepts(role, state, typ).is_some();
                    let demands_nothing = state == State::WaitCertificateRequest && typ == HandshakeType::CERTIFICATE;
                    let expected = if epoch == own && legal {
                        assert_eq!(next, Some(typ), "{what}");
                        assert!(matches!(story.result, None | Some(Ok(()))), "{what}: {:?}", story.result);
                        assert!(leads(role, state, first_state_after(&story, state)), "{what}");
                        continue;
                    } else if epoch == own && demands_nothing {
                        ("NotMutual", A::HANDSHAKE_FAILURE)
                    } else if epoch == own {
                        ("UnexpectedMessage", A::UNEXPECTED_MESSAGE)
                    } else if epoch == Epoch::Plaintext || own == Epoch::Plaintext {
                        ("UnexpectedRecord", A::UNEXPECTED_MESSAGE)
                    } else {
                        ("BadRecordMac", A::BAD_RECORD_MAC)
                    };
                    println!("{what}");
                    let alerts = match (role, state) {
                        (_, State::WaitServerHello | State::WaitClientHello) => Epoch::Plaintext,
                        (Role::Client, _) => Epoch::Handshake,
                        (Role::Server, _) => Epoch::Application,
                    };
                    story.refused(expected.0, expected.1, state, alerts);
                }
            }
        }
    }
    assert!(tried > 600, "{tried} cases");
}

/// The state after the last time that the end was in `state`.
fn first_state_after(story: &Story<'_>, state: State) -> State {
    let states: Vec<State> = story.end.hs.transitions().map(|each| each.state).collect();
    let last = states.iter().rposition(|each| *each == state);
    // There is no transition before a first message.
    last.map_or(states[usize::from(story.end.hs.role() == Role::Client)], |at| states[at + 1])
}

// req: 9846-4-2
#[test]
fn after_the_handshake_only_key_updates_and_tickets_are_legal() {
    for role in BOTH {
        for &typ in TYPES {
            let mut story = at(role, State::Connected);
            let bytes = message(&mut story, typ);
            story.peer.record(HANDSHAKE, &bytes);
            story.turn();
            let legal =
                typ == HandshakeType::KEY_UPDATE || (role == Role::Client && typ == HandshakeType::NEW_SESSION_TICKET);
            match legal {
                true => assert_eq!(story.result, Some(Ok(()))),
                false => {
                    story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, State::Connected, Epoch::Application)
                }
            }
        }
    }
}

// ---- the tree ----

/// What a peer may try at each step: every message of a handshake, as valid as possible.
const STEPS: &[HandshakeType] = &[
    HandshakeType::CLIENT_HELLO,
    SECOND_CLIENT_HELLO,
    HandshakeType::SERVER_HELLO,
    HELLO_RETRY_REQUEST,
    HandshakeType::ENCRYPTED_EXTENSIONS,
    HandshakeType::CERTIFICATE_REQUEST,
    HandshakeType::CERTIFICATE,
    HandshakeType::CERTIFICATE_VERIFY,
    HandshakeType::FINISHED,
    HandshakeType::NEW_SESSION_TICKET,
    HandshakeType::KEY_UPDATE,
    HandshakeType::END_OF_EARLY_DATA,
    HandshakeType::MESSAGE_HASH,
];

/// A handshake whose peer begins with `prefix` and then sends `path`. With null cryptography every proof is accepted,
/// so only the order matters.
fn walk<'a>(role: Role, path: &[HandshakeType], retry: &'a dyn Fn(&mut Msg), ask: &'a dyn Fn(&mut Msg)) -> Story<'a> {
    let mut story = Story::new(role, Policy::new().null_crypto());
    story.peer.mode = CryptoMode::Null;
    let mut story = story.edit(HandshakeType::CLIENT_HELLO, retry).edit(HandshakeType::CERTIFICATE_REQUEST, ask);
    if path.contains(&HELLO_RETRY_REQUEST) {
        story.peer.group = NamedGroup::SECP256R1;
    }
    story.turn();
    for typ in path {
        if matches!(story.result, Some(Err(_))) {
            break;
        }
        // Keys that do not exist cannot be used. After Connected the peer writes under its own.
        story.peer.send(*typ);
        story.turn();
    }
    story
}

/// Every path of up to `depth` messages that the end does not refuse, and whether it reaches Connected.
fn tree(
    role: Role,
    from: &[HandshakeType],
    depth: usize,
    edits: [peer::Edit<'_>; 2],
) -> (usize, Vec<Vec<HandshakeType>>) {
    let (mut walked, mut connected) = (0, Vec::new());
    let mut living = vec![from.to_vec()];
    for _ in 0..depth {
        let mut longer = Vec::new();
        for path in &living {
            for &typ in STEPS {
                let path = [&path[..], &[typ]].concat();
                let story = walk(role, &path, edits[0], edits[1]);
                walked += 1;
                match story.result {
                    Some(Err(_)) => {} // pruned
                    Some(Ok(())) => connected.push(path),
                    None => longer.push(path),
                }
            }
        }
        living = longer;
    }
    (walked, connected)
}

// req: 9846-4-2, 9846-4.5.2-3, 9846-4.5.1-12
#[test]
fn a_peer_with_the_right_keys_gets_to_connected_by_the_legal_path_only() {
    use HandshakeType as M;
    let nothing = |_: &mut Msg| ();
    let no_share = |m: &mut Msg| m.set(KEY_SHARE, &[0, 0]);
    // The client's key is Ed25519; it must be able to answer.
    let ask = |m: &mut Msg| m.set(SIGNATURE_ALGORITHMS, &[0, 2, 8, 7]);

    let flight = [M::CERTIFICATE, M::CERTIFICATE_VERIFY, M::FINISHED];
    let (walked, connected) = tree(Role::Server, &[], 5, [&nothing, &ask]);
    assert!(walked >= 4 * STEPS.len());
    assert_eq!(connected, [[&[M::CLIENT_HELLO][..], &flight].concat(), [&[SECOND_CLIENT_HELLO][..], &flight].concat()]);

    // With a retry, after which only the second hello is right.
    let (_, connected) = tree(Role::Server, &[], 5, [&no_share, &ask]);
    let (first, second) = (M::CLIENT_HELLO, SECOND_CLIENT_HELLO);
    let legal = [[&[second][..], &flight].concat(), [&[first, second][..], &flight].concat()];
    assert_eq!(connected, legal);

    // A server sends six messages, and seven with a retry. So five messages follow from each point of the legal path.
    let server = [&[M::SERVER_HELLO, M::ENCRYPTED_EXTENSIONS, M::CERTIFICATE_REQUEST][..], &flight].concat();
    for retry in [false, true] {
        let legal = if retry { [&[HELLO_RETRY_REQUEST][..], &server].concat() } else { server.clone() };
        for from in 0..=legal.len() - 5 {
            let (_, connected) = tree(Role::Client, &legal[..from], 5, [&nothing, &ask]);
            let reaches = from + 5 >= legal.len();
            assert_eq!(connected, if reaches { vec![legal.clone()] } else { vec![] });
        }
    }
}

// req: 9846-4-2
#[test]
fn wrong_order_is_told_by_unexpected_message() {
    // Each message is omitted, and each is repeated.
    for role in BOTH {
        let legal: &[State] = match role {
            Role::Client => &[
                State::WaitServerHello,
                State::WaitEncryptedExtensions,
                State::WaitCertificateRequest,
                State::WaitCertificate,
                State::WaitCertificateVerify,
                State::WaitFinished,
            ],
            Role::Server => {
                &[State::WaitClientHello, State::WaitCertificate, State::WaitCertificateVerify, State::WaitFinished]
            }
        };
        for (number, state) in legal.iter().enumerate() {
            let alerts = |state: State| match (role, state) {
                (_, State::WaitServerHello | State::WaitClientHello) => Epoch::Plaintext,
                (Role::Client, State::Connected) => Epoch::Application,
                (Role::Client, _) => Epoch::Handshake,
                (Role::Server, _) => Epoch::Application,
            };
            // If it is omitted, the next one comes. (Without CertificateRequest the error is NotMutual.)
            if let Some(after) = legal.get(number + 1) {
                let skipped = at(role, *after).next().unwrap();
                let mut story = Story::new(role, Policy::new()).until(*state);
                story.peer.send(skipped);
                story.turn();
                match state {
                    State::WaitCertificateRequest => {
                        story.refused("NotMutual", A::HANDSHAKE_FAILURE, *state, Epoch::Handshake)
                    }
                    _ => story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, *state, alerts(*state)),
                }
            }
            // It is repeated.
            let mut story = Story::new(role, Policy::new()).until(*state);
            let typ = story.next().unwrap();
            let message = story.peer.next_message(typ);
            story.peer.record(HANDSHAKE, &message);
            story.peer.change_key(typ);
            story.turn();
            let entered = story.state();
            if matches!(*state, State::WaitServerHello | State::WaitClientHello) && story.peer.write.is_none() {
                continue;
            }
            story.peer.record(HANDSHAKE, &message);
            story.turn();
            story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, entered, alerts(entered));
        }
    }
}

#[test]
fn the_table_is_whole() {
    for row in TABLE {
        // Every state except Connected has a transition, and all transitions keep the role.
        let next = TABLE.iter().any(|each| each.role == row.role && each.state == row.next);
        assert!(next || row.next == State::Connected, "{row:?}");
        // A message is a boundary exactly if the epoch changes after it.
        let after = TABLE.iter().find(|each| each.role == row.role && each.state == row.next).map(|each| each.epoch);
        if let (Cause::Receive { boundary, message }, Some(after)) = (row.cause, after) {
            let hello = message == HandshakeType::CLIENT_HELLO || message == HandshakeType::SERVER_HELLO;
            assert_eq!(boundary, after != row.epoch || hello, "{row:?}");
        }
    }
}

/// Each state leads only to the next one: no proof or answer can be skipped (§2, §A).
#[test]
fn no_state_can_be_passed_over() {
    let client = [
        State::SendClientHello,
        State::WaitServerHello,
        State::WaitEncryptedExtensions,
        State::WaitCertificateRequest,
        State::WaitCertificate,
        State::WaitCertificateVerify,
        State::WaitFinished,
        State::AskVerify,
        State::AskCredential,
        State::AskSign,
        State::Connected,
    ];
    let server = [
        State::WaitClientHello,
        State::AskCredential,
        State::AskSign,
        State::WaitCertificate,
        State::WaitCertificateVerify,
        State::WaitFinished,
        State::AskVerify,
        State::Connected,
    ];
    // HelloRetryRequest leads back.
    let retry = [
        (Role::Client, State::WaitServerHello, State::SendClientHello),
        (Role::Server, State::WaitClientHello, State::SendHelloRetryRequest),
        (Role::Server, State::SendHelloRetryRequest, State::WaitClientHello),
    ];
    let all: Vec<State> =
        client.into_iter().chain(server).chain([State::SendHelloRetryRequest, State::Failed]).collect();
    for (role, order) in [(Role::Client, &client[..]), (Role::Server, &server)] {
        for (from, to) in all.iter().flat_map(|from| all.iter().map(|to| (*from, *to))) {
            let follows = order.windows(2).any(|pair| pair == [from, to]) || retry.contains(&(role, from, to));
            assert_eq!(leads(role, from, to), follows, "{role}: {from} to {to}");
        }
    }
}
