//! ML-DSA by libcrux, which needs a heap only for private keys. The randomness comes from *ring*.

use crate::asn1::MlDsa;
use crate::crypto::CryptoFailed;
use libcrux_ml_dsa::{MLDSASignature, MLDSAVerificationKey, ml_dsa_44, ml_dsa_65, ml_dsa_87};
#[cfg(feature = "x509")]
use {
    super::Rejected,
    crate::crypto::random,
    libcrux_ml_dsa::{MLDSAKeyPair, MLDSASigningKey},
    std::{boxed::Box, vec::Vec},
    zeroize::{Zeroize, Zeroizing},
};

/// Verifies a signature over `message`. Checks all lengths.
pub(crate) fn verify(set: MlDsa, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoFailed> {
    let verified = match set {
        MlDsa::MlDsa44 => ml_dsa_44::verify(&key_of(key)?, message, b"", &signature_of(signature)?),
        MlDsa::MlDsa65 => ml_dsa_65::verify(&key_of(key)?, message, b"", &signature_of(signature)?),
        MlDsa::MlDsa87 => ml_dsa_87::verify(&key_of(key)?, message, b"", &signature_of(signature)?),
    };
    verified.map_err(|_| CryptoFailed)
}

fn key_of<const N: usize>(key: &[u8]) -> Result<MLDSAVerificationKey<N>, CryptoFailed> {
    key.try_into().map(MLDSAVerificationKey::new).map_err(|_| CryptoFailed)
}

fn signature_of<const N: usize>(signature: &[u8]) -> Result<MLDSASignature<N>, CryptoFailed> {
    signature.try_into().map(MLDSASignature::new).map_err(|_| CryptoFailed)
}

/// An expanded private key: 2,560 to 4,896 bytes, wiped on drop.
#[cfg(feature = "x509")]
pub(crate) struct SigningKey {
    set: MlDsa,
    private: Private,
    public: Vec<u8>,
}

#[cfg(feature = "x509")]
enum Private {
    MlDsa44(Box<ml_dsa_44::MLDSA44SigningKey>),
    MlDsa65(Box<ml_dsa_65::MLDSA65SigningKey>),
    MlDsa87(Box<ml_dsa_87::MLDSA87SigningKey>),
}

#[cfg(feature = "x509")]
impl SigningKey {
    pub(crate) fn from_seed(set: MlDsa, seed: &[u8; 32]) -> Result<SigningKey, Rejected> {
        Ok(match set {
            MlDsa::MlDsa44 => SigningKey::of(set, ml_dsa_44::generate_key_pair(*seed), Private::MlDsa44),
            MlDsa::MlDsa65 => SigningKey::of(set, ml_dsa_65::generate_key_pair(*seed), Private::MlDsa65),
            MlDsa::MlDsa87 => SigningKey::of(set, ml_dsa_87::generate_key_pair(*seed), Private::MlDsa87),
        })
    }

    fn of<const P: usize, const S: usize>(
        set: MlDsa,
        pair: MLDSAKeyPair<P, S>,
        private: fn(Box<MLDSASigningKey<S>>) -> Private,
    ) -> SigningKey {
        let public = pair.verification_key.as_slice().to_vec();
        SigningKey { set, private: private(Box::new(pair.signing_key)), public }
    }

    /// The expanded key does not hold its public key, so a signature is made and verified with `public`.
    pub(crate) fn from_expanded(set: MlDsa, expanded: &[u8], public: &[u8]) -> Result<SigningKey, Rejected> {
        fn boxed<const S: usize>(expanded: &[u8]) -> Result<Box<MLDSASigningKey<S>>, Rejected> {
            expanded.try_into().map(|key| Box::new(MLDSASigningKey::new(key))).map_err(|_| Rejected)
        }
        let private = match set {
            MlDsa::MlDsa44 => Private::MlDsa44(boxed(expanded)?),
            MlDsa::MlDsa65 => Private::MlDsa65(boxed(expanded)?),
            MlDsa::MlDsa87 => Private::MlDsa87(boxed(expanded)?),
        };
        let key = SigningKey { set, private, public: public.to_vec() };
        let signature = key.sign(b"one key").map_err(|_| Rejected)?;
        verify(set, public, b"one key", &signature).map_err(|_| Rejected)?;
        Ok(key)
    }

    pub(crate) fn set(&self) -> MlDsa {
        self.set
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public
    }

    pub(crate) fn is_expanded_to(&self, expanded: &[u8]) -> bool {
        let ours = match &self.private {
            Private::MlDsa44(key) => key.as_slice(),
            Private::MlDsa65(key) => key.as_slice(),
            Private::MlDsa87(key) => key.as_slice(),
        };
        ours == expanded
    }

    /// Signs, hedged (FIPS 204 §3.4).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoFailed> {
        let mut randomness = Zeroizing::new([0; 32]);
        random::fill(randomness.as_mut())?;
        let signature = match &self.private {
            Private::MlDsa44(key) => ml_dsa_44::sign(key, message, b"", *randomness).map(|it| it.as_slice().to_vec()),
            Private::MlDsa65(key) => ml_dsa_65::sign(key, message, b"", *randomness).map(|it| it.as_slice().to_vec()),
            Private::MlDsa87(key) => ml_dsa_87::sign(key, message, b"", *randomness).map(|it| it.as_slice().to_vec()),
        };
        signature.map_err(|_| CryptoFailed)
    }
}

#[cfg(feature = "x509")]
impl Drop for SigningKey {
    fn drop(&mut self) {
        match &mut self.private {
            Private::MlDsa44(key) => key.as_mut_slice().zeroize(),
            Private::MlDsa65(key) => key.as_mut_slice().zeroize(),
            Private::MlDsa87(key) => key.as_mut_slice().zeroize(),
        }
    }
}

#[cfg(all(test, feature = "x509", target_os = "linux"))]
mod tests {
    use super::*;
    use std::{fs::File, os::unix::fs::FileExt, vec};

    /// The memory is read through the operating system, so also after it was freed. Nothing is allocated in between.
    #[test]
    fn a_private_key_is_wiped_when_it_is_dropped() {
        for set in [MlDsa::MlDsa44, MlDsa::MlDsa65, MlDsa::MlDsa87] {
            let key = SigningKey::from_seed(set, &[7; 32]).unwrap();
            let expanded = match &key.private {
                Private::MlDsa44(key) => key.as_slice(),
                Private::MlDsa65(key) => key.as_slice(),
                Private::MlDsa87(key) => key.as_slice(),
            };
            let (at, before) = (expanded.as_ptr() as u64, expanded.to_vec());
            let (memory, mut after) = (File::open("/proc/self/mem").unwrap(), vec![0; before.len()]);
            memory.read_exact_at(&mut after, at).unwrap();
            assert_eq!(after, before);
            drop(key);
            memory.read_exact_at(&mut after, at).unwrap();
            assert!(!before.chunks(16).zip(after.chunks(16)).any(|(before, after)| before == after), "{set:?}");
        }
    }
}
