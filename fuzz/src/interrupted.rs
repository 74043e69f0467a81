//! `interrupted`: a handshake between two honest ends, which one of them ends at any want: by cancel, by abort with any
//! alert, by a refusal, or by a declined question. Its error must stay and its secrets must be gone. Its peer must
//! learn of the end, and must never be connected to an end that has not finished.

use super::choices::Choices;
use super::end::{End, POLICY_COUNT, pki, policy};
use countersign::{
    Alert, AlertDescription, CertificateType, Credential, Error, ErrorKind, Misuse, Rejection, Role, State, Verdict,
    Want,
};
use rustls_pki_types::CertificateDer;

/// The first byte: bit 0, the end that stops; bit 1, null cryptography; bits 2-3, the policy; bits 4-5, how it stops.
/// Then the alert, the number of the want, and how many bytes the transport delivers at a time.
pub fn interrupted(data: &[u8]) {
    let mut choices = Choices::new(data);
    let how = choices.byte();
    let alert = AlertDescription(choices.byte());
    let mut wants = usize::from(choices.byte() % 40);
    let null = how & 2 != 0;
    let policy = policy(usize::from(how >> 2 & 3) % POLICY_COUNT, null);
    let mut ends = [Role::Client, Role::Server].map(|role| End::new(role, policy, !null, 4000));
    let who = usize::from(how & 1);
    let mut wires = [Vec::new(), Vec::new()];
    let mut outcomes = [None, None];
    let mut gave_up = None;
    for _ in 0..3000 {
        for at in [0, 1] {
            if outcomes[at].is_some() {
                continue;
            }
            let want = next(&mut ends[at]);
            if at == who
                && gave_up.is_none()
                && let Ok(want) = &want
            {
                if wants == 0 {
                    gave_up = Some(give_up(&mut ends[at], how >> 4 & 3, alert, want));
                    continue;
                }
                wants -= 1;
            }
            match want {
                Ok(Want::Read) => {
                    let len = usize::from(choices.byte()).max(1);
                    let came: &mut Vec<u8> = &mut wires[1 - at];
                    let len = ends[at].gets(&came[..len.min(came.len())]);
                    came.drain(..len);
                }
                Ok(Want::Write) => wires[at].extend(ends[at].sends()),
                Ok(Want::Done) => outcomes[at] = Some(Ok(())),
                Ok(question) => answer(&mut ends[at], &question),
                Err(error) => {
                    wires[at].extend(ends[at].sends());
                    failed(&mut ends[at], error);
                    outcomes[at] = Some(Err(error));
                }
            }
        }
        if outcomes.iter().all(Option::is_some) {
            break;
        }
    }
    let [ours, theirs] = [outcomes[who], outcomes[1 - who]];
    let Some((kind, state)) = gave_up else {
        assert_eq!([ours, theirs], [Some(Ok(())); 2], "two honest ends that nobody disturbs");
        return;
    };
    let error = ours.expect("it has ended").expect_err("it was given up");
    if let Some(kind) = kind {
        assert_eq!(error.kind(), kind);
    }
    // A server learns nothing about a client that has sent its Finished. A client is done before its server.
    let finished = who == 0 && state == State::Connected || who == 1;
    match theirs.expect("the peer learns of it") {
        Ok(()) => assert!(finished, "connected to a client that has not finished"),
        // A client without keys can send its alert only in plaintext. A server with keys accepts only fatal ones of those
        // (§6).
        Err(error) => {
            let early = who == 0 && state == State::WaitServerHello;
            assert!(early || matches!(error.alert(), Some(Alert::Received(_)) | None), "{error}");
        }
    }
    if theirs == Some(Ok(())) {
        let peer = &mut ends[1 - who];
        let mut session = peer.finish();
        let mut rest = std::mem::take(&mut wires[who]);
        let over = (0..1000).find_map(|_| {
            let read = peer.gets(&rest);
            rest.drain(..read);
            match session.receive(&mut peer.rx, &mut peer.tx) {
                Ok(countersign::Event::Closed) => Some(None),
                Err(error) => Some(Some(error)),
                Ok(_) => None,
            }
        });
        let over = over.expect("the alert has come");
        let accepted = who == 0 || session.is_confirmed();
        assert!(accepted || over.is_some(), "a client that was never accepted is told so, even by close_notify");
    }
}

