//! The server's states, in protocol order. The figure is RFC 9846's (§A.2), where both sides authenticate:
//!
//! ```text
//!                   WaitClientHello <----+              START
//!         Recv ClientHello |             | Send HelloRetryRequest
//!                          +---> SendHelloRetryRequest
//!                          v
//!                    AskCredential                      NEGOTIATED
//!                          | Send ServerHello
//!                          | K_send = handshake
//!                          | Send EncryptedExtensions
//!                          | Send CertificateRequest
//!                          | Send Certificate
//!                          v
//!                       AskSign
//!                          | Send CertificateVerify
//!                          | Send Finished
//!                          | K_send = application
//!                          v
//!                    ChangeReadKey                      WAIT_FLIGHT2
//!                          | K_recv = handshake
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
//!                          | the caller accepts the client
//!                          v
//!                      Connected                        CONNECTED
//! ```

mod authentication;
mod hello_digest;
mod key_exchange;
mod negotiate;
mod server_parameters;

use super::authenticate::{check_possession, read_certificate};
use super::effects::{Effects, Plan, Secret};
use super::evidence::{Connected, PeerAccepted};
use super::key_log;
use super::negotiated::Negotiated;
use super::question::{CredentialQuestion, Tag, VerifyQuestion};
use super::transition::{Context, Input, Need};
use crate::error::ErrorKind;
use crate::policy::Policy;
use crate::role::{Role, State};
use crate::schedule::{PossessionProved, SignedContent, at};
use authentication::{AskSign, Authenticating, Proved};
use core::ops::Range;
use key_exchange::{Answer, SendHelloRetryRequest, WaitClientHello};
use server_parameters::AskCredential;
pub(super) use server_parameters::plan_longest_present;

/// The server's state machine.
#[allow(clippy::large_enum_variant)] // no heap
pub(super) enum Server {
    WaitClientHello(WaitClientHello),
    SendHelloRetryRequest(SendHelloRetryRequest),
    AskCredential(AskCredential),
    AskSign(AskSign),
    /// The read key has not been changed yet, because an answer has no inbox (R8).
    ChangeReadKey(Authenticating<at::ServerFinished>),
    WaitCertificate(Authenticating<at::ServerFinished>),
    /// With the place of the client's key in the flight.
    WaitCertificateVerify(Authenticating<at::ClientCertificate>, Range<u32>),
    WaitFinished(Authenticating<at::ClientCertificateVerify>, PossessionProved),
    AskVerify(Proved),
    Connected(Connected),
    /// A transition has failed, or the session was taken out.
    Spent,
}

impl Server {
    pub(super) fn start(random: [u8; 32]) -> Server {
        Server::WaitClientHello(WaitClientHello::first(random))
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

    pub(super) fn need(&self, negotiated: &Negotiated) -> Need {
        match self {
            Server::SendHelloRetryRequest(_) => Need::Send,
            Server::AskCredential(_) => Need::Credential(CredentialQuestion(Tag::of(Role::Server, negotiated))),
            Server::AskSign(state) => Need::Sign(state.question.clone()),
            Server::ChangeReadKey(_) => Need::ReadKey,
            Server::AskVerify(_) => Need::Verify(VerifyQuestion(Tag::of(Role::Server, negotiated))),
            Server::Connected(_) | Server::Spent => Need::Nothing,
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
        *self = match (core::mem::replace(self, Server::Spent), input) {
            (Server::WaitClientHello(state), Input::Message(message)) => match state.client_hello(cx, message)? {
                Answer::HelloRetryRequest(state) => Server::SendHelloRetryRequest(state),
                Answer::ServerHello(state) => Server::AskCredential(state),
            },
            (Server::SendHelloRetryRequest(state), Input::Room) => Server::WaitClientHello(state.send(cx, out)?),
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

    /// Plans what [`advance`](Self::advance) will send.
    pub(super) fn plan(
        &self,
        policy: &Policy,
        negotiated: &Negotiated,
        input: &Input<'_>,
        plan: &mut impl Plan,
    ) -> Result<(), ErrorKind> {
        match (self, input) {
            (Server::SendHelloRetryRequest(state), Input::Room) => state.plan_send(negotiated, plan),
            (Server::AskCredential(state), Input::Credential(credential)) => {
                state.plan_present(policy, negotiated, credential, plan)
            }
            (Server::AskSign(state), Input::Signature(signature)) => state.plan_signature(signature, plan),
            _ => Ok(()),
        }
    }

    /// Shows the traffic secrets of the state, for the key log.
    pub(super) fn expose(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        match self {
            Server::AskSign(state) => key_log::expose(Some(&state.secrets), None, show),
            Server::ChangeReadKey(state) | Server::WaitCertificate(state) => {
                key_log::expose(None, Some(&state.application), show)
            }
            Server::WaitCertificateVerify(state, _) => key_log::expose(None, Some(&state.application), show),
            Server::WaitFinished(state, _) => key_log::expose(None, Some(&state.application), show),
            Server::AskVerify(state) => key_log::expose(None, Some(&state.application), show),
            Server::Connected(connected) => key_log::expose(None, Some(&connected.secrets), show),
            _ => {}
        }
    }
}
