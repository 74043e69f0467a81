//! Identities for the peer, made on the fly by the key of the CA that the target trusts. They last an hour, and are all
//! named countersign-probe; the CA's key is used for nothing else, and written nowhere.

use crate::files;
use crate::forged;
use crate::reissue;
use crate::resembling;
use countersign::adversary::Identity;
use countersign::adversary::catalogue::{NameKind, Resembling, Who, all};
use countersign::internals::asn1::{Certificate, Spki};
use countersign::{Role, x509::SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData, SanType, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};
use x509_parser::prelude::ASN1Time;

const NAME: &str = "countersign-probe";
const HOUR: i64 = 3600;
/// Clocks differ.
const SKEW: i64 = 300;

/// What the user gives to make identities of.
pub(crate) struct Given<'a> {
    /// The target's role.
    pub(crate) target: Role,
    pub(crate) ca: Option<&'a str>,
    pub(crate) ca_key: Option<&'a str>,
    /// CAs below `ca`, whose certificates are sent along.
    pub(crate) issuer: Option<&'a str>,
    /// The key of `ca`, where `ca_key` is an intermediate's.
    pub(crate) root_key: Option<&'a str>,
    pub(crate) crl: Option<&'a str>,
    /// A good identity, in place of a minted one.
    pub(crate) own: Option<(&'a str, &'a str)>,
    /// Identities that the target must refuse.
    pub(crate) must_be_refused: Vec<(&'a str, &'a str)>,
    /// The names of minted certificates.
    pub(crate) names: Vec<SanType>,
}

/// The identities that the peer can have, and why others are missing.
pub(crate) struct Identities {
    pub(crate) there: BTreeMap<Who, Identity>,
    pub(crate) missing: BTreeMap<Who, String>,
}

/// A CA that issues.
type Ca = Issuer<'static, KeyPair>;

struct Mint {
    now: i64,
    target: Role,
    names: Vec<SanType>,
}

fn unsigned(error: rcgen::Error) -> String {
    format!("cannot make a certificate: {error}")
}

fn new_key() -> Result<KeyPair, String> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(unsigned)
}

