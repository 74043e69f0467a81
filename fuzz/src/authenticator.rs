//! Two connections between honest ends. The fuzzer decides who asks, who answers, and which message goes where,
//! unchanged or changed. An authenticator is accepted once, unchanged, and only by the end that asked for it (a
//! spontaneous one by the client of its server).

use super::choices::Choices;
use super::end::pki;
use countersign::authenticator::{Authenticators, Proving, Received, RequestId};
use countersign::{Credential, Handshake, Inbox, Misuse, Outbox, Policy, Role, Seed, Session, Verdict, Want};

/// A written message and its author.
enum Kind {
    Request(RequestId),
    /// The number of the request in the list of messages.
    Authenticator(usize),
    Empty(usize),
    Unasked,
}

struct Sent {
    /// One of the four ends: client and server of the first connection, then of the second.
    by: usize,
    kind: Kind,
    bytes: Vec<u8>,
    /// The ends that have accepted it.
    taken: [bool; 4],
}

fn peer(end: usize) -> usize {
    end ^ 1
}

pub fn authenticator(data: &[u8]) {
    let mut choices = Choices::new(data);
    let suite = *choices.of(&[countersign::CipherSuite(0x1301), countersign::CipherSuite(0x1302)]);
    let policy = Policy::new().cipher_suites(&[suite]);
    let mut ends = Vec::new();
    for connection in 0..2 {
        for session in connect(&policy) {
            // Both connections have the same seeds.
            ends.push(session.authenticators(policy.clone(), &Seed::from_bytes(&[9; 64])).expect("a session"));
        }
        assert_eq!(ends.len(), 2 * (connection + 1));
    }
    let mut sent: Vec<Sent> = Vec::new();
    while !choices.is_empty() && sent.len() < 64 {
        let end = usize::from(choices.byte() % 4);
        match choices.byte() % 6 {
            0 => {
                let mut bytes = vec![0; 512];
                match ends[end].request(&Default::default(), &mut bytes) {
                    Ok((id, len)) => {
                        bytes.truncate(len);
                        sent.push(Sent { by: end, kind: Kind::Request(id), bytes, taken: [false; 4] });
                    }
                    Err(misuse) => {
                        assert_eq!((misuse, ends[end].open_requests().count()), (Misuse::TooManyRequests, 4));
                    }
                }
            }
            1 => {
                let proving = ends[end].prove_unasked();
                assert_eq!(proving.is_ok(), end % 2 == 1, "only servers");
                if let Ok(proving) = proving {
                    let bytes = prove(&ends[end], proving, role(end));
                    sent.push(Sent { by: end, kind: Kind::Unasked, bytes, taken: [false; 4] });
                }
            }
            2 => {
                let raw = choices.few();
                if let Ok(Received::Claim(_) | Received::Declined(_)) = ends[end].receive(raw) {
                    panic!("forged");
                }
            }
            3 => {
                // It was changed in transit. A request may still be valid, but then its answer must not be accepted.
                let Some(place) = choose(&mut choices, sent.len()) else { continue };
                let mut bytes = sent[place].bytes.clone();
                let at = choices.word() % bytes.len();
                bytes[at] ^= choices.byte().max(1);
                match ends[end].receive(&bytes) {
                    Ok(Received::Claim(_) | Received::Declined(_)) => panic!("a changed authenticator was accepted"),
                    Ok(Received::Request(proving)) => {
                        let answer = prove(&ends[end], proving, role(end));
                        assert!(ends[peer(end)].receive(&answer).is_err(), "the answer to a changed request");
                    }
                    Err(_) => {}
                }
            }
            4 => {
                let Some(place) = choose(&mut choices, sent.len()) else { continue };
                if let (by, Kind::Request(id)) = (sent[place].by, &sent[place].kind) {
                    let open = ends[by].open_requests().any(|open| open == *id);
                    assert_eq!(ends[by].cancel(*id).is_ok(), open);
                }
            }
            _ => {
                let Some(place) = choose(&mut choices, sent.len()) else { continue };
                deliver(&mut ends, &mut sent, place, end, choices.byte().is_multiple_of(4));
            }
        }
    }
}

