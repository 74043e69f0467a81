//! What is said to the socket itself.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// A peer that takes nothing of what we send for so long is given up.
pub(crate) const SLOW_READER: Duration = Duration::from_secs(30);
/// Nobody waits longer for a peer to close, once it has been told that we have.
const FAREWELL: Duration = Duration::from_secs(2);

/// Sets what all our connections want.
pub(crate) fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true); // flights are written whole
    let _ = stream.set_write_timeout(Some(SLOW_READER));
}

/// Shuts the write side, and waits a little for the peer to close. Closing with bytes unread makes TCP reset the
/// connection, and the peer would never see an alert. (`Stream::close` does it; this is for a stream taken apart.)
pub(crate) fn farewell(mut stream: &TcpStream) {
    let until = Instant::now() + FAREWELL;
    let _ = stream.shutdown(Shutdown::Write);
    let mut unwanted = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut unwanted) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}
