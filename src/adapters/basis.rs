//! On what a connection stands.

use super::config::Config;
use super::reauthentication::Reauthentication;
use crate::x509::{Accepted, Expect, Lease};
use crate::{Exporter, SessionInfo};
use std::io;
use std::sync::{Arc, OnceLock};

/// Whom a connection has accepted, by which configuration, and how it is proved again.
pub(super) struct Basis {
    pub(super) config: Config,
    expect: Arc<[Expect]>,
    lease: Lease,
    /// One for each connection: two would not know what the other has accepted.
    again: OnceLock<Reauthentication>,
}

impl Basis {
    pub(super) fn new(config: Config, expect: Arc<[Expect]>, lease: Lease) -> Basis {
        Basis { config, expect, lease, again: OnceLock::new() }
    }

    /// Who the peer has proved to be in the handshake.
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
        let again = Reauthentication::new(&self.config, &self.expect, self.lease.clone(), (info, exporter))?;
        Ok(self.again.get_or_init(|| again).clone())
    }
}
