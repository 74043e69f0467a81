//! A CA that issues certificates for a few seconds.

use countersign::pki_types::UnixTime;
use countersign::x509::{Identities, Identity, SigningKey, Trust};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, SanType, SerialNumber};
use std::error::Error;
use std::sync::{Mutex, atomic::AtomicU64, atomic::Ordering};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The lifetime of a certificate.
pub const LIFE: Duration = Duration::from_secs(6);

/// A time this many seconds from now, in rcgen's type. (It is a macro, because nothing here names that type.)
macro_rules! moment {
    ($seconds:expr) => {{
        let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(UnixTime::now().as_secs());
        let seconds: i64 = $seconds;
        let span = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { now - span } else { now + span }
    }};
}

/// A root, and the certificates that it has issued.
pub struct Ca {
    root: CertifiedIssuer<'static, KeyPair>,
    next: AtomicU64,
    issued: Mutex<Vec<(&'static str, u64)>>,
}

impl Ca {
    pub fn new() -> Result<Ca> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "Root");
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Ca { root, next: AtomicU64::new(1), issued: Mutex::default() })
    }

    /// A new certificate and key for `spiffe://example.org/NAME`.
    pub fn issue(&self, name: &'static str) -> Result<Identities> {
        let serial = self.next.fetch_add(1, Ordering::Relaxed);
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.subject_alt_names = vec![SanType::URI(format!("spiffe://example.org/{name}").try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        (params.not_before, params.not_after) = (moment!(-60), moment!(LIFE.as_secs().cast_signed()));
        params.serial_number = Some(SerialNumber::from(serial));
        let key = KeyPair::generate()?;
        let chain = vec![params.signed_by(&key, &self.root)?.der().clone()];
        self.issued.lock().map_err(|_| "a lock")?.push((name, serial));
        Ok(Identities::new(Identity::new(chain, SigningKey::from_der(&key.serialize_der())?)?))
    }

    /// The root, and a CRL with these certificates.
    pub fn trust(&self, revoked: &[&str]) -> Result<Trust> {
        let issued = self.issued.lock().map_err(|_| "a lock")?;
        let entries = issued.iter().filter(|(name, _)| revoked.contains(name)).map(|(_, serial)| {
            let (serial_number, revocation_time) = (SerialNumber::from(*serial), moment!(-1));
            rcgen::RevokedCertParams { serial_number, revocation_time, reason_code: None, invalidity_date: None }
        });
        let list = rcgen::CertificateRevocationListParams {
            this_update: moment!(-1),
            next_update: moment!(3600),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: entries.collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        let crl = list.signed_by(&self.root)?;
        Ok(Trust::builder().roots("root", self.root.der()).crls("crl", crl.der()).build()?)
    }
}
