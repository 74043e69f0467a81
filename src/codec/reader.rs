//! A reader of the presentation language (RFC 9846 §3).

use super::Malformed;

/// Reads from the front of a slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes that have not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Fails if bytes are left.
    pub const fn end(&self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed::TrailingBytes) }
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes: `opaque T[N]`.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// `uint8`
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|&[byte]| byte)
    }

    /// `uint16`
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// `uint24`
    pub fn u24(&mut self) -> Result<u32, Malformed> {
        self.array().map(|&[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// `uint32`
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// The contents of `opaque T<0..2^8-1>`.
    pub fn vec_u8(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    /// The contents of `opaque T<0..2^16-1>`.
    pub fn vec_u16(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    /// The contents of `opaque T<0..2^24-1>`.
    pub fn vec_u24(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u24()?;
        self.take(usize::try_from(len).map_err(|_| Malformed::Truncated)?)
    }
}

/// Checks the lower bound `1` of a vector `T<1..n>`.
pub(super) const fn non_empty(vector: &[u8]) -> Result<&[u8], Malformed> {
    if vector.is_empty() { Err(Malformed::EmptyVector) } else { Ok(vector) }
}

/// Reads a structure that must be all of `bytes`.
pub(super) fn whole<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader)?;
    reader.end()?;
    Ok(value)
}
