//! The verdict, and the end of a refused peer.

use super::{BOTH, CT};
use crate::peer::Story;
use countersign::AlertDescription as A;
use countersign::{Alert, Blame, Epoch, ErrorKind, Policy, Rejection, Role, State};
use countersign::{Step, Verdict, Want};

// req: 9846-4.5.1.2-8, 9846-4.5.3-3
#[test]
fn each_refusal_of_the_verdict_has_its_own_alert() {
    for (reason, alert) in [
        (Rejection::UnknownCa, A::UNKNOWN_CA),
        (Rejection::Expired, A::CERTIFICATE_EXPIRED),
        (Rejection::Revoked, A::CERTIFICATE_REVOKED),
        (Rejection::WrongName, A::BAD_CERTIFICATE),
        (Rejection::BadCertificate, A::BAD_CERTIFICATE),
        (Rejection::UnsupportedCertificate, A::UNSUPPORTED_CERTIFICATE),
        (Rejection::AccessDenied, A::ACCESS_DENIED),
        (Rejection::CertificateUnknown, A::CERTIFICATE_UNKNOWN),
        (Rejection::Alert(A::BAD_CERTIFICATE_STATUS_RESPONSE), A::BAD_CERTIFICATE_STATUS_RESPONSE),
    ] {
        for (role, epoch) in [(Role::Client, Epoch::Handshake), (Role::Server, Epoch::Application)] {
            let mut story = Story::new(role, Policy::new());
            story.end.verdict = Verdict::Reject(reason);
            let mut story = story.play();
            let error = story.error();
            assert_eq!(error.kind(), ErrorKind::Rejected { reason });
            assert_eq!((error.blame(), error.state()), (Blame::Us, State::AskVerify));
            assert_eq!(error.alert(), Some(Alert::Sent(alert)));
            assert_eq!(story.peer.alerts(), [(epoch, vec![2, alert.0])]);
            if role == Role::Client {
                assert!(!story.peer.types().contains(&CT), "our certificate goes only to whom we know");
            }
            story.is_dead(error);
        }
    }
}

// req: 9846-6-2
#[test]
fn a_question_can_be_declined_and_the_handshake_cancelled_or_aborted() {
    for role in BOTH {
        let epoch_before = if role == Role::Client { Epoch::Handshake } else { Epoch::Plaintext };
        let mut story = Story::new(role, Policy::new());
        story.hold = Some(State::AskCredential);
        let mut story = story.until(State::AskCredential);
        let end = &mut story.end;
        let Ok(Step::Want(Want::Credential(question))) = end.hs.step(&mut end.rx, &mut end.tx) else { panic!() };
        end.hs.decline(&question, A::UNRECOGNIZED_NAME).unwrap();
        story.drive();
        let error = story.error();
        assert_eq!(error.kind(), ErrorKind::Declined { alert: A::UNRECOGNIZED_NAME });
        assert_eq!((error.blame(), error.state()), (Blame::Us, State::AskCredential));
        assert_eq!(story.peer.alerts(), [(epoch_before, vec![2, A::UNRECOGNIZED_NAME.0])]);
        story.is_dead(error);
        let mut shown = 0;
        story.end.hs.expose_secrets(&mut |_, _| shown += 1);
        assert!(story.end.hs.finish().is_err());

        let mut story = Story::new(role, Policy::new()).until(State::WaitCertificate);
        let epoch = if role == Role::Client { Epoch::Handshake } else { Epoch::Application };
        story.end.hs.cancel(&mut story.end.tx).unwrap();
        story.drive();
        assert_eq!(story.error().kind(), ErrorKind::Cancelled);
        assert_eq!(story.peer.alerts(), [(epoch, vec![1, 90]), (epoch, vec![1, 0])], "user_canceled, close_notify");
        let error = story.error();
        story.is_dead(error);

        let mut story = Story::new(role, Policy::new()).until(State::WaitCertificate);
        story.end.hs.abort(A::GENERAL_ERROR, &mut story.end.tx).unwrap();
        story.drive();
        assert_eq!(story.error().kind(), ErrorKind::Aborted { alert: A::GENERAL_ERROR });
        assert_eq!(story.peer.alerts(), [(epoch, vec![2, A::GENERAL_ERROR.0])]);
    }
}
