//! Sets of 16-bit numbers, to find duplicates in linear time and 1 KiB of memory.

/// Up to this many numbers are compared in pairs, which is faster than clearing the sets.
const FEW: usize = 24;

/// Whether there are no duplicates.
pub(crate) fn all_differ(numbers: impl Iterator<Item = u16> + Clone) -> bool {
    let mut few = [0; FEW];
    for (count, number) in numbers.clone().enumerate() {
        let Some((slot, before)) = few.get_mut(..=count).and_then(<[u16]>::split_last_mut) else {
            return Numbers::eighths().all(|mut seen| numbers.clone().all(|each| seen.add(each)));
        };
        if before.contains(&number) {
            return false;
        }
        *slot = number;
    }
    true
}

/// A set over one eighth of all 16-bit numbers. It ignores the numbers of the other eighths.
pub(crate) struct Numbers {
    eighth: u16,
    words: [u64; 128],
}

impl Numbers {
    /// Eight empty sets, which cover all numbers. The caller goes through its numbers once for each.
    pub(crate) fn eighths() -> impl Iterator<Item = Numbers> {
        (0..8).map(|eighth| Numbers { eighth, words: [0; 128] })
    }

    /// Adds a number; false if it was a member.
    pub(crate) fn add(&mut self, number: u16) -> bool {
        self.set(number, true)
    }

    /// Removes a number; false if it was no member.
    pub(crate) fn take(&mut self, number: u16) -> bool {
        self.set(number, false)
    }

    /// Makes a number a member or no member; false if nothing changes.
    fn set(&mut self, number: u16, member: bool) -> bool {
        let bit = 1u64.wrapping_shl(u32::from(number)); // by the number's lowest six bits
        let Some(word) =
            self.words.get_mut(usize::from((number & 0x1fff) >> 6)).filter(|_| number >> 13 == self.eighth)
        else {
            return true;
        };
        let was_member = *word & bit != 0;
        *word = if member { *word | bit } else { *word & !bit };
        was_member != member
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_stands_twice_is_found_among_few_and_many() {
        for count in 0..=60u16 {
            let numbers = (0..count).map(|number| number.wrapping_mul(0x0fff));
            assert!(all_differ(numbers.clone()));
            for twice in numbers.clone() {
                assert!(!all_differ(numbers.clone().chain([twice])));
                assert!(!all_differ([twice].into_iter().chain(numbers.clone())));
            }
        }
    }

    #[test]
    fn each_number_is_in_exactly_one_eighth_and_by_itself() {
        for mut set in Numbers::eighths() {
            for number in 0..=u16::MAX {
                assert!(set.add(number), "{number} is new");
            }
            let twice = (0..=u16::MAX).filter(|number| !set.add(*number)).count();
            assert_eq!(twice, 0x2000);
            for number in 0..=u16::MAX {
                assert!(set.take(number), "{number} is there");
            }
            assert_eq!((0..=u16::MAX).filter(|number| !set.take(*number)).count(), 0x2000);
        }
    }
}
