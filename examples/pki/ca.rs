//! The CA: a root that signs one intermediate, which signs leaves and their CRL.

use crate::authority::Authority;
use crate::crl::{Crls, sign_crl};
use crate::files::{self, shown};
use crate::key::{Key, KeyType};
use crate::names;
use crate::show::{driver, hex, utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    SanType, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate};

const DAY: i64 = 86_400;
/// How long root, intermediate and the root's CRL are valid. So the root's key is needed only once.
const CA_DAYS: i64 = 3650;
/// How long the intermediate's CRL is valid. After that, verifiers refuse all peers.
const CRL_DAYS: i64 = 90;
/// Certificates are valid a little earlier than they are made, because the clocks of two machines differ.
const CLOCK_SKEW: i64 = 3600;

/// The use of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Server,
    Client,
    Both,
}

/// A leaf to be issued.
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) dns: Vec<String>,
    pub(crate) ip: Vec<IpAddr>,
    pub(crate) spiffe: Option<String>,
    pub(crate) role: Role,
    pub(crate) days: u32,
}

/// Makes a CA in `dir` with two keys of this type. An existing CA is not changed.
pub(crate) fn init(dir: &Path, key_type: KeyType, now: i64) -> Result<String, String> {
    let paths = Paths { dir: dir.to_path_buf() };
    let mut there = Vec::new();
    for path in [paths.root(), paths.intermediate(), paths.intermediate_key(), paths.crl()] {
        if files::exists(&path)? {
            there.push(path);
        }
    }
    if there.len() == 4 {
        return Ok(format!("{} holds a CA already; it is left as it is\n", shown(dir)));
    }
    if let Some(path) = there.first() {
        return Err(format!("{} holds half a CA ({}): move it away, or use --dir", shown(dir), shown(path)));
    }
    files::make_directory(dir)?;

    // Two CAs with the same name would confuse verifiers that trust both.
    let tag = hex(&random::<4>()?);
    let (root_key, key) = (Key::generate(key_type)?, Key::generate(key_type)?);
    let (root_key_pem, key_pem) = (root_key.pem(), key.pem());
    let root = Authority::new(ca_params(&format!("development root {tag}"), 1, now)?, root_key);
    let intermediate = Authority::new(ca_params(&format!("development intermediate {tag}"), 0, now)?, key);
    let end = now + CA_DAYS * DAY;
    let crls = sign_crl(&intermediate, 1, Vec::new(), now, end.min(now + CRL_DAYS * DAY))?
        + &sign_crl(&root, 1, Vec::new(), now, end)?;

    files::new_key(&paths.root_key(), &root_key_pem)?;
    files::new_key(&paths.intermediate_key(), &key_pem)?;
    files::write(&paths.intermediate(), &root.certify_ca(&intermediate)?)?;
    files::write(&paths.crl(), &crls)?;
    files::write(&paths.root(), &root.certify_itself()?)?;
    Ok(format!(
        "made the CA 'development root {tag}', until {}\n  \
         trust    {} (--ca) and {} (--crl)\n  \
         secret   {}: only init uses it; keep it elsewhere if you like\n  \
         secret   {}: signs whatever this program issues\n",
        utc(end),
        shown(&paths.root()),
        shown(&paths.crl()),
        shown(&paths.root_key()),
        shown(&paths.intermediate_key()),
    ))
}

/// An existing CA, ready to sign with its intermediate's key.
pub(crate) struct Ca {
    paths: Paths,
    now: i64,
    /// The intermediate's certificate in PEM, the second one of every chain.
    certificate: String,
    /// The last second of the intermediate's validity.
    end: i64,
    authority: Authority,
    crls: Crls,
}

impl Ca {
    pub(crate) fn open(dir: &Path, now: i64) -> Result<Self, String> {
        let paths = Paths { dir: dir.to_path_buf() };
        if !files::exists(&paths.intermediate_key())? {
            return Err(format!("there is no CA in {}: run `pki init`", shown(dir)));
        }
        let path = paths.intermediate();
        let der = files::certificates(&path)?.swap_remove(0);
        let certificate = parse(&der, &path)?;
        let name = common_name(&certificate).ok_or_else(|| format!("{} names no CA", shown(&path)))?;
        let key = read_ca_key(&paths.intermediate_key())?;
        let crls = Crls::read(&paths.crl(), certificate.subject().as_raw())?;
        Ok(Ca {
            now,
            certificate: String::from_utf8_lossy(&files::read(&path)?).into_owned(),
            end: certificate.validity().not_after.timestamp(),
            authority: Authority::new(ca_params(&name, 0, now)?, key),
            crls,
            paths,
        })
    }

