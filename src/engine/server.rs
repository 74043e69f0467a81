//! The server's states, in protocol order (RFC 9846 §A.2).
//!
//! ```text
//! WaitClientHello ----------------> AskCredential -> AskSign -> WaitCertificate -> WaitCertificateVerify
//!   ^     '--> SendHelloRetryRequest                  -> WaitFinished -> AskVerify -> Connected
//!   '-------------'
//! ```

use super::authenticate::{
    ask_to_sign, certificate_len, check_possession, choose_scheme, malformed, read_certificate, send_certificate,
    send_proof, sent,
};
use super::evidence::{Connected, LocalProofSent, PeerAccepted};
use super::hello_digest::hello_digest;
use super::negotiate::{Choice, negotiate};
use super::question::{Credential, CredentialQuestion, VerifyQuestion};
use super::{Context, Effects, Input, Need, Secret, message_len};
use crate::codec::{
    ClientHello, ExtensionType, Finished, HandshakeType, KeyShareEntry, Message, NamedGroup, SignatureScheme, TLS13,
    Writer, write_certificate_request, write_encrypted_extensions, write_hello_retry_request, write_server_hello,
};
use crate::crypto::{Hash, KeyExchange, KxError, Suite};
use crate::error::ErrorKind;
use crate::role::{Role, State};
use crate::schedule::{
    Early, ExporterSecret, FinishedVerified, HandshakeSecret, Main, Pair, PossessionProved, SignedContent,
    TrafficSecret, Transcript, at,
};
use core::ops::Range;

/// The server's state machine.
// The variants differ in size by the secrets that they hold; boxing them would need a heap.
#[allow(clippy::large_enum_variant)]
pub(super) enum Server {
    WaitClientHello(WaitClientHello),
    SendHelloRetryRequest(SendHelloRetryRequest),
    AskCredential(AskCredential),
    AskSign(AskSign),
    /// The read key has not been changed yet: an answer brought us here, and it had no inbox at hand (R8).
    ChangeReadKey(Authenticating<at::ServerFinished>),
    WaitCertificate(Authenticating<at::ServerFinished>),
    /// And where the client's key lies.
    WaitCertificateVerify(Authenticating<at::ClientCertificate>, Range<u32>),
    WaitFinished(Authenticating<at::ClientCertificateVerify>, PossessionProved),
    AskVerify(Proved),
    Connected(Connected),
    /// A transition failed, or the session was taken out.
    Spent,
}

impl Server {
    pub(super) fn start(random: [u8; 32]) -> Server {
        Server::WaitClientHello(WaitClientHello { random, retried: None })
    }

    pub(super) fn state(&self) -> State {
        match self {
            Server::WaitClientHello(_) => State::WaitClientHello,
            Server::SendHelloRetryRequest(_) => State::SendHelloRetryRequest,
            Server::AskCredential(_) => State::AskCredential,
            Server::AskSign(_) => State::AskSign,
            Server::ChangeReadKey(_) | Server::WaitCertificate(_) => State::WaitCertificate,
            Server::WaitCertificateVerify(..) => State::WaitCertificateVerify,
            Server::WaitFinished(..) => State::WaitFinished,
            Server::AskVerify(_) => State::AskVerify,
            Server::Connected(_) => State::Connected,
            Server::Spent => State::Failed,
        }
    }