fn identity(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Result<Identity, String> {
    let key = SigningKey::from_der(&key.serialize_der()).map_err(|error| error.to_string())?;
    Ok(Identity { chain, key })
}

impl Mint {
    fn params(&self) -> Result<CertificateParams, String> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, NAME);
        self.valid(&mut params, -SKEW, HOUR)?;
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }

    /// Sets the validity, in seconds from now.
    fn valid(&self, params: &mut CertificateParams, from: i64, until: i64) -> Result<(), String> {
        let at = |seconds: i64| {
            ASN1Time::from_timestamp(self.now + seconds).map(|time| time.to_datetime()).map_err(|e| e.to_string())
        };
        (params.not_before, params.not_after) = (at(from)?, at(until)?);
        Ok(())
    }

    fn leaf_params(&self) -> Result<CertificateParams, String> {
        let mut params = self.params()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose(self.target.peer())];
        params.subject_alt_names = self.names.clone();
        Ok(params)
    }

    fn leaf(&self, ca: &Ca, above: &[CertificateDer<'static>]) -> Result<Identity, String> {
        self.changed(ca, above, |_| Ok(()))
    }

    fn changed(
        &self,
        ca: &Ca,
        above: &[CertificateDer<'static>],
        change: impl FnOnce(&mut CertificateParams) -> Result<(), String>,
    ) -> Result<Identity, String> {
        let (mut params, key) = (self.leaf_params()?, new_key()?);
        change(&mut params)?;
        let leaf = params.signed_by(&key, ca).map_err(unsigned)?.der().clone();
        identity([&[leaf], above].concat(), &key)
    }

    /// A CA below this one, with its certificate.
    fn intermediate(
        &self,
        ca: &Ca,
        change: impl FnOnce(&mut CertificateParams) -> Result<(), String>,
    ) -> Result<(Ca, CertificateDer<'static>), String> {
        let (mut params, key) = (self.params()?, new_key()?);
        params.distinguished_name.push(DnType::OrganizationalUnitName, "intermediate");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        change(&mut params)?;
        let certificate = params.signed_by(&key, ca).map_err(unsigned)?.der().clone();
        Ok((Issuer::new(params, key), certificate))
    }

    fn issued_by(&self, ca: &Ca, above: &[CertificateDer<'static>], who: Who) -> Result<Identity, String> {
        let below = |change: &dyn Fn(&mut CertificateParams) -> Result<(), String>| {
            let (intermediate, certificate) = self.intermediate(ca, change)?;
            self.leaf(&intermediate, &[&[certificate], above].concat())
        };
        match who {
            Who::Expired => self.changed(ca, above, |params| self.valid(params, -2 * HOUR, -HOUR)),
            Who::NotYetValid => self.changed(ca, above, |params| self.valid(params, 12 * HOUR, 13 * HOUR)),
            Who::WrongPurpose => self.changed(ca, above, |params| {
                params.extended_key_usages = vec![purpose(self.target)];
                Ok(())
            }),
            Who::WrongKeyUsage => self.changed(ca, above, |params| {
                params.key_usages = vec![KeyUsagePurpose::KeyAgreement];
                Ok(())
            }),
            Who::UnknownCritical => self.changed(ca, above, |params| {
                let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
                unknown.set_criticality(true);
                params.custom_extensions.push(unknown);
                Ok(())
            }),
            Who::WrongName => self.changed(ca, above, |params| {
                params.subject_alt_names = resembling::others(&self.names)?;
                Ok(())
            }),
            Who::IssuedByLeaf => {
                let (params, key) = (self.leaf_params()?, new_key()?);
                let leaf = params.signed_by(&key, ca).map_err(unsigned)?.der().clone();
                self.leaf(&Issuer::new(params, key), &[&[leaf], above].concat())
            }
            // DNS names are the constraints that everybody reads. So the leaf has one that they exclude, whatever it is for.
            Who::Constrained => {
                let (intermediate, certificate) = self.intermediate(ca, constrain)?;
                self.changed(&intermediate, &[&[certificate], above].concat(), excluded)
            }
            Who::ExpiredIntermediate => below(&|params| self.valid(params, -2 * HOUR, -HOUR)),
            Who::PathTooLong => {
                let (first, first_der) = self.intermediate(ca, |params| {
                    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                    Ok(())
                })?;
                // With a name of its own: a CA of its issuer's name does not count (RFC 5280 §6.1.4 (l)).
                let (second, second_der) = self.intermediate(&first, |params| {
                    params.distinguished_name.push(DnType::OrganizationName, "below");
                    Ok(())
                })?;
                self.leaf(&second, &[&[second_der, first_der], above].concat())
            }
            _ => self.leaf(ca, above),
        }
    }
}

fn read((chain, key): (&str, &str)) -> Result<Identity, String> {
    let file = std::fs::read(key).map_err(|error| format!("{key}: {error}"))?;
    let signing = SigningKey::from_pem_or_der(&file).map_err(|error| format!("{key}: {error}"))?;
    let certificates = files::certificates(chain)?;
    // Such a peer would be refused for its proof, whoever it is.
    match certificates.first().map(|leaf| Spki::of_certificate(leaf)) {
        Some(Ok(spki)) if spki.raw == signing.public_key() => Ok(Identity { chain: certificates, key: signing }),
        _ => Err(format!("{key} is not the key of the first certificate in {chain}")),
    }
}

/// Changes a bit of the leaf's signature. The proof of possession stays right.
fn flipped(mut identity: Identity) -> Identity {
    if let Some(leaf) = identity.chain.first_mut() {
        let mut der = leaf.to_vec();
        if let Some(last) = der.last_mut() {
            *last ^= 1;
        }
        *leaf = der.into();
    }
    identity
}

/// Permits the DNS names below one domain only.
fn constrain(params: &mut CertificateParams) -> Result<(), String> {
    let permitted_subtrees = vec![GeneralSubtree::DnsName("elsewhere.invalid".into())];
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    Ok(())
}

/// Says that another key has signed it than the issuer's that is known (RFC 5280 §4.2.1.1).
fn other_key_id(params: &mut CertificateParams) -> Result<(), String> {
    params.use_authority_key_identifier_extension = false;
    let key = new_key()?.subject_public_key_info();
    let key_id = files::tlv(0x30, &files::tlv(0x80, key.last_chunk::<20>().ok_or("a key is too short")?));
    params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 35], key_id));
    Ok(())
}

