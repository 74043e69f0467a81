//! One handshake as quinn drives it: bytes in, bytes and keys out.

use super::keys;
use super::shared::Shared;
use crate::adapters::config::seed;
use crate::adapters::failure::Failure;
use crate::adapters::key_log::KeysShown;
use crate::crypto::quic::PacketSecret;
use crate::handshake::{ExposedSecret, Flow};
use crate::messages::{FlowInbox, FlowOutbox};
use crate::x509::{Answerer, Expect};
use crate::{AlertDescription, Bytes, CipherSuite, CryptoFailed, Epoch, Error, ErrorKind, Exporter, ExtensionType};
use crate::{HandshakeType, Malformed, Misuse, NamedGroup, Policy, Role, Seed, SessionInfo, Suite, Want};
use core::any::Any;
use quinn_proto::crypto::{ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, Session};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectionId, Side, TransportError, TransportErrorCode};
use rustls_pki_types::UnixTime;
use std::borrow::ToOwned;
use std::boxed::Box;
use std::string::{String, ToString};
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

/// The result of `handshake_data()` of a quinn connection: the negotiated parameters, before the handshake is complete.
/// At a server this is before the client has proved its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandshakeData {
    /// The application protocol (RFC 7301).
    pub protocol: Vec<u8>,
    /// The name that the client asked for.
    pub server_name: Option<String>,
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// The key exchange group.
    pub group: NamedGroup,
}

/// The alert in an error code of QUIC (RFC 9001 §4.8). In quinn's `TransportError` it is our alert, in its
/// `ConnectionClosed` that of the peer.
///
/// ```
/// use countersign::AlertDescription;
/// use countersign::adapters::quinn::{alert, quinn_proto::TransportErrorCode};
/// assert_eq!(alert(TransportErrorCode::crypto(48)), Some(AlertDescription::UNKNOWN_CA));
/// assert_eq!(alert(TransportErrorCode::PROTOCOL_VIOLATION), None);
/// ```
pub fn alert(code: TransportErrorCode) -> Option<AlertDescription> {
    let description = u64::from(code).checked_sub(0x100)?;
    u8::try_from(description).ok().map(AlertDescription)
}

/// Room for a short chain in each direction; longer chains make it grow.
const MEMORY: usize = 4096;

/// The position of the length of legacy_session_id in a ClientHello: after header, legacy_version and random.
const SESSION_ID_LENGTH_AT: usize = 4 + 2 + 32;

const PARAMETERS: ExtensionType = ExtensionType::QUIC_TRANSPORT_PARAMETERS;

/// A handshake, and what is left of it.
pub(super) struct TlsSession {
    shared: Shared,
    handshake: Flow<Arc<Policy>>,
    answerer: Answerer,
    rx: FlowInbox<Vec<u8>>,
    tx: FlowOutbox<Vec<u8>>,
    keys_shown: KeysShown,
    /// The keys that quinn has: the bytes that it gives us came under them.
    keys_given: Epoch,
    /// How many bytes the peer has sent.
    received: usize,
    /// Both are present from the first question on.
    peer_parameters: Option<TransportParameters>,
    data: Option<HandshakeData>,
    /// Present as soon as application data may be sent and received.
    established: Option<Established>,
    /// Every later call returns it.
    failed: Option<TransportError>,
}

struct Established {
    info: SessionInfo,
    /// Dropped when the connection fails. The other secrets are not: quinn opens and seals packets until the end.
    exporter: Option<Exporter>,
    /// The secrets for 1-RTT packets, until quinn has them.
    first: Option<KeyPair<PacketSecret>>,
    /// The secrets of the next key phase.
    next: KeyPair<PacketSecret>,
}

