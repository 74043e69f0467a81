//! The claims about all ends together, whatever the attacker has done.

use super::attacker::View;
use super::end::{Spec, data_of};
use super::identities::{IDENTITIES, MALLORY};
use super::overhear::is_retry;
use countersign::internals::asn1::Spki;
use countersign::{CertificateType, HandshakeType as M, Role};

/// A violated claim: its name, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub claim: &'static str,
    pub text: String,
}

/// The names of the claims.
pub const CLAIMS: &[&str] = &[
    "mutual or nothing",
    "the peer is who was wanted",
    "the certificate is of the negotiated type",
    "possession and agreement on the transcript",
    "agreement on the peer",
    "agreement on keys",
    "agreement on terms",
    "one connection for each partner",
    "no unknown key-share",
    "keys are the partners' only",
    "data is the partner's, once",
    "confirmed by a partner that is connected",
];

/// The messages of a handshake in order (RFC 9846 §2), without a HelloRetryRequest.
const HANDSHAKE: &[(Role, M)] = &[
    (Role::Client, M::CLIENT_HELLO),
    (Role::Server, M::SERVER_HELLO),
    (Role::Server, M::ENCRYPTED_EXTENSIONS),
    (Role::Server, M::CERTIFICATE_REQUEST),
    (Role::Server, M::CERTIFICATE),
    (Role::Server, M::CERTIFICATE_VERIFY),
    (Role::Server, M::FINISHED),
    (Role::Client, M::CERTIFICATE),
    (Role::Client, M::CERTIFICATE_VERIFY),
    (Role::Client, M::FINISHED),
];

/// Checks all claims for each end. `leaked`: the attacker has every private key of the key exchanges. Then there are no
/// claims about who knows keys, nor about data that only keys protect.
pub fn check(specs: &[Spec], views: &[&View], leaked: bool) -> Result<(), Broken> {
    (0..specs.len()).try_for_each(|end| End { specs, views, leaked, end }.check())
}

struct End<'a> {
    specs: &'a [Spec],
    views: &'a [&'a View],
    leaked: bool,
    end: usize,
}

