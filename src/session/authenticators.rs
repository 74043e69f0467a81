//! Makes the [`Authenticators`] of a session (RFC 9261).

use super::Session;
use super::exporter::Exporter;
use super::info::SessionInfo;
use crate::engine::authenticator::Authenticators;
use crate::error::Misuse;
use crate::policy::Policy;
use crate::seed::Seed;
use core::borrow::Borrow;

impl Session {
    /// Proves and checks identities again in this session: see [`authenticator`](crate::authenticator). Call it once, and
    /// keep the value beside the session.
    ///
    /// `policy` is that of the handshake. `seed` makes our contexts unpredictable to the peer: use [`Seed::random`].
    ///
    /// # Errors
    /// [`Misuse::NotNow`]: the session has failed.
    pub fn authenticators<P: Borrow<Policy>>(&self, policy: P, seed: &Seed) -> Result<Authenticators<P>, Misuse> {
        Authenticators::new(policy, &self.info, &self.exporter, seed)
    }
}

impl<P: Borrow<Policy>> Authenticators<P> {
    /// As [`Session::authenticators`], for a split session. Call it once for each session: two values would not know what
    /// the other has accepted.
    ///
    /// # Errors
    /// [`Misuse::NotNow`]: the session has failed.
    pub fn new(policy: P, info: &SessionInfo, exporter: &Exporter, seed: &Seed) -> Result<Authenticators<P>, Misuse> {
        let keys = exporter.authenticator_keys().ok_or(Misuse::NotNow)?;
        let offered = (info.client_preferences, info.server_name.clone());
        Ok(Authenticators::start(policy, info.role(), (seed.clone().stamp(), &seed.random), keys, offered))
    }
}
