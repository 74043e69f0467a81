//! Our identities, and the choice among them.

pub(super) mod identity;
pub(super) mod key;
pub(super) mod private_key;

use crate::Offer;
use identity::Identity;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{sync::Arc, vec::Vec};

/// An immutable snapshot of our identities. The first is the default. To renew them, replace it in a
/// [`Reloadable`](crate::x509::Reloadable).
pub struct Identities {
    identities: Vec<Arc<Identity>>,
    leaves: Vec<CertificateDer<'static>>,
}

impl Identities {
    /// One identity.
    pub fn new(identity: Identity) -> Identities {
        Identities { identities: Vec::new(), leaves: Vec::new() }.and(identity)
    }

    /// Adds an identity after the others.
    pub fn and(mut self, identity: Identity) -> Identities {
        self.leaves.extend(identity.chain().first().cloned());
        self.identities.push(Arc::new(identity));
        self
    }

    /// All identities.
    pub fn identities(&self) -> &[Arc<Identity>] {
        &self.identities
    }

    /// Answers `Credential`: the identity that suits the peer best. `None`: we have none of the certificate type that
    /// was agreed on.
    ///
    /// It is chosen in this order: it signs with a scheme that the peer accepts; its leaf covers the server name that a
    /// client asked for; its certificates are signed with schemes that the peer accepts; one of the peer's
    /// certificate_authorities has issued it; it was added first. Keep the returned `Arc`: the same identity must sign.
    pub fn choose(&self, offer: &Offer<'_>) -> Option<Arc<Identity>> {
        let (schemes, schemes_cert) = (offer.signature_schemes(), offer.signature_schemes_cert());
        let authorities = offer.certificate_authorities();
        let mut best: Option<([bool; 4], &Arc<Identity>)> = None;
        for identity in &self.identities {
            if identity.certificate_type() != offer.certificate_type() {
                continue;
            }
            let rank = [
                schemes.clone().any(|scheme| identity.signs_with(scheme)),
                offer.server_name().is_some_and(|name| identity.covers(name)),
                identity.is_signed_with(|scheme| schemes_cert.clone().any(|known| known == scheme)),
                identity.is_issued_by(authorities.clone()),
            ];
            if best.is_none_or(|(highest, _)| rank > highest) {
                best = Some((rank, identity));
            }
        }
        best.map(|(_, identity)| Arc::clone(identity))
    }

    /// Our leaves (and raw public keys), for [`JudgeOptions::own`](crate::x509::JudgeOptions).
    pub fn leaves(&self) -> &[CertificateDer<'static>] {
        &self.leaves
    }

