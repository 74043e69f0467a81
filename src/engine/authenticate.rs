//! Common to both roles: reads the peer's Certificate, CertificateVerify and Finished, and sends our own
//! (RFC 9846 §4.5).

use super::check::{check_answers, malformed};
use super::effects::{Effects, Plan, plan, send};
use super::evidence::LocalProofSent;
use super::peer_preferences::PeerPreferences;
use super::question::{Credential, SignQuestion};
use super::transition::Context;
use crate::asn1::{PublicKey, Spki};
use crate::codec::{
    Certificate, CertificateType, CertificateVerify, ExtensionType, Finished, HandshakeType, Malformed, Message, Place,
    SignatureScheme, Writer, write_certificate,
};
use crate::crypto::{Hash, HashAlgorithm, Suite, VerifyError, schemes_for};
use crate::error::{ErrorKind, KeyKind, Offered};
use crate::policy::Policy;
use crate::role::Role;
use crate::schedule::{FinishedVerified, HandshakeSecret, PossessionProved, SignedContent, Transcript, at};
use core::ops::Range;

/// The key of a leaf certificate or raw public key.
fn leaf_key(certificate_type: CertificateType, leaf: &[u8]) -> Option<Spki<'_>> {
    match certificate_type {
        CertificateType::RAW_PUBLIC_KEY => Spki::from_der(leaf).ok(),
        _ => Spki::of_certificate(leaf).ok(),
    }
}

/// Reads the peer's Certificate (§4.5.1), which stays in the flight for the verdict. Returns the place of the leaf's
/// SubjectPublicKeyInfo.
pub(super) fn read_certificate(
    cx: &mut Context<'_>,
    peer: Role,
    message: Message<'_>,
) -> Result<Range<u32>, ErrorKind> {
    let certificate = Certificate::parse(message.body).map_err(malformed(HandshakeType::CERTIFICATE))?;
    if !certificate.certificate_request_context.is_empty() {
        return Err(ErrorKind::IllegalContext);
    }
    let key = check_certificate(cx.policy, &certificate, peer, cx.negotiated.peer_type)?;
    let key = cx.find(key.raw)?;
    cx.negotiated.set_certificate(cx.find(message.body)?);
    Ok(key)
}

/// Checks a Certificate, in the handshake and after it: the chain is not longer than the policy allows, has only
/// extensions that we asked for, and a leaf with a readable key. Returns this key.
pub(super) fn check_certificate<'a>(
    policy: &Policy,
    certificate: &Certificate<'a>,
    peer: Role,
    certificate_type: CertificateType,
) -> Result<Spki<'a>, ErrorKind> {
    let offered = |extension| match extension {
        ExtensionType::STATUS_REQUEST => policy.request_ocsp_staple,
        ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => policy.request_scts,
        _ => false,
    };
    let (number, limit) = (certificate.certificate_list.iter().count(), policy.max_chain);
    if number > usize::from(limit) {
        return Err(ErrorKind::ChainTooLong { number: u16::try_from(number).unwrap_or(u16::MAX), limit });
    }
    for entry in certificate.certificate_list.iter() {
        check_answers(&entry.extensions, Place::Certificate, offered)?;
    }
    let leaf = certificate.certificate_list.iter().next().ok_or(match peer {
        Role::Client => ErrorKind::NoClientCertificate,
        Role::Server => ErrorKind::NoServerCertificate,
    })?;
    if certificate_type == CertificateType::RAW_PUBLIC_KEY && number != 1 {
        return Err(ErrorKind::IllegalRawPublicKey);
    }
    leaf_key(certificate_type, leaf.cert_data).ok_or(ErrorKind::UnreadableLeaf)
}

/// Checks the peer's CertificateVerify (§4.5.2) over `content`. `key` is the place of the leaf's key in the flight.
pub(super) fn check_possession(
    cx: &mut Context<'_>,
    message: Message<'_>,
    content: &SignedContent,
    key: Range<u32>,
) -> Result<PossessionProved, ErrorKind> {
    let proof = CertificateVerify::parse(message.body).map_err(malformed(HandshakeType::CERTIFICATE_VERIFY))?;
    let key = cx.flight.get(key).and_then(|raw| Spki::from_der(raw).ok()).ok_or(ErrorKind::Bug)?.key;
    let proved = check_signature(cx.policy, &proof, content, &key)?;
    cx.negotiated.set_peer_scheme(proof.algorithm);
    Ok(proved)
}

/// Checks the signature of a CertificateVerify over `content`: its scheme is one that we offer, and this key made it.
pub(super) fn check_signature(
    policy: &Policy,
    proof: &CertificateVerify<'_>,
    content: &SignedContent,
    key: &PublicKey<'_>,
) -> Result<PossessionProved, ErrorKind> {
    let scheme = proof.algorithm;
    if !policy.signature_schemes.contains(scheme) {
        return Err(ErrorKind::IllegalSignatureScheme { scheme });
    }
    content.verify(scheme, key, proof.signature, policy.crypto).map_err(|error| match error {
        VerifyError::SchemeDoesNotFitKey => ErrorKind::IllegalSignatureScheme { scheme },
        VerifyError::UnsupportedKey => ErrorKind::UnsupportedKey { key: KeyKind::of(key) },
        VerifyError::BadSignature => ErrorKind::BadSignature,
    })
}

/// Checks the peer's Finished (§4.5.3) by its secret and the transcript hash up to its CertificateVerify.
pub(super) fn check_finished(
    policy: &Policy,
    suite: Suite,
    secret: &HandshakeSecret,
    certificate_verify: &Hash,
    message: Message<'_>,
) -> Result<FinishedVerified, ErrorKind> {
    let verify_data = read_finished(suite.hash(), message)?;
    secret.verify_finished(certificate_verify, verify_data, policy.crypto).map_err(|_| ErrorKind::BadFinished)
}