    /// Issues the first leaf for a name.
    pub(crate) fn issue(&mut self, request: &Request, key_type: Option<KeyType>) -> Result<String, String> {
        let (chain, key_path) = (self.paths.chain(&request.name), self.paths.key(&request.name));
        if files::exists(&chain)? {
            return Err(format!("{} exists: `pki renew {}` replaces it", shown(&chain), request.name));
        }
        let given = files::exists(&key_path)?;
        let key = match (given, key_type) {
            (true, Some(_)) => {
                return Err(format!(
                    "{} exists, and a key is never overwritten: leave out --key to use it",
                    shown(&key_path)
                ));
            }
            (true, None) => Key::read(&key_path)?,
            (false, key_type) => Key::generate(key_type.unwrap_or(KeyType::P256))?,
        };
        let leaf = self.sign(request, &key)?;
        if !given {
            files::new_key(&key_path, &key.pem())?;
        }
        self.hand_out(request, &leaf, if given { "the key that was there" } else { "a new key" })
    }

    /// Issues a new leaf with the names and the role of the last one.
    pub(crate) fn renew(&mut self, name: &str, days: Option<u32>, key_type: Option<KeyType>) -> Result<String, String> {
        let chain = self.paths.chain(name);
        let der = files::certificates(&chain)?.swap_remove(0);
        let old = parse(&der, &chain)?;
        if let (Some(when), None) = (self.crls.revoked(old.raw_serial()), key_type) {
            return Err(format!(
                "{name} was revoked on {}: if it is to come back, then with a new key (--key p256)",
                utc(when)
            ));
        }
        let request = request_of(name, &old, days)?;
        let (key_path, said) = (self.paths.key(name), if key_type.is_some() { "a new key" } else { "its old key" });
        let key = match key_type {
            None => Key::read(&key_path)?,
            Some(key_type) => Key::generate(key_type)?,
        };
        let leaf = self.sign(&request, &key)?;
        if key_type.is_some() {
            files::replace_key(&key_path, &key.pem())?;
        }
        self.hand_out(&request, &leaf, said)
    }

    /// Adds every certificate of `name` that is still valid to the CRL.
    pub(crate) fn revoke(&mut self, name: &str) -> Result<String, String> {
        let mut text = String::new();
        let issued = self.paths.issued(name);
        if !files::exists(&issued)? {
            return Err(format!("nothing was ever issued to {name}"));
        }
        let unreadable = |error| format!("cannot read {}: {error}", shown(&issued));
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&issued).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "pem") {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            let der = files::certificates(&path)?.swap_remove(0);
            let certificate = parse(&der, &path)?;
            let serial = certificate.raw_serial();
            if certificate.validity().not_after.timestamp() < self.now || self.crls.revoked(serial).is_some() {
                continue;
            }
            self.crls.revoke(serial, self.now)?;
            text += &format!("revoked {name}, serial {}\n", hex(serial));
        }
        if text.is_empty() {
            text = format!("{name} has no certificate that is not expired or revoked already\n");
        }
        Ok(text + &self.crl()?)
    }

    /// Signs the CRL with the next number and a new nextUpdate.
    pub(crate) fn crl(&mut self) -> Result<String, String> {
        let next_update = self.end.min(self.now + CRL_DAYS * DAY);
        self.crls.number += 1;
        let signed = sign_crl(&self.authority, self.crls.number, self.crls.revoked.clone(), self.now, next_update)?;
        files::write(&self.paths.crl(), &(signed + &self.crls.others))?;
        Ok(format!(
            "signed {}: number {}, {} revoked, good until {}\n",
            shown(&self.paths.crl()),
            self.crls.number,
            self.crls.revoked.len(),
            utc(next_update),
        ))
    }

    fn sign(&self, request: &Request, key: &Key) -> Result<Leaf, String> {
        let end = self.now + i64::from(request.days) * DAY;
        if end > self.end {
            let most = (self.end - self.now) / DAY;
            return Err(format!("the intermediate CA ends on {}: --days {most} at most", utc(self.end)));
        }
        let (mut params, serial) = params(&request.name, self.now, end)?;
        let ia5 = |name: &str| name.try_into().map_err(|_| format!("'{name}' is not ASCII"));
        for name in &request.dns {
            params.subject_alt_names.push(SanType::DnsName(ia5(name)?));
        }
        params.subject_alt_names.extend(request.ip.iter().map(|ip| SanType::IpAddress(*ip)));
        if let Some(id) = &request.spiffe {
            params.subject_alt_names.push(SanType::URI(ia5(id)?));
        }
        // Writes basicConstraints with cA FALSE, and the subject key identifier.
        params.is_ca = IsCa::ExplicitNoCa;
        // TLS 1.3 needs only this usage.
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = match request.role {
            Role::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
            Role::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Role::Both => vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
        };
        let pem = self.authority.certify(params, key)?;
        Ok(Leaf { pem, serial: hex(&serial), end })
    }

    /// Writes the record for `revoke` and then the chain. Returns what to do with it.
    fn hand_out(&mut self, request: &Request, leaf: &Leaf, key: &str) -> Result<String, String> {
        let name = &request.name;
        let (chain, key_path) = (self.paths.chain(name), self.paths.key(name));
        files::make_directory(&self.paths.issued(name))?;
        files::write(&self.paths.issued(name).join(format!("{}.pem", leaf.serial)), &leaf.pem)?;
        files::write(&chain, &format!("{}{}", leaf.pem, self.certificate))?;
        let mut text = format!(
            "issued {name}, serial {}, until {}\n  chain    {} (--cert)\n  key      {} (--key), {key}\n",
            leaf.serial,
            utc(leaf.end),
            shown(&chain),
            shown(&key_path),
        );
        if request.role != Role::Server {
            text += &format!(
                "for a browser or a phone (older ones want -legacy as well):\n  \
                 openssl pkcs12 -export -in {} -inkey {} -certfile {} -name {name} -out {}\n",
                driver(&chain),
                driver(&key_path),
                driver(&self.paths.root()),
                driver(&self.paths.dir.join(format!("{name}.p12"))),
            );
        }
        self.crl()?;
        Ok(text)
    }
}