fn deliver(ends: &mut [Authenticators<Policy>], sent: &mut Vec<Sent>, place: usize, to: usize, declines: bool) {
    let Sent { by, ref kind, ref bytes, taken } = sent[place];
    // The end whose open request it answers.
    let asks = |request: &usize| match sent[*request].kind {
        Kind::Request(id) => (sent[*request].by, ends[sent[*request].by].open_requests().any(|open| open == id)),
        _ => unreachable!("requests only are answered"),
    };
    let expected = match kind {
        // A request is not bound to a connection: the peer on the other connection accepts it, too, but its answer is
        // useless.
        Kind::Request(_) => role(to) != role(by) && !taken[to],
        Kind::Authenticator(request) | Kind::Empty(request) => to == peer(by) && asks(request) == (to, true),
        Kind::Unasked => to == peer(by) && !taken[to],
    };
    let got = ends[to].receive(bytes);
    match got {
        Ok(_) => assert!(expected, "accepted in the wrong place, or twice"),
        Err(error) => {
            // A changed request with this context may have been answered before: then the context is used.
            assert!(!expected || error.name() == "ReusedContext", "{error}");
            assert_eq!(error.alert(), None);
            return;
        }
    }
    let answer = match got {
        Ok(Received::Request(mut proving)) if declines => {
            let mut bytes = vec![0; 64];
            let len = ends[to].decline(&mut proving, &mut bytes).expect("room");
            bytes.truncate(len);
            Some((Kind::Empty(place), bytes))
        }
        Ok(Received::Request(proving)) => Some((Kind::Authenticator(place), prove(&ends[to], proving, role(to)))),
        Ok(Received::Claim(claim)) => {
            assert_eq!(claim.peer().leaf(), pki().of(role(peer(to))).chain[0].as_ref());
            ends[to].answer_verify(claim, Verdict::Accept).expect("accepted");
            None
        }
        _ => None,
    };
    sent[place].taken[to] = true;
    if let Some((kind, bytes)) = answer {
        sent.push(Sent { by: to, kind, bytes, taken: [false; 4] });
    }
}

fn choose(choices: &mut Choices<'_>, count: usize) -> Option<usize> {
    usize::from(choices.byte()).checked_rem(count)
}

fn role(end: usize) -> Role {
    if end.is_multiple_of(2) { Role::Client } else { Role::Server }
}

fn prove(end: &Authenticators<Policy>, mut proving: Proving<'_>, role: Role) -> Vec<u8> {
    let identity = pki().of(role);
    let mut message = vec![0; 4096];
    let credential = Credential::new(&identity.chain);
    let Ok(len) = end.answer_credential(&mut proving, &credential, &mut message) else {
        return vec![0]; // a changed request may have no scheme of ours
    };
    let question = proving.sign_question().expect("a question");
    let signature = identity.key.sign(question.scheme(), question.message()).expect("a signature");
    let more = end.answer_sign(&mut proving, &signature, &mut message[len..]).expect("room");
    message.truncate(len + more);
    message
}

/// The client's session and the server's.
fn connect(policy: &Policy) -> [Session; 2] {
    let mut ends = [
        Handshake::client(policy.clone(), Some("server.test"), Seed::from_bytes(&[1; 64])).expect("a client"),
        Handshake::server(policy.clone(), Seed::from_bytes(&[2; 64])),
    ];
    let mut memory = [(); 2].map(|()| (Inbox::new(vec![0; 20_000]), Outbox::new(vec![0; 20_000])));
    let mut done = [false; 2];
    while done != [true; 2] {
        for end in 0..2 {
            let [(first_rx, first_tx), (second_rx, second_tx)] = &mut memory;
            let (rx, tx, other) =
                if end == 0 { (first_rx, first_tx, second_rx) } else { (second_rx, second_tx, first_rx) };
            let identity = pki().of(role(end));
            let hs = &mut ends[end];
            match hs.drive(rx, tx).expect("an honest handshake") {
                Want::Credential(question) => {
                    hs.answer_credential(&question, &Credential::new(&identity.chain), tx).expect("room");
                }
                Want::Sign(question) => {
                    let signature = identity.key.sign(question.scheme(), question.message()).expect("a signature");
                    hs.answer_sign(&question, &signature, tx).expect("room");
                }
                Want::Verify(question) => hs.answer_verify(&question, Verdict::Accept).expect("a question"),
                Want::Done => done[end] = true,
                Want::Write | Want::Read => {}
            }
            let pending = tx.pending().to_vec();
            other.space()[..pending.len()].copy_from_slice(&pending);
            if !pending.is_empty() {
                other.filled(pending.len());
            }
            tx.sent(pending.len());
        }
    }
    ends.map(|mut hs| hs.finish().expect("done"))
}

pub fn seeds() -> Vec<Vec<u8>> {
    // The suite; then for each step the end, the action, and its arguments.
    vec![
        vec![0, 1, 0, 0, 5, 0, 1, 1, 5, 1, 1, 1, 5, 1, 1],
        vec![1, 0, 0, 1, 5, 0, 0, 0, 5, 1, 0, 1, 1, 0, 5, 2, 0, 0, 5, 2, 0],
        vec![0, 1, 0, 1, 0, 0, 3, 0, 0, 7, 1, 0, 5, 1, 1, 1, 4, 0, 1, 5, 2, 1, 3, 5, 2, 1],
        vec![0, 0, 0, 2, 0, 3, 5, 0, 1, 1, 5, 0, 1, 0, 5, 2, 1, 2, 5, 2, 1, 2, 2, 4, 20, 0, 0, 1, 0],
    ]
}
