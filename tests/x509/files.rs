//! Files by their octets: what is DER and what is text, where a line ends, and what a file is that holds something else.

use crate::pki::{Ca, custom, der, pem as armoured};
use countersign::x509::{SigningKey, Trust, pem};
use std::{fs, path::Path};

fn vector(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first object of a vector, in DER.
fn object(name: &str) -> Vec<u8> {
    pem::sections(&vector(name))[0].der().unwrap()
}

/// Lines and problems of a file with roots.
fn problems(file: &[u8]) -> Vec<(usize, String)> {
    let (_, problems) = Trust::builder().roots("roots.pem", file).build_from_usable();
    problems.into_iter().map(|problem| (problem.line, problem.what)).collect()
}

/// What a file is for somebody who wants roots, CRLs, or a key in it.
fn told(file: &[u8]) -> [String; 3] {
    let of = |builder: countersign::x509::TrustBuilder| {
        let (_, problems) = builder.build_from_usable();
        problems.first().map_or(String::new(), |problem| problem.what.clone())
    };
    let root = Ca::root("Root").der;
    let key = SigningKey::from_pem_or_der(file).err().map_or(String::new(), |error| error.to_string());
    [of(Trust::builder().roots("file", file)), of(Trust::builder().roots("root", &root).crls("file", file)), key]
}

/// Text in a certificate cannot add another one to the file.
#[test]
fn a_file_that_is_one_der_object_is_this_object_whatever_text_stands_in_it() {
    let another = format!("\n{}", armoured("CERTIFICATE", &Ca::root("Another").der));
    let text = custom(&[1, 3, 6, 1, 4, 1, 99999, 7], another.as_bytes(), false);
    let root = Ca::root_with("Root", |params| params.custom_extensions.push(text));
    let text_only = der(0x30, b"CERTIFICATE");
    for file in [&root.der[..], &text_only] {
        let sections = pem::sections(file);
        assert_eq!((sections.len(), sections[0].line, sections[0].der()), (1, 0, Ok(file.to_vec())));
    }
    let trust = Trust::from_roots("root.der", &root.der).unwrap();
    assert_eq!(trust.root_count(), 1);
}

#[test]
fn damaged_der_is_told_from_text() {
    let root = Ca::root("Root").der;
    let cut = &root[..root.len() - 1];
    for file in [cut, b"0\x03\x02\x01", b"0\x00", b"0\x82 only the length is not text", b"0\x80"] {
        let sections = pem::sections(file);
        assert_eq!((sections.len(), sections[0].der()), (1, Ok(file.to_vec())), "{file:?}");
        let [(0, what)] = &problems(file)[..] else { panic!("{file:?}") };
        assert!(what.starts_with("not a usable root certificate: ") && !what.contains("follows"), "{what}");
    }
    for text in [&b"0 roots\nare here\n"[..], b"0", b"0\t1", b"1\x03\x02\x01"] {
        assert!(pem::sections(text).iter().all(|section| section.der().is_err()), "{text:?}");
    }
}

/// RFC 7468 §3: `eol = CRLF / CR / LF`. Each is one line.
#[test]
fn lines_are_counted_by_each_of_the_three_line_ends() {
    let text = [
        "# our roots",
        "-----BEGIN CERTIFICATE-----",
        "MIIB",
        "MI?B",
        "-----END CERTIFICATE-----",
        "",
        "-----BEGIN CERTIFICATE-----",
    ];
    for end in ["\n", "\r\n", "\r"] {
        let [(2, strange), (7, open)] = &problems(text.join(end).as_bytes())[..] else { panic!("{end:?}") };
        assert_eq!(strange, "line 4 in it is not base64: it has \"?\"", "{end:?}");
        assert_eq!(open, "it has no END line");
    }
}

/// The last line of base64 often has no line end of its own.
#[test]
fn an_end_may_follow_its_base64_directly_but_not_on_the_line_of_its_begin() {
    let root = armoured("CERTIFICATE", &Ca::root("Root").der);
    assert_eq!(problems(root.replace("\n-----END", "-----END").as_bytes()), []);
    let one_line = "-----BEGIN CERTIFICATE-----MAA=-----END CERTIFICATE-----";
    assert_eq!(problems(one_line.as_bytes()), [(1, "its line breaks are missing".to_owned())]);
    let empty = "-----BEGIN CERTIFICATE----- -----END CERTIFICATE-----";
    assert_eq!(problems(empty.as_bytes()), [(1, "it is empty".to_owned())]);
}

/// What some editors write without being asked.
#[test]
fn utf_16_is_told_also_without_its_mark() {
    let root = armoured("CERTIFICATE", &Ca::root("Root").der);
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let file: Vec<u8> = root.encode_utf16().flat_map(bytes).collect();
        let (line, what) = problems(&file).remove(0);
        assert_eq!((line, &*what), (1, "it is UTF-16 text, or has NUL bytes for another reason: save it as UTF-8"));
    }
}

