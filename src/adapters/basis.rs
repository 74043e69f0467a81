//! What a connection keeps of its handshake.

use super::config::Config;
use super::metrics::Living;
use super::reauthentication::Reauthentication;
use crate::x509::{Accepted, Expect, Lease};
use crate::{Exporter, SessionInfo};
use std::io;
use std::sync::{Arc, OnceLock};

/// The accepted peer of a connection, the configuration, and how identities are proved again.
pub(super) struct Basis {
    pub(super) config: Config,
    expect: Arc<[Expect]>,
    lease: Lease,
    /// One for each connection: two would not know what the other one has accepted.
    again: OnceLock<Reauthentication>,
    /// For metrics.
    living: Option<Arc<Living>>,
}

impl Basis {
    pub(super) fn new(config: Config, expect: Arc<[Expect]>, lease: Lease) -> Basis {
        let living = config.metrics.clone().map(|metrics| Arc::new(Living::new(metrics, lease.valid_until())));
        Basis { config, expect, lease, again: OnceLock::new(), living }
    }

    /// The identity that the peer has proved in the handshake.
    pub(super) fn peer(&self) -> &Accepted {
        self.lease.accepted()
    }

    /// What the peer has proved in the handshake, or since.
    pub(super) fn lease(&self) -> Lease {
        self.again.get().map_or_else(|| self.lease.clone(), Reauthentication::lease)
    }

    pub(super) fn reauthentication(&self, info: &SessionInfo, exporter: &Exporter) -> io::Result<Reauthentication> {
        if let Some(again) = self.again.get() {
            return Ok(again.clone());
        }
        let living = self.living.as_ref().map(Arc::downgrade).unwrap_or_default();
        let again = Reauthentication::new(&self.config, &self.expect, (self.lease.clone(), living), (info, exporter))?;
        Ok(self.again.get_or_init(|| again).clone())
    }
}
