//! Published faults of other TLS implementations from 2022 to 2026, each tried on ours. The name of each test has the
//! number of the advisory. `docs/lessons/README.md` has the fault, the implementation and the rule.
//!
//! The scripted peer is correct except for the one fault: transcript, signatures and Finished are right. Without the
//! check the handshake would continue.

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

/// The keys of an end's alerts while it waits for the peer's certificate, proof and Finished.
fn alerts_under(role: Role) -> Epoch {
    if role == Role::Client { Epoch::Handshake } else { Epoch::Application }
}

/// The peer sends these messages together, each in its own record, instead of its Certificate.
fn sends_after_hellos<'a>(story: Story<'a>, types: &[HandshakeType]) -> Story<'a> {
    let mut story = story.until(State::WaitCertificate);
    types.iter().for_each(|typ| story.peer.send(*typ));
    story.turn();
    story
}

/// The end has refused this in its handshake: there is no session, and the peer has not received a client's
/// certificate.
#[track_caller]
fn refused_while_authenticating(mut story: Story<'_>, role: Role, kind: &str, alert: A, state: State) {
    story.refused(kind, alert, state, alerts_under(role));
    assert_eq!(story.end.hs.finish().err(), Some(Misuse::NotNow));
    assert!(role == Role::Server || !story.peer.types().contains(&HandshakeType::CERTIFICATE));
}

fn new(role: Role) -> Story<'static> {
    Story::new(role, Policy::new())
}
