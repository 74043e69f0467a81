//! Certificates, CRLs, keys and names in DER (X.690, RFC 5280): readers that borrow their input and allocate nothing.
//!
//! A reader checks the whole structure, so that later access to its parts cannot fail. It does not judge what the parts
//! mean: a well-formed certificate may still be useless.

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
    BasicConstraints, CertificateExtensions, ExtKeyUsage, KeyUsage, NameConstraints, PolicyConstraints,
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
