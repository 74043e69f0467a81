//! The modules that `tcp_server` and `tcp_client` share. The library has no socket, no file and no clock: these belong
//! to the caller.

pub(crate) mod arguments;
pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod key_log;
pub(crate) mod say;
pub(crate) mod transport;
pub(crate) mod words;
