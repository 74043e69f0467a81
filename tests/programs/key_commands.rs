//! The commands in messages about private keys: each is run as it is in the message, and solves the problem.

use countersign::x509::{Identity, KeyError, SigningKey, Trust};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The command in a message: the text between `(openssl ` and `)`.
fn command(message: &str) -> Vec<&str> {
    let (_, rest) = message.split_once("(openssl ").unwrap_or_else(|| panic!("no command: {message}"));
    rest.split_once(')').unwrap().0.split_ascii_whitespace().collect()
}

/// Runs it with this file as `KEY` or `FILE`, and returns the file that it has written.
fn run(command: &[&str], file: &Path, more: &[&str]) -> Vec<u8> {
    static COUNT: AtomicU32 = AtomicU32::new(0); // tests run in parallel
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let out = std::env::temp_dir().join(format!("countersign-key-{}-{number}", std::process::id()));
    let at = command.iter().position(|word| *word == "-out").unwrap() + 1;
    let words = command.iter().enumerate().map(|(place, word)| match *word {
        "KEY" | "FILE" => file.to_path_buf(),
        _ if place == at => out.clone(),
        word => PathBuf::from(word),
    });
    let status = Command::new("openssl").args(words).args(more).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
    let written = std::fs::read(&out).unwrap();
    std::fs::remove_file(&out).unwrap();
    written
}

#[test]
#[ignore = "needs openssl 3"]
fn the_openssl_command_in_a_message_makes_the_key_readable() {
    let forms = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/keys/forms");
    let plain = SigningKey::from_pem_or_der(&std::fs::read(forms.join("plain.key")).unwrap()).unwrap();
    for (name, error) in [
        ("enc.key", KeyError::Encrypted),
        ("proctype.key", KeyError::Encrypted),
        ("sec1-nopub.key", KeyError::NoPublicKey),
        ("java-ec.key", KeyError::NoPublicKey),
        ("sec1-compressed.key", KeyError::CompressedPoint),
        ("explicit.key", KeyError::ExplicitParameters),
        ("explicit8.key", KeyError::ExplicitParameters),
    ] {
        let key = forms.join(name);
        let refused = SigningKey::from_pem_or_der(&std::fs::read(&key).unwrap()).err().unwrap();
        assert_eq!(refused, error, "{name}");
        // A user types the passphrase.
        let passphrase: &[&str] = if error == KeyError::Encrypted { &["-passin", "pass:x"] } else { &[] };
        let read = SigningKey::from_pem_or_der(&run(&command(&error.to_string()), &key, passphrase));
        assert_eq!(read.map(|key| key.public_key()).ok(), Some(plain.public_key()), "{name}");
    }
}

/// Files that are no private key or certificate, but contain one.
#[test]
#[ignore = "needs openssl 3"]
fn the_openssl_command_for_a_file_of_another_kind_helps() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let p12 = vectors.join("keys/forms/bundle.p12");
    let key = SigningKey::from_pem_or_der(&std::fs::read(&p12).unwrap()).err().unwrap();
    let read = SigningKey::from_pem_or_der(&run(&command(&key.to_string()), &p12, &["-passin", "pass:"]));
    assert!(read.is_ok(), "{:?}", read.err());

    let scratch = std::env::temp_dir().join(format!("countersign-p7b-{}", std::process::id()));
    let p7b = vectors.join("keys/forms/chain.p7b");
    let der = run(&["pkcs7", "-in", "FILE", "-outform", "DER", "-out", "OUT"], &p7b, &[]);
    std::fs::write(&scratch, der).unwrap();
    let text_forms = vectors.join("pem/pem-text-forms");
    for file in [p12, p7b, scratch.clone(), text_forms.join("x509.pem"), text_forms.join("trusted.pem")] {
        let refused = Identity::external_from_pem(&std::fs::read(&file).unwrap(), vec![]).err().unwrap();
        let passphrase: &[&str] =
            if file.extension().is_some_and(|p12| p12 == "p12") { &["-passin", "pass:"] } else { &[] };
        let written = run(&command(&refused.to_string()), &file, passphrase);
        let read = Identity::external_from_pem(&written, vec![]);
        assert!(read.is_ok(), "{}: {refused}: {:?}", file.display(), read.err());
    }
    std::fs::remove_file(&scratch).unwrap();
}

/// Also for a CRL: from PKCS#7 and from base64.
#[test]
#[ignore = "needs openssl 3 and base64"]
fn the_command_for_a_crl_in_another_form_helps() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/revocation/crl-old-forms");
    let crl = vectors.join("easyrsa.crl");
    let told = |file: &[u8]| {
        let builder = Trust::builder().roots("roots", &std::fs::read(vectors.join("roots.pem")).unwrap());
        builder.crls("crls", file).build().err().map_or(String::new(), |error| error.to_string())
    };
    assert_eq!(told(&std::fs::read(&crl).unwrap()), "");
    let p7b = run(&["crl2pkcs7", "-in", "FILE", "-out", "OUT"], &crl, &[]);
    let scratch = std::env::temp_dir().join(format!("countersign-crl-p7b-{}", std::process::id()));
    std::fs::write(&scratch, &p7b).unwrap();
    assert_eq!(told(&run(&command(&told(&p7b)), &scratch, &[])), "");

    let encode = |file: &Path| Command::new("base64").arg(file).output().unwrap().stdout;
    let encoded = encode(&crl);
    let told_of_base64 = told(&encoded);
    let (_, command) = told_of_base64.split_once("decode it (").unwrap();
    let words: Vec<&str> = command.split_once(')').unwrap().0.split(' ').collect();
    std::fs::write(&scratch, &encoded).unwrap();
    let decoded = Command::new(words[0]).args(&words[1..]).arg(&scratch).output().unwrap().stdout;
    assert_eq!(told(&decoded), "");
    std::fs::remove_file(&scratch).unwrap();
}

/// Every message with a command is tested above.
#[test]
fn no_other_message_about_keys_has_a_command() {
    for error in [
        KeyError::NoKey,
        KeyError::Pem { line: 1, what: "it has no END line".into() },
        KeyError::Malformed,
        KeyError::Inconsistent,
        KeyError::KeyOfAnother,
        KeyError::Unsupported("Ed448".into()),
    ] {
        assert!(!error.to_string().contains("openssl"), "{error}");
    }
}
