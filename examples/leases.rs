//! Measures how long 100,000 leases take to find the sessions that a new CRL ends, and how much memory they need:
//! `cargo run --release --example leases`, or `-- 10000` for another number.

use countersign::pki_types::{CertificateDer, UnixTime};
use countersign::x509::{Expect, JudgeOptions, Lease, Leases, SignatureMemo, Trust};
use countersign::{Peer, Role};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use std::error::Error;
use std::time::{Duration, Instant};

type Ca = CertifiedIssuer<'static, KeyPair>;

fn main() -> Result<(), Box<dyn Error>> {
    let number: u64 = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_795_435_200)); // 2026-11-23
    let (root, issuing) = cas()?;
    let first = trust(&root, &issuing, &[])?;

    println!("issuing and judging {number} certificates (SPIFFE IDs, P-256, one intermediate CA) ...");
    let (expect, memo) = (["spiffe://example.org".parse::<Expect>()?], SignatureMemo::new(16));
    let options = JudgeOptions { memo: Some(&memo), ..JudgeOptions::new(&expect, now) };
    let key = KeyPair::generate()?; // one key for all: only the certificates matter
    let ca = CertificateDer::from(issuing.der().to_vec());
    let mut leases = Leases::new();
    let mut judging = Duration::ZERO;
    for session in 0..number {
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
        params.distinguished_name.push(DnType::CommonName, format!("service {session}"));
        params.subject_alt_names =
            vec![rcgen::SanType::URI(format!("spiffe://example.org/ns/production/sa/{session}").try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.serial_number = Some(serial(session));
        params.use_authority_key_identifier_extension = true;
        let chain = [params.signed_by(&key, &issuing)?.der().clone(), ca.clone()];
        let began = Instant::now();
        let accepted = first.judge(&Peer::new(Role::Client, &chain), &options)?;
        judging += began.elapsed();
        leases.insert(session, Lease::new(&accepted, &expect).ok_or("the expectation that matched")?);
    }
    println!("a verdict in a handshake:          {:.1} us each", micros(judging, number));

    let bytes: usize = leases.iter().map(|(_, lease)| lease.footprint()).sum();
    let as_bytes: usize = leases.iter().map(|(_, lease)| lease.to_bytes().len()).sum();
    let each = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX) / number.max(1);
    println!("a lease in memory:                 {} bytes, chain included", each(bytes));
    println!("a lease as bytes:                  {} bytes", each(as_bytes));

    let asked_at = |now, what: &str, leases: &mut Leases<u64>, trust: &Trust| {
        let began = Instant::now();
        let ended = leases.renew(trust, now).len();
        let took = began.elapsed();
        let (seconds, each) = (took.as_secs_f64(), micros(took, number));
        println!("{what:35}{seconds:.3} s for all ({each:.2} us each), {ended} end");
    };
    let asked = |what: &str, leases: &mut Leases<u64>, trust: &Trust| asked_at(now, what, leases, trust);
    asked("the same snapshot:", &mut leases, &first);
    asked("a new CRL that holds 1 of them:", &mut leases, &trust(&root, &issuing, &[7])?);
    let many: Vec<u64> = (0..number).step_by(100).collect();
    asked("a new CRL that holds 1 % of them:", &mut leases, &trust(&root, &issuing, &many)?);
    let stale = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs() + 30 * 24 * 3600));
    asked_at(stale, "the CRLs have gone out of date:", &mut leases.clone(), &trust(&root, &issuing, &many)?);
    let other = cas()?.0;
    let two = Trust::builder().roots("root", root.der()).roots("other", other.der());
    asked("another list of roots:", &mut leases, &two.build()?);
    Ok(())
}

fn micros(time: Duration, number: u64) -> f64 {
    time.as_secs_f64() * 1e6 / number.max(1) as f64
}

fn serial(session: u64) -> SerialNumber {
    SerialNumber::from_slice(&[&[0x40], &session.to_be_bytes()[..], b"serials"].concat())
}

fn cas() -> Result<(Ca, Ca), rcgen::Error> {
    let params = |name: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let root = Ca::self_signed(params("Root"), KeyPair::generate()?)?;
    let issuing = Ca::signed_by(params("Issuing"), KeyPair::generate()?, &root)?;
    Ok((root, issuing))
}

/// The root, and a CRL of each CA. The intermediate's CRL has the certificates of these sessions.
fn trust(root: &Ca, issuing: &Ca, revoked: &[u64]) -> Result<Trust, Box<dyn Error>> {
    let crl = |ca: &Ca, revoked: &[u64]| {
        let entry = |session: &u64| RevokedCertParams {
            serial_number: serial(*session),
            revocation_time: date_time_ymd(2026, 11, 22),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 11, 22),
            next_update: date_time_ymd(2026, 12, 22),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(ca).map(|list| list.der().to_vec())
    };
    let lists = Trust::builder().crls("root.crl", &crl(root, &[])?).crls("issuing.crl", &crl(issuing, revoked)?);
    Ok(lists.roots("root.pem", root.der()).build()?)
}
