//! Reads the imports between the modules of src. It does not parse Rust: words and punctuation are enough, because the
//! code is formatted, and an import is a `use` or a path that begins with `crate`, `super`, `self` or a child module.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The names of a path from the crate's root. Empty: the root itself.
pub(crate) type ModulePath = Vec<String>;

/// A file of src.
#[derive(Default)]
pub(crate) struct Module {
    /// Every path in it, and whether it is a re-export.
    paths: Vec<(ModulePath, bool)>,
    /// The names that `use` makes here, and their paths.
    bindings: BTreeMap<String, ModulePath>,
    /// `use path::*`.
    globs: Vec<ModulePath>,
    words: BTreeSet<String>,
}

/// All of src except what is compiled only for tests.
pub(crate) struct Modules(BTreeMap<ModulePath, Module>);

/// One module uses an item of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: ModulePath,
    pub(crate) to: ModulePath,
    /// It is only a re-export.
    pub(crate) reexport: bool,
}

impl Modules {
    pub(crate) fn read(src: &Path) -> Modules {
        let mut modules = Modules(BTreeMap::new());
        modules.read_file(src.join("lib.rs").as_path(), Vec::new());
        modules
    }

    /// Reads a file, and the files of the modules that it declares.
    fn read_file(&mut self, file: &Path, path: ModulePath) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let (module, children) = parse(&words(&text));
        let owns_folder = file.ends_with("lib.rs") || file.ends_with("mod.rs");
        let folder = if owns_folder { file.with_file_name("") } else { file.with_extension("") };
        self.0.insert(path.clone(), module);
        for child in children {
            let child_path = joined(&path, &child);
            let alone = folder.join(&child).with_extension("rs");
            match alone.exists() {
                true => self.read_file(&alone, child_path),
                false => self.read_file(&folder.join(&child).join("mod.rs"), child_path),
            }
        }
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &ModulePath> {
        self.0.keys()
    }

    /// The imports of every module except the root.
    pub(crate) fn imports(&self) -> BTreeSet<Import> {
        let mut imports = BTreeSet::new();
        for (from, module) in self.0.iter().filter(|(path, _)| !path.is_empty()) {
            for (path, reexport) in &module.paths {
                let Some(to) = self.resolve(from, path) else { continue };
                assert!(!to.is_empty(), "{}: where does {} stand?", from.join("::"), path.join("::"));
                if to != *from {
                    imports.insert(Import { from: from.clone(), to, reexport: *reexport });
                }
            }
        }
        imports
    }

    /// The module of the item that `path` means in module `from`. `None`: it is in another crate.
    fn resolve(&self, from: &ModulePath, path: &[String]) -> Option<ModulePath> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => parent(from),
            child if self.0.contains_key(&joined(from, child)) => joined(from, child),
            // The root's public module that only re-exports.
            "internals" if from.is_empty() => Vec::new(),
            _ => return None,
        };
        while let Some((next, after)) = rest.split_first() {
            rest = after;
            if next == "super" {
                at = parent(&at);
            } else if self.0.contains_key(&joined(&at, next)) {
                at.push(next.clone());
            } else if at.is_empty() && next == "internals" {
                continue;
            } else {
                return Some(self.home(&at, next));
            }
        }
        Some(at)
    }

    /// The module with the item that is called `name` in module `at`.
    fn home(&self, at: &ModulePath, name: &str) -> ModulePath {
        let module = &self.0[at];
        if let Some(path) = module.bindings.get(name) {
            return self.resolve(at, path).unwrap_or_else(|| at.clone());
        }
        let globs = module.globs.iter().filter_map(|glob| self.resolve(at, glob));
        let by_glob = globs.into_iter().find(|glob| self.0[glob].words.contains(name));
        by_glob.unwrap_or_else(|| at.clone())
    }
}

fn parent(path: &[String]) -> ModulePath {
    path.split_last().map(|(_, parent)| parent.to_vec()).unwrap_or_default()
}

fn joined(path: &[String], name: &str) -> ModulePath {
    [path, &[name.to_owned()]].concat()
}

/// The words and punctuation of Rust code, without comments, strings and characters. `::` is one token.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            string_len(rest)
        } else if first == '\'' {
            character_len(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            words.push(rest[..len].to_owned());
            len
        } else if rest.starts_with("::") {
            words.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                words.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[len..];
    }
    words
}

