//! SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).

use super::algorithm::AlgorithmIdentifier;
use super::der::{BadDer, Reader, Tag, bit_length, only, whole_octets};
use super::fields::Fields;
use super::oid::{self, Oid};
use core::fmt;

/// A SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spki<'a> {
    /// The whole structure in DER, which pins and raw public keys (RFC 7250) compare.
    pub raw: &'a [u8],
    /// The public key.
    pub key: PublicKey<'a>,
}

/// A public key, of any kind that can sign in TLS 1.3. `Display` writes the kind: `P-256`, `RSA of 2048 bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// ECDSA on secp256r1: an uncompressed point of 65 bytes (not yet known to lie on the curve).
    P256(&'a [u8]),
    /// ECDSA on secp384r1: an uncompressed point of 97 bytes (not yet known to lie on the curve).
    P384(&'a [u8]),
    /// ECDSA on secp521r1, which only aws-lc-rs verifies: an uncompressed point of 133 bytes.
    #[cfg(feature = "aws-lc-rs")]
    P521(&'a [u8]),
    /// Ed25519
    Ed25519(&'a [u8; 32]),
    /// ML-DSA (RFC 9881): the parameter set, and a key of the right length. The feature `mldsa` verifies with it.
    MlDsa(MlDsa, &'a [u8]),
    /// rsaEncryption.
    Rsa {
        /// RSAPublicKey (PKCS #1) in DER.
        pkcs1: &'a [u8],
        /// The length of the modulus in bits.
        modulus_bits: usize,
    },
    /// Any other algorithm, curve or form.
    Unsupported(UnsupportedKey<'a>),
}

/// A parameter set of ML-DSA (FIPS 204 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MlDsa {
    /// ML-DSA-44
    MlDsa44,
    /// ML-DSA-65
    MlDsa65,
    /// ML-DSA-87
    MlDsa87,
}

impl MlDsa {
    /// The parameter set of an algorithm. Keys and signatures have the same identifiers (RFC 9881 §3, §4).
    pub fn from_oid(algorithm: Oid<'_>) -> Option<MlDsa> {
        match algorithm {
            oid::ML_DSA_44 => Some(MlDsa::MlDsa44),
            oid::ML_DSA_65 => Some(MlDsa::MlDsa65),
            oid::ML_DSA_87 => Some(MlDsa::MlDsa87),
            _ => None,
        }
    }

    /// The algorithm's identifier.
    pub const fn oid(self) -> Oid<'static> {
        match self {
            MlDsa::MlDsa44 => oid::ML_DSA_44,
            MlDsa::MlDsa65 => oid::ML_DSA_65,
            MlDsa::MlDsa87 => oid::ML_DSA_87,
        }
    }

    /// The length of a public key, in bytes.
    pub const fn public_key_len(self) -> usize {
        match self {
            MlDsa::MlDsa44 => 1312,
            MlDsa::MlDsa65 => 1952,
            MlDsa::MlDsa87 => 2592,
        }
    }
}

/// Why a key is unsupported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsupportedKey<'a> {
    /// It is for another algorithm, such as Ed448 or RSASSA-PSS.
    Algorithm(Oid<'a>),
    /// It is on another curve, such as P-521 if the provider does not support it.
    Curve(Oid<'a>),
    /// Its curve is given by parameters instead of by name, which RFC 5480 §2.1.1 forbids for every curve.
    ExplicitParameters,
    /// It is a compressed point on a supported curve (RFC 5480 §2.2: MAY be supported).
    CompressedPoint(Oid<'a>),
    /// It is for a supported algorithm, but has wrong parameters or a wrong length.
    Form(Oid<'a>),
}

impl fmt::Display for UnsupportedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnsupportedKey::Algorithm(algorithm) => write!(f, "{algorithm}"),
            UnsupportedKey::Curve(curve) => write!(f, "ECDSA on {curve}"),
            UnsupportedKey::ExplicitParameters => {
                f.write_str("ECDSA on a curve that is given by explicit parameters instead of its name")
            }
            UnsupportedKey::CompressedPoint(curve) => write!(f, "{curve} with its point compressed"),
            UnsupportedKey::Form(algorithm) => write!(f, "{algorithm} in a form that it cannot have"),
        }
    }
}

impl fmt::Display for PublicKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PublicKey::P256(_) => f.write_str("P-256"),
            PublicKey::P384(_) => f.write_str("P-384"),
            #[cfg(feature = "aws-lc-rs")]
            PublicKey::P521(_) => f.write_str("P-521"),
            PublicKey::Ed25519(_) => f.write_str("Ed25519"),
            PublicKey::MlDsa(set, _) => write!(f, "{}", set.oid()),
            PublicKey::Rsa { modulus_bits, .. } => write!(f, "RSA of {modulus_bits} bits"),
            PublicKey::Unsupported(what) => write!(f, "{what}"),
        }
    }
}

