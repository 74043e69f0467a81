//! Which objects of a file are read, which labels are ignored, and which problems are reported.

use super::contents::{Kind, kind_of_der, kind_of_file};
use super::{Body, Section, label_shown, sections};
use std::{format, string::String, vec::Vec};
use zeroize::Zeroizing;

/// The kind of object that is wanted from a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::x509) enum Wanted {
    Certificates,
    Crls,
    Keys,
}

impl Wanted {
    fn is(self, label: &str) -> bool {
        match self {
            Wanted::Certificates => label == "CERTIFICATE",
            Wanted::Crls => label == "X509 CRL",
            Wanted::Keys => label.ends_with("PRIVATE KEY"),
        }
    }

    /// Labels that are often in the same file and are ignored.
    fn passes_over(self, label: &str) -> bool {
        match label {
            "CERTIFICATE" | "X509 CRL" | "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => true,
            "PUBLIC KEY" | "RSA PUBLIC KEY" => true,
            "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" | "PKCS7" | "CMS" => self == Wanted::Keys,
            _ => label.ends_with("PRIVATE KEY") || label.ends_with(" PARAMETERS"),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Wanted::Certificates => "CERTIFICATE",
            Wanted::Crls => "X509 CRL",
            Wanted::Keys => "PRIVATE KEY",
        }
    }

    /// A block whose label is ignored, but which has or may have a wanted object.
    fn mislabelled(self, section: Section<'_>) -> Option<Section<'_>> {
        let der = Zeroizing::new(section.der().ok()?);
        let kind = match (kind_of_der(&der)?, self) {
            (Kind::Certificate, Wanted::Certificates) => "a certificate",
            (Kind::Crl, Wanted::Crls) => "a CRL",
            (Kind::PrivateKey | Kind::EncryptedKey, Wanted::Keys) => "a private key",
            (Kind::Pkcs7, Wanted::Certificates | Wanted::Crls) => "PKCS#7, which can hold certificates and CRLs",
            (Kind::Pem, _) => "PEM that was encoded in base64 once more",
            _ => return None,
        };
        let (label, wanted) = (label_shown(&section.label), self.label());
        let what = format!("its label is \"{label}\", but it is {kind}: {wanted} is wanted");
        Some(Section::wrong(section.line, &section.label, what))
    }

    /// Why a block of another label is not read.
    fn refuses(self, label: &str) -> String {
        let wanted = self.label();
        match label {
            "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                format!("its label is \"{label}\", but {wanted} is wanted (openssl x509 -in FILE -out PLAIN)")
            }
            "PKCS7" | "CMS" => format!(
                "it is {label}, which can hold certificates and CRLs (openssl pkcs7 -in FILE -print_certs -out PLAIN)"
            ),
            _ => format!("its label \"{}\" is not known: {wanted} is wanted", label_shown(label)),
        }
    }
}

/// The wanted objects of a file, and all its problems. Empty: there are none; [`found`] says what the file has.
pub(in crate::x509) fn read(file: &[u8], wanted: Wanted) -> Vec<Section<'_>> {
    let all = sections(file);
    let request = all.iter().find(|section| section.label.ends_with("CERTIFICATE REQUEST")).map(|section| section.line);
    let mut sections: Vec<Section<'_>> = all
        .into_iter()
        .filter_map(|section| match &section.body {
            Body::Der(_) | Body::Wrong(_) => Some(section),
            Body::Base64(_) if wanted.is(&section.label) => Some(section),
            Body::Base64(_) if wanted.passes_over(&section.label) => wanted.mislabelled(section),
            Body::Base64(_) => Some(Section::wrong(section.line, &section.label, wanted.refuses(&section.label))),
        })
        .collect();
    match (wanted, request) {
        (Wanted::Certificates, Some(line)) if sections.is_empty() => {
            let what = "it is a certificate request, which a CA answers by a certificate: that is wanted";
            sections.push(Section::wrong(line, "CERTIFICATE REQUEST", what.into()));
        }
        _ => {}
    }
    // Without any block the kind of the whole file says more than its lines.
    let without_block = sections.iter().all(|section| section.label.is_empty() && section.problem().is_some());
    if let (true, Some(kind)) = (without_block, kind_of_file(file)) {
        let what = format!("{kind}; PEM (BEGIN {}) or DER is wanted", wanted.label());
        let line = sections.first().map_or(0, |section| section.line);
        sections = [Section::wrong(line, "", what)].into();
    }
    sections
}

/// What is in a file without a result of [`read`], as the end of `no certificate found`.
pub(in crate::x509) fn found(file: &[u8]) -> String {
    match blocks(file) {
        Some(blocks) => format!(", only {blocks}"),
        None if file.trim_ascii().is_empty() => ": the file is empty".into(),
        None => String::new(),
    }
}

/// The blocks of a file, in a few words: `CERTIFICATE (line 1), PRIVATE KEY (line 20)`.
pub(in crate::x509) fn blocks(file: &[u8]) -> Option<String> {
    let blocks: Vec<String> = sections(file)
        .iter()
        .map(|section| format!("{} (line {})", label_shown(&section.label), section.line))
        .collect();
    match blocks.len() {
        0 => None,
        1..=5 => Some(blocks.join(", ")),
        more => Some(format!("{} and {} more", blocks.get(..3).unwrap_or_default().join(", "), more.saturating_sub(3))),
    }
}

/// The kind of a DER object that is not the wanted one, and what to do. `None` if it is the wanted one, or unknown.
pub(in crate::x509) fn other_kind(der: &[u8], wanted: Wanted) -> Option<String> {
    let kind = match (kind_of_der(der)?, wanted) {
        (Kind::Certificate, Wanted::Certificates) | (Kind::Crl, Wanted::Crls) | (Kind::PrivateKey, Wanted::Keys) => {
            return None;
        }
        (Kind::Certificate, _) => "a certificate",
        (Kind::Crl, _) => "a CRL",
        (Kind::Request, _) => "a certificate request, which a CA answers by a certificate",
        (Kind::PrivateKey, _) => "a private key",
        (Kind::EncryptedKey, _) => "an encrypted private key",
        (Kind::PublicKey, _) => "a public key",
        (Kind::Pkcs7, Wanted::Certificates) => "PKCS#7 (openssl pkcs7 -inform DER -in FILE -print_certs -out PLAIN)",
        (Kind::Pkcs7, _) => "PKCS#7",
        (Kind::Pkcs12, Wanted::Certificates) => "PKCS#12 (openssl pkcs12 -in FILE -nokeys -out PLAIN)",
        (Kind::Pkcs12, Wanted::Keys) => "PKCS#12 (openssl pkcs12 -in FILE -nocerts -nodes -out PLAIN)",
        (Kind::Pkcs12, Wanted::Crls) => "PKCS#12",
        (Kind::Pem, _) => "PEM, where DER is wanted",
    };
    Some(format!("it is {kind}"))
}
