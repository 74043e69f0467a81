//! A writer of the presentation language (RFC 9846 §3).

/// Why writing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWritten {
    /// The memory is too small.
    NoRoom {
        /// How many bytes everything would take.
        needed: usize,
    },
    /// A vector is too long for its length field. More memory would not help.
    TooLong {
        /// The length of the vector in bytes.
        length: usize,
        /// The largest length that the field can hold.
        limit: usize,
    },
}

impl core::fmt::Display for NotWritten {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            NotWritten::NoRoom { needed } => write!(f, "writing this takes {needed} bytes of memory"),
            NotWritten::TooLong { length, limit } => {
                write!(f, "a vector takes {length} bytes, and its length field says at most {limit}")
            }
        }
    }
}

impl core::error::Error for NotWritten {}

/// Writes into memory, or only counts. Errors are reported by [`finish`](Self::finish) only, so that code that writes a
/// message reads like its figure in the RFC.
#[derive(Debug)]
pub struct Writer<'m> {
    /// `None` if it only counts.
    memory: Option<&'m mut [u8]>,
    len: usize,
    /// The first vector that is too long.
    too_long: Option<NotWritten>,
}

impl<'m> Writer<'m> {
    /// Writes from the start of `memory`.
    pub const fn new(memory: &'m mut [u8]) -> Writer<'m> {
        Writer { memory: Some(memory), len: 0, too_long: None }
    }

    /// Writes nothing: [`finish`](Self::finish) returns the number of bytes.
    pub const fn counting() -> Writer<'m> {
        Writer { memory: None, len: 0, too_long: None }
    }

    /// The number of bytes written so far, including those for which there was no room.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been written.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of bytes written. Fails if the memory is too small or a vector is too long for its length field.
    pub fn finish(self) -> Result<usize, NotWritten> {
        if let Some(too_long) = self.too_long {
            return Err(too_long);
        }
        match self.memory {
            Some(memory) if memory.len() < self.len => Err(NotWritten::NoRoom { needed: self.len }),
            _ => Ok(self.len),
        }
    }

    /// `opaque T[n]`
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        let start = self.len;
        self.len = start.saturating_add(bytes.len());
        self.put(start, bytes);
    }

    /// `uint8`
    pub fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    /// `uint16`
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// `uint32`
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// `T<0..2^8-1>`, whose contents are what `contents` writes.
    pub fn vec_u8(&mut self, contents: impl FnOnce(&mut Writer<'m>)) {
        self.vector::<1>(contents);
    }

    /// `T<0..2^16-1>`, whose contents are what `contents` writes.
    pub fn vec_u16(&mut self, contents: impl FnOnce(&mut Writer<'m>)) {
        self.vector::<2>(contents);
    }

    /// `T<0..2^24-1>`, whose contents are what `contents` writes.
    pub fn vec_u24(&mut self, contents: impl FnOnce(&mut Writer<'m>)) {
        self.vector::<3>(contents);
    }

    /// A vector whose length field takes `N` bytes. The length is filled in after the contents.
    fn vector<const N: usize>(&mut self, contents: impl FnOnce(&mut Writer<'m>)) {
        let at = self.len;
        self.bytes(&[0; N]);
        let start = self.len;
        contents(self);
        let length = self.len.saturating_sub(start);
        match length.to_be_bytes().split_last_chunk::<N>() {
            Some((higher, field)) if higher.iter().all(|&byte| byte == 0) => self.put(at, field),
            _ => {
                let limit = [0xff; N].iter().fold(0, |limit: usize, byte| limit << 8 | byte);
                self.too_long.get_or_insert(NotWritten::TooLong { length, limit });
            }
        }
    }

    #[inline]
    fn put(&mut self, at: usize, bytes: &[u8]) {
        let place = self.memory.as_deref_mut().and_then(|memory| memory.get_mut(at..at.checked_add(bytes.len())?));
        if let Some(place) = place {
            place.copy_from_slice(bytes);
        }
    }
}
