//! ClientHello and HelloRetryRequest (RFC 9846 §4.2).

use super::hello_digest::hello_digest;
use super::negotiate::negotiate;
use super::server_parameters::AskCredential;
use crate::codec::{ClientHello, HandshakeType, Message, NamedGroup, TLS13, Writer, write_hello_retry_request};
use crate::crypto::Hash;
use crate::engine::check::malformed;
use crate::engine::chosen::Choice;
use crate::engine::effects::{Effects, Plan, plan, send};
use crate::engine::negotiated::Negotiated;
use crate::engine::transition::Context;
use crate::error::ErrorKind;
use crate::schedule::{Transcript, at};

/// ClientHello comes next.
pub(crate) struct WaitClientHello {
    /// ServerHello.random.
    random: [u8; 32],
    retried: Option<Retried>,
}

/// A HelloRetryRequest has been sent. The second ClientHello is compared with this.
struct Retried {
    transcript: Transcript<at::HelloRetryRequest>,
    digest: Hash,
    group: NamedGroup,
}

/// The state that sends the answer to the ClientHello.
#[allow(clippy::large_enum_variant)] // no heap
pub(super) enum Answer {
    HelloRetryRequest(SendHelloRetryRequest),
    ServerHello(AskCredential),
}

impl WaitClientHello {
    pub(super) fn first(random: [u8; 32]) -> WaitClientHello {
        WaitClientHello { random, retried: None }
    }

    /// ClientHello (§4.2.2), the first or the second.
    pub(super) fn client_hello(self, cx: &mut Context<'_>, message: Message<'_>) -> Result<Answer, ErrorKind> {
        let WaitClientHello { random, retried } = self;
        let hello = ClientHello::parse(message.body).map_err(malformed(HandshakeType::CLIENT_HELLO))?;
        let opaque = cx.negotiated.extension.as_ref().map(|(extension, _)| *extension);
        let before = retried.as_ref().map(|retried| (retried.digest, retried.group));
        let choice = negotiate(cx.policy, opaque, &hello, before)?;
        cx.negotiated.set_choice(&choice, cx.find(message.body)?);
        let hash = choice.suite.hash();
        if choice.retry {
            let transcript = Transcript::start_retry(hash, message.raw);
            let digest = hello_digest(&hello);
            return Ok(Answer::HelloRetryRequest(SendHelloRetryRequest { random, transcript, digest, choice }));
        }
        let transcript = match retried {
            None => Transcript::start(hash, message.raw),
            Some(retried) => retried.transcript.append(message.raw),
        };
        Ok(Answer::ServerHello(AskCredential { random, transcript, choice }))
    }
}

/// The HelloRetryRequest has not been sent yet.
pub(crate) struct SendHelloRetryRequest {
    random: [u8; 32],
    transcript: Transcript<at::MessageHash>,
    digest: Hash,
    choice: Choice,
}

impl SendHelloRetryRequest {
    pub(super) fn send(self, cx: &mut Context<'_>, out: &mut impl Effects) -> Result<WaitClientHello, ErrorKind> {
        let SendHelloRetryRequest { random, transcript, digest, choice } = self;
        let transcript = send(out, transcript, |w| hello_retry_request(&choice, w))?;
        if cx.negotiated.middlebox_compatibility {
            out.change_cipher_spec()?; // after the first handshake message (§E.4)
        }
        Ok(WaitClientHello { random, retried: Some(Retried { transcript, digest, group: choice.group }) })
    }

    /// Plans what [`send`](Self::send) sends.
    pub(super) fn plan_send(&self, negotiated: &Negotiated, out: &mut impl Plan) -> Result<(), ErrorKind> {
        plan(out, |w| hello_retry_request(&self.choice, w))?;
        if negotiated.middlebox_compatibility {
            out.change_cipher_spec();
        }
        Ok(())
    }
}

/// HelloRetryRequest (§4.2.4).
fn hello_retry_request(choice: &Choice, w: &mut Writer<'_>) {
    write_hello_retry_request(w, choice.legacy_session_id.as_slice(), choice.suite.number(), |w| {
        w.selected_version(TLS13);
        w.selected_group(choice.group);
    });
}
