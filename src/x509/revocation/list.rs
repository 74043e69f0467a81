//! One revocation list: read once, its signature checked once for each key, its serial numbers looked up.

use super::scope::Scope;
use crate::asn1::{BadDer, CertificateList, Name, Serial, oid};
use crate::x509::hash::Sha256;
use crate::x509::signatures::{self, NotSigned};
use core::cmp::Reverse;
use std::{borrow::ToOwned, format, string::String, sync::Mutex, sync::PoisonError, vec::Vec};

/// For how many keys a CRL remembers the result. A CA that renews its key has two for a while.
const REMEMBERED_KEYS: usize = 16;

pub(super) struct List {
    /// Where it was found: `crl.pem line 8`.
    pub(super) place: String,
    pub(super) this_update: u64,
    /// `None` only if CRLs that are out of date are accepted.
    pub(super) next_update: Option<u64>,
    pub(super) scope: Scope,
    /// cRLNumber, big-endian, without leading zeros.
    number: Option<Vec<u8>>,
    /// The [`name_key`] of its issuer.
    issuer: [u8; 32],
    /// keyIdentifier of authorityKeyIdentifier.
    key_id: Option<Vec<u8>>,
    der: Vec<u8>,
    /// The positions of the serial numbers in `der`, sorted by the octets of the numbers.
    serials: Vec<(u32, u32)>,
    /// It is signed by a root of ours that may be its issuer.
    pub(super) vouched: bool,
    /// Whether the CRL is signed by a key, by the hash of the key.
    signed_by: Mutex<Vec<([u8; 32], bool)>>,
}

/// Names that match (RFC 5280 §7.1) have equal keys.
pub(super) fn name_key(name: &Name<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for character in name.canonical() {
        hash.part(&character.to_be_bytes());
    }
    hash.finish()
}

impl List {
    /// The error says why the CRL cannot be used. `stale`: it need not have nextUpdate.
    pub(super) fn read(place: String, der: Vec<u8>, stale: bool, strict: bool) -> Result<List, String> {
        let list = CertificateList::from_der(&der).map_err(|BadDer(what)| malformed(what))?;
        if list.signature.content != list.signature_algorithm.content {
            return Err("the CRL is malformed: its two signature algorithms differ".into());
        }
        let extensions = &list.extensions;
        if extensions.delta {
            return Err("delta CRLs are not supported".into()); // §5: they need not be
        }
        if let Some(id) = extensions.critical_unknown {
            return Err(format!("the CRL has a critical extension that is not supported: {id}"));
        }
        let scope = extensions.issuing_distribution_point.as_ref().map(Scope::read).transpose();
        let scope = scope.map_err(|BadDer(why)| why.to_owned())?.unwrap_or_default();
        // §5.2.3 binds issuers: the status of a certificate can be found without a number (§6.3.3).
        if strict && extensions.number.is_none() {
            return Err("the CRL has no number (strict issuance, RFC 5280 5.2.3)".into());
        }
        if strict && extensions.all.is_critical(oid::CRL_NUMBER) {
            return Err("the CRL's number is critical (strict issuance, RFC 5280 5.2.3)".into());
        }
        // §5.1.2.5: MUST be present. Without it a CRL would be accepted for ever if newer ones are withheld or forgotten.
        if list.next_update.is_none() && !stale {
            return Err("the CRL has no nextUpdate, so that nobody can tell when it is out of date".into());
        }
        let (serials, this_update) = (serials(&der, &list)?, list.this_update.unix());
        let (next_update, number) = (list.next_update.map(|next| next.unix()), extensions.number.map(<[u8]>::to_vec));
        let (issuer, key_id) = (name_key(&list.issuer), extensions.authority_key_id.map(<[u8]>::to_vec));
        let (vouched, signed_by) = (false, Mutex::default());
        Ok(List { place, this_update, next_update, scope, number, issuer, key_id, serials, vouched, signed_by, der })
    }

    /// Whether its issuer has this name, by its [`name_key`].
    pub(super) fn is_named(&self, issuer: &[u8; 32]) -> bool {
        self.issuer == *issuer
    }

    pub(super) fn issuer(&self) -> &[u8; 32] {
        &self.issuer
    }

