//! R1, R2, R4: programs may lose questions, or answer them late, from another thread, twice, wrongly, or not at all.
//! "At every step" is exhaustive: a whole handshake runs once for each of its steps, and is disturbed there.

mod errors;
mod giving_up;
mod misuse;
mod questions;
mod refusals;
mod room;

use crate::carriers::Carried;
use crate::common::{End, Identity, Pki, carry};
use countersign::{
    AlertDescription, Credential, Error, Event, Misuse, Policy, Question, Rejection, Role, State, Step, Verdict, Want,
};
use std::sync::LazyLock;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

fn ends<C: Carried>(retry: bool) -> (End<'static, C>, End<'static, C>) {
    let end = |role, policy| End::with_memory(role, policy, &IDENTITY, C::inbox(40_000), C::outbox(40_000));
    let client = if retry { Policy::new().key_shares(&[]) } else { Policy::new() };
    (end(Role::Client, client), end(Role::Server, Policy::new()))
}

/// Gives the right answer to a question. `false`: it was no question.
fn answer<C: Carried>(end: &mut End<'_, C>, want: &Want) -> bool {
    match want {
        Want::Credential(question) => {
            end.hs.answer_credential(question, &Credential::new(&end.identity.chain), &mut end.tx).unwrap();
        }
        Want::Sign(question) => {
            let signature = end.identity.key.sign(question.scheme(), question.message()).unwrap();
            end.hs.answer_sign(question, &signature, &mut end.tx).unwrap();
        }
        Want::Verify(question) => end.hs.answer_verify(question, Verdict::Accept).unwrap(),
        _ => return false,
    }
    true
}

/// Continues, and calls `meddle` after each step of either end, until it returns true or both are done. Returns the
/// number of steps.
fn play<'a, C: Carried>(
    client: &mut End<'a, C>,
    server: &mut End<'a, C>,
    meddle: &mut dyn FnMut(usize, &mut End<'a, C>, &Step) -> bool,
) -> usize {
    let mut number = 0;
    let mut done = [false; 2];
    while done != [true; 2] {
        for role in [Role::Client, Role::Server] {
            let (end, other) = match role {
                Role::Client => (&mut *client, &mut *server),
                Role::Server => (&mut *server, &mut *client),
            };
            loop {
                let step = end.hs.step(&mut end.rx, &mut end.tx).unwrap();
                number += 1;
                if meddle(number, end, &step) {
                    return number;
                }
                let Step::Want(want) = step else { continue };
                if answer(end, &want) {
                    continue;
                }
                if want == Want::Write && C::carry(&mut end.tx, &mut other.rx) {
                    continue;
                }
                done[usize::from(role == Role::Server)] = want == Want::Done;
                break;
            }
        }
        assert!(number < 200, "it comes to an end");
    }
    number
}

/// Runs a handshake once for each of its steps. `meddle` is called at that step, and the run stops. Then `after` checks
/// both ends: first the disturbed one.
fn at_every_step<C: Carried>(
    mut meddle: impl FnMut(&mut End<'_, C>, &Step),
    mut after: impl FnMut(&mut End<'_, C>, &mut End<'_, C>, usize),
) {
    for retry in [false, true] {
        let steps = {
            let (mut client, mut server) = ends::<C>(retry);
            play(&mut client, &mut server, &mut |_, _, _| false)
        };
        assert!(steps > 30);
        for at in 1..=steps {
            let (mut client, mut server) = ends(retry);
            let mut role = Role::Client;
            play(&mut client, &mut server, &mut |number, end, step| {
                if number == at {
                    role = end.hs.role();
                    meddle(end, step);
                }
                number == at
            });
            if role == Role::Client { after(&mut client, &mut server, at) } else { after(&mut server, &mut client, at) }
        }
    }
}

/// Everything of an end that a misuse must not change.
fn snapshot<C: Carried>(end: &End<'_, C>) -> (State, usize, Vec<u8>, Option<Vec<u8>>) {
    let peer = end.hs.peer(&end.rx).ok().map(|peer| peer.leaf().to_vec());
    (end.hs.state(), end.hs.transitions().count(), C::pending(&end.tx), peer)
}

/// The result of the other end after it has received everything from this one.
fn fate(end: &mut End<'_>, told: &mut End<'_>) -> Result<Option<Event>, Error> {
    carry(end, told);
    match told.drive()? {
        Want::Done => {}
        Want::Write => {
            told.sends();
            if told.drive()? != Want::Done {
                return Ok(None);
            }
        }
        _ => return Ok(None),
    }
    let mut session = told.hs.finish().unwrap();
    session.receive(&mut told.rx, &mut told.tx).map(Some)
}
/// Every question of a whole connection, of both ends.
fn questions_of<C: Carried>(mut client: End<'static, C>, mut server: End<'static, C>) -> Vec<Want> {
    let mut questions = Vec::new();
    play(&mut client, &mut server, &mut |_, _, step| {
        if let Step::Want(want @ (Want::Credential(_) | Want::Sign(_) | Want::Verify(_))) = step {
            questions.push(want.clone());
        }
        false
    });
    questions
}

/// Tries every answer.
fn try_all<C: Carried>(end: &mut End<'_, C>, question: &Want) -> Vec<Result<(), Misuse>> {
    let alert = AlertDescription::INTERNAL_ERROR;
    match question {
        Want::Credential(question) => vec![
            end.hs.answer_credential(question, &Credential::new(&IDENTITY.chain), &mut end.tx),
            end.hs.answer_credential(question, &Credential::new(&[]), &mut end.tx),
            end.hs.decline(question, alert),
        ],
        Want::Sign(question) => vec![
            end.hs.answer_sign(question, &[1; 64], &mut end.tx),
            end.hs.answer_sign(question, &[], &mut end.tx),
            end.hs.decline(question, alert),
        ],
        Want::Verify(question) => vec![
            end.hs.answer_verify(question, Verdict::Accept),
            end.hs.answer_verify(question, Verdict::Reject(Rejection::Expired)),
            end.hs.decline(Question::Verify(question), alert),
        ],
        _ => vec![],
    }
}
/// Declines the first question of this kind from an end of this role.
fn decline<C: Carried>(role: Role, which: State, alert: AlertDescription) -> (End<'static, C>, End<'static, C>) {
    let (mut client, mut server) = ends(false);
    let mut declined = 0;
    play(&mut client, &mut server, &mut |_, end, step| {
        if end.hs.role() != role || end.hs.state() != which {
            return false;
        }
        match step {
            Step::Want(Want::Credential(question)) => end.hs.decline(question, alert).unwrap(),
            Step::Want(Want::Sign(question)) => end.hs.decline(question, alert).unwrap(),
            Step::Want(Want::Verify(question)) => end.hs.decline(question, alert).unwrap(),
            _ => return false,
        }
        declined += 1;
        true
    });
    assert_eq!(declined, 1);
    if role == Role::Client { (client, server) } else { (server, client) }
}
