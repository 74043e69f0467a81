//! Reads and writes whole files. Only the owner can read keys.

use crate::show::escape;
use countersign::x509::pem;
use rustls_pki_types::CertificateDer;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A path for an error message.
pub(crate) fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", shown(path)))
}

/// Whether `path` exists. An error if this cannot be found out.
pub(crate) fn exists(path: &Path) -> Result<bool, String> {
    path.try_exists().map_err(|error| format!("cannot look for {}: {error}", shown(path)))
}

/// All certificates of a PEM file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let file = read(path)?;
    let mut found = Vec::new();
    for section in pem::sections(&file) {
        let wrong = |what: &str| format!("{} line {}: {what}", shown(path), section.line);
        if let Some(problem) = section.problem() {
            return Err(wrong(problem));
        }
        if section.label == "CERTIFICATE" {
            found.push(section.der().map_err(|what| wrong(&what))?.into());
        }
    }
    match found.is_empty() {
        true => Err(format!("{} holds no certificate in PEM form", shown(path))),
        false => Ok(found),
    }
}

pub(crate) fn make_directory(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|error| format!("cannot make the directory {}: {error}", shown(path)))
}

/// Writes `text` to `path` in one step: a reader sees the old file or the new one.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    replace(path, text, false)
}

/// The same for a key that replaces another one, after the user has asked for this.
pub(crate) fn replace_key(path: &Path, text: &str) -> Result<(), String> {
    replace(path, text, true)
}

/// Writes a key to a new file. It never overwrites one.
pub(crate) fn new_key(path: &Path, text: &str) -> Result<(), String> {
    create(path, text, true).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{} exists, and a key is never overwritten", shown(path)),
        _ => format!("cannot write {}: {error}", shown(path)),
    })
}

fn replace(path: &Path, text: &str, secret: bool) -> Result<(), String> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    create(&beside, text, secret).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        // A part of the file is useless.
        let _ = fs::remove_file(&beside);
        format!("cannot write {}: {error}", shown(path))
    })
}

fn create(path: &Path, text: &str, secret: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = secret;
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// PEM (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (number, three) in der.chunks(3).enumerate() {
        let bits = three.iter().chain([&0; 2]).take(3).fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let digit = char::from(ALPHABET[bits >> (18 - 6 * place) & 63]);
            text.push(if place <= three.len() { digit } else { '=' });
        }
        if number % 16 == 15 {
            text.push('\n');
        }
    }
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", text.trim_end())
}
