//! Proving identities again (RFC 9261): where a session's authenticators come from.

use super::Session;
use super::exporter::Exporter;
use super::info::SessionInfo;
use crate::engine::authenticator::Authenticators;
use crate::error::Misuse;
use crate::policy::Policy;
use crate::seed::Seed;
use core::borrow::Borrow;

impl Session {
    /// What proves and checks identities again inside of this session: ask for it once, and keep it beside the session.
    /// See [`authenticator`](crate::authenticator).
    ///
    /// `policy` is the one of the handshake: it says what we accept. `seed` makes the requests' contexts unpredictable to
    /// the peer; [`Seed::random`] will do.
    ///
    /// # Errors
    /// [`Misuse::NotNow`]: the session has failed.
    pub fn authenticators<P: Borrow<Policy>>(&self, policy: P, seed: &Seed) -> Result<Authenticators<P>, Misuse> {
        Authenticators::new(policy, &self.info, &self.exporter, seed)
    }
}

impl<P: Borrow<Policy>> Authenticators<P> {
    /// For a session in two halves, whose exporter and info are at hand. Else see [`Session::authenticators`]. One for each
    /// session: two of them do not know what the other has accepted.
    ///
    /// # Errors
    /// [`Misuse::NotNow`]: the session has failed.
    pub fn new(policy: P, info: &SessionInfo, exporter: &Exporter, seed: &Seed) -> Result<Authenticators<P>, Misuse> {
        let keys = exporter.authenticator_keys().ok_or(Misuse::NotNow)?;
        let offered = (info.client_preferences, info.server_name.clone());
        Ok(Authenticators::start(policy, info.role(), (seed.clone().stamp(), &seed.random), keys, offered))
    }
}