impl End<'_> {
    fn spec(&self) -> &Spec {
        &self.specs[self.end]
    }

    fn view(&self) -> &View {
        self.views[self.end]
    }

    fn claim(&self, holds: bool, claim: &'static str, why: &str) -> Result<(), Broken> {
        assert!(CLAIMS.contains(&claim), "{claim}");
        let spec = self.spec();
        let text = || format!("{claim}: {} {} {}: {why}", IDENTITIES[spec.identity].name, spec.role, spec.number);
        if holds { Ok(()) } else { Err(Broken { claim, text: text() }) }
    }

    fn check(&self) -> Result<(), Broken> {
        let (spec, view) = (self.spec(), self.view());
        let (said, connected) = (&view.conversation.said, view.facts.exporter.is_some());
        if view.facts.asked {
            // At the verdict the peer has sent all its messages, and a connection has all messages of both.
            let retry = if said.get(1).is_some_and(is_retry) { 2 } else { 0 };
            let said: Vec<_> = said.iter().skip(retry).map(|said| (said.by, said.typ)).collect();
            let until_finished = HANDSHAKE.iter().position(|each| *each == (spec.role.peer(), M::FINISHED));
            let all = if connected { HANDSHAKE.len() } else { until_finished.map_or(0, |at| at + 1) };
            self.claim(said == HANDSHAKE[..all], "mutual or nothing", "a message is missing, or comes twice")?;
        }
        let Some(accepted) = &view.facts.accepted else {
            return self.claim(!connected, "mutual or nothing", "connected without a verdict");
        };
        let wanted = accepted.who.is_some() && spec.wants.is_none_or(|wants| accepted.who == Some(wants));
        self.claim(wanted, "the peer is who was wanted", "somebody else was accepted")?;
        let read = match accepted.certificate_type {
            CertificateType::RAW_PUBLIC_KEY => Spki::from_der(&accepted.leaf).is_ok(),
            _ => Spki::of_certificate(&accepted.leaf).is_ok(),
        };
        self.claim(read, "the certificate is of the negotiated type", "it is of the other")?;
        match accepted.who {
            Some(who) if who != MALLORY => self.has_partner(who, connected),
            _ => Ok(()),
        }
    }

    /// The verdict comes after the peer's Finished, so from then on the peer must exist.
    fn has_partner(&self, who: usize, connected: bool) -> Result<(), Broken> {
        let (spec, view) = (self.spec(), self.view());
        let here = &view.conversation.said;
        let last = here.iter().rposition(|said| (said.by, said.typ) == (spec.role.peer(), M::FINISHED));
        // With all private keys the attacker can write Finished. The peer's signature covers the messages up to its
        // Certificate.
        let signed = if self.leaked { last.map(|last| last.saturating_sub(2)) } else { last };
        let agreed = signed.map_or(&here[..], |signed| &here[..=signed]);
        let partner = (0..self.specs.len()).find(|other| {
            let is_peer = self.specs[*other].identity == who && self.specs[*other].role == spec.role.peer();
            is_peer && self.views[*other].conversation.said.starts_with(agreed)
        });
        self.claim(partner.is_some(), "possession and agreement on the transcript", "nobody has said what was taken")?;
        let partner = partner.unwrap_or(self.end);
        let theirs = self.views[partner];
        if self.leaked && spec.role == Role::Client {
            return Ok(()); // the attacker may have continued in its place, with its own certificate
        }
        if let Some(their) = theirs.facts.accepted.as_ref() {
            self.claim(
                their.who == Some(spec.identity),
                "agreement on the peer",
                "the partner talks to somebody else",
            )?;
        } else {
            let last_word = spec.role == Role::Server && !self.leaked;
            self.claim(!last_word, "agreement on the peer", "a client that has not accepted its server has spoken")?;
        }
        for (name, secret) in &view.facts.secrets {
            let same = theirs.facts.secrets.get(name).is_none_or(|other| other == secret);
            self.claim(same, "agreement on keys", name)?;
        }
        self.claim(self.leaked || !view.open, "keys are the partners' only", "the attacker has them")?;
        for other in (0..self.specs.len()).filter(|other| *other != self.end && self.specs[*other].role == spec.role) {
            let view = self.views[other];
            let both = connected && view.facts.exporter.is_some();
            let same = both && view.facts.exporter == self.view().facts.exporter;
            self.claim(!same, "one connection for each partner", "two have connected to one")?;
        }
        if let (true, Some(ours), Some(their)) = (connected, &view.facts.terms, &theirs.facts.terms) {
            let same = view.facts.exporter == theirs.facts.exporter;
            self.claim(same || self.leaked, "agreement on keys", "exporter")?;
            self.claim(ours == their || self.leaked, "agreement on terms", &format!("{ours:?}, {their:?}"))?;
        }
        self.knows_who_shares_its_keys()?;
        if self.leaked {
            return Ok(());
        }
        let once =
            view.facts.data.iter().all(|data| *data == data_of(&self.specs[partner])) && view.facts.data.len() <= 1;
        self.claim(once, "data is the partner's, once", "it is not")?;
        let confirmed = !view.facts.confirmed || theirs.facts.exporter.is_some();
        self.claim(confirmed, "confirmed by a partner that is connected", "it is not")
    }

    /// An end with the same keys is the peer: it has the other role and the same view.
    fn knows_who_shares_its_keys(&self) -> Result<(), Broken> {
        let (spec, ours) = (self.spec(), &self.view().facts);
        for other in (0..self.specs.len()).filter(|other| *other != self.end) {
            let theirs = &self.views[other].facts;
            let (Some(exporter), Some(accepted)) = (&ours.exporter, &ours.accepted) else { continue };
            let (Some(their_exporter), Some(their)) = (&theirs.exporter, &theirs.accepted) else { continue };
            if exporter == their_exporter {
                let peers = accepted.who == Some(self.specs[other].identity) && their.who == Some(spec.identity);
                let roles = spec.role != self.specs[other].role;
                self.claim(peers && roles, "no unknown key-share", "the keys are shared with somebody else")?;
            }
        }
        Ok(())
    }
}
