//! A server checks key_share against supported_groups (RFC 9846 §4.3.8), with any number of either.

use crate::common::{End, Pki};
use countersign::internals::codec::{KeyShareEntry, TLS13, Writer, write_client_hello};
use countersign::{CipherSuite, ErrorKind, NamedGroup, Policy, Role, SignatureScheme};

/// A server's result for a ClientHello with these groups and shares. Unknown shares have one byte.
fn judged(groups: &[u16], shares: &[u16]) -> Option<ErrorKind> {
    let pki = Pki::new();
    let identity = pki.issue("server.test", &rcgen::PKCS_ED25519);
    let mut memory = vec![0; 8192];
    let mut w = Writer::new(&mut memory);
    write_client_hello(&mut w, &[7; 32], &[], [CipherSuite::TLS_AES_128_GCM_SHA256], |w| {
        w.supported_versions([TLS13]);
        w.signature_algorithms([SignatureScheme::ED25519]);
        w.supported_groups(groups.iter().copied().map(NamedGroup));
        w.client_shares(shares.iter().map(|group| {
            let key_exchange = if NamedGroup(*group) == NamedGroup::X25519 { &[9; 32][..] } else { &[0] };
            KeyShareEntry { group: NamedGroup(*group), key_exchange }
        }));
    });
    let len = w.finish().unwrap();
    let mut server = End::new(Role::Server, Policy::new(), &identity);
    server.gets(&[&[22, 3, 1], &(len as u16).to_be_bytes()[..], &memory[..len]].concat());
    server.drive().err().map(|error| error.kind())
}

/// Numbers of no known group.
fn unknown() -> Vec<u16> {
    (0x4000..0x4200).collect()
}

#[test]
fn hundreds_of_shares_are_passed_over_for_the_one_that_we_know() {
    let all = [unknown(), vec![NamedGroup::X25519.0]].concat();
    assert_eq!(judged(&all, &all), None);
    assert_eq!(judged(&all, &all[100..]), None, "not every group needs a share");
}

#[test]
fn two_shares_for_one_group_contradict_wherever_they_stand() {
    let all = [unknown(), vec![NamedGroup::X25519.0]].concat();
    for twice in [all[0], all[300], NamedGroup::X25519.0] {
        assert_eq!(judged(&all, &[&all[..], &[twice]].concat()), Some(ErrorKind::InconsistentKeyShares));
    }
}

#[test]
fn a_share_for_a_group_that_is_not_offered_contradicts_wherever_it_stands() {
    let all = [unknown(), vec![NamedGroup::X25519.0]].concat();
    for alien in [0x4200, NamedGroup::SECP256R1.0] {
        assert_eq!(judged(&all, &[&all[..], &[alien]].concat()), Some(ErrorKind::InconsistentKeyShares));
    }
}
