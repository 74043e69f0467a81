//! What the peer accepts of our certificate and signature.

use super::check::missing;
use crate::codec::{CheckedExtensions, ExtensionType, List as Wire, SignatureScheme};
use crate::error::ErrorKind;
use crate::list::List;

/// What the peer's ClientHello or CertificateRequest says about our Certificate and CertificateVerify. This copy exists
/// so that answers need no inbox.
#[derive(Clone, Default)]
pub(crate) struct PeerPreferences {
    /// The peer's schemes, without those that CertificateVerify may not have.
    pub(crate) schemes: List<SignatureScheme, 14>,
    /// The peer asks for an OCSP staple.
    pub(super) ocsp_staple: bool,
    /// The peer asks for signed certificate timestamps.
    pub(super) scts: bool,
}

impl PeerPreferences {
    /// A peer that asks for staple and timestamps, for plans.
    pub(super) fn all() -> PeerPreferences {
        PeerPreferences { schemes: List::default(), ocsp_staple: true, scts: true }
    }

    /// From a ClientHello or CertificateRequest. The two ask for an OCSP staple in different ways.
    pub(super) fn read(
        schemes: Wire<'_, SignatureScheme>,
        extensions: &CheckedExtensions<'_>,
        ocsp_staple: bool,
    ) -> PeerPreferences {
        PeerPreferences {
            schemes: List::collect(schemes.iter().filter(|scheme| MAY_SIGN.contains(scheme))),
            ocsp_staple,
            scts: extensions.sct_request(),
        }
    }

    /// From a CertificateRequest (RFC 9846 §4.4.2), or a request for an authenticator (RFC 9261 §4).
    pub(super) fn of_request(extensions: &CheckedExtensions<'_>) -> Result<PeerPreferences, ErrorKind> {
        let schemes = extensions.signature_algorithms().ok_or(missing(ExtensionType::SIGNATURE_ALGORITHMS))?;
        Ok(PeerPreferences::read(schemes, extensions, extensions.status_request_of_server()))
    }
}

/// The schemes that CertificateVerify may have (§4.3.3, §4.5.2), also those that this crate cannot verify: the caller
/// signs. SHA-1 and PKCS #1 v1.5 are not among them.
const MAY_SIGN: [SignatureScheme; 14] = [
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ECDSA_SECP521R1_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::ED448,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PSS_PSS_SHA256,
    SignatureScheme::RSA_PSS_PSS_SHA384,
    SignatureScheme::RSA_PSS_PSS_SHA512,
    SignatureScheme::MLDSA44,
    SignatureScheme::MLDSA65,
    SignatureScheme::MLDSA87,
];

/// [`PeerPreferences`] in two bytes, for sessions. The order of the schemes is lost.
#[derive(Clone, Copy, Default)]
pub(crate) struct PackedPreferences([u8; 2]);

impl PackedPreferences {
    const OCSP_STAPLE: u16 = 1 << MAY_SIGN.len();
    const SCTS: u16 = 2 << MAY_SIGN.len();

    pub(super) fn new(preferences: &PeerPreferences) -> PackedPreferences {
        let mut bits = 0;
        for (place, scheme) in (0..).zip(MAY_SIGN) {
            bits |= u16::from(preferences.schemes.contains(scheme)) << place;
        }
        if preferences.ocsp_staple {
            bits |= PackedPreferences::OCSP_STAPLE;
        }
        if preferences.scts {
            bits |= PackedPreferences::SCTS;
        }
        PackedPreferences(bits.to_be_bytes())
    }

    /// The preferences, with the schemes in our own order.
    pub(crate) fn preferences(self) -> PeerPreferences {
        let bits = u16::from_be_bytes(self.0);
        let kept = (0..).zip(MAY_SIGN).filter(|(place, _)| bits >> place & 1 == 1);
        PeerPreferences {
            schemes: List::collect(kept.map(|(_, scheme)| scheme)),
            ocsp_staple: bits & PackedPreferences::OCSP_STAPLE != 0,
            scts: bits & PackedPreferences::SCTS != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_client_hello_is_all_but_the_order() {
        for bits in 0..=u16::MAX {
            let kept = PackedPreferences(bits.to_be_bytes());
            assert_eq!(PackedPreferences::new(&kept.preferences()).0, kept.0);
        }
        let PeerPreferences { schemes, ocsp_staple, scts } = PackedPreferences([0, 9]).preferences();
        assert_eq!(schemes.as_slice(), [SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::ED25519]);
        assert!(!ocsp_staple && !scts);
    }
}
