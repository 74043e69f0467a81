//! ClientHello, and ServerHello or HelloRetryRequest (RFC 9846 §4.2).

use super::client_hello::{Hello, offered, start_shares};
use super::server_parameters::Handshaking;
use crate::codec::{
    CheckedExtensions, ExtensionType, HandshakeType, LEGACY_VERSION, Message, Place, ServerHello, TLS13, Writer,
};
use crate::crypto::Suite;
use crate::engine::check::{bad_share, check_answers, malformed, malformed_versions, missing};
use crate::engine::effects::{Effects, Plan, Secret, plan, send};
use crate::engine::negotiated::Negotiated;
use crate::engine::peer_preferences::PeerPreferences;
use crate::engine::transition::Context;
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::limits::MAX_COOKIE;
use crate::policy::Policy;
use crate::schedule::{Early, OpenTranscript, Transcript, at};
use core::ops::Range;

/// The ClientHello has not been sent yet.
pub(crate) struct SendClientHello {
    hello: Hello,
    /// Set for the second ClientHello.
    retried: Option<Retried>,
}

/// The server has asked for a second ClientHello.
struct Retried {
    transcript: Transcript<at::HelloRetryRequest>,
    /// The place of HelloRetryRequest's cookie in the flight. Empty: it has none.
    cookie: Range<u32>,
}

impl SendClientHello {
    pub(super) fn first(policy: &Policy, session_id: [u8; 32]) -> Result<SendClientHello, ErrorKind> {
        let shares = start_shares(policy, policy.key_shares.as_slice())?;
        Ok(SendClientHello { hello: Hello { session_id, shares }, retried: None })
    }

    pub(super) fn send(self, cx: &mut Context<'_>, out: &mut impl Effects) -> Result<WaitServerHello, ErrorKind> {
        let cookie = self.cookie(cx.flight);
        let SendClientHello { hello, retried } = self;
        let write = |w: &mut Writer<'_>| hello.write(cx.policy, cx.negotiated, cookie, w);
        let transcript = match retried {
            None => {
                let offered = cx.policy.cipher_suites.as_slice().iter().filter_map(|suite| Suite::from(*suite));
                let mut transcript = OpenTranscript::new(offered.map(Suite::hash));
                out.message(&write, &mut |piece| transcript.append(piece))?;
                Beginning::Open(transcript)
            }
            Some(Retried { transcript, .. }) => {
                if cx.negotiated.middlebox_compatibility {
                    out.change_cipher_spec()?; // before the second flight (§E.4)
                }
                Beginning::Chosen(send(out, transcript, write)?)
            }
        };
        Ok(WaitServerHello { transcript, hello })
    }

    /// Plans what [`send`](Self::send) sends.
    pub(super) fn plan_send(
        &self,
        policy: &Policy,
        negotiated: &Negotiated,
        flight: Flight<'_>,
        out: &mut impl Plan,
    ) -> Result<(), ErrorKind> {
        if self.retried.is_some() && negotiated.middlebox_compatibility {
            out.change_cipher_spec();
        }
        plan(out, |w| self.hello.write(policy, negotiated, self.cookie(flight), w))
    }

    /// HelloRetryRequest's cookie, which the second ClientHello returns (§4.3.2).
    fn cookie<'a>(&self, flight: Flight<'a>) -> Option<&'a [u8]> {
        let cookie = flight.get(self.retried.as_ref()?.cookie.clone())?;
        Some(cookie).filter(|cookie| !cookie.is_empty())
    }
}

/// The transcript up to ClientHello. ServerHello or HelloRetryRequest has the suite, and so the hash (§4.1).
#[allow(clippy::large_enum_variant)] // no heap
enum Beginning {
    Open(OpenTranscript),
    Chosen(Transcript<at::ClientHello>),
}

/// ServerHello or HelloRetryRequest comes next.
pub(crate) struct WaitServerHello {
    transcript: Beginning,
    hello: Hello,
}

/// The received message, with the next state.
#[allow(clippy::large_enum_variant)] // no heap
pub(super) enum Received {
    HelloRetryRequest(SendClientHello),
    ServerHello(Handshaking<at::ServerHello>),
}

impl WaitServerHello {
    pub(super) fn server_hello(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        out: &mut impl Effects,
    ) -> Result<Received, ErrorKind> {
        let hello = ServerHello::parse(message.body).map_err(malformed(HandshakeType::SERVER_HELLO))?;
        // The version is checked first, because the rest of an older server's hello need not be valid (§4.2.3).
        check_version(&hello)?;
        let place = match hello.is_hello_retry_request() {
            true if cx.negotiated.retried => return Err(ErrorKind::UnexpectedMessage { message: message.typ }),
            true => Place::HelloRetryRequest,
            false => Place::ServerHello,
        };
        let extensions = check_answers(&hello.extensions, place, |extension| {
            offered(cx.policy, cx.negotiated, extension)
                || (place == Place::HelloRetryRequest && extension == ExtensionType::COOKIE)
        })?;
        let suite = self.check(cx.policy, cx.negotiated, &hello)?;
        match place {
            Place::HelloRetryRequest => self.hello_retry_request(cx, &extensions, suite, message),
            _ => self.key_exchange(cx, &extensions, suite, message, out),
        }
    }

