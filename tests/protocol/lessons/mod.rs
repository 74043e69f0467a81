//! Faults that other implementations of TLS have published, 2022 to 2026: each is tried on ours. Each test has the
//! number of the advisory in its name; `docs/lessons/README.md` tells what happened, to whom, and the rule.
//!
//! What the scripted peer sends is right in everything but the one point: transcript, signatures and Finished fit. Where
//! the rule were not held, the handshake would go on.

mod certificate_type;
mod key_change;
mod key_update;
mod proof;
mod resumption;
mod retry;

use crate::peer::Story;
use countersign::AlertDescription as A;
use countersign::{Epoch, HandshakeType, Misuse, Policy, Role, State};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// The keys that an end sends its alerts under while it awaits the peer's certificate, proof and Finished.
fn alerts_under(role: Role) -> Epoch {
    if role == Role::Client { Epoch::Handshake } else { Epoch::Application }
}

/// The peer sends these messages at once, each in a record of its own, where its Certificate is awaited.
fn sends_after_hellos<'a>(story: Story<'a>, types: &[HandshakeType]) -> Story<'a> {
    let mut story = story.until(State::WaitCertificate);
    types.iter().for_each(|typ| story.peer.send(*typ));
    story.turn();
    story
}

/// The end has refused this in its handshake: there is no session, and the peer has seen no certificate of a client.
#[track_caller]
fn refused_while_authenticating(mut story: Story<'_>, role: Role, kind: &str, alert: A, state: State) {
    story.refused(kind, alert, state, alerts_under(role));
    assert_eq!(story.end.hs.finish().err(), Some(Misuse::NotNow));
    assert!(role == Role::Server || !story.peer.types().contains(&HandshakeType::CERTIFICATE));
}

fn new(role: Role) -> Story<'static> {
    Story::new(role, Policy::new())
}