/// Adds a DNS name that is not there.
fn excluded(params: &mut CertificateParams) -> Result<(), String> {
    params.subject_alt_names.extend(resembling::others(&[])?);
    Ok(())
}

/// How many CAs may be below this one, if that is limited (RFC 5280 §4.2.1.9).
fn path_length(ca: &[u8]) -> Option<u32> {
    let (_, ca) = x509_parser::parse_x509_certificate(ca).ok()?;
    ca.basic_constraints().ok()??.value.path_len_constraint
}

fn purpose(role: Role) -> ExtendedKeyUsagePurpose {
    match role {
        Role::Client => ExtendedKeyUsagePurpose::ClientAuth,
        Role::Server => ExtendedKeyUsagePurpose::ServerAuth,
    }
}

impl Identities {
    pub(crate) fn make(given: &Given<'_>) -> Result<Identities, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "the clock is before 1970".to_string())?;
        let mint = Mint { now: now.as_secs() as i64, target: given.target, names: given.names.clone() };
        let mut identities = Identities { there: BTreeMap::new(), missing: BTreeMap::new() };
        let cas = given.ca.map(files::certificates).transpose()?.unwrap_or_default();
        let above = given.issuer.map(files::certificates).transpose()?.unwrap_or_default();
        match given.ca_key {
            Some(path) => {
                let (key, certificate) = files::ca_key(path, &[&cas[..], &above].concat())?;
                let issuer = |key| Issuer::from_ca_cert_der(&certificate, key).map_err(unsigned);
                identities.minted(&mint, &issuer(key)?, &above, given, &certificate)?;
                // Another key under the same name.
                identities.there.insert(Who::NamesakeCa, mint.leaf(&issuer(new_key()?)?, &above)?);
                let other_key_id = mint.changed(&issuer(new_key()?)?, &above, other_key_id)?;
                identities.there.insert(Who::NamesakeCaOfOtherKeyId, other_key_id);
                let path = forged::path(&certificate, &[&above[..], &cas].concat());
                let (key, namesakes) = forged::namesakes(&path, new_key)?;
                identities.there.insert(Who::NamesakeCaSentAlong, mint.leaf(&issuer(key)?, &namesakes)?);
            }
            None if given.root_key.is_some() => {
                return Err(
                    "--root-key needs --ca-key, the key of an intermediate, and --issuer, its certificate".into()
                );
            }
            None => {
                let why = |who| (who, "needs --ca-key, to make such a certificate".to_string());
                identities.missing.extend(all(given.target).into_iter().map(|case| why(case.who)));
            }
        }
        if let Some(own) = given.own {
            identities.there.insert(Who::Good, read(own)?);
            identities.there.insert(Who::BadSignature, flipped(read(own)?));
        }
        if !identities.there.contains_key(&Who::Good) {
            return Err(
                "a good identity is needed: give --ca and --ca-key (then certificates are made), or --cert and --key"
                    .into(),
            );
        }
        identities.of_nobody(&mint, &[above, cas].concat())?;
        for (number, files) in (0..=u16::MAX).zip(&given.must_be_refused) {
            let identity = read(*files)?;
            // A refusal would be for this, whoever it is.
            match identity.chain.first().map(|leaf| Certificate::from_der(leaf)) {
                Some(Ok(leaf)) if (leaf.not_before.unix()..=leaf.not_after.unix()).contains(&now.as_secs()) => {}
                _ => {
                    return Err(format!(
                        "the certificate in {} is not valid now, so a refusal would say nothing",
                        files.0
                    ));
                }
            }
            identities.there.insert(Who::MustBeRefused(number), identity);
        }
        for who in identities.there.keys() {
            identities.missing.remove(who);
        }
        Ok(identities)
    }

