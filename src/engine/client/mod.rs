//! The client's states, in protocol order. The figure is RFC 9846's (§A.1), where both sides authenticate:
//!
//! ```text
//!                  SendClientHello <----+               START
//!         Send ClientHello |            | Recv HelloRetryRequest
//!                          v            |
//!                   WaitServerHello ----+               WAIT_SH
//!                          | Recv ServerHello
//!                          | K_send = K_recv = handshake
//!                          v
//!               WaitEncryptedExtensions                 WAIT_EE
//!                          | Recv EncryptedExtensions
//!                          v
//!               WaitCertificateRequest                  WAIT_CERT_CR
//!                          | Recv CertificateRequest
//!                          v
//!                   WaitCertificate                     WAIT_CERT
//!                          | Recv Certificate
//!                          v
//!                WaitCertificateVerify                  WAIT_CV
//!                          | Recv CertificateVerify
//!                          v
//!                     WaitFinished                      WAIT_FINISHED
//!                          | Recv Finished
//!                          | K_recv = application
//!                          v
//!                      AskVerify
//!                          | the caller accepts the server
//!                          v
//!                    AskCredential
//!                          | Send Certificate
//!                          v
//!                       AskSign
//!                          | Send CertificateVerify
//!                          | Send Finished
//!                          | K_send = application
//!                          v
//!                      Connected                        CONNECTED
//! ```

mod authentication;
mod client_hello;
mod key_exchange;
mod server_parameters;

use super::authenticate::{check_possession, read_certificate};
use super::effects::{Effects, Plan};
use super::evidence::{Connected, PeerAccepted};
use super::key_log;
use super::negotiated::Negotiated;
use super::question::{CredentialQuestion, Tag, VerifyQuestion};
use super::transition::{Context, Input, Need};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::policy::Policy;
use crate::role::{Role, State};
use crate::schedule::{PossessionProved, SignedContent, at};
use authentication::{AskSign, Proved};
pub(crate) use client_hello::plan_longest_hello;
use core::ops::Range;
use key_exchange::{Received, SendClientHello, WaitServerHello};
use server_parameters::Handshaking;

/// The client's state machine.
#[allow(clippy::large_enum_variant)] // no heap
pub(super) enum Client {
    SendClientHello(SendClientHello),
    WaitServerHello(WaitServerHello),
    WaitEncryptedExtensions(Handshaking<at::ServerHello>),
    WaitCertificateRequest(Handshaking<at::EncryptedExtensions>),
    WaitCertificate(Handshaking<at::CertificateRequest>),
    /// With the place of the server's key in the flight.
    WaitCertificateVerify(Handshaking<at::ServerCertificate>, Range<u32>),
    WaitFinished(Handshaking<at::ServerCertificateVerify>, PossessionProved),
    AskVerify(Proved),
    AskCredential(Proved, PeerAccepted),
    AskSign(AskSign),
    Connected(Connected),
    /// A transition has failed, or the session was taken out.
    Spent,
}

impl Client {
    pub(super) fn start(policy: &Policy, session_id: [u8; 32]) -> Result<Client, ErrorKind> {
        Ok(Client::SendClientHello(SendClientHello::first(policy, session_id)?))
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
            Client::AskVerify(_) => State::AskVerify,
            Client::AskCredential(..) => State::AskCredential,
            Client::AskSign(_) => State::AskSign,
            Client::Connected(_) => State::Connected,
            Client::Spent => State::Failed,
        }
    }

    pub(super) fn need(&self, negotiated: &Negotiated) -> Need {
        match self {
            Client::SendClientHello(_) => Need::Send,
            Client::AskVerify(_) => Need::Verify(VerifyQuestion(Tag::of(Role::Client, negotiated))),
            Client::AskCredential(..) => Need::Credential(CredentialQuestion(Tag::of(Role::Client, negotiated))),
            Client::AskSign(state) => Need::Sign(state.question.clone()),
            Client::Connected(_) | Client::Spent => Need::Nothing,
            _ => Need::Message,
        }
    }

    /// Makes one transition of the table, which consumes the state. After an error there is none. The driver has refused
    /// messages that are out of order.
    pub(super) fn advance(
        &mut self,
        cx: &mut Context<'_>,
        input: Input<'_>,
        out: &mut impl Effects,
    ) -> Result<(), ErrorKind> {
        *self = match (core::mem::replace(self, Client::Spent), input) {
            (Client::SendClientHello(state), Input::Room) => Client::WaitServerHello(state.send(cx, out)?),
            (Client::WaitServerHello(state), Input::Message(message)) => match state.server_hello(cx, message, out)? {
                Received::HelloRetryRequest(state) => Client::SendClientHello(state),
                Received::ServerHello(state) => Client::WaitEncryptedExtensions(state),
            },
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
                Client::AskVerify(state.finished(cx, message, possession, out)?)
            }
            (Client::AskVerify(proved), Input::Accepted) => Client::AskCredential(proved, PeerAccepted::by_verdict()),
            (Client::AskCredential(proved, accepted), Input::Credential(credential)) => {
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

    /// Plans what [`advance`](Self::advance) will send.
    pub(super) fn plan(
        &self,
        policy: &Policy,
        negotiated: &Negotiated,
        flight: Flight<'_>,
        input: &Input<'_>,
        plan: &mut impl Plan,
    ) -> Result<(), ErrorKind> {
        match (self, input) {
            (Client::SendClientHello(state), Input::Room) => state.plan_send(policy, negotiated, flight, plan),
            (Client::AskCredential(proved, _), Input::Credential(credential)) => {
                proved.plan_present(negotiated, credential, plan)
            }
            (Client::AskSign(state), Input::Signature(signature)) => state.plan_signature(signature, plan),
            _ => Ok(()),
        }
    }

    /// Shows the traffic secrets of the state, for the key log.
    pub(super) fn expose(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        let (handshake, application) = match self {
            Client::WaitEncryptedExtensions(state) => (Some(&state.secrets), None),
            Client::WaitCertificateRequest(state) => (Some(&state.secrets), None),
            Client::WaitCertificate(state) => (Some(&state.secrets), None),
            Client::WaitCertificateVerify(state, _) => (Some(&state.secrets), None),
            Client::WaitFinished(state, _) => (Some(&state.secrets), None),
            Client::AskVerify(proved) | Client::AskCredential(proved, _) => {
                (Some(&proved.secrets), Some(&proved.application))
            }
            Client::AskSign(state) => (Some(&state.secrets), Some(&state.application)),
            Client::Connected(connected) => (None, Some(&connected.secrets)),
            _ => (None, None),
        };
        key_log::expose(handshake, application, show);
    }
}
