//! A record's place in the outbox, reserved for application data that is written there (R13).

use super::sending::Sending;
use crate::error::Misuse;
use crate::record::OutboxView;
use core::fmt;
use core::ops::Range;

/// The place of the next record of application data, in the outbox itself: what is written here is sealed where it lies.
///
/// It knows how much of it has been written: nothing else can be sealed. What the memory held before does not show in
/// [`space`](Self::space), so that it cannot be sent either. Dropped without [`seal`](Self::seal), it leaves nothing.
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
    /// So many bytes of the place are to be sealed.
    written: usize,
    /// So many bytes of it the caller has written, or had in its hands to write.
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

    /// How many more bytes have room.
    pub fn room(&self) -> usize {
        self.place.len().saturating_sub(self.written)
    }

    /// Copies as much of `data` as has room, and says how much that was.
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

    /// Where to put what comes next: then say by [`filled`](Self::filled) how much it was. It holds zeros, or bytes that
    /// this connection has written before.
    #[inline]
    pub fn space(&mut self) -> &mut [u8] {
        let rest = self.rest();
        self.tx.clean(rest.clone());
        self.shown = self.place.len();
        self.tx.data_mut(rest)
    }

    /// `n` bytes have been put at the start of [`space`](Self::space). More than the space counts as all of it, and as
    /// nothing where `space` was not asked for.
    #[inline]
    pub fn filled(&mut self, n: usize) {
        self.written = self.written.saturating_add(n).min(self.shown);
    }

    /// Seals what has been written, as one record; it may be empty.
    ///
    /// # Errors
    /// [`Misuse::NotNow`] if the AEAD fails, which does not happen.
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

/// What was written and not sealed leaves nothing.
impl Drop for Reservation<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.shown > 0 {
            let shown = self.place.start..self.place.start.saturating_add(self.shown);
            self.tx.data_mut(shown).fill(0);
        }
    }
}

/// How much is written, not what.
impl fmt::Debug for Reservation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("written", &self.written).field("room", &self.room()).finish()
    }
}

/// Writes as much as has room; nothing to flush.
#[cfg(feature = "std")]
impl std::io::Write for Reservation<'_> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        Ok(Reservation::write(self, data))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
