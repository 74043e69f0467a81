//! Makes another certificate for an existing intermediate CA, with the same name and key. What that CA has issued stays good,
//! and so do its CRLs: only the new certificate can be wrong.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use x509_parser::asn1_rs::Tag;
use x509_parser::extensions::ParsedExtension;

/// The name, the key and its identifier come from `certificate`, everything else from `params`. `key` is the intermediate's.
pub(crate) fn intermediate(
    mut params: CertificateParams,
    (certificate, key): (&CertificateDer<'_>, &KeyPair),
    root: &Issuer<'_, KeyPair>,
) -> Result<CertificateDer<'static>, String> {
    let cannot = |what: &str| format!("the certificate of --issuer cannot be made again: {what}");
    let (_, old) = x509_parser::parse_x509_certificate(certificate).map_err(|error| cannot(&error.to_string()))?;
    let mut name = DistinguishedName::new();
    for part in old.subject().iter_attributes() {
        let text = part.as_str().map_err(|_| cannot("its name"))?.to_string();
        let value = match part.attr_value().tag() {
            Tag::Utf8String => DnValue::Utf8String(text),
            Tag::PrintableString => DnValue::PrintableString(text.try_into().map_err(|_| cannot("its name"))?),
            _ => return Err(cannot("its name has strings of another kind than UTF8String and PrintableString")),
        };
        let oid: Vec<u64> = part.attr_type().iter().ok_or_else(|| cannot("its name"))?.collect();
        name.push(DnType::from_oid(&oid), value);
    }
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    for extension in old.extensions() {
        if let ParsedExtension::SubjectKeyIdentifier(id) = extension.parsed_extension() {
            params.key_identifier_method = KeyIdMethod::PreSpecified(id.0.to_vec());
        }
    }
    params.signed_by(key, root).map(|new| new.der().clone()).map_err(|error| cannot(&error.to_string()))
}
