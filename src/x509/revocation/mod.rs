//! Which revocation list speaks for a certificate, and what it says (RFC 5280 §6.3.3).
//!
//! A certificate is *good* only if a current list, signed by its issuer (name and key), whose scope covers it, does not
//! hold it. It is *revoked* if any valid list of its issuer holds it. Else its status is *unknown*. webpki only builds
//! the path: it takes the first list of a name, and knows no other.

mod list;
mod scope;

use super::hash::sha256;
use super::refusal::RefusalReason;
use super::text;
use crate::asn1::{Certificate, CertificateList, KeyUsage, Name};
use list::List;
use rustls_pki_types::UnixTime;
use std::{format, string::String, time::Duration, vec::Vec};

/// The revocation lists of a snapshot.
#[derive(Default)]
pub(super) struct Revocation {
    /// Lists were asked for. Then a certificate must be known to be good, whatever became of the lists.
    asked: bool,
    /// Lists of one issuer name stand together, among them those of one scope, the newest first.
    lists: Vec<List>,
    /// Of lists that cannot be used: their issuers' names, by [`list::name_key`].
    unusable: Vec<[u8; 32]>,
    /// Something was to be a list, and nobody knows whose.
    lost: bool,
}

/// How far revocation goes. The default, once lists are asked for: the whole chain; an unknown status refuses, and so
/// does a list that is out of date.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Relaxed {
    pub(super) leaf_only: bool,
    pub(super) unknown_status: bool,
    pub(super) expired: bool,
    pub(super) no_rev_avail: bool,
}

/// Who issued a certificate, as the verified path has it.
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

/// An issuer that is known when lists are loaded.
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

/// The time during which an answer stays the same, in seconds since 1970, both ends included.
pub(super) type Window = (u64, u64);

const ALWAYS: Window = (0, u64::MAX);

