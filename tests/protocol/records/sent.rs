//! The records that we send.

use super::BOTH;
use crate::peer::message::{Msg, certificate};
use crate::peer::{ALERT, CCS, DATA, HANDSHAKE, Story, identities};
use countersign::{Epoch, Event, HandshakeType, Padding, Policy, Role};

// req: 9846-5-4, 9846-5.1-2, 9846-5.1-4, 9846-5.1-7, 9846-5.1-12, 9846-5.1-16, 9846-5.1-17, 9846-5.1-9, 9846-5.1-10
// req: 9846-E.5-8, 9846-2-2, 9846-5.3-1
#[test]
fn our_own_records_are_as_they_must_be() {
    for role in BOTH {
        let mut story = Story::new(role, Policy::new()).connected();
        story.session.as_mut().unwrap().write(b"data", &mut story.end.tx).unwrap();
        story.session.as_mut().unwrap().update_key(&mut story.end.tx).unwrap();
        story.session.as_mut().unwrap().write(b"more", &mut story.end.tx).unwrap();
        story.session.as_mut().unwrap().close(&mut story.end.tx).unwrap();
        story.drive();
        let mut finished = false;
        for (number, seen) in story.peer.seen.iter().enumerate() {
            assert!([CCS, ALERT, HANDSHAKE, DATA].contains(&seen.typ));
            let first = role == Role::Client && number == 0;
            assert_eq!(seen.version, if first { 0x0301 } else { 0x0303 });
            match seen.typ {
                CCS => assert_eq!((&seen.content[..], seen.epoch), (&[1][..], Epoch::Plaintext)),
                ALERT => assert_eq!(seen.content.len(), 2),
                // Data comes only after our Finished, and protected.
                DATA => assert!(finished && seen.epoch == Epoch::Application),
                _ => {
                    // Whole messages. The last one before a key change ends its record.
                    let mut rest = &seen.content[..];
                    while let Some((message, after)) = countersign::internals::codec::Message::split(rest) {
                        let last = [
                            HandshakeType::CLIENT_HELLO,
                            HandshakeType::SERVER_HELLO,
                            HandshakeType::FINISHED,
                            HandshakeType::KEY_UPDATE,
                        ];
                        assert!(after.is_empty() || !last.contains(&message.typ));
                        finished |= message.typ == HandshakeType::FINISHED;
                        rest = after;
                    }
                    assert!(rest.is_empty());
                }
            }
        }
        assert!(finished);
        assert_eq!(story.peer.alerts(), [(Epoch::Application, vec![1, 0])]);
    }
}

// req: 9846-5.4-1, 9846-5.4-6
#[test]
fn our_padding_is_zeros_to_the_multiple_and_within_the_limit() {
    for role in BOTH {
        for multiple in [0, 1, 16, 4096, 16_384, u16::MAX] {
            let policy = Policy::new().padding(Padding::Multiple(multiple));
            let mut story = Story::new(role, policy).connected();
            let data = vec![b'x'; (1 << 14) + 100];
            assert_eq!(story.session.as_mut().unwrap().write(&data, &mut story.end.tx), Ok(data.len()));
            story.drive();
            // The peer has found the type before the zeros, so there are only zeros.
            for seen in story.peer.seen.iter().filter(|seen| seen.typ == DATA && !seen.content.is_empty()) {
                let inner = seen.content.len() + 1 + seen.padding;
                assert!(inner <= (1 << 14) + 1);
                let whole = inner % usize::from(multiple.max(1)) == 0;
                assert!(whole || inner == (1 << 14) + 1, "{inner} of {multiple}");
            }
        }
    }
}

/// The server's Certificate needs several records. An empty record after the handshake confirms the client.
#[test]
fn a_client_that_is_not_confirmed_learns_it_by_the_first_record_and_long_flights_work() {
    let leaf = identities().server.chain[0].clone();
    let long = vec![0x30; 25_000];
    let edit = |m: &mut Msg| *m = certificate(&[], &[(&leaf, &[]), (&long, &[])]);
    let mut story = Story::client().edit(HandshakeType::CERTIFICATE, &edit).connected();
    assert!(!story.session.as_ref().unwrap().is_confirmed());
    story.peer.record(DATA, b"");
    story.turn();
    assert!(story.events.contains(&Event::Confirmed) && story.session.as_ref().unwrap().is_confirmed());
}
