//! A path that was verified, when nothing but the CRLs has changed.

use super::accepted::Accepted;
use crate::asn1::Certificate;
use crate::x509::revocation::Issuer;
use crate::x509::time::Window;
use crate::x509::trust::Trust;
use rustls_pki_types::UnixTime;

/// What has been asked in one pass about the CAs of a chain, by one snapshot at one time: many chains have the same.
#[derive(Default)]
pub(in crate::x509) struct AskedCas(Option<(Accepted, Window)>);

impl Trust {
    /// Asks this snapshot's CRLs about each certificate of the path, and the clock. `None`: it does not hold as it is, or it
    /// was found by other roots or rules: then the whole chain is to be judged, which says why.
    ///
    /// What is not done again is what cannot have another outcome: signatures, the search, rules, names.
    pub(in crate::x509) fn ask_crls_again(
        &self,
        accepted: &Accepted,
        now: UnixTime,
        asked: &mut AskedCas,
    ) -> Option<Accepted> {
        let proof = accepted.proof()?;
        if !accepted.snapshot().has_same_paths(&self.snapshot_id()) {
            return None;
        }
        let root = self.roots.get(usize::from(proof.root))?;
        let same_cas = |other: &Accepted| {
            other.proof().is_some_and(|other| other.root == proof.root) && other.cas() == accepted.cas()
        };
        let known = asked.0.as_ref().filter(|(other, _)| same_cas(other)).map(|(_, window)| *window);
        let mut window = known.unwrap_or(root.validity);
        if known.is_none() {
            let mut cas = accepted.chain().skip(1).chain([&root.der[..]]);
            let mut below = Certificate::from_der(cas.next()?).ok()?;
            for der in cas {
                let ca = Certificate::from_der(der).ok()?;
                self.ask_about(&below, false, &ca, now, &mut window)?;
                below = ca;
            }
            asked.0 = Some((accepted.clone(), window));
        }
        let issuer = Certificate::from_der(accepted.chain().nth(1).unwrap_or(&root.der)).ok()?;
        let leaf = Certificate::from_der(accepted.leaf()).ok()?;
        self.ask_about(&leaf, true, &issuer, now, &mut window)?;
        window.contains(now).then(|| accepted.again(window, self.snapshot_id(), now))
    }

    /// Narrows the window to that of a certificate and of the CRLs that speak for it.
    fn ask_about(
        &self,
        certificate: &Certificate<'_>,
        is_leaf: bool,
        issuer: &Certificate<'_>,
        now: UnixTime,
        window: &mut Window,
    ) -> Option<()> {
        window.narrow(Window::of(certificate));
        window.narrow(self.revocation.check(certificate, is_leaf, &Issuer::new(issuer), now, self.relaxed).ok()?);
        Some(())
    }
}
