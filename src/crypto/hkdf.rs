//! HKDF (RFC 5869) and its labelled form (RFC 9846 §7.1), over HMACs that are keyed once.

use super::{CryptoFailed, Hash, HashAlgorithm, hash::zero_padded};
use ring::hmac;
use zeroize::Zeroize;

/// A secret of Hash.length bytes: any box of the key schedule's figure (§7.1). Wiped on drop. 49 bytes.
pub struct Secret {
    bytes: [u8; HashAlgorithm::MAX_LEN],
    algorithm: HashAlgorithm,
}

impl Secret {
    /// HKDF-Extract(salt, IKM) = HMAC-Hash(salt, IKM) (RFC 5869 §2.2).
    pub fn extract(algorithm: HashAlgorithm, salt: &[u8], ikm: &[u8]) -> Secret {
        Secret::from_tag(algorithm, &hmac::sign(&hmac::Key::new(algorithm.hmac(), salt), ikm))
    }

    fn from_tag(algorithm: HashAlgorithm, tag: &hmac::Tag) -> Secret {
        Secret { bytes: zero_padded(tag.as_ref()), algorithm }
    }

    /// The secret bytes, for key logs and protocols that do their own record protection.
    pub fn expose(&self) -> &[u8] {
        self.algorithm.prefix(&self.bytes)
    }

    /// The hash it belongs to.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// A secret that keys an HMAC: RFC 5869's pseudorandom key. Keying costs half of an expansion, so keep this as long as
/// more is to be derived. 184 bytes, of which ring wipes none.
pub struct Prk {
    key: hmac::Key,
    algorithm: HashAlgorithm,
}

impl Prk {
    /// Keys the HMAC.
    pub fn new(secret: &Secret) -> Prk {
        Prk { key: hmac::Key::new(secret.algorithm.hmac(), secret.expose()), algorithm: secret.algorithm }
    }

    /// HKDF-Expand-Label(Secret, Label, Context, Hash.length). `None` is the context "".
    /// With a transcript hash as context, this is Derive-Secret(Secret, Label, Messages).
    pub fn derive_secret(&self, label: Label<'_>, context: Option<&Hash>) -> Secret {
        let info = HkdfLabel::new(u16::from(self.algorithm.output_len_u8()), label, context);
        Secret::from_tag(self.algorithm, &self.block(None, &info.parts(), 1))
    }

    /// HKDF-Expand-Label(Secret, Label, Context, Length), Length being `out`'s. Fails beyond 255 * Hash.length bytes.
    pub fn expand_label(&self, label: Label<'_>, context: Option<&Hash>, out: &mut [u8]) -> Result<(), CryptoFailed> {
        let length = u16::try_from(out.len()).map_err(|_| CryptoFailed)?;
        self.expand(&HkdfLabel::new(length, label, context).parts(), out)
    }

    /// HMAC-Hash(this, data): the verify_data of Finished, when this is a finished_key (§4.5.3).
    pub fn mac(&self, data: &Hash) -> VerifyData {
        VerifyData(Secret::from_tag(self.algorithm, &hmac::sign(&self.key, data.as_ref())))
    }

    /// Compares `received` with HMAC-Hash(this, data), in constant time.
    pub fn verify_mac(&self, data: &Hash, received: &[u8]) -> Result<(), CryptoFailed> {
        hmac::verify(&self.key, data.as_ref(), received).map_err(|_| CryptoFailed)
    }

    /// HKDF-Expand (RFC 5869 §2.3), the info in parts.
    fn expand(&self, info: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoFailed> {
        let mut counter = 0u8;
        let mut previous = None;
        for piece in out.chunks_mut(self.algorithm.output_len()) {
            counter = counter.checked_add(1).ok_or(CryptoFailed)?;
            let block = self.block(previous.as_ref(), info, counter);
            for (to, from) in piece.iter_mut().zip(block.as_ref()) {
                *to = *from;
            }
            previous = Some(block);
        }
        Ok(())
    }

    /// T(n) = HMAC-Hash(PRK, T(n-1) | info | n)
    fn block(&self, previous: Option<&hmac::Tag>, info: &[&[u8]], counter: u8) -> hmac::Tag {
        let mut mac = hmac::Context::with_key(&self.key);
        if let Some(previous) = previous {
            mac.update(previous.as_ref());
        }
        for part in info {
            mac.update(part);
        }
        mac.update(&[counter]);
        mac.sign()
    }
}

/// The verify_data of Finished (§4.5.3): 32 or 48 bytes, to be sent. What is received goes to
/// [`verify_finished`](crate::schedule::HandshakeSecret::verify_finished), which compares in constant time.
pub struct VerifyData(Secret);

impl AsRef<[u8]> for VerifyData {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// The label of an HkdfLabel, its length checked: 1 to 249 bytes, so that "tls13 " + Label is at most 255.
#[derive(Clone, Copy)]
pub struct Label<'a> {
    len: u8,
    name: &'a [u8],
}

impl<'a> Label<'a> {
    /// `None` if it is empty or longer than 249 bytes.
    pub const fn new(name: &'a [u8]) -> Option<Label<'a>> {
        if name.is_empty() || name.len() > 249 {
            return None;
        }
        #[expect(clippy::arithmetic_side_effects, reason = "at most 249 + 6")]
        Some(Label { len: name.len() as u8 + 6, name })
    }
}

/// A label of the RFC, checked at compile time.
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
    length: [u8; 2],
    label_len: [u8; 1],
    label: &'a [u8],
    context_len: [u8; 1],
    context: &'a [u8],
}

impl<'a> HkdfLabel<'a> {
    fn new(length: u16, label: Label<'a>, context: Option<&'a Hash>) -> HkdfLabel<'a> {
        HkdfLabel {
            length: length.to_be_bytes(),
            label_len: [label.len],
            label: label.name,
            context_len: [context.map_or(0, |hash| hash.algorithm().output_len_u8())],
            context: context.map_or(&[], |hash| hash.as_ref()),
        }
    }

    fn parts(&self) -> [&[u8]; 6] {
        [&self.length, &self.label_len, b"tls13 ", self.label, &self.context_len, self.context]
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