    fn minted(
        &mut self,
        mint: &Mint,
        ca: &Ca,
        above: &[CertificateDer<'static>],
        given: &Given<'_>,
        certificate: &CertificateDer<'_>,
    ) -> Result<(), String> {
        use Who::{
            Constrained, Expired, ExpiredIntermediate, Good, IssuedByLeaf, NotYetValid, PathTooLong, UnknownCritical,
            WrongKeyUsage, WrongName, WrongPurpose,
        };
        for who in [
            Good,
            Expired,
            NotYetValid,
            WrongPurpose,
            WrongKeyUsage,
            UnknownCritical,
            WrongName,
            IssuedByLeaf,
            Constrained,
            ExpiredIntermediate,
            PathTooLong,
        ] {
            self.there.insert(who, mint.issued_by(ca, above, who)?);
        }
        self.there.insert(Who::BadSignature, flipped(mint.leaf(ca, above)?));
        if let Some(path) = given.root_key {
            self.below_the_issuer_again(mint, (ca, certificate), above, given, path)?;
        }
        for who in all(given.target).into_iter().map(|case| case.who) {
            let Who::Resembling(kind, which) = who else { continue };
            self.resembling(mint, ca, above, (kind, which))?;
        }
        // A client asks for one DNS name.
        let domains =
            if given.target == Role::Server { &[NameKind::Spiffe, NameKind::Dns][..] } else { &[NameKind::Spiffe] };
        for kind in domains {
            self.resembling(mint, ca, above, (*kind, Resembling::Sibling))?;
        }
        match given.crl {
            Some(path) => {
                let serial = files::revoked_serial(path, certificate)?;
                let revoked = mint.changed(ca, above, |params| {
                    params.serial_number = Some(SerialNumber::from_slice(&serial));
                    Ok(())
                })?;
                self.there.insert(Who::Revoked, revoked);
                if given.root_key.is_none() {
                    let (intermediate, certificate) = mint.intermediate(ca, |params| {
                        params.serial_number = Some(SerialNumber::from_slice(&serial));
                        Ok(())
                    })?;
                    let below = mint.leaf(&intermediate, &[&[certificate], above].concat())?;
                    self.there.insert(Who::RevokedIntermediate, below);
                }
            }
            None => {
                let why = "needs --crl, with a certificate of this CA in it that is revoked";
                for who in [Who::Revoked, Who::RevokedIntermediate] {
                    self.missing.insert(who, why.into());
                }
            }
        }
        if given.root_key.is_none() && path_length(certificate) == Some(0) {
            let why = "the CA may have none below it (pathLenConstraint 0), so a refusal would say nothing: give the root's key \
                       by --root-key";
            self.leave_out(|who| matches!(who, Constrained | ExpiredIntermediate | Who::RevokedIntermediate), why);
        }
        Ok(())
    }

    /// Gives the intermediate itself another certificate, which is expired or constrained. So there is no other reason to refuse
    /// what is below it, such as its path length or a missing CRL.
    fn below_the_issuer_again(
        &mut self,
        mint: &Mint,
        (ca, certificate): (&Ca, &CertificateDer<'_>),
        above: &[CertificateDer<'static>],
        given: &Given<'_>,
        root_key: &str,
    ) -> Result<(), String> {
        let (Some(roots), Some((issuer, above))) =
            (given.ca, above.split_first().filter(|(first, _)| *first == certificate))
        else {
            return Err(
                "--root-key is the key of the CA in --ca. It needs an intermediate: its certificate as the first in \
                        --issuer, and its key as --ca-key"
                    .into(),
            );
        };
        let (key, certificate) = files::ca_key(root_key, &files::certificates(roots)?)?;
        let root = Issuer::from_ca_cert_der(&certificate, key).map_err(unsigned)?;
        let mut expired = mint.params()?;
        mint.valid(&mut expired, -2 * HOUR, -HOUR)?;
        let mut constrained = mint.params()?;
        constrain(&mut constrained)?;
        self.there.insert(Who::GoodWithoutIssuer, mint.leaf(ca, above)?);
        let again = |params| reissue::intermediate(params, (issuer, ca.key()), &root);
        let chain = |certificate| [&[certificate], above].concat();
        let below = mint.leaf(ca, &chain(again(expired)?))?;
        self.there.insert(Who::ExpiredIntermediate, below);
        let below = mint.changed(ca, &chain(again(constrained)?), excluded)?;
        self.there.insert(Who::Constrained, below);
        match given.crl.map(|path| files::revoked_serial(path, &certificate)) {
            Some(Ok(serial)) => {
                let mut revoked = mint.params()?;
                revoked.serial_number = Some(SerialNumber::from_slice(&serial));
                let below = mint.leaf(ca, &chain(again(revoked)?))?;
                self.there.insert(Who::RevokedIntermediate, below);
            }
            Some(Err(_)) => {
                let why = "needs a CRL of the CA in --ca, in which a certificate is revoked, in --crl";
                self.missing.insert(Who::RevokedIntermediate, why.into());
            }
            None => {}
        }
        Ok(())
    }

    /// Makes the identity with a name that resembles the right one, if there is one of this kind.
    fn resembling(
        &mut self,
        mint: &Mint,
        ca: &Ca,
        above: &[CertificateDer<'static>],
        (kind, which): (NameKind, Resembling),
    ) -> Result<(), String> {
        let who = Who::Resembling(kind, which);
        match resembling::names(kind, which, &mint.names) {
            Ok(names) => {
                let identity = mint.changed(ca, above, |params| {
                    params.subject_alt_names = names.alternative;
                    if let Some(name) = names.common {
                        params.distinguished_name.push(DnType::CommonName, name);
                    }
                    Ok(())
                })?;
                self.there.insert(who, identity);
            }
            Err(why) => drop(self.missing.insert(who, why)),
        }
        Ok(())
    }

    /// Moves these identities to the missing ones, so that their cases are not played.
    pub(crate) fn leave_out(&mut self, which: impl Fn(Who) -> bool, why: &str) {
        self.there.retain(|who, _| {
            let out = which(*who);
            if out {
                self.missing.insert(*who, why.to_string());
            }
            !out
        });
    }

    /// Makes the identities that need no key of the user's. `cas`: the target's, and those below.
    fn of_nobody(&mut self, mint: &Mint, cas: &[CertificateDer<'static>]) -> Result<(), String> {
        let (mut params, key) = (mint.params()?, new_key()?);
        params.distinguished_name.push(DnType::OrganizationName, "another CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&key).map_err(unsigned)?.der().clone();
        let other_ca = Issuer::new(params, key);
        self.there.insert(Who::OtherCa, mint.leaf(&other_ca, &[root])?);

        let (params, key) = (mint.leaf_params()?, new_key()?);
        let own = params.self_signed(&key).map_err(unsigned)?.der().clone();
        self.there.insert(Who::SelfSigned, identity(vec![own], &key)?);

        let Some(good) = self.there.get(&Who::Good).map(|good| good.chain.clone()) else { return Ok(()) };
        let stolen = identity(good.clone(), &new_key()?)?;
        self.there.insert(Who::Stolen, stolen);
        let Some((leaf, above)) = good.split_first() else { return Ok(()) };
        let key = new_key()?;
        let twin = forged::copy(leaf, &key, other_ca.key())?;
        self.there.insert(Who::Twin, identity([&[twin], above].concat(), &key)?);
        match forged::path(leaf, cas).split_first() {
            Some((_, right)) if !right.is_empty() => {
                self.there.insert(Who::RightCaSentAlong, mint.leaf(&other_ca, right)?);
            }
            _ => {
                let why = "needs --ca with the CA that has issued the good certificate";
                self.missing.insert(Who::RightCaSentAlong, why.into());
            }
        }
        Ok(())
    }
}
