//! Which CRL covers a certificate, and the status of the certificate (RFC 5280 §6.3.3).
//!
//! A certificate is *good* only if a current CRL covers it and does not list it. This CRL must be signed by the issuer
//! (name and key). The certificate is *revoked* if any valid CRL of its issuer lists it. Otherwise its status is
//! *unknown*. webpki only builds the path: it would use only the first CRL of a name.

mod list;
mod scope;

use super::hash::sha256;
use super::refusal::RefusalReason;
use super::text;
use super::time::{Window, unix_time};
use crate::asn1::{Certificate, CertificateList, KeyUsage, Name};
use list::List;
use rustls_pki_types::UnixTime;
use std::{format, string::String, vec::Vec};

/// The revocation lists of a snapshot.
#[derive(Default)]
pub(super) struct Revocation {
    /// Revocation was asked for. Then a certificate must be known to be good, even if no CRL could be read.
    asked: bool,
    /// CRLs of one issuer name are together, and among them those of one scope, the newest first.
    lists: Vec<List>,
    /// CRLs that cannot be used.
    unusable: Vec<Unusable>,
}

struct Unusable {
    /// The name of its issuer, by [`list::name_key`]; `None`: the issuer is unknown.
    issuer: Option<[u8; 32]>,
    /// `crl.pem line 8: why`
    text: String,
}

/// How strict revocation is. The default, if revocation is asked for: the whole chain is checked; an unknown status is
/// refused, and so is a CRL that is out of date.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Relaxed {
    pub(super) leaf_only: bool,
    pub(super) unknown_status: bool,
    pub(super) expired: bool,
    pub(super) no_rev_avail: bool,
}

/// The issuer of a certificate in the verified path.
#[derive(Clone, Copy)]
pub(super) struct Issuer<'a> {
    pub(super) name: Name<'a>,
    /// SubjectPublicKeyInfo, DER.
    pub(super) spki: &'a [u8],
    pub(super) key_id: Option<&'a [u8]>,
    pub(super) key_usage: Option<KeyUsage>,
}

