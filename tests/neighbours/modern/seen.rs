//! The results seen before, one file for each peer. Each run is compared with them, and the table is made from them.

use countersign::Role;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

/// What a peer supports, in lines `KEY: ITEM, ITEM`.
pub struct Seen {
    path: PathBuf,
    lines: Vec<(String, String)>,
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("modern/seen")
}

impl Seen {
    pub fn of(peer: &str, version: &str) -> Seen {
        let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let today = der::DateTime::from_unix_duration(today).unwrap().to_string();
        let head = [("peer", version), ("date", &today[..10])];
        Seen {
            path: directory().join(format!("{peer}.txt")),
            lines: head.map(|(key, value)| (key.to_string(), value.to_string())).to_vec(),
        }
    }

    /// The peer's results in this role.
    pub fn add(&mut self, role: Role, what: &str, items: impl IntoIterator<Item = String>) {
        let items = items.into_iter().collect::<Vec<_>>().join(", ");
        self.lines.push((format!("{role} {what}"), items));
    }

    /// Fails if anything except version and date has changed. With `COUNTERSIGN_BLESS=1` it writes the file.
    pub fn compare(&self) {
        let text: String = self.lines.iter().map(|(key, items)| format!("{key}: {items}\n")).collect();
        if env::var_os("COUNTERSIGN_BLESS").is_some() {
            fs::write(&self.path, text).unwrap();
            return;
        }
        let before = Seen::read(&self.path);
        assert_eq!(
            self.lines[2..],
            before.lines[2..],
            "not as in {}; COUNTERSIGN_BLESS=1 writes it",
            self.path.display()
        );
    }

    fn read(path: &Path) -> Seen {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let line = |line: &str| {
            let (key, items) = line.split_once(":").unwrap_or_else(|| panic!("{}: {line}", path.display()));
            (key.to_string(), items.trim().to_string())
        };
        Seen { path: path.to_path_buf(), lines: text.lines().map(line).collect() }
    }

    /// All files, by name.
    pub fn all() -> Vec<Seen> {
        let mut paths: Vec<PathBuf> = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| Seen::read(path)).collect()
    }

    pub fn get(&self, key: &str) -> &str {
        let line = self.lines.iter().find(|(known, _)| known == key);
        &line.unwrap_or_else(|| panic!("{} has no {key:?}", self.path.display())).1
    }
}
