//! Certificate revocation lists: loading, and what webpki leaves out of their rules.

use super::refusal::RefusalReason;
use crate::asn1::{BadDer, Certificate, CertificateList, oid};
use rustls_pki_types::UnixTime;
use std::{string::String, time::Duration, vec::Vec};
use webpki::{
    CertRevocationList, ExpirationPolicy, OwnedCertRevocationList, RevocationCheckDepth, RevocationOptions,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};

/// The revocation lists of a snapshot, the newest of an issuer first (webpki takes the first that covers a
/// certificate).
#[derive(Default)]
pub(super) struct Crls {
    lists: Vec<Crl>,
}

struct Crl {
    list: CertRevocationList<'static>,
    this_update: u64,
    next_update: u64,
}

/// How far revocation goes. The default, once a CRL is given: the whole chain, unknown status and expired CRLs refuse.
#[derive(Clone, Copy, Default)]
pub(super) struct Relaxed {
    pub(super) leaf_only: bool,
    pub(super) unknown_status: bool,
    pub(super) expired: bool,
}

impl Crls {
    /// Adds a DER CRL; the error says why it cannot be used.
    pub(super) fn add(&mut self, der: &[u8]) -> Result<(), String> {
        let list = OwnedCertRevocationList::from_der(der).map_err(|error| String::from(unusable(&error)))?;
        let (this_update, next_update) = check(der)?;
        self.lists.push(Crl { list: list.into(), this_update, next_update });
        self.lists.sort_by_key(|crl| core::cmp::Reverse(crl.this_update));
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Is there a list of this issuer (a Name without tag and length)?
    pub(super) fn covers(&self, issuer: &[u8]) -> bool {
        self.lists.iter().any(|crl| crl.list.issuer() == issuer)
    }

    /// Is the certificate on a list of its issuer? To find the culprit of a revocation that webpki has found.
    pub(super) fn revokes(&self, cert: &Certificate<'_>) -> bool {
        let issuer = cert.issuer.content();
        let mut of_issuer = self.lists.iter().filter(|crl| crl.list.issuer() == issuer);
        of_issuer.any(|crl| matches!(crl.list.find_serial(cert.serial.content()), Ok(Some(_))))
    }

    /// For [`options`]: webpki wants references. Lists from the future are left out.
    pub(super) fn references(&self, now: UnixTime) -> Vec<&CertRevocationList<'static>> {
        self.lists.iter().filter(|crl| crl.this_update <= now.as_secs()).map(|crl| &crl.list).collect()
    }

    /// Is there a list of this issuer that will be valid later? From when?
    pub(super) fn not_yet_valid(&self, issuer: &[u8], now: UnixTime) -> Option<RefusalReason> {
        let future = self.lists.iter().filter(|crl| crl.list.issuer() == issuer && crl.this_update > now.as_secs());
        let first = future.map(|crl| crl.this_update).min()?;
        Some(RefusalReason::CrlNotYetValid(UnixTime::since_unix_epoch(Duration::from_secs(first))))
    }

    /// After webpki has accepted `cert`: the time during which its answer stays the same, in seconds since 1970.
    pub(super) fn window(&self, cert: &Certificate<'_>, now: UnixTime, relaxed: Relaxed) -> (u64, u64) {
        let issuer = cert.issuer.content();
        let now = now.as_secs();
        let mut window = (0, u64::MAX);
        // Which of several lists webpki took is not told; all of them bound the window.
        for crl in self.lists.iter().filter(|crl| crl.list.issuer() == issuer) {
            if crl.this_update > now {
                // It will take the place of an older one.
                window.1 = window.1.min(crl.this_update.saturating_sub(1));
                continue;
            }
            window.0 = window.0.max(crl.this_update);
            // A CRL counts as expired at its nextUpdate, a certificate only after its notAfter.
            if !relaxed.expired && crl.next_update > now {
                window.1 = window.1.min(crl.next_update.saturating_sub(1));
            }
        }
        window
    }
}

