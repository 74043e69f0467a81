//! Why we refuse a peer's certificate.

use super::sentences;
use crate::codec::AlertDescription;

sentences! {
    /// Why a caller refuses the peer's certificate: the answer `Reject(reason)` to `Verify`.
    ///
    /// The peer sees only [`Rejection::alert`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum Rejection {
        /// No path to a trusted root.
        UnknownCa = "no path to a trusted root";
        /// Expired, or not yet valid.
        Expired = "it has expired or is not yet valid";
        /// On a CRL.
        Revoked = "it has been revoked";
        /// A good certificate for somebody else.
        WrongName = "it is for another name";
        /// A malformed certificate or chain, a violated constraint, a broken or MD5/SHA-1 signature in the chain.
        BadCertificate = "the certificate or its chain is malformed or broken";
        /// Key usage or extended key usage forbids this role; an unsupported or weak key.
        UnsupportedCertificate = "its key or its permitted use does not fit";
        /// Genuine, but not allowed here.
        AccessDenied = "this identity is not allowed here";
        /// Revocation status unknown, CRL expired, or a reason that fits no other.
        CertificateUnknown =
            "it is unacceptable for a reason without an alert of its own, as an unknown revocation status";
        /// Chosen by the caller.
        Alert(alert: AlertDescription) = "the caller chose the alert {alert}";
    }
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