    pub(super) fn need(&self) -> Need {
        match self {
            Server::SendHelloRetryRequest(state) => Need::Send(message_len(&|w| hello_retry_request(&state.choice, w))),
            Server::AskCredential(state) => Need::Credential(state.question.clone()),
            Server::AskSign(state) => Need::Sign(ask_to_sign(Role::Server, state.scheme, &state.certificate)),
            Server::ChangeReadKey(_) => Need::ReadKey,
            Server::AskVerify(state) => Need::Verify(state.question.clone()),
            Server::Connected(_) | Server::Spent => Need::Nothing,
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
        *self = match (core::mem::replace(self, Server::Spent), input) {
            (Server::WaitClientHello(state), Input::Message(message)) => state.client_hello(cx, message, out)?,
            (Server::SendHelloRetryRequest(state), Input::Room) => Server::WaitClientHello(state.send(out)?),
            (Server::AskCredential(state), Input::Credential(credential)) => {
                Server::AskSign(state.present(cx, credential, out)?)
            }
            (Server::AskSign(state), Input::Signature(signature)) => {
                Server::ChangeReadKey(state.signature(signature, out)?)
            }
            (Server::ChangeReadKey(state), Input::Room) => {
                out.read_key(state.suite, Secret::Handshake(&state.client))?;
                Server::WaitCertificate(state)
            }
            (Server::WaitCertificate(state), Input::Message(message)) => {
                let key = read_certificate(cx, Role::Client, message)?;
                Server::WaitCertificateVerify(state.append(message), key)
            }
            (Server::WaitCertificateVerify(state, key), Input::Message(message)) => {
                let content = SignedContent::client(&state.transcript.hash());
                let proved = check_possession(cx, message, &content, key)?;
                Server::WaitFinished(state.append(message), proved)
            }
            (Server::WaitFinished(state, possession), Input::Message(message)) => {
                Server::AskVerify(state.finished(cx, message, possession, out)?)
            }
            (Server::AskVerify(proved), Input::Accepted) => {
                Server::Connected(proved.accepted(PeerAccepted::by_verdict()))
            }
            (_, Input::Message(message)) => return Err(ErrorKind::UnexpectedMessage { message: message.typ }),
            (state, _) => state,
        };
        Ok(())
    }

    /// Takes the session's keys out, once connected.
    pub(super) fn take_connected(&mut self) -> Option<Connected> {
        match core::mem::replace(self, Server::Spent) {
            Server::Connected(connected) => Some(connected),
            other => {
                *self = other;
                None
            }
        }
    }

    /// The lengths of what `present` sends: ServerHello, and the protected messages after it.
    pub(super) fn present_len(&self, cx: &Context<'_>, credential: &Credential<'_>) -> (usize, usize) {
        let Server::AskCredential(AskCredential { random, choice, .. }) = self else { return (0, 0) };
        let plain = message_len(&|w| server_hello(random, choice, &[], w));
        let protected = [
            message_len(&|w| encrypted_extensions(cx, choice, w)),
            message_len(&|w| certificate_request(cx, w)),
            certificate_len(&choice.preferences, credential),
        ];
        (plain.saturating_add(choice.key_exchange.as_slice().len()), protected.iter().sum())
    }

    /// The longest inner plaintext that the client takes.
    pub(super) fn peer_record_size_limit(&self) -> Option<u16> {
        match self {
            Server::AskCredential(state) => state.choice.record_size_limit,
            _ => None,
        }
    }

    /// The traffic secrets that the state holds, for the key log.
    pub(super) fn expose(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        match self {
            Server::AskSign(state) => super::expose(Some(&state.secrets), None, show),
            Server::ChangeReadKey(state) | Server::WaitCertificate(state) => {
                super::expose(None, Some(&state.application), show)
            }
            Server::WaitCertificateVerify(state, _) => super::expose(None, Some(&state.application), show),
            Server::WaitFinished(state, _) => super::expose(None, Some(&state.application), show),
            Server::AskVerify(state) => super::expose(None, Some(&state.application), show),
            Server::Connected(connected) => super::expose(None, Some(&connected.secrets), show),
            _ => {}
        }
    }
}

/// ClientHello comes next.
pub(super) struct WaitClientHello {
    /// ServerHello.random.
    random: [u8; 32],
    retried: Option<Retried>,
}

/// A HelloRetryRequest has been sent: what the second ClientHello must agree with.
struct Retried {
    transcript: Transcript<at::HelloRetryRequest>,
    digest: Hash,
    group: NamedGroup,
}

impl WaitClientHello {
    /// ClientHello (§4.2.2), the first or the second.
    fn client_hello(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        out: &mut impl Effects,
    ) -> Result<Server, ErrorKind> {
        let WaitClientHello { random, retried } = self;
        let hello = ClientHello::parse(message.body).map_err(malformed(HandshakeType::CLIENT_HELLO))?;
        let choice = negotiate(cx, &hello, retried.as_ref().map(|retried| (retried.digest, retried.group)))?;
        let hash = choice.suite.hash();
        cx.negotiated.client_random = *hello.random;
        cx.negotiated.suite = Some(choice.suite);
        cx.negotiated.group = Some(choice.group);
        cx.negotiated.offer = cx.find(message.body)?;
        cx.negotiated.parameters = cx.negotiated.offer.clone();
        let transcript = match (choice.retry, retried) {
            (true, _) => {
                cx.negotiated.retried = true;
                if choice.early_data {
                    out.skip_early_data(true);
                }
                return Ok(Server::SendHelloRetryRequest(SendHelloRetryRequest {
                    random,
                    transcript: Transcript::start_retry(hash, message.raw),
                    digest: hello_digest(&hello),
                    choice,
                }));
            }
            (false, None) => Transcript::start(hash, message.raw),
            (false, Some(retried)) => retried.transcript.append(message.raw),
        };
        let question = CredentialQuestion(cx.negotiated.tag(cx.role));
        Ok(Server::AskCredential(AskCredential { random, transcript, choice, question }))
    }
}

/// There is no room for the HelloRetryRequest yet.
pub(super) struct SendHelloRetryRequest {
    random: [u8; 32],
    transcript: Transcript<at::MessageHash>,
    digest: Hash,
    choice: Choice,
}

impl SendHelloRetryRequest {
    fn send(self, out: &mut impl Effects) -> Result<WaitClientHello, ErrorKind> {
        let SendHelloRetryRequest { random, transcript, digest, choice } = self;
        let transcript = sent(out, &|w| hello_retry_request(&choice, w), |message| transcript.append(message))?;
        if !choice.legacy_session_id.is_empty() {
            out.change_cipher_spec()?; // after the first handshake message (§E.4)
        }
        Ok(WaitClientHello { random, retried: Some(Retried { transcript, digest, group: choice.group }) })
    }
}

/// HelloRetryRequest (§4.2.4).
fn hello_retry_request(choice: &Choice, w: &mut Writer<'_>) {
    write_hello_retry_request(w, choice.legacy_session_id.as_slice(), choice.suite.number(), |w| {
        w.selected_version(TLS13);
        w.selected_group(choice.group);
    });
}

/// The ClientHello will do: which certificate shall we show?
pub(super) struct AskCredential {
    random: [u8; 32],
    transcript: Transcript<at::ClientHello>,
    choice: Choice,
    question: CredentialQuestion,
}

impl AskCredential {
    /// Sends ServerHello ... Certificate. Here is the first asymmetric operation.
    fn present(
        self,
        cx: &mut Context<'_>,
        credential: &Credential<'_>,
        out: &mut impl Effects,
    ) -> Result<AskSign, ErrorKind> {
        let AskCredential { random, transcript, choice, .. } = self;
        let Choice { suite, group, .. } = choice;
        let scheme = choose_scheme(&choice.preferences, credential)?;
        cx.negotiated.own_scheme = Some(scheme);
        let (public_key, shared_secret) = KeyExchange::respond(group, choice.key_exchange.as_slice(), cx.policy.crypto)
            .map_err(|error| match error {
                KxError::BadShare => ErrorKind::IllegalKeyShare { group },
                KxError::Failed => ErrorKind::Internal,
            })?;

        let write = |w: &mut Writer<'_>| server_hello(&random, &choice, public_key.as_ref(), w);
        let transcript = sent(out, &write, |message| transcript.append(message))?;
        if !choice.legacy_session_id.is_empty() && !cx.negotiated.retried {
            out.change_cipher_spec()?; // after the first handshake message (§E.4)
        }
        let handshake = Early::new(suite.hash()).handshake(shared_secret);
        let secrets = handshake.traffic(&transcript.hash());
        out.write_key(suite, Secret::Handshake(&secrets.server))?;
        if choice.early_data {
            out.skip_early_data(false);
        }
        if let Some(limit) = choice.record_size_limit {
            out.peer_record_size_limit(limit);
            if let Some(own) = cx.policy.record_size_limit {
                out.own_record_size_limit(own);
            }
        }

        let write = |w: &mut Writer<'_>| encrypted_extensions(cx, &choice, w);
        let transcript = sent(out, &write, |message| transcript.append(message))?;
        let transcript = sent(out, &|w| certificate_request(cx, w), |message| transcript.append(message))?;
        let transcript = send_certificate(&choice.preferences, credential, out, |message| transcript.append(message))?;
        let certificate = transcript.hash();
        Ok(AskSign { suite, transcript, secrets, main: handshake.main(), scheme, certificate })
    }
}

/// ServerHello (§4.2.3).
fn server_hello(random: &[u8; 32], choice: &Choice, key_exchange: &[u8], w: &mut Writer<'_>) {
    let session_id = choice.legacy_session_id.as_slice();
    write_server_hello(w, random, session_id, choice.suite.number(), |w| {
        w.selected_version(TLS13);
        w.server_share(KeyShareEntry { group: choice.group, key_exchange });
    });
}

/// EncryptedExtensions (§4.4.1): the answers to what the client offered.
fn encrypted_extensions(cx: &Context<'_>, choice: &Choice, w: &mut Writer<'_>) {
    write_encrypted_extensions(w, |w| {
        if cx.negotiated.server_name.is_dns {
            w.server_name_used();
        }
        if let Some(name) = cx.negotiated.protocol(cx.policy) {
            w.selected_protocol(name);
        }
        if let (Some(own), Some(_)) = (cx.policy.record_size_limit, choice.record_size_limit) {
            w.record_size_limit(own);
        }
        let (for_client, for_server) = choice.answers_types;
        if for_client {
            w.client_certificate_type(cx.negotiated.peer_type);
        }
        if for_server {
            w.server_certificate_type(cx.negotiated.own_type);
        }
        if let Some((extension, body)) = cx.policy.extension.as_ref().filter(|_| choice.answers_extension) {
            w.extension(*extension, |w| w.bytes(body.as_slice()));
        }
    });
}

/// CertificateRequest (§4.4.2): always.
fn certificate_request(cx: &Context<'_>, w: &mut Writer<'_>) {
    write_certificate_request(w, &[], |w| {
        w.signature_algorithms(cx.policy.signature_schemes.as_slice().iter().copied());
        if let Some(schemes) = cx.policy.announced_schemes_cert() {
            w.signature_algorithms_cert(schemes.iter().copied());
        }
        let authorities = cx.policy.certificate_authorities.as_slice();
        if !authorities.is_empty() {
            w.extension(ExtensionType::CERTIFICATE_AUTHORITIES, |w| w.vec_u16(|w| w.bytes(authorities)));
        }
        if cx.policy.request_ocsp_staple {
            w.status_request_of_server();
        }
        if cx.policy.request_scts {
            w.sct_request();
        }
    });
}

/// Our Certificate is sent; the signer is asked.
pub(super) struct AskSign {
    suite: Suite,
    transcript: Transcript<at::ServerCertificate>,
    secrets: Pair<HandshakeSecret>,
    main: Main,
    scheme: SignatureScheme,
    /// The transcript hash up to our Certificate: what is to be signed.
    certificate: Hash,
}

impl AskSign {
    /// Sends CertificateVerify and Finished, and protects what follows with the application key: before the client is
    /// judged, alerts included (§4.5.3, §7.1).
    fn signature(
        self,
        signature: &[u8],
        out: &mut impl Effects,
    ) -> Result<Authenticating<at::ServerFinished>, ErrorKind> {
        let AskSign { suite, transcript, secrets, main, scheme, .. } = self;
        let certificate_verify = |message: &[u8]| {
            let transcript = transcript.append(message);
            let hash = transcript.hash();
            (transcript, hash)
        };
        let finished = |transcript: Transcript<at::ServerCertificateVerify>, message: &[u8]| transcript.append(message);
        let (proof, transcript) = send_proof(scheme, signature, &secrets.server, out, certificate_verify, finished)?;
        let (application, exporter) = main.application(&transcript.hash());
        out.write_key(suite, Secret::Application(&application.server))?;
        Ok(Authenticating { suite, transcript, client: secrets.client, application, exporter, proof })
    }
}

/// The client's protected flight, up to `At`.
pub(super) struct Authenticating<At> {
    suite: Suite,
    transcript: Transcript<At>,
    /// client_handshake_traffic_secret: its Finished is checked with it.
    client: HandshakeSecret,
    application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
    proof: LocalProofSent,
}

impl<At: at::Before> Authenticating<At> {
    fn append(self, message: Message<'_>) -> Authenticating<At::Next> {
        let Authenticating { suite, transcript, client, application, exporter, proof } = self;
        Authenticating { suite, transcript: transcript.append(message.raw), client, application, exporter, proof }
    }
}

impl Authenticating<at::ClientCertificateVerify> {
    /// The client's Finished (§4.5.3).
    fn finished(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        possession: PossessionProved,
        out: &mut impl Effects,
    ) -> Result<Proved, ErrorKind> {
        let Authenticating { suite, transcript, client, application, exporter, proof } = self;
        let verify_data = Finished::parse(message.body).map_err(malformed(HandshakeType::FINISHED))?.verify_data;
        let finished = client
            .verify_finished(&transcript.hash(), verify_data, cx.policy.crypto)
            .map_err(|_| ErrorKind::BadFinished)?;
        out.read_key(suite, Secret::Application(&application.client))?;
        let question = VerifyQuestion(cx.negotiated.tag(cx.role));
        Ok(Proved { suite, application, exporter, possession, finished, proof, question })
    }
}

/// The client has proved that it holds its key and saw the same handshake.
pub(super) struct Proved {
    suite: Suite,
    application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
    possession: PossessionProved,
    finished: FinishedVerified,
    proof: LocalProofSent,
    question: VerifyQuestion,
}

impl Proved {
    fn accepted(self, accepted: PeerAccepted) -> Connected {
        let evidence = (self.possession, self.finished, accepted, self.proof);
        Connected::new(evidence, self.suite, (self.application, self.exporter))
    }
}
