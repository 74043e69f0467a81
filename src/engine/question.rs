//! The three questions that both roles ask, what the caller sees when it answers them, and the answers.

use crate::codec::{
    Certificate, CertificateEntries, CertificateType, Extensions, ExtensionType, HandshakeType, SignatureScheme, U16List,
};
use crate::engine::table::Role;
use crate::error::Reason;
use crate::schedule::SignedContent;
use core::fmt;
use rustls_pki_types::CertificateDer;

/// Eight bytes of the transcript hash: they tell one connection's question from another's.
pub(crate) type Tag = [u8; 8];

/// `Want::Credential`: which certificate shall we show? Answer with `present`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialQuestion(pub(crate) Tag);

/// `Want::Verify`: the peer has proved possession of its key; do we accept who it is? Answer with `verdict`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyQuestion(pub(crate) Tag);

/// `Want::Sign`: sign this with the key of the presented certificate. Answer with `signature`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignQuestion {
    pub(crate) scheme: SignatureScheme,
    pub(crate) content: SignedContent,
}

impl SignQuestion {
    /// The scheme that was agreed on. ECDSA signatures are DER, RSA ones as long as the modulus, Ed25519 64 bytes.
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// What is to be signed (RFC 9846 §4.5.2), 130 or 146 bytes: the signer hashes it as the scheme says.
    pub fn message(&self) -> &[u8] {
        self.content.as_ref()
    }
}

impl fmt::Debug for SignQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignQuestion({}, {} bytes)", self.scheme, self.message().len())
    }
}

/// The answer to [`VerifyQuestion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer is who it must be.
    Accept,
    /// It is not; the peer is told by the reason's alert.
    Reject(Reason),
}

/// The answer to [`CredentialQuestion`]: what we show. Borrowed for the call only.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// DER certificates, leaf first; or exactly one SubjectPublicKeyInfo.
    pub chain: &'a [CertificateDer<'a>],
    /// What `chain` holds.
    pub certificate_type: CertificateType,
    /// The schemes that the signer can do, in order of preference. Empty: those of the leaf's key, in the peer's order.
    pub schemes: &'a [SignatureScheme],
    /// DER OCSPResponse for the leaf, shown if the peer asks for it.
    pub ocsp_staple: Option<&'a [u8]>,
    /// SignedCertificateTimestampList for the leaf, shown if the peer asks for it.
    pub scts: Option<&'a [u8]>,
}

impl<'a> Credential<'a> {
    /// An X.509 chain, leaf first.
    pub const fn new(chain: &'a [CertificateDer<'a>]) -> Self {
        Credential { chain, certificate_type: CertificateType::X509, schemes: &[], ocsp_staple: None, scts: None }
    }

    /// A raw public key (RFC 7250): one SubjectPublicKeyInfo.
    pub const fn raw_public_key(spki: &'a [CertificateDer<'a>]) -> Self {
        Credential { certificate_type: CertificateType::RAW_PUBLIC_KEY, ..Credential::new(spki) }
    }
}
