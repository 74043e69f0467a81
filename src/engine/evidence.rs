//! Evidence of the checks that a connection needs before it is connected (R9): values that only the checks can make.
//!
//! The values are zero-sized, have private constructors, and are neither `Copy` nor `Clone`: a state that holds one has
//! made the check. The schedule makes [`PossessionProved`] and [`FinishedVerified`].

use crate::crypto::Suite;
use crate::schedule::{ExporterSecret, FinishedVerified, Pair, PossessionProved, TrafficSecret};

/// The caller has accepted the identity of the peer.
#[must_use]
pub(super) struct PeerAccepted(());

impl PeerAccepted {
    /// Only for the answer to Verify.
    pub(super) fn by_verdict() -> Self {
        PeerAccepted(())
    }
}

/// We have sent our own Certificate, CertificateVerify and Finished.
#[must_use]
pub(super) struct LocalProofSent(());

impl LocalProofSent {
    /// Only for the function that sends them.
    pub(super) fn with_finished() -> Self {
        LocalProofSent(())
    }
}

/// The result of a handshake: the keys of the session.
pub(crate) struct Connected {
    pub(crate) suite: Suite,
    pub(crate) secrets: Pair<TrafficSecret>,
    pub(crate) exporter: ExporterSecret,
    /// Only for servers: our secret after the KeyUpdate that confirmed the client, if it was sent.
    pub(crate) confirmed: Option<TrafficSecret>,
    /// Private, so that only this file can construct the value.
    _proved: (),
}

impl Connected {
    /// The only constructor: mutual or nothing.
    pub(super) fn new(
        _: (PossessionProved, FinishedVerified, PeerAccepted, LocalProofSent),
        suite: Suite,
        (secrets, exporter): (Pair<TrafficSecret>, ExporterSecret),
    ) -> Connected {
        Connected { suite, secrets, exporter, confirmed: None, _proved: () }
    }
}