    /// Whether it may be a CRL of this issuer, by its own fields: it has the name, and its authorityKeyIdentifier does not
    /// name another key; or it has another name, and its authorityKeyIdentifier names this key.
    pub(super) fn may_be_of(&self, issuer: &[u8; 32], key_id: Option<&[u8]>) -> bool {
        let same_key = self.key_id.as_deref().zip(key_id).map(|(ours, theirs)| ours == theirs);
        same_key.unwrap_or_else(|| self.is_named(issuer))
    }

    /// The signature algorithm, if this crate cannot verify it.
    pub(super) fn unsupported_algorithm(&self) -> Option<String> {
        let list = CertificateList::from_der(&self.der).ok()?;
        let algorithm = &list.signature_algorithm;
        (!signatures::is_supported(algorithm)).then(|| signatures::name_of(algorithm))
    }

    /// Whether it is signed by this key, whose SHA-256 is `key`. Checked once and remembered.
    pub(super) fn is_signed_by(&self, key: &[u8; 32], spki: &[u8]) -> bool {
        let memo = || self.signed_by.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, signed)) = memo().iter().find(|(known, _)| known == key) {
            return *signed;
        }
        let signed = self.verify(spki).is_ok();
        let mut memo = memo();
        if memo.len() < REMEMBERED_KEYS {
            memo.push((*key, signed));
        }
        signed
    }

    /// For a sentence: why a CRL with the right name is not of this key.
    pub(super) fn why_not_signed_by(&self, spki: &[u8]) -> String {
        self.verify(spki).err().unwrap_or_default()
    }

    fn verify(&self, spki: &[u8]) -> Result<(), String> {
        let list = CertificateList::from_der(&self.der).map_err(|BadDer(what)| malformed(what))?;
        let algorithm = &list.signature_algorithm;
        signatures::verify(spki, algorithm, list.tbs, list.signature_value).map_err(|why| match why {
            NotSigned::BrokenKey => "the key cannot be read".into(),
            NotSigned::Wrong => "its signature is wrong, or another key's".into(),
            NotSigned::Unfit => {
                format!("it is signed with {algorithm}, which does not fit that key or is not supported")
            }
        })
    }

    /// The order of CRLs: by issuer, then by scope, then from the newest to the oldest.
    pub(super) fn order(&self) -> impl Ord + '_ {
        (&self.issuer, &self.scope, Reverse((self.this_update, self.number())))
    }

    /// Whether it replaces another CRL of its issuer and scope: it is newer, or has the same thisUpdate and a higher
    /// number. If one of them has no number, both count.
    pub(super) fn replaces(&self, other: &List) -> bool {
        self.this_update > other.this_update
            || (self.this_update == other.this_update
                && self.number().zip(other.number()).is_some_and(|(ours, theirs)| ours > theirs))
    }

    /// cRLNumber, so that it can be compared.
    fn number(&self) -> Option<(usize, &[u8])> {
        self.number.as_deref().map(|number| (number.len(), number))
    }

    /// Whether it has this serial number. Every entry counts: a certificate on hold is not good either.
    pub(super) fn holds(&self, serial: Serial<'_>) -> bool {
        if self.scope.is_foreign() {
            return false;
        }
        let wanted = serial.content();
        self.serials.binary_search_by(|place| at(&self.der, *place).cmp(wanted)).is_ok()
    }
}

fn malformed(what: &str) -> String {
    format!("the CRL cannot be read: {what}")
}

fn at(der: &[u8], (from, to): (u32, u32)) -> &[u8] {
    let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
    der.get(index(from)..index(to)).unwrap_or_default()
}

/// Reads every entry: the status of any certificate depends on all of them.
fn serials(der: &[u8], list: &CertificateList<'_>) -> Result<Vec<(u32, u32)>, String> {
    let mut serials = Vec::new();
    for entry in list.entries() {
        let entry = entry.map_err(|BadDer(what)| malformed(what))?;
        if let Some(id) = entry.critical_unknown {
            let serial = entry.serial;
            return Err(format!("the entry {serial} of the CRL has a critical extension that is not supported: {id}"));
        }
        let number = entry.serial.content();
        let from = number.as_ptr().addr().checked_sub(der.as_ptr().addr());
        let place = from.and_then(|from| {
            let to = from.checked_add(number.len())?;
            Some((u32::try_from(from).ok()?, u32::try_from(to).ok()?))
        });
        serials.push(place.ok_or("the CRL is longer than 4 GiB")?);
    }
    serials.sort_unstable_by(|one, other| at(der, *one).cmp(at(der, *other)));
    Ok(serials)
}
