//! Our CertificateVerify and Finished, and the client's Finished (RFC 9846 §4.5).

use crate::codec::Message;
use crate::crypto::Suite;
use crate::engine::authenticate::{check_finished, plan_proof, send_proof};
use crate::engine::effects::{Effects, Plan, Secret};
use crate::engine::evidence::{Connected, LocalProofSent, PeerAccepted};
use crate::engine::question::SignQuestion;
use crate::engine::transition::Context;
use crate::error::ErrorKind;
use crate::schedule::{
    ExporterSecret, FinishedVerified, HandshakeSecret, Main, Pair, PossessionProved, TrafficSecret, Transcript, at,
};

/// Our Certificate has been sent. The signer is asked.
pub(crate) struct AskSign {
    pub(super) suite: Suite,
    pub(super) transcript: Transcript<at::ServerCertificate>,
    pub(super) secrets: Pair<HandshakeSecret>,
    pub(super) main: Main,
    pub(super) question: SignQuestion,
}

impl AskSign {
    /// Sends CertificateVerify and Finished. The application key protects everything after them, also alerts before the
    /// client is judged (§4.5.3, §7.1).
    pub(super) fn signature(
        self,
        signature: &[u8],
        out: &mut impl Effects,
    ) -> Result<Authenticating<at::ServerFinished>, ErrorKind> {
        let AskSign { suite, transcript, secrets, main, question } = self;
        let (proof, transcript) = send_proof(out, transcript, question.scheme, signature, &secrets.server)?;
        let (application, exporter) = main.application(&transcript.hash());
        out.write_key(suite, Secret::Application(&application.server))?;
        Ok(Authenticating { suite, transcript, client: secrets.client, application, exporter, proof })
    }

    /// Plans what [`signature`](Self::signature) sends.
    pub(super) fn plan_signature(&self, signature: &[u8], plan: &mut impl Plan) -> Result<(), ErrorKind> {
        plan_proof(plan, self.suite, self.question.scheme, signature)?;
        plan.write_key();
        Ok(())
    }
}

/// The client's protected flight, up to `At`.
pub(crate) struct Authenticating<At> {
    pub(super) suite: Suite,
    pub(super) transcript: Transcript<At>,
    /// client_handshake_traffic_secret, to check the client's Finished.
    pub(super) client: HandshakeSecret,
    pub(super) application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
    proof: LocalProofSent,
}

impl<At: at::Before> Authenticating<At> {
    pub(super) fn append(self, message: Message<'_>) -> Authenticating<At::Next> {
        let Authenticating { suite, transcript, client, application, exporter, proof } = self;
        Authenticating { suite, transcript: transcript.append(message.raw), client, application, exporter, proof }
    }
}

impl Authenticating<at::ClientCertificateVerify> {
    /// The client's Finished (§4.5.3).
    pub(super) fn finished(
        self,
        cx: &mut Context<'_>,
        message: Message<'_>,
        possession: PossessionProved,
        out: &mut impl Effects,
    ) -> Result<Proved, ErrorKind> {
        let Authenticating { suite, transcript, client, application, exporter, proof } = self;
        let finished = check_finished(cx.policy, suite, &client, &transcript.hash(), message)?;
        out.read_key(suite, Secret::Application(&application.client))?;
        Ok(Proved { suite, application, exporter, possession, finished, proof })
    }
}

/// The client has proved that it holds its key and has seen the same handshake.
pub(crate) struct Proved {
    suite: Suite,
    pub(super) application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
    possession: PossessionProved,
    finished: FinishedVerified,
    proof: LocalProofSent,
}

impl Proved {
    pub(super) fn accepted(self, accepted: PeerAccepted) -> Connected {
        let evidence = (self.possession, self.finished, accepted, self.proof);
        Connected::new(evidence, self.suite, (self.application, self.exporter))
    }
}
