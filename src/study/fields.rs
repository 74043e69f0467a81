//! Collects fields and problems.

use super::grammar::Show;
use super::model::{Field, Problem, Text};
use super::{names, texts};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// The fields and problems of all spaces.
#[derive(Default)]
pub(super) struct Found {
    pub fields: Vec<Field>,
    pub problems: Vec<Problem>,
}

impl Found {
    pub(super) fn problem(&mut self, field: Option<usize>, text: Text) {
        self.problems.push(Problem { field, text });
    }
}

/// Explains the bytes of one space.
pub(super) struct Walker<'a> {
    pub found: &'a mut Found,
    pub space: usize,
    pub bytes: &'a [u8],
}

impl<'a> Walker<'a> {
    /// The bytes of a range of the space.
    pub(super) fn get(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Adds a field.
    pub(super) fn field(
        &mut self,
        parent: Option<usize>,
        range: Range<usize>,
        name: impl Into<Cow<'static, str>>,
        value: String,
    ) -> usize {
        let name = name.into();
        let (text, rfc) = texts::of(&name);
        let (start, len) = (range.start, range.len());
        self.found.fields.push(Field { parent, space: self.space, start, len, name, value, text, rfc });
        self.found.fields.len().saturating_sub(1)
    }

    /// Adds a field with its own explanation instead of that of the dictionary.
    pub(super) fn explained(
        &mut self,
        parent: Option<usize>,
        range: Range<usize>,
        name: impl Into<Cow<'static, str>>,
        value: String,
        as_name: &str,
    ) -> usize {
        let id = self.field(parent, range, name, value);
        let (text, rfc) = texts::of(as_name);
        if let Some(field) = self.found.fields.get_mut(id) {
            (field.text, field.rfc) = (text, rfc);
        }
        id
    }

    /// Adds bytes that cannot be explained, and the reason.
    pub(super) fn unreadable(&mut self, parent: Option<usize>, range: Range<usize>, text: Text) {
        let value = names::bytes(self.get(range.clone()), Show::Hex);
        let id = self.field(parent, range, "unreadable", value);
        self.found.problem(Some(id), text);
    }

    pub(super) fn set_value(&mut self, id: usize, value: String) {
        if let Some(field) = self.found.fields.get_mut(id) {
            field.value = value;
        }
    }

    pub(super) fn set_end(&mut self, id: usize, end: usize) {
        if let Some(field) = self.found.fields.get_mut(id) {
            field.len = end.saturating_sub(field.start);
        }
    }
}
