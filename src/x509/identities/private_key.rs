//! Files with private keys: PKCS#8 (RFC 5958), SEC1 (RFC 5915), PKCS#1 (RFC 8017), as PEM or DER.

use super::key::{Pair, SigningKey};
#[cfg(feature = "mldsa")]
use crate::asn1::MlDsa;
use crate::asn1::{AlgorithmIdentifier, BadDer, Oid, PublicKey, Reader, Tag, UnsupportedKey};
use crate::asn1::{der::bit_length, der::only, der::whole_octets, oid};
#[cfg(feature = "mldsa")]
use crate::crypto::provider::ml_dsa;
use crate::crypto::provider::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use crate::crypto::provider::{KeyRejected, ecdsa_key_pair};
use crate::error::sentences;
use crate::x509::pem::{self, Wanted};
use rustls_pki_types::PrivateKeyDer;
use std::{boxed::Box, format, string::String, string::ToString};
use zeroize::Zeroizing;

sentences! {
    /// Why a private key cannot be used. It never shows key material.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum KeyError {
        /// The file has no private key and nothing else that is known: it is empty, or text.
        NoKey =
            "no private key found: the file is empty, or text without one (PKCS#8, SEC1 or PKCS#1, as PEM or DER)";
        /// The PEM section of the key is broken, or another section that may be a key.
        Pem {
            /// The line of its BEGIN, from 1; 0: the whole file.
            line: usize,
            /// What is wrong.
            what: String
        } = "the private key{}: {what}", if *line == 0 { " file".into() } else { at_line(*line) };
        /// The key is encrypted with a passphrase.
        Encrypted = "the private key is encrypted: decrypt it first (openssl pkey -in KEY -out PLAIN)";
        /// It is something else, such as a certificate, which this names.
        OtherKind(what: String) = "no private key found: {what}";
        /// The key is malformed.
        Malformed = "the private key is malformed";
        /// Public and private part do not belong together.
        Inconsistent = "the private key's public part does not belong to it";
        /// An EC key without its public part, and no certificate that has it.
        NoPublicKey = "the EC private key lacks its public part (openssl ec -in KEY -out COMPLETE)";
        /// An ML-DSA key in its expanded form only, without its public part, and no certificate that has it.
        NoSeed =
            "the ML-DSA private key is expanded, without its seed, and its public part is not at hand: give it with its \
             certificate";
        /// An EC key whose public part is compressed, and no certificate that has the whole.
        CompressedPoint =
            "the EC private key's public part is compressed (openssl ec -in KEY -conv_form uncompressed -out COMPLETE)";
        /// An EC key without its (whole) public part, and the certificate has another key's.
        KeyOfAnother = "the private key does not belong to the first certificate (is that the leaf?)";
        /// An EC key whose curve is written out instead of named (RFC 5480 §2.1.1).
        ExplicitParameters =
            "the EC private key gives its curve by explicit parameters instead of its name \
             (openssl ec -in KEY -param_enc named_curve -out NAMED)";
        /// Another algorithm, curve or size; which.
        Unsupported(kind: String) =
            "the private key is of an unsupported kind ({kind}): {SUPPORTED} is needed{OTHERS}";
    }
}

/// The place of what is wrong; 0: the whole file.
pub(super) fn at_line(line: usize) -> String {
    if line == 0 { String::new() } else { format!(" at line {line}") }
}

/// What the provider signs with.
const SUPPORTED: &str = match (cfg!(feature = "aws-lc-rs"), cfg!(feature = "mldsa")) {
    (false, false) => "P-256, P-384, Ed25519 or RSA of 2048 to 4096 bits",
    (false, true) => "P-256, P-384, Ed25519, ML-DSA or RSA of 2048 to 4096 bits",
    (true, false) => "P-256, P-384, P-521, Ed25519 or RSA of 2048 to 8192 bits",
    (true, true) => "P-256, P-384, P-521, Ed25519, ML-DSA or RSA of 2048 to 8192 bits",
};
const OTHERS: &str = match cfg!(feature = "aws-lc-rs") {
    true => "",
    false => " (up to 8192 bits only of peers, and with an external signer)",
};

/// What breaks the form of a key. (No `From`: that would be public.)
fn malformed(_: BadDer) -> KeyError {
    KeyError::Malformed
}

impl SigningKey {
    /// The first private key of a PEM file, or a DER key. Certificates, parameters and the like are passed over; what
    /// looks like a block and cannot be read is an error with its line (see [`pem`]).
    ///
    /// An EC key without its public part is refused here; [`Identity::from_pem_or_der`](crate::x509::Identity) takes
    /// that part from the certificate.
    pub fn from_pem_or_der(file: &[u8]) -> Result<SigningKey, KeyError> {
        read_file(file, &[])
    }

