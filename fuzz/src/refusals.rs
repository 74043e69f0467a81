//! `refusals`: the sentences about peers, for correctly signed certificates whose names the fuzzer chooses. For any
//! name, a sentence has no control character, does not deceive, has a limited length, and causes no panic. A refusal
//! has a name and a claim.

use super::choices::Choices;
use countersign::internals::asn1::is_deceptive;
use countersign::x509::{Expect, JudgeOptions, Trust};
use countersign::{Peer, Role};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose as Purpose, IsCa, KeyPair,
    KeyUsagePurpose as Usage, SanType, date_time_ymd,
};
use ring::signature::Ed25519KeyPair;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::OnceLock;
use std::time::Duration;

/// 2026-11-23.
const NOW: u64 = 1_795_435_200;
const YEAR: u64 = 31_557_600;
/// The place of the fuzzer's names, in two lengths.
const PLACES: [&str; 2] =
    ["placeholder.placeholder", "Q2placeholder.placeholder.placeholder.placeholder.placeholder.x"];
/// The greatest length of a sentence. (A name is cut, and an escaped character has at most 12 bytes.)
const LONGEST: usize = 6000;

struct World {
    trust: [Trust; 2],
    key: Ed25519KeyPair,
    leaves: Vec<Vec<u8>>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let key = || KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
        let root = CertifiedIssuer::self_signed(params, key()).expect("a root");
        let mut leaves = Vec::new();
        for place in PLACES {
            for kind in 0..8 {
                let mut params = CertificateParams::default();
                (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
                params.key_usages = vec![Usage::DigitalSignature];
                params.extended_key_usages = vec![Purpose::ServerAuth, Purpose::ClientAuth];
                params.distinguished_name.push(DnType::CommonName, "leaf");
                let ia5 = || place.try_into().expect("ASCII");
                match kind {
                    0 => params.distinguished_name.push(DnType::CommonName, place),
                    1 => params.distinguished_name.push(DnType::OrganizationName, place),
                    2 => params.subject_alt_names = vec![SanType::DnsName(ia5())],
                    3 => params.subject_alt_names = vec![SanType::URI(ia5())],
                    4 => params.subject_alt_names = vec![SanType::Rfc822Name(ia5())],
                    5 => params.extended_key_usages = vec![Purpose::CodeSigning],
                    6 => params.key_usages = vec![Usage::KeyEncipherment],
                    _ => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
                }
                if kind > 4 {
                    params.distinguished_name.push(DnType::LocalityName, place);
                }
                leaves.push(params.signed_by(&key(), &root).expect("a leaf").der().to_vec());
            }
        }
        let trust = |crls: bool| {
            let builder = Trust::builder().roots("root", root.der());
            // Revocation is required, but there is no list: unknown.
            let builder = if crls { builder.crls("CRLs", &[]) } else { builder };
            builder.build_from_usable().0
        };
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&root.key().serialize_der()).expect("its key");
        World { trust: [trust(false), trust(true)], key, leaves }
    })
}

/// The first byte: bit 0, the role; bits 1-2, the time; bit 3, revocation; bit 4, the old signature. Then the leaf, the
/// expected peer, and the name.
pub fn refusals(data: &[u8]) {
    let world = world();
    let mut choices = Choices::new(data);
    let how = choices.byte();
    let role = if how & 1 == 0 { Role::Server } else { Role::Client };
    let now = [NOW, NOW - YEAR, NOW + YEAR, NOW][usize::from(how >> 1 & 3)];
    let mut leaf = choices.of(&world.leaves).clone();
    let expected: [Expect; 1] = [choices
        .of(&["server.test", "127.0.0.1", "spiffe://test/server", "spiffe://test"])
        .parse()
        .expect("one of ours")];
    let name = choices.rest();
    for place in PLACES {
        while let Some(at) = leaf.windows(place.len()).position(|part| part == place.as_bytes()) {
            let bytes = name.iter().copied().chain(std::iter::repeat(b' '));
            leaf[at..at + place.len()].iter_mut().zip(bytes).for_each(|(byte, new)| *byte = new);
            if leaf.windows(place.len()).position(|part| part == place.as_bytes()) == Some(at) {
                break; // the fuzzer's name contains this word
            }
        }
    }
    if how & 16 == 0 {
        // SEQUENCE of tbsCertificate, AlgorithmIdentifier (7 bytes) and a BIT STRING of 64 bytes (RFC 5280 §4.1).
        let end = leaf.len() - 64;
        let signature = world.key.sign(&leaf[4..end - 10]);
        leaf[end..].copy_from_slice(signature.as_ref());
    }
    let options = JudgeOptions::new(&expected, UnixTime::since_unix_epoch(Duration::from_secs(now)));
    let chain = [CertificateDer::from(leaf)];
    match world.trust[usize::from(how >> 3 & 1)].judge(&Peer::new(role, &chain), &options) {
        Ok(accepted) => harmless(&accepted.to_string()),
        Err(refusal) => {
            harmless(&refusal.to_string());
            assert!(!refusal.name().is_empty() && refusal.name().chars().all(|c| c.is_ascii_alphanumeric()));
            assert!(format!("{:?}", refusal.certificate()).chars().all(|c| !c.is_control()));
            if let Some(claimed) = refusal.claimed() {
                harmless(&claimed.to_string());
                assert!(format!("{claimed:?}").chars().all(|c| !c.is_control()));
            }
        }
    }
}

fn harmless(said: &str) {
    assert!(!said.is_empty() && said.len() <= LONGEST, "{} bytes", said.len());
    assert!(said.chars().all(|c| !is_deceptive(c)), "a certificate cannot write to our terminal: {said:?}");
}

/// Each leaf in each way, and names that have deceived other programs.
pub fn seeds() -> Vec<Vec<u8>> {
    let names: [&[u8]; 8] = [
        b"server.test",
        b"spiffe://test/server",
        b"\x1b[2J\x1b]0;title\x07",
        b"server.test\0.evil.test",
        "\u{202e}tset.revres".as_bytes(),
        b"\xff\xfe\xc3\x28",
        b"a\r\nSet-Cookie: b",
        b"<script>alert(1)</script>,CN=root+\\",
    ];
    let mut seeds = Vec::new();
    for leaf in 0..16 {
        for (number, name) in names.into_iter().enumerate() {
            for how in [0, 1, 2, 4, 8, 16] {
                seeds.push([&[how, leaf, number as u8][..], name].concat());
            }
        }
    }
    seeds
}
