//! Two services with certificates under one root, and the two ends of their connection in memory. The benches use this
//! file, too.

use countersign::x509::{Expect, JudgeOptions, SignatureMemo, SigningKey, Trust};
use countersign::{Credential, Error, Handshake, Inbox, Outbox, Policy, Role, Seed, Verdict, Want};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::Arc;
use std::time::Duration;

/// A leaf with its key, and the intermediate.
pub struct Issued {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: rcgen::KeyPair,
}

/// A root, and the certificates of two services under it.
pub struct Certificates {
    pub root: CertificateDer<'static>,
    /// A CRL of each CA, with [`REVOKED`] other certificates.
    pub crls: [Vec<u8>; 2],
    pub client: Issued,
    pub server: Issued,
}

/// A chain and the key of its leaf.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: SigningKey,
}

impl Identity {
    fn new(issued: &Issued) -> Identity {
        let key = SigningKey::from_der(&issued.key.serialize_der()).expect("a key of rcgen's");
        Identity { chain: issued.chain.clone(), key }
    }

    pub fn certificate_bytes(&self) -> usize {
        self.chain.iter().map(|each| each.len()).sum()
    }
}

/// Two services and the root that both trust.
pub struct World {
    pub trust: Trust,
    pub client: Identity,
    pub server: Identity,
    pub now: UnixTime,
    pub server_expects: [Expect; 1],
    pub client_expects: [Expect; 1],
    /// The signatures that each of the two services remembers.
    pub memos: Option<Arc<[SignatureMemo; 2]>>,
}

/// The number of revoked certificates of each CA.
const REVOKED: u64 = 1_000;

pub const SERVER_NAME: &str = "server.test";
pub const CLIENT_NAME: &str = "client.test";

fn params(name: &str) -> rcgen::CertificateParams {
    let mut params = rcgen::CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2045, 1, 1);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
}

fn ca(name: &str) -> rcgen::CertificateParams {
    let mut params = params(name);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    params
}

fn crl(issuer: &rcgen::Issuer<'_, impl rcgen::SigningKey>) -> Vec<u8> {
    let day = rcgen::date_time_ymd(2026, 11, 1);
    let revoked = |serial: u64| rcgen::RevokedCertParams {
        serial_number: rcgen::SerialNumber::from(serial),
        revocation_time: day,
        reason_code: None,
        invalidity_date: None,
    };
    let params = rcgen::CertificateRevocationListParams {
        this_update: day,
        next_update: rcgen::date_time_ymd(2026, 12, 31),
        crl_number: rcgen::SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: (1..=REVOKED).map(revoked).collect(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).expect("a CRL").der().to_vec()
}

impl Certificates {
    /// `key` makes the key of each certificate.
    pub fn new(key: impl Fn() -> rcgen::KeyPair) -> Certificates {
        Certificates::several(1, key).remove(0)
    }

    /// This many pairs of services under one root and one intermediate.
    pub fn several(count: usize, key: impl Fn() -> rcgen::KeyPair) -> Vec<Certificates> {
        let root = rcgen::CertifiedIssuer::self_signed(ca("root"), key()).expect("a root");
        let issuing = rcgen::CertifiedIssuer::signed_by(ca("issuing"), key(), &root).expect("an intermediate");
        let issue = |name: &str| {
            let mut params = params(name);
            params.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into().expect("a DNS name"))];
            params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages =
                vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
            let key = key();
            let leaf = params.signed_by(&key, &issuing).expect("a leaf");
            Issued { chain: vec![leaf.der().clone(), issuing.der().clone()], key }
        };
        let crls = [crl(&root), crl(&issuing)];
        let each = |_| {
            let (client, server) = (issue(CLIENT_NAME), issue(SERVER_NAME));
            Certificates { root: root.der().clone(), crls: crls.clone(), client, server }
        };
        (0..count).map(each).collect()
    }
}

impl World {
    pub fn new(certificates: &Certificates) -> World {
        World {
            trust: Trust::from_roots("root", &certificates.root).expect("a usable root"),
            client: Identity::new(&certificates.client),
            server: Identity::new(&certificates.server),
            now: UnixTime::since_unix_epoch(Duration::from_secs(1_795_435_200)), // 2026-11-23
            server_expects: [SERVER_NAME.parse().expect("a name")],
            client_expects: [CLIENT_NAME.parse().expect("a name")],
            memos: None,
        }
    }

