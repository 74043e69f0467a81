//! Identities are proved again inside of a session (RFC 9261).

mod common;
#[path = "../support/end.rs"]
mod end;
#[path = "../support/identity.rs"]
mod identity;
mod peer;

mod answers;
mod fields;
mod lease;
mod once;
mod requests;
mod stories;
mod table;
