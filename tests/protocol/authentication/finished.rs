//! Finished, and the limits of message lengths.

use super::{BOTH, CT, CV, FIN, leaf};
use crate::peer::message::{Msg, certificate};
use crate::peer::{self, Story, accepts, refuses};
use countersign::AlertDescription as A;
use countersign::{Epoch, HandshakeType, Policy, Role, State};

// ---- 40: Finished ----

// req: 9846-4.5.3-1, 9846-4.5.3-2, 9846-4.5.3-3
#[test]
fn a_wrong_finished_is_a_decrypt_error_and_one_of_another_size_a_decode_error() {
    let (kind, alert) = ("BadFinished", A::DECRYPT_ERROR);
    let (size, decode_error) = ("Malformed", A::DECODE_ERROR); // RFC 9846 §6.2
    for role in BOTH {
        refuses(
            role,
            &Policy::new(),
            FIN,
            &[
                ("the first bit", &|m| m.head[0] ^= 0x80, kind, alert),
                ("the last bit", &|m| *m.head.last_mut().unwrap() ^= 1, kind, alert),
                ("empty", &|m| m.head = vec![], size, decode_error),
                ("one byte", &|m| m.head.truncate(1), size, decode_error),
                ("a byte less", &|m| m.head.truncate(31), size, decode_error),
                ("a byte more", &|m| m.head.push(0), size, decode_error),
                ("twice", &|m| m.head = m.head.repeat(2), size, decode_error),
                ("of SHA-384's size", &|m| m.head.extend([0; 16]), size, decode_error),
                ("zeros", &|m| m.head = vec![0; 32], kind, alert),
            ],
        );
        // The end's own Finished comes back, which has the other side's key.
        if role == Role::Server {
            let mut story = Story::server().until(State::WaitFinished);
            let own = story.sent(FIN)[4..].to_vec();
            story.peer.send_msg(&Msg::new(FIN, own));
            story.turn();
            story.refused(kind, alert, State::WaitFinished, Epoch::Application);
        }
    }
}

// ---- 41: limits ----

#[test]
fn a_message_longer_than_the_limit_is_refused_from_its_header() {
    // Only a header: the announced body never comes.
    let header = |typ: HandshakeType, len: usize| {
        let [_, a, b, c] = (len as u32).to_be_bytes();
        [typ.0, a, b, c]
    };
    let alert = A::ILLEGAL_PARAMETER;
    for (role, state) in [
        (Role::Server, State::WaitClientHello),
        (Role::Server, State::WaitCertificate),
        (Role::Server, State::WaitCertificateVerify),
        (Role::Server, State::WaitFinished),
        (Role::Client, State::WaitServerHello),
        (Role::Client, State::WaitEncryptedExtensions),
        (Role::Client, State::WaitCertificateRequest),
        (Role::Client, State::WaitCertificate),
        (Role::Client, State::WaitCertificateVerify),
        (Role::Client, State::WaitFinished),
    ] {
        for len in [countersign::limits::MAX_MESSAGE + 1, 0xff_ffff] {
            let mut story = Story::new(role, Policy::new()).until(state);
            let typ = story.next().unwrap();
            story.peer.record(peer::HANDSHAKE, &header(typ, len));
            story.turn();
            let (_, epoch) = peer::judged(role, typ);
            story.refused("MessageTooLong", alert, state, epoch);
        }
    }
    // The whole flight has a limit, too.
    for role in BOTH {
        let policy = Policy::new().max_flight(20_000, 20_000);
        let leaf = leaf(role);
        let long = vec![0x30; 19_700 - leaf.len()];
        let edit = |m: &mut Msg| *m = certificate(&[], &[(leaf, &[]), (&long, &[])]);
        let mut story = Story::new(role, policy.clone()).edit(CT, &edit).until(State::WaitCertificateVerify);
        story.peer.record(peer::HANDSHAKE, &header(CV, 9_000));
        story.turn();
        let (state, epoch) = peer::judged(role, CV);
        story.refused("MessageTooLong", alert, state, epoch);
        accepts(role, &policy, CT, &[("a chain of nearly the limit", &edit)]);
    }
}
