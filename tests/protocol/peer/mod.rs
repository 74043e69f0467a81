//! The scripted peer (`countersign::adversary`), and the tests' runs of it against an end of the crate.
//!
//! A test plays the legal handshake with one change, or up to a state, and then sends any records. The peer opens the
//! answers and keeps all records.

pub mod message;
pub mod story;

pub use countersign::adversary::peer::{
    ALERT, CCS, DATA, Edit, HANDSHAKE, HELLO_RETRY_REQUEST, Peer, SCHEMES, SECOND_CLIENT_HELLO,
};
pub use story::{Row, Story, accepts, identities, judged, refuses};
