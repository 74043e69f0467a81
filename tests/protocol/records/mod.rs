//! The record layer with a peer that breaks its rules (RFC 9846 §5, RFC 8449).

mod boundaries;
mod lengths;
mod protection;
mod sent;
mod types;

use crate::peer::Story;
use countersign::AlertDescription as A;
use countersign::{Epoch, Policy, Role, State};

const BOTH: [Role; 2] = [Role::Client, Role::Server];
const ILLEGAL: A = A::UNEXPECTED_MESSAGE;

/// Every state of the handshake in which an end waits for the peer, and the keys of its alerts there.
const STATES: &[(Role, State, Epoch)] = &[
    (Role::Server, State::WaitClientHello, Epoch::Plaintext),
    (Role::Server, State::WaitCertificate, Epoch::Application),
    (Role::Server, State::WaitCertificateVerify, Epoch::Application),
    (Role::Server, State::WaitFinished, Epoch::Application),
    (Role::Client, State::WaitServerHello, Epoch::Plaintext),
    (Role::Client, State::WaitEncryptedExtensions, Epoch::Handshake),
    (Role::Client, State::WaitCertificateRequest, Epoch::Handshake),
    (Role::Client, State::WaitCertificate, Epoch::Handshake),
    (Role::Client, State::WaitCertificateVerify, Epoch::Handshake),
    (Role::Client, State::WaitFinished, Epoch::Handshake),
];

/// The states in which records of the peer are protected.
fn protected() -> impl Iterator<Item = (Role, State, Epoch)> {
    STATES.iter().copied().filter(|(_, _, epoch)| *epoch != Epoch::Plaintext)
}

/// In this state the end refuses the records of `send`.
#[track_caller]
fn refused((role, state, epoch): (Role, State, Epoch), send: impl Fn(&mut Story<'_>), kind: &str, alert: A) {
    let mut story = Story::new(role, Policy::new()).until(state);
    send(&mut story);
    story.turn();
    story.refused(kind, alert, state, epoch);
}

/// A session of the end refuses the records of `send`.
#[track_caller]
fn session_refused(role: Role, send: impl Fn(&mut Story<'_>), kind: &str, alert: A) {
    let mut story = Story::new(role, Policy::new()).connected();
    send(&mut story);
    story.turn();
    story.refused(kind, alert, State::Connected, Epoch::Application);
}
