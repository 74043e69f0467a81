//! The place of a record in the outbox, where the caller writes application data.

use super::sending::Sending;
use crate::error::Misuse;
use crate::record::OutboxView;
use core::fmt;
use core::ops::Range;

/// The place of the next record of application data in the outbox: the data is sealed in place.
///
/// It counts what has been written and seals only that. [`space`](Self::space) does not show earlier contents of the
/// memory, so they cannot be sent. If it is dropped without [`seal`](Self::seal), nothing is sent.
///
/// With the feature `std` it is an [`std::io::Write`].
///
/// ```
/// # use countersign::{Misuse, Outbox, Session};
/// fn send(session: &mut Session, tx: &mut Outbox<Vec<u8>>, file: &mut impl std::io::Read) -> std::io::Result<bool> {
///     let Some(mut record) = session.reserve(4096, tx).map_err(std::io::Error::other)? else {
///         return Ok(false); // first send what is pending
///     };
///     record.write(b"data: ");
///     let n = file.read(record.space())?; // an error drops the reservation: nothing is sent
///     record.filled(n);
///     record.seal().map_err(std::io::Error::other)?;
///     Ok(true)
/// }
/// ```
#[must_use = "what is not sealed is not sent"]
pub struct Reservation<'a> {
    sending: &'a mut Sending,
    tx: OutboxView<'a>,
    place: Range<usize>,
    /// The bytes to seal.
    written: usize,
    /// The bytes that the caller has written, or has had access to.
    shown: usize,
}

impl<'a> Reservation<'a> {
    #[inline]
    pub(super) fn new(
        sending: &'a mut Sending,
        wanted: usize,
        mut tx: OutboxView<'a>,
    ) -> Result<Option<Reservation<'a>>, Misuse> {
        let place = sending.place(wanted, &mut tx)?;
        Ok(place.map(|place| Reservation { sending, tx, place, written: 0, shown: 0 }))
    }

    /// How many bytes have been written.
    pub fn written(&self) -> usize {
        self.written
    }

    /// How many more bytes fit.
    pub fn room(&self) -> usize {
        self.place.len().saturating_sub(self.written)
    }

    /// Copies as much of `data` as fits, and returns how much.
    pub fn write(&mut self, data: &[u8]) -> usize {
        let place = self.tx.data_mut(self.rest());
        let len = data.len().min(place.len());
        if let (Some(to), Some(from)) = (place.get_mut(..len), data.get(..len)) {
            to.copy_from_slice(from);
        }
        self.written = self.written.saturating_add(len);
        self.shown = self.shown.max(self.written);
        len
    }

    /// The place for the next bytes: write there and call [`filled`](Self::filled). It holds zeros, or bytes that this
    /// connection has written before.
    #[inline]
    pub fn space(&mut self) -> &mut [u8] {
        let rest = self.rest();
        self.tx.clean(rest.clone());
        self.shown = self.place.len();
        self.tx.data_mut(rest)
    }

    /// Call it after `n` bytes have been written at the start of [`space`](Self::space). A larger number counts as the
    /// whole space, and as nothing if `space` has not been called.
    #[inline]
    pub fn filled(&mut self, n: usize) {
        self.written = self.written.saturating_add(n).min(self.shown);
    }

    /// Seals the written bytes as one record, which may be empty.
    ///
    /// # Errors
    /// [`Misuse::NotNow`] if the AEAD fails. No provider is known to fail here.
    #[inline]
    pub fn seal(mut self) -> Result<(), Misuse> {
        self.sending.seal(self.written, &mut self.tx)?;
        self.shown = 0;
        Ok(())
    }

    fn rest(&self) -> Range<usize> {
        self.place.start.saturating_add(self.written)..self.place.end
    }
}

/// Clears what was written and not sealed.
impl Drop for Reservation<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.shown > 0 {
            let shown = self.place.start..self.place.start.saturating_add(self.shown);
            self.tx.data_mut(shown).fill(0);
        }
    }
}

/// Shows the number of bytes, not the bytes.
impl fmt::Debug for Reservation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("written", &self.written).field("room", &self.room()).finish()
    }
}

/// Writes as much as fits. There is nothing to flush.
#[cfg(feature = "std")]
impl std::io::Write for Reservation<'_> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        Ok(Reservation::write(self, data))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
