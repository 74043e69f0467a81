//! How much memory a policy needs, and which policy fits so much memory: exactly.

use crate::common::{End, Pki};
use crate::identity::Identity;
use crate::wire::{NULL_TAG, null_protected, plain, written};
use countersign::internals::codec::{
    CertificateVerify, Finished, KeyShareEntry, TLS13, write_certificate, write_certificate_request,
    write_encrypted_extensions, write_server_hello,
};
use countersign::{CipherSuite, ContentType, Error, ErrorKind, Inbox, NamedGroup, Policy, Role, SignatureScheme, Want};
use proptest::prelude::*;
use std::sync::LazyLock;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

/// The server's flight from CertificateRequest on, with a second certificate of `more` bytes.
fn flight(more: usize) -> Vec<u8> {
    let chain = [IDENTITY.chain[0].as_ref(), &vec![0x30; more]];
    let verify = CertificateVerify { algorithm: SignatureScheme::ED25519, signature: &[6; 64] };
    [
        written(|w| write_certificate_request(w, &[], |w| w.signature_algorithms([SignatureScheme::ED25519]))),
        written(|w| write_certificate(w, &[], chain.iter().copied(), |_| ())),
        written(|w| verify.write(w)),
        written(|w| Finished { verify_data: &[7; 32] }.write(w)),
    ]
    .concat()
}

/// A policy whose limit this flight just keeps: its last message counts without the header.
fn policy_for(flight: &[u8], record_size_limit: Option<u16>) -> Policy {
    let policy = Policy::new().null_crypto().max_flight(flight.len(), flight.len() - 4);
    record_size_limit.map_or(policy.clone(), |limit| policy.record_size_limit(limit))
}

/// Brings bytes, as far as there is space, and drives until more is wanted.
fn brings(client: &mut End<'_>, mut bytes: &[u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        let taken = client.gets(bytes);
        bytes = &bytes[taken..];
        match client.hs.drive(&mut client.rx, &mut client.tx)? {
            Want::Write => drop(client.sends()),
            want => assert!(want == Want::Read || bytes.is_empty(), "{want:?}"),
        }
        assert!(taken > 0, "Read is never wanted without space (R3)");
    }
    Ok(())
}

/// A client with an inbox of so many bytes, which has taken all but the last byte of the server's flight.
fn client(policy: &Policy, limit: Option<u16>, capacity: usize, flight: &[u8]) -> Result<End<'static>, Error> {
    let mut client = End::new(Role::Client, policy.clone(), &IDENTITY);
    client.rx = Inbox::new(vec![0xcc; capacity]);
    client.hs.drive(&mut client.rx, &mut client.tx)?;
    client.sends();
    let hello = written(|w| {
        write_server_hello(w, &[5; 32], &[1; 32], CipherSuite::TLS_AES_128_GCM_SHA256, |w| {
            w.selected_version(TLS13);
            w.server_share(KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[4; 32] });
        });
    });
    brings(&mut client, &plain(ContentType::HANDSHAKE, &hello))?;
    let parameters = written(|w| {
        write_encrypted_extensions(w, |w| {
            if limit.is_some() {
                w.record_size_limit(16_385);
            }
        });
    });
    brings(&mut client, &null_protected(ContentType::HANDSHAKE, &parameters))?;
    // In short records: they have room as long as any has.
    for fragment in flight[..flight.len() - 1].chunks(40) {
        brings(&mut client, &null_protected(ContentType::HANDSHAKE, fragment))?;
    }
    Ok(client)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The last byte of the longest flight, in the longest record: with one byte of memory less it does not fit.
    #[test]
    fn a_handshake_fits_the_inbox_that_its_policy_needs_and_no_smaller_one(more in 1..20_000usize, limit in 64..=16_385u16) {
        let flight = flight(more);
        let policy = policy_for(&flight, Some(limit));
        let needed = policy.inbox_needed();
        // Its content, its type, padding up to the limit.
        let inner = [&flight[flight.len() - 1..], &[ContentType::HANDSHAKE.0], &vec![0; usize::from(limit) - 2]].concat();
        let last = plain(ContentType::APPLICATION_DATA, &[&inner[..], &NULL_TAG].concat());
        for (capacity, fits) in [(needed, true), (needed + 1, true), (needed - 1, false)] {
            let mut client = client(&policy, Some(limit), capacity, &flight).expect("short records have room");
            match brings(&mut client, &last) {
                Ok(()) => {
                    prop_assert!(fits, "{capacity} of {needed} bytes did");
                    prop_assert!(client.hs.peer(&client.rx).is_ok(), "the verdict is asked for");
                }
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::InboxTooSmall { needed });
                    prop_assert!(!fits);
                }
            }
        }
    }

    /// Without a limit the longest record is that of TLS, whatever AEAD may have made it.
    #[test]
    fn without_a_record_size_limit_the_longest_record_of_tls_has_room(more in 1..20_000usize) {
        let flight = flight(more);
        let policy = policy_for(&flight, None);
        let needed = policy.inbox_needed();
        let header = [ContentType::APPLICATION_DATA.0, 3, 3, 0x41, 0];
        for (capacity, fits) in [(needed, true), (needed - 1, false)] {
            let mut client = client(&policy, None, capacity, &flight).expect("short records have room");
            let outcome = brings(&mut client, &header).map_err(|error| error.kind());
            prop_assert_eq!(outcome, if fits { Ok(()) } else { Err(ErrorKind::InboxTooSmall { needed }) });
        }
    }

    /// What fits an inbox is a policy under which the longest flight in the longest record has room in it.
    #[test]
    fn a_policy_that_fits_an_inbox_never_asks_for_a_larger_one(bytes in 1_600..40_000usize) {
        let policy = Policy::new().null_crypto().fit_inbox(bytes);
        prop_assert!(policy.inbox_needed() <= bytes);
        let most = bytes - 21 - 3; // were the record empty
        let mut more = most.saturating_sub(flight(1).len());
        // The longest flight that the policy takes.
        loop {
            match client(&policy, Some(64), bytes, &flight(more)) {
                Ok(_) => break,
                Err(error) => {
                    let too_long = matches!(error.kind(), ErrorKind::MessageTooLong { .. });
                    prop_assert!(too_long, "a limit is told, never the memory: {}", error);
                    more -= more.min(200);
                }
            }
        }
    }
}