/// webpki's options for these lists.
pub(super) fn options<'a>(
    lists: &'a [&'a CertRevocationList<'static>],
    relaxed: Relaxed,
) -> Option<RevocationOptions<'a>> {
    let depth = match relaxed.leaf_only {
        true => RevocationCheckDepth::EndEntity,
        false => RevocationCheckDepth::Chain,
    };
    let status = match relaxed.unknown_status {
        true => UnknownStatusPolicy::Allow,
        false => UnknownStatusPolicy::Deny,
    };
    let expiry = match relaxed.expired {
        true => ExpirationPolicy::Ignore,
        false => ExpirationPolicy::Enforce,
    };
    let builder = RevocationOptionsBuilder::new(lists).ok()?;
    Some(builder.with_depth(depth).with_status_policy(status).with_expiration_policy(expiry).build())
}

/// Why webpki cannot use a CRL.
pub(super) fn unusable(error: &webpki::Error) -> &'static str {
    use webpki::Error;
    match error {
        Error::UnsupportedCrlVersion => "the CRL is not version 2",
        Error::UnsupportedDeltaCrl => "delta CRLs are not supported",
        Error::UnsupportedIndirectCrl => "indirect CRLs are not supported",
        Error::UnsupportedCrlIssuingDistributionPoint
        | Error::UnsupportedRevocationReason
        | Error::UnsupportedRevocationReasonsPartitioning => "CRLs split by reason are not supported",
        Error::UnsupportedCriticalExtension => "the CRL has a critical extension that is not supported",
        Error::InvalidCrlNumber => "the CRL's number is malformed",
        Error::InvalidCrlSignatureForPublicKey => "the CRL's signature is wrong",
        Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            "the CRL is signed with an unsupported algorithm"
        }
        Error::IssuerNotCrlSigner => "its issuer's keyUsage lacks cRLSign",
        _ => "the CRL is malformed",
    }
}

