//! A trust domain: its authority, and the SVIDs that an agent gives.

use crate::agent::{Agent, Told, X509Svid, X509SvidResponse};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub struct Domain {
    name: &'static str,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Domain {
    pub fn new(name: &'static str) -> Domain {
        let mut params = valid("SPIFFE");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.subject_alt_names = vec![uri(&format!("spiffe://{name}"))];
        Domain { name, authority: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// As DER.
    pub fn bundle(&self) -> Vec<u8> {
        self.authority.der().to_vec()
    }

    /// What the agent tells the workload of this path.
    pub fn svid(&self, path: &str) -> X509SvidResponse {
        self.svid_of(&format!("spiffe://{}{path}", self.name))
    }

    /// This authority could sign any ID.
    pub fn svid_of(&self, id: &str) -> X509SvidResponse {
        let mut params = valid("SPIRE");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.subject_alt_names = vec![uri(id)];
        let key = KeyPair::generate().unwrap();
        let svid = X509Svid {
            spiffe_id: id.to_string(),
            x509_svid: params.signed_by(&key, &self.authority).unwrap().der().to_vec(),
            x509_svid_key: key.serialize_der(),
            bundle: self.bundle(),
            hint: String::new(),
        };
        X509SvidResponse { svids: vec![svid], ..X509SvidResponse::default() }
    }
}

impl X509SvidResponse {
    /// And the bundle of another trust domain.
    pub fn federated_with(mut self, other: &Domain) -> X509SvidResponse {
        self.federated_bundles.insert(format!("spiffe://{}", other.name), other.bundle());
        self
    }

    /// Trusts this in its own domain, in place of its own authority.
    pub fn trusting(mut self, authorities: &[&Domain]) -> X509SvidResponse {
        self.svids[0].bundle = authorities.iter().flat_map(|domain| domain.bundle()).collect();
        self
    }
}

fn valid(organization: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    // As SPIRE has it: all of a kind have one name.
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

/// An agent at a socket of its own.
pub fn agent(first: Told) -> Agent {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    // The path of a socket may be 108 bytes long, which is less than where tests put files.
    let name = format!("agent-{}-{}.sock", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let path: PathBuf = Path::new(&std::env::temp_dir()).join(name);
    Agent::start(path, first)
}
