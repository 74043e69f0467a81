//! What must have happened before a connection is connected (R9): values that only the checks can make.
//!
//! They are zero-sized, have private constructors and are neither `Copy` nor `Clone`: a state that holds one has done
//! the check. The peer's two, [`PossessionProved`] and [`FinishedVerified`], are made by the schedule.

use crate::crypto::Suite;
use crate::schedule::{ExporterSecret, FinishedVerified, Pair, PossessionProved, TrafficSecret};

/// The caller has accepted who the peer is.
#[must_use]
pub(super) struct PeerAccepted(());

impl PeerAccepted {
    /// For the answer to Verify, and nothing else.
    pub(super) fn by_verdict() -> Self {
        PeerAccepted(())
    }
}

/// We have sent our own Certificate, CertificateVerify and Finished.
#[must_use]
pub(super) struct LocalProofSent(());

impl LocalProofSent {
    /// For the function that sends them, and nothing else.
    pub(super) fn with_finished() -> Self {
        LocalProofSent(())
    }
}

/// What is left of a handshake: the keys of the session.
pub(crate) struct Connected {
    pub(crate) suite: Suite,
    pub(crate) secrets: Pair<TrafficSecret>,
    pub(crate) exporter: ExporterSecret,
    /// A server's secret after the KeyUpdate by which it has told the client that it is accepted, if it has.
    pub(crate) confirmed: Option<TrafficSecret>,
    /// Nobody outside of this file can write this value down.
    _proved: (),
}

impl Connected {
    /// The only way to be connected: mutual or nothing.
    pub(super) fn new(
        _: (PossessionProved, FinishedVerified, PeerAccepted, LocalProofSent),
        suite: Suite,
        (secrets, exporter): (Pair<TrafficSecret>, ExporterSecret),
    ) -> Connected {
        Connected { suite, secrets, exporter, confirmed: None, _proved: () }
    }
}
