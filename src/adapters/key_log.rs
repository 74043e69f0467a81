//! Which secrets of a connection the key log has received.

use super::config::KeyLog;
use crate::trace::KeyLogLine;
use crate::{Carrier, Exporter, Handshake, Policy};
use std::sync::Arc;
use std::vec::Vec;

/// Passes each secret of a connection to the key log once. Without a log it does nothing.
pub(super) struct KeysShown {
    log: Option<Arc<KeyLog>>,
    labels: Vec<&'static str>,
}

impl KeysShown {
    pub(super) fn to(log: Option<Arc<KeyLog>>) -> KeysShown {
        KeysShown { log, labels: Vec::new() }
    }

    /// Passes new secrets. Call it at each question and at the end, because the handshake drops its secrets early.
    pub(super) fn show<C: Carrier>(&mut self, handshake: &Handshake<Arc<Policy>, C>) {
        let (Some(log), labels) = (&self.log, &mut self.labels) else { return };
        handshake.expose_secrets(&mut |label, secret| {
            if !labels.contains(&label) {
                labels.push(label);
                log(&KeyLogLine { label, client_random: handshake.client_random(), secret });
            }
        });
    }

    /// The last one, which is the session's.
    pub(super) fn show_exporter(&self, client_random: &[u8; 32], exporter: &Exporter) {
        if let Some(log) = &self.log {
            log(&KeyLogLine { label: "EXPORTER_SECRET", client_random, secret: exporter.expose_secret() });
        }
    }
}
