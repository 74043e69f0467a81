//! A short list without a heap, which a `const` can build.

/// Up to `N` items, inline, in order of preference.
#[derive(Clone, Copy)]
pub struct List<T, const N: usize> {
    items: [T; N],
    len: u8,
}

impl<T: Copy, const N: usize> List<T, N> {
    /// A list of these items; the rest of the room is filled with `filler`.
    ///
    /// # Panics
    /// If there are more than `N`: in a `const` that is a compile error.
    // The only index is bounded by the assertion, and the items are the caller's constants, never a peer's bytes.
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    pub(crate) const fn new(items: &[T], filler: T) -> Self {
        assert!(items.len() <= N && N <= 255, "too many items for this list");
        let mut list = [filler; N];
        let mut at = 0;
        while at < items.len() {
            list[at] = items[at];
            at += 1;
        }
        List { items: list, len: items.len() as u8 }
    }

    /// The first `N` of these items.
    pub(crate) fn collect(items: impl IntoIterator<Item = T>) -> Self
    where
        T: Default,
    {
        let mut list = List { items: [T::default(); N], len: 0 };
        for (room, item) in list.items.iter_mut().zip(items) {
            *room = item;
            list.len = list.len.saturating_add(1);
        }
        list
    }

    /// The same with one more behind it.
    ///
    /// # Panics
    /// If there is no room for it.
    #[cfg(feature = "mlkem")]
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    pub(crate) const fn with(mut self, item: T) -> Self {
        self.items[self.len as usize] = item;
        self.len += 1;
        self
    }

    /// The items.
    pub const fn as_slice(&self) -> &[T] {
        // There are never more than there is room for.
        self.items.split_at(self.len as usize).0
    }

    /// True if there is no item.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T: Copy + Default, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        List { items: [T::default(); N], len: 0 }
    }
}

impl<T: Copy + PartialEq, const N: usize> List<T, N> {
    /// True if `item` is in the list.
    pub fn contains(&self, item: T) -> bool {
        self.as_slice().contains(&item)
    }
}

impl<T: Copy + core::fmt::Debug, const N: usize> core::fmt::Debug for List<T, N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_shown_without_its_free_places() {
        assert_eq!(std::format!("{:?}", List::<u8, 4>::collect([7, 8])), "[7, 8]");
    }
}
