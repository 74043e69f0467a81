//! docs/INTEROP.md: what it tells people to write is what the tests run.

pub const BOOK: &str = include_str!("../../../docs/INTEROP.md");

/// The block whose fence says so, as "nginx server".
fn block(title: &str) -> String {
    let (_, rest) = BOOK.split_once(&format!("\n```{title}\n")).unwrap_or_else(|| panic!("no block {title:?}"));
    rest.split_once("\n```").unwrap().0.to_string()
}

/// The block, with each of these words replaced by others.
pub fn changed(title: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(block(title), |text, (from, to)| text.replace(from, to))
}
