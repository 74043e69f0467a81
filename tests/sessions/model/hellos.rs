//! The attacker's own hellos.

use super::identities::MALLORY;
use countersign::internals::codec::{
    KeyShareEntry, Writer, write_client_hello, write_hello_retry_request, write_server_hello,
};
use countersign::internals::crypto::{CryptoMode, KeyExchange};
use countersign::{CertificateType, CipherSuite, NamedGroup, SignatureScheme};

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TYPES: [CertificateType; 2] = [CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];
pub const GROUPS: [NamedGroup; 2] = [NamedGroup::X25519, NamedGroup::SECP256R1];

/// The number of the attacker's private key.
pub const OWN: u8 = 200 + MALLORY as u8;

pub fn written(write: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut counter = Writer::counting();
    write(&mut counter);
    let mut bytes = vec![0; counter.len()];
    let mut writer = Writer::new(&mut bytes);
    write(&mut writer);
    writer.finish().expect("a short message");
    bytes
}

/// The share of this private key.
pub fn share(number: u8, group: NamedGroup) -> Vec<u8> {
    let started = KeyExchange::start([group], CryptoMode::ToyKeyExchange(number)).expect("a group that there is");
    started.share(group).concat()
}

/// The bytes that every share of this private key contains, for any group.
pub fn public(number: u8) -> [u8; 8] {
    *share(number, NamedGroup::X25519).last_chunk().expect("32 bytes")
}

pub fn contains(bytes: &[u8], piece: &[u8]) -> bool {
    bytes.windows(piece.len()).any(|window| window == piece)
}

/// The same with this part replaced by another.
pub fn replaced(bytes: &[u8], piece: &[u8], by: &[u8]) -> Option<Vec<u8>> {
    let at = bytes.windows(piece.len()).position(|window| window == piece)?;
    Some([&bytes[..at], by, &bytes[at + piece.len()..]].concat())
}

/// A ClientHello with the attacker's share of this group, if it has one. `raw`: it also accepts raw public keys.
pub fn client_hello(random: &[u8; 32], group: Option<NamedGroup>, raw: bool) -> Vec<u8> {
    let own = group.map(|group| (group, share(OWN, group)));
    written(|w| {
        write_client_hello(w, random, &[], [SUITE], |w| {
            w.server_name(b"bob.test");
            w.supported_groups(GROUPS);
            w.signature_algorithms([SignatureScheme::ED25519]);
            if raw {
                w.client_certificate_types(TYPES);
                w.server_certificate_types(TYPES);
            }
            w.supported_versions([0x0304]);
            w.client_shares(own.iter().map(|(group, share)| KeyShareEntry { group: *group, key_exchange: share }));
        });
    })
}

pub fn server_hello(random: &[u8; 32], group: NamedGroup) -> Vec<u8> {
    let own = share(OWN, group);
    written(|w| {
        write_server_hello(w, random, &[], SUITE, |w| {
            w.selected_version(0x0304);
            w.server_share(KeyShareEntry { group, key_exchange: &own });
        });
    })
}

pub fn hello_retry_request() -> Vec<u8> {
    written(|w| {
        write_hello_retry_request(w, &[], SUITE, |w| {
            w.selected_version(0x0304);
            w.selected_group(NamedGroup::SECP256R1);
        });
    })
}
