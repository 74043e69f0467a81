//! What a peer offers, as far as an error can carry it.

use core::fmt;

/// The first of what a peer offers (cipher suites, groups, signature schemes), in its order of preference: at most four.
/// Reserved numbers that mean nothing (GREASE, RFC 8701) are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered<T> {
    items: [T; 4],
    len: u8,
    more: bool,
}

impl<T: Copy + Default> Offered<T> {
    pub(crate) fn new(offered: impl Iterator<Item = T>, number: impl Fn(T) -> u16) -> Offered<T> {
        let mut offered = offered.filter(|each| !is_grease(number(*each)));
        let mut known = Offered { items: [T::default(); 4], len: 0, more: false };
        for (place, item) in known.items.iter_mut().zip(&mut offered) {
            *place = item;
            known.len = known.len.saturating_add(1);
        }
        known.more = offered.next().is_some();
        known
    }

    /// What is known of the offer.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.items.iter().copied().take(usize::from(self.len))
    }
}

/// 0x0a0a, 0x1a1a ... 0xfafa.
fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

impl<T: Copy + Default + fmt::Display> fmt::Display for Offered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut items = self.iter();
        match items.next() {
            Some(first) => write!(f, "{first}")?,
            None => f.write_str("nothing")?,
        }
        for item in items {
            write!(f, ", {item}")?;
        }
        if self.more { f.write_str(" and more") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::NamedGroup;
    use std::string::ToString;
    use std::vec::Vec;

    // RFC 8701 §2.
    #[test]
    fn the_sixteen_reserved_numbers_are_grease_and_no_others() {
        let grease: Vec<u16> = (0..=u16::MAX).filter(|number| is_grease(*number)).collect();
        assert_eq!(grease, (0..16).map(|n| 0x0a0a + 0x1010 * n).collect::<Vec<u16>>());
    }

    #[test]
    fn an_offer_is_shown_in_its_order_and_without_grease() {
        let shown =
            |numbers: &[u16]| Offered::new(numbers.iter().map(|each| NamedGroup(*each)), |each| each.0).to_string();
        assert_eq!(shown(&[]), "nothing");
        assert_eq!(shown(&[0x3a3a, 0x11ec, 0x001d]), "X25519MLKEM768, x25519");
        assert_eq!(shown(&[1, 2, 3, 4]), "0x0001, 0x0002, 0x0003, 0x0004");
        assert_eq!(shown(&[1, 2, 3, 4, 0x0a0a]), "0x0001, 0x0002, 0x0003, 0x0004");
        assert_eq!(shown(&[1, 2, 3, 4, 0x0a0b]), "0x0001, 0x0002, 0x0003, 0x0004 and more");
    }
}
