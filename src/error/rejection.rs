//! Why we refuse a peer's certificate.

use crate::codec::AlertDescription;
use crate::role::stable_names;
use core::fmt;

/// Why a caller refuses the peer's certificate: the answer `Reject(reason)` to `Verify`.
///
/// The peer sees only [`Rejection::alert`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// No path to a trusted root.
    UnknownCa,
    /// Expired, or not yet valid.
    Expired,
    /// On a CRL.
    Revoked,
    /// A good certificate for somebody else.
    WrongName,
    /// A malformed certificate or chain, a violated constraint, a broken or MD5/SHA-1 signature in the chain.
    BadCertificate,
    /// Key usage or extended key usage forbids this role; an unsupported or weak key.
    UnsupportedCertificate,
    /// Genuine, but not allowed here.
    AccessDenied,
    /// Revocation status unknown, CRL expired, or a reason that fits no other.
    CertificateUnknown,
    /// Chosen by the caller.
    Alert(AlertDescription),
}

stable_names! { Rejection:
    UnknownCa Expired Revoked WrongName BadCertificate UnsupportedCertificate AccessDenied CertificateUnknown Alert
}

impl Rejection {
    /// The alert that tells the peer.
    pub const fn alert(self) -> AlertDescription {
        match self {
            Rejection::UnknownCa => AlertDescription::UNKNOWN_CA,
            Rejection::Expired => AlertDescription::CERTIFICATE_EXPIRED,
            Rejection::Revoked => AlertDescription::CERTIFICATE_REVOKED,
            Rejection::WrongName | Rejection::BadCertificate => AlertDescription::BAD_CERTIFICATE,
            Rejection::UnsupportedCertificate => AlertDescription::UNSUPPORTED_CERTIFICATE,
            Rejection::AccessDenied => AlertDescription::ACCESS_DENIED,
            Rejection::CertificateUnknown => AlertDescription::CERTIFICATE_UNKNOWN,
            Rejection::Alert(alert) => alert,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rejection::UnknownCa => "no path to a trusted root",
            Rejection::Expired => "it has expired or is not yet valid",
            Rejection::Revoked => "it has been revoked",
            Rejection::WrongName => "it is for another name",
            Rejection::BadCertificate => "the certificate or its chain is malformed or broken",
            Rejection::UnsupportedCertificate => "its key or its permitted use does not fit",
            Rejection::AccessDenied => "this identity is not allowed here",
            Rejection::CertificateUnknown => {
                "it is unacceptable for a reason without an alert of its own, as an unknown revocation status"
            }
            Rejection::Alert(alert) => return write!(f, "the caller chose the alert {alert}"),
        })
    }
}
