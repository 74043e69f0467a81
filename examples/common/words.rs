//! One line for the operator about a connection.

use countersign::adapters::Failure;
use countersign::x509::{Accepted, Escaped, Identities, PeerIdentity};
use countersign::{Alert, Error, ErrorKind, SessionInfo};
use std::io;

/// Why a connection failed, in one sentence: which side, which certificate, what is wrong with it, which alert.
pub(crate) fn sentence(error: &io::Error, identities: &Identities) -> String {
    match Failure::inside(error) {
        // The names in its certificate are only a claim.
        Some(Failure::Refused { error, refusal }) => {
            format!("we, the {}, refused the claimed identity: {refusal}{}", error.role(), alert(*error))
        }
        Some(Failure::Declined { error, declined }) => {
            format!("we, the {}, could not go on: {declined}{}", error.role(), alert(*error))
        }
        Some(Failure::Failed(error)) => of_tls(*error, identities),
        Some(Failure::TimedOut(state)) => format!("the peer took too long (in {state}); user_canceled sent"),
        Some(other) => other.to_string(),
        None => format!("the transport failed: {error}"),
    }
}

/// The same for an error of the machine.
pub(crate) fn of_tls(error: Error, identities: &Identities) -> String {
    match error.kind() {
        ErrorKind::PeerRejectedCertificate { .. }
        | ErrorKind::PeerRejectedProof { .. }
        | ErrorKind::UnauthenticatedAlert { .. } => {
            let ours = identities.identities().first().and_then(|identity| identity.chain().first());
            let ours = ours.and_then(|leaf| PeerIdentity::read(leaf).ok());
            let ours = ours.map_or(String::new(), |ours| format!("; our certificate is {ours}"));
            format!("{error}{}{ours}", alert(error))
        }
        _ if matches!(error.alert(), Some(Alert::Received(_))) => format!("{error}{}", alert(error)),
        _ => error.to_string(),
    }
}

fn alert(error: Error) -> String {
    match error.alert() {
        Some(Alert::Sent(alert)) => format!("; alert {alert} sent"),
        Some(Alert::Received(alert)) => format!("; alert {alert} received"),
        None => String::new(),
    }
}

/// The proved identity of the peer, and the negotiated parameters.
pub(crate) fn connected(info: &SessionInfo) -> String {
    let mut negotiated = Vec::new();
    if let Some(peer) = info.peer().and_then(Accepted::identity) {
        negotiated.push(match &peer.common_name {
            Some(name) => format!("CN={}", Escaped(name)),
            None => "no CN".to_string(),
        });
        negotiated.extend(peer.spiffe_id.as_ref().map(|id| Escaped(id.as_str()).to_string()));
        negotiated
            .push(format!("SHA-256 {}", peer.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
    }
    negotiated.extend([info.cipher_suite().to_string(), info.group().to_string()]);
    if info.retried() {
        negotiated.push("after HelloRetryRequest".to_string());
    }
    if let Some(protocol) = info.alpn() {
        negotiated.push(format!("ALPN {}", Escaped(&String::from_utf8_lossy(protocol))));
    }
    negotiated.join(", ")
}
