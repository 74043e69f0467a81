//! HKDF (RFC 5869) and HKDF-Expand-Label (RFC 9846 §7.1). Each secret keys its HMAC once.

use super::provider::hmac;
use super::{CryptoFailed, Hash, HashAlgorithm, hash::zero_padded};
use crate::codec::Writer;
use zeroize::Zeroize;

/// A secret of the key schedule, of Hash.length bytes (§7.1). 49 bytes, wiped on drop.
pub struct Secret {
    bytes: [u8; HashAlgorithm::MAX_LEN],
    algorithm: HashAlgorithm,
}

impl Secret {
    /// HKDF-Extract(salt, IKM) = HMAC-Hash(salt, IKM) (RFC 5869 §2.2).
    pub fn extract(algorithm: HashAlgorithm, salt: &[u8], ikm: &[u8]) -> Secret {
        Secret::from_tag(algorithm, &hmac::sign(&hmac::Key::new(algorithm.hmac(), salt), ikm))
    }

    /// `None` unless there are exactly Hash.length bytes.
    #[cfg(any(feature = "quinn", feature = "study"))]
    pub(crate) fn from_bytes(algorithm: HashAlgorithm, bytes: &[u8]) -> Option<Secret> {
        (bytes.len() == algorithm.output_len()).then(|| Secret { bytes: zero_padded(bytes), algorithm })
    }

    fn from_tag(algorithm: HashAlgorithm, tag: &hmac::Tag) -> Secret {
        Secret { bytes: zero_padded(tag.as_ref()), algorithm }
    }

    /// The secret bytes, for key logs and for protocols with their own packet protection.
    pub fn expose(&self) -> &[u8] {
        self.algorithm.prefix(&self.bytes)
    }

    /// The hash function of the suite.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// The pseudorandom key of RFC 5869 as a keyed HMAC. Keying costs half as much as an expansion, so one `Prk` serves for
/// all that is derived from a secret. 184 bytes with *ring*, which does not wipe them.
pub struct Prk {
    key: hmac::Key,
    algorithm: HashAlgorithm,
}

impl Prk {
    /// Keys the HMAC.
    pub fn new(secret: &Secret) -> Prk {
        Prk { key: hmac::Key::new(secret.algorithm.hmac(), secret.expose()), algorithm: secret.algorithm }
    }

    /// HKDF-Expand-Label(Secret, Label, Context, Hash.length). `None` stands for the context "".
    /// If the context is a transcript hash, this is Derive-Secret(Secret, Label, Messages).
    pub fn derive_secret(&self, label: Label<'_>, context: Option<&Hash>) -> Secret {
        let length = u16::from(self.algorithm.output_len_u8());
        let mut memory = [0; MAX_HKDF_LABEL];
        let info = HkdfLabel { length, label, context }.write(&mut memory);
        Secret::from_tag(self.algorithm, &self.block(None, info, 1))
    }

    /// HKDF-Expand-Label(Secret, Label, Context, Length), where Length is that of `out`. Fails if Length is more than
    /// 255 * Hash.length.
    pub fn expand_label(&self, label: Label<'_>, context: Option<&Hash>, out: &mut [u8]) -> Result<(), CryptoFailed> {
        let length = u16::try_from(out.len()).map_err(|_| CryptoFailed)?;
        let mut memory = [0; MAX_HKDF_LABEL];
        self.expand(HkdfLabel { length, label, context }.write(&mut memory), out)
    }

    /// HMAC-Hash(key, data). If the key is a finished_key, this is verify_data (§4.5.3).
    pub fn mac(&self, data: &Hash) -> VerifyData {
        VerifyData(Secret::from_tag(self.algorithm, &hmac::sign(&self.key, data.as_ref())))
    }

    /// Compares `received` with HMAC-Hash(key, data) in constant time.
    pub fn verify_mac(&self, data: &Hash, received: &[u8]) -> Result<(), CryptoFailed> {
        hmac::verify(&self.key, data.as_ref(), received).map_err(|_| CryptoFailed)
    }

