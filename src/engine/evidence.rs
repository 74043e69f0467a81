//! Evidence of the checks that a connection needs before it is connected (R9): values that only the checks can make.
//!
//! They are zero-sized, have private constructors and are neither `Copy` nor `Clone`: a state that holds one has done
//! the check. The peer's two, [`PossessionProved`] and [`FinishedVerified`], are made by the schedule.

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

/// What is left of a handshake: the keys of the session.
pub(crate) struct Connected {
    pub(crate) suite: Suite,
    pub(crate) secrets: Pair<TrafficSecret>,
    pub(crate) exporter: ExporterSecret,
    /// A server's secret after the KeyUpdate by which it has told the client that it is accepted, if it has.
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
