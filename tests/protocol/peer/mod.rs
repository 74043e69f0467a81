//! The scripted peer (`countersign::adversary`), and the stories that put it against an end of the crate.
//!
//! A test plays the legal handshake with one edit, or up to a state and then sends what it likes, record by record; the
//! peer opens what comes back and keeps every record it saw.

pub mod message;
pub mod story;

pub use countersign::adversary::peer::{
    ALERT, CCS, DATA, Edit, HANDSHAKE, HELLO_RETRY_REQUEST, Peer, SCHEMES, SECOND_CLIENT_HELLO,
};
pub use story::{Row, Story, accepts, identities, judged, refuses};
