//! The three questions of both roles, what the caller can see to answer them, and the answers.

use super::Negotiated;
use crate::asn1::Spki;
use crate::codec::{
    Certificate, CertificateEntry, CertificateRequest, CertificateType, CheckedExtensions, ClientHello, List, Place,
    SignatureScheme,
};
use crate::crypto::MessageDigest;
use crate::error::Rejection;
use crate::flight::Flight;
use crate::role::Role;
use crate::schedule::SignedContent;
use core::fmt;
use rustls_pki_types::CertificateDer;

/// Identifies the connection of a question: our role and eight bytes that only this connection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(Role, u64);

impl Tag {
    pub(super) fn of(role: Role, negotiated: &Negotiated) -> Tag {
        Tag(role, negotiated.stamp)
    }
}

/// [`Want::Credential`](crate::Want::Credential): which certificate do we show? Answer with
/// [`answer_credential`](crate::Handshake::answer_credential).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialQuestion(pub(crate) Tag);

/// [`Want::Verify`](crate::Want::Verify): the peer has proved possession of its key. Do we accept its identity? Answer
/// with [`answer_verify`](crate::Handshake::answer_verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyQuestion(pub(crate) Tag);

/// [`Want::Sign`](crate::Want::Sign): sign this with the key of the certificate that was shown. Answer with
/// [`answer_sign`](crate::Handshake::answer_sign).
#[derive(Clone, PartialEq, Eq)]
pub struct SignQuestion {
    pub(crate) scheme: SignatureScheme,
    pub(crate) content: SignedContent,
}

impl SignQuestion {
    /// The negotiated scheme. ECDSA signatures are DER (Ecdsa-Sig-Value), RSA signatures have the length of the modulus,
    /// Ed25519 signatures 64 bytes. ML-DSA signs with an empty context (FIPS 204).
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// The bytes to sign (RFC 9846 §4.5.2), 130 or 146. The signer hashes them as the scheme requires.
    pub fn message(&self) -> &[u8] {
        self.content.as_ref()
    }

    /// The digest of [`message`](Self::message), for signers that accept only a digest (an HSM, a KMS): ECDSA and RSA-PSS.
    /// `None`: the scheme signs the whole message (Ed25519, Ed448, ML-DSA). If the signer returns r ‖ s, make the
    /// signature with [`EcdsaSigValue`](crate::EcdsaSigValue).
    pub fn digest(&self) -> Option<MessageDigest> {
        MessageDigest::new(self.scheme, self.message())
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
    /// The identity of the peer is accepted.
    Accept,
    /// The identity is rejected. The peer gets the alert of the reason.
    Reject(Rejection),
}

/// The answer to [`CredentialQuestion`]: what we show. Borrowed only for the call.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// DER certificates, leaf first; or exactly one SubjectPublicKeyInfo.
    pub chain: &'a [CertificateDer<'a>],
    /// The type of `chain`.
    pub certificate_type: CertificateType,
    /// The signer's schemes, in order of preference. Empty: those that fit the leaf's key, in the peer's order.
    pub schemes: &'a [SignatureScheme],
    /// The OCSPResponse for the leaf in DER. It is sent if the peer asks for it.
    pub ocsp_staple: Option<&'a [u8]>,
    /// The SignedCertificateTimestampList for the leaf. It is sent if the peer asks for it.
    pub scts: Option<&'a [u8]>,
    /// Only for servers: the certificate_authorities of our CertificateRequest, instead of
    /// [`Policy::certificate_authorities`](crate::Policy::certificate_authorities). DER-encoded names, each after its
    /// 16-bit length. Empty: the extension is not sent.
    pub certificate_authorities: Option<&'a [u8]>,
}

impl<'a> Credential<'a> {
    /// An X.509 chain, leaf first.
    pub const fn new(chain: &'a [CertificateDer<'a>]) -> Self {
        Credential {
            chain,
            certificate_type: CertificateType::X509,
            schemes: &[],
            ocsp_staple: None,
            scts: None,
            certificate_authorities: None,
        }
    }

    /// A raw public key (RFC 7250): one SubjectPublicKeyInfo.
    pub const fn raw_public_key(spki: &'a [CertificateDer<'a>]) -> Self {
        Credential { certificate_type: CertificateType::RAW_PUBLIC_KEY, ..Credential::new(spki) }
    }
}