fn string_len(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// A character literal, or the quote of a lifetime.
fn character_len(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some(_)) => characters.find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// The paths in a file, and the modules that it declares in files.
fn parse(words: &[String]) -> (Module, Vec<String>) {
    let mut module = Module { words: words.iter().cloned().collect(), ..Module::default() };
    let mut children = Vec::new();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let mut at = 0;
    while at < words.len() {
        if word(at) == "#" && word(at + 1) == "[" {
            let end = group_end(words, at + 1);
            let attribute = &words[at..end];
            let tests_only = attribute.contains(&"cfg".into()) && attribute.contains(&"test".into());
            at = if tests_only { item_end(words, end) } else { end };
        } else if word(at) == "use" {
            let end = (at..words.len()).find(|&at| word(at) == ";").expect("the end of a use");
            let reexport = at > 0 && (word(at - 1) == "pub" || word(at - 1) == ")");
            for (path, name) in use_tree(&words[at + 1..end]) {
                match name.as_str() {
                    "*" => module.globs.push(path.clone()),
                    "_" => {}
                    name => drop(module.bindings.insert(name.to_owned(), path.clone())),
                }
                module.paths.push((path, reexport));
            }
            at = end;
        } else if word(at) == "mod" && word(at + 2) == ";" {
            children.push(word(at + 1).to_owned());
            at += 3;
        } else if word(at + 1) == "::" && (at == 0 || word(at - 1) != "::") {
            let mut path = vec![word(at).to_owned()];
            let visibility = at > 2 && word(at - 1) == "in" && word(at - 3) == "pub";
            while word(at + 1) == "::" && word(at + 2).starts_with(|c: char| c.is_alphabetic() || c == '_') {
                path.push(word(at + 2).to_owned());
                at += 2;
            }
            if !visibility {
                module.paths.push((path, false));
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    (module, children)
}

/// The position after the group that opens at `at`.
fn group_end(words: &[String], at: usize) -> usize {
    let mut depth = 0;
    for (place, word) in words.iter().enumerate().skip(at) {
        match word.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return place + 1;
        }
    }
    words.len()
}

/// The position after the item that begins at `at`: after its block or its semicolon.
fn item_end(words: &[String], mut at: usize) -> usize {
    while at < words.len() {
        match words[at].as_str() {
            ";" => return at + 1,
            "{" => return group_end(words, at),
            "(" | "[" => at = group_end(words, at),
            _ => at += 1,
        }
    }
    at
}

/// The paths of a use, each with its name here.
fn use_tree(words: &[String]) -> Vec<(ModulePath, String)> {
    if let Some(open) = words.iter().position(|word| word == "{") {
        let prefix: ModulePath = words[..open].iter().filter(|word| *word != "::").cloned().collect();
        let inner = &words[open + 1..words.len() - 1];
        return split(inner)
            .into_iter()
            .flat_map(use_tree)
            .map(|(path, name)| match path.first().is_some_and(|first| first == "self") {
                true if name == "self" => (prefix.clone(), prefix.last().cloned().unwrap_or_default()),
                true => (prefix.clone(), name),
                false => ([&prefix[..], &path].concat(), name),
            })
            .collect();
    }
    let renamed = words.iter().position(|word| word == "as");
    let path: ModulePath =
        words[..renamed.unwrap_or(words.len())].iter().filter(|word| *word != "::").cloned().collect();
    let name = words.last().cloned().unwrap_or_default();
    match name.as_str() {
        "*" => vec![(path[..path.len() - 1].to_vec(), name)],
        _ => vec![(path, name)],
    }
}

/// The parts of a list that is separated by commas.
fn split(words: &[String]) -> Vec<&[String]> {
    let mut parts = Vec::new();
    let (mut begin, mut depth) = (0, 0);
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                parts.push(&words[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&words[begin..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[test]
fn every_form_of_import_is_read() {
    let source = "
        //! use crate::comment::A;
        mod child;
        pub(crate) mod inline { fn f() {} }
        use crate::{a::{self, B as C, deep::{D, E}}, f};
        pub use child::Reexported;
        use super::all::*;
        use core::fmt;
        #[cfg(test)]
        mod tests { use crate::only_in_tests::T; }
        #[cfg(all(test, feature = \"x\"))]
        mod stories;
        pub(in crate::visible) fn g<'a>(x: &'a str) -> char { crate::inline::call(\"use crate::string::S;\"); '\\'' }
        fn h() -> [u8; 2] { [b';', self::h2::<u8>()] }
    ";
    let (module, children) = parse(&words(source));
    assert_eq!(children, ["child"]);
    let text =
        |(path, reexport): &(ModulePath, bool)| format!("{}{}", if *reexport { "pub " } else { "" }, path.join("::"));
    let paths: Vec<String> = module.paths.iter().map(text).collect();
    let expected = [
        "crate::a",
        "crate::a::B",
        "crate::a::deep::D",
        "crate::a::deep::E",
        "crate::f",
        "pub child::Reexported",
        "super::all",
        "core::fmt",
        "crate::inline::call",
        "self::h2",
    ];
    assert_eq!(paths, expected);
    assert_eq!(module.bindings["C"], ["crate", "a", "B"]);
    assert_eq!(module.bindings["a"], ["crate", "a"]);
    assert_eq!(module.globs, [["super", "all"]]);
}