    /// The time at which the first of our certificates expires; `None` if there are only raw public keys.
    pub fn expires(&self) -> Option<UnixTime> {
        self.identities.iter().filter_map(|identity| identity.expires()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignatureScheme;
    use crate::codec::{Extensions, Place, Writer};
    use crate::x509::{Reloadable, SigningKey};
    use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair, SignatureAlgorithm};
    use std::{string::ToString, vec};

    type Root = CertifiedIssuer<'static, KeyPair>;

    fn root(name: &str, algorithm: &'static SignatureAlgorithm) -> Root {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate_for(algorithm).unwrap()).unwrap()
    }

    fn identity(root: &Root, name: &str, algorithm: &'static SignatureAlgorithm) -> Identity {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2026, 11, 24);
        let leaf = params.signed_by(&key, root).unwrap();
        Identity::new(vec![leaf.der().clone()], SigningKey::from_der(&key.serialize_der()).unwrap()).unwrap()
    }

    const ECDSA: &SignatureAlgorithm = &rcgen::PKCS_ECDSA_P256_SHA256;
    const EDDSA: &SignatureAlgorithm = &rcgen::PKCS_ED25519;
    const P256: SignatureScheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    const BOTH: &[SignatureScheme] = &[P256, SignatureScheme::ED25519];

    struct Ask<'a> {
        name: Option<&'a str>,
        schemes: &'a [SignatureScheme],
        cert: &'a [SignatureScheme],
        authorities: &'a [&'a [u8]],
    }

    const ASK: Ask<'static> = Ask { name: None, schemes: BOTH, cert: BOTH, authorities: &[] };

    /// Which identity of the identities is picked, by its index.
    fn pick(identities: &Identities, ask: &Ask<'_>) -> Option<usize> {
        let mut block = [0; 1000];
        let mut w = Writer::new(&mut block);
        w.signature_algorithms(ask.schemes.iter().copied());
        w.signature_algorithms_cert(ask.cert.iter().copied());
        if !ask.authorities.is_empty() {
            w.certificate_authorities(ask.authorities.iter().copied());
        }
        let len = w.finish().unwrap();
        let extensions = Extensions::parse(&block[..len]).unwrap().check(Place::CertificateRequest).unwrap();
        let picked = identities.choose(&Offer::after_handshake(extensions, &[], ask.name))?;
        identities.identities().iter().position(|identity| Arc::ptr_eq(identity, &picked))
    }

    #[test]
    fn the_first_serves_whoever_asks_for_nothing_in_particular() {
        let root = root("Root", ECDSA);
        let identities = Identities::new(identity(&root, "a.test", ECDSA)).and(identity(&root, "b.test", ECDSA));
        assert_eq!(pick(&identities, &ASK), Some(0));
        assert_eq!(pick(&identities, &Ask { name: Some("unknown.test"), ..ASK }), Some(0));
        let bare_key = SigningKey::from_der(&KeyPair::generate().unwrap().serialize_der()).unwrap();
        assert_eq!(pick(&Identities::new(Identity::raw_public_key(bare_key)), &ASK), None);
    }

    #[test]
    fn the_server_name_picks_wildcards_too() {
        let root = root("Root", ECDSA);
        let identities = Identities::new(identity(&root, "a.test", ECDSA))
            .and(identity(&root, "*.b.test", ECDSA))
            .and(identity(&root, "c.test", EDDSA));
        assert_eq!(pick(&identities, &Ask { name: Some("x.B.test"), ..ASK }), Some(1));
        assert_eq!(pick(&identities, &Ask { name: Some("b.test"), ..ASK }), Some(0));
        assert_eq!(pick(&identities, &Ask { name: Some("y.x.b.test"), ..ASK }), Some(0));
        assert_eq!(pick(&identities, &Ask { name: Some("c.test"), ..ASK }), Some(2));
        assert_eq!(pick(&identities, &Ask { name: Some("c.test"), schemes: &[P256], ..ASK }), Some(0), "it must sign");
    }

    #[test]
    fn the_peers_schemes_pick_the_key_and_the_chain() {
        let (ec, ed) = (root("EC", ECDSA), root("Ed", EDDSA));
        let identities = Identities::new(identity(&ed, "a.test", EDDSA)).and(identity(&ed, "a.test", ECDSA));
        assert_eq!(pick(&identities, &Ask { schemes: &[P256], ..ASK }), Some(1));
        assert_eq!(pick(&identities, &Ask { schemes: &[SignatureScheme::ED25519], ..ASK }), Some(0));
        let hopeless = Ask { schemes: &[SignatureScheme::ED448], ..ASK };
        assert_eq!(pick(&identities, &hopeless), Some(0), "the handshake will say that no scheme fits");
        let identities = Identities::new(identity(&ed, "a.test", ECDSA)).and(identity(&ec, "a.test", ECDSA));
        assert_eq!(pick(&identities, &Ask { cert: &[P256], ..ASK }), Some(1));
    }

    #[test]
    fn the_peers_authorities_pick_the_issuer_and_strangers_are_shown_the_first() {
        let (one, two) = (root("One", ECDSA), root("Two", ECDSA));
        let identities = Identities::new(identity(&one, "a.test", ECDSA)).and(identity(&two, "a.test", ECDSA));
        let trust = crate::x509::Trust::from_roots("two", two.der()).unwrap();
        let names: Vec<&[u8]> = trust.root_names().collect();
        assert_eq!(pick(&identities, &Ask { authorities: &names, ..ASK }), Some(1));
        assert_eq!(pick(&identities, &Ask { authorities: &[b"\x30\x00"], ..ASK }), Some(0));
    }

    #[test]
    fn a_swap_is_seen_by_the_next_and_leaves_what_is_in_use() {
        let root = root("Root", ECDSA);
        let live = Reloadable::new(Identities::new(identity(&root, "old.test", ECDSA)));
        let in_use = live.get().identities()[0].clone();
        live.set(Identities::new(identity(&root, "new.test", ECDSA)));
        assert!(in_use.sign(P256, b"still signs").is_ok());
        assert_ne!(live.get().leaves()[0], in_use.chain()[0]);
        assert_eq!(live.get().expires().unwrap().as_secs(), 1_795_478_400);
    }

    #[test]
    fn a_key_of_another_is_refused_and_an_external_one_signs_nothing_here() {
        let root = root("Root", ECDSA);
        let (ours, other) = (identity(&root, "a.test", ECDSA), KeyPair::generate().unwrap());
        let other = SigningKey::from_der(&other.serialize_der()).unwrap();
        let error = Identity::new(ours.chain().to_vec(), other).err().unwrap();
        assert_eq!(error.to_string(), "the private key does not belong to the first certificate (is that the leaf?)");
        let external = Identity::external(ours.chain().to_vec(), vec![P256]).unwrap();
        assert!(external.key().is_none() && external.sign(P256, b"").is_err());
        assert_eq!(external.credential().schemes, [P256]);
    }
}
