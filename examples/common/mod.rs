//! What `tcp_server` and `tcp_client` share. Everything here is the caller's part: the library has no socket, no file
//! and no clock.

pub(crate) mod arguments;
pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod key_log;
pub(crate) mod say;
pub(crate) mod transport;
pub(crate) mod words;
