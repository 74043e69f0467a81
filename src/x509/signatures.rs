//! The signature algorithms of certificates and CRLs, and the check of a signature.

use crate::SignatureScheme;
use crate::asn1::{AlgorithmIdentifier, oid};
use crate::crypto::provider::certificate_algorithms as by;
#[cfg(feature = "mldsa")]
use crate::x509::ml_dsa;
use rustls_pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use std::{format, string::String, string::ToString};
use webpki::RawPublicKeyEntity;

const COUNT: usize = 14 + if cfg!(feature = "aws-lc-rs") { 5 } else { 0 } + if cfg!(feature = "mldsa") { 3 } else { 0 };

/// The algorithms that are verified in certificates and CRLs.
pub(super) const ALGORITHMS: [&dyn SignatureVerificationAlgorithm; COUNT] = [
    by::ECDSA_P256_SHA256,
    by::ECDSA_P256_SHA384,
    by::ECDSA_P384_SHA256,
    by::ECDSA_P384_SHA384,
    by::ED25519,
    by::RSA_PKCS1_2048_8192_SHA256,
    by::RSA_PKCS1_2048_8192_SHA384,
    by::RSA_PKCS1_2048_8192_SHA512,
    by::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    by::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    by::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    by::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    by::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    by::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    #[cfg(feature = "aws-lc-rs")]
    by::ECDSA_P256_SHA512,
    #[cfg(feature = "aws-lc-rs")]
    by::ECDSA_P384_SHA512,
    #[cfg(feature = "aws-lc-rs")]
    by::ECDSA_P521_SHA256,
    #[cfg(feature = "aws-lc-rs")]
    by::ECDSA_P521_SHA384,
    #[cfg(feature = "aws-lc-rs")]
    by::ECDSA_P521_SHA512,
    #[cfg(feature = "mldsa")]
    ml_dsa::ML_DSA_44,
    #[cfg(feature = "mldsa")]
    ml_dsa::ML_DSA_65,
    #[cfg(feature = "mldsa")]
    ml_dsa::ML_DSA_87,
];

