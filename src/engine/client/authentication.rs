//! The server's Finished, and our Certificate, CertificateVerify and Finished (RFC 9846 §4.5).

use super::server_parameters::Handshaking;
use crate::codec::Message;
use crate::crypto::Suite;
use crate::engine::authenticate::{
    ask_to_sign, check_finished, choose_scheme, plan_certificate, plan_proof, send_certificate, send_proof,
};
use crate::engine::effects::{Effects, Plan, Secret};
use crate::engine::evidence::{Connected, PeerAccepted};
use crate::engine::negotiated::Negotiated;
use crate::engine::peer_preferences::PeerPreferences;
use crate::engine::question::{Credential, SignQuestion};
use crate::engine::transition::Context;
use crate::error::ErrorKind;
use crate::role::Role;
use crate::schedule::{
    ExporterSecret, FinishedVerified, HandshakeSecret, Pair, PossessionProved, TrafficSecret, Transcript, at,
};

impl Handshaking<at::ServerCertificateVerify> {
    /// The server's Finished (§4.5.3), after which the application keys exist.
    pub(super) fn finished(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        possession: PossessionProved,
        out: &mut impl Effects,
    ) -> Result<Proved, ErrorKind> {
        let Handshaking { suite, transcript, secrets, main, preferences } = self;
        let finished = check_finished(cx.policy, suite, &secrets.server, &transcript.hash(), message)?;
        let transcript = transcript.append(message.raw);
        let (application, exporter) = main.application(&transcript.hash());
        out.read_key(suite, Secret::Application(&application.server))?;
        Ok(Proved { suite, transcript, secrets, application, exporter, preferences, possession, finished })
    }
}

/// The server has proved that it holds its key and has seen the same handshake.
pub(crate) struct Proved {
    suite: Suite,
    transcript: Transcript<at::ServerFinished>,
    pub(super) secrets: Pair<HandshakeSecret>,
    pub(super) application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
    preferences: PeerPreferences,
    possession: PossessionProved,
    finished: FinishedVerified,
}

impl Proved {
    /// Sends our Certificate (R6: only after the server has been accepted).
    pub(super) fn present(
        self,
        cx: &mut Context<'_>,
        accepted: PeerAccepted,
        credential: &Credential<'_>,
        out: &mut impl Effects,
    ) -> Result<AskSign, ErrorKind> {
        let Proved { suite, transcript, secrets, application, exporter, preferences, possession, finished } = self;
        let scheme = choose_scheme(&preferences, credential)?;
        cx.negotiated.set_own_scheme(scheme);
        if cx.negotiated.middlebox_compatibility && !cx.negotiated.retried {
            out.change_cipher_spec()?; // before the second flight (§E.4)
        }
        let transcript = send_certificate(out, transcript, &preferences, credential)?;
        let question = ask_to_sign(Role::Client, scheme, &transcript.hash());
        let evidence = (possession, finished, accepted);
        Ok(AskSign { suite, transcript, secrets, application, exporter, evidence, question })
    }

    /// Plans what [`present`](Self::present) sends.
    pub(super) fn plan_present(
        &self,
        negotiated: &Negotiated,
        credential: &Credential<'_>,
        plan: &mut impl Plan,
    ) -> Result<(), ErrorKind> {
        if negotiated.middlebox_compatibility && !negotiated.retried {
            plan.change_cipher_spec();
        }
        plan_certificate(plan, &self.preferences, credential)
    }
}

/// Our Certificate has been sent. The signer is asked.
pub(crate) struct AskSign {
    suite: Suite,
    transcript: Transcript<at::ClientCertificate>,
    pub(super) secrets: Pair<HandshakeSecret>,
    pub(super) application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
    evidence: (PossessionProved, FinishedVerified, PeerAccepted),
    pub(super) question: SignQuestion,
}

impl AskSign {
    /// Sends CertificateVerify and Finished: connected.
    pub(super) fn signature(self, signature: &[u8], out: &mut impl Effects) -> Result<Connected, ErrorKind> {
        let AskSign { suite, transcript, secrets, application, exporter, evidence, question } = self;
        let (proof, _) = send_proof(out, transcript, question.scheme, signature, &secrets.client)?;
        out.write_key(suite, Secret::Application(&application.client))?;
        let (possession, finished, accepted) = evidence;
        Ok(Connected::new((possession, finished, accepted, proof), suite, (application, exporter)))
    }

    /// Plans what [`signature`](Self::signature) sends.
    pub(super) fn plan_signature(&self, signature: &[u8], plan: &mut impl Plan) -> Result<(), ErrorKind> {
        plan_proof(plan, self.suite, self.question.scheme, signature)?;
        plan.write_key();
        Ok(())
    }
}
