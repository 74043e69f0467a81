//! The parts of the configuration that both roles need.

use crate::adapters::config::Config;
use crate::adapters::failure::Failure;
use core::fmt;
use std::sync::Arc;

/// QUIC needs an application protocol (RFC 9001 §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAlpn;

impl fmt::Display for NoAlpn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QUIC needs an application protocol, and the policy has none: give it one with `Policy::alpn`")
    }
}

impl core::error::Error for NoAlpn {}

/// Is called when a handshake fails.
type OnFailure = dyn Fn(&Failure) + Send + Sync;

/// What the sessions of either role need.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) config: Config,
    on_failure: Option<Arc<OnFailure>>,
}

impl Shared {
    pub(super) fn new(config: Config) -> Result<Shared, NoAlpn> {
        if config.policy.protocols().next().is_none() {
            return Err(NoAlpn);
        }
        let policy = (*config.policy).clone().require_alpn(true);
        Ok(Shared { config: config.policy(policy), on_failure: None })
    }

    pub(super) fn on_failure(&mut self, on_failure: impl Fn(&Failure) + Send + Sync + 'static) {
        self.on_failure = Some(Arc::new(on_failure));
    }

    pub(super) fn report(&self, failure: &Failure) {
        if let Some(on_failure) = &self.on_failure {
            on_failure(failure);
        }
    }
}
