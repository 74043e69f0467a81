//! The client's states, in protocol order (RFC 9846 §A.1).
//!
//! ```text
//! SendClientHello -> WaitServerHello -> WaitEncryptedExtensions -> WaitCertificateRequest -> WaitCertificate
//!        ^--- HelloRetryRequest ---'     -> WaitCertificateVerify -> WaitFinished
//!                                        -> AskVerify -> AskCredential -> AskSign -> Connected
//! ```

use super::authenticate::{
    ask_to_sign, certificate_len, check_answers, check_possession, choose_scheme, malformed, read_certificate,
    send_certificate, send_proof, sent,
};
use super::client_hello::{Hello, Shares, offered, session_id};
use super::evidence::{Connected, PeerAccepted};
use super::question::{Credential, CredentialQuestion, VerifyQuestion};
use super::{Context, Effects, Input, Need, PeerPreferences, Secret, message_len};
use crate::codec::{
    CertificateRequest, CertificateType, EncryptedExtensions, ExtensionType, Finished, HandshakeType, LEGACY_VERSION,
    Message, Place, ServerHello, SignatureScheme, TLS13, Writer,
};
use crate::crypto::{Hash, KxError, Suite};
use crate::error::ErrorKind;
use crate::limits::MAX_COOKIE;
use crate::policy::Policy;
use crate::role::{Role, State};
use crate::schedule::{
    Early, ExporterSecret, FinishedVerified, HandshakeSecret, Main, OpenTranscript, Pair, PossessionProved,
    SignedContent, TrafficSecret, Transcript, at,
};
use core::ops::Range;

/// The client's state machine.
// The variants differ in size by the transcripts and shares that they hold; boxing them would need a heap.
#[allow(clippy::large_enum_variant)]
pub(super) enum Client {
    SendClientHello(SendClientHello),
    WaitServerHello(WaitServerHello),
    WaitEncryptedExtensions(Handshaking<at::ServerHello>),
    WaitCertificateRequest(Handshaking<at::EncryptedExtensions>),
    WaitCertificate(Handshaking<at::CertificateRequest>),
    /// And where the server's key lies.
    WaitCertificateVerify(Handshaking<at::ServerCertificate>, Range<u32>),
    WaitFinished(Handshaking<at::ServerCertificateVerify>, PossessionProved),
    AskVerify(Proved, VerifyQuestion),
    AskCredential(Proved, PeerAccepted, CredentialQuestion),
    AskSign(AskSign),
    Connected(Connected),
    /// A transition failed, or the session was taken out.
    Spent,
}

impl Client {
    pub(super) fn start(policy: &Policy, session_id: [u8; 32]) -> Result<Client, ErrorKind> {
        let shares = Shares::start(policy, policy.key_shares.as_slice())?;
        let hello = Hello { session_id, shares, retry_request: 0..0 };
        Ok(Client::SendClientHello(SendClientHello { retried: None, hello }))
    }

    pub(super) fn state(&self) -> State {
        match self {
            Client::SendClientHello(_) => State::SendClientHello,
            Client::WaitServerHello(_) => State::WaitServerHello,
            Client::WaitEncryptedExtensions(_) => State::WaitEncryptedExtensions,
            Client::WaitCertificateRequest(_) => State::WaitCertificateRequest,
            Client::WaitCertificate(_) => State::WaitCertificate,
            Client::WaitCertificateVerify(..) => State::WaitCertificateVerify,
            Client::WaitFinished(..) => State::WaitFinished,
            Client::AskVerify(..) => State::AskVerify,
            Client::AskCredential(..) => State::AskCredential,
            Client::AskSign(_) => State::AskSign,
            Client::Connected(_) => State::Connected,
            Client::Spent => State::Failed,
        }
    }

    pub(super) fn need(&self, cx: &Context<'_>) -> Need {
        match self {
            Client::SendClientHello(state) => Need::Send(message_len(&|w| state.hello.write(cx, w))),
            Client::AskVerify(_, question) => Need::Verify(question.clone()),
            Client::AskCredential(_, _, question) => Need::Credential(question.clone()),
            Client::AskSign(state) => Need::Sign(ask_to_sign(cx.role, state.scheme, &state.certificate)),
            Client::Connected(_) | Client::Spent => Need::Nothing,
            _ => Need::Message,
        }
    }

