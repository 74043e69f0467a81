//! EncryptedExtensions and CertificateRequest (RFC 9846 §4.4).

use super::client_hello::offered;
use crate::codec::{
    CertificateRequest, CertificateType, EncryptedExtensions, ExtensionType, Extensions, HandshakeType, Message, Place,
};
use crate::crypto::Suite;
use crate::engine::check::{check_answers, check_extensions, malformed};
use crate::engine::chosen::ServerParameters;
use crate::engine::effects::{Effects, limit_records};
use crate::engine::negotiated::Negotiated;
use crate::engine::peer_preferences::PeerPreferences;
use crate::engine::transition::Context;
use crate::error::ErrorKind;
use crate::limits::MIN_RECORD_SIZE_LIMIT;
use crate::list::List;
use crate::policy::Policy;
use crate::schedule::{HandshakeSecret, Main, Pair, Transcript, at};

/// The server's protected flight, up to `At`.
pub(crate) struct Handshaking<At> {
    pub(super) suite: Suite,
    pub(super) transcript: Transcript<At>,
    pub(super) secrets: Pair<HandshakeSecret>,
    pub(super) main: Main,
    /// What CertificateRequest says about our certificate and signature. Empty before it.
    pub(super) preferences: PeerPreferences,
}

impl<At: at::Before> Handshaking<At> {
    pub(super) fn append(self, message: Message<'_>) -> Handshaking<At::Next> {
        let Handshaking { suite, transcript, secrets, main, preferences } = self;
        Handshaking { suite, transcript: transcript.append(message.raw), secrets, main, preferences }
    }
}

/// Checks EncryptedExtensions: each extension answers one of ours, and selects something that we offered (§4.4.1).
fn check_parameters(
    policy: &Policy,
    negotiated: &Negotiated,
    extensions: &Extensions<'_>,
) -> Result<ServerParameters, ErrorKind> {
    if extensions.has(ExtensionType::RECORD_SIZE_LIMIT) && extensions.has(ExtensionType::MAX_FRAGMENT_LENGTH) {
        return Err(ErrorKind::IllegalRecordSizeLimit); // RFC 8449 §5
    }
    let offered = |extension| offered(policy, negotiated, extension);
    let extensions = check_answers(extensions, Place::EncryptedExtensions, offered)?;
    let alpn = match extensions.selected_protocol() {
        Some(name) => {
            let agreed = policy.find_protocol(|ours| ours == name);
            Some(agreed.ok_or(ErrorKind::IllegalApplicationProtocol)?)
        }
        None if policy.require_alpn => return Err(ErrorKind::NoApplicationProtocol),
        None => None,
    };
    let record_size_limit = extensions.record_size_limit();
    if record_size_limit.is_some_and(|limit| !(MIN_RECORD_SIZE_LIMIT..=16_385).contains(&limit)) {
        return Err(ErrorKind::IllegalRecordSizeLimit); // RFC 8449 §4
    }
    let own = extensions.client_certificate_type();
    let peer = extensions.server_certificate_type();
    Ok(ServerParameters {
        alpn,
        own_type: chosen_type(&policy.client_certificate_types, own)?,
        peer_type: chosen_type(&policy.server_certificate_types, peer)?,
        record_size_limit,
    })
}

/// The certificate type that the server has selected. It must be one that we offered. Without an answer it is X.509
/// (RFC 7250 §4.2).
fn chosen_type(
    offered: &List<CertificateType, 2>,
    answer: Option<CertificateType>,
) -> Result<CertificateType, ErrorKind> {
    match answer {
        Some(answer) if offered.contains(answer) => Ok(answer),
        None if offered.contains(CertificateType::X509) => Ok(CertificateType::X509),
        Some(_) => Err(ErrorKind::IllegalCertificateType),
        None => Err(ErrorKind::NoCommonCertificateType),
    }
}

impl Handshaking<at::ServerHello> {
    /// EncryptedExtensions (§4.4.1).
    pub(super) fn encrypted_extensions(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        out: &mut impl Effects,
    ) -> Result<Handshaking<at::EncryptedExtensions>, ErrorKind> {
        let malformed = malformed(HandshakeType::ENCRYPTED_EXTENSIONS);
        let extensions = EncryptedExtensions::parse(message.body).map_err(malformed)?.extensions;
        let chosen = check_parameters(cx.policy, cx.negotiated, &extensions)?;
        cx.negotiated.set_encrypted_extensions(&chosen);
        limit_records(out, cx.policy, chosen.record_size_limit);
        Ok(self.append(message))
    }
}

impl Handshaking<at::EncryptedExtensions> {
    /// CertificateRequest (§4.4.2). It stays in the flight for the question of our credential.
    pub(super) fn certificate_request(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
    ) -> Result<Handshaking<at::CertificateRequest>, ErrorKind> {
        let malformed = malformed(HandshakeType::CERTIFICATE_REQUEST);
        let request = CertificateRequest::parse(message.body).map_err(malformed)?;
        if !request.certificate_request_context.is_empty() {
            return Err(ErrorKind::IllegalContext);
        }
        let extensions = check_extensions(&request.extensions, Place::CertificateRequest)?;
        let preferences = PeerPreferences::of_request(&extensions)?;
        cx.negotiated.set_certificate_request(cx.find(message.body)?);
        Ok(Handshaking { preferences, ..self.append(message) })
    }
}