/// One want. Makes the memory larger when necessary.
fn next(end: &mut End) -> Result<Want, Error> {
    loop {
        match end.hs.drive(&mut end.rx, &mut end.tx) {
            Err(error) if !error.is_fatal() => end.grow(error),
            want => return want,
        }
    }
}

fn answer(end: &mut End, question: &Want) {
    let identity = pki().of(end.role);
    loop {
        let answered = match question {
            Want::Credential(question) => {
                let offer = end.hs.offer(&end.rx).expect("the offer is there");
                let raw = offer.certificate_type() == CertificateType::RAW_PUBLIC_KEY;
                let spki = [CertificateDer::from(identity.key.public_key())];
                let credential = if raw { Credential::raw_public_key(&spki) } else { Credential::new(&identity.chain) };
                end.hs.answer_credential(question, &credential, &mut end.tx)
            }
            Want::Sign(question) => {
                let signature = match end.real {
                    true => identity.key.sign(question.scheme(), question.message()).expect("a signature"),
                    false => vec![0x51; 64],
                };
                end.hs.answer_sign(question, &signature, &mut end.tx)
            }
            Want::Verify(question) => end.hs.answer_verify(question, Verdict::Accept),
            _ => return,
        };
        match answered {
            Err(Misuse::NoRoom { needed }) => end.grow_outbox(needed),
            answered => return answered.expect("an open question can be answered"),
        }
    }
}

/// The expected error, if there is only one, and the state.
fn give_up(end: &mut End, how: u8, alert: AlertDescription, want: &Want) -> (Option<ErrorKind>, State) {
    let state = end.hs.state();
    let kind = match (how, want) {
        (0, Want::Credential(question)) => {
            end.hs.decline(question, alert).expect("an open question");
            None
        }
        (0, Want::Sign(question)) => {
            end.hs.decline(question, alert).expect("an open question");
            None
        }
        (0, Want::Verify(question)) => {
            end.hs.answer_verify(question, Verdict::Reject(Rejection::AccessDenied)).expect("an open question");
            None
        }
        (0 | 1, _) => {
            end.hs.cancel(&mut end.tx).expect("its own outbox");
            Some(ErrorKind::Cancelled)
        }
        _ => {
            end.hs.abort(alert, &mut end.tx).expect("its own outbox");
            Some(ErrorKind::Aborted { alert })
        }
    };
    (kind, state)
}

/// The assertions about an end that has failed.
fn failed(end: &mut End, error: Error) {
    assert!(!matches!(error.kind(), ErrorKind::CryptoFailed | ErrorKind::Bug), "{error}");
    end.hs.expose_secrets(&mut |name, _| panic!("{name} is still there after {error}"));
    for _ in 0..2 {
        assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Err(error), "an error stays (R4)");
        end.hs.cancel(&mut end.tx).expect("its own outbox");
        end.hs.abort(AlertDescription(80), &mut end.tx).expect("its own outbox");
        assert!(end.tx.pending().is_empty(), "nothing is said after the last alert");
    }
    assert!(end.hs.finish().is_err(), "no session after an error");
    assert!(!error.to_string().chars().any(char::is_control));
}

/// Every way to stop, at every want.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for how in 0..64 {
        for wants in [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 39] {
            seeds.push([&[how, 90, wants][..], &[255; 60]].concat());
        }
    }
    seeds.push([&[0x22, 0, 4][..], &[255; 60]].concat());
    seeds.push(vec![0x23, 90, 9]);
    seeds
}
