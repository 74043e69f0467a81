//! A CA in memory, and the certificates that it issues.

use countersign::x509::{Identity, SigningKey};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType};

pub(crate) type Ca = CertifiedIssuer<'static, KeyPair>;

pub(crate) fn ca(name: &str) -> Result<Ca, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

/// A P-256 key and its certificate for this DNS name or URI, valid to the end of a year.
pub(crate) fn issue(ca: &Ca, subject: &str, name: &str, year: i32) -> Result<Identity, Box<dyn std::error::Error>> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, subject);
    let is_uri = name.contains("://");
    params.subject_alt_names =
        vec![if is_uri { SanType::URI(name.try_into()?) } else { SanType::DnsName(name.try_into()?) }];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.not_after = rcgen::date_time_ymd(year, 12, 31);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, ca)?;
    Ok(Identity::new(vec![certificate.der().clone()], SigningKey::from_der(&key.serialize_der())?)?)
}