    /// One transition of the table: consumes the state, and on an error leaves none. Messages out of order have been
    /// refused before.
    pub(super) fn advance(
        &mut self,
        cx: &mut Context<'_>,
        input: Input<'_>,
        out: &mut impl Effects,
    ) -> Result<(), ErrorKind> {
        *self = match (core::mem::replace(self, Client::Spent), input) {
            (Client::SendClientHello(state), Input::Room) => Client::WaitServerHello(state.send(cx, out)?),
            (Client::WaitServerHello(state), Input::Message(message)) => state.server_hello(cx, message, out)?,
            (Client::WaitEncryptedExtensions(state), Input::Message(message)) => {
                Client::WaitCertificateRequest(state.encrypted_extensions(cx, message, out)?)
            }
            (Client::WaitCertificateRequest(state), Input::Message(message)) => {
                Client::WaitCertificate(state.certificate_request(cx, message)?)
            }
            (Client::WaitCertificate(state), Input::Message(message)) => {
                let key = read_certificate(cx, Role::Server, message)?;
                Client::WaitCertificateVerify(state.append(message), key)
            }
            (Client::WaitCertificateVerify(state, key), Input::Message(message)) => {
                let content = SignedContent::server(&state.transcript.hash());
                let proved = check_possession(cx, message, &content, key)?;
                Client::WaitFinished(state.append(message), proved)
            }
            (Client::WaitFinished(state, possession), Input::Message(message)) => {
                let question = VerifyQuestion(cx.negotiated.tag(cx.role));
                Client::AskVerify(state.finished(cx, message, possession, out)?, question)
            }
            (Client::AskVerify(proved, _), Input::Accepted) => Client::AskCredential(
                proved,
                PeerAccepted::by_verdict(),
                CredentialQuestion(cx.negotiated.tag(cx.role)),
            ),
            (Client::AskCredential(proved, accepted, _), Input::Credential(credential)) => {
                Client::AskSign(proved.present(cx, accepted, credential, out)?)
            }
            (Client::AskSign(state), Input::Signature(signature)) => {
                Client::Connected(state.signature(signature, out)?)
            }
            (_, Input::Message(message)) => return Err(ErrorKind::UnexpectedMessage { message: message.typ }),
            (state, _) => state,
        };
        Ok(())
    }

    /// Takes the session's keys out, once connected.
    pub(super) fn take_connected(&mut self) -> Option<Connected> {
        match core::mem::replace(self, Client::Spent) {
            Client::Connected(connected) => Some(connected),
            other => {
                *self = other;
                None
            }
        }
    }

    /// The length of the Certificate that `present` sends.
    pub(super) fn present_len(&self, credential: &Credential<'_>) -> usize {
        let Client::AskCredential(proved, ..) = self else { return 0 };
        certificate_len(&proved.preferences, credential)
    }

    /// The traffic secrets that the state holds, for the key log.
    pub(super) fn expose(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        let (handshake, application) = match self {
            Client::WaitEncryptedExtensions(state) => (Some(&state.secrets), None),
            Client::WaitCertificateRequest(state) => (Some(&state.secrets), None),
            Client::WaitCertificate(state) => (Some(&state.secrets), None),
            Client::WaitCertificateVerify(state, _) => (Some(&state.secrets), None),
            Client::WaitFinished(state, _) => (Some(&state.secrets), None),
            Client::AskVerify(proved, _) | Client::AskCredential(proved, ..) => {
                (Some(&proved.secrets), Some(&proved.application))
            }
            Client::AskSign(state) => (Some(&state.secrets), Some(&state.application)),
            Client::Connected(connected) => (None, Some(&connected.secrets)),
            _ => (None, None),
        };
        super::expose(handshake, application, show);
    }
}

/// There is no room for the ClientHello yet.
pub(super) struct SendClientHello {
    /// The transcript begins with the first ClientHello, or goes on after HelloRetryRequest.
    retried: Option<Transcript<at::HelloRetryRequest>>,
    hello: Hello,
}

impl SendClientHello {
    fn send(self, cx: &mut Context<'_>, out: &mut impl Effects) -> Result<WaitServerHello, ErrorKind> {
        let SendClientHello { retried, hello } = self;
        if retried.is_some() && cx.negotiated.middlebox_compatibility {
            out.change_cipher_spec()?; // before the second flight (§E.4)
        }
        let write = |w: &mut Writer<'_>| hello.write(cx, w);
        let transcript = match retried {
            None => {
                let mut transcript = OpenTranscript::new();
                out.message(&write, &mut |message| transcript.append(message))?;
                Beginning::Open(transcript)
            }
            Some(transcript) => Beginning::Chosen(sent(out, &write, |message| transcript.append(message))?),
        };
        Ok(WaitServerHello { transcript, session_id: hello.session_id, shares: hello.shares })
    }
}