/// What the peer says in its ClientHello or CertificateRequest about the certificate that it wants.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    extensions: CheckedExtensions<'a>,
    /// The schemes of a ClientHello that is no longer in memory.
    schemes: &'a [SignatureScheme],
    server_name: Option<&'a str>,
    own_type: CertificateType,
}

impl<'a> Offer<'a> {
    /// From the body of a ClientHello or CertificateRequest that has been checked.
    pub(crate) fn read(flight: Flight<'a>, negotiated: &'a Negotiated, role: Role) -> Option<Offer<'a>> {
        if negotiated.offer.is_empty() {
            return None;
        }
        let body = flight.get(negotiated.offer.clone())?;
        let extensions = match role {
            Role::Server => ClientHello::parse(body).ok()?.extensions.check(Place::ClientHello),
            Role::Client => CertificateRequest::parse(body).ok()?.extensions.check(Place::CertificateRequest),
        };
        let extensions = extensions.ok()?;
        Some(Offer {
            extensions,
            schemes: &[],
            server_name: negotiated.server_name.as_str(),
            own_type: negotiated.own_type,
        })
    }

    /// From an authenticator request that has been checked (RFC 9261 §4), or from what a server keeps of the ClientHello
    /// (`schemes`, `server_name`). Authenticators have X.509 certificates only (RFC 9261 §5.2.1).
    pub(crate) fn after_handshake(
        extensions: CheckedExtensions<'a>,
        schemes: &'a [SignatureScheme],
        server_name: Option<&'a str>,
    ) -> Offer<'a> {
        Offer { extensions, schemes, server_name, own_type: CertificateType::X509 }
    }

    /// The name that the client asks for.
    pub fn server_name(&self) -> Option<&'a str> {
        self.server_name
    }

    /// oid_filters of a CertificateRequest or an authenticator request (RFC 9846 §4.3.5): the body as received. It has not
    /// been checked.
    pub fn oid_filters(&self) -> Option<&'a [u8]> {
        self.extensions.oid_filters()
    }

    /// The application protocols that the client offers (server only).
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        self.extensions.protocols().into_iter().flat_map(|list| list.iter().map(|name| name.0))
    }

    /// signature_algorithms: what the peer accepts in our CertificateVerify, in its order of preference.
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + Clone + use<'a> {
        let remembered = self.schemes.iter().copied();
        self.extensions.signature_algorithms().into_iter().flat_map(|list| list.iter()).chain(remembered)
    }

    /// signature_algorithms_cert: what the peer accepts in certificates; without that extension, signature_algorithms.
    pub fn signature_schemes_cert(&self) -> impl Iterator<Item = SignatureScheme> + Clone + use<'a> {
        let cert = self.extensions.signature_algorithms_cert();
        let list = cert.or(self.extensions.signature_algorithms());
        list.into_iter().flat_map(|list| list.iter()).chain(self.schemes.iter().copied())
    }

    /// certificate_authorities: DER names of the CAs that the peer trusts; empty without that extension.
    pub fn certificate_authorities(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let list = self.extensions.certificate_authorities();
        list.into_iter().flat_map(|list| list.iter().map(|name| name.0))
    }

    /// The required type of our certificate.
    pub fn certificate_type(&self) -> CertificateType {
        self.own_type
    }
}

/// The peer's certificates, for the verdict. The peer has proved possession of the leaf's key.
#[derive(Clone, Copy)]
pub struct Peer<'a> {
    role: Role,
    certificates: Certificates<'a>,
    certificate_type: CertificateType,
    scheme: SignatureScheme,
    server_name: Option<&'a str>,
}

#[derive(Clone, Copy)]
enum Certificates<'a> {
    Message(List<'a, CertificateEntry<'a>>),
    Given(&'a [CertificateDer<'a>]),
}

