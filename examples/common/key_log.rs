//! The key log: whoever has it reads the connections. For debugging, with Wireshark for example.

use super::say::say;
use countersign::trace::KeyLogLine;
use countersign::{Handshake, Policy, Session};
use std::borrow::Borrow;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// A file that all connections append to.
pub(crate) struct KeyLog(Option<File>);

impl KeyLog {
    pub(crate) fn open(path: Option<&Path>) -> io::Result<KeyLog> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(KeyLog(path.map(|path| options.open(path)).transpose()?))
    }

    /// For one connection.
    pub(crate) fn connection(&self) -> ConnectionKeys<'_> {
        ConnectionKeys { log: self, written: Vec::new() }
    }
}

/// What has been logged of one connection.
pub(crate) struct ConnectionKeys<'a> {
    log: &'a KeyLog,
    written: Vec<&'static str>,
}

impl ConnectionKeys<'_> {
    /// Logs what is new. To be called at each question and at the end: secrets come and go.
    pub(crate) fn note<P: Borrow<Policy>>(&mut self, hs: &Handshake<P>) {
        hs.expose_secrets(&mut |label, secret| self.write(label, hs.client_random(), secret));
    }

    pub(crate) fn note_exporter(&mut self, client_random: &[u8; 32], session: &Session) {
        self.write("EXPORTER_SECRET", client_random, session.exporter().expose_secret());
    }

    fn write(&mut self, label: &'static str, client_random: &[u8; 32], secret: &[u8]) {
        let Some(mut file) = self.log.0.as_ref() else { return };
        if self.written.contains(&label) {
            return;
        }
        self.written.push(label);
        // Whole lines, so that those of parallel connections do not mix.
        let line = format!("{}\n", KeyLogLine { label, client_random, secret });
        if let Err(error) = file.write_all(line.as_bytes()) {
            say(format_args!("cannot write the key log: {error}"));
        }
    }
}