/// The transcript up to ClientHello: ServerHello or HelloRetryRequest tells the suite's hash (§4.1).
#[allow(clippy::large_enum_variant)] // no heap
enum Beginning {
    Open(OpenTranscript),
    Chosen(Transcript<at::ClientHello>),
}

/// ServerHello or HelloRetryRequest comes next.
pub(super) struct WaitServerHello {
    transcript: Beginning,
    session_id: [u8; 32],
    shares: Shares,
}

impl WaitServerHello {
    fn server_hello(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        out: &mut impl Effects,
    ) -> Result<Client, ErrorKind> {
        let malformed = malformed(HandshakeType::SERVER_HELLO);
        let hello = ServerHello::parse(message.body).map_err(&malformed)?;
        // The version first: an older server's hello need not make sense otherwise (§4.2.3).
        if hello.legacy_version != LEGACY_VERSION {
            return Err(ErrorKind::UnsupportedVersion);
        }
        match hello.extensions.selected_version().map_err(&malformed)? {
            Some(TLS13) => {}
            Some(_) => return Err(ErrorKind::IllegalSelectedVersion),
            None if hello.is_downgrade() => return Err(ErrorKind::Downgrade),
            None => return Err(ErrorKind::UnsupportedVersion),
        }
        if hello.is_hello_retry_request() && cx.negotiated.retried {
            return Err(ErrorKind::UnexpectedMessage { message: HandshakeType::SERVER_HELLO });
        }
        let place = if hello.is_hello_retry_request() { Place::HelloRetryRequest } else { Place::ServerHello };
        check_answers(&hello.extensions, place, |extension| {
            offered(cx, extension) || (place == Place::HelloRetryRequest && extension == ExtensionType::COOKIE)
        })?;
        if hello.legacy_session_id_echo != session_id(cx, &self.session_id) {
            return Err(ErrorKind::SessionIdMismatch);
        }
        if hello.legacy_compression_method != 0 {
            return Err(ErrorKind::IllegalCompression);
        }
        let suite = Suite::from(hello.cipher_suite)
            .filter(|_| cx.policy.cipher_suites.contains(hello.cipher_suite))
            .ok_or(ErrorKind::IllegalCipherSuite { suite: hello.cipher_suite })?;
        if cx.negotiated.suite.is_some_and(|retried| retried != suite) {
            return Err(ErrorKind::ChangedAfterRetry);
        }
        if hello.is_hello_retry_request() {
            self.hello_retry_request(cx, hello, suite, message)
        } else {
            self.key_exchange(cx, hello, suite, message, out)
        }
    }

    /// HelloRetryRequest (§4.2.4).
    fn hello_retry_request(
        self,
        cx: &mut Context<'_>,
        retry: ServerHello<'_>,
        suite: Suite,
        message: Message<'_>,
    ) -> Result<Client, ErrorKind> {
        let malformed = malformed(HandshakeType::SERVER_HELLO);
        let group = retry.extensions.selected_group().map_err(&malformed)?;
        let cookie = retry.extensions.cookie().map_err(&malformed)?;
        let shares = match group {
            None if cookie.is_none() => return Err(ErrorKind::PointlessRetry),
            None => self.shares, // a cookie alone: the same share is sent again (R11)
            Some(group) if !cx.policy.groups.contains(group) => return Err(ErrorKind::IllegalGroup { group }),
            Some(group) if self.shares.has(group) => return Err(ErrorKind::PointlessRetry),
            Some(group) => Shares::start(cx.policy, &[group])?,
        };
        if cookie.is_some_and(|cookie| cookie.len() > MAX_COOKIE) {
            return Err(ErrorKind::CookieTooLong);
        }
        let Beginning::Open(transcript) = self.transcript else { return Err(ErrorKind::Internal) };
        cx.negotiated.suite = Some(suite);
        cx.negotiated.group = group;
        cx.negotiated.retried = true;
        Ok(Client::SendClientHello(SendClientHello {
            retried: Some(transcript.retry(suite.hash()).append(message.raw)),
            hello: Hello { session_id: self.session_id, shares, retry_request: cx.find(message.body)? },
        }))
    }