impl TlsSession {
    /// A client's session, with a ClientHello that is ready to be sent.
    pub(super) fn client(
        shared: Shared,
        server_name: Option<&str>,
        expect: Arc<[Expect]>,
        parameters: &TransportParameters,
    ) -> Result<TlsSession, Misuse> {
        let handshake = Flow::client(Arc::clone(&shared.config.policy), server_name, seed()?)?;
        let mut session = TlsSession::new(shared, handshake.with_extension(PARAMETERS, encoded(parameters))?, expect);
        let _ = session.drive(); // it is kept, for the next `read_handshake`
        Ok(session)
    }

    /// A server's session. quinn accepts no error here, so it is kept for the next `read_handshake`.
    pub(super) fn server(shared: Shared, expect: Arc<[Expect]>, parameters: &TransportParameters) -> TlsSession {
        let policy = Arc::clone(&shared.config.policy);
        let begin = |seed| Flow::server(Arc::clone(&policy), seed);
        match seed().and_then(|seed| begin(seed).with_extension(PARAMETERS, encoded(parameters))) {
            Ok(handshake) => TlsSession::new(shared, handshake, expect),
            Err(misuse) => {
                // It has failed before it sends anything, so its seed does not matter.
                let mut session = TlsSession::new(shared, begin(Seed::from_bytes(&[0; 64])), expect);
                session.fail(misuse.into());
                session
            }
        }
    }

    fn new(shared: Shared, handshake: Flow<Arc<Policy>>, expect: Arc<[Expect]>) -> TlsSession {
        TlsSession {
            answerer: shared.config.answerer(expect),
            keys_shown: KeysShown::to(shared.config.key_log.clone()),
            shared,
            handshake,
            rx: FlowInbox::new(vec![0; MEMORY]),
            tx: FlowOutbox::new(vec![0; MEMORY]),
            keys_given: Epoch::Plaintext,
            received: 0,
            peer_parameters: None,
            data: None,
            established: None,
            failed: None,
        }
    }

    fn side(&self) -> Side {
        match self.handshake.role() {
            Role::Client => Side::Client,
            Role::Server => Side::Server,
        }
    }

