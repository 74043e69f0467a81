//! From a leaf certificate to its public key (RFC 5280 §4.1), and no further.
//!
//! Only what leads to the key is looked at; judging the certificate is for whoever answers the verify question.

use der::{
    Decode, Header, Reader, SliceReader, Tag, TagNumber,
    asn1::{BitStringRef, UintRef},
};

/// The bytes are not the DER structure that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDer;

impl core::fmt::Display for BadDer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not a certificate or public key in DER")
    }
}

impl core::error::Error for BadDer {}

impl From<der::Error> for BadDer {
    fn from(_: der::Error) -> BadDer {
        BadDer
    }
}

/// A SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spki<'a> {
    /// The whole structure in DER: what pins and raw public keys (RFC 7250) compare.
    pub raw: &'a [u8],
    /// The key in it.
    pub key: PublicKey<'a>,
}

/// A public key of a kind that can sign in TLS 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// ECDSA on secp256r1: an uncompressed point of 65 bytes (not yet known to lie on the curve).
    P256(&'a [u8]),
    /// ECDSA on secp384r1: an uncompressed point of 97 bytes (not yet known to lie on the curve).
    P384(&'a [u8]),
    /// Ed25519
    Ed25519(&'a [u8; 32]),
    /// rsaEncryption: a PKCS#1 RSAPublicKey in DER, and the size of its modulus.
    Rsa {
        /// RSAPublicKey in DER.
        pkcs1: &'a [u8],
        /// The modulus's length in bits.
        modulus_bits: usize,
    },
    /// Any other algorithm, curve or form, id-RSASSA-PSS included.
    Unsupported,
}

// Object identifiers, as the contents of their DER.
const ID_EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]; // 1.2.840.10045.2.1
const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]; // 1.2.840.10045.3.1.7
const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22]; // 1.3.132.0.34
const ID_ED25519: &[u8] = &[0x2b, 0x65, 0x70]; // 1.3.101.112
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]; // 1.2.840.113549.1.1.1

/// The public key of a certificate in DER.
///
/// ```text
/// Certificate ::= SEQUENCE {
///     tbsCertificate       TBSCertificate,
///     signatureAlgorithm   AlgorithmIdentifier,
///     signature            BIT STRING }
///
/// TBSCertificate ::= SEQUENCE {
///     version         [0]  Version DEFAULT v1,
///     serialNumber         INTEGER,
///     signature            AlgorithmIdentifier,
///     issuer               Name,
///     validity             Validity,
///     subject              Name,
///     subjectPublicKeyInfo SubjectPublicKeyInfo,
///     ... }
/// ```
pub fn leaf_spki(certificate: &[u8]) -> Result<Spki<'_>, BadDer> {
    let spki = whole_sequence(certificate, |certificate| {
        let spki = certificate.sequence(|tbs| {
            if Tag::peek(tbs)? == (Tag::ContextSpecific { constructed: true, number: TagNumber(0) }) {
                tbs.tlv_bytes()?;
            }
            value(tbs, Tag::Integer)?; // serialNumber
            value(tbs, Tag::Sequence)?; // signature
            value(tbs, Tag::Sequence)?; // issuer
            value(tbs, Tag::Sequence)?; // validity
            value(tbs, Tag::Sequence)?; // subject
            let spki = tbs.tlv_bytes()?;
            while !tbs.is_finished() {
                tbs.tlv_bytes()?;
            }
            Ok::<_, BadDer>(spki)
        })?;
        value(certificate, Tag::Sequence)?; // signatureAlgorithm
        value(certificate, Tag::BitString)?; // signature
        Ok(spki)
    })?;
    parse_spki(spki)
}

/// Reads a SubjectPublicKeyInfo in DER.
///
/// ```text
/// SubjectPublicKeyInfo ::= SEQUENCE {
///     algorithm            SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL },
///     subjectPublicKey     BIT STRING }
/// ```
pub fn parse_spki(raw: &[u8]) -> Result<Spki<'_>, BadDer> {
    let key = whole_sequence(raw, |spki| {
        let (algorithm, parameters) = spki.sequence(|identifier| {
            let algorithm = value(identifier, Tag::ObjectIdentifier)?;
            let parameters = if identifier.is_finished() { None } else { Some(identifier.tlv_bytes()?) };
            Ok::<_, BadDer>((algorithm, parameters))
        })?;
        let subject_public_key = BitStringRef::decode(spki)?.as_bytes().ok_or(BadDer)?;
        public_key(algorithm, parameters, subject_public_key)
    })?;
    Ok(Spki { raw, key })
}

fn public_key<'a>(algorithm: &[u8], parameters: Option<&[u8]>, key: &'a [u8]) -> Result<PublicKey<'a>, BadDer> {
    Ok(match (algorithm, parameters) {
        (ID_EC_PUBLIC_KEY, Some([0x06, _, curve @ ..])) => match (curve, key) {
            (SECP256R1, [4, ..]) if key.len() == 65 => PublicKey::P256(key),
            (SECP384R1, [4, ..]) if key.len() == 97 => PublicKey::P384(key),
            _ => PublicKey::Unsupported,
        },
        (ID_ED25519, None) => key.try_into().map_or(PublicKey::Unsupported, PublicKey::Ed25519),
        (RSA_ENCRYPTION, Some([0x05, 0x00])) => PublicKey::Rsa { pkcs1: key, modulus_bits: modulus_bits(key)? },
        _ => PublicKey::Unsupported,
    })
}

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1)
fn modulus_bits(pkcs1: &[u8]) -> Result<usize, BadDer> {
    whole_sequence(pkcs1, |key| {
        let modulus = UintRef::decode(key)?.as_bytes();
        UintRef::decode(key)?;
        let unused = modulus.first().map_or(0, |first| first.leading_zeros());
        let bits = modulus.len().checked_mul(8).and_then(|bits| bits.checked_sub(usize::try_from(unused).ok()?));
        bits.ok_or(BadDer)
    })
}

/// Reads one SEQUENCE that fills `bytes` exactly.
fn whole_sequence<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, BadDer>,
) -> Result<T, BadDer> {
    let mut reader = SliceReader::new(bytes)?;
    let value = reader.sequence(read)?;
    reader.finish()?;
    Ok(value)
}

/// The contents of the next element, which must have this tag.
fn value<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Result<&'a [u8], BadDer> {
    let header = Header::decode(reader)?;
    header.tag().assert_eq(tag)?;
    Ok(reader.read_slice(header.length())?)
}