/// The update times of a CRL (RFC 5280 §5.1), and the rules that bind its issuer.
fn check(der: &[u8]) -> Result<(u64, u64), String> {
    let list = CertificateList::from_der(der).map_err(|BadDer(what)| String::from(what))?;
    list.entries().try_for_each(|entry| entry.map(drop)).map_err(|BadDer(what)| String::from(what))?;
    let next_update = list.next_update.ok_or("the CRL is malformed")?;
    match list.extensions.all.get(oid::CRL_NUMBER) {
        // §5.2.3: MUST be there, and MUST NOT be critical.
        None => Err("the CRL has no number".into()),
        Some(number) if number.critical => Err("the CRL's number is critical".into()),
        Some(_) => Ok((list.this_update.unix(), next_update.unix())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{Made, der, extension, name};
    use rcgen::{
        CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer, KeyIdMethod, KeyPair, SerialNumber,
        date_time_ymd,
    };

    /// A list of the issuer of this name; the times of its [`Crl`] are the test's.
    fn list(issuer: &str) -> CertRevocationList<'static> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, issuer);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2027, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&Issuer::new(params, key)).unwrap();
        OwnedCertRevocationList::from_der(list.der()).unwrap().into()
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    /// The window of an answer against its definition, for every two lists of a small world: as long as the same lists
    /// are in force, and the same of them out of date.
    #[test]
    fn an_answer_holds_until_another_list_decides_or_one_goes_out_of_date() {
        const END: u64 = 7;
        let certificate = Made::default().der();
        let cert = Certificate::from_der(&certificate).unwrap();
        let spans: Vec<(u64, u64)> = (1..END).flat_map(|from| (from + 1..=END).map(move |to| (from, to))).collect();
        let mut crls = Crls::default();
        for (this_update, next_update) in [(0, END), (0, END), (2, 3)] {
            crls.lists.push(Crl { list: list("issuer"), this_update, next_update });
        }
        // Lists of others change nothing.
        crls.lists[2].list = list("another");
        for (one, other) in spans.iter().flat_map(|one| spans.iter().map(move |other| (*one, *other))) {
            for (crl, span) in crls.lists.iter_mut().zip([one, other]) {
                (crl.this_update, crl.next_update) = span;
            }
            for now in 0..=END {
                let in_force = |t: u64| [one, other].map(|(from, _)| from <= t);
                let out_of_date = |t: u64| [one, other].map(|(from, to)| from <= t && to <= t);
                let future = [one, other].map(|(from, _)| from).into_iter().filter(|from| *from > now).min();
                let issuer = cert.issuer.content();
                assert_eq!(
                    crls.not_yet_valid(issuer, at(now)),
                    future.map(|from| RefusalReason::CrlNotYetValid(at(from)))
                );
                for expired in [false, true] {
                    let same = |t: &u64| {
                        in_force(*t) == in_force(now) && (expired || *t < now || out_of_date(*t) == out_of_date(now))
                    };
                    let from = (0..=now).rev().take_while(same).last().unwrap();
                    let to = (now..=END).take_while(same).last().unwrap();
                    let to = if to == END { u64::MAX } else { to };
                    let window = crls.window(&cert, at(now), Relaxed { expired, ..Relaxed::default() });
                    assert_eq!(window, (from, to), "{one:?} {other:?} at {now}, {expired}");
                }
            }
        }
    }

    /// A CRL with this version (if it says one) and these extensions; nobody has signed it.
    fn written(version: Option<u8>, extensions: &[Vec<u8>]) -> Vec<u8> {
        let algorithm = der(0x30, &der(0x06, &[0x2b, 0x65, 112]));
        let times = [der(0x17, b"260101000000Z"), der(0x18, b"20500101000000Z")].concat();
        let tbs = [
            version.map_or(Vec::new(), |version| der(0x02, &[version])),
            algorithm.clone(),
            name(b"issuer"),
            times,
            der(0xa0, &der(0x30, &extensions.concat())),
        ];
        let signature = der(0x03, &[&[0][..], &[6; 64]].concat());
        der(0x30, &[der(0x30, &tbs.concat()), algorithm, signature].concat())
    }

    /// RFC 5280 §5.1, §5.2: why a list cannot be used is said when it is loaded.
    #[test]
    fn a_list_that_cannot_be_used_says_why() {
        let number = extension(&[0x55, 0x1d, 20], None, &der(0x02, &[1]));
        let with = |oid: &[u8], critical: Option<u8>, value: &[u8]| {
            written(Some(1), &[number.clone(), extension(oid, critical, value)])
        };
        let (delta, point) = ([0x55, 0x1d, 27], [0x55, 0x1d, 28]);
        for (list, says) in [
            (written(Some(1), std::slice::from_ref(&number)), Ok(())),
            // Version 1 has no such field, and webpki looks for it.
            (written(None, std::slice::from_ref(&number)), Err("the CRL is malformed")),
            (written(Some(0), std::slice::from_ref(&number)), Err("the CRL is not version 2")),
            (written(Some(1), &[extension(&[0x2a, 3], None, b"?")]), Err("the CRL has no number")),
            (
                written(Some(1), &[extension(&[0x55, 0x1d, 20], Some(255), &der(0x02, &[1]))]),
                Err("the CRL's number is critical"),
            ),
            (
                written(Some(1), &[extension(&[0x55, 0x1d, 20], None, &der(0x02, &[1; 21]))]),
                Err("the CRL's number is malformed"),
            ),
            (with(&delta, Some(255), &der(0x02, &[1])), Err("delta CRLs are not supported")),
            (with(&point, Some(255), &der(0x30, &der(0x84, &[255]))), Err("indirect CRLs are not supported")),
            (with(&point, Some(255), &der(0x30, &der(0x83, &[1, 2]))), Err("CRLs split by reason are not supported")),
            (with(&[0x2a, 3], Some(255), b"?"), Err("the CRL has a critical extension that is not supported")),
            (with(&[0x2a, 3], None, b"?"), Ok(())),
            (written(Some(1), &[b"?".to_vec()]), Err("the CRL is malformed")),
        ] {
            let mut crls = Crls::default();
            assert_eq!(crls.add(&list), says.map_err(String::from));
            assert_eq!(crls.is_empty(), says.is_err());
            let times = crls.lists.first().map(|crl| (crl.this_update, crl.next_update));
            assert_eq!(times, says.ok().map(|()| (1_767_225_600, 2_524_608_000)));
        }
    }
}