    /// A DER key: PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017), told apart by their structure.
    pub fn from_der(der: &[u8]) -> Result<SigningKey, KeyError> {
        read(der, &[])
    }
}

impl TryFrom<&PrivateKeyDer<'_>> for SigningKey {
    type Error = KeyError;

    fn try_from(key: &PrivateKeyDer<'_>) -> Result<SigningKey, KeyError> {
        SigningKey::from_der(key.secret_der())
    }
}

/// The first private key of a file; `publics`: the keys of the certificates at hand, where an EC key's public part is
/// taken from that has none, or a compressed one.
pub(super) fn read_file(file: &[u8], publics: &[PublicKey<'_>]) -> Result<SigningKey, KeyError> {
    let mut first = None;
    for section in pem::read(file, Wanted::Keys) {
        if let Some(what) = section.problem() {
            return Err(KeyError::Pem { line: section.line, what: what.into() });
        }
        first.get_or_insert(section);
    }
    let section = first.ok_or_else(|| match pem::blocks(file) {
        Some(blocks) => KeyError::OtherKind(format!("the file holds only {blocks}")),
        None => KeyError::NoKey,
    })?;
    if section.label.starts_with("ENCRYPTED") || section.says_encrypted() {
        return Err(KeyError::Encrypted);
    }
    match section.der().map(Zeroizing::new) {
        Ok(der) => read(&der, publics),
        Err(what) => Err(KeyError::Pem { line: section.line, what }),
    }
}

/// Reads a DER key; what cannot be one is told by its kind.
fn read(der: &[u8], publics: &[PublicKey<'_>]) -> Result<SigningKey, KeyError> {
    read_der(der, publics).map_err(|error| match (error, pem::other_kind(der, Wanted::Keys)) {
        (KeyError::Malformed, Some(what)) => KeyError::OtherKind(what),
        (error, _) => error,
    })
}

fn read_der(der: &[u8], publics: &[PublicKey<'_>]) -> Result<SigningKey, KeyError> {
    let mut fields = Reader::new(only(der, Tag::SEQUENCE).map_err(malformed)?);
    let (first, second) = (fields.element().map_err(malformed)?, fields.element().map_err(malformed)?);
    match (first.tag, first.content, second.tag) {
        (Tag::INTEGER, [0 | 1], Tag::SEQUENCE) => pkcs8(der, publics),
        (Tag::INTEGER, [1], Tag::OCTET_STRING) => sec1(der, None, publics),
        (Tag::INTEGER, [0], Tag::INTEGER) => rsa(der),
        // EncryptedPrivateKeyInfo (RFC 5958 §3)
        (Tag::SEQUENCE, _, Tag::OCTET_STRING) => Err(KeyError::Encrypted),
        _ => Err(KeyError::Malformed),
    }
}

/// `OneAsymmetricKey ::= SEQUENCE { version INTEGER, privateKeyAlgorithm AlgorithmIdentifier, privateKey OCTET STRING,
/// attributes [0] .. OPTIONAL, publicKey [1] .. OPTIONAL }` (RFC 5958 §2)
fn pkcs8(der: &[u8], publics: &[PublicKey<'_>]) -> Result<SigningKey, KeyError> {
    let mut fields = Reader::new(only(der, Tag::SEQUENCE).map_err(malformed)?);
    fields.integer().map_err(malformed)?;
    let algorithm = AlgorithmIdentifier::read(&mut fields).map_err(malformed)?;
    let key = fields.read(Tag::OCTET_STRING).map_err(malformed)?;
    match algorithm.id {
        oid::EC_PUBLIC_KEY => sec1(key, algorithm.parameters, publics),
        oid::ED25519 => ed25519(key, public_key(fields).map_err(malformed)?),
        oid::RSA_ENCRYPTION => rsa(key),
        #[cfg(feature = "mldsa")]
        oid::ML_DSA_44 | oid::ML_DSA_65 | oid::ML_DSA_87 => {
            let set = MlDsa::from_oid(algorithm.id).ok_or(KeyError::Malformed)?;
            ml_dsa_key(set, key, public_key(fields).map_err(malformed)?, publics)
        }
        other => Err(unsupported(UnsupportedKey::Algorithm(other))),
    }
}

/// ```text
/// ML-DSA-65-PrivateKey ::= CHOICE {
///     seed [0] OCTET STRING (SIZE (32)),
///     expandedKey OCTET STRING (SIZE (4032)),
///     both SEQUENCE { seed OCTET STRING (SIZE (32)), expandedKey OCTET STRING (SIZE (4032)) } }
/// ```
/// (RFC 9881 §6.) `public`, `publics`: PKCS#8's public key, and those of the certificates, one of which must be the
/// key's if there is no seed to compute it from.
#[cfg(feature = "mldsa")]
fn ml_dsa_key(
    set: MlDsa,
    key: &[u8],
    public: Option<&[u8]>,
    publics: &[PublicKey<'_>],
) -> Result<SigningKey, KeyError> {
    let mut choice = Reader::new(key);
    let choice = choice.element().and_then(|element| choice.finish().map(|()| element)).map_err(malformed)?;
    let (seed, expanded) = match choice.tag {
        tag if tag == Tag::primitive(0) => (Some(choice.content), None),
        Tag::OCTET_STRING => (None, Some(choice.content)),
        Tag::SEQUENCE => {
            let mut both = Reader::new(choice.content);
            let seed = both.read(Tag::OCTET_STRING).map_err(malformed)?;
            let expanded = both.read(Tag::OCTET_STRING).map_err(malformed)?;
            both.finish().map_err(malformed)?;
            (Some(seed), Some(expanded))
        }
        _ => return Err(KeyError::Malformed),
    };
    let key = match (seed, expanded) {
        (Some(seed), expanded) => {
            let seed = seed.try_into().map_err(|_| KeyError::Malformed)?;
            let key = ml_dsa::SigningKey::from_seed(set, seed).map_err(|_| KeyError::Malformed)?;
            let is_its_own = |public: &[u8]| public == key.public_key();
            if !expanded.is_none_or(|expanded| key.is_expanded_to(expanded)) || !public.is_none_or(is_its_own) {
                return Err(KeyError::Inconsistent);
            }
            key
        }
        (None, expanded) => {
            let expanded = expanded.unwrap_or_default();
            let of_set = publics.iter().filter_map(|public| match public {
                PublicKey::MlDsa(other, public) if *other == set => Some(*public),
                _ => None,
            });
            let mut found = None;
            for candidate in public.into_iter().chain(of_set) {
                found = found.or(ml_dsa::SigningKey::from_expanded(set, expanded, candidate).ok());
            }
            match found {
                Some(key) => key,
                None if public.is_some() => return Err(KeyError::Inconsistent),
                None if publics.is_empty() => return Err(KeyError::NoSeed),
                None => return Err(KeyError::KeyOfAnother),
            }
        }
    };
    Ok(SigningKey { pair: Pair::MlDsa(key) })
}

/// PKCS#8's publicKey, which version 1 does not have; past the attributes.
fn public_key(mut fields: Reader<'_>) -> Result<Option<&[u8]>, BadDer> {
    fields.optional(Tag::constructed(0))?;
    let bits = match fields.optional(Tag::primitive(1))? {
        Some(bits) => Some(bits),
        // Old releases of ring have written it so: tagged explicitly.
        None => fields.optional(Tag::constructed(1))?.map(|tagged| only(tagged, Tag::BIT_STRING)).transpose()?,
    };
    fields.finish()?;
    bits.map(whole_octets).transpose()
}

/// `CurvePrivateKey ::= OCTET STRING` (RFC 8410 §7)
fn ed25519(key: &[u8], public: Option<&[u8]>) -> Result<SigningKey, KeyError> {
    let seed = only(key, Tag::OCTET_STRING).map_err(malformed)?;
    let pair = match public {
        Some(public) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
        None => Ed25519KeyPair::from_seed_unchecked(seed),
    };
    match pair {
        Ok(pair) => Ok(SigningKey { pair: Pair::Ed25519(pair) }),
        Err(error) => Err(rejected(&error)),
    }
}

/// `ECPrivateKey ::= SEQUENCE { version INTEGER, privateKey OCTET STRING, parameters [0] ECParameters OPTIONAL,
/// publicKey [1] BIT STRING OPTIONAL }` (RFC 5915 §3). `parameters`: PKCS#8's, where the structure's own may be absent.
fn sec1(der: &[u8], parameters: Option<&[u8]>, publics: &[PublicKey<'_>]) -> Result<SigningKey, KeyError> {
    let mut fields = Reader::new(only(der, Tag::SEQUENCE).map_err(malformed)?);
    fields.integer().map_err(malformed)?;
    let scalar = fields.read(Tag::OCTET_STRING).map_err(malformed)?;
    let own_parameters = fields.optional(Tag::constructed(0)).map_err(malformed)?;
    let point = fields.optional(Tag::constructed(1)).map_err(malformed)?;
    fields.finish().map_err(malformed)?;
    let curve = match (parameters, own_parameters) {
        (Some(one), Some(other)) if one != other => return Err(KeyError::Malformed),
        (one, other) => named_curve(one.or(other))?,
    };
    let (algorithm, size, kind): (_, usize, fn(EcdsaKeyPair) -> Pair) = match curve {
        oid::SECP256R1 => (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, 32, Pair::P256),
        oid::SECP384R1 => (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, 48, Pair::P384),
        #[cfg(feature = "aws-lc-rs")]
        oid::SECP521R1 => (&signature::ECDSA_P521_SHA512_ASN1_SIGNING, 66, Pair::P521),
        other => return Err(unsupported(UnsupportedKey::Curve(other))),
    };
    // Some writers drop the scalar's leading zeros.
    let mut padded = Zeroizing::new([0u8; 66]);
    let padding = size.checked_sub(scalar.len()).ok_or(KeyError::Malformed)?;
    let padded = padded.get_mut(..size).ok_or(KeyError::Malformed)?;
    padded.get_mut(padding..).ok_or(KeyError::Malformed)?.copy_from_slice(scalar);
    let key_of = |point: &[u8]| match ecdsa_key_pair(algorithm, padded, point) {
        Ok(pair) => Ok(SigningKey { pair: kind(pair) }),
        Err(error) => Err(rejected(&error)),
    };
    let point =
        point.map(|point| only(point, Tag::BIT_STRING).and_then(whole_octets)).transpose().map_err(malformed)?;
    let missing = match point {
        None => KeyError::NoPublicKey,
        Some([2 | 3, ..]) => KeyError::CompressedPoint,
        Some(point) => return key_of(point),
    };
    if publics.is_empty() {
        return Err(missing);
    }
    let whole = publics.iter().filter_map(|public| match (public, curve) {
        (PublicKey::P256(whole), oid::SECP256R1) | (PublicKey::P384(whole), oid::SECP384R1) => Some(*whole),
        #[cfg(feature = "aws-lc-rs")]
        (PublicKey::P521(whole), oid::SECP521R1) => Some(*whole),
        _ => None,
    });
    for whole in whole.filter(|whole| point.is_none_or(|compressed| is_compressed(compressed, whole))) {
        match key_of(whole) {
            Err(KeyError::Inconsistent) => {}
            read => return read,
        }
    }
    Err(KeyError::KeyOfAnother)
}

/// Is one point the other, compressed? (SEC 1 §2.3.3: the last bit of y, then x; and 4, x, y.)
fn is_compressed(compressed: &[u8], whole: &[u8]) -> bool {
    let (Some((tag, x)), Some(([_, whole_x @ ..], [.., y]))) =
        (compressed.split_first(), whole.split_at_checked(compressed.len()))
    else {
        return false;
    };
    x == whole_x && tag & 1 == y & 1
}

/// `ECParameters ::= CHOICE { namedCurve OBJECT IDENTIFIER, ... }` (RFC 5480 §2.1.1)
fn named_curve(parameters: Option<&[u8]>) -> Result<Oid<'_>, KeyError> {
    let mut parameters = Reader::new(parameters.ok_or(unsupported(UnsupportedKey::Form(oid::EC_PUBLIC_KEY)))?);
    match parameters.peek() {
        Some(Tag::SEQUENCE) => Err(KeyError::ExplicitParameters),
        _ => Oid::read(&mut parameters).map_err(malformed),
    }
}

/// `RSAPrivateKey ::= SEQUENCE { version INTEGER, modulus INTEGER, ... }` (RFC 8017 §A.1.2)
fn rsa(der: &[u8]) -> Result<SigningKey, KeyError> {
    match RsaKeyPair::from_der(der) {
        Ok(pair) => Ok(SigningKey { pair: Pair::Rsa(Box::new(pair)) }),
        Err(error) => match &*error.to_string() {
            // The provider's names for sizes that it does not take.
            "TooSmall" | "TooLarge" | "PrivateModulusLenNotMultipleOf512Bits" => {
                let mut fields = Reader::new(only(der, Tag::SEQUENCE).map_err(malformed)?);
                fields.integer().map_err(malformed)?;
                let bits = fields.unsigned().map(bit_length).map_err(malformed)?;
                Err(KeyError::Unsupported(format!("RSA of {bits} bits")))
            }
            _ => Err(rejected(&error)),
        },
    }
}

fn unsupported(key: UnsupportedKey<'_>) -> KeyError {
    KeyError::Unsupported(key.to_string())
}

fn rejected(error: &KeyRejected) -> KeyError {
    match &*error.to_string() {
        "InconsistentComponents" => KeyError::Inconsistent,
        _ => KeyError::Malformed,
    }
}
