//! Certificates that look like others: everything is copied but the key and the signature.

use crate::files::tlv;
use countersign::internals::asn1::{BadDer, Certificate, Reader, Tag, der};
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use rustls_pki_types::CertificateDer;

/// ecdsa-with-SHA256 (RFC 5758 §3.2).
const ALGORITHM: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// A certificate that is as this one, but for its key and its signature. Both are of P-256.
pub(crate) fn copy(certificate: &[u8], key: &KeyPair, signer: &KeyPair) -> Result<CertificateDer<'static>, String> {
    let fields = || -> Result<Vec<Vec<u8>>, BadDer> {
        let mut tbs = Reader::new(der::only(certificate, Tag::SEQUENCE)?).sequence()?;
        let mut fields = Vec::new();
        while !tbs.is_empty() {
            fields.push(tbs.element()?.whole.to_vec());
        }
        Ok(fields)
    };
    let mut fields = fields().map_err(|error| format!("a certificate cannot be copied: {error}"))?;
    // serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo; version is before them if it is not 1.
    let serial_number = usize::from(fields.first().is_some_and(|first| first.first() == Some(&0xa0)));
    for (at, field) in [(1, ALGORITHM.to_vec()), (5, key.subject_public_key_info())] {
        *fields.get_mut(serial_number + at).ok_or("a certificate cannot be copied: it is too short")? = field;
    }
    let tbs = tlv(0x30, &fields.concat());
    let signature = signer.sign(&tbs).map_err(|error| error.to_string())?;
    Ok(tlv(0x30, &[&tbs[..], &ALGORITHM, &tlv(3, &[&[0], &signature[..]].concat())].concat()).into())
}

/// The CAs from the one that issues up to its root, as far as they are here: each is the issuer of the one before.
pub(crate) fn path(issuing: &CertificateDer<'_>, cas: &[CertificateDer<'static>]) -> Vec<CertificateDer<'static>> {
    let mut path = vec![issuing.clone().into_owned()];
    let issued = |upper: &[u8], lower: &[u8]| match (Certificate::from_der(upper), Certificate::from_der(lower)) {
        (Ok(upper), Ok(lower)) => lower.issuer.matches(&upper.subject),
        _ => false,
    };
    while let Some(next) = path.last().and_then(|last| cas.iter().find(|ca| issued(ca, last))) {
        if path.contains(next) {
            break;
        }
        path.push(next.clone());
    }
    path
}

/// The same CAs with other keys, and the key of the first. The last has signed itself.
pub(crate) fn namesakes(
    path: &[CertificateDer<'_>],
    new_key: impl Fn() -> Result<KeyPair, String>,
) -> Result<(KeyPair, Vec<CertificateDer<'static>>), String> {
    let mut key = new_key()?;
    let mut copies = Vec::new();
    for (at, ca) in path.iter().enumerate().rev() {
        let above = key;
        key = new_key()?;
        let signer = if at + 1 == path.len() { &key } else { &above };
        copies.insert(0, copy(ca, &key, signer)?);
    }
    Ok((key, copies))
}
