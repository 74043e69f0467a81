//! The planned size is exact (R2): at each transition that sends, for all divisions into records. With one byte less
//! nothing happens. With exactly this size everything fits, and no byte is left.

use crate::carriers::{Carried, on_both_carriers};
use crate::common::{End, Identity, Pki};
use countersign::{
    Credential, ErrorKind, HandshakeType, Misuse, Outbox, Policy, Records, Role, SignatureScheme, State, Step, Verdict,
    Want,
};
use std::sync::LazyLock;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

on_both_carriers!(
    every_transition_that_sends_uses_all_that_it_asks_for,
    a_message_that_tls_cannot_carry_is_never_begun
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

/// Tries with less than is needed, and then with exactly that. `attempt` returns how much is needed.
fn exactly<C: Carried>(end: &mut End<'_, C>, what: &str, attempt: &mut dyn FnMut(&mut End<'_, C>) -> Option<usize>) {
    (0..).find(|len| resized(end, *len)).expect("it fits some memory");
    let needed = attempt(end).unwrap_or_else(|| panic!("{what} takes room"));
    if resized(end, needed - 1) {
        assert_eq!(attempt(end), Some(needed), "{what}: one byte less");
    }
    assert!(resized(end, needed));
    assert_eq!(attempt(end), None, "{what}: exactly what it asks for");
    assert!(!resized(end, needed - 1), "{what}: not one byte more is asked for than is used");
    assert!(resized(end, 100_000));
}

/// Runs a handshake like this. Returns how many transitions have sent something.
fn play<C: Carried>(policies: [Policy; 2]) -> usize {
    let [client, server] = policies;
    let end = |role, policy| End::<C>::with_memory(role, policy, &IDENTITY, C::inbox(100_000), C::outbox(100_000));
    let mut ends = [end(Role::Client, client), end(Role::Server, server)];
    let (mut sendings, mut done) = (0, [false; 2]);
    while done != [true; 2] {
        for at in [0, 1] {
            let [client, server] = &mut ends;
            let (end, other) = if at == 0 { (client, server) } else { (server, client) };
            done[at] = turn(end, other, &mut sendings);
        }
    }
    sendings
}

/// Continues until the transport is wanted. True: done.
fn turn<C: Carried>(end: &mut End<'_, C>, other: &mut End<'_, C>, sendings: &mut usize) -> bool {
    loop {
        if matches!(end.hs.state(), State::SendClientHello | State::SendHelloRetryRequest) {
            *sendings += 1;
            exactly(end, "a hello", &mut |end| match end.hs.step(&mut end.rx, &mut end.tx) {
                Ok(_) => None,
                Err(error) => match error.kind() {
                    ErrorKind::OutboxTooSmall { needed } => Some(needed),
                    _ => panic!("{error}"),
                },
            });
        }
        let no_room = |answer: Result<(), Misuse>| match answer {
            Ok(()) => None,
            Err(Misuse::NoRoom { needed }) => Some(needed),
            Err(misuse) => panic!("{misuse}"),
        };
        match end.hs.step(&mut end.rx, &mut end.tx).unwrap() {
            Step::Want(Want::Credential(question)) => {
                *sendings += 1;
                let credential = Credential::new(&IDENTITY.chain);
                exactly(end, "a credential", &mut |end| {
                    no_room(end.hs.answer_credential(&question, &credential, &mut end.tx))
                });
            }
            Step::Want(Want::Sign(question)) => {
                *sendings += 1;
                let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                exactly(end, "a signature", &mut |end| no_room(end.hs.answer_sign(&question, &signature, &mut end.tx)));
            }
            Step::Want(Want::Verify(question)) => end.hs.answer_verify(&question, Verdict::Accept).unwrap(),
            Step::Want(Want::Write) if C::carry(&mut end.tx, &mut other.rx) => {}
            Step::Want(Want::Done) => return true,
            Step::Want(_) => return false,
            Step::Did(_) => {}
        }
    }
}

/// With and without a session id (and so change_cipher_spec), with and without HelloRetryRequest, and with records of
/// all lengths that the policy and the peer's record_size_limit allow.
fn every_transition_that_sends_uses_all_that_it_asks_for<C: Carried>() {
    for compatible in [true, false] {
        for retry in [false, true] {
            for max_fragment in [1, 2, 63, 64, 100, 255, 16_384] {
                for limits in [[None, None], [Some(64), Some(100)], [Some(16_385), Some(64)]] {
                    let policy = |limit: Option<u16>| {
                        let policy = Policy::new().max_fragment(max_fragment).middlebox_compatibility(compatible);
                        match limit {
                            Some(limit) => policy.record_size_limit(limit),
                            None => policy,
                        }
                    };
                    let [client, server] = limits.map(policy);
                    let client = if retry { client.key_shares(&[]) } else { client };
                    assert_eq!(play::<C>([client, server]), if retry { 7 } else { 5 });
                }
            }
        }
    }
}

