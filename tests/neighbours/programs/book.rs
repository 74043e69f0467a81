//! docs/INTEROP.md: the tests run the blocks that it shows.

pub const BOOK: &str = include_str!("../../../docs/INTEROP.md");

/// The block with this text in its fence, such as "nginx server".
fn block(title: &str) -> String {
    let (_, rest) = BOOK.split_once(&format!("\n```{title}\n")).unwrap_or_else(|| panic!("no block {title:?}"));
    rest.split_once("\n```").unwrap().0.to_string()
}

/// The block with these words replaced.
pub fn changed(title: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(block(title), |text, (from, to)| text.replace(from, to))
}