    /// The same, and both have a CRL of each CA.
    pub fn with_crls(certificates: &Certificates) -> World {
        let Certificates { root, crls, .. } = certificates;
        let trust = Trust::builder().roots("root", root);
        let trust = crls.iter().fold(trust, |trust, list| trust.crls("list", list)).build().expect("usable lists");
        World { trust, ..World::new(certificates) }
    }
}

/// The default policy in an `Arc`, as programs share it.
pub static POLICY: Policy = Policy::new();

/// One end of a connection, with its memory.
pub struct End<'a, M> {
    pub hs: Handshake<&'a Policy>,
    pub rx: Inbox<M>,
    pub tx: Outbox<M>,
    world: &'a World,
    /// Bytes sent.
    pub sent: usize,
}

impl<'a, M: AsRef<[u8]> + AsMut<[u8]>> End<'a, M> {
    pub fn client(world: &'a World, policy: &'a Policy, rx: M, tx: M) -> End<'a, M> {
        let seed = Seed::random().expect("the system has randomness");
        let hs = Handshake::client(policy, Some(SERVER_NAME), seed).expect("a client");
        End { hs, rx: Inbox::new(rx), tx: Outbox::new(tx), world, sent: 0 }
    }

    pub fn server(world: &'a World, policy: &'a Policy, rx: M, tx: M) -> End<'a, M> {
        let seed = Seed::random().expect("the system has randomness");
        End { hs: Handshake::server(policy, seed), rx: Inbox::new(rx), tx: Outbox::new(tx), world, sent: 0 }
    }

    /// Answers every question. Returns when the transport is wanted or the session is done.
    pub fn drive(&mut self) -> Result<Want, Error> {
        let memos = self.world.memos.as_deref();
        let (own, expect, memo) = match self.hs.role() {
            Role::Client => (&self.world.client, &self.world.server_expects, memos.map(|[client, _]| client)),
            Role::Server => (&self.world.server, &self.world.client_expects, memos.map(|[_, server]| server)),
        };
        loop {
            match self.hs.drive(&mut self.rx, &mut self.tx)? {
                Want::Credential(question) => {
                    // As `x509::Identity` does: the key's schemes are named.
                    let credential = Credential { schemes: own.key.schemes(), ..Credential::new(&own.chain) };
                    self.hs.answer_credential(&question, &credential, &mut self.tx).expect("there is room");
                }
                Want::Sign(question) => {
                    let signature = own.key.sign(question.scheme(), question.message()).expect("a scheme of the key's");
                    self.hs.answer_sign(&question, &signature, &mut self.tx).expect("there is room");
                }
                Want::Verify(question) => {
                    let terms =
                        JudgeOptions { own: &own.chain[..1], memo, ..JudgeOptions::new(expect, self.world.now) };
                    let peer = self.hs.peer(&self.rx).expect("its own inbox");
                    let verdict = Verdict::from(&self.world.trust.judge(&peer, &terms));
                    assert_eq!(verdict, Verdict::Accept);
                    self.hs.answer_verify(&question, verdict).expect("an open question");
                }
                want => return Ok(want),
            }
        }
    }

    /// Carries pending bytes to the other end.
    pub fn send_to<N: AsRef<[u8]> + AsMut<[u8]>>(&mut self, other: &mut End<'_, N>) {
        let pending = self.tx.pending();
        let len = pending.len();
        if len == 0 {
            return;
        }
        other.rx.space()[..len].copy_from_slice(pending);
        other.rx.filled(len);
        self.tx.sent(len);
        self.sent += len;
    }
}

/// Runs both ends until both are done. Calls `on` around each side's work, to measure times.
pub fn run<M: AsRef<[u8]> + AsMut<[u8]>>(
    client: &mut End<'_, M>,
    server: &mut End<'_, M>,
    mut on: impl FnMut(Role, &mut dyn FnMut()),
) {
    let (mut client_done, mut server_done) = (false, false);
    while !(client_done && server_done) {
        on(Role::Client, &mut || client_done = client.drive() == Ok(Want::Done));
        client.send_to(server);
        on(Role::Server, &mut || server_done = server.drive() == Ok(Want::Done));
        server.send_to(client);
    }
}

/// The sizes of the handshake's memory: enough for every key type here.
pub const MEMORY: usize = 4 * 1024;
