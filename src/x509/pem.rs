//! PEM files, section by section with line numbers, so that errors can say where; or a single DER object.

use rustls_pki_types::pem::{PemObject, SectionKind};
use std::{format, string::String, string::ToString, vec::Vec};
use zeroize::Zeroizing;

/// One object of a file.
pub(super) struct Section {
    /// The line of its BEGIN, from 1; 0: the file is DER.
    pub(super) line: usize,
    /// `CERTIFICATE`, `PRIVATE KEY`, ...; empty: the file is DER.
    pub(super) label: String,
    /// The DER, or what is wrong. Wiped on drop: it may be a private key.
    pub(super) der: Result<Zeroizing<Vec<u8>>, String>,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// Every section of a PEM file, broken ones included. A file without any is taken for DER.
pub(super) fn sections(file: &[u8]) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut open: Option<(usize, String, usize)> = None;
    let mut offset = 0usize;
    for (index, line) in file.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let start = offset;
        offset = offset.saturating_add(line.len());
        if let Some(label) = label(line, BEGIN) {
            if let Some((line, label, _)) = open.take() {
                sections.push(Section { line, label, der: Err("it has no END line".to_string()) });
            }
            open = Some((index.saturating_add(1), label, start));
        } else if label(line, END).is_some()
            && let Some((line, label, start)) = open.take()
        {
            let der = decode(file.get(start..offset).unwrap_or_default());
            sections.push(Section { line, label, der });
        }
    }
    if let Some((line, label, _)) = open {
        sections.push(Section { line, label, der: Err("it has no END line".to_string()) });
    }
    if sections.is_empty() && file.first() == Some(&0x30) {
        sections.push(Section { line: 0, label: String::new(), der: Ok(Zeroizing::new(file.to_vec())) });
    }
    sections
}

/// The label of a `-----BEGIN label-----` line.
fn label(line: &[u8], marker: &[u8]) -> Option<String> {
    let label = line.trim_ascii().strip_prefix(marker)?.strip_suffix(b"-----")?;
    Some(String::from_utf8_lossy(label).into_owned())
}

fn decode(section: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    match <(SectionKind, Vec<u8>)>::from_pem_slice(section) {
        Ok((_, der)) => Ok(Zeroizing::new(der)),
        Err(rustls_pki_types::pem::Error::NoItemsFound) => Err("a kind of section that is not known".to_string()),
        Err(error) => Err(format!("{error}")),
    }
}
