//! What the user gives: certificates, keys and CRLs, from PEM or DER. Only read.

use countersign::internals::asn1::{Certificate, CertificateList, Name, Reader, Spki, Tag, der};
use countersign::x509::pem;
use rcgen::{KeyPair, PublicKeyData};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::fs;

/// The objects of a file whose label ends so.
fn objects(path: &str, label: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    let file = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let mut objects = Vec::new();
    for section in pem::sections(&file) {
        if section.label.is_empty() || section.label.ends_with(label) {
            let der = section.der().map_err(|what| format!("{path} line {}: {what}", section.line))?;
            objects.push((section.label.clone(), der));
        }
    }
    if objects.is_empty() { Err(format!("{path} holds no {label}")) } else { Ok(objects) }
}

pub(crate) fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    Ok(objects(path, "CERTIFICATE")?.into_iter().map(|(_, der)| der.into()).collect())
}

/// The private key of a CA, and which of these certificates is that CA's.
pub(crate) fn ca_key(path: &str, ca: &[CertificateDer<'_>]) -> Result<(KeyPair, CertificateDer<'static>), String> {
    let (label, key) = objects(path, "PRIVATE KEY")?.swap_remove(0);
    let mut cannot = None;
    for certificate in ca {
        let Ok(spki) = Spki::of_certificate(certificate) else { continue };
        // PKCS #8 whatever form the file has: rcgen reads no other.
        let pkcs8 = match label.as_str() {
            "EC PRIVATE KEY" | "RSA PRIVATE KEY" => {
                let algorithm = der::only(spki.raw, Tag::SEQUENCE).and_then(|spki| Reader::new(spki).element());
                let algorithm = algorithm.map_err(|error| format!("the CA's certificate: {error}"))?.whole;
                tlv(0x30, &[&[2, 1, 0], algorithm, &tlv(4, &key)].concat())
            }
            _ => key.clone(),
        };
        match KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8)) {
            Ok(pair) if pair.subject_public_key_info() == spki.raw => {
                is_ca(path, certificate)?;
                return Ok((pair, certificate.clone().into_owned()));
            }
            Ok(_) => {}
            Err(error) => cannot = Some(format!("{path}: this key cannot be used: {error}")),
        }
    }
    Err(cannot.unwrap_or_else(|| {
        format!(
            "{path} is the key of no certificate in --ca or --issuer: give the root in --ca, and the certificate of an \
             intermediate in --issuer"
        )
    }))
}

/// Whatever an end entity issued would be refused for that. (Old roots say nothing of what they are.)
fn is_ca(key: &str, certificate: &[u8]) -> Result<(), String> {
    let read = Certificate::from_der(certificate).map_err(|error| format!("the certificate of {key}: {error}"))?;
    let old_root = read.extensions.basic_constraints.is_none() && read.is_self_issued();
    match read.is_ca() || old_root {
        true => Ok(()),
        false => Err(format!(
            "{key} is the key of {}, which is an end entity and no CA: give the key of the CA that the target trusts, and its \
             certificate in --ca",
            read.subject
        )),
    }
}

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let len = &len[len.iter().take_while(|byte| **byte == 0).count()..];
    match len {
        [] => vec![tag, 0],
        [short @ ..=0x7f] => [&[tag, *short], content].concat(),
        long => [&[tag, 0x80 | long.len() as u8], long, content].concat(),
    }
}

/// A serial number that a CRL of this CA holds.
pub(crate) fn revoked_serial(path: &str, ca: &CertificateDer<'_>) -> Result<Vec<u8>, String> {
    let ca = Certificate::from_der(ca).map_err(|error| format!("the CA: {error}"))?;
    for (_, der) in objects(path, "CRL")? {
        let list = CertificateList::from_der(&der).map_err(|error| format!("{path}: {error}"))?;
        if same_name(&list.issuer, &ca.subject)
            && let Some(Ok(entry)) = list.entries().next()
        {
            return Ok(entry.serial.content().to_vec());
        }
    }
    Err(format!("{path} has no CRL of the CA in which a certificate is revoked"))
}

/// The CRLs that are out of date at this time, in words.
pub(crate) fn outdated(path: &str, now: u64) -> Result<Vec<String>, String> {
    let mut sentences = Vec::new();
    for (_, der) in objects(path, "CRL")? {
        let list = CertificateList::from_der(&der).map_err(|error| format!("{path}: {error}"))?;
        if let Some(end) = list.next_update.filter(|end| end.unix() < now) {
            sentences.push(format!("the CRL of {} in {path} has been out of date since {end}", list.issuer));
        }
    }
    Ok(sentences)
}

fn same_name(a: &Name<'_>, b: &Name<'_>) -> bool {
    a.to_string() == b.to_string()
}