/// The verify_data of the peer's Finished (§4.5.3). Another length than the hash's is a decode_error (§6.2).
pub(super) fn read_finished<'a>(hash: HashAlgorithm, message: Message<'a>) -> Result<&'a [u8], ErrorKind> {
    let malformed = malformed(HandshakeType::FINISHED);
    let Finished { verify_data } = Finished::parse(message.body).map_err(&malformed)?;
    match verify_data.len() == hash.output_len() {
        true => Ok(verify_data),
        false => Err(malformed(Malformed::BadLength)),
    }
}

/// The schemes that fit the key of our leaf. Empty: the key cannot be read, or its kind is unknown.
fn fitting_schemes(credential: &Credential<'_>) -> &'static [SignatureScheme] {
    let leaf = credential.chain.first().and_then(|leaf| leaf_key(credential.certificate_type, leaf));
    leaf.map_or(&[], |spki| schemes_for(&spki.key))
}

/// Whether any peer could accept this credential: it names schemes, or some fit its leaf's key.
pub(crate) fn can_sign(credential: &Credential<'_>) -> bool {
    !credential.schemes.is_empty() || !fitting_schemes(credential).is_empty()
}

/// Whether CertificateVerify can carry a signature of this length.
pub(crate) fn can_carry(signature: &[u8]) -> bool {
    (1..=usize::from(u16::MAX)).contains(&signature.len())
}

/// Chooses the scheme of our signature: the peer accepts it, and it fits our key (§4.3.3).
pub(super) fn choose_scheme(
    preferences: &PeerPreferences,
    credential: &Credential<'_>,
) -> Result<SignatureScheme, ErrorKind> {
    let mut accepted = preferences.schemes.as_slice().iter().copied();
    let chosen = if credential.schemes.is_empty() {
        let fitting = fitting_schemes(credential);
        accepted.find(|scheme| fitting.contains(scheme))
    } else {
        credential.schemes.iter().copied().find(|scheme| preferences.schemes.contains(*scheme))
    };
    chosen.ok_or_else(|| no_common_signature_scheme(preferences.schemes.as_slice().iter().copied()))
}

/// The error with the schemes that the peer accepts.
pub(super) fn no_common_signature_scheme(accepted: impl Iterator<Item = SignatureScheme>) -> ErrorKind {
    ErrorKind::NoCommonSignatureScheme { offered: Offered::new(accepted, |each| each.0) }
}

/// Writes our Certificate. The leaf's entry has the OCSP staple and the SCTs, if the peer asked for them and we have them.
pub(super) fn write_own_certificate(
    context: &[u8],
    preferences: &PeerPreferences,
    credential: &Credential<'_>,
    w: &mut Writer<'_>,
) {
    let staple = credential.ocsp_staple.filter(|_| preferences.ocsp_staple);
    let scts = credential.scts.filter(|_| preferences.scts);
    write_certificate(w, context, credential.chain.iter().map(|each| each.as_ref()), |w| {
        if let Some(response) = staple {
            w.ocsp_response(response);
        }
        if let Some(list) = scts {
            w.sct_list(list);
        }
    });
}

/// Sends our Certificate.
pub(super) fn send_certificate<At: at::Before>(
    out: &mut impl Effects,
    transcript: Transcript<At>,
    preferences: &PeerPreferences,
    credential: &Credential<'_>,
) -> Result<Transcript<At::Next>, ErrorKind> {
    send(out, transcript, |w| write_own_certificate(&[], preferences, credential, w))
}

/// Plans what [`send_certificate`] sends.
pub(super) fn plan_certificate(
    out: &mut impl Plan,
    preferences: &PeerPreferences,
    credential: &Credential<'_>,
) -> Result<(), ErrorKind> {
    plan(out, |w| write_own_certificate(&[], preferences, credential, w))
}

/// The question to the signer. `certificate` is the transcript hash up to our Certificate.
pub(super) fn ask_to_sign(role: Role, scheme: SignatureScheme, certificate: &Hash) -> SignQuestion {
    let content = match role {
        Role::Client => SignedContent::client(certificate),
        Role::Server => SignedContent::server(certificate),
    };
    SignQuestion { scheme, content }
}

/// Sends our CertificateVerify, then our Finished, which is computed from `secret`.
#[allow(clippy::type_complexity, reason = "the two messages after our Certificate")]
pub(super) fn send_proof<Certificate, Verify>(
    out: &mut impl Effects,
    transcript: Transcript<Certificate>,
    scheme: SignatureScheme,
    signature: &[u8],
    secret: &HandshakeSecret,
) -> Result<(LocalProofSent, Transcript<Verify::Next>), ErrorKind>
where
    Certificate: at::Before<Next = Verify>,
    Verify: at::Before + at::Hashed,
{
    let transcript = send(out, transcript, |w| CertificateVerify { algorithm: scheme, signature }.write(w))?;
    let verify_data = secret.finished(&transcript.hash());
    let transcript = send(out, transcript, |w| Finished { verify_data: verify_data.as_ref() }.write(w))?;
    Ok((LocalProofSent::with_finished(), transcript))
}

/// Plans what [`send_proof`] sends.
pub(super) fn plan_proof(
    out: &mut impl Plan,
    suite: Suite,
    scheme: SignatureScheme,
    signature: &[u8],
) -> Result<(), ErrorKind> {
    plan(out, |w| CertificateVerify { algorithm: scheme, signature }.write(w))?;
    let verify_data = suite.hash().prefix(&[0; HashAlgorithm::MAX_LEN]);
    plan(out, |w| Finished { verify_data }.write(w))
}