    /// Checks the fields that ServerHello and HelloRetryRequest have before the extensions (§4.2.3). Returns the suite.
    fn check(&self, policy: &Policy, negotiated: &Negotiated, hello: &ServerHello<'_>) -> Result<Suite, ErrorKind> {
        if hello.legacy_session_id_echo != self.hello.legacy_session_id(negotiated) {
            return Err(ErrorKind::SessionIdMismatch);
        }
        if hello.legacy_compression_method != 0 {
            return Err(ErrorKind::IllegalCompression);
        }
        let suite = Suite::from(hello.cipher_suite)
            .filter(|_| policy.cipher_suites.contains(hello.cipher_suite))
            .ok_or(ErrorKind::IllegalCipherSuite { suite: hello.cipher_suite })?;
        match negotiated.suite {
            Some(retried) if retried != suite => Err(ErrorKind::ChangedAfterRetry),
            _ => Ok(suite),
        }
    }

    /// HelloRetryRequest (§4.2.4).
    fn hello_retry_request(
        self,
        cx: &mut Context<'_>,
        retry: &CheckedExtensions<'_>,
        suite: Suite,
        message: Message<'_>,
    ) -> Result<Received, ErrorKind> {
        let WaitServerHello { transcript: Beginning::Open(transcript), hello } = self else {
            return Err(ErrorKind::Bug);
        };
        let (group, cookie) = (retry.selected_group(), retry.cookie());
        match group {
            None if cookie.is_none() => return Err(ErrorKind::PointlessRetry),
            Some(group) if !cx.policy.groups.contains(group) => return Err(ErrorKind::IllegalGroup { group }),
            Some(group) if hello.shares.has(group) => return Err(ErrorKind::PointlessRetry),
            _ => {}
        }
        if let Some(cookie) = cookie.filter(|cookie| cookie.len() > MAX_COOKIE) {
            return Err(ErrorKind::CookieTooLong { length: u16::try_from(cookie.len()).unwrap_or(u16::MAX) });
        }
        cx.negotiated.set_hello_retry_request(suite, group);
        let shares = match group {
            Some(group) => start_shares(cx.policy, &[group])?,
            None => hello.shares, // only a cookie: the same share is sent again (R11)
        };
        let transcript = transcript.retry(suite.hash()).ok_or(ErrorKind::Bug)?.append(message.raw);
        let cookie = cookie.map_or(Ok(0..0), |cookie| cx.find(cookie))?;
        let retried = Retried { transcript, cookie };
        let hello = Hello { shares, ..hello };
        Ok(Received::HelloRetryRequest(SendClientHello { hello, retried: Some(retried) }))
    }

    /// ServerHello (§4.2.3): completes the key exchange, and changes to the handshake keys.
    fn key_exchange(
        self,
        cx: &mut Context<'_>,
        hello: &CheckedExtensions<'_>,
        suite: Suite,
        message: Message<'_>,
        out: &mut impl Effects,
    ) -> Result<Received, ErrorKind> {
        let share = hello.server_share().ok_or(missing(ExtensionType::KEY_SHARE))?;
        let group = share.group;
        if cx.negotiated.group.is_some_and(|retried| retried != group) || !self.hello.shares.has(group) {
            return Err(ErrorKind::IllegalGroup { group });
        }
        let shared_secret = self.hello.shares.finish(group, share.key_exchange).map_err(bad_share(group))?;
        cx.negotiated.set_server_hello(suite, group);
        let transcript = match self.transcript {
            Beginning::Open(transcript) => transcript.choose(suite.hash()).ok_or(ErrorKind::Bug)?,
            Beginning::Chosen(transcript) => transcript,
        };
        let transcript = transcript.append(message.raw);
        let handshake = Early::new(suite.hash()).handshake(shared_secret);
        let secrets = handshake.traffic(&transcript.hash());
        out.read_key(suite, Secret::Handshake(&secrets.server))?;
        out.write_key(suite, Secret::Handshake(&secrets.client))?;
        let (main, preferences) = (handshake.main(), PeerPreferences::default());
        Ok(Received::ServerHello(Handshaking { suite, transcript, secrets, main, preferences }))
    }
}

/// Checks the server's version: supported_versions, or without it legacy_version and the downgrade sentinel (§4.2.3).
fn check_version(hello: &ServerHello<'_>) -> Result<(), ErrorKind> {
    let selected = match hello.legacy_version {
        LEGACY_VERSION => hello.extensions.selected_version().map_err(malformed_versions(Place::ServerHello))?,
        _ => None,
    };
    match selected {
        Some(TLS13) => Ok(()),
        Some(_) => Err(ErrorKind::IllegalSelectedVersion),
        None if hello.legacy_version <= LEGACY_VERSION && hello.is_downgrade() => Err(ErrorKind::Downgrade),
        None => Err(ErrorKind::UnsupportedVersion),
    }
}
