//! CRLs of the CAs in pki.rs.

use crate::pki::{Ca, Leaf};
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber, date_time_ymd};
use std::time::Duration;
use x509_parser::prelude::{FromDer, X509Certificate};

pub const HOUR: u64 = 3600;

impl Ca {
    /// A CRL valid from `from` to `to` (seconds relative to NOW).
    pub fn crl(&self, revoked: &[&[u8]], from: i64, to: i64) -> Vec<u8> {
        let day = date_time_ymd(2026, 11, 23) + Duration::from_secs(12 * HOUR);
        let time = |offset: i64| match offset < 0 {
            true => day - Duration::from_secs(offset.unsigned_abs()),
            false => day + Duration::from_secs(offset.unsigned_abs()),
        };
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: time(from),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: time(from),
            next_update: time(to),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer()).unwrap().der().to_vec()
    }
}

impl Leaf {
    pub fn serial(&self) -> Vec<u8> {
        X509Certificate::from_der(&self.der).unwrap().1.raw_serial().to_vec()
    }
}
