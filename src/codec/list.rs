//! Vectors of structures. They are checked once, so that iteration cannot fail.

use super::{Malformed, Reader, reader::non_empty};
use core::{iter, marker::PhantomData};

/// An element of a [`List`].
pub trait Element<'a>: Sized {
    /// Reads one element.
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed>;
}

impl<'a> Element<'a> for u8 {
    fn read(reader: &mut Reader<'a>) -> Result<u8, Malformed> {
        reader.u8()
    }
}

impl<'a> Element<'a> for u16 {
    fn read(reader: &mut Reader<'a>) -> Result<u16, Malformed> {
        reader.u16()
    }
}

/// The contents of a vector of `T` whose elements have been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List<'a, T> {
    raw: &'a [u8],
    element: PhantomData<T>,
}

impl<'a, T: Element<'a>> List<'a, T> {
    /// Checks `T<0..n>`, given without its length field.
    pub fn parse(raw: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(raw);
        while !reader.is_empty() {
            T::read(&mut reader)?;
        }
        Ok(List { raw, element: PhantomData })
    }

    /// Checks `T<1..n>`, given without its length field.
    pub fn parse_non_empty(raw: &'a [u8]) -> Result<Self, Malformed> {
        List::parse(non_empty(raw)?)
    }

    /// The elements in the order received.
    pub fn iter(self) -> impl Iterator<Item = T> + Clone + use<'a, T> {
        let mut reader = Reader::new(self.raw);
        iter::from_fn(move || if reader.is_empty() { None } else { T::read(&mut reader).ok() })
    }

    /// Whether `element` is in the list.
    pub fn contains(self, element: T) -> bool
    where
        T: PartialEq,
    {
        self.iter().any(|each| each == element)
    }
}

impl<'a, T> List<'a, T> {
    /// The bytes of the list, without its length field.
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether the list has no element.
    pub const fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}
