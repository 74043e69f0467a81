//! ML-DSA (FIPS 204), pure and with the empty context, as in TLS and X.509 (draft-ietf-tls-mldsa, RFC 9881). It is
//! implemented by libcrux next to *ring*, or by aws-lc-rs.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
#[cfg(not(feature = "aws-lc-rs"))]
mod libcrux;
#[cfg(test)]
mod tests;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc_rs::*;
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use libcrux::*;

/// A private key is malformed, or does not belong to the public key.
#[cfg(feature = "x509")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rejected;
