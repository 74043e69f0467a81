//! The peer's messages that are still held.

use core::ops::Range;

/// A read view of the handshake messages that an inbox retains.
///
/// Messages are addressed by their position in the stream of all handshake bytes of the connection. Unlike an offset
/// into memory, a position stays true when the inbox moves its contents.
#[derive(Clone, Copy)]
pub struct Flight<'a> {
    bytes: &'a [u8],
    position: u32,
}

impl<'a> Flight<'a> {
    /// `bytes` begin at `position`.
    pub(crate) fn new(bytes: &'a [u8], position: u32) -> Flight<'a> {
        Flight { bytes, position }
    }

    /// Nothing is held.
    pub(crate) const EMPTY: Flight<'static> = Flight { bytes: &[], position: 0 };

    /// All that is held.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes at these positions; `None` once they have been released, or before they have come.
    pub(crate) fn get(&self, range: Range<u32>) -> Option<&'a [u8]> {
        let from = offset(self.position, range.start)?;
        let len = offset(range.start, range.end)?;
        self.bytes.get(from..from.checked_add(len)?)
    }

    /// The positions of `part`, by where it lies in memory; `None` if it is no slice of what is held.
    pub(crate) fn find(&self, part: &[u8]) -> Option<Range<u32>> {
        let from = part.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?;
        if from.checked_add(part.len())? > self.bytes.len() {
            return None;
        }
        let start = self.position.wrapping_add(u32::try_from(from).ok()?);
        Some(start..start.wrapping_add(u32::try_from(part.len()).ok()?))
    }
}

/// How far `to` lies behind `from`. Positions wrap: a session may receive more than 2^32 bytes of tickets in its life.
fn offset(from: u32, to: u32) -> Option<usize> {
    usize::try_from(to.wrapping_sub(from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_find_their_bytes_and_nothing_outside() {
        let flight = Flight::new(b"abcdef", 100);
        assert_eq!(flight.get(100..103), Some(&b"abc"[..]));
        assert_eq!(flight.get(105..106), Some(&b"f"[..]));
        assert_eq!(flight.get(106..106), Some(&b""[..]));
        assert_eq!(flight.get(99..101), None, "released");
        assert_eq!(flight.get(105..107), None, "not there yet");
        #[allow(clippy::reversed_empty_ranges)]
        let reversed = flight.get(103..101);
        assert_eq!(reversed, None);
    }

    #[test]
    fn what_is_found_is_got() {
        let bytes = *b"abcdefgh";
        for position in [0, 100, u32::MAX - 3] {
            let flight = Flight::new(&bytes[1..7], position);
            for (from, to) in (1..=7).flat_map(|to| (1..=to).map(move |from| (from, to))) {
                let part = &bytes[from..to];
                assert_eq!(flight.find(part).and_then(|found| flight.get(found)), Some(part));
            }
            for part in [&bytes[..1], &bytes[..3], &bytes[5..], &bytes[7..], &bytes] {
                assert_eq!(flight.find(part), None, "not all of it is held");
            }
        }
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges, reason = "positions wrap")]
    fn positions_may_wrap() {
        let flight = Flight::new(b"abcdef", u32::MAX - 1);
        assert_eq!(flight.get(u32::MAX..2), Some(&b"bcd"[..]));
    }
}