    /// ServerHello (§4.2.3): the shares meet, the handshake keys are there.
    fn key_exchange(
        self,
        cx: &mut Context<'_>,
        hello: ServerHello<'_>,
        suite: Suite,
        message: Message<'_>,
        out: &mut impl Effects,
    ) -> Result<Client, ErrorKind> {
        let share = hello.extensions.server_share().map_err(malformed(HandshakeType::SERVER_HELLO))?;
        let share = share.ok_or(ErrorKind::MissingExtension { extension: ExtensionType::KEY_SHARE })?;
        let group = share.group;
        if cx.negotiated.group.is_some_and(|retried| retried != group) {
            return Err(ErrorKind::IllegalGroup { group });
        }
        let ours = self.shares.take(group).ok_or(ErrorKind::IllegalGroup { group })?;
        let shared_secret = ours.finish(share.key_exchange).map_err(|error| match error {
            KxError::BadShare => ErrorKind::IllegalKeyShare { group },
            KxError::Failed => ErrorKind::Internal,
        })?;
        let transcript = match self.transcript {
            Beginning::Open(transcript) => transcript.choose(suite.hash()),
            Beginning::Chosen(transcript) => transcript,
        };
        let transcript = transcript.append(message.raw);
        let handshake = Early::new(suite.hash()).handshake(shared_secret);
        let secrets = handshake.traffic(&transcript.hash());
        out.read_key(suite, Secret::Handshake(&secrets.server))?;
        out.write_key(suite, Secret::Handshake(&secrets.client))?;
        cx.negotiated.suite = Some(suite);
        cx.negotiated.group = Some(group);
        let (main, preferences) = (handshake.main(), PeerPreferences::default());
        Ok(Client::WaitEncryptedExtensions(Handshaking { suite, transcript, secrets, main, preferences }))
    }
}

/// The server's protected flight, up to `At`.
pub(super) struct Handshaking<At> {
    suite: Suite,
    transcript: Transcript<At>,
    secrets: Pair<HandshakeSecret>,
    main: Main,
    /// What CertificateRequest says about our credential; nothing before that.
    preferences: PeerPreferences,
}

impl<At: at::Before> Handshaking<At> {
    fn append(self, message: Message<'_>) -> Handshaking<At::Next> {
        let Handshaking { suite, transcript, secrets, main, preferences } = self;
        Handshaking { suite, transcript: transcript.append(message.raw), secrets, main, preferences }
    }
}

impl Handshaking<at::ServerHello> {
    /// EncryptedExtensions (§4.4.1).
    fn encrypted_extensions(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        out: &mut impl Effects,
    ) -> Result<Handshaking<at::EncryptedExtensions>, ErrorKind> {
        let malformed = malformed(HandshakeType::ENCRYPTED_EXTENSIONS);
        let extensions = EncryptedExtensions::parse(message.body).map_err(&malformed)?.extensions;
        if extensions.has(ExtensionType::RECORD_SIZE_LIMIT) && extensions.has(ExtensionType::MAX_FRAGMENT_LENGTH) {
            return Err(ErrorKind::IllegalRecordSizeLimit); // RFC 8449 §5
        }
        check_answers(&extensions, Place::EncryptedExtensions, |extension| offered(cx, extension))?;
        extensions.server_name_used().map_err(&malformed)?;
        extensions.supported_groups().map_err(&malformed)?;
        if let Some(name) = extensions.selected_protocol().map_err(&malformed)? {
            let agreed = (0..).zip(cx.policy.protocols()).find(|(_, each)| *each == name);
            cx.negotiated.alpn = Some(agreed.ok_or(ErrorKind::IllegalApplicationProtocol)?.0);
        }
        if let Some(limit) = extensions.record_size_limit().map_err(&malformed)? {
            if !(64..=16_385).contains(&limit) {
                return Err(ErrorKind::IllegalRecordSizeLimit); // RFC 8449 §4
            }
            out.peer_record_size_limit(limit);
            if let Some(own) = cx.policy.record_size_limit {
                out.own_record_size_limit(own);
            }
        }
        let chosen = |types: &crate::list::List<CertificateType, 2>, answer: Option<CertificateType>| match answer {
            Some(answer) if types.contains(answer) => Ok(answer),
            None if types.contains(CertificateType::X509) => Ok(CertificateType::X509),
            Some(_) => Err(ErrorKind::IllegalCertificateType),
            None => Err(ErrorKind::NoCommonCertificateType),
        };
        let own = extensions.client_certificate_type().map_err(&malformed)?;
        let peer = extensions.server_certificate_type().map_err(&malformed)?;
        cx.negotiated.own_type = chosen(&cx.policy.client_certificate_types, own)?;
        cx.negotiated.peer_type = chosen(&cx.policy.server_certificate_types, peer)?;
        cx.negotiated.parameters = cx.find(message.body)?;
        Ok(self.append(message))
    }
}