    /// HKDF-Expand (RFC 5869 §2.3).
    fn expand(&self, info: &[u8], out: &mut [u8]) -> Result<(), CryptoFailed> {
        let mut previous = None;
        let pieces = out.chunks_mut(self.algorithm.output_len());
        if pieces.len() > 255 {
            return Err(CryptoFailed);
        }
        for (piece, counter) in pieces.zip(1..=255) {
            let block = self.block(previous.as_ref(), info, counter);
            for (to, from) in piece.iter_mut().zip(block.as_ref()) {
                *to = *from;
            }
            previous = Some(block);
        }
        Ok(())
    }

    /// T(n) = HMAC-Hash(PRK, T(n-1) | info | n)
    fn block(&self, previous: Option<&hmac::Tag>, info: &[u8], counter: u8) -> hmac::Tag {
        let mut mac = hmac::Context::with_key(&self.key);
        if let Some(previous) = previous {
            mac.update(previous.as_ref());
        }
        mac.update(info);
        mac.update(&[counter]);
        mac.sign()
    }
}

/// The verify_data of a Finished to send (§4.5.3): 32 or 48 bytes. For received ones there is
/// [`verify_finished`](crate::schedule::HandshakeSecret::verify_finished), which compares in constant time.
pub struct VerifyData(Secret);

impl AsRef<[u8]> for VerifyData {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// The Label of an HkdfLabel: at most 249 bytes, so that "tls13 " + Label has at most 255. The syntax of §7.1 requires
/// at least one byte, but exporters may have an empty label here, as in other implementations.
#[derive(Clone, Copy)]
pub struct Label<'a>(&'a [u8]);

impl<'a> Label<'a> {
    /// `None` if `name` is longer than 249 bytes.
    pub const fn new(name: &'a [u8]) -> Option<Label<'a>> {
        if name.len() > 249 { None } else { Some(Label(name)) }
    }
}

/// A label whose length is checked at compile time.
macro_rules! label {
    ($name:literal) => {
        const {
            match $crate::crypto::Label::new($name.as_bytes()) {
                Some(label) => label,
                None => panic!("this label fits no HkdfLabel"),
            }
        }
    };
}
pub(crate) use label;

/// ```text
/// struct {
///     uint16 length = Length;
///     opaque label<7..255> = "tls13 " + Label;
///     opaque context<0..255> = Context;
/// } HkdfLabel;
/// ```
struct HkdfLabel<'a> {
    length: u16,
    label: Label<'a>,
    context: Option<&'a Hash>,
}

/// The length of the longest HkdfLabel.
const MAX_HKDF_LABEL: usize = 2 + 256 + 1 + HashAlgorithm::MAX_LEN;

impl HkdfLabel<'_> {
    /// Writes it in one piece, since HMAC is slower with four small ones.
    fn write<'m>(&self, memory: &'m mut [u8; MAX_HKDF_LABEL]) -> &'m [u8] {
        let mut w = Writer::new(memory);
        w.u16(self.length);
        w.vec_u8(|w| {
            w.bytes(b"tls13 ");
            w.bytes(self.label.0);
        });
        w.vec_u8(|w| w.bytes(self.context.map_or(&[], |hash| hash.as_ref())));
        let len = w.len();
        memory.get(..len).unwrap_or_default()
    }
}

impl HashAlgorithm {
    fn hmac(self) -> hmac::Algorithm {
        match self {
            HashAlgorithm::Sha256 => hmac::HMAC_SHA256,
            HashAlgorithm::Sha384 => hmac::HMAC_SHA384,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5869, appendix A.1 to A.3 (those with SHA-256): IKM, salt, info, PRK, OKM.
    const VECTORS: [[&str; 5]; 3] = [
        [
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ],
        [
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\
             303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
            "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f\
             909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf\
             e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
            "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09\
             da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ],
        [
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
            "",
            "",
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ],
    ];

    #[test]
    fn extract_and_expand_are_those_of_rfc_5869() {
        for vector in VECTORS {
            let [ikm, salt, info, prk, okm] = vector.map(|value| hex::decode(value).unwrap());
            let secret = Secret::extract(HashAlgorithm::Sha256, &salt, &ikm);
            assert_eq!(secret.expose(), prk);
            let mut out = std::vec![0; okm.len()];
            Prk::new(&secret).expand(&info, &mut out).unwrap();
            assert_eq!(out, okm);
        }
    }

    #[test]
    fn a_label_takes_up_to_249_bytes() {
        for length in 0..300 {
            let name = std::vec![b'l'; length];
            assert_eq!(Label::new(&name).is_some(), length <= 249);
        }
    }
}
