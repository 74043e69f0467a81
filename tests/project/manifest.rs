//! Reads our own Cargo.toml files, as far as other tests need it: each table or array is on one line.

use crate::documents::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

pub struct Manifest {
    text: String,
    package: String,
}

pub struct Target {
    pub name: String,
    /// The path in the package.
    pub path: String,
    /// The features that it needs.
    pub required: Vec<String>,
}

/// `["a", "b"]`: a, b.
fn strings(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

impl Manifest {
    /// The package in this folder. "" is the crate.
    pub fn read(package: &str) -> Manifest {
        let path = root().join(package).join("Cargo.toml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // The first section begins like all others.
        Manifest { text: format!("\n{text}"), package: package.trim_end_matches('/').to_owned() }
    }

    /// The lines of a section without comments.
    pub fn section<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let section = self.text.split(&format!("\n[{name}]\n")).nth(1).unwrap_or_default();
        section
            .lines()
            .take_while(|line| !line.starts_with('['))
            .filter(|line| !line.starts_with('#') && !line.is_empty())
    }

    /// `key = "value"` in a section.
    pub fn value(&self, section: &str, key: &str) -> Option<String> {
        let line = self.section(section).find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))?;
        strings(line).into_iter().next()
    }

    pub fn features(&self) -> Vec<(String, Vec<String>)> {
        let features = self.section("features").filter_map(|line| line.split_once(" = "));
        features.map(|(name, turns_on)| (name.to_owned(), strings(turns_on))).collect()
    }

    pub fn has_feature(&self, feature: &str) -> bool {
        self.features().iter().any(|(name, _)| name == feature)
    }

    /// The enabled features. `ours`: with the crate's dev-dependency on itself.
    pub fn enabled(&self, features: &[&str], ours: bool) -> BTreeSet<String> {
        let mut enabled: BTreeSet<String> = features.iter().map(|&feature| feature.to_owned()).collect();
        enabled.insert("default".to_owned());
        let myself = self.section("dev-dependencies").find(|line| line.contains("path = \".\""));
        enabled.extend(myself.filter(|_| ours).iter().flat_map(|line| strings(line)).skip(1));
        loop {
            let more = self.features().into_iter().filter(|(name, _)| enabled.contains(name));
            let more: BTreeSet<String> = more.flat_map(|(_, turns_on)| turns_on).collect();
            if more.is_subset(&enabled) {
                return enabled;
            }
            enabled.extend(more);
        }
    }

    /// The targets of a kind ("example", "bin", "test", "bench"): those with an entry, and those that Cargo finds.
    pub fn targets(&self, kind: &str) -> Vec<Target> {
        let folder = if kind == "bench" { "benches".to_owned() } else { format!("{kind}s") };
        let mut targets: Vec<Target> = Vec::new();
        for entry in self.text.split(&format!("\n[[{kind}]]\n")).skip(1) {
            let entry = entry.split("\n[").next().unwrap_or_default();
            let field = |key: &str| entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            let name = strings(field("name").expect("a name")).remove(0);
            let path = field("path").map_or_else(|| format!("{folder}/{name}.rs"), |path| strings(path).remove(0));
            let required = field("required-features").map(strings).unwrap_or_default();
            targets.push(Target { name, path, required });
        }
        let Ok(entries) = fs::read_dir(root().join(&self.package).join(&folder)) else { return targets };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let file = if path.is_dir() { path.join("main.rs") } else { path.clone() };
            let is_target = file.exists() && file.extension().is_some_and(|extension| extension == "rs");
            if is_target && !targets.iter().any(|target| target.name == name) {
                let below = file.strip_prefix(root().join(&self.package)).unwrap_or(Path::new(""));
                targets.push(Target { name, path: below.to_string_lossy().into_owned(), required: Vec::new() });
            }
        }
        targets
    }
}
