//! The division of a flight into records changes nothing, as long as no record has bytes of two epochs (RFC 9846 §5.1).

use crate::peer::message::KEY_SHARE;
use crate::peer::{self, CCS, DATA, HANDSHAKE, Story};
use countersign::{AlertDescription as A, Epoch, HandshakeType, Policy, Role, State, TransitionEvent};
use proptest::prelude::*;

/// How the messages of one epoch are divided into records and delivered.
#[derive(Clone, Debug)]
struct Recording {
    /// The lengths of the fragments, by turns.
    fragments: Vec<usize>,
    padding: Vec<usize>,
    /// A change_cipher_spec before each flight.
    ccs: bool,
    /// The numbers of bytes that the transport delivers, by turns.
    chunks: Vec<usize>,
}

fn recording() -> impl Strategy<Value = Recording> {
    let lengths = |most: usize| {
        prop_oneof![
            3 => prop::collection::vec(1..most, 1..8),
            1 => Just(vec![1]),
            1 => Just(vec![1 << 14]),
        ]
    };
    (lengths(400), prop::collection::vec(0..200usize, 1..5), any::<bool>(), lengths(700))
        .prop_map(|(fragments, padding, ccs, chunks)| Recording { fragments, padding, ccs, chunks })
}

/// Sends these handshake bytes under the present key, with this division.
fn record(story: &mut Story<'_>, bytes: &[u8], recording: &Recording) {
    let first = story.state() == State::WaitClientHello && !story.peer.retried;
    if recording.ccs && !first {
        story.peer.plain(CCS, &[1]);
    }
    let (mut rest, mut lengths) = (bytes, recording.fragments.iter().cycle());
    let mut paddings = recording.padding.iter().cycle();
    while !rest.is_empty() {
        let (fragment, after) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
        match story.peer.write {
            None => story.peer.record(HANDSHAKE, fragment),
            Some(_) => {
                let padding = vec![0; *paddings.next().unwrap()];
                story.peer.inner(&[fragment, &[HANDSHAKE], &padding].concat());
            }
        }
        rest = after;
    }
}

fn deliver(story: &mut Story<'_>, recording: &Recording) {
    let bytes = std::mem::take(&mut story.peer.out);
    let (mut rest, mut lengths) = (&bytes[..], recording.chunks.iter().cycle());
    story.drive();
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
        assert_eq!(story.end.gets(chunk), chunk.len());
        story.drive();
        rest = after;
    }
}

/// The flights of the peer of an end in this role, one for each epoch.
fn flights(role: Role) -> &'static [&'static [HandshakeType]] {
    use HandshakeType as M;
    match role {
        Role::Server => &[&[M::CLIENT_HELLO], &[M::CERTIFICATE, M::CERTIFICATE_VERIFY, M::FINISHED]],
        Role::Client => &[
            &[M::SERVER_HELLO],
            &[M::ENCRYPTED_EXTENSIONS, M::CERTIFICATE_REQUEST, M::CERTIFICATE, M::CERTIFICATE_VERIFY, M::FINISHED],
        ],
    }
}

/// A handshake whose peer divides its records like this. Then one more record shows that both ends have the same keys.
fn handshake(role: Role, recording: &Recording) -> Story<'static> {
    let mut story = Story::new(role, Policy::new());
    story.turn();
    for flight in flights(role) {
        let bytes: Vec<u8> = flight.iter().flat_map(|typ| story.peer.next_message(*typ)).collect();
        record(&mut story, &bytes, recording);
        story.peer.change_key(*flight.last().unwrap());
        deliver(&mut story, recording);
    }
    story.peer.record(DATA, b"done");
    story.turn();
    story
}

/// The visible results of a handshake, without random values.
#[derive(Debug, PartialEq)]
struct Course {
    transitions: Vec<(TransitionEvent, Epoch, State)>,
    sent: Vec<HandshakeType>,
    data: Vec<u8>,
}

fn course(story: &Story<'_>) -> Course {
    let transitions = story.end.transitions.iter().map(|each| (each.event, each.epoch, each.state));
    Course { transitions: transitions.collect(), sent: story.peer.types(), data: story.data.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    // req: 9846-5.1-5
    #[test]
    fn any_recording_that_respects_the_key_changes_changes_nothing(recording in recording(), client: bool) {
        let role = if client { Role::Client } else { Role::Server };
        let one_record = Recording { fragments: vec![1 << 14], padding: vec![0], ccs: false, chunks: vec![1 << 15] };
        let plain = handshake(role, &one_record);
        prop_assert_eq!(plain.result, Some(Ok(())));
        prop_assert_eq!(&plain.data, b"done");
        let story = handshake(role, &recording);
        prop_assert_eq!(story.result, Some(Ok(())));
        prop_assert_eq!(course(&story), course(&plain));
    }

    // req: 9846-5.1-5, 9846-5.1-6
    #[test]
    fn a_record_with_bytes_of_the_next_epoch_is_refused(
        recording in recording(),
        client: bool,
        epoch in 0..2usize,
        across in 1..200usize,
        behind: bool,
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let mut story = Story::new(role, Policy::new());
        story.turn();
        for (number, flight) in flights(role).iter().enumerate() {
            let mut bytes: Vec<u8> = flight.iter().flat_map(|typ| story.peer.next_message(*typ)).collect();
            if number == epoch {
                // The beginning of the next bytes: the next flight or a KeyUpdate, or a whole fabricated flight.
                let next = if behind { [&[24, 0, 0, 1, 0][..], &[8, 0, 0, 2, 0, 0]].concat() } else { vec![11; 300] };
                let next = &next[..across.min(next.len())];
                // It is in one record with the last byte of its flight. The rest is divided in any way.
                let last = bytes.pop().unwrap();
                let held = story.state();
                record(&mut story, &bytes, &recording);
                story.peer.record(HANDSHAKE, &[&[last][..], next].concat());
                deliver(&mut story, &recording);
                let (state, keys) = match (role, number) {
                    (_, 0) => (held, Epoch::Plaintext),
                    (Role::Client, _) => (State::WaitFinished, Epoch::Handshake),
                    (Role::Server, _) => (State::WaitFinished, Epoch::Application),
                };
                story.refused("DataAcrossKeyChange", A::UNEXPECTED_MESSAGE, state, keys);
                return Ok(());
            }
            record(&mut story, &bytes, &recording);
            story.peer.change_key(*flight.last().unwrap());
            deliver(&mut story, &recording);
        }
    }

    #[test]
    fn a_retry_may_be_recorded_in_any_way_too(recording in recording(), client: bool) {
        let role = if client { Role::Client } else { Role::Server };
        let no_share = |m: &mut peer::message::Msg| m.set(KEY_SHARE, &[0, 0]);
        let mut story = Story::new(role, Policy::new());
        if client {
            (story.peer.retry, story.peer.group) = (true, countersign::NamedGroup::SECP256R1);
        } else {
            story = story.edit(HandshakeType::CLIENT_HELLO, &no_share);
        }
        story.turn();
        while let (None, Some(next)) = (&story.result, story.next()) {
            let bytes = story.peer.next_message(next);
            record(&mut story, &bytes, &recording);
            story.peer.change_key(next);
            deliver(&mut story, &recording);
        }
        prop_assert_eq!(story.result, Some(Ok(())));
        prop_assert!(story.end.hs.retried());
    }
}