/// The scheme of a certificate's signature, by its usual code point (RFC 9846 §4.3.3): ECDSA's ties a curve to the
/// hash, RSA-PSS's a kind of key, neither of which the algorithm says. `None` for those that we do not accept.
pub(super) fn signature_scheme(algorithm: &AlgorithmIdentifier<'_>) -> Option<SignatureScheme> {
    Some(match algorithm.id {
        oid::SHA256_WITH_RSA => SignatureScheme::RSA_PKCS1_SHA256,
        oid::SHA384_WITH_RSA => SignatureScheme::RSA_PKCS1_SHA384,
        oid::SHA512_WITH_RSA => SignatureScheme::RSA_PKCS1_SHA512,
        oid::ECDSA_WITH_SHA256 => SignatureScheme::ECDSA_SECP256R1_SHA256,
        oid::ECDSA_WITH_SHA384 => SignatureScheme::ECDSA_SECP384R1_SHA384,
        #[cfg(feature = "aws-lc-rs")]
        oid::ECDSA_WITH_SHA512 => SignatureScheme::ECDSA_SECP521R1_SHA512,
        oid::ED25519 => SignatureScheme::ED25519,
        #[cfg(feature = "mldsa")]
        oid::ML_DSA_44 => SignatureScheme::MLDSA44,
        #[cfg(feature = "mldsa")]
        oid::ML_DSA_65 => SignatureScheme::MLDSA65,
        #[cfg(feature = "mldsa")]
        oid::ML_DSA_87 => SignatureScheme::MLDSA87,
        oid::RSASSA_PSS => {
            let pss = algorithm.pss().filter(|pss| pss.hash == pss.mask_hash)?;
            match (pss.hash, pss.salt_length) {
                (oid::SHA256, 32) => SignatureScheme::RSA_PSS_RSAE_SHA256,
                (oid::SHA384, 48) => SignatureScheme::RSA_PSS_RSAE_SHA384,
                (oid::SHA512, 64) => SignatureScheme::RSA_PSS_RSAE_SHA512,
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// An algorithm that we do not verify, and why if only its parameters are to blame.
pub(super) fn name_of(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let salt = algorithm.pss().and_then(|pss| match pss.hash {
        oid::SHA256 => Some((pss.salt_length, 32)),
        oid::SHA384 => Some((pss.salt_length, 48)),
        oid::SHA512 => Some((pss.salt_length, 64)),
        _ => None,
    });
    match salt {
        // RFC 9846 §4.3.3: as long as the hash.
        Some((salt, needed)) if salt != needed => format!("{algorithm} ({needed} are needed)"),
        _ => algorithm.to_string(),
    }
}

/// Why a signature does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSigned {
    /// The key cannot be read.
    BrokenKey,
    /// The algorithm is not supported, or not one of this kind of key.
    Unfit,
    /// It is another key's, or of other bytes.
    Wrong,
}

/// Has the key of this SubjectPublicKeyInfo (DER) signed `message`?
pub(super) fn verify(
    spki: &[u8],
    algorithm: &AlgorithmIdentifier<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), NotSigned> {
    let spki = SubjectPublicKeyInfoDer::from(spki);
    let key = RawPublicKeyEntity::try_from(&spki).map_err(|_| NotSigned::BrokenKey)?;
    let mut outcome = NotSigned::Unfit;
    // One hash goes with several curves: whichever the key is for decides.
    for each in supported(algorithm) {
        match key.verify_signature(each, message, signature) {
            Ok(()) => return Ok(()),
            Err(webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
            Err(_) => outcome = NotSigned::Wrong,
        }
    }
    Err(outcome)
}

/// Is it an algorithm that we verify, with a key that fits?
pub(super) fn is_supported(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    supported(algorithm).next().is_some()
}

fn supported<'a>(
    algorithm: &AlgorithmIdentifier<'a>,
) -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> + use<'a> {
    let content = algorithm.content;
    ALGORITHMS.into_iter().filter(move |each| each.signature_alg_id().as_ref() == content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::der;
    use std::vec::Vec;

    fn named(id: &[u8], parameters: &[u8]) -> Option<SignatureScheme> {
        signature_scheme(&AlgorithmIdentifier::from_content(&[&der(0x06, id), parameters].concat()).unwrap())
    }

    /// RSASSA-PSS-params (RFC 4055 §3.1) with a hash, another one in MGF1, and the length of the salt.
    fn parameters(one: u8, other: u8, salt: u8) -> Vec<u8> {
        const SHA2: &[u8] = &[0x60, 0x86, 0x48, 1, 101, 3, 4, 2];
        let hash = |last: u8| der(0x30, &[der(0x06, &[SHA2, &[last]].concat()), [5, 0].to_vec()].concat());
        let mask = der(0x30, &[der(0x06, oid::MGF1.content()), hash(other)].concat());
        let fields = [der(0xa0, &hash(one)), der(0xa1, &mask), der(0xa2, &der(0x02, &[salt]))];
        der(0x30, &fields.concat())
    }

    #[test]
    fn a_certificates_signature_is_named_as_in_signature_algorithms() {
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
        const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
        for last in 0..=20 {
            assert_eq!(
                named(&[RSA, &[last]].concat(), &[]),
                match last {
                    11 => Some(SignatureScheme::RSA_PKCS1_SHA256),
                    12 => Some(SignatureScheme::RSA_PKCS1_SHA384),
                    13 => Some(SignatureScheme::RSA_PKCS1_SHA512),
                    _ => None,
                }
            );
            assert_eq!(
                named(&[ECDSA, &[last]].concat(), &[]),
                match last {
                    2 => Some(SignatureScheme::ECDSA_SECP256R1_SHA256),
                    3 => Some(SignatureScheme::ECDSA_SECP384R1_SHA384),
                    4 if cfg!(feature = "aws-lc-rs") => Some(SignatureScheme::ECDSA_SECP521R1_SHA512),
                    _ => None,
                }
            );
            assert_eq!(named(&[0x2b, 0x65, 100 + last], &[]), (last == 12).then_some(SignatureScheme::ED25519));
            // RFC 9881 §2
            assert_eq!(
                named(&[0x60, 0x86, 0x48, 1, 101, 3, 4, 3, last], &[]),
                match last {
                    17 if cfg!(feature = "mldsa") => Some(SignatureScheme::MLDSA44),
                    18 if cfg!(feature = "mldsa") => Some(SignatureScheme::MLDSA65),
                    19 if cfg!(feature = "mldsa") => Some(SignatureScheme::MLDSA87),
                    _ => None,
                }
            );
        }
    }

    /// RFC 9846 §4.3.3: one hash throughout, and a salt as long as it.
    #[test]
    fn rsa_pss_is_named_by_its_parameters() {
        let pss = |one, other, salt| named(oid::RSASSA_PSS.content(), &parameters(one, other, salt));
        let schemes = [
            (1, 32, SignatureScheme::RSA_PSS_RSAE_SHA256),
            (2, 48, SignatureScheme::RSA_PSS_RSAE_SHA384),
            (3, 64, SignatureScheme::RSA_PSS_RSAE_SHA512),
        ];
        for (one, length, scheme) in schemes {
            for salt in [0, 20, 32, 48, 64] {
                for other in 1..=4 {
                    let fits = one == other && salt == length;
                    assert_eq!(pss(one, other, salt), fits.then_some(scheme), "{one} {other} {salt}");
                }
            }
        }
        // The defaults are SHA-1 (RFC 4055 §3.1).
        assert_eq!(named(oid::RSASSA_PSS.content(), &der(0x30, &[])), None);
        assert_eq!(named(oid::RSASSA_PSS.content(), &[]), None);
    }

    /// The salt is to blame only if it has another length than the hash.
    #[test]
    fn an_algorithm_that_is_refused_for_its_salt_is_called_with_the_length_that_it_needs() {
        for (hash, name, needed) in [(1, "SHA-256", 32), (2, "SHA-384", 48), (3, "SHA-512", 64)] {
            for salt in [0, 20, 32, 48, 64] {
                let content = [der(0x06, oid::RSASSA_PSS.content()), parameters(hash, hash, salt)].concat();
                let text = format!("RSASSA-PSS with {name} and a salt of {salt} octets");
                let blame = if salt == needed { String::new() } else { format!(" ({needed} are needed)") };
                assert_eq!(name_of(&AlgorithmIdentifier::from_content(&content).unwrap()), text + &blame);
            }
        }
    }
}
