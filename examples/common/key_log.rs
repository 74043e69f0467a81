//! The key log: whoever has it reads the connections. For debugging, with Wireshark for example.

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
        // Whole lines, so that those of parallel connections do not mix.
        if let Err(error) = (&file).write_all(format!("{line}\n").as_bytes()) {
            say(format_args!("cannot write the key log: {error}"));
        }
    })))
}
