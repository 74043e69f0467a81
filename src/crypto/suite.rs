//! The three cipher suites (RFC 9846 §B.4).

use super::HashAlgorithm;
use super::provider::aead;
use crate::codec::CipherSuite;

/// A supported cipher suite: an AEAD algorithm and a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// TLS_AES_128_GCM_SHA256
    Aes128GcmSha256,
    /// TLS_AES_256_GCM_SHA384
    Aes256GcmSha384,
    /// TLS_CHACHA20_POLY1305_SHA256
    ChaCha20Poly1305Sha256,
}

impl Suite {
    /// All suites.
    pub const ALL: [Suite; 3] = [Suite::Aes128GcmSha256, Suite::Aes256GcmSha384, Suite::ChaCha20Poly1305Sha256];

    /// The suite with this number, if it is supported.
    pub const fn from(number: CipherSuite) -> Option<Suite> {
        match number {
            CipherSuite::TLS_AES_128_GCM_SHA256 => Some(Suite::Aes128GcmSha256),
            CipherSuite::TLS_AES_256_GCM_SHA384 => Some(Suite::Aes256GcmSha384),
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256 => Some(Suite::ChaCha20Poly1305Sha256),
            _ => None,
        }
    }

    /// The registered number.
    pub const fn number(self) -> CipherSuite {
        match self {
            Suite::Aes128GcmSha256 => CipherSuite::TLS_AES_128_GCM_SHA256,
            Suite::Aes256GcmSha384 => CipherSuite::TLS_AES_256_GCM_SHA384,
            Suite::ChaCha20Poly1305Sha256 => CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        }
    }

    /// The hash of transcript and key schedule.
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Suite::Aes128GcmSha256 | Suite::ChaCha20Poly1305Sha256 => HashAlgorithm::Sha256,
            Suite::Aes256GcmSha384 => HashAlgorithm::Sha384,
        }
    }

    /// key_length of §7.3: 16 or 32 bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Suite::Aes128GcmSha256 => 16,
            Suite::Aes256GcmSha384 | Suite::ChaCha20Poly1305Sha256 => 32,
        }
    }

    /// How many records one key may seal (§5.5): 2^24.5 records of full size for AES-GCM. For ChaCha20-Poly1305 only the
    /// sequence number is a limit, since it must not wrap (§5.3).
    pub const fn record_limit(self) -> u64 {
        match self {
            Suite::Aes128GcmSha256 | Suite::Aes256GcmSha384 => 23_726_566,
            Suite::ChaCha20Poly1305Sha256 => u64::MAX,
        }
    }

    pub(super) fn aead(self) -> &'static aead::Algorithm {
        match self {
            Suite::Aes128GcmSha256 => &aead::AES_128_GCM,
            Suite::Aes256GcmSha384 => &aead::AES_256_GCM,
            Suite::ChaCha20Poly1305Sha256 => &aead::CHACHA20_POLY1305,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_suite_are_two_names_of_one_thing() {
        for number in 0..=u16::MAX {
            let number = CipherSuite(number);
            match Suite::from(number) {
                Some(suite) => assert_eq!(suite.number(), number),
                None => assert!(Suite::ALL.iter().all(|suite| suite.number() != number)),
            }
        }
        assert!(Suite::ALL.iter().all(|suite| Suite::from(suite.number()) == Some(*suite)));
    }

    #[test]
    fn key_and_nonce_lengths_are_those_of_the_aead() {
        for suite in Suite::ALL {
            assert_eq!(suite.aead().key_len(), suite.key_len());
            assert_eq!(suite.aead().nonce_len(), 12);
            assert_eq!(suite.aead().tag_len(), super::super::TAG_LEN);
        }
    }

    #[test]
    fn the_limit_of_aes_gcm_is_two_to_the_24_and_a_half() {
        let limit = u128::from(Suite::Aes128GcmSha256.record_limit());
        assert!(limit * limit <= 1 << 49 && (limit + 1) * (limit + 1) > 1 << 49);
    }
}