impl<'a> Spki<'a> {
    /// The public key of a certificate in DER. Reads only what leads to the key. Judging the certificate is for the
    /// caller, who answers the Verify question.
    pub fn of_certificate(der: &'a [u8]) -> Result<Spki<'a>, BadDer> {
        Spki::from_der(Fields::read(der)?.subject_public_key_info)
    }

    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// ```text
    /// SubjectPublicKeyInfo ::= SEQUENCE {
    ///     algorithm            AlgorithmIdentifier,
    ///     subjectPublicKey     BIT STRING }
    /// ```
    pub fn from_der(raw: &'a [u8]) -> Result<Spki<'a>, BadDer> {
        let mut fields = Reader::new(only(raw, Tag::SEQUENCE)?);
        let algorithm = AlgorithmIdentifier::read(&mut fields)?;
        let key = whole_octets(fields.read(Tag::BIT_STRING)?)?;
        fields.finish()?;
        Ok(Spki { raw, key: public_key(&algorithm, key)? })
    }
}

/// The DER of NULL.
const NULL: &[u8] = &[0x05, 0x00];

fn public_key<'a>(algorithm: &AlgorithmIdentifier<'a>, key: &'a [u8]) -> Result<PublicKey<'a>, BadDer> {
    let form = PublicKey::Unsupported(UnsupportedKey::Form(algorithm.id));
    Ok(match (algorithm.id, algorithm.parameters) {
        (oid::EC_PUBLIC_KEY, Some(curve)) => ec_key(curve, key)?,
        (oid::ED25519, None) => key.try_into().map_or(form, PublicKey::Ed25519),
        // RFC 3279 §2.3.1: the parameters MUST be NULL.
        (oid::RSA_ENCRYPTION, Some(NULL)) => PublicKey::Rsa { pkcs1: key, modulus_bits: modulus_bits(key)? },
        (oid::EC_PUBLIC_KEY | oid::ED25519 | oid::RSA_ENCRYPTION, _) => form,
        (other, parameters) => match MlDsa::from_oid(other) {
            // RFC 9881 §3: the parameters MUST be absent.
            Some(set) if parameters.is_none() && key.len() == set.public_key_len() => PublicKey::MlDsa(set, key),
            Some(_) => form,
            None => PublicKey::Unsupported(UnsupportedKey::Algorithm(other)),
        },
    })
}

/// `ECParameters ::= CHOICE { namedCurve OBJECT IDENTIFIER, ... }` (RFC 5480 §2.1.1), ECPoint (§2.2).
fn ec_key<'a>(parameters: &'a [u8], point: &'a [u8]) -> Result<PublicKey<'a>, BadDer> {
    let mut parameters = Reader::new(parameters);
    let curve = match parameters.peek() {
        Some(Tag::OBJECT_IDENTIFIER) => Oid::read(&mut parameters)?,
        Some(Tag::SEQUENCE) => return Ok(PublicKey::Unsupported(UnsupportedKey::ExplicitParameters)),
        _ => return Ok(PublicKey::Unsupported(UnsupportedKey::Form(oid::EC_PUBLIC_KEY))),
    };
    Ok(match (curve, point.first(), point.len()) {
        (oid::SECP256R1, Some(4), 65) => PublicKey::P256(point),
        (oid::SECP384R1, Some(4), 97) => PublicKey::P384(point),
        #[cfg(feature = "aws-lc-rs")]
        (oid::SECP521R1, Some(4), 133) => PublicKey::P521(point),
        (oid::SECP256R1, Some(2 | 3), 33) | (oid::SECP384R1, Some(2 | 3), 49) => {
            PublicKey::Unsupported(UnsupportedKey::CompressedPoint(curve))
        }
        (oid::SECP256R1 | oid::SECP384R1, ..) => PublicKey::Unsupported(UnsupportedKey::Form(curve)),
        #[cfg(feature = "aws-lc-rs")]
        (oid::SECP521R1, Some(2 | 3), 67) => PublicKey::Unsupported(UnsupportedKey::CompressedPoint(curve)),
        #[cfg(feature = "aws-lc-rs")]
        (oid::SECP521R1, ..) => PublicKey::Unsupported(UnsupportedKey::Form(curve)),
        _ => PublicKey::Unsupported(UnsupportedKey::Curve(curve)),
    })
}

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1)
fn modulus_bits(pkcs1: &[u8]) -> Result<usize, BadDer> {
    let mut key = Reader::new(only(pkcs1, Tag::SEQUENCE)?);
    let (modulus, _exponent) = (key.unsigned()?, key.unsigned()?);
    key.finish()?;
    Ok(bit_length(modulus))
}
