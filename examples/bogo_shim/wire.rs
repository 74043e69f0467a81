//! The connection to the runner, with its memory.

use crate::flags::Flags;
use countersign::{Inbox, Outbox};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::time::Duration;

/// Larger than the longest flight of any test.
const MEMORY: usize = 192 * 1024;

/// The runner gives up on a silent shim after 15 seconds.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Wire {
    stream: TcpStream,
    pub(crate) rx: Inbox<Vec<u8>>,
    pub(crate) tx: Outbox<Vec<u8>>,
    /// The limit of bytes for one read or write.
    most: usize,
}

impl Wire {
    /// Connects (a shim always does, in either role), and sends the number of the test.
    pub(crate) fn connect(flags: &Flags) -> io::Result<Wire> {
        let mut stream = if flags.ipv6 {
            TcpStream::connect((Ipv6Addr::LOCALHOST, flags.port))?
        } else {
            TcpStream::connect((Ipv4Addr::LOCALHOST, flags.port))?
        };
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&flags.shim_id.to_le_bytes())?;
        let most = if flags.one_byte_at_a_time { 1 } else { usize::MAX };
        Ok(Wire { stream, rx: Inbox::new(vec![0; MEMORY]), tx: Outbox::new(vec![0; MEMORY]), most })
    }

    /// Reads once. The state machine judges the bytes, and also the end.
    pub(crate) fn read(&mut self) -> io::Result<()> {
        let space = self.rx.space();
        let most = self.most.min(space.len());
        let len = match self.stream.read(&mut space[..most]) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            read => read?,
        };
        self.rx.filled(len);
        Ok(())
    }

    /// Sends at most this many of the pending bytes.
    pub(crate) fn send_some(&mut self, mut len: usize) {
        while len > 0 && !self.tx.is_empty() {
            let pending = self.tx.pending();
            let piece = self.most.min(len).min(pending.len());
            // The peer may have sent a reason before it closed, so reading continues.
            let sent = self.stream.write(&pending[..piece]).unwrap_or(piece);
            self.tx.sent(sent);
            len -= sent;
        }
    }

    /// Sends all pending bytes.
    pub(crate) fn send(&mut self) {
        self.send_some(usize::MAX);
    }

    /// Sends what is left, and waits for the runner to close. A TCP reset would lose our last bytes.
    pub(crate) fn shut_down(&mut self) {
        self.send();
        let _ = self.stream.shutdown(Shutdown::Write);
        let mut rest = [0; 4096];
        while matches!(self.stream.read(&mut rest), Ok(1..)) {}
    }
}
