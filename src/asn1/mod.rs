//! Certificates, revocation lists, keys and names as DER has them (X.690; RFC 5280): borrowed readers, no allocation.
//!
//! What is read is checked in full, and read once; after that, looking at it cannot fail. What it *means* is judged by
//! others: a certificate that is well-formed may still be good for nothing.

mod algorithm;
mod certificate;
mod certificate_extensions;
mod crl;
pub mod der;
mod distribution_point;
mod extensions;
mod fields;
mod general_name;
#[cfg(test)]
pub(crate) mod made;
mod name;
pub mod oid;
mod serial;
mod spki;
mod time;

pub use algorithm::{AlgorithmIdentifier, PssParameters};
pub use certificate::Certificate;
pub use certificate_extensions::{
    BasicConstraints, CertificateExtensions, KeyUsage, NameConstraints, PolicyConstraints, Purposes,
};
pub use crl::{CertificateList, CrlEntry, CrlExtensions, Reason};
pub use der::{BadDer, Element, Reader, Tag};
pub use distribution_point::{DistributionPoint, DistributionPointName, DistributionPoints, IssuingDistributionPoint};
pub use extensions::{Extension, Extensions};
pub use general_name::{GeneralName, GeneralNames};
pub use name::{Attribute, Chars, Name, is_deceptive};
pub use oid::Oid;
pub use serial::Serial;
pub use spki::{MlDsa, PublicKey, Spki, UnsupportedKey};
pub use time::Time;
