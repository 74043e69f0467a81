//! A handshake that is cancelled or aborted.

use super::{at_every_step, ends, fate, play};
use crate::carriers::{Carried, on_both_carriers};
use countersign::{Alert, AlertDescription, Blame, Ending, ErrorKind, Event, Misuse, Records, Role, State};

on_both_carriers!(
    who_gives_up_gets_the_same_error_for_ever_and_no_secrets,
    a_handshake_that_was_finished_has_nothing_to_give_up,
);

fn who_gives_up_gets_the_same_error_for_ever_and_no_secrets<C: Carried>() {
    const ALERT: AlertDescription = AlertDescription::ACCESS_DENIED;
    for (cancels, kind, alert) in
        [(true, ErrorKind::Cancelled, None), (false, ErrorKind::Aborted { alert: ALERT }, Some(Alert::Sent(ALERT)))]
    {
        at_every_step::<C>(
            |end, _| {
                let before = C::pending(&end.tx);
                match cancels {
                    true => end.hs.cancel(&mut end.tx).unwrap(),
                    false => end.hs.abort(ALERT, &mut end.tx).unwrap(),
                }
                assert_eq!(C::pending(&end.tx) != before, C::WRITES_ALERTS, "the transport conveys the alert, or we");
            },
            |end, _, at| {
                let (state, pending) = (end.hs.state(), C::pending(&end.tx));
                let error = end.drive().unwrap_err();
                assert_eq!((error.kind(), error.alert(), error.state()), (kind, alert, state), "step {at}");
                end.hs.cancel(&mut end.tx).unwrap();
                end.hs.abort(ALERT, &mut end.tx).unwrap();
                assert_eq!(end.drive(), Err(error));
                assert_eq!(C::pending(&end.tx), pending);
                assert_eq!(C::finish(&mut end.hs), Err(Misuse::NotNow));
                end.hs.expose_secrets(&mut |label, _| panic!("{label} should be forgotten"));
            },
        );
    }
}

/// From then on the session sends: an alert of the handshake would come under keys that the session has.
fn a_handshake_that_was_finished_has_nothing_to_give_up<C: Carried>() {
    let (mut client, mut server) = ends::<C>(false);
    play(&mut client, &mut server, &mut |_, _, _| false);
    for end in [&mut client, &mut server] {
        C::finish(&mut end.hs).unwrap();
        let (pending, driven) = (C::pending(&end.tx), end.hs.drive(&mut end.rx, &mut end.tx));
        end.hs.abort(AlertDescription::ACCESS_DENIED, &mut end.tx).unwrap();
        end.hs.cancel(&mut end.tx).unwrap();
        assert_eq!((C::pending(&end.tx), end.hs.state()), (pending, State::Connected));
        // By messages, the transport has the alert to convey.
        assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx) == driven, C::WRITES_ALERTS);
    }
}

/// RFC 9846 §6.1: user_canceled, then close_notify, and then nothing.
// req: 9846-6.1-3
#[test]
fn a_handshake_can_be_cancelled_at_every_step() {
    at_every_step::<Records>(
        |end, _| end.hs.cancel(&mut end.tx).unwrap(),
        |end, other, at| {
            let error = end.drive().unwrap_err();
            assert_eq!((error.kind(), error.blame()), (ErrorKind::Cancelled, Blame::Us), "step {at}");
            assert_eq!(
                error.to_string(),
                format!("our side cancelled the handshake (as {}, in {})", end.hs.role(), end.hs.state())
            );
            assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Err(error));
            assert!(!end.tx.pending().is_empty());
            match fate(end, other) {
                Ok(Some(Event::Closed | Event::Confirmed)) => {}
                Err(told) if told.kind() == ErrorKind::ClosedInHandshake => {
                    assert_eq!(told.alert(), Some(Alert::Received(AlertDescription::CLOSE_NOTIFY)));
                }
                // A client that has not been accepted yet.
                Err(told) if other.hs.state() == State::Connected => {
                    let how = Ending::Alert(AlertDescription::CLOSE_NOTIFY);
                    assert_eq!(told.kind(), ErrorKind::PeerEndedUnconfirmed { how }, "step {at}");
                }
                // A client that has not read the ServerHello cannot protect its alerts. Only a fatal one is accepted
                // without protection.
                Err(told) if other.hs.role() == Role::Server && other.hs.state() == State::WaitCertificate => {
                    let content = countersign::ContentType::ALERT;
                    assert_eq!(told.kind(), ErrorKind::UnexpectedRecord { content }, "step {at}");
                }
                told => panic!("step {at}: {told:?}"),
            }
        },
    );
}

#[test]
fn a_handshake_can_be_aborted_with_any_alert_at_every_step() {
    let alert = AlertDescription::INSUFFICIENT_SECURITY;
    at_every_step::<Records>(
        |end, _| end.hs.abort(alert, &mut end.tx).unwrap(),
        |end, other, at| {
            let error = end.drive().unwrap_err();
            assert_eq!((error.kind(), error.alert()), (ErrorKind::Aborted { alert }, Some(Alert::Sent(alert))));
            // A second call does nothing.
            let pending = end.tx.pending().to_vec();
            end.hs.abort(alert, &mut end.tx).unwrap();
            end.hs.cancel(&mut end.tx).unwrap();
            assert_eq!(end.tx.pending(), pending);
            match fate(end, other) {
                Err(told) => {
                    let expected = match told.kind() {
                        ErrorKind::UnauthenticatedAlert { .. } => ErrorKind::UnauthenticatedAlert { alert },
                        ErrorKind::PeerEndedUnconfirmed { .. } => {
                            ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) }
                        }
                        _ => ErrorKind::PeerAlert { alert },
                    };
                    assert_eq!((told.kind(), told.alert()), (expected, Some(Alert::Received(alert))), "step {at}");
                }
                // The server's confirming record may have been sent before.
                Ok(event) => assert_eq!(event, Some(Event::Confirmed), "step {at}"),
            }
        },
    );
}
