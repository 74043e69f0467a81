//! For external signers (HSM, KMS): the digest that a scheme signs, and the encoding of ECDSA signatures.

use super::provider::digest;
use crate::codec::SignatureScheme;
use core::fmt;

/// The digest that a scheme signs, for signers that do not accept the whole message: 32, 48 or 64 bytes.
#[derive(Clone, Copy)]
pub struct MessageDigest(digest::Digest);

impl MessageDigest {
    /// The digest of `message` by the hash of `scheme`. `None` for Ed25519, which hashes the message twice, and for
    /// schemes that sign no handshake.
    pub(crate) fn new(scheme: SignatureScheme, message: &[u8]) -> Option<MessageDigest> {
        let algorithm = match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256
            | SignatureScheme::RSA_PSS_RSAE_SHA256
            | SignatureScheme::RSA_PSS_PSS_SHA256 => &digest::SHA256,
            SignatureScheme::ECDSA_SECP384R1_SHA384
            | SignatureScheme::RSA_PSS_RSAE_SHA384
            | SignatureScheme::RSA_PSS_PSS_SHA384 => &digest::SHA384,
            SignatureScheme::ECDSA_SECP521R1_SHA512
            | SignatureScheme::RSA_PSS_RSAE_SHA512
            | SignatureScheme::RSA_PSS_PSS_SHA512 => &digest::SHA512,
            _ => return None,
        };
        Some(MessageDigest(digest::digest(algorithm, message)))
    }
}

impl AsRef<[u8]> for MessageDigest {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl fmt::Debug for MessageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An ECDSA signature in the encoding of TLS: `ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }` in DER (RFC 3279
/// §2.2.3), at most 104 bytes. It is converted from r ‖ s (IEEE P1363), the encoding of PKCS #11 and many HSMs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EcdsaSigValue {
    bytes: [u8; EcdsaSigValue::MAX_LEN],
    len: usize,
}

impl EcdsaSigValue {
    /// A SEQUENCE of two integers of 48 bytes with a sign octet.
    pub const MAX_LEN: usize = 2 + 2 * (2 + 1 + 48);

    /// From r ‖ s, each as long as the order of the curve: 64 bytes for P-256, 96 for P-384. `None` for other lengths.
    pub fn from_r_s(r_s: &[u8]) -> Option<EcdsaSigValue> {
        let width = match r_s.len() {
            64 => 32,
            96 => 48,
            _ => return None,
        };
        let (r, s) = r_s.split_at_checked(width)?;
        let mut value = EcdsaSigValue { bytes: [0; EcdsaSigValue::MAX_LEN], len: 2 };
        value.integer(r)?;
        value.integer(s)?;
        // The length is below 128, so it takes one byte.
        let content = u8::try_from(value.len.checked_sub(2)?).ok()?;
        value.bytes.first_chunk_mut::<2>()?.copy_from_slice(&[0x30, content]);
        Some(value)
    }

    /// Appends a non-negative INTEGER in its shortest form (X.690 §8.3.2).
    fn integer(&mut self, big_endian: &[u8]) -> Option<()> {
        let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
        let digits = big_endian.get(zeros..)?;
        // A leading 1 bit would make it negative. Zero has one octet.
        let sign: &[u8] = if digits.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
        let len = u8::try_from(sign.len().checked_add(digits.len())?).ok()?;
        for part in [&[0x02, len], sign, digits] {
            let end = self.len.checked_add(part.len())?;
            self.bytes.get_mut(self.len..end)?.copy_from_slice(part);
            self.len = end;
        }
        Some(())
    }
}

impl AsRef<[u8]> for EcdsaSigValue {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for EcdsaSigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcdsaSigValue({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn r_and_s_are_written_in_their_shortest_form() {
        for width in [32, 48] {
            let number = |last: &[u8]| [std::vec![0; width - last.len()], last.to_vec()].concat();
            for (digits, written) in [
                (&[][..], &[0x02, 1, 0][..]),
                (&[1], &[0x02, 1, 1]),
                (&[0x7f], &[0x02, 1, 0x7f]),
                (&[0x80], &[0x02, 2, 0, 0x80]),
                (&[1, 0], &[0x02, 2, 1, 0]),
                (&[0xff, 0xfe], &[0x02, 3, 0, 0xff, 0xfe]),
            ] {
                let s = [&[0x02, 1, 5], written].concat();
                let content: Vec<u8> = [&[0x30, s.len() as u8], &s[..]].concat();
                let value = EcdsaSigValue::from_r_s(&[number(&[5]), number(digits)].concat()).unwrap();
                assert_eq!(value.as_ref(), content);
                assert_eq!(std::format!("{value:?}"), std::format!("EcdsaSigValue({} bytes)", content.len()));
            }
            let largest = EcdsaSigValue::from_r_s(&std::vec![0xff; 2 * width]).unwrap();
            assert_eq!(largest.as_ref().len(), 2 + 2 * (3 + width));
        }
    }

    /// FIPS 180-4's example "abc".
    #[test]
    fn a_digest_is_shown_in_hex() {
        let digest = MessageDigest::new(SignatureScheme::ECDSA_SECP256R1_SHA256, b"abc").unwrap();
        let shown = std::format!("{digest:?}");
        assert_eq!(shown, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(shown, hex::encode(digest));
    }

    #[test]
    fn only_the_widths_of_our_curves_are_taken() {
        for len in 0..200 {
            assert_eq!(EcdsaSigValue::from_r_s(&std::vec![1; len]).is_some(), len == 64 || len == 96);
        }
    }
}
