//! The files of `examples/pki`, made in this process: a root, an intermediate, leaves and CRLs.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A temporary directory.
pub struct Dir(pub PathBuf);

impl Dir {
    pub fn new() -> Dir {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("neighbours-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&dir).unwrap();
        Dir(dir)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

/// A CA that signs leaves through its intermediate.
struct Ca {
    root: Issuer<'static, KeyPair>,
    root_pem: String,
    issuer: Issuer<'static, KeyPair>,
    intermediate_pem: String,
}

impl Ca {
    fn new(name: &str) -> Ca {
        let ca = |name: &str, below| {
            let mut params = params(name);
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            params
        };
        let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let root_params = ca(&format!("{name} root"), 1);
        let params = ca(&format!("{name} intermediate"), 0);
        let root_pem = root_params.self_signed(&root_key).unwrap().pem();
        let root = Issuer::new(root_params, root_key);
        let intermediate_pem = params.signed_by(&key, &root).unwrap().pem();
        Ca { root, root_pem, issuer: Issuer::new(params, key), intermediate_pem }
    }

    /// `FILE.pem` and `FILE.key`.
    fn issue(&self, dir: &Dir, file: &str, key: &KeyPair, subject: &Subject, serial: u64) {
        let mut params = params(subject.cn);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = subject.roles.to_vec();
        params.subject_alt_names = vec![subject.san.clone()];
        params.serial_number = Some(SerialNumber::from(serial));
        let leaf = params.signed_by(key, &self.issuer).unwrap();
        dir.write(&format!("pki/{file}.pem"), &(leaf.pem() + &self.intermediate_pem));
        dir.write(&format!("pki/{file}.key"), &key.serialize_pem());
    }

    fn crls(&self, revoked: &[u64]) -> String {
        let crl = |issuer: &Issuer<'static, KeyPair>, revoked: &[u64]| {
            let revoked = revoked.iter().map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(*serial),
                revocation_time: date_time_ymd(2020, 1, 2),
                reason_code: None,
                invalidity_date: None,
            });
            let params = CertificateRevocationListParams {
                this_update: date_time_ymd(2020, 1, 2),
                next_update: date_time_ymd(2100, 1, 1),
                crl_number: SerialNumber::from(1),
                issuing_distribution_point: None,
                revoked_certs: revoked.collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            params.signed_by(issuer).unwrap().pem().unwrap()
        };
        crl(&self.issuer, revoked) + &crl(&self.root, &[])
    }
}

const CLIENT: u64 = 2;
const REVOKED_CLIENT: u64 = 66;
const REVOKED_SERVER: u64 = 99;

/// The names of a certificate and its use.
struct Subject {
    cn: &'static str,
    roles: &'static [ExtendedKeyUsagePurpose],
    san: SanType,
}

impl Subject {
    fn server(cn: &'static str) -> Subject {
        let san = SanType::DnsName("localhost".try_into().unwrap());
        Subject { cn, roles: &[ExtendedKeyUsagePurpose::ServerAuth], san }
    }

    /// An X.509-SVID is for both roles (X509-SVID 4.4).
    fn client() -> Subject {
        let san = SanType::URI("spiffe://example.org/client".try_into().unwrap());
        let roles = &[ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        Subject { cn: "client", roles, san }
    }
}

/// Keys of other kinds, by the names of their files.
pub const KINDS: [&str; 3] = ["p384", "ed25519", "rsa"];

fn key_of(kind: &str) -> KeyPair {
    match kind {
        "p384" => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap(),
        "ed25519" => KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
        // ring cannot generate them.
        _ => KeyPair::from_pem(include_str!("../../../vectors/keys/rsa2048.pkcs8.pem")).unwrap(),
    }
}

/// The directory `pki`: `ca.pem`, `intermediate.pem`, `crl.pem`; `server` and `client` with P-256 keys and (as
/// `server-rsa`) with other kinds; `revoked-server` and `revoked-client`; certificates of another CA with the same
/// names, `stranger-server` and `stranger-client`; and later ones, `renewed-server` and `later-crl.pem`, which also has
/// `client`.
pub fn make() -> Dir {
    let dir = Dir::new();
    fs::create_dir(dir.path("pki")).unwrap();
    let (server, client) = (Subject::server("server"), Subject::client());
    let key = || KeyPair::generate().unwrap();
    let (ca, stranger) = (Ca::new("our"), Ca::new("another"));
    dir.write("pki/ca.pem", &ca.root_pem);
    dir.write("pki/intermediate.pem", &ca.intermediate_pem);
    dir.write("pki/crl.pem", &ca.crls(&[REVOKED_CLIENT, REVOKED_SERVER]));
    dir.write("pki/later-crl.pem", &ca.crls(&[REVOKED_CLIENT, REVOKED_SERVER, CLIENT]));
    ca.issue(&dir, "server", &key(), &server, 1);
    ca.issue(&dir, "renewed-server", &key(), &Subject::server("renewed server"), 3);
    ca.issue(&dir, "client", &key(), &client, CLIENT);
    ca.issue(&dir, "revoked-server", &key(), &server, REVOKED_SERVER);
    ca.issue(&dir, "revoked-client", &key(), &client, REVOKED_CLIENT);
    for (kind, serial) in KINDS.into_iter().zip(10..) {
        ca.issue(&dir, &format!("server-{kind}"), &key_of(kind), &server, serial);
        ca.issue(&dir, &format!("client-{kind}"), &key_of(kind), &client, 10 * serial);
    }
    stranger.issue(&dir, "stranger-server", &key(), &server, 1);
    stranger.issue(&dir, "stranger-client", &key(), &client, 2);
    dir
}
