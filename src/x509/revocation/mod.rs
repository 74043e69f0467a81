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
use crate::asn1::{Certificate, KeyUsage, Name};
use list::List;
use rustls_pki_types::UnixTime;
use std::{format, string::String, time::Duration, vec::Vec};

/// The revocation lists of a snapshot.
#[derive(Default)]
pub(super) struct Revocation {
    /// Lists were asked for. Then a certificate must be known to be good, whatever became of the lists.
    asked: bool,
    lists: Vec<List>,
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

    /// Adds a DER list; `place` is where it was found, for sentences. The error says why it cannot be used.
    pub(super) fn add(&mut self, place: String, der: Vec<u8>, relaxed: Relaxed, strict: bool) -> Result<(), String> {
        self.lists.push(List::read(place, der, relaxed.expired, strict)?);
        Ok(())
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
        let named = || self.lists.iter().filter(|list| list.is_named(&name));
        let (current, future) = (
            || named().filter(|list| list.this_update <= seconds),
            || named().filter(|list| list.this_update > seconds),
        );
        // RFC 5280 §4.2.1.3: an issuer with keyUsage, but without cRLSign, signs no list.
        let may_sign = issuer.key_usage.is_none_or(KeyUsage::crl_sign);
        let is_signed = |list: &List| may_sign && list.is_signed_by(&key, issuer.spki);
        // A newer list takes the place of older ones of the same scope, and of no others.
        let is_replaced = |list: &List| current().any(|other| other.replaces(list) && is_signed(other));
        let valid = || current().filter(|list| is_signed(list) && !is_replaced(list));

        if valid().any(|list| list.holds(cert.serial)) {
            return Err(RefusalReason::Revoked);
        }
        let of_its_kind = || valid().filter(|list| list.scope.covers_kind(!is_leaf));
        let points = cert.extensions.crl_distribution_points;
        // One list may stand for the whole, though it is published at a point that the certificate does not name.
        let only_one = of_its_kind().count() == 1;
        let covering = || of_its_kind().filter(|list| list.scope.covers_point(points, only_one));
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
            let (place, why) = (&list.place, list.why_not_signed_by(issuer.spki));
            RefusalReason::CrlUnusable(format!("the CRL of {issuer_name} ({place}) is not signed by its key: {why}"))
        } else if let Some(list) = future().min_by_key(|list| list.this_update) {
            let then = when(list.this_update);
            RefusalReason::CrlNotYetValid { issuer: issuer_name, place: list.place.clone(), then }
        } else {
            RefusalReason::StatusUnknown(issuer_name)
        })
    }
}
