//! ML-KEM-768 (FIPS 203) for the hybrid groups, implemented by libcrux next to *ring*, or by aws-lc-rs.

#[cfg(all(feature = "mlkem", feature = "aws-lc-rs"))]
mod aws_lc_rs;
#[cfg(all(feature = "mlkem", not(feature = "aws-lc-rs")))]
mod libcrux;
#[cfg(not(feature = "mlkem"))]
mod none;
#[cfg(all(test, feature = "mlkem"))]
mod tests;

#[cfg(all(feature = "mlkem", feature = "aws-lc-rs"))]
pub(crate) use aws_lc_rs::*;
#[cfg(all(feature = "mlkem", not(feature = "aws-lc-rs")))]
pub(crate) use libcrux::*;
#[cfg(not(feature = "mlkem"))]
pub(crate) use none::*;

use zeroize::Zeroizing;

/// The length of an encapsulation key in bytes.
pub(crate) const ENCAPSULATION_KEY_LEN: usize = 1184;

/// The length of a ciphertext in bytes.
pub(crate) const CIPHERTEXT_LEN: usize = 1088;

/// The shared secret of both sides.
pub(crate) type SharedSecret = Zeroizing<[u8; 32]>;
