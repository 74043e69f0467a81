//! Reads the files in vectors/: `name = hexadecimal`. Indented lines continue a value, and `#` begins a comment.

use std::collections::BTreeMap;

pub(crate) struct Vectors(BTreeMap<String, Vec<u8>>);

impl Vectors {
    pub(crate) fn parse(text: &str) -> Vectors {
        let mut values: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.split_once(" =") {
                Some((name, value)) => values.push((name.into(), value.trim().into())),
                None => values.last_mut().expect("a value to continue").1.push_str(line.trim()),
            }
        }
        Vectors(values.into_iter().map(|(name, value)| (name, hex::decode(value).expect("hexadecimal"))).collect())
    }

    /// The value with this name. Panics if there is none.
    pub(crate) fn value(&self, name: &str) -> &[u8] {
        self.find(name).unwrap_or_else(|| panic!("the vectors have no {name}"))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }
}
