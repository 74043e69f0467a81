//! The JSON of published traces, and of our own runs with fixed seeds, byte for byte. Programs read it, so it must not
//! change unnoticed. The same holds for the bytes on the wire.

use crate::heard::fixed;
use crate::rfc8448::{SECTIONS, trace};
use crate::vectors::Vectors;
use countersign::study::{Study, json};
use countersign::{CipherSuite, Policy, Rejection, SignatureScheme, Verdict};
use std::path::Path;

/// To accept a change, run `STUDY_GOLDEN=write cargo test --test study golden`, and review the difference.
fn is_as_it_was(file: &str, study: &Study) {
    // One member on each line, so that people can compare.
    let json = json::render(study).replace("},{", "},\n{") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/study").join(file);
    if std::env::var("STUDY_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::write(&path, &json).unwrap();
    }
    let golden = std::fs::read_to_string(&path).expect("the golden trace");
    if let Some((line, (is, was))) = json.lines().zip(golden.lines()).enumerate().find(|(_, (is, was))| is != was) {
        panic!("{file}, line {}:\n is  {is}\n was {was}", line + 1);
    }
    assert!(json == golden, "{file} has another length");
}

#[test]
fn the_json_of_the_published_traces_is_as_it_was() {
    for (section, text) in SECTIONS {
        // The mutual one, and one with a HelloRetryRequest.
        let Some(file) = (match section {
            "section 6" => Some("rfc8448-section-6.json"),
            "section 5" => Some("rfc8448-section-5.json"),
            _ => None,
        }) else {
            continue;
        };
        is_as_it_was(file, &trace(section, &Vectors::parse(text), true));
    }
}

/// Seeds, keys, certificates and the key exchange are fixed, and Ed25519 is deterministic. So every byte is fixed.
#[test]
fn the_json_of_our_own_runs_is_as_it_was() {
    // The default schemes depend on features.
    let schemes = [SignatureScheme::ED25519, SignatureScheme::ECDSA_SECP256R1_SHA256];
    let policy = || Policy::new().published_key_exchange().signature_schemes(&schemes).signature_schemes_cert(&schemes);
    is_as_it_was("own-mutual.json", &fixed(policy(), policy(), Verdict::Accept));
    let no_guess = policy().key_shares(&[]);
    let other = policy().cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]);
    is_as_it_was("own-hello-retry.json", &fixed(no_guess, other, Verdict::Accept));
    let refusal = Verdict::Reject(Rejection::UnknownCa);
    is_as_it_was("own-client-refused.json", &fixed(policy(), policy(), refusal));
}