impl<'a> Peer<'a> {
    /// A peer without a handshake, to test a verifier.
    pub fn new(role: Role, chain: &'a [CertificateDer<'a>]) -> Peer<'a> {
        let (certificates, certificate_type) = (Certificates::Given(chain), CertificateType::X509);
        Peer { role, certificates, certificate_type, scheme: SignatureScheme::ED25519, server_name: None }
    }

    /// A peer with a raw public key (RFC 7250: one SubjectPublicKeyInfo), to test a verifier.
    pub fn raw_public_key(role: Role, spki: &'a [CertificateDer<'a>]) -> Peer<'a> {
        Peer { certificate_type: CertificateType::RAW_PUBLIC_KEY, ..Peer::new(role, spki) }
    }

    /// From the body of a Certificate that has been checked.
    pub(crate) fn read(flight: Flight<'a>, negotiated: &'a Negotiated, role: Role) -> Option<Peer<'a>> {
        let certificate = Certificate::parse(flight.get(negotiated.chain.clone())?).ok()?;
        let server_name = if role == Role::Server { negotiated.server_name.as_str() } else { None };
        Some(Peer {
            role,
            certificates: Certificates::Message(certificate.certificate_list),
            certificate_type: negotiated.peer_type,
            scheme: negotiated.peer_scheme()?,
            server_name,
        })
    }

    /// From an authenticator whose proof has been checked.
    pub(crate) fn after_handshake(
        role: Role,
        certificate_list: List<'a, CertificateEntry<'a>>,
        scheme: SignatureScheme,
    ) -> Peer<'a> {
        let certificates = Certificates::Message(certificate_list);
        Peer { role, certificates, certificate_type: CertificateType::X509, scheme, server_name: None }
    }

    /// The peer's role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The certificates in DER, leaf first; a raw public key is one SubjectPublicKeyInfo.
    pub fn chain(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let (message, given) = match self.certificates {
            Certificates::Message(list) => (Some(list), &[][..]),
            Certificates::Given(chain) => (None, chain),
        };
        let message = message.into_iter().flat_map(|list| list.iter().map(|entry| entry.cert_data));
        message.chain(given.iter().map(|certificate| certificate.as_ref()))
    }

    /// The leaf in DER.
    pub fn leaf(&self) -> &'a [u8] {
        self.chain().next().unwrap_or_default()
    }

    /// The leaf's SubjectPublicKeyInfo in DER, or the raw public key itself, to compare with a pin. `None`: the leaf is not
    /// a certificate. This is possible only with [`Peer::new`], and not for a peer of a handshake.
    ///
    /// A verdict without a heap, if the keys of the peers are known:
    ///
    /// ```
    /// use countersign::{Peer, Rejection, Verdict};
    ///
    /// fn judge(peer: &Peer<'_>, pin: &[u8]) -> Verdict {
    ///     if peer.spki() == Some(pin) { Verdict::Accept } else { Verdict::Reject(Rejection::AccessDenied) }
    /// }
    /// ```
    pub fn spki(&self) -> Option<&'a [u8]> {
        let spki = match self.certificate_type {
            CertificateType::RAW_PUBLIC_KEY => Spki::from_der(self.leaf()),
            _ => Spki::of_certificate(self.leaf()),
        };
        spki.ok().map(|spki| spki.raw)
    }

    /// The type of the chain.
    pub fn certificate_type(&self) -> CertificateType {
        self.certificate_type
    }

    /// The DER OCSPResponse that came with the leaf. It has not been checked.
    pub fn ocsp_staple(&self) -> Option<&'a [u8]> {
        self.leaf_extensions()?.ocsp_response()
    }

    /// The SignedCertificateTimestampList that came with the leaf. It has not been checked.
    pub fn scts(&self) -> Option<&'a [u8]> {
        self.leaf_extensions()?.sct_list()
    }

    fn leaf_extensions(&self) -> Option<CheckedExtensions<'a>> {
        match self.certificates {
            Certificates::Message(list) => list.iter().next()?.extensions.check(Place::Certificate).ok(),
            Certificates::Given(_) => None,
        }
    }

    /// The scheme of the peer's CertificateVerify.
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// If the peer is the server: the name that we asked for.
    pub fn server_name(&self) -> Option<&'a str> {
        self.server_name
    }
}
