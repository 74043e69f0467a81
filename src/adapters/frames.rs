//! Frames for programs without a framing of their own: data and the messages of RFC 9261 over one stream.

use std::io::{self, Read};
use std::vec::Vec;

/// Kind, and length.
const HEADER: usize = 4;
const DATA: u8 = 0;
const AUTHENTICATOR: u8 = 1;

/// A frame. On the wire it is one byte for the kind (0 data, 1 authenticator), three for the length (big-endian), and
/// the contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Application data.
    Data(Vec<u8>),
    /// For [`Reauthentication::receive`](super::Reauthentication::receive).
    Authenticator(Vec<u8>),
}

impl Frame {
    /// The bytes on the wire.
    ///
    /// # Errors
    /// `InvalidInput` if the contents are longer than 16,777,215 bytes.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let (kind, contents) = match self {
            Frame::Data(contents) => (DATA, contents),
            Frame::Authenticator(contents) => (AUTHENTICATOR, contents),
        };
        let length = u32::try_from(contents.len()).unwrap_or(u32::MAX).to_be_bytes();
        match length {
            [0, length @ ..] => Ok([&[kind][..], &length, contents].concat()),
            _ => Err(invalid(io::ErrorKind::InvalidInput, "a frame carries at most 16,777,215 bytes")),
        }
    }
}

/// Reads frames from a stream. It keeps the received part of a frame: after an interruption, a timeout or a dropped
/// future the next read continues there.
///
/// ```no_run
/// use countersign::adapters::{Frame, Frames, Reauthenticated, stream::Stream};
/// use std::{io::{self, Write}, net::TcpStream};
///
/// fn serve(mut stream: Stream<TcpStream>) -> io::Result<()> {
///     let (again, mut frames) = (stream.reauthentication()?, Frames::new(1 << 16));
///     stream.write_all(&Frame::Authenticator(again.request()?).to_bytes()?)?; // prove who you are, now
///     while let Some(frame) = frames.read(&mut stream)? {
///         match frame {
///             Frame::Data(data) => println!("{}", data.escape_ascii()),
///             Frame::Authenticator(message) => match again.receive(&message)? {
///                 Reauthenticated::Answer(answer) | Reauthenticated::Unable { message: answer, .. } => {
///                     stream.write_all(&Frame::Authenticator(answer).to_bytes()?)?;
///                 }
///                 Reauthenticated::Renewed(lease) | Reauthenticated::Unasked(lease) => println!("{lease}"),
///                 Reauthenticated::Declined(_) => return stream.close(),
///             },
///         }
///     }
///     stream.close()
/// }
/// ```
#[derive(Debug)]
pub struct Frames {
    received: Vec<u8>,
    /// How many bytes of it have been returned.
    taken: usize,
    longest: usize,
}

impl Frames {
    /// The peer's frames may have at most this many bytes of contents. One frame can make us hold so much memory.
    pub fn new(longest: usize) -> Frames {
        Frames { received: Vec::new(), taken: 0, longest }
    }

    /// Adds received bytes, for transports that are not streams.
    pub fn received(&mut self, bytes: &[u8]) {
        self.received.drain(..core::mem::take(&mut self.taken));
        self.received.extend_from_slice(bytes);
    }

