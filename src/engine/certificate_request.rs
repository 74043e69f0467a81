//! What we require of the peer's certificate: in the handshake (RFC 9846 §4.4.2), and after it (RFC 9261 §4).

use crate::codec::{ExtensionType, Writer};
use crate::policy::Policy;

/// Writes the extensions of a request. `authorities`: the names of CAs, each with its 16-bit length.
pub(super) fn write_extensions(policy: &Policy, authorities: &[u8], w: &mut Writer<'_>) {
    w.signature_algorithms(policy.signature_schemes.as_slice().iter().copied());
    if let Some(schemes) = policy.announced_schemes_cert() {
        w.signature_algorithms_cert(schemes.iter().copied());
    }
    if !authorities.is_empty() {
        w.extension(ExtensionType::CERTIFICATE_AUTHORITIES, |w| w.vec_u16(|w| w.bytes(authorities)));
    }
    if policy.request_ocsp_staple {
        w.status_request_of_server();
    }
    if policy.request_scts {
        w.sct_request();
    }
}
