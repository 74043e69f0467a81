//! The hash functions of the cipher suites (RFC 9846 §4.1, §B.4).

use super::provider::digest;
use core::fmt;

/// The hash of a cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-256: TLS_AES_128_GCM_SHA256 and TLS_CHACHA20_POLY1305_SHA256.
    Sha256,
    /// SHA-384: TLS_AES_256_GCM_SHA384.
    Sha384,
}

impl HashAlgorithm {
    /// The longest [`HashAlgorithm::output_len`]: 48 bytes.
    pub const MAX_LEN: usize = 48;

    /// Hash.length of RFC 9846 §7.1: 32 or 48 bytes.
    pub const fn output_len(self) -> usize {
        self.output_len_u8() as usize
    }

    /// Hash.length as one byte, for the length of the context in HkdfLabel (§7.1).
    pub(crate) const fn output_len_u8(self) -> u8 {
        match self {
            HashAlgorithm::Sha256 => 32,
            HashAlgorithm::Sha384 => 48,
        }
    }

    /// Hashes `data`.
    pub fn hash(self, data: &[u8]) -> Hash {
        Hash::new(self, digest::digest(self.provided(), data).as_ref())
    }

    /// The hash of the empty string: the context in Derive-Secret(., "derived", "") and in exporters (§7.1, §7.5).
    pub const fn hash_of_nothing(self) -> Hash {
        match self {
            HashAlgorithm::Sha256 => EMPTY_SHA256,
            HashAlgorithm::Sha384 => EMPTY_SHA384,
        }
    }

    /// The first Hash.length bytes.
    pub(crate) fn prefix(self, bytes: &[u8; Self::MAX_LEN]) -> &[u8] {
        match self {
            HashAlgorithm::Sha256 => &bytes[..32],
            HashAlgorithm::Sha384 => bytes,
        }
    }

    fn provided(self) -> &'static digest::Algorithm {
        match self {
            HashAlgorithm::Sha256 => &digest::SHA256,
            HashAlgorithm::Sha384 => &digest::SHA384,
        }
    }
}

/// SHA-256(""), a constant to save the handshake one hash.
const EMPTY_SHA256: Hash = Hash {
    algorithm: HashAlgorithm::Sha256,
    bytes: [
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0,
    ],
};

/// SHA-384("").
const EMPTY_SHA384: Hash = Hash {
    algorithm: HashAlgorithm::Sha384,
    bytes: [
        0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e, 0xb1, 0xb1, 0xe3, 0x6a, 0x21, 0xfd,
        0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43, 0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda, 0x27, 0x4e, 0xde, 0xbf,
        0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b,
    ],
};

/// The output of a hash, 32 or 48 bytes. It is public; secrets are [`super::Secret`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash {
    bytes: [u8; HashAlgorithm::MAX_LEN],
    algorithm: HashAlgorithm,
}

impl Hash {
    /// From the output of a digest.
    pub(crate) fn new(algorithm: HashAlgorithm, output: &[u8]) -> Hash {
        Hash { bytes: zero_padded(output), algorithm }
    }

    /// The hash function.
    pub const fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        self.algorithm.prefix(&self.bytes)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A running hash with intermediate results, for the transcript (§4.1). 224 bytes with *ring*.
pub struct Hasher(digest::Context);

impl Hasher {
    /// Starts with no data.
    pub fn new(algorithm: HashAlgorithm) -> Hasher {
        Hasher(digest::Context::new(algorithm.provided()))
    }

    /// Adds data.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The hash of all data so far. Later data may follow, and nothing is hashed twice.
    pub fn hash(&self) -> Hash {
        Hash::new(self.algorithm(), self.0.clone().finish().as_ref())
    }

    /// A second running hash with the same data so far.
    pub(crate) fn fork(&self) -> Hasher {
        Hasher(self.0.clone())
    }

    /// The hash function.
    pub fn algorithm(&self) -> HashAlgorithm {
        if self.0.algorithm() == &digest::SHA384 { HashAlgorithm::Sha384 } else { HashAlgorithm::Sha256 }
    }
}

/// Pads `output`, at most 48 bytes, with zeros to the length of the longest hash.
pub(super) fn zero_padded(output: &[u8]) -> [u8; HashAlgorithm::MAX_LEN] {
    let mut bytes = [0; HashAlgorithm::MAX_LEN];
    for (to, from) in bytes.iter_mut().zip(output) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [HashAlgorithm; 2] = [HashAlgorithm::Sha256, HashAlgorithm::Sha384];

    #[test]
    fn the_constant_hash_of_nothing_is_the_hash_of_nothing() {
        for algorithm in BOTH {
            assert_eq!(algorithm.hash_of_nothing(), algorithm.hash(b""));
        }
    }

    /// FIPS 180-4's example "abc".
    #[test]
    fn the_algorithms_are_sha_256_and_sha_384() {
        let expected = [
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ];
        for (algorithm, expected) in BOTH.into_iter().zip(expected) {
            assert_eq!(hex::encode(algorithm.hash(b"abc")), expected);
            assert_eq!(std::format!("{:?}", algorithm.hash(b"abc")), expected);
            assert_eq!(algorithm.hash(b"abc").as_ref().len(), algorithm.output_len());
            assert_eq!(usize::from(algorithm.output_len_u8()), algorithm.output_len());
        }
    }

    #[test]
    fn a_running_hash_asked_in_between_goes_on_undisturbed() {
        for algorithm in BOTH {
            let mut running = Hasher::new(algorithm);
            assert_eq!(running.algorithm(), algorithm);
            for (count, piece) in [b"client".as_slice(), b"", b"hello"].iter().enumerate() {
                running.update(piece);
                let so_far = [b"client".as_slice(), b"", b"hello"][..=count].concat();
                assert_eq!(running.hash(), algorithm.hash(&so_far));
            }
        }
    }
}
