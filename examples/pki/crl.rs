//! The CA's revocation lists.

use crate::ca::{time, unsigned};
use crate::files::{self, shown};
use rcgen::{CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber};
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;
use std::path::Path;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

/// crl.pem: the intermediate's CRL, which we sign anew, and the others (the root's), which stay as they are.
///
/// It is the only record of what was revoked.
pub(crate) struct Crls {
    pub(crate) number: u64,
    pub(crate) revoked: Vec<RevokedCertParams>,
    pub(crate) others: String,
}

impl Crls {
    pub(crate) fn read(path: &Path, issuer: &[u8]) -> Result<Self, String> {
        let mut ours = None;
        let mut others = String::new();
        let text = String::from_utf8_lossy(&files::read(path)?).into_owned();
        for block in text.split_inclusive("-----END X509 CRL-----").filter(|block| !block.trim().is_empty()) {
            let der = CertificateRevocationListDer::from_pem_slice(block.as_bytes())
                .map_err(|error| format!("{} is not made of CRLs in PEM form: {error}", shown(path)))?;
            let (_, crl) = CertificateRevocationList::from_der(&der)
                .map_err(|error| format!("{} holds a CRL that cannot be read: {error}", shown(path)))?;
            if crl.issuer().as_raw() != issuer {
                others += &format!("{}\n", block.trim());
                continue;
            }
            let number = crl.crl_number().and_then(|number| u64::try_from(number).ok());
            let number = number.ok_or_else(|| format!("{} has no number that we gave it", shown(path)))?;
            let revoked = crl.iter_revoked_certificates().map(|entry| RevokedCertParams {
                serial_number: SerialNumber::from_slice(entry.raw_serial()),
                revocation_time: entry.revocation_date.to_datetime(),
                reason_code: None,
                invalidity_date: None,
            });
            ours = Some((number, revoked.collect()));
        }
        let (number, revoked) = ours.ok_or_else(|| format!("{} holds no CRL of this CA", shown(path)))?;
        Ok(Crls { number, revoked, others })
    }

    /// When the certificate was revoked, if it was.
    pub(crate) fn revoked(&self, serial: &[u8]) -> Option<i64> {
        let entry = self.revoked.iter().find(|entry| entry.serial_number.as_ref() == serial)?;
        Some(entry.revocation_time.unix_timestamp())
    }

    pub(crate) fn revoke(&mut self, serial: &[u8], now: i64) -> Result<(), String> {
        self.revoked.push(RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: time(now)?.to_datetime(),
            reason_code: None,
            invalidity_date: None,
        });
        Ok(())
    }
}

pub(crate) fn sign_crl(
    issuer: &Issuer<'_, KeyPair>,
    number: u64,
    revoked_certs: Vec<RevokedCertParams>,
    this_update: i64,
    next_update: i64,
) -> Result<String, String> {
    let params = CertificateRevocationListParams {
        this_update: time(this_update)?.to_datetime(),
        next_update: time(next_update)?.to_datetime(),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).and_then(|crl| crl.pem()).map_err(unsigned)
}
