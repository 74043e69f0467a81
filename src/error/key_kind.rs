//! What a key is that cannot be used, as far as an error can carry it.

use crate::asn1::{PublicKey, UnsupportedKey};
use core::fmt;

/// What kind of key it is that we do not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA, with a modulus of so many bits.
    Rsa {
        /// The modulus's length in bits.
        bits: u16,
    },
    /// Of another algorithm: Ed448, RSASSA-PSS, DSA.
    OtherAlgorithm,
    /// ECDSA on another curve: P-521, unless the provider has it.
    OtherCurve,
    /// ECDSA on a curve that is written out instead of named.
    ExplicitParameters,
    /// ECDSA with a compressed point.
    CompressedPoint,
    /// Of one of our algorithms, with parameters or a length that it cannot have.
    Form,
}

impl KeyKind {
    pub(crate) fn of(key: &PublicKey<'_>) -> KeyKind {
        match key {
            PublicKey::Rsa { modulus_bits, .. } => {
                KeyKind::Rsa { bits: u16::try_from(*modulus_bits).unwrap_or(u16::MAX) }
            }
            PublicKey::MlDsa(..) | PublicKey::Unsupported(UnsupportedKey::Algorithm(_)) => KeyKind::OtherAlgorithm,
            PublicKey::Unsupported(UnsupportedKey::Curve(_)) => KeyKind::OtherCurve,
            PublicKey::Unsupported(UnsupportedKey::ExplicitParameters) => KeyKind::ExplicitParameters,
            PublicKey::Unsupported(UnsupportedKey::CompressedPoint(_)) => KeyKind::CompressedPoint,
            PublicKey::Unsupported(UnsupportedKey::Form(_))
            | PublicKey::P256(_)
            | PublicKey::P384(_)
            | PublicKey::Ed25519(_) => KeyKind::Form,
            #[cfg(feature = "aws-lc-rs")]
            PublicKey::P521(_) => KeyKind::Form,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyKind::Rsa { bits } => return write!(f, "RSA of {bits} bits"),
            KeyKind::OtherAlgorithm => "of an algorithm that is not supported",
            KeyKind::OtherCurve => "on a curve that is not supported",
            KeyKind::ExplicitParameters => "on a curve that is written out instead of named",
            KeyKind::CompressedPoint => "a compressed point",
            KeyKind::Form => "in a form that it cannot have",
        })
    }
}