    /// Takes the peer's bytes, and answers the questions.
    fn receive(&mut self, mut bytes: &[u8]) -> Result<(), TransportError> {
        self.check_level(bytes)?;
        self.received = self.received.saturating_add(bytes.len());
        loop {
            let taken = self.rx.feed(self.keys_given, bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            self.drive()?;
            if bytes.is_empty() {
                return Ok(());
            }
            if taken == 0 {
                self.rx.grow(self.rx.capacity().saturating_add(bytes.len()));
            }
        }
    }

    /// quinn does not say under which keys bytes came. They came under its last keys.
    fn check_level(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        if self.handshake.read_epoch() != self.keys_given && !bytes.is_empty() {
            return Err(self.fail_by(ErrorKind::DataAcrossKeyChange));
        }
        let session_id_length = SESSION_ID_LENGTH_AT.checked_sub(self.received).and_then(|at| bytes.get(at));
        if self.side() == Side::Server && session_id_length.is_some_and(|length| *length != 0) {
            let (message, what) = (HandshakeType::CLIENT_HELLO, Malformed::BadLength);
            let mut error = self.fail_by(ErrorKind::Malformed { message, what });
            error.code = TransportErrorCode::PROTOCOL_VIOLATION; // RFC 9001 §8.4
            return Err(self.keep(error));
        }
        Ok(())
    }

    /// Drives the handshake until it needs bytes of the peer.
    fn drive(&mut self) -> Result<(), TransportError> {
        loop {
            let want = self.handshake.drive(&mut self.rx, &mut self.tx);
            self.keys_shown.show(&self.handshake);
            match want {
                Ok(Want::Write | Want::Read | Want::Done) => break,
                Ok(question) => self.answer(&question)?,
                Err(error) => match error.kind() {
                    ErrorKind::InboxTooSmall { needed } => self.rx.grow(needed),
                    ErrorKind::OutboxTooSmall { needed } => self.tx.grow(needed),
                    _ => return Err(self.fail(Failure::of(error, &self.answerer, None))),
                },
            }
        }
        self.establish()
    }

    fn answer(&mut self, question: &Want) -> Result<(), TransportError> {
        if self.data.is_none() {
            self.read_parameters()?;
        }
        self.answerer.now = UnixTime::now();
        loop {
            match self.answerer.answer(&mut self.handshake, question, &self.rx, &mut self.tx) {
                Ok(_) => return Ok(()),
                Err(Misuse::NoRoom { needed }) => self.tx.grow(needed),
                Err(misuse) => return Err(self.fail(misuse.into())),
            }
        }
    }

    /// Keeps the parameters of the peer's first flight, at the first question: after it the transport parameters are gone.
    fn read_parameters(&mut self) -> Result<(), TransportError> {
        let Ok(mut parameters) = self.handshake.peer_extension(&self.rx) else {
            return Err(self.fail_by(ErrorKind::MissingExtension { extension: PARAMETERS })); // RFC 9001 §8.2
        };
        let parameters = TransportParameters::read(self.side(), &mut parameters);
        self.peer_parameters = Some(parameters.map_err(|error| {
            let error = TransportError::from(error);
            self.shared.report(&Failure::TransportParameters(Box::new(error.clone())));
            self.keep(error)
        })?);
        let handshake = &self.handshake;
        let (Some(protocol), Some(cipher_suite), Some(group)) =
            (handshake.alpn(), handshake.cipher_suite(), handshake.group())
        else {
            return Err(self.fail_by(ErrorKind::Bug)); // the policy requires a protocol
        };
        let (protocol, server_name) = (protocol.to_vec(), handshake.server_name().map(ToOwned::to_owned));
        self.data = Some(HandshakeData { protocol, server_name, cipher_suite, group });
        Ok(())
    }

    /// Takes the session as early as possible: a client's after it has signed, a server's when it is done.
    fn establish(&mut self) -> Result<(), TransportError> {
        if self.established.is_none()
            && let Ok(session) = self.handshake.finish_at(UnixTime::now())
        {
            self.keys_shown.show_exporter(self.handshake.client_random(), &session.exporter);
            let Ok(first) = self.local_and_remote(session.suite, &session.secrets.client, &session.secrets.server)
            else {
                return Err(self.fail_by(ErrorKind::CryptoFailed));
            };
            let next = next_phase(&first);
            let exporter = Some(session.exporter);
            self.established = Some(Established { info: session.info, exporter, first: Some(first), next });
        }
        if self.established.is_some() && self.rx.is_empty() {
            self.rx = FlowInbox::new(Vec::new()); // a NewSessionTicket may come, and hardly ever does
        }
        Ok(())
    }

    fn local_and_remote(
        &self,
        suite: Suite,
        client: &ExposedSecret,
        server: &ExposedSecret,
    ) -> Result<KeyPair<PacketSecret>, CryptoFailed> {
        let secret = |secret: &ExposedSecret| PacketSecret::new(suite, secret.expose());
        Ok(match self.side() {
            Side::Client => KeyPair { local: secret(client)?, remote: secret(server)? },
            Side::Server => KeyPair { local: secret(server)?, remote: secret(client)? },
        })
    }

    /// The secrets of the next encryption level, if they are known.
    fn next_level(&mut self) -> Option<(Epoch, KeyPair<PacketSecret>)> {
        match self.keys_given {
            Epoch::Plaintext => {
                let (suite, secrets) = self.handshake.handshake_secrets()?;
                Some((Epoch::Handshake, self.local_and_remote(suite, secrets.client, secrets.server).ok()?))
            }
            Epoch::Handshake => Some((Epoch::Application, self.established.as_mut()?.first.take()?)),
            Epoch::Application => None,
        }
    }

    // ---- failing ----

    fn fail_by(&mut self, kind: ErrorKind) -> TransportError {
        let (role, state) = (self.handshake.role(), self.handshake.state());
        self.fail(Failure::Failed(Error { kind, role, state, alerts: true }))
    }

    /// quinn sends this error to the peer. It has the alert, and nothing that only we know.
    fn fail(&mut self, failure: Failure) -> TransportError {
        let kind = failure.error().map(|error| error.kind());
        let alert = kind.and_then(|kind| kind.alert()).unwrap_or(AlertDescription::INTERNAL_ERROR);
        let code = match kind {
            Some(ErrorKind::DataAcrossKeyChange) => TransportErrorCode::PROTOCOL_VIOLATION, // RFC 9001 §4.1.3
            // RFC 9001 §4.4
            Some(ErrorKind::UnexpectedMessage { message: HandshakeType::CERTIFICATE_REQUEST })
                if self.established.is_some() =>
            {
                TransportErrorCode::PROTOCOL_VIOLATION
            }
            _ => TransportErrorCode::crypto(alert.0),
        };
        self.shared.report(&failure);
        self.keep(TransportError { code, frame: None, reason: alert.to_string() })
    }

    /// The connection has failed: drops the secrets.
    fn keep(&mut self, error: TransportError) -> TransportError {
        let _ = self.handshake.abort(AlertDescription::INTERNAL_ERROR, &mut self.tx); // by messages nothing is written
        if let Some(established) = &mut self.established {
            established.exporter = None;
        }
        self.failed = Some(error.clone());
        error
    }
}

impl Session for TlsSession {
    fn initial_keys(&self, dst_cid: &ConnectionId, side: Side) -> Keys {
        keys::initial(dst_cid, side)
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.data.clone()?))
    }

    /// An [`Accepted`](crate::x509::Accepted).
    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.established.as_ref()?.info.peer()?.clone()))
    }

    /// There is no 0-RTT.
    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        None
    }

    fn early_data_accepted(&self) -> Option<bool> {
        Some(false)
    }

    fn is_handshaking(&self) -> bool {
        self.established.is_none()
    }

    fn read_handshake(&mut self, buf: &[u8]) -> Result<bool, TransportError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let had_data = self.data.is_some();
        self.receive(buf)?;
        Ok(!had_data && self.data.is_some())
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        Ok(self.peer_parameters)
    }

    /// Returns what `read_handshake` has written. Nothing can fail here.
    fn write_handshake(&mut self, buf: &mut Vec<u8>) -> Option<Keys> {
        if self.failed.is_some() {
            return None;
        }
        if let Some((epoch, bytes)) = self.tx.pending()
            && epoch == self.keys_given
        {
            let written = bytes.len();
            buf.extend_from_slice(bytes);
            self.tx.sent(written);
        }
        if self.established.is_some() && self.tx.is_empty() {
            self.tx = FlowOutbox::new(Vec::new());
        }
        let (epoch, secrets) = self.next_level()?;
        self.keys_given = epoch;
        Some(keys::keys(&secrets))
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        let next = &mut self.established.as_mut()?.next;
        let keys = keys::packet_keys(next);
        *next = next_phase(next);
        Some(keys)
    }

    fn is_valid_retry(&self, orig_dst_cid: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        keys::is_valid_retry(orig_dst_cid, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        let exporter = self.established.as_ref().and_then(|established| established.exporter.as_ref());
        let exported = exporter.ok_or(CryptoFailed).and_then(|exporter| exporter.export(label, context, output));
        exported.map_err(|_| ExportKeyingMaterialError)
    }
}

fn next_phase(secrets: &KeyPair<PacketSecret>) -> KeyPair<PacketSecret> {
    KeyPair { local: secrets.local.next(), remote: secrets.remote.next() }
}

fn encoded(parameters: &TransportParameters) -> Bytes {
    let mut bytes = Vec::new();
    parameters.write(&mut bytes);
    Bytes::Shared(bytes.into())
}