    /// The next frame, if it is complete.
    ///
    /// # Errors
    /// `InvalidData` if the frame is of an unknown kind or too long. Nothing after it can be read.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        let unread = self.received.get(self.taken..).unwrap_or_default();
        let Some((&[kind, a, b, c], rest)) = unread.split_first_chunk() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
        if length > self.longest {
            return Err(invalid(io::ErrorKind::InvalidData, "the peer's frame is longer than we take"));
        }
        let frame = match kind {
            DATA => Frame::Data,
            AUTHENTICATOR => Frame::Authenticator,
            _ => return Err(invalid(io::ErrorKind::InvalidData, "the peer's frame is of an unknown kind")),
        };
        let Some(contents) = rest.get(..length) else { return Ok(None) };
        let frame = frame(contents.to_vec());
        self.taken = self.taken.saturating_add(HEADER).saturating_add(length);
        if self.taken >= self.received.len() {
            // A connection without unread bytes keeps no memory.
            (self.received, self.taken) = (Vec::new(), 0);
        }
        Ok(Some(frame))
    }

    /// Reads until a frame is complete. `None`: the stream has ended after a complete frame.
    ///
    /// # Errors
    /// Those of [`next_frame`](Self::next_frame) and of the stream. After `WouldBlock` and `TimedOut` read again.
    /// `UnexpectedEof`: the stream has ended inside a frame.
    pub fn read(&mut self, stream: &mut impl Read) -> io::Result<Option<Frame>> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.next_frame()? {
                return Ok(Some(frame));
            }
            match stream.read(&mut buffer) {
                Ok(0) => return self.end(),
                Ok(n) => self.received(buffer.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The stream has ended.
    pub(super) fn end(&self) -> io::Result<Option<Frame>> {
        if self.taken >= self.received.len() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

fn invalid(kind: io::ErrorKind, why: &'static str) -> io::Error {
    io::Error::new(kind, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn frames() -> [Frame; 4] {
        [Frame::Data(vec![]), Frame::Authenticator(vec![1; 10]), Frame::Data(vec![2; 9]), Frame::Data(vec![3; 10])]
    }

    fn bytes() -> Vec<u8> {
        frames().iter().flat_map(|frame| frame.to_bytes().unwrap()).collect()
    }

    /// However the bytes come.
    #[test]
    fn frames_come_as_they_were_sent() {
        for part in 1..bytes().len() {
            let mut reader = Frames::new(10);
            let mut got = Vec::new();
            for part in bytes().chunks(part) {
                reader.received(part);
                while let Some(frame) = reader.next_frame().unwrap() {
                    got.push(frame);
                }
            }
            assert_eq!((&got[..], reader.end().unwrap()), (&frames()[..], None));
        }
        let (all, mut reader) = (bytes(), Frames::new(10));
        let mut stream = &all[..];
        let read: Vec<Frame> = core::iter::from_fn(|| reader.read(&mut stream).unwrap()).collect();
        assert_eq!(read, frames());
    }

    /// What waits is not moved for each frame: that would be 128 GB here.
    #[test]
    fn many_frames_that_come_at_once_cost_what_their_bytes_cost() {
        let (bytes, mut reader) = (vec![0; 1 << 20], Frames::new(10));
        reader.received(&bytes);
        let got = core::iter::from_fn(|| reader.next_frame().unwrap()).count();
        assert_eq!((got, reader.received.capacity()), (1 << 18, 0), "and nothing is held afterwards");
    }

    /// A signal interrupts a call, which is made again. Everything else is the caller's to decide, and loses nothing.
    #[test]
    fn a_read_goes_on_after_an_interruption_and_reports_everything_else() {
        struct Troubled(Vec<io::ErrorKind>);
        impl Read for Troubled {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                match self.0.pop() {
                    Some(trouble) => Err(trouble.into()),
                    None => (&bytes()[..]).read(buf),
                }
            }
        }
        for error in [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut, io::ErrorKind::ConnectionReset] {
            let (mut stream, mut reader) = (Troubled(vec![error, io::ErrorKind::Interrupted]), Frames::new(10));
            assert_eq!(reader.read(&mut stream).unwrap_err().kind(), error);
            assert_eq!(reader.read(&mut stream).unwrap(), Some(Frame::Data(vec![])));
        }
    }

    #[test]
    fn what_is_too_long_or_unknown_or_cut_is_an_error() {
        let mut short = Frames::new(9);
        short.received(&bytes());
        assert_eq!(short.next_frame().unwrap(), Some(Frame::Data(vec![])));
        assert_eq!(short.next_frame().unwrap_err().kind(), io::ErrorKind::InvalidData);
        let mut unknown = Frames::new(9);
        unknown.received(&[2, 0, 0, 0]);
        assert_eq!(unknown.next_frame().unwrap_err().kind(), io::ErrorKind::InvalidData);
        for cut in 1..4 {
            let error = Frames::new(9).read(&mut &[0, 0, 0, 1][..cut]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
        let long = Frame::Data(vec![0; 1 << 24]);
        assert_eq!(long.to_bytes().unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
