//! Explains bytes by the grammar. It accepts everything: bytes that do not fit become a field of their own and a problem,
//! and every byte still belongs to exactly one field without children.

use super::extensions;
use super::fields::Walker;
use super::grammar::{Item, Shape, Show};
use super::model::Text;
use super::{der, names, texts};
use alloc::format;
use alloc::string::String;
use core::ops::Range;

impl Walker<'_> {
    /// Explains all bytes of the range as these fields. Returns false if something does not fit.
    pub(super) fn exactly(&mut self, items: &[Item], range: Range<usize>, parent: Option<usize>) -> bool {
        match self.items(items, range.clone(), parent) {
            Some(at) if at < range.end => {
                let left = range.end.saturating_sub(at);
                self.unreadable(
                    parent,
                    at..range.end,
                    Text::made(
                        format!("{left} bytes are left over: a length says more than its fields take"),
                        format!("sobran {left} bytes: una longitud dice más de lo que ocupan sus campos"),
                    ),
                );
                false
            }
            Some(_) => true,
            None => false,
        }
    }

    /// Explains fields from the front of a range and returns their end. `None` if the rest of the range is unreadable,
    /// which the study then says.
    fn items(&mut self, items: &[Item], range: Range<usize>, parent: Option<usize>) -> Option<usize> {
        let mut at = range.start;
        let mut number = 0;
        for item in items {
            at = self.item(item, at..range.end, parent, &mut number)?;
        }
        Some(at)
    }

    /// Explains one field and returns its end.
    fn item(
        &mut self,
        Item(name, shape): &Item,
        range: Range<usize>,
        parent: Option<usize>,
        last_number: &mut u64,
    ) -> Option<usize> {
        match shape {
            Shape::Number(width, naming) => {
                let (value, end) = self.number(name, *width, range, parent)?;
                *last_number = value;
                let id = self.field(parent, end.saturating_sub(*width)..end, *name, String::new());
                self.set_value(id, names::number(value, *width, *naming));
                Some(end)
            }
            Shape::Fixed(len, show) => {
                let end = self.end(name, *len, range.clone(), parent)?;
                let value = names::bytes(self.get(range.start..end), *show);
                self.field(parent, range.start..end, *name, value);
                Some(end)
            }
            Shape::Rest(show) => {
                let value = names::bytes(self.get(range.clone()), *show);
                self.field(parent, range.clone(), *name, value);
                Some(range.end)
            }
            Shape::Vector(width, show) => {
                let content = self.length(name, *width, range, parent)?;
                let value = names::bytes(self.get(content.clone()), *show);
                self.field(parent, content.clone(), *name, value);
                Some(content.end)
            }
            Shape::List(width, element) => {
                let content = self.length(name, *width, range, parent)?;
                let list = self.field(parent, content.clone(), *name, String::new());
                let mut at = content.start;
                let mut count = 0_usize;
                while at < content.end {
                    match self.item(element, at..content.end, Some(list), &mut 0) {
                        // An element always takes bytes. Without this check a bug would make the loop endless.
                        Some(next) if next > at => at = next,
                        _ => break,
                    }
                    count = count.saturating_add(1);
                }
                self.set_value(list, format!("{count}"));
                Some(content.end)
            }
            Shape::Struct(items) => {
                let id = self.field(parent, range.clone(), *name, String::new());
                let end = self.items(items, range.clone(), Some(id));
                self.set_end(id, end.unwrap_or(range.end));
                self.name_by_children(id);
                end
            }
            Shape::Extensions(place) => self.extensions(name, *place, range, parent),
            Shape::OptionalExtensions(place) => {
                if range.is_empty() {
                    Some(range.end)
                } else {
                    self.extensions(name, *place, range, parent)
                }
            }
            Shape::Certificate(width) => {
                let content = self.length(name, *width, range, parent)?;
                let id = self.field(parent, content.clone(), *name, String::new());
                let value = der::certificate(self, content.clone(), id);
                self.set_value(id, value);
                Some(content.end)
            }
            Shape::If(number, items) => {
                let other: &[Item] = &[Item("extension_data", Shape::Rest(Show::Hex))];
                self.items(if *last_number == *number { items } else { other }, range, parent)
            }
        }
    }

    /// `Extension extensions<..>`
    fn extensions(
        &mut self,
        name: &'static str,
        place: extensions::Place,
        range: Range<usize>,
        parent: Option<usize>,
    ) -> Option<usize> {
        let content = self.length(name, 2, range, parent)?;
        let list = self.field(parent, content.clone(), name, String::new());
        let mut at = content.start;
        let mut count = 0_usize;
        while at < content.end {
            let Some(next) = self.extension(place, at..content.end, list) else { break };
            at = next;
            count = count.saturating_add(1);
        }
        self.set_value(list, format!("{count}"));
        Some(content.end)
    }

    fn extension(&mut self, place: extensions::Place, range: Range<usize>, list: usize) -> Option<usize> {
        let id = self.field(Some(list), range.clone(), "extension", String::new());
        let (number, at) = self.number("extension_type", 2, range.clone(), Some(id))?;
        let number = u16::try_from(number).unwrap_or(0);
        let name = names::extension(number);
        self.field(Some(id), range.start..at, "extension_type", format!("{name} ({number:#06x})"));
        let (text, rfc) = texts::of(&name);
        if let Some(field) = self.found.fields.get_mut(id) {
            (field.name, field.text, field.rfc) = (name.clone().into(), text, rfc);
        }
        let content = self.length("extension_data", 2, at..range.end, Some(id))?;
        self.set_end(id, content.end);
        match extensions::body(number, place) {
            Some(items) => drop(self.exactly(items, content.clone(), Some(id))),
            None => {
                let value = names::bytes(self.get(content.clone()), Show::Hex);
                let data = self.field(Some(id), content.clone(), "extension_data", value);
                if extensions::is_misplaced(number, place) {
                    self.found.problem(
                        Some(data),
                        Text::made(
                            format!("the extension {name} may not stand in this message"),
                            format!("la extensión {name} no puede estar en este mensaje"),
                        ),
                    );
                }
            }
        }
        self.name_by_children(id);
        Some(content.end)
    }

    /// Reads a number, without adding a field. Returns its end too.
    fn number(&mut self, name: &str, width: usize, range: Range<usize>, parent: Option<usize>) -> Option<(u64, usize)> {
        let end = self.end(name, width, range.clone(), parent)?;
        let value = self.get(range.start..end).iter().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
        Some((value, end))
    }

    /// Explains a length field, and returns the range that it covers.
    fn length(&mut self, name: &str, width: usize, range: Range<usize>, parent: Option<usize>) -> Option<Range<usize>> {
        let (len, at) = self.number(name, width, range.clone(), parent)?;
        self.explained(parent, range.start..at, format!("{name} length"), format!("{len}"), "length");
        let end = usize::try_from(len).ok().and_then(|len| at.checked_add(len)).filter(|end| *end <= range.end);
        if end.is_none() {
            let left = range.end.saturating_sub(at);
            self.unreadable(
                parent,
                at..range.end,
                Text::made(
                    format!("the length of {name} says {len} bytes, but only {left} follow"),
                    format!("la longitud de {name} dice {len} bytes, pero solo quedan {left}"),
                ),
            );
        }
        Some(at..end?)
    }

    /// The end of this many bytes, if they are in the range.
    fn end(&mut self, name: &str, len: usize, range: Range<usize>, parent: Option<usize>) -> Option<usize> {
        let end = range.start.checked_add(len).filter(|end| *end <= range.end);
        if end.is_none() {
            let left = range.len();
            self.unreadable(
                parent,
                range,
                Text::made(
                    format!("{name} takes {len} bytes, but only {left} are left"),
                    format!("{name} ocupa {len} bytes, pero solo quedan {left}"),
                ),
            );
        }
        end
    }

    /// Names a structure by its first field with a meaningful value, and a list of one element by its element.
    fn name_by_children(&mut self, id: usize) {
        let later = self.found.fields.iter().enumerate().skip(id.saturating_add(1));
        let telling = |name: &str| {
            !name.ends_with(" length") && !matches!(name, "extension_type" | "name_type" | "status_type" | "unreadable")
        };
        let first = |of: usize| later.clone().find(|(_, field)| field.parent == Some(of) && telling(&field.name));
        let value = match first(id) {
            Some((list, field)) if field.value == "1" => first(list).map(|(_, element)| element.value.clone()),
            Some((_, field)) => Some(field.value.clone()),
            None => None,
        };
        self.set_value(id, value.unwrap_or_default());
    }
}
