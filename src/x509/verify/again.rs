//! A path that was verified, when nothing but the CRLs has changed.

use super::accepted::Accepted;
use crate::asn1::Certificate;
use crate::x509::revocation::Issuer;
use crate::x509::time::Window;
use crate::x509::trust::Trust;
use rustls_pki_types::UnixTime;

/// Answers about the CAs of chains in one pass, with one snapshot at one time. Many chains have the same CAs.
#[derive(Default)]
pub(in crate::x509) struct AskedCas(Option<(Accepted, Window)>);

impl Trust {
    /// Checks each certificate of the path with this snapshot's CRLs and the time. `None`: the path is not valid now, or it
    /// was found with other roots or rules. Then judge the whole chain, which gives the reason.
    ///
    /// Signatures, the search, rules and names are not checked again, because their result cannot change.
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

    /// Limits the window to that of a certificate and of its CRLs.
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
