//! What the peer accepts of our certificate and signature.

use crate::codec::{CheckedExtensions, List as Wire, SignatureScheme};
use crate::list::List;

/// What the peer's ClientHello or CertificateRequest says about our Certificate and CertificateVerify. Kept, so that
/// answers need no inbox.
#[derive(Default)]
pub(super) struct PeerPreferences {
    /// Those of the peer's schemes that may sign.
    pub(super) schemes: List<SignatureScheme, 12>,
    /// The peer asks for an OCSP staple.
    pub(super) ocsp_staple: bool,
    /// The peer asks for signed certificate timestamps.
    pub(super) scts: bool,
}

impl PeerPreferences {
    /// A peer that wants to see all that there is.
    pub(super) fn all() -> PeerPreferences {
        PeerPreferences { schemes: List::default(), ocsp_staple: true, scts: true }
    }

    /// From a ClientHello or CertificateRequest; the two say differently that they want an OCSP staple.
    pub(super) fn read(
        schemes: Wire<'_, SignatureScheme>,
        extensions: &CheckedExtensions<'_>,
        ocsp_staple: bool,
    ) -> PeerPreferences {
        PeerPreferences {
            schemes: List::collect(schemes.iter().filter(|scheme| may_sign(*scheme))),
            ocsp_staple,
            scts: extensions.sct_request(),
        }
    }
}

/// The schemes that CertificateVerify may carry (§4.3.3, §4.5.2), whether or not this crate can verify them: signing is
/// the caller's. SHA-1 and PKCS #1 v1.5 are not among them.
fn may_sign(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::ECDSA_SECP256R1_SHA256
            | SignatureScheme::ECDSA_SECP384R1_SHA384
            | SignatureScheme::ECDSA_SECP521R1_SHA512
            | SignatureScheme::ED25519
            | SignatureScheme::ED448
            | SignatureScheme::RSA_PSS_RSAE_SHA256
            | SignatureScheme::RSA_PSS_RSAE_SHA384
            | SignatureScheme::RSA_PSS_RSAE_SHA512
            | SignatureScheme::RSA_PSS_PSS_SHA256
            | SignatureScheme::RSA_PSS_PSS_SHA384
            | SignatureScheme::RSA_PSS_PSS_SHA512
    )
}
