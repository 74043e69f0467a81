//! A path that was verified, when nothing but the CRLs has changed.

use super::accepted::Accepted;
use super::path::Window;
use crate::asn1::Certificate;
use crate::x509::revocation::Issuer;
use crate::x509::trust::Trust;
use rustls_pki_types::UnixTime;

impl Trust {
    /// Asks this snapshot's CRLs about each certificate of the path, and the clock. `None`: it does not hold as it is, or it
    /// was found by other roots or rules: then the whole chain is to be judged, which says why.
    ///
    /// What is not done again is what cannot have another outcome: signatures, the search, rules, names.
    pub(in crate::x509) fn ask_crls_again(&self, accepted: &Accepted, now: UnixTime) -> Option<Accepted> {
        let proof = accepted.proof()?;
        if !accepted.snapshot().has_same_paths(&self.snapshot_id()) {
            return None;
        }
        let root = self.roots.get(usize::from(proof.root))?;
        let mut window = Window { from: root.not_before, to: root.not_after };
        let mut chain = accepted.chain().skip(1);
        let mut below = Certificate::from_der(accepted.leaf()).ok()?;
        let mut is_leaf = true;
        loop {
            window.narrow(below.not_before.unix(), below.not_after.unix());
            let above = chain.next();
            // Certificates above the leaf need not be read where nothing is asked about them.
            let issuer = Certificate::from_der(above.unwrap_or(&root.der)).ok()?;
            let asked = self.revocation.check(&below, is_leaf, &Issuer::new(&issuer), now, self.relaxed);
            let (from, to) = asked.ok()?;
            window.narrow(from, to);
            if above.is_none() {
                break;
            }
            (below, is_leaf) = (issuer, false);
        }
        window.contains(now).then(|| accepted.again(window, self.snapshot_id(), now))
    }
}
