//! PEM files (vectors/pem): no object in them is lost without a problem.

use countersign::x509::{Identity, IdentityError, KeyError, Problem, SigningKey, Trust, pem};
use std::{fs, path::Path};

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The number of roots, and the problems.
fn roots(file: &[u8]) -> (usize, Vec<Problem>) {
    let (trust, problems) = Trust::builder().roots("roots.pem", file).build_from_usable();
    (trust.root_count(), problems)
}

/// The problems of CRLs.
fn crls(file: &[u8]) -> Vec<Problem> {
    Trust::builder()
        .roots("roots", &self::file("pem/pem-text-forms/roots.pem"))
        .crls("crls.pem", file)
        .build_from_usable()
        .1
}

/// The only problem, with its line.
fn only((count, problems): (usize, Vec<Problem>)) -> (usize, usize, String) {
    match &problems[..] {
        [Problem { line, what, .. }] => (count, *line, what.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn blocks_on_one_line_are_told_apart() {
    assert_eq!(roots(&file("pem/pem-glued/good.pem")), (2, vec![]));
    assert_eq!(roots(&file("pem/pem-glued/glued-roots.pem")), (2, vec![]));
    assert_eq!(roots(&file("pem/pem-glued/glued3.pem")), (3, vec![]));
    assert_eq!(crls(&file("pem/pem-glued/glued-crls.pem")), []);
    let sections = |name: &str| pem::sections(&file(name)).len();
    assert_eq!(sections("pem/pem-glued/glued-crls.pem"), 2);
    let (chain, key) = (file("pem/pem-glued/glued-chain.pem"), file("pem/pem-glued/leaf.key"));
    assert_eq!(Identity::from_pem_or_der(&chain, &key).unwrap().chain().len(), 2);
    let bundle = file("pem/pem-glued/glued-key.pem");
    assert_eq!(Identity::from_pem(&bundle).unwrap().chain().len(), 1);
    assert_eq!(Identity::from_pem_or_der(&bundle, &bundle).unwrap().chain().len(), 1);
}

// RFC 7468 §2: text between blocks; §3: line ends and white space.
#[test]
fn a_block_is_read_in_every_form_that_editors_leave() {
    for form in ["roots", "bom", "cr", "crlf", "trailing", "blank", "longline", "bag", "text", "latin1", "indented"] {
        let text = file(&format!("pem/pem-text-forms/{form}.pem"));
        assert_eq!(roots(&text), (1, vec![]), "{form}");
        // The same for a CRL.
        let crl = replace(&text, b"CERTIFICATE-----", b"X509 CRL-----");
        let problems = crls(&crl);
        assert!(problems.len() == 1 && problems[0].what.contains("it is a certificate"), "{form}: {problems:?}");
    }
    assert_eq!(roots(&file("pem/pem-text-forms/bom-in-middle.pem")), (2, vec![]));
    let key = file("pem/pem-text-forms/bomkey.pem");
    assert!(SigningKey::from_pem_or_der(&key).is_ok());
    assert!(Identity::from_pem_or_der(&file("pem/pem-text-forms/chain.pem"), &key).is_ok());
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        match rest.strip_prefix(from) {
            Some(after) => {
                out.extend(to);
                rest = after;
            }
            None => {
                out.push(rest[0]);
                rest = &rest[1..];
            }
        }
    }
    out
}

#[test]
fn a_form_that_cannot_be_read_is_told_by_what_is_wrong_with_it() {
    for (form, line, says) in [
        ("x509", 1, "its label is \"X509 CERTIFICATE\", but CERTIFICATE is wanted"),
        ("trusted", 1, "its label is \"TRUSTED CERTIFICATE\", but CERTIFICATE is wanted"),
        ("oneline", 1, r"its line breaks are written as the two characters \n"),
        ("spaces", 1, "its line breaks are missing"),
        ("utf16", 1, "it is UTF-16 text"),
    ] {
        let (count, at, what) = only(roots(&file(&format!("pem/pem-text-forms/{form}.pem"))));
        assert!(count == 0 && at == line && what.contains(says), "{form}: line {at}: {what}");
        // Read as our own chain.
        let error =
            Identity::external_from_pem(&file(&format!("pem/pem-text-forms/{form}.pem")), vec![]).err().unwrap();
        let IdentityError::Certificate { line: at, what } = &error else { panic!("{form}: {error}") };
        assert!(*at == line && what.contains(says), "{form}: {error}");
    }
    let dotted = replace(&file("pem/pem-text-forms/x509.pem"), b"X509", b"X.509");
    assert!(only(roots(&dotted)).2.contains("its label \"X.509 CERTIFICATE\" is not known"));
}

#[test]
fn a_near_miss_of_a_block_is_a_problem_at_its_line() {
    for (form, line, says) in [
        ("comment", 11, "other text follows its BEGIN"),
        ("lower", 11, "not quite a BEGIN or END line"),
        ("dashes", 11, "not quite a BEGIN or END line"),
        ("four", 11, "not quite a BEGIN or END line"),
        ("quote", 11, "other text stands before its BEGIN"),
        ("nbsp", 11, "other text stands before its BEGIN"),
        ("shell", 11, "other text stands before its BEGIN"),
        ("yaml", 11, "other text stands before its BEGIN"),
        ("nulls", 11, "other text stands before its BEGIN"),
        ("twospaces", 11, "its END line says \"CERTIFICATE\", not \" CERTIFICATE\""),
        ("space", 11, "its END line says \"CERTIFICATE\", not \"CERTIFICATE \""),
        ("endother", 11, "its END line says \"X509 CRL\", not \"CERTIFICATE\""),
        ("endmiss", 11, "it has no END line"),
        ("pkcs7", 11, "it is PKCS7, which can hold certificates and CRLs"),
    ] {
        let text = file(&format!("pem/pem-near-misses/{form}.pem"));
        let (count, at, what) = only(roots(&text));
        assert!(count == 1 && at == line && what.contains(says), "{form}: line {at}: {what}");
        // Read as our own chain, and as CRLs.
        let error = Identity::external_from_pem(&text, vec![]).err().unwrap();
        assert!(matches!(error, IdentityError::Certificate { line: 11, .. }), "{form}: {error}");
        let text = replace(&text, b"CERTIFICATE", b"X509 CRL");
        let problems = crls(&replace(&text, b"certificate", b"x509 crl"));
        assert!(problems.iter().any(|problem| problem.line == 11), "{form}: {problems:?}");
    }
    // The first of two blocks has no END.
    let (_, at, what) = only(roots(&file("pem/pem-near-misses/noend.pem")));
    assert!(at == 1 && what == "it has no END line", "line {at}: {what}");
}

/// Every character that may damage a boundary: in BEGIN, END, or both, of the second of two blocks.
#[test]
fn however_the_boundaries_of_a_block_are_spoilt_it_is_told() {
    let good = String::from_utf8(file("pem/pem-glued/good.pem")).unwrap();
    let second = good.rfind("-----BEGIN").unwrap();
    let (first, second) = good.split_at(second);
    type Spoil = fn(&str) -> String;
    let spoil: [(&str, Spoil); 14] = [
        ("lower case", |line| line.to_lowercase()),
        ("en dashes", |line| line.replace('-', "\u{2013}")),
        ("em dashes, two of them", |line| line.replace("-----", "\u{2014}\u{2014}")),
        ("four dashes", |line| line.replace("-----", "----")),
        ("six dashes", |line| line.replace("-----", "------")),
        ("no dashes", |line| line.replace('-', "")),
        ("no closing dashes", |line| line.trim_end_matches('-').to_string()),
        ("a comment sign", |line| format!("# {line}")),
        ("a comment after", |line| format!("{line} # the root")),
        ("quoted", |line| format!("\"{line}\\n\" +")),
        ("spaces inside", |line| line.replace(' ', "   ")),
        ("no space", |line| line.replace(' ', "")),
        ("zero-width space", |line| line.replace(' ', "\u{200b}")),
        ("a misspelt word", |line| line.replace("BEGIN", "BEGN").replace("END", "EDN")),
    ];
    for (name, spoil) in spoil {
        for (begin, end) in [(true, false), (false, true), (true, true)] {
            let text: String = second
                .lines()
                .map(|line| match line {
                    line if begin && line.starts_with("-----BEGIN") => spoil(line) + "\n",
                    line if end && line.starts_with("-----END") => spoil(line) + "\n",
                    line => line.to_string() + "\n",
                })
                .collect();
            // The damaged block is the last one, and then the first.
            for (file, lines) in [(format!("{first}{text}"), 11..=21), (format!("{text}{first}"), 1..=11)] {
                let (count, problems) = roots(file.as_bytes());
                assert!(count < 2 && !problems.is_empty(), "{name} {begin} {end}: {count} {problems:?}");
                assert!(problems.iter().all(|problem| lines.contains(&problem.line)), "{name}: {problems:?}");
            }
        }
    }
}

#[test]
fn a_dash_on_one_side_makes_a_line_a_near_miss_and_none_makes_it_text() {
    for (line, problem) in [
        ("-BEGIN CERTIFICATE (api)", Some("not quite a BEGIN or END line")),
        ("(api) BEGIN CERTIFICATE-", Some("not quite a BEGIN or END line")),
        ("(api) BEGIN CERTIFICATE (api)", None),
    ] {
        let text = format!("{line}\n{}", String::from_utf8(file("pem/pem-glued/good.pem")).unwrap());
        let (count, problems) = roots(text.as_bytes());
        let told: Vec<_> = problems.iter().map(|each| (each.line, each.to_string())).collect();
        match problem {
            Some(says) => assert!(told.len() == 1 && told[0].0 == 1 && told[0].1.contains(says), "{line}: {told:?}"),
            None => assert_eq!((count, told), (2, vec![]), "{line}"),
        }
    }
}

/// One octet of a file with two roots is changed, removed, or inserted: both roots are read, or a problem is reported.
#[test]
fn a_changed_octet_never_makes_a_block_vanish_in_silence() {
    let good = file("pem/pem-glued/good.pem");
    let check = |text: &[u8], at: usize, how: &str| {
        let sections: Vec<_> = pem::sections(text).iter().map(pem::Section::der).collect();
        let told = sections.iter().any(Result::is_err);
        assert!(sections.len() == 2 || told, "{how} at {at}: {} sections", sections.len());
    };
    for at in 0..good.len() {
        for octet in [b'\n', b'\r', b' ', b'-', b'x', b'=', b'"', 0, 0xff] {
            let mut changed = good.clone();
            changed[at] = octet;
            check(&changed, at, "changed");
            changed[at] = good[at];
            changed.insert(at, octet);
            check(&changed, at, "inserted");
        }
        let mut without = good.clone();
        without.remove(at);
        check(&without, at, "removed");
    }
    // Cut: the rest of the second block is reported, unless it has only dashes.
    let second = good.windows(10).rposition(|ten| ten == b"-----BEGIN").unwrap();
    for end in second + 6..good.len() - 1 {
        check(&good[..end], end, "cut");
    }
}

#[test]
fn a_file_of_another_kind_is_told_by_what_it_is() {
    let p12 = file("keys/forms/bundle.p12");
    let der = |name: &str| pem::sections(&file(name))[0].der().unwrap();
    let (certificate, key) = (der("pem/pem-text-forms/roots.pem"), der("pem/pem-text-forms/leaf.key"));
    let crl = der("pem/pem-glued/glued-crls.pem");
    let utf16 = file("pem/pem-text-forms/utf16.pem");
    let request = rcgen::CertificateParams::default().serialize_request(&rcgen::KeyPair::generate().unwrap()).unwrap();
    let request_pem = super::pki::pem("CERTIFICATE REQUEST", request.der());
    for (file, as_root, as_crl, as_key) in [
        (
            &b""[..],
            "no certificate found: the file is empty",
            "no CRL found: the file is empty",
            "no private key found",
        ),
        (b" \n", "no certificate found: the file is empty", "no CRL found: the file is empty", "no private key found"),
        (b"<!DOCTYPE html>", "it is HTML", "it is HTML", "it is HTML"),
        (b"{\"keys\": []}", "it is JSON (a SPIFFE bundle", "it is JSON", "it is JSON"),
        (&utf16, "it is UTF-16", "it is UTF-16", "it is UTF-16"),
        (&p12, "it is PKCS#12 (openssl pkcs12", "it is PKCS#12", "it is PKCS#12 (openssl pkcs12"),
        (&crl, "it is a CRL", "", "it is a CRL"),
        (&certificate, "", "it is a certificate", "it is a certificate"),
        (&key, "it is a private key", "it is a private key", ""),
        (request.der(), "it is a certificate request", "it is a certificate request", "it is a certificate request"),
        (
            request_pem.as_bytes(),
            "it is a certificate request",
            "no CRL found, only CERTIFICATE REQUEST (line 1)",
            "no private key found",
        ),
    ] {
        let root = roots(file).1.first().map_or(String::new(), |problem| problem.to_string());
        let list = crls(file).first().map_or(String::new(), |problem| problem.to_string());
        let private = SigningKey::from_pem_or_der(file).err().map_or(String::new(), |error| error.to_string());
        for (told, right) in [(root, as_root), (list, as_crl), (private, as_key)] {
            assert!(told.contains(right) && told.is_empty() == right.is_empty(), "{told:?} should say {right:?}");
            assert!(!told.contains("malformed") && !told.contains("line 0"), "{told}");
        }
    }
    // PEM is not reported as malformed DER.
    let error = SigningKey::from_der(&self::file("pem/pem-text-forms/leaf.key")).err().unwrap();
    assert_eq!(error.to_string(), "no private key found: it is PEM, where DER is wanted");
}

#[test]
fn what_often_lies_in_the_same_file_is_passed_over_by_name() {
    let root = file("pem/pem-text-forms/roots.pem");
    let key = file("pem/pem-text-forms/leaf.key");
    let files = ["keys/p256.params-and-sec1.pem", "keys/encrypted.pkcs1.pem", "keys/p256.public.pem"];
    let request = super::pki::pem("CERTIFICATE REQUEST", &[0x30, 0]).into_bytes();
    let mut more = [key.clone(), request, file("pem/pem-glued/glued-crls.pem")].to_vec();
    more.extend(files.map(file));
    for other in more {
        assert_eq!(roots(&[&*other, &root].concat()), (1, vec![]));
        assert_eq!(roots(&[&root, &*other].concat()), (1, vec![]));
    }
    assert_eq!(roots(&key).1[0].what, "no certificate found, only PRIVATE KEY (line 1)");
    // Unknown labels are reported everywhere.
    let unknown = super::pki::pem("CERTIFIKAT", &[0x30, 0]);
    let file = [&key[..], unknown.as_bytes()].concat();
    assert!(only(roots(&[&root, &file[..]].concat())).2.contains("its label \"CERTIFIKAT\" is not known"));
    let error = SigningKey::from_pem_or_der(&file).err().unwrap();
    assert!(matches!(error, KeyError::Pem { line: 6, .. }), "{error}");
}

/// What a file is read for, and the result: the number of good objects, and the problems.
fn read_for(wanted: &str, file: &[u8]) -> (usize, Vec<(usize, String)>) {
    let place = |problem: Problem| (problem.line, problem.what);
    match wanted {
        "CERTIFICATE" => {
            let (count, problems) = roots(file);
            (count, problems.into_iter().map(place).collect())
        }
        "X509 CRL" => {
            let good =
                pem::sections(file).iter().filter(|section| section.label == wanted && section.der().is_ok()).count();
            (good, crls(file).into_iter().map(place).collect())
        }
        _ => match SigningKey::from_pem_or_der(file) {
            Ok(_) => (1, vec![]),
            Err(KeyError::Pem { line, what }) => (1, vec![(line, what)]),
            Err(error) => (0, vec![(0, error.to_string())]),
        },
    }
}

/// An object in any other form than its own block, before and after a good block: it is reported with its line.
#[test]
fn what_stands_outside_of_every_block_and_may_be_an_object_is_a_problem_at_its_line() {
    let cases = [
        ("CERTIFICATE", file("pem/pem-text-forms/roots.pem")),
        ("X509 CRL", file("revocation/crl-old-forms/easyrsa.crl")),
        ("PRIVATE KEY", file("pem/pem-text-forms/leaf.key")),
    ];
    for (wanted, good) in cases {
        let der = pem::sections(&good)[0].der().unwrap();
        let armoured = String::from_utf8(good.clone()).unwrap();
        let text: String = armoured.lines().filter(|line| !line.starts_with("-----")).collect();
        let (mut again, mut shifted, mut shifted_twice) = (String::new(), String::new(), String::new());
        for (out, before) in [(&mut again, ""), (&mut shifted, "\n"), (&mut shifted_twice, "\r\n")] {
            let block = super::pki::pem("X", [before.as_bytes(), &good].concat().as_slice());
            *out = block.lines().filter(|line| !line.starts_with("-----")).collect::<Vec<_>>().join("\n") + "\n";
        }
        let on_one_line = again.replace('\n', "");
        let binary = "stands outside of every block";
        let encoded = "base64 stands outside of every block";
        let twice = "it is PEM that was encoded in base64 once more";
        let forms: Vec<(&str, Vec<u8>, &str)> = vec![
            ("DER", der.clone(), binary),
            ("a short object in DER", b"0\x03\x02\x01\x05".to_vec(), "DER stands outside of every block"),
            ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03cd".to_vec(), "it is compressed (gzip)"),
            ("other binary", b"abc\x01\x02".to_vec(), "binary data stands outside of every block"),
            ("base64 of PEM", again.clone().into_bytes(), twice),
            ("base64 of PEM after a line break", shifted.into_bytes(), twice),
            ("base64 of PEM after CR LF", shifted_twice.into_bytes(), twice),
            ("a Kubernetes secret", format!("  ca.crl: {on_one_line}").into_bytes(), twice),
            ("base64", text.clone().into_bytes(), encoded),
            ("base64 behind a key", format!("crl: {text}").into_bytes(), encoded),
            ("base64 behind a path", format!("/etc/ca_crl/{text}").into_bytes(), encoded),
            ("base64 behind =", format!("export CRL={text}").into_bytes(), encoded),
            ("base64 in JSON", format!("{{\"crl\":\"{text}\"}}").into_bytes(), encoded),
            ("base64 of URLs", text.replace('+', "-").replace('/', "_").into_bytes(), encoded),
            ("escaped for a URL", format!("BEGIN%20{wanted}%0A{}", text.replace('+', "%2B")).into_bytes(), encoded),
            ("escaped in a string", format!("BEGIN {wanted}\\n{text}").into_bytes(), encoded),
            ("escaped in Unicode", format!("BEGIN {wanted}\\u000a{text}").into_bytes(), encoded),
            ("an error page", b"<!DOCTYPE html>\n<title>502</title>".to_vec(), "it is HTML, perhaps an error page"),
            (
                "an error page in XML",
                b"  <?xml version=\"1.0\"?>\n<Error/>".to_vec(),
                "it is HTML, perhaps an error page",
            ),
        ];
        for (form, lost, says) in forms {
            if text.len() < 200 && says == encoded {
                continue; // an EC key without PEM or DER cannot be distinguished from other base64
            }
            let lines = armoured.lines().count();
            for (at, text) in [(1 + lines, [&good, &lost[..], b"\n"].concat()), (1, [&lost[..], b"\n", &good].concat())]
            {
                let (count, problems) = read_for(wanted, &text);
                let [(line, what)] = &problems[..] else { panic!("{wanted} {form}: {problems:?}") };
                assert!(*line == at && what.contains(says), "{wanted} {form}: line {line}: {what}");
                assert_eq!(count, 1, "{wanted} {form}: the good one is there");
            }
            // Directly after the END.
            let glued = [good.trim_ascii_end(), &lost[..]].concat();
            let (_, problems) = read_for(wanted, &glued);
            assert!(!problems.is_empty(), "{wanted} {form}");
        }
        // Alone, it is reported too.
        assert!(read_for(wanted, again.as_bytes()).1[0].1.contains(twice));
        assert!(read_for(wanted, &[&der[..], &der].concat()).1[0].1.contains("something follows the DER object"));
    }
}

/// RFC 7468 §2: explanations are ignored.
#[test]
fn what_people_and_tools_write_between_blocks_is_no_problem() {
    let root = file("pem/pem-text-forms/roots.pem");
    let texts = [
        "# The root of the test PKI, see https://pki.example/roots/2026/a-very-long-path-of-more-than-forty-letters",
        "subject=C=US, O=Example, CN=Example Root CA\nissuer=C=US, O=Example, CN=Example Root CA",
        "SHA256 Fingerprint=5A:6B:7C:8D:9E:AF:B0:C1:D2:E3:F4:05:16:27:38:49:5A:6B:7C:8D:9E:AF:B0:C1:D2:E3:F4:05:16:27:38:49",
        "pin-sha256=\"d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=\"",
        "Bag Attributes\n    localKeyID: 01 02\n    friendlyName: K\u{fc}che\nKey Attributes: <No Attributes>",
        "[roots]\n{ not JSON }\n<pki@example.org>\n========\n\u{c}\n\tMINIMAL",
        "MIIB is how base64 of DER begins",
    ];
    for text in texts {
        for file in [[&root, text.as_bytes(), b"\n"].concat(), [text.as_bytes(), b"\n", &root].concat()] {
            assert_eq!(roots(&file), (1, vec![]), "{text}");
        }
    }
}

/// A block with an ignored label does not hide a wanted object.
#[test]
fn an_object_that_is_wanted_is_told_under_whatever_label_it_stands() {
    let der = |name: &str| pem::sections(&file(name))[0].der().unwrap();
    let objects = [
        ("CERTIFICATE", "a certificate", "pem/pem-text-forms/roots.pem"),
        ("X509 CRL", "a CRL", "revocation/crl-old-forms/easyrsa.crl"),
        ("PRIVATE KEY", "a private key", "pem/pem-text-forms/leaf.key"),
    ];
    let labels = ["CERTIFICATE", "X509 CRL", "CERTIFICATE REQUEST", "PUBLIC KEY", "PRIVATE KEY", "EC PARAMETERS"];
    for (wanted, kind, name) in objects {
        let good = file(name);
        let after = 1 + good.split(|byte| *byte == b'\n').count() - 1;
        for label in labels.into_iter().filter(|label| *label != wanted) {
            let hidden = super::pki::pem(label, &der(name));
            let (_, problems) = read_for(wanted, &[&good, hidden.as_bytes()].concat());
            let says = format!("its label is \"{label}\", but it is {kind}: {wanted} is wanted");
            assert_eq!(problems, [(after, says)]);
            // An unwanted object is ignored under its own label and similar ones.
            let (other_label, _, other) = objects.iter().find(|(other, ..)| *other != wanted).unwrap();
            let passed = super::pki::pem(other_label, &der(other));
            assert_eq!(read_for(wanted, &[&good, passed.as_bytes()].concat()), (1, vec![]));
        }
        let again = super::pki::pem(if wanted == "X509 CRL" { "CERTIFICATE" } else { "X509 CRL" }, &good);
        let (_, problems) = read_for(wanted, &[&good, again.as_bytes()].concat());
        assert!(problems[0].1.contains("but it is PEM that was encoded in base64 once more"), "{problems:?}");
    }
}

#[test]
fn what_is_wrong_inside_a_block_is_told_with_its_line() {
    let root = String::from_utf8(file("pem/pem-text-forms/roots.pem")).unwrap();
    let third: Vec<&str> = root.lines().collect();
    let spoilt = root.replace(third[3], &format!("{}\u{e9}{}", &third[3][..20], &third[3][20..]));
    for (text, says) in [
        (spoilt, "line 4 in it is not base64: it has \"\u{e9}\""),
        (root.replace("=\n", "\n").replace(third[3], &third[3][1..]), "its base64 is cut short, or padded wrongly"),
        (root.replacen("-----\n", "-----\nComment: x\n", 1), "it has a header (RFC 1421), on line 2"),
        ("-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----".into(), "it is empty"),
        ("-----BEGIN -----\nMAA=\n-----END -----".into(), "its BEGIN has no label"),
    ] {
        let (_, line, what) = only(roots(text.as_bytes()));
        assert!(line == 1 && what.contains(says), "{what}");
    }
}

/// A message about a key file shows no part of the file.
#[test]
fn no_text_of_a_key_file_is_shown() {
    let key = String::from_utf8(file("pem/pem-text-forms/leaf.key")).unwrap();
    let secret = key.lines().nth(2).unwrap();
    for text in [
        key.replace('\n', ""),
        key.replace('\n', r"\n"),
        key.replacen('\n', "", 1),
        key.replace("-----", "----"),
        key.replace("-----", "----").replace('\n', " "),
        key.replace("-----BEGIN PRIVATE KEY-----\n", ""),
        key.replace("-----END", "\"-----END"),
    ] {
        let error = SigningKey::from_pem_or_der(text.as_bytes()).err().unwrap().to_string();
        assert!(
            !secret.as_bytes().windows(4).any(|part| error.as_bytes().windows(4).any(|said| said == part)),
            "{error}"
        );
    }
}