struct Leaf {
    pem: String,
    serial: String,
    end: i64,
}

/// The paths of the files.
struct Paths {
    dir: PathBuf,
}

impl Paths {
    fn root(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }
    fn root_key(&self) -> PathBuf {
        self.dir.join("ca.key")
    }
    fn intermediate(&self) -> PathBuf {
        self.dir.join("intermediate.pem")
    }
    fn intermediate_key(&self) -> PathBuf {
        self.dir.join("intermediate.key")
    }
    fn crl(&self) -> PathBuf {
        self.dir.join("crl.pem")
    }
    fn chain(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.pem"))
    }
    fn key(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.key"))
    }
    fn issued(&self, name: &str) -> PathBuf {
        self.dir.join("issued").join(name)
    }
}

fn ca_params(common_name: &str, path_length: u8, now: i64) -> Result<CertificateParams, String> {
    let (mut params, _) = params(common_name, now, now + CA_DAYS * DAY)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// The fields of all our certificates, and the serial number.
fn params(common_name: &str, now: i64, end: i64) -> Result<(CertificateParams, [u8; 16]), String> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = time(now - CLOCK_SKEW)?.to_datetime();
    params.not_after = time(end)?.to_datetime();
    params.use_authority_key_identifier_extension = true;
    // A positive number, always of the same length: 126 random bits (RFC 5280 §4.1.2.2).
    let mut serial = random::<16>()?;
    serial[0] = (serial[0] & 0x3f) | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok((params, serial))
}

/// The request from which `certificate` was issued.
fn request_of(name: &str, certificate: &X509Certificate<'_>, days: Option<u32>) -> Result<Request, String> {
    let foreign = || format!("{name}.pem is not a certificate that this program made");
    let mut request =
        Request { name: name.to_string(), dns: Vec::new(), ip: Vec::new(), spiffe: None, role: Role::Both, days: 0 };
    let names = certificate.subject_alternative_name().map_err(|_| foreign())?;
    for name in names.iter().flat_map(|names| &names.value.general_names) {
        match name {
            GeneralName::DNSName(name) => request.dns.push(names::dns(name).map_err(|_| foreign())?),
            GeneralName::IPAddress(octets) => request.ip.push(ip(octets).ok_or_else(foreign)?),
            GeneralName::URI(id) if request.spiffe.is_none() => {
                request.spiffe = Some(names::spiffe(id).map_err(|_| foreign())?);
            }
            _ => return Err(foreign()),
        }
    }
    let usage = certificate.extended_key_usage().ok().flatten().ok_or_else(foreign)?.value;
    request.role = match (usage.server_auth, usage.client_auth) {
        (true, true) => Role::Both,
        (true, false) => Role::Server,
        (false, true) => Role::Client,
        (false, false) => return Err(foreign()),
    };
    let validity = certificate.validity();
    let lifetime = validity.not_after.timestamp() - validity.not_before.timestamp() - CLOCK_SKEW;
    request.days = days.or_else(|| u32::try_from(lifetime / DAY).ok()).ok_or_else(foreign)?;
    Ok(request)
}

/// The address in an iPAddress name.
pub(crate) fn ip(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))).ok()
}

fn common_name(certificate: &X509Certificate<'_>) -> Option<String> {
    certificate.subject().iter_common_name().next()?.as_str().ok().map(str::to_string)
}

fn parse<'a>(der: &'a [u8], path: &Path) -> Result<X509Certificate<'a>, String> {
    let parsed = X509Certificate::from_der(der);
    parsed.map(|(_, certificate)| certificate).map_err(|error| format!("cannot read {}: {error}", shown(path)))
}

fn read_ca_key(path: &Path) -> Result<Key, String> {
    files::read(path)?; // returns the error
    Key::read(path).map_err(|_| format!("{} is not the key of a CA that was made here", shown(path)))
}

/// A time in the type of the certificate libraries (by `to_datetime`).
pub(crate) fn time(seconds: i64) -> Result<ASN1Time, String> {
    ASN1Time::from_timestamp(seconds).map_err(|_| format!("there is no date {seconds} seconds from 1970"))
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system gives no random numbers".to_string())?;
    Ok(bytes)
}

pub(crate) fn unsigned(error: rcgen::Error) -> String {
    format!("cannot sign: {error}")
}
