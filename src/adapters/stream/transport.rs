//! What a blocking transport must do in addition to reading and writing.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// How long one call of a transport may take; `None`: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For reading.
    pub read: Option<Duration>,
    /// For writing.
    pub write: Option<Duration>,
}

/// A transport with timeouts and a write side that can be shut down. A call that takes too long returns `WouldBlock` or
/// `TimedOut`.
///
/// [`Untimed`] is for other transports.
pub trait Transport: Read + Write {
    /// The present timeouts.
    ///
    /// # Errors
    /// Those of the transport.
    fn timeouts(&self) -> io::Result<Timeouts>;

    /// Sets both timeouts. They are never zero.
    ///
    /// # Errors
    /// Those of the transport.
    fn set_timeouts(&self, timeouts: Timeouts) -> io::Result<()>;

    /// Shuts the write side down. Reading continues.
    ///
    /// # Errors
    /// Those of the transport.
    fn shutdown_write(&mut self) -> io::Result<()>;
}

macro_rules! socket {
    ($socket:ty) => {
        impl Transport for $socket {
            fn timeouts(&self) -> io::Result<Timeouts> {
                Ok(Timeouts { read: self.read_timeout()?, write: self.write_timeout()? })
            }

            fn set_timeouts(&self, Timeouts { read, write }: Timeouts) -> io::Result<()> {
                self.set_read_timeout(read)?;
                self.set_write_timeout(write)
            }

            fn shutdown_write(&mut self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }
    };
}

socket!(TcpStream);
socket!(&TcpStream);
#[cfg(unix)]
socket!(std::os::unix::net::UnixStream);
#[cfg(unix)]
socket!(&std::os::unix::net::UnixStream);

/// A transport without timeouts. Deadlines are checked only between its calls: if a peer is silent for ever, the call
/// waits as long as the transport does.
#[derive(Debug)]
pub struct Untimed<S>(pub S);

impl<S: Read> Read for Untimed<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<S: Write> Write for Untimed<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Read + Write> Transport for Untimed<S> {
    fn timeouts(&self) -> io::Result<Timeouts> {
        Ok(Timeouts::default())
    }

    fn set_timeouts(&self, _: Timeouts) -> io::Result<()> {
        Ok(())
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
