//! Frames over asynchronous transports.

use crate::adapters::frames::{Frame, Frames};
use ::tokio::io::{AsyncRead, ReadBuf};
use core::future::poll_fn;
use core::pin::Pin;
use std::io;

impl Frames {
    /// The asynchronous [`read`](Frames::read). May be dropped and called again: nothing is lost.
    ///
    /// # Errors
    /// The same.
    pub async fn read_async(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.next_frame()? {
                return Ok(Some(frame));
            }
            let mut buffer = ReadBuf::new(&mut buffer);
            poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer)).await?;
            match buffer.filled() {
                [] => return self.end(),
                bytes => self.received(bytes),
            }
        }
    }
}
