//! Wrong answers change nothing.

use crate::common::*;
use countersign::authenticator::State;
use countersign::{Credential, Misuse, Policy};

#[test]
fn an_answer_needs_exactly_the_room_that_it_says() {
    for role in ROLES {
        let mut pair = Pair::new(Policy::new());
        let (asks, proves) = pair.ends(role);
        let Err(Misuse::NoRoom { needed }) = asks.request(&Default::default(), &mut []) else { panic!("no room") };
        let short = asks.request(&Default::default(), &mut vec![0; needed - 1]);
        assert_eq!(short.err(), Some(Misuse::NoRoom { needed }));
        let mut message = vec![0; needed];
        assert_eq!(asks.request(&Default::default(), &mut message).unwrap().1, needed);

        let mut proving = asked(proves, &message);
        let credential = Credential::new(&NEXT.chain);
        let Err(Misuse::NoRoom { needed }) = proves.answer_credential(&mut proving, &credential, &mut []) else {
            panic!("no room")
        };
        let short = proves.answer_credential(&mut proving, &credential, &mut vec![0; needed - 1]);
        assert_eq!((short, proving.state()), (Err(Misuse::NoRoom { needed }), State::AskCredential));
        let mut authenticator = vec![0; needed];
        assert_eq!(proves.answer_credential(&mut proving, &credential, &mut authenticator), Ok(needed));
        let question = proving.sign_question().unwrap();
        let signature = NEXT.key.sign(question.scheme(), question.message()).unwrap();
        let Err(Misuse::NoRoom { needed }) = proves.answer_sign(&mut proving, &signature, &mut []) else {
            panic!("no room")
        };
        let short = proves.answer_sign(&mut proving, &signature, &mut vec![0; needed - 1]);
        assert_eq!((short, proving.state()), (Err(Misuse::NoRoom { needed }), State::AskSign));
        let mut rest = vec![0; needed];
        assert_eq!(proves.answer_sign(&mut proving, &signature, &mut rest), Ok(needed));
        authenticator.extend(rest);
        let _ = claim(asks, &authenticator);
    }
}

#[test]
fn a_second_a_stale_and_a_foreign_answer_are_misuses() {
    let (mut pair, other) = (Pair::new(Policy::new()), Pair::new(Policy::new()));
    let (_, message) = request(&mut pair.server);
    let mut proving = asked(&mut pair.client, &message);
    let credential = Credential::new(&NEXT.chain);
    let mut out = [0; 4096];
    let stale = Err(Misuse::StaleQuestion);
    assert_eq!(other.client.answer_credential(&mut proving, &credential, &mut out), stale);
    assert!(other.client.offer(&proving).is_err());
    assert_eq!(pair.client.answer_sign(&mut proving, b"signature", &mut out), stale, "nobody has asked");
    let none = Credential::new(&[]);
    assert_eq!(pair.client.answer_credential(&mut proving, &none, &mut out), Err(Misuse::UnfitCredential));
    let raw = Credential::raw_public_key(&NEXT.chain);
    assert_eq!(pair.client.answer_credential(&mut proving, &raw, &mut out), Err(Misuse::UnfitCredential));
    pair.client.answer_credential(&mut proving, &credential, &mut out).unwrap();
    assert_eq!(pair.client.answer_credential(&mut proving, &credential, &mut out), stale, "answered before");
    assert_eq!(other.client.answer_sign(&mut proving, b"signature", &mut out), stale);
    for unfit in [&[][..], &[1; 65_536]] {
        assert_eq!(pair.client.answer_sign(&mut proving, unfit, &mut out), Err(Misuse::UnfitSignature));
    }
    let longest = pair.client.answer_sign(&mut proving, &[1; 65_535], &mut []);
    assert_eq!(longest, Err(Misuse::NoRoom { needed: 4 + 2 + 2 + 65_535 + 36 }));
    // After the signer has failed we may still decline.
    assert_eq!(other.client.decline(&mut proving, &mut out), stale);
    assert_eq!(pair.client.decline(&mut proving, &mut []), Err(Misuse::NoRoom { needed: 36 }));
    let len = pair.client.decline(&mut proving, &mut out).unwrap();
    assert_eq!((len, proving.state()), (36, State::Done));
    assert_eq!(pair.client.decline(&mut proving, &mut out), stale);
    assert_eq!(pair.client.answer_sign(&mut proving, b"signature", &mut out), stale);
    assert!(pair.server.receive(&out[..len]).is_ok());

    let mut unasked = pair.server.prove_unasked().unwrap();
    assert_eq!(pair.server.decline(&mut unasked, &mut out), Err(Misuse::NotNow));
}