/// The program supplies parts of Certificate, EncryptedExtensions and CertificateRequest. If one is longer than its
/// length field can say, it is refused before any byte of the flight is written, and the error names the message.
fn a_message_that_tls_cannot_carry_is_never_begun<C: Carried>() {
    let staple = vec![0; 65_536];
    let name = [&[0xff, 0xfd][..], &[0x30; 0xfffd]].concat();
    let authorities = [&name[..], &[0, 1, 0x30]].concat();
    let plain = Credential::new(&IDENTITY.chain);
    let stapled = Credential { ocsp_staple: Some(&staple), ..plain };
    let named = Credential { certificate_authorities: Some(&authorities), ..plain };
    for (role, credential, message, limit) in [
        (Role::Client, stapled, HandshakeType::CERTIFICATE, 65_535),
        (Role::Server, stapled, HandshakeType::CERTIFICATE, 65_535),
        (Role::Server, named, HandshakeType::CERTIFICATE_REQUEST, 65_535),
    ] {
        let policy = Policy::new().request_ocsp_staple(true);
        let end = |role| End::<C>::with_memory(role, policy.clone(), &IDENTITY, C::inbox(40_000), C::outbox(200_000));
        let mut ends = [end(Role::Client), end(Role::Server)];
        let question = 'asked: loop {
            for at in [0, 1] {
                let [client, server] = &mut ends;
                let (end, other) = if at == 0 { (client, server) } else { (server, client) };
                loop {
                    match end.hs.drive(&mut end.rx, &mut end.tx).unwrap() {
                        Want::Credential(question) if end.hs.role() == role => break 'asked question,
                        Want::Credential(question) => {
                            end.hs.answer_credential(&question, &plain, &mut end.tx).unwrap();
                        }
                        Want::Sign(question) => {
                            let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                            end.hs.answer_sign(&question, &signature, &mut end.tx).unwrap();
                        }
                        Want::Verify(question) => end.hs.answer_verify(&question, Verdict::Accept).unwrap(),
                        Want::Write if C::carry(&mut end.tx, &mut other.rx) => {}
                        _ => break,
                    }
                }
            }
        };
        let [client, server] = &mut ends;
        let end = if role == Role::Client { client } else { server };
        let before = C::pending(&end.tx);
        assert_eq!(end.hs.answer_credential(&question, &credential, &mut end.tx), Ok(()));
        assert_eq!(C::pending(&end.tx), before, "nothing is written");
        assert_eq!(end.hs.own_scheme(), None::<SignatureScheme>, "nothing has happened");
        let error = end.hs.drive(&mut end.rx, &mut end.tx).unwrap_err();
        let ErrorKind::OwnMessageTooLong { message: named, length, limit: said } = error.kind() else {
            panic!("{error}")
        };
        assert_eq!((named, said), (message, limit), "{error}");
        assert!(length > limit, "{error}");
        assert_eq!(error.state(), State::AskCredential);
    }
}

/// The error is the same if the outbox has no room for it either, because no memory would help.
#[test]
fn memory_that_is_too_small_is_not_asked_to_grow_for_what_cannot_be_sent() {
    let staple = vec![0; 65_536];
    let policy = Policy::new().request_ocsp_staple(true);
    let mut client = End::<Records>::new(Role::Client, policy.clone(), &IDENTITY);
    let mut server = End::<Records>::new(Role::Server, policy, &IDENTITY);
    client.drive().unwrap();
    let hello = client.sends();
    server.gets(&hello);
    let Want::Credential(question) = server.hs.drive(&mut server.rx, &mut server.tx).unwrap() else { panic!() };
    let credential = Credential { ocsp_staple: Some(&staple), ..Credential::new(&IDENTITY.chain) };
    server.tx = server.tx.move_into(vec![0; 100]).ok().unwrap_or_else(|| Outbox::new(vec![]));
    assert_eq!(server.hs.answer_credential(&question, &credential, &mut server.tx), Ok(()));
    assert_eq!(server.drive().unwrap_err().name(), "OwnMessageTooLong");
}
