//! The labels of the key log format (SSLKEYLOGFILE).

use crate::schedule::{HandshakeSecret, Pair, TrafficSecret};

/// Shows the secrets that a state holds, each under its label.
pub(super) fn expose(
    handshake: Option<&Pair<HandshakeSecret>>,
    application: Option<&Pair<TrafficSecret>>,
    show: &mut dyn FnMut(&'static str, &[u8]),
) {
    if let Some(secrets) = handshake {
        show("CLIENT_HANDSHAKE_TRAFFIC_SECRET", secrets.client.expose());
        show("SERVER_HANDSHAKE_TRAFFIC_SECRET", secrets.server.expose());
    }
    if let Some(secrets) = application {
        show("CLIENT_TRAFFIC_SECRET_0", secrets.client.expose());
        show("SERVER_TRAFFIC_SECRET_0", secrets.server.expose());
    }
}
