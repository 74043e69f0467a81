//! The CA's revocation lists.

use crate::authority::Authority;
use crate::ca::time;
use crate::files::{self, shown};
use countersign::x509::pem::{self, Section};
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};
use std::path::Path;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

/// crl.pem: the intermediate's CRL, which is signed again, and the others (the root's), which do not change.
///
/// It is the only record of revocations.
pub(crate) struct Crls {
    pub(crate) number: u64,
    pub(crate) revoked: Vec<RevokedCertParams>,
    pub(crate) others: String,
}

impl Crls {
    pub(crate) fn read(path: &Path, issuer: &[u8]) -> Result<Self, String> {
        let file = files::read(path)?;
        let (sections, mut ours, mut others) = (pem::sections(&file), None, String::new());
        for (index, section) in sections.iter().enumerate() {
            let wrong = |why: &str| format!("{} line {}: {why}", shown(path), section.line);
            let der = section.der().map_err(|why| wrong(&why))?;
            let (_, crl) = CertificateRevocationList::from_der(&der).map_err(|_| wrong("this is not a CRL"))?;
            if crl.issuer().as_raw() != issuer {
                let next = sections.get(index + 1).map(|next| next.line);
                others += &lines(&file, section, next).ok_or_else(|| wrong("it has to stand on lines of its own"))?;
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
            if ours.replace((number, revoked.collect())).is_some() {
                return Err(wrong(
                    "this is a second CRL of this CA: keep the newest alone, it is the record of revocations",
                ));
            }
        }
        let (number, revoked) = ours.ok_or_else(|| format!("{} holds no CRL of this CA", shown(path)))?;
        Ok(Crls { number, revoked, others })
    }

    /// The time of the certificate's revocation. `None`: it is not revoked.
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

/// The lines of a block up to the next one, if they contain nothing else.
fn lines(file: &[u8], section: &Section<'_>, next: Option<usize>) -> Option<String> {
    let text = str::from_utf8(file).ok()?;
    let first = section.line.checked_sub(1)?;
    let count = next.map_or(usize::MAX, |next| next.saturating_sub(section.line));
    let lines: String = text.lines().skip(first).take(count).map(|line| format!("{line}\n")).collect();
    let alone = matches!(&pem::sections(lines.as_bytes())[..], [one] if one.der() == section.der());
    alone.then_some(lines)
}

pub(crate) fn sign_crl(
    authority: &Authority,
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
    authority.sign_crl(params)
}