impl<'a> Issuer<'a> {
    pub(super) fn new(cert: &Certificate<'a>) -> Issuer<'a> {
        let extensions = &cert.extensions;
        let (key_id, key_usage) = (extensions.subject_key_id, extensions.key_usage);
        Issuer { name: cert.subject, spki: cert.spki.raw, key_id, key_usage }
    }
}

/// An issuer that is known when CRLs are loaded.
pub(super) struct Known {
    /// Its [`list::name_key`].
    name: [u8; 32],
    /// SHA-256 of `spki`
    key: [u8; 32],
    spki: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

impl Known {
    pub(super) fn new(issuer: &Issuer<'_>) -> Known {
        Known {
            name: list::name_key(&issuer.name),
            key: sha256(issuer.spki),
            spki: issuer.spki.to_vec(),
            key_id: issuer.key_id.map(<[u8]>::to_vec),
        }
    }
}

impl Revocation {
    /// From now on, a certificate must be known to be good.
    pub(super) fn ask(&mut self) {
        self.asked = true;
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// A CRL cannot be read at all. `place` is where it was found, `why` the end of a sentence.
    pub(super) fn lose(&mut self, place: &str, why: &str) {
        self.unusable.push(Unusable { issuer: None, text: format!("{place}: {why}") });
    }

    /// Adds a DER CRL. `place` is where it was found, for sentences. The error says why it cannot be used.
    ///
    /// `roots`: if a CRL has the name of a root, or its authorityKeyIdentifier names the key of one, but no root has signed
    /// it, this is reported now. It is not reported if the authorityKeyIdentifier names another key, which may belong to an
    /// intermediate with that name. Other issuers are unknown until a path has them.
    pub(super) fn add(
        &mut self,
        place: String,
        der: Vec<u8>,
        relaxed: Relaxed,
        strict: bool,
        roots: &[Known],
    ) -> Result<(), String> {
        let issuer = CertificateList::from_der(&der).ok().map(|list| list::name_key(&list.issuer));
        let read = List::read(place.clone(), der, relaxed.expired, strict);
        let mut list =
            read.inspect_err(|why| self.unusable.push(Unusable { issuer, text: format!("{place}: {why}") }))?;
        let mut known =
            roots.iter().filter(|root| list.is_named(&root.name) || list.may_be_of(&root.name, root.key_id.as_deref()));
        let vouched = known.clone().any(|root| list.is_signed_by(&root.key, &root.spki));
        let unsigned = known.find(|root| !vouched && list.may_be_of(&root.name, root.key_id.as_deref()));
        let problem = match (list.unsupported_algorithm(), unsigned) {
            (Some(algorithm), _) => Some(format!("the CRL is signed with an unsupported algorithm: {algorithm}")),
            (None, Some(root)) => {
                let why = list.why_not_signed_by(&root.spki);
                Some(format!("the CRL has the name or the key identifier of a root, but is not signed by it: {why}"))
            }
            (None, None) => None,
        };
        list.vouched = vouched;
        // A CRL that does not verify is kept with the others: its true contents are unknown.
        let place = self.lists.partition_point(|other| other.order() <= list.order());
        self.lists.insert(place, list);
        problem.map_or(Ok(()), Err)
    }

    fn named(&self, issuer: &[u8; 32]) -> &[List] {
        let start = self.lists.partition_point(|list| list.issuer() < issuer);
        let end = self.lists.partition_point(|list| list.issuer() <= issuer);
        self.lists.get(start..end).unwrap_or_default()
    }

    /// Whether this certificate of a verified path is good, and for how long that answer stays the same.
    pub(super) fn check(
        &self,
        cert: &Certificate<'_>,
        is_leaf: bool,
        issuer: &Issuer<'_>,
        now: UnixTime,
        relaxed: Relaxed,
    ) -> Result<Window, RefusalReason> {
        if !self.asked || (relaxed.leaf_only && !is_leaf) {
            return Ok(Window::ALWAYS);
        }
        let seconds = now.as_secs();
        let (name, key) = (list::name_key(&issuer.name), sha256(issuer.spki));
        let named = self.named(&name);
        let current = || named.iter().filter(|list| list.this_update <= seconds);
        let future = || named.iter().filter(|list| list.this_update > seconds);
        // RFC 5280 §4.2.1.3: an issuer with keyUsage, but without cRLSign, signs no list.
        let may_sign = issuer.key_usage.is_none_or(KeyUsage::crl_sign);
        let is_signed = |list: &List| may_sign && list.is_signed_by(&key, issuer.spki);
        let valid = || valid(named, seconds, &is_signed);

        if valid().any(|list| list.holds(cert.serial)) {
            return Err(RefusalReason::Revoked);
        }
        let in_date = |list: &&List| relaxed.expired || list.next_update.is_none_or(|next| seconds < next);

        // The answer is bounded by the CRLs that give it, those that will replace them, and those of its issuer that are
        // not yet valid.
        let from = valid().map(|list| list.this_update).max().unwrap_or(0);
        let ends = valid().filter(in_date).filter(|_| !relaxed.expired).filter_map(|list| list.next_update);
        let to = ends.chain(future().map(|list| list.this_update)).min().map_or(u64::MAX, |end| end.saturating_sub(1));
        let window = Window { from, to };
        // RFC 9608 §4. An entry in a CRL counts nevertheless.
        if is_leaf && relaxed.no_rev_avail && cert.extensions.no_rev_avail {
            return Ok(window);
        }

        // A CRL may be of this issuer, but no known key has signed it. Its true contents are unknown, and an older CRL does
        // not replace them.
        let spoilt = |list: &&List| {
            list.may_be_of(&name, issuer.key_id) && !list.vouched && !list.is_signed_by(&key, issuer.spki)
        };
        if let Some(list) = self.lists.iter().find(spoilt) {
            return Err(not_signed(list, issuer));
        }
        let is_of_its_kind = |list: &&List| list.scope.covers_kind(!is_leaf);
        let points = cert.extensions.crl_distribution_points;
        // A single CRL may cover everything, even if it is published at a point that the certificate does not name; but not
        // if there are, will be, or should be others with another scope.
        let mut parts = named.iter().filter(is_of_its_kind).filter(|list| list.is_signed_by(&key, issuer.spki));
        let first = parts.next();
        let unusable = || self.unusable.iter().filter(|list| list.issuer.is_none_or(|issuer| issuer == name));
        let only_one =
            unusable().next().is_none() && parts.all(|list| first.is_some_and(|first| first.scope == list.scope));
        let covering = || valid().filter(is_of_its_kind).filter(|list| list.scope.covers_point(points, only_one));
        if covering().any(|list| in_date(&list)) {
            return Ok(window);
        }
        let expired = covering().filter_map(|list| Some((list.next_update?, list))).max_by_key(|(end, _)| *end);
        // Signed by a key that may not sign CRLs: this says more than an unknown status.
        let barred = current().find(|list| !may_sign && list.is_signed_by(&key, issuer.spki));
        if relaxed.unknown_status && expired.is_none() && barred.is_none() {
            return Ok(window);
        }
        let issuer_name = text::name(&issuer.name);
        Err(if let Some((end, list)) = expired {
            let place = list.place.clone();
            let of_another_key = current().any(|other| other.this_update > list.this_update && !is_signed(other));
            RefusalReason::CrlExpired { issuer: issuer_name, place, then: unix_time(end), of_another_key }
        } else if let Some(list) = barred {
            let place = &list.place;
            RefusalReason::CrlUnusable(format!(
                "the keyUsage of {issuer_name} lacks cRLSign, which its CRL ({place}) needs"
            ))
        } else if let (None, Some(list)) = (valid().next(), current().next()) {
            not_signed(list, issuer)
        } else if let Some(list) = future().min_by_key(|list| list.this_update) {
            let then = unix_time(list.this_update);
            RefusalReason::CrlNotYetValid { issuer: issuer_name, place: list.place.clone(), then }
        } else {
            // A CRL that is certainly of this issuer explains more.
            let given = unusable().find(|list| list.issuer.is_some()).or_else(|| unusable().next());
            RefusalReason::StatusUnknown { issuer: issuer_name, unusable: given.map(|list| list.text.clone()) }
        })
    }
}

/// The CRLs that count: current and signed, and not replaced by another of the same scope.
fn valid<'a>(named: &'a [List], now: u64, is_signed: &'a impl Fn(&List) -> bool) -> impl Iterator<Item = &'a List> {
    named.chunk_by(|one, other| one.scope == other.scope).flat_map(move |same| {
        let believed = same.iter().filter(move |list| list.this_update <= now && is_signed(list));
        // The first one replaces everything that any of them replaces.
        let first = believed.clone().next();
        believed.filter(move |list| first.is_some_and(|first| !first.replaces(list)))
    })
}

fn not_signed(list: &List, issuer: &Issuer<'_>) -> RefusalReason {
    let (name, place, why) = (text::name(&issuer.name), &list.place, list.why_not_signed_by(issuer.spki));
    RefusalReason::CrlUnusable(format!("the CRL of {name} ({place}) is not signed by its key: {why}"))
}
