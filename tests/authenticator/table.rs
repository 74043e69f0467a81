//! The authenticators follow their transition table.

use crate::common::*;
use crate::peer::{self, Recipe};
use countersign::authenticator::{Cause, State, TABLE, accepts};
use countersign::{HandshakeType, Policy, Role};
use std::collections::BTreeSet;

const STATES: [State; 6] =
    [State::Idle, State::AskCredential, State::AskSign, State::WaitAuthenticator, State::AskVerify, State::Done];

#[test]
fn every_row_is_reachable_unique_and_leads_to_the_end() {
    for (index, row) in TABLE.iter().enumerate() {
        assert_eq!(TABLE.iter().position(|other| other == row), Some(index));
        assert_ne!(row.state, State::Done, "nothing follows the end");
        let reached =
            row.state == State::Idle || TABLE.iter().any(|other| other.role == row.role && other.next == row.state);
        assert!(reached, "{row:?}");
    }
    let names: BTreeSet<_> = STATES.iter().map(|state| state.to_string()).filter(|name| !name.is_empty()).collect();
    assert_eq!(names.len(), STATES.len(), "every state has its name");
    for state in STATES {
        for role in ROLES {
            let mut at = vec![state];
            while let Some(here) = at.pop().filter(|here| *here != State::Done) {
                let next: Vec<_> = TABLE.iter().filter(|row| row.role == role && row.state == here).collect();
                assert!(!next.is_empty(), "{role} stays in {here}");
                at.extend(next.iter().map(|row| row.next));
            }
        }
    }
}

/// What one end writes, the table of the other one allows to receive.
#[test]
fn both_ends_tables_fit() {
    for row in TABLE {
        if let Cause::Call(messages) | Cause::Decline(messages) = row.cause
            && !messages.is_empty()
        {
            let state = if row.state == State::Idle { State::Idle } else { State::WaitAuthenticator };
            assert!(accepts(row.role.peer(), state, messages), "{row:?}");
        }
    }
}

/// Every sequence of up to three messages, in both states in which a message may come.
#[test]
fn what_the_table_does_not_have_is_refused() {
    use HandshakeType as M;
    let types = [
        M::CLIENT_HELLO,
        M::CERTIFICATE,
        M::CERTIFICATE_REQUEST,
        M::CERTIFICATE_VERIFY,
        M::CLIENT_CERTIFICATE_REQUEST,
        M::FINISHED,
    ];
    let mut sequences: Vec<Vec<HandshakeType>> = vec![Vec::new()];
    for length in 0..3 {
        let longest: Vec<_> = sequences.iter().filter(|each| each.len() == length).cloned().collect();
        sequences.extend(longest.iter().flat_map(|each| types.map(|typ| [&each[..], &[typ]].concat())));
    }
    let mut taken = 0;
    for role in ROLES {
        for state in [State::Idle, State::WaitAuthenticator] {
            for sequence in &sequences {
                let mut pair = Pair::new(Policy::new().null_crypto());
                let (end, _) = pair.ends(role);
                let request = if state == State::Idle { Vec::new() } else { request(end).1 };
                let session = if role == Role::Client { &pair.s } else { &pair.c };
                let mut recipe = Recipe::new(session, role.peer(), &request, &NEXT);
                if request.is_empty() {
                    recipe.context = b"unasked";
                }
                let authenticator = recipe.make();
                let (certificate, rest) = split(&authenticator);
                let (verify, finished) = split(rest);
                let bytes: Vec<u8> = sequence
                    .iter()
                    .flat_map(|typ| match *typ {
                        M::CERTIFICATE => certificate.to_vec(),
                        M::CERTIFICATE_VERIFY => verify.to_vec(),
                        M::FINISHED => finished.to_vec(),
                        M::CERTIFICATE_REQUEST => peer::request(Role::Server, b"1", &peer::schemes()),
                        M::CLIENT_CERTIFICATE_REQUEST => peer::request(Role::Client, b"1", &peer::schemes()),
                        typ => peer::message(typ.0, b""),
                    })
                    .collect();
                let (end, _) = pair.ends(role);
                // A request is always legal, and so is a spontaneous authenticator of a server.
                let legal = accepts(role, state, sequence) || accepts(role, State::Idle, sequence);
                let got = end.receive(&bytes);
                assert_eq!(got.is_ok(), legal, "{role}, {state}: {sequence:?}: {:?}", got.err());
                taken += usize::from(legal);
            }
        }
    }
    assert_eq!(taken, 9, "idle: 2 and 1; waiting: the same, and both answers");
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let len = 4 + usize::from(bytes[2]) * 256 + usize::from(bytes[3]);
    bytes.split_at(len)
}
