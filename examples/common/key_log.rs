//! The key log, for debugging with Wireshark for example. Whoever has it can read the connections.

use super::say::say;
use countersign::adapters::KeyLog;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// A file that all connections append to.
pub(crate) fn open(path: Option<&Path>) -> io::Result<Option<Arc<KeyLog>>> {
    let Some(path) = path else { return Ok(None) };
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    Ok(Some(Arc::new(move |line| {
        // One write for each line, so that the lines of parallel connections do not mix.
        if let Err(error) = (&file).write_all(format!("{line}\n").as_bytes()) {
            say(format_args!("cannot write the key log: {error}"));
        }
    })))
}
