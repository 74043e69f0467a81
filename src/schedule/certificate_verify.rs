//! The signed content of CertificateVerify (RFC 9846 §4.5.2).

use crate::asn1::PublicKey;
use crate::codec::{SignatureScheme, Writer};
use crate::crypto::{CryptoMode, Hash, VerifyError, verify};

/// The content covered by the signature: 64 spaces, a context string, a zero byte and the transcript hash. It is the
/// message and not its digest: the signer hashes it.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedContent {
    bytes: [u8; SignedContent::MAX_LEN],
    len: u8,
}

impl SignedContent {
    /// The length of the longest content: 64 + 33 + 1 + 48 bytes.
    pub const MAX_LEN: usize = 146;
    const SERVER: &[u8; 33] = b"TLS 1.3, server CertificateVerify";
    const CLIENT: &[u8; 33] = b"TLS 1.3, client CertificateVerify";
    const AUTHENTICATOR: &[u8] = b"Exported Authenticator";

    /// For the server. `certificate` is the transcript hash up to and including the server's Certificate.
    pub fn server(certificate: &Hash) -> SignedContent {
        SignedContent::new(SignedContent::SERVER, certificate)
    }

    /// For the client. `certificate` is the transcript hash up to and including the client's Certificate.
    pub fn client(certificate: &Hash) -> SignedContent {
        SignedContent::new(SignedContent::CLIENT, certificate)
    }

    /// For an exported authenticator of either side (RFC 9261 §5.2.2). `certificate` is the hash of Handshake Context,
    /// authenticator request (if there is one) and Certificate.
    pub fn authenticator(certificate: &Hash) -> SignedContent {
        SignedContent::new(SignedContent::AUTHENTICATOR, certificate)
    }

    fn new(context: &[u8], hash: &Hash) -> SignedContent {
        let mut bytes = [0; SignedContent::MAX_LEN];
        let mut w = Writer::new(&mut bytes);
        w.bytes(&[0x20; 64]);
        w.bytes(context);
        w.u8(0);
        w.bytes(hash.as_ref());
        let len = u8::try_from(w.len()).unwrap_or_default(); // at most 146
        SignedContent { bytes, len }
    }

    /// Verifies the peer's signature over this content.
    pub fn verify(
        &self,
        scheme: SignatureScheme,
        key: &PublicKey<'_>,
        signature: &[u8],
        mode: CryptoMode,
    ) -> Result<PossessionProved, VerifyError> {
        verify(scheme, key, self.as_ref(), signature, mode)?;
        Ok(PossessionProved(()))
    }
}

impl AsRef<[u8]> for SignedContent {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Evidence that the peer holds the private key of its certificate. Only [`SignedContent::verify`] returns it.
#[must_use]
pub struct PossessionProved(());