impl Handshaking<at::EncryptedExtensions> {
    /// CertificateRequest (§4.4.2). It stays in the flight for the choice of our credential.
    fn certificate_request(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
    ) -> Result<Handshaking<at::CertificateRequest>, ErrorKind> {
        let malformed = malformed(HandshakeType::CERTIFICATE_REQUEST);
        let request = CertificateRequest::parse(message.body).map_err(&malformed)?;
        if !request.certificate_request_context.is_empty() {
            return Err(ErrorKind::IllegalContext);
        }
        if let Some(extension) = request.extensions.forbidden_in(Place::CertificateRequest) {
            return Err(ErrorKind::ForbiddenExtension { extension });
        }
        let schemes = request.extensions.signature_algorithms().map_err(&malformed)?;
        let schemes = schemes.ok_or(ErrorKind::MissingExtension { extension: ExtensionType::SIGNATURE_ALGORITHMS })?;
        request.extensions.signature_algorithms_cert().map_err(&malformed)?;
        request.extensions.certificate_authorities().map_err(&malformed)?;
        let ocsp_staple = request.extensions.status_request_of_server().map_err(&malformed)?;
        request.extensions.sct_request().map_err(&malformed)?;
        let preferences = PeerPreferences::read(schemes, &request.extensions, ocsp_staple);
        cx.negotiated.offer = cx.find(message.body)?;
        Ok(Handshaking { preferences, ..self.append(message) })
    }
}

impl Handshaking<at::ServerCertificateVerify> {
    /// The server's Finished (§4.5.3): the application keys are there.
    fn finished(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        possession: PossessionProved,
        out: &mut impl Effects,
    ) -> Result<Proved, ErrorKind> {
        let Handshaking { suite, transcript, secrets, main, preferences } = self;
        let verify_data = Finished::parse(message.body).map_err(malformed(HandshakeType::FINISHED))?.verify_data;
        let finished = secrets
            .server
            .verify_finished(&transcript.hash(), verify_data, cx.policy.crypto)
            .map_err(|_| ErrorKind::BadFinished)?;
        let transcript = transcript.append(message.raw);
        let (application, exporter) = main.application(&transcript.hash());
        out.read_key(suite, Secret::Application(&application.server))?;
        Ok(Proved { suite, transcript, secrets, application, exporter, preferences, possession, finished })
    }
}

/// The server has proved that it holds its key and saw the same handshake.
pub(super) struct Proved {
    suite: Suite,
    transcript: Transcript<at::ServerFinished>,
    secrets: Pair<HandshakeSecret>,
    application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
    preferences: PeerPreferences,
    possession: PossessionProved,
    finished: FinishedVerified,
}

impl Proved {
    /// Sends our Certificate (R6: only after the server has been accepted).
    fn present(
        self,
        cx: &mut Context<'_>,
        accepted: PeerAccepted,
        credential: &Credential<'_>,
        out: &mut impl Effects,
    ) -> Result<AskSign, ErrorKind> {
        let scheme = choose_scheme(&self.preferences, credential)?;
        cx.negotiated.own_scheme = Some(scheme);
        if !cx.negotiated.retried && cx.negotiated.middlebox_compatibility {
            out.change_cipher_spec()?; // before the second flight (§E.4)
        }
        let Proved { suite, transcript, secrets, application, exporter, preferences, possession, finished } = self;
        let transcript = send_certificate(&preferences, credential, out, |message| transcript.append(message))?;
        let certificate = transcript.hash();
        let evidence = (possession, finished, accepted);
        Ok(AskSign { suite, transcript, secrets, application, exporter, evidence, scheme, certificate })
    }
}

/// Our Certificate is sent; the signer is asked.
pub(super) struct AskSign {
    suite: Suite,
    transcript: Transcript<at::ClientCertificate>,
    secrets: Pair<HandshakeSecret>,
    application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
    evidence: (PossessionProved, FinishedVerified, PeerAccepted),
    scheme: SignatureScheme,
    /// The transcript hash up to our Certificate: what is to be signed.
    certificate: Hash,
}

impl AskSign {
    /// Sends CertificateVerify and Finished: connected.
    fn signature(self, signature: &[u8], out: &mut impl Effects) -> Result<Connected, ErrorKind> {
        let transcript = self.transcript;
        let (proof, _) = send_proof(
            self.scheme,
            signature,
            &self.secrets.client,
            out,
            |message| {
                let transcript = transcript.append(message);
                let hash = transcript.hash();
                (transcript, hash)
            },
            |_, _| (),
        )?;
        out.write_key(self.suite, Secret::Application(&self.application.client))?;
        let (possession, finished, accepted) = self.evidence;
        Ok(Connected::new((possession, finished, accepted, proof), self.suite, (self.application, self.exporter)))
    }
}
