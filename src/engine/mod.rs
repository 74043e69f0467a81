//! The client and server state machines.

pub mod question;
