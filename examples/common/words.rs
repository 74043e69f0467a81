//! What is said about a connection: one line that an operator understands.

use countersign::x509::{Answerer, Escaped, Identities, PeerIdentity};
use countersign::{Alert, Error, ErrorKind, Handshake, Inbox, Misuse, Policy, State};
use std::borrow::Borrow;
use std::fmt;
use std::io;

/// Why a connection failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// TLS says so; or our own answers do.
    Tls(Error),
    /// The transport failed, while this was awaited.
    Transport(io::Error, State),
    /// The peer took too long, while this was awaited. It has been told by user_canceled.
    TooSlow(State),
    /// Our own input or output failed.
    Local(&'static str, io::Error),
    /// A misuse of the library: a bug of this program.
    Misuse(Misuse),
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Failure {
        Failure::Misuse(misuse)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Tls(error) => write!(f, "{error}"),
            Failure::Transport(error, state) => write!(f, "the transport failed (in {state}): {error}"),
            Failure::TooSlow(state) => write!(f, "the peer took too long (in {state}); user_canceled sent"),
            Failure::Local(what, error) => write!(f, "{what}: {error}"),
            Failure::Misuse(misuse) => write!(f, "a bug of this program: {misuse}"),
        }
    }
}

impl Failure {
    /// The failure in one sentence: which side, which certificate, what is wrong with it, which alert.
    pub(crate) fn sentence(&self, answerer: &Answerer, identities: &Identities) -> String {
        let Failure::Tls(error) = self else { return self.to_string() };
        let role = error.role();
        let alert = match error.alert() {
            Some(Alert::Sent(alert)) => format!("; alert {alert} sent"),
            Some(Alert::Received(alert)) => format!("; alert {alert} received"),
            None => String::new(),
        };
        match (error.kind(), answerer.refusal(), answerer.declined()) {
            // Whatever its certificate says is a claim, and this one we do not believe.
            (ErrorKind::Rejected { .. }, Some(why), _) => {
                format!("we, the {role}, refused the claimed identity: {why}{alert}")
            }
            (ErrorKind::Declined { .. }, _, Some(why)) => format!("we, the {role}, could not go on: {why}{alert}"),
            (
                ErrorKind::PeerRejectedCertificate { .. }
                | ErrorKind::PeerRejectedProof { .. }
                | ErrorKind::UnauthenticatedAlert { .. },
                ..,
            ) => {
                let ours = identities.identities().first().and_then(|identity| identity.chain().first());
                let ours = ours.and_then(|leaf| PeerIdentity::read(leaf).ok());
                let ours = ours.map_or(String::new(), |ours| format!("; our certificate is {ours}"));
                format!("{error}{alert}{ours}")
            }
            _ if matches!(error.alert(), Some(Alert::Received(_))) => format!("{error}{alert}"),
            _ => error.to_string(),
        }
    }
}

/// Who the peer has proved to be, and what was agreed on.
pub(crate) fn connected<P: Borrow<Policy>>(hs: &Handshake<P>, answerer: &Answerer) -> String {
    let mut negotiated = Vec::new();
    if let Some(peer) = answerer.accepted().and_then(|accepted| accepted.identity()) {
        negotiated.push(match &peer.common_name {
            Some(name) => format!("CN={}", Escaped(name)),
            None => "no CN".to_string(),
        });
        negotiated.extend(peer.spiffe_id.as_ref().map(|id| Escaped(id.as_str()).to_string()));
        negotiated
            .push(format!("SHA-256 {}", peer.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
    }
    negotiated.extend(hs.cipher_suite().map(|suite| suite.to_string()));
    negotiated.extend(hs.group().map(|group| group.to_string()));
    if hs.retried() {
        negotiated.push("after HelloRetryRequest".to_string());
    }
    if let Some(protocol) = hs.alpn() {
        negotiated.push(format!("ALPN {}", Escaped(&String::from_utf8_lossy(protocol))));
    }
    negotiated.join(", ")
}

/// Who the peer says it is, before anybody has judged it.
pub(crate) fn claimed<P: Borrow<Policy>>(hs: &Handshake<P>, rx: &Inbox<Vec<u8>>) -> String {
    let leaf = hs.peer(rx).ok().map(|peer| peer.leaf().to_vec());
    let claimed = leaf.and_then(|leaf| PeerIdentity::read(&leaf).ok());
    claimed.map_or(String::new(), |claimed| format!("; claimed identity: {claimed}"))
}
