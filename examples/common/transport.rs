//! The options of the socket.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The connection is given up if the peer takes none of our bytes for so long.
pub(crate) const SLOW_READER: Duration = Duration::from_secs(30);
/// How long we wait for the peer to close after we have closed.
const FAREWELL: Duration = Duration::from_secs(2);

/// Sets the options of all our connections.
pub(crate) fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true); // flights are written whole, so a delay gains nothing
    let _ = stream.set_write_timeout(Some(SLOW_READER));
}

/// Shuts the write side, and waits a short time for the peer to close. TCP resets a connection that is closed with
/// unread bytes, and then the peer would not receive our alert. (`Stream::close` does the same; this is for a stream
/// that was taken apart.)
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
