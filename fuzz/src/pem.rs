//! `pem`: files with any contents, compared with another PEM reader: every block that it finds is found here with the
//! same bytes, or is a problem. No block is lost, and each problem has a harmless sentence and a line of the file.

use super::choices::Choices;
use super::end::pki;
use super::key_files::pem as block;
use countersign::x509::Trust;
use countersign::x509::pem::sections;
use rustls_pki_types::pem::{PemObject, SectionKind};

/// If the first byte is below 16, this many blocks come before the rest, which is text. Otherwise all bytes are the
/// file.
pub fn pem(data: &[u8]) {
    let mut choices = Choices::new(data);
    let count = choices.byte();
    let mut file = Vec::new();
    for _ in 0..if count < 16 { count } else { 0 } {
        let label = *choices.of(&["CERTIFICATE", "PRIVATE KEY", "X509 CRL", "TRUSTED CERTIFICATE", "CERTIFICATE "]);
        let mut text = block(label, choices.few());
        let place = choices.word() % text.len();
        text[place] ^= choices.byte();
        file.extend(text);
    }
    file.extend(choices.rest());
    let ours = sections(&file);
    let lines = file.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    let mut last = 0;
    for section in &ours {
        assert!(section.line <= lines && section.line >= last, "in the order of their lines");
        last = section.line;
        let problem = section.problem().map(str::to_owned);
        match section.der() {
            Ok(_) => assert!(problem.is_none()),
            Err(what) => {
                assert!(!what.is_empty() && what.len() < 4000, "{} bytes: {what}", what.len());
                assert!(what.chars().all(|c| !c.is_control()), "{what:?}");
            }
        }
    }
    // If we read all blocks of a file, the other reader reads the same.
    let whole = ours.iter().all(|section| section.der().is_ok()) && ours.iter().all(|section| section.line > 0);
    let theirs: Vec<Vec<u8>> = <(SectionKind, Vec<u8>)>::pem_slice_iter(&file).flatten().map(|(_, der)| der).collect();
    if whole {
        for der in &theirs {
            assert!(
                ours.iter().any(|section| section.der().as_ref() == Ok(der)),
                "a block is lost, and nobody says so"
            );
        }
    }
    let (trust, problems) = Trust::builder().roots("file", &file).build_from_usable();
    assert!(trust.root_count() > 0 || !problems.is_empty(), "no roots, and nobody says so");
    for problem in problems {
        let said = problem.to_string();
        assert!(said.chars().all(|c| !c.is_control()) && said.len() < 4000, "{said:?}");
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let root = &pki().root;
    let mut seeds = vec![[&[0], &root[..]].concat(), [&[0], &block("CERTIFICATE", root)[..]].concat()];
    let two =
        [&block("CERTIFICATE", root)[..], b"\r\n# comment\r", &block("CERTIFICATE", &pki().client.chain[0])].concat();
    seeds.push([&[0], &two[..]].concat());
    for (from, to) in [
        ("-----B", "----B"),
        ("-----END", "-----EMD"),
        ("\n", "\r\n"),
        ("\n", "\r"),
        ("\n", " \n"),
        ("BEGIN ", "BEGIN  "),
        ("A", "é"),
    ] {
        let text = String::from_utf8(two.clone()).expect("text").replace(from, to);
        seeds.push([&[0], text.as_bytes()].concat());
    }
    for count in 1..4 {
        seeds.push([&[count][..], &[0, 5, 0x30, 3, 2, 1, 1, 0, 30, 0].repeat(4)].concat());
        seeds.push([&[count][..], &[0, 5, 0x30, 3, 2, 1, 1, 0, 3, 32].repeat(4)].concat());
    }
    seeds
}