impl Revocation {
    /// From now on, a certificate must be known to be good.
    pub(super) fn ask(&mut self) {
        self.asked = true;
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// Something that was to be a list cannot be read at all.
    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    /// Adds a DER list; `place` is where it was found, for sentences. The error says why it cannot be used.
    ///
    /// `roots`: a list that says that it is signed by the key of one of them, and is not, is told now; of other issuers,
    /// nothing is known until one is met.
    pub(super) fn add(
        &mut self,
        place: String,
        der: Vec<u8>,
        relaxed: Relaxed,
        strict: bool,
        roots: &[Known],
    ) -> Result<(), String> {
        match CertificateList::from_der(&der) {
            Ok(list) => self.unusable.push(list::name_key(&list.issuer)),
            Err(_) => self.lost = true,
        }
        let list = List::read(place, der, relaxed.expired, strict)?;
        self.unusable.pop();
        let told = roots.iter().filter(|root| list.is_named(&root.name) && list.says_key(root.key_id.as_deref()));
        let wrong = || Some(list.why_not_signed_by(&told.clone().next()?.spki));
        let wrong = match told.clone().any(|root| list.is_signed_by(&root.key, &root.spki)) {
            true => None,
            false => wrong(),
        };
        let place = self.lists.partition_point(|other| other.order() <= list.order());
        self.lists.insert(place, list);
        wrong.map_or(Ok(()), |why| Err(format!("the CRL is not signed by the root whose key it names: {why}")))
    }

    fn named(&self, issuer: &[u8; 32]) -> &[List] {
        let start = self.lists.partition_point(|list| list.issuer() < issuer);
        let end = self.lists.partition_point(|list| list.issuer() <= issuer);
        self.lists.get(start..end).unwrap_or_default()
    }

    /// Whether this certificate of a verified path is good, and for how long that holds.
    pub(super) fn check(
        &self,
        cert: &Certificate<'_>,
        is_leaf: bool,
        issuer: &Issuer<'_>,
        now: UnixTime,
        relaxed: Relaxed,
    ) -> Result<Window, RefusalReason> {
        let exempt = is_leaf && relaxed.no_rev_avail && cert.extensions.no_rev_avail; // RFC 9608 §4
        if !self.asked || (relaxed.leaf_only && !is_leaf) || exempt {
            return Ok(ALWAYS);
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
        // A list that says that it is signed by this very key, and is not: nobody knows what it said.
        let spoilt = named.iter().find(|list| list.says_key(issuer.key_id) && !list.is_signed_by(&key, issuer.spki));
        if let Some(list) = spoilt {
            return Err(not_signed(list, issuer));
        }
        let is_of_its_kind = |list: &&List| list.scope.covers_kind(!is_leaf);
        let points = cert.extensions.crl_distribution_points;
        // One list may stand for the whole, though it is published at a point that the certificate does not name; not if
        // there are, will be, or should be others of another scope.
        let mut parts = named.iter().filter(is_of_its_kind).filter(|list| list.may_be_of(issuer.key_id));
        let first = parts.next();
        let only_one = !self.lost
            && !self.unusable.contains(&name)
            && parts.all(|list| first.is_some_and(|first| first.scope == list.scope));
        let covering = || valid().filter(is_of_its_kind).filter(|list| list.scope.covers_point(points, only_one));
        let in_date = |list: &&List| relaxed.expired || list.next_update.is_none_or(|next| seconds < next);

        // What bounds the answer: the lists that give it, those that will take their place, and those of its issuer that
        // are not here yet.
        let from = valid().map(|list| list.this_update).max().unwrap_or(0);
        let ends = valid().filter(in_date).filter(|_| !relaxed.expired).filter_map(|list| list.next_update);
        let to = ends.chain(future().map(|list| list.this_update)).min().map_or(u64::MAX, |end| end.saturating_sub(1));

        if covering().any(|list| in_date(&list)) {
            return Ok((from, to));
        }
        let expired = covering().filter_map(|list| Some((list.next_update?, list))).max_by_key(|(end, _)| *end);
        // A list that seems to be this issuer's and is not signed by it may be anything: that is more than not to know.
        let suspect = current().find(|list| !is_signed(list) && list.may_be_of(issuer.key_id));
        if relaxed.unknown_status && expired.is_none() && suspect.is_none() {
            return Ok((from, to));
        }
        let when = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let issuer_name = text::name(&issuer.name);
        Err(if let Some((end, list)) = expired {
            RefusalReason::CrlExpired { issuer: issuer_name, place: list.place.clone(), then: when(end) }
        } else if let (false, Some(list)) = (may_sign, current().next()) {
            let place = &list.place;
            RefusalReason::CrlUnusable(format!(
                "the keyUsage of {issuer_name} lacks cRLSign, which its CRL ({place}) needs"
            ))
        } else if let (None, Some(list)) = (valid().next(), suspect.or_else(|| current().next())) {
            not_signed(list, issuer)
        } else if let Some(list) = future().min_by_key(|list| list.this_update) {
            let then = when(list.this_update);
            RefusalReason::CrlNotYetValid { issuer: issuer_name, place: list.place.clone(), then }
        } else {
            RefusalReason::StatusUnknown(issuer_name)
        })
    }
}

/// The lists that count: current and signed, the newest of each scope. A newer list takes the place of older ones of the
/// same scope, and of no others.
fn valid<'a>(
    named: &'a [List],
    now: u64,
    is_signed: &'a impl Fn(&List) -> bool,
) -> impl Iterator<Item = &'a List> + Clone {
    named.chunk_by(|one, other| one.scope == other.scope).flat_map(move |same| {
        let believed = same.iter().filter(move |list| list.this_update <= now && is_signed(list));
        let newest = believed.clone().next();
        believed.take_while(move |list| newest.is_some_and(|newest| newest.rank() == list.rank()))
    })
}

fn not_signed(list: &List, issuer: &Issuer<'_>) -> RefusalReason {
    let (name, place, why) = (text::name(&issuer.name), &list.place, list.why_not_signed_by(issuer.spki));
    RefusalReason::CrlUnusable(format!("the CRL of {name} ({place}) is not signed by its key: {why}"))
}
