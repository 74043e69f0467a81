//! R2: an answer without room changes nothing, and returns how much it needs.

use super::{IDENTITY, ends, play, snapshot};
use crate::carriers::{Carried, on_both_carriers};
use crate::common::End;
use countersign::{Credential, ErrorKind, Misuse, SignatureScheme, Step, Verdict, Want};

on_both_carriers!(
    an_answer_without_room_changes_nothing_and_says_how_much_it_needs,
    a_handshake_with_a_small_outbox_sends_and_grows,
    a_message_without_room_waits_for_what_is_pending,
    a_credential_or_signature_that_cannot_be_sent_is_a_misuse,
);

/// Moves the outbox to memory of this size. False: its contents do not fit.
fn resized<C: Carried>(end: &mut End<'_, C>, len: usize) -> bool {
    let (tx, fits) = match C::resized(std::mem::replace(&mut end.tx, C::outbox(0)), len) {
        Ok(tx) => (tx, true),
        Err(tx) => (tx, false),
    };
    end.tx = tx;
    fits
}

/// At each question of both ends: with less than `needed` nothing happens, and the question stays open. With exactly
/// `needed` the answer is accepted.
fn an_answer_without_room_changes_nothing_and_says_how_much_it_needs<C: Carried>() {
    for question in 0..4 {
        let (mut client, mut server) = ends::<C>(question % 2 == 0);
        let (mut asked, mut refused) = (0, 0);
        play(&mut client, &mut server, &mut |_, end, step| {
            let Step::Want(want @ (Want::Credential(_) | Want::Sign(_))) = step else { return false };
            asked += 1;
            if asked <= question {
                return false;
            }
            let answer = |end: &mut End<'_, C>| match want {
                Want::Credential(question) => {
                    end.hs.answer_credential(question, &Credential::new(&IDENTITY.chain), &mut end.tx)
                }
                Want::Sign(question) => {
                    let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                    end.hs.answer_sign(question, &signature, &mut end.tx)
                }
                _ => Err(Misuse::NotNow),
            };
            // The smallest memory for its contents.
            let least = (0..).find(|len| resized(end, *len)).unwrap();
            let before = snapshot(end);
            let Err(Misuse::NoRoom { needed }) = answer(end) else { panic!("{want:?} fits {least} bytes") };
            for len in [least, least + 1, needed - 2, needed - 1] {
                if resized(end, len) {
                    assert_eq!(answer(end), Err(Misuse::NoRoom { needed }), "with {len} bytes");
                    assert_eq!(end.hs.step(&mut end.rx, &mut end.tx), Ok(step.clone()), "it is still asked");
                    assert_eq!(snapshot(end), before);
                    refused += 1;
                }
            }
            assert!(resized(end, needed));
            assert_eq!(answer(end), Ok(()));
            if let Want::Sign(_) = want {
                assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Ok(Want::Write));
                assert!(!resized(end, needed - 1), "not one byte more is asked for than is used");
            }
            assert!(resized(end, 40_000));
            true
        });
        assert!(refused >= 3);
        // The handshake continues.
        play(&mut client, &mut server, &mut |_, _, _| false);
    }
}

fn a_handshake_with_a_small_outbox_sends_and_grows<C: Carried>() {
    let (mut client, mut server) = ends::<C>(false);
    // The client's hello is the first message that must fit.
    let small = if cfg!(feature = "mlkem") { 1_500 } else { 500 };
    (client.tx, server.tx) = (C::outbox(small), C::outbox(500));
    let mut no_room = 0;
    let mut done = [false; 2];
    while done != [true; 2] {
        done[0] = squeeze(&mut client, &mut server, &mut no_room);
        done[1] = squeeze(&mut server, &mut client, &mut no_room);
    }
    assert!(no_room > 0);
}

/// A transport may report later that it has sent (as with io_uring), even after the peer's answer has come.
fn a_message_without_room_waits_for_what_is_pending<C: Carried>() {
    let (mut client, mut server) = ends::<C>(true);
    assert_eq!(client.drive(), Ok(Want::Write));
    // A ClientHello without shares is the same for the same seed.
    let (mut twin, _) = ends::<C>(true);
    assert_eq!(twin.drive(), Ok(Want::Write));
    assert_eq!(C::pending(&twin.tx), C::pending(&client.tx));
    twin.tells(&mut server).unwrap();
    assert_eq!(server.drive(), Ok(Want::Write), "HelloRetryRequest");
    server.tells(&mut client).unwrap();

    (0..).find(|len| resized(&mut client, *len)).unwrap();
    let before = C::pending(&client.tx);
    for _ in 0..2 {
        assert_eq!(client.drive(), Ok(Want::Write));
        assert_eq!(C::pending(&client.tx), before);
    }
    client.tx = C::emptied(client.tx);
    let ErrorKind::OutboxTooSmall { needed } = client.drive().unwrap_err().kind() else {
        panic!("the second is longer")
    };
    assert!(resized(&mut client, needed));
    assert_eq!(client.drive(), Ok(Want::Write));
}

/// Drives an end with a small outbox. If an answer has no room it sends what is pending, and then grows.
fn squeeze<C: Carried>(end: &mut End<'_, C>, other: &mut End<'_, C>, no_room: &mut usize) -> bool {
    loop {
        let want = end.hs.drive(&mut end.rx, &mut end.tx).unwrap();
        let answer = match &want {
            Want::Credential(question) => {
                end.hs.answer_credential(question, &Credential::new(&IDENTITY.chain), &mut end.tx)
            }
            Want::Sign(question) => {
                let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                end.hs.answer_sign(question, &signature, &mut end.tx)
            }
            Want::Verify(question) => end.hs.answer_verify(question, Verdict::Accept),
            Want::Write if C::carry(&mut end.tx, &mut other.rx) => Ok(()),
            Want::Write => return false,
            Want::Read => return false,
            Want::Done => return true,
        };
        if let Err(misuse) = answer {
            let Misuse::NoRoom { needed } = misuse else { panic!("{misuse}") };
            *no_room += 1;
            if C::pending(&end.tx).is_empty() {
                assert!(resized(end, needed), "{needed} bytes do");
            } else if !C::carry(&mut end.tx, &mut other.rx) {
                return false;
            }
        }
    }
}

fn a_credential_or_signature_that_cannot_be_sent_is_a_misuse<C: Carried>() {
    let (mut client, mut server) = ends::<C>(false);
    let mut seen = 0;
    play(&mut client, &mut server, &mut |_, end, step| {
        let before = snapshot(end);
        match step {
            Step::Want(Want::Credential(question)) => {
                for (what, mut unfit) in [
                    ("no certificate", Credential::new(&[])),
                    ("a type that is not agreed on", Credential::raw_public_key(&IDENTITY.chain)),
                ] {
                    // Also if the caller names the schemes, so that nobody has to read the key.
                    for schemes in [&[][..], &[SignatureScheme::ED25519]] {
                        unfit.schemes = schemes;
                        let answer = end.hs.answer_credential(question, &unfit, &mut end.tx);
                        assert_eq!(answer, Err(Misuse::UnfitCredential), "{what}");
                    }
                }
                seen += 1;
            }
            Step::Want(Want::Sign(question)) => {
                let long = vec![0; 65_536];
                assert_eq!(end.hs.answer_sign(question, &[], &mut end.tx), Err(Misuse::UnfitSignature));
                assert_eq!(end.hs.answer_sign(question, &long, &mut end.tx), Err(Misuse::UnfitSignature));
                seen += 1;
            }
            _ => {}
        }
        assert_eq!(snapshot(end), before);
        false
    });
    assert_eq!(seen, 4);
}
