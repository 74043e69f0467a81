//! Answers between sessions: a question of another end, or an answered one, is open nowhere (R1).

use countersign::{AnyOutbox, Credential, Handshake, Misuse, Policy, Records, Verdict, Want};
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    /// The last question of each kind that each end has asked.
    static ASKED: RefCell<BTreeMap<(u8, u8), Want>> = const { RefCell::new(BTreeMap::new()) };
}

/// The questions of other runs.
pub fn forget() {
    ASKED.with_borrow_mut(BTreeMap::clear);
}

fn kind(want: &Want) -> Option<u8> {
    match want {
        Want::Credential(_) => Some(0),
        Want::Sign(_) => Some(1),
        Want::Verify(_) => Some(2),
        _ => None,
    }
}

fn answer(hs: &mut Handshake<&Policy>, want: &Want, tx: &mut impl AnyOutbox<Carrier = Records>) -> Result<(), Misuse> {
    match want {
        Want::Credential(question) => hs.answer_credential(question, &Credential::new(&[]), tx),
        Want::Sign(question) => hs.answer_sign(question, b"signed for another session", tx),
        Want::Verify(question) => hs.answer_verify(question, Verdict::Accept),
        _ => Err(Misuse::StaleQuestion),
    }
}

/// A second answer to the question that was just answered is refused.
pub fn refuses_again(hs: &mut Handshake<&Policy>, want: &Want, tx: &mut impl AnyOutbox<Carrier = Records>) {
    assert_eq!(answer(hs, want, tx), Err(Misuse::StaleQuestion), "an answer is taken once");
}

/// So are answers to the questions of other ends. (Equal content to sign is the same question for both.)
pub fn refuses_others(
    hs: &mut Handshake<&Policy>,
    want: &Want,
    tx: &mut impl AnyOutbox<Carrier = Records>,
    number: u8,
) {
    let Some(kind) = kind(want) else { return };
    ASKED.with_borrow_mut(|asked| {
        for (_, other) in asked.iter().filter(|((end, _), other)| *end != number && *other != want) {
            assert_eq!(answer(hs, other, tx), Err(Misuse::StaleQuestion), "an answer to another session's question");
        }
        asked.insert((number, kind), want.clone());
    });
}