/// Marks that cannot be seen do not hide a boundary.
#[test]
fn a_near_miss_is_seen_through_invisible_characters() {
    let root = armoured("CERTIFICATE", &Ca::root("Root").der);
    for mark in ['\u{200b}', '\u{202e}', '\u{1}', '\u{7f}', '\u{85}', '\u{a0}', ' '] {
        let file = format!("{root}----BEGIN CERTI{mark}FICATE----\n");
        let [(line, what)] = &problems(file.as_bytes())[..] else { panic!("{mark:?}") };
        assert_eq!(*line, 1 + root.lines().count(), "{mark:?}");
        assert!(what.starts_with("this is not quite a BEGIN or END line"), "{mark:?}: {what}");
    }
}

/// A damaged label may be a part of a key.
#[test]
fn of_a_wrong_label_only_words_of_labels_are_shown() {
    for (label, shown) in [
        ("PRIVATE KEY", "PRIVATE KEY"),
        ("X.509 CRL #2-A", "X.509 CRL #2-A"),
        ("Certificate", "Certificate"),
        ("ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOP"),
        ("ABCDEFGHIJKLMNOPQ", "..."),
        ("Abcdefghijk", "Abcdefghijk"),
        ("Abcdefghijkl", "..."),
        ("k3Yx CRL", "... CRL"),
        ("MFk A+b", "... ..."),
        ("PRIVATE kEY", "PRIVATE ..."),
    ] {
        let file = format!("-----BEGIN CERTIFICATE-----\nMAA=\n-----END {label}-----\n");
        let what = format!("its END line says \"{shown}\", not \"CERTIFICATE\"");
        assert_eq!(problems(file.as_bytes()), [(1, what)]);
    }
}

/// Below a heading that looks like JSON or XML, a broken block is a broken block.
#[test]
fn a_file_with_a_block_is_told_by_its_block() {
    for heading in ["[roots]", "<pki@example.org>"] {
        let file = format!("{heading}\n-----BEGIN CERTIFICATE-----\nMIIB\n");
        assert_eq!(problems(file.as_bytes()), [(2, "it has no END line".to_owned())], "{heading}");
    }
    for (file, kind) in [
        ("<Error><Code>AccessDenied</Code></Error>", "it is HTML or XML, perhaps an error page of the server"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJlLiFuIOMrMo29G user@host", "it is an OpenSSH public key"),
    ] {
        for what in told(file.as_bytes()) {
            assert!(what.contains(kind), "{what}");
        }
    }
}

/// Version 1: TBSCertificate begins with the serial number (RFC 5280 §4.1), and has no extensions.
fn old_certificate() -> Vec<u8> {
    let algorithm = der(0x30, &der(0x06, &[0x2b, 0x65, 112]));
    let name = der(0x30, &der(0x31, &der(0x30, &[der(0x06, &[0x55, 4, 3]), der(0x0c, b"a")].concat())));
    let validity = der(0x30, &[der(0x17, b"260101000000Z"), der(0x17, b"270101000000Z")].concat());
    let spki = der(0x30, &[algorithm.clone(), der(0x03, &[0; 33])].concat());
    let tbs = [der(0x02, &[1]), algorithm.clone(), name.clone(), validity, name, spki];
    der(0x30, &[der(0x30, &tbs.concat()), algorithm, der(0x03, &[0; 65])].concat())
}

#[test]
fn a_der_object_of_another_kind_is_told_by_its_structure() {
    const PKCS7: [&str; 3] =
        ["PKCS#7 (openssl pkcs7 -inform DER -in FILE -print_certs -out PLAIN)", "PKCS#7", "PKCS#7"];
    for (object, kinds) in [
        (object("keys/rsa2048.pkcs1.pem"), ["a private key", "a private key", ""]),
        (object("keys/p256.sec1.pem"), ["a private key", "a private key", ""]),
        (object("keys/encrypted.pkcs8.pem"), ["an encrypted private key", "an encrypted private key", ""]),
        (object("keys/p256.public.pem"), ["a public key"; 3]),
        (object("keys/forms/chain.p7b"), PKCS7),
        (object("revocation/crl-old-forms/v1.crl"), ["a CRL", "", "a CRL"]),
        (old_certificate(), ["", "a certificate", "a certificate"]),
    ] {
        for (what, kind) in told(&object).into_iter().zip(kinds) {
            assert!(kind.is_empty() || what.ends_with(&format!("it is {kind}")), "{what:?} should say {kind:?}");
        }
    }
    // Another SEQUENCE that begins with an OBJECT IDENTIFIER.
    let algorithm = der(0x30, &[der(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]), [5, 0].to_vec()].concat());
    assert_eq!(
        told(&algorithm),
        [
            "not a usable root certificate: it is not a certificate",
            "the CRL cannot be read: it is not a CRL",
            "the private key is malformed"
        ]
    );
}

#[test]
fn pkcs_7_under_the_label_of_something_else_may_have_what_is_wanted() {
    let hidden = armoured("CERTIFICATE REQUEST", &object("keys/forms/chain.p7b"));
    let [root, crl, key] = told(hidden.as_bytes());
    for (what, wanted) in [(root, "CERTIFICATE"), (crl, "X509 CRL")] {
        let kind = "PKCS#7, which can hold certificates and CRLs";
        assert_eq!(what, format!("its label is \"CERTIFICATE REQUEST\", but it is {kind}: {wanted} is wanted"));
    }
    assert!(key.contains("no private key found"), "{key}");
}
