//! The runner's flags: what the shim must do, and what it must find.

use crate::ours::Ours;
use countersign::{AlertDescription, Bytes, CertificateType, NamedGroup, Policy, Role, SignatureScheme};
use std::{fmt::Display, fs, str::FromStr};

/// A flag, or a flag's value, that the shim does not support.
pub(crate) struct Unsupported(pub(crate) String);

/// The contents of the command line.
pub(crate) struct Flags {
    pub(crate) port: u16,
    pub(crate) shim_id: u64,
    pub ipv6: bool,
    pub(crate) role: Role,
    pub(crate) one_byte_at_a_time: bool,
    /// Whether it drives the whole session, or its two halves.
    pub(crate) whole_session: bool,
    pub(crate) policy: Policy,
    pub(crate) server_name: Option<String>,
    /// The added credentials in their order, then the default one.
    pub(crate) ours: Vec<Ours>,
    pub(crate) trust: Option<Vec<u8>>,
    /// The alert with which it refuses the peer.
    pub(crate) verify_fail: Option<AlertDescription>,
    pub(crate) reject_alpn: bool,
    // What it does once connected.
    pub(crate) export: Option<usize>,
    pub(crate) export_label: Vec<u8>,
    pub(crate) export_context: Vec<u8>,
    pub(crate) export_traffic_secrets: bool,
    pub(crate) send_alert: bool,
    pub(crate) shim_writes_first: bool,
    pub(crate) read_with_unfinished_write: bool,
    pub(crate) read_size: usize,
    pub(crate) key_update: bool,
    pub(crate) shim_shuts_down: bool,
    pub(crate) check_close_notify: bool,
    pub(crate) expect: Expect,
}

/// What it must find. `None` and empty: anything.
#[derive(Default)]
pub(crate) struct Expect {
    pub(crate) peer_scheme: Option<u16>,
    pub(crate) peer_schemes: Vec<SignatureScheme>,
    pub(crate) peer_chain: Option<Vec<u8>>,
    pub(crate) peer_type: Option<CertificateType>,
    /// SHA-256 of the peer's raw public key.
    pub(crate) peer_key: Option<[u8; 32]>,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) retried: Option<bool>,
    pub(crate) selected: Option<isize>,
    pub(crate) ocsp_staple: Option<Vec<u8>>,
    pub(crate) scts: Option<Vec<u8>>,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) advertised_alpn: Option<Vec<u8>>,
    pub(crate) server_name: Option<Vec<u8>>,
    pub(crate) authorities: Option<Vec<Vec<u8>>>,
}

/// The flags for the policy, before it is made.
#[derive(Default)]
struct PeerPreferences {
    groups: Vec<NamedGroup>,
    shares: Option<Vec<NamedGroup>>,
    hints: Vec<u16>,
    schemes: Vec<u16>,
    alpn: Vec<u8>,
    own_types: Vec<CertificateType>,
    peer_types: Vec<CertificateType>,
    ocsp_staple: bool,
    scts: bool,
}

/// Longer than the Certificate message of any test.
const LONGEST: usize = 128 * 1024;

const GROUPS: &[NamedGroup] = &[
    #[cfg(feature = "mlkem")]
    NamedGroup::X25519MLKEM768,
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
];

/// The schemes of CertificateVerify that the crate verifies. ML-DSA is included only on request, as in BoringSSL.
const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA44,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA65,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA87,
];

/// How many of them are accepted from a peer by default.
const CLASSICAL: usize = 6;

/// PKCS #1 and SHA-1 (and BoringSSL's own number for MD5 and SHA-1). Older versions of TLS sign with them, TLS 1.3
/// never does. So a preference for them changes nothing.
const NEVER_IN_TLS13: &[u16] = &[0x0201, 0x0203, 0x0401, 0x0501, 0x0601, 0xff01];

impl Flags {
    /// Parses the command line.
    pub(crate) fn parse(args: Vec<Vec<u8>>) -> Result<Flags, Unsupported> {
        let mut flags = Flags {
            port: 0,
            shim_id: 0,
            ipv6: false,
            role: Role::Client,
            one_byte_at_a_time: false,
            whole_session: false,
            // The runner reads our records literally, so we send only those that it expects. Its longest chain has 255
            // certificates.
            policy: Policy::new().confirm_clients(false).max_flight(LONGEST, LONGEST).max_chain(u8::MAX),
            server_name: None,
            ours: Vec::new(),
            trust: None,
            verify_fail: None,
            reject_alpn: false,
            export: None,
            export_label: Vec::new(),
            export_context: Vec::new(),
            export_traffic_secrets: false,
            send_alert: false,
            shim_writes_first: false,
            read_with_unfinished_write: false,
            read_size: 512,
            key_update: false,
            shim_shuts_down: false,
            check_close_notify: false,
            expect: Expect::default(),
        };
        let mut preferences = PeerPreferences::default();
        let mut added = Vec::new();
        let mut credential = Ours::default(); // the credential of the following flags: first the default one
        let mut default = None;
        let mut driven = None;
        let (mut verify_fail, mut refusal) = (false, AlertDescription::HANDSHAKE_FAILURE);
        let mut args = args.into_iter();
        while let Some(flag) = args.next() {
            let flag = String::from_utf8_lossy(&flag).into_owned();
            let mut value = || args.next().ok_or(Unsupported(format!("{flag} without a value")));
            match flag.as_str() {
                "-port" => flags.port = number(value()?)?,
                "-shim-id" => flags.shim_id = number(value()?)?,
                "-ipv6" => flags.ipv6 = true,
                "-server" => flags.role = Role::Server,
                "-async" => flags.one_byte_at_a_time = true,
                // Flags of our own, for what the tests with another kind of shim leave out.
                "-whole-session" => driven = Some(true),
                "-session-halves" => driven = Some(false),
                // Flags for what this crate does anyway, or what older versions need.
                "-require-any-client-certificate"
                | "-verify-peer"
                | "-expect-verify-result"
                | "-implicit-handshake"
                | "-use-export-context"
                | "-use-old-client-cert-callback"
                | "-renegotiate-freely"
                | "-no-tls1"
                | "-no-tls11"
                | "-no-tls12"
                | "-server-preference" => {}
                "-min-version" => check(&flag, number::<u16>(value()?)?, |version| (769..=772).contains(&version))?,
                "-max-version" => check(&flag, number::<u16>(value()?)?, |version| version == 772)?,
                "-expect-early-data-reason" => check(&flag, text(value()?), |reason| reason == "disabled")?,

                "-new-x509-credential" | "-new-rpk-credential" => {
                    let before = std::mem::take(&mut credential);
                    match &mut default {
                        None => default = Some(before),
                        Some(_) => added.push(before),
                    }
                    credential.is_raw_key = flag == "-new-rpk-credential";
                }
                "-cert-file" => credential.chain = read(value()?)?,
                "-key-file" => credential.key = read(value()?)?,
                "-signing-prefs" => {
                    let scheme = SignatureScheme(number(value()?)?);
                    check(&flag, scheme, |scheme| SCHEMES.contains(&scheme) || NEVER_IN_TLS13.contains(&scheme.0))?;
                    credential.prefers.push(scheme);
                }
                "-ocsp-response" => credential.ocsp_staple = Some(base64(&value()?)?),
                "-signed-cert-timestamps" => credential.scts = Some(base64(&value()?)?),
                "-must-match-issuer" => credential.must_match_issuer = true,

                "-trust-cert" => {
                    let path = value()?; // may be empty
                    flags.trust = if path.is_empty() { None } else { Some(read(path)?) };
                }
                "-verify-fail" => verify_fail = true,
                "-use-custom-verify-callback" => refusal = AlertDescription::CERTIFICATE_UNKNOWN,
                "-curves" => preferences.groups.push(group(value()?)?),
                "-key-shares" => preferences.shares.get_or_insert_default().push(group(value()?)?),
                "-no-key-shares" => preferences.shares = Some(Vec::new()),
                "-server-supported-groups-hint" => preferences.hints.push(number(value()?)?),
                "-verify-prefs" => preferences.schemes.push(number(value()?)?),
                "-advertise-alpn" => preferences.alpn = value()?,
                "-select-alpn" => preferences.alpn = prefixed(value()?),
                "-decline-alpn" => preferences.alpn = Vec::new(),
                "-reject-alpn" => flags.reject_alpn = true,
                "-accepted-peer-cert-types" => preferences.peer_types.push(certificate_type(value()?)?),
                "-available-client-cert-types" => preferences.own_types.push(certificate_type(value()?)?),
                "-host-name" => flags.server_name = Some(text(value()?)),
                // Only for clients.
                "-enable-ocsp-stapling" => preferences.ocsp_staple = true,
                "-enable-signed-cert-timestamps" => preferences.scts = true,
                "-use-client-ca-list" => {
                    let names = names(value()?)?.into_iter();
                    let list = names.flat_map(|name| [&(name.len() as u16).to_be_bytes()[..], &name].concat());
                    flags.policy = flags.policy.certificate_authorities(Bytes::Shared(list.collect()));
                }
                "-max-send-fragment" => {
                    let most = number(value()?)?;
                    check(&flag, most, |most| (1..=16_384).contains(&most))?;
                    flags.policy = flags.policy.max_fragment(most);
                }
                "-max-cert-list" => {
                    let longest = number(value()?)?;
                    flags.policy = flags.policy.max_flight(longest, longest);
                }

                "-export-keying-material" => flags.export = Some(number(value()?)?),
                "-export-label" => flags.export_label = value()?,
                "-export-context" => flags.export_context = value()?,
                "-export-traffic-secrets" => flags.export_traffic_secrets = true,
                "-send-alert" => flags.send_alert = true,
                "-shim-writes-first" => flags.shim_writes_first = true,
                "-read-with-unfinished-write" => flags.read_with_unfinished_write = true,
                "-read-size" => flags.read_size = number(value()?)?,
                "-key-update" => flags.key_update = true,
                "-shim-shuts-down" => flags.shim_shuts_down = true,
                "-check-close-notify" => flags.check_close_notify = true,

                "-expect-peer-signature-algorithm" => flags.expect.peer_scheme = Some(number(value()?)?),
                "-expect-peer-verify-pref" => flags.expect.peer_schemes.push(SignatureScheme(number(value()?)?)),
                "-expect-peer-cert-file" => flags.expect.peer_chain = Some(read(value()?)?),
                "-expect-peer-certificate-type" => flags.expect.peer_type = Some(certificate_type(value()?)?),
                "-expect-peer-rpk-sha256" => {
                    let hash = base64(&value()?)?.try_into();
                    flags.expect.peer_key = Some(hash.map_err(|_| Unsupported(format!("{flag} of another length")))?);
                }
                "-expect-curve-id" => flags.expect.group = Some(group(value()?)?),
                "-expect-hrr" => flags.expect.retried = Some(true),
                "-expect-no-hrr" => flags.expect.retried = Some(false),
                "-expect-selected-credential" | "-on-initial-expect-selected-credential" => {
                    flags.expect.selected = Some(number(value()?)?)
                }
                "-expect-ocsp-response" => flags.expect.ocsp_staple = Some(base64(&value()?)?),
                "-expect-signed-cert-timestamps" => flags.expect.scts = Some(base64(&value()?)?),
                "-expect-alpn" => flags.expect.alpn = Some(value()?),
                "-expect-advertised-alpn" => flags.expect.advertised_alpn = Some(value()?),
                "-expect-server-name" => flags.expect.server_name = Some(value()?),
                "-expect-client-ca-list" => flags.expect.authorities = Some(names(value()?)?),
                _ => return Err(Unsupported(flag)),
            }
        }
        match default {
            None => default = Some(credential),
            Some(_) => added.push(credential),
        }
        for mut credential in added.into_iter().chain(default) {
            credential.load().map_err(Unsupported)?;
            flags.ours.push(credential);
        }
        if preferences.own_types.is_empty() {
            preferences.own_types = flags.ours.iter().filter_map(Ours::certificate_type).collect();
        }
        flags.verify_fail = verify_fail.then_some(refusal);
        flags.whole_session = driven.unwrap_or(flags.role == Role::Server);
        flags.policy = preferences.apply(flags.role, flags.policy)?;
        Ok(flags)
    }
}

impl PeerPreferences {
    fn apply(self, role: Role, policy: Policy) -> Result<Policy, Unsupported> {
        let is_client = role == Role::Client;
        let mut policy = policy.request_ocsp_staple(self.ocsp_staple && is_client).request_scts(self.scts && is_client);
        // A policy panics if a list has no room.
        check("-curves", self.groups.len(), |groups| groups <= GROUPS.len())?;
        check("ALPN names of this length", self.alpn.len(), |len| len <= 128)?;
        let ours = if self.groups.is_empty() { GROUPS } else { &self.groups };
        policy = policy.groups(ours);
        // The server's preferences come before the shared groups.
        let hinted = self.hints.iter().find_map(|hint| ours.iter().find(|group| group.0 == *hint));
        // As BoringSSL: one share of a hybrid, and one of a curve.
        let is_hybrid = |group: &&NamedGroup| group.to_string().contains("MLKEM");
        let first_two = [ours.iter().find(is_hybrid), ours.iter().find(|group| !is_hybrid(group))];
        let first_two: Vec<_> = ours.iter().copied().filter(|group| first_two.contains(&Some(group))).collect();
        let shares = hinted.map(|group| vec![*group]).or(self.shares).unwrap_or(first_two);
        check("-key-shares", shares.len(), |shares| shares <= 2)?;
        policy = policy.key_shares(&shares);
        let asked = self.schemes.iter().filter(|scheme| !NEVER_IN_TLS13.contains(scheme));
        let asked: Vec<_> = asked.map(|scheme| SignatureScheme(*scheme)).collect();
        check("-verify-prefs", asked.len(), |schemes| schemes <= SCHEMES.len())?;
        let unknown = asked.iter().find(|scheme| !SCHEMES.contains(scheme));
        check("-verify-prefs", unknown, |unknown| unknown.is_none())?;
        policy = match asked.is_empty() {
            true => policy.signature_schemes(&SCHEMES[..CLASSICAL]),
            false => policy.signature_schemes(&asked).signature_schemes_cert(&asked),
        };
        let (own, peer) = (types(&self.own_types), types(&self.peer_types));
        policy = match role {
            Role::Client => policy.certificate_types(&own, &peer),
            Role::Server => policy.certificate_types(&peer, &own),
        };
        if !self.alpn.is_empty() {
            policy = policy.alpn(&unprefixed(&self.alpn)?);
        }
        Ok(policy)
    }
}

fn check<T: std::fmt::Debug + Clone>(flag: &str, value: T, supported: impl Fn(T) -> bool) -> Result<(), Unsupported> {
    if supported(value.clone()) { Ok(()) } else { Err(Unsupported(format!("{flag} {value:?}"))) }
}

fn text(value: Vec<u8>) -> String {
    String::from_utf8_lossy(&value).into_owned()
}

fn number<T: FromStr<Err: Display>>(value: Vec<u8>) -> Result<T, Unsupported> {
    let value = text(value);
    value.parse().map_err(|error| Unsupported(format!("the number {value}: {error}")))
}

fn group(value: Vec<u8>) -> Result<NamedGroup, Unsupported> {
    let group = NamedGroup(number(value)?);
    check("group", group, |group| GROUPS.contains(&group))?;
    Ok(group)
}

fn certificate_type(value: Vec<u8>) -> Result<CertificateType, Unsupported> {
    let certificate_type = CertificateType(number(value)?);
    check("certificate type", certificate_type, |each| {
        [CertificateType::X509, CertificateType::RAW_PUBLIC_KEY].contains(&each)
    })?;
    Ok(certificate_type)
}

/// Each type once. X.509 without a flag.
fn types(list: &[CertificateType]) -> Vec<CertificateType> {
    let mut types = Vec::new();
    for each in list {
        if !types.contains(each) {
            types.push(*each);
        }
    }
    if types.is_empty() { vec![CertificateType::X509] } else { types }
}

fn read(path: Vec<u8>) -> Result<Vec<u8>, Unsupported> {
    let path = text(path);
    fs::read(&path).map_err(|error| Unsupported(format!("{path}: {error}")))
}

/// Names in hex, separated by commas.
fn names(value: Vec<u8>) -> Result<Vec<Vec<u8>>, Unsupported> {
    let value = text(value);
    let names = value.split(',').filter(|name| !name.is_empty() && *name != "<EMPTY>");
    names.map(|name| hex::decode(name).map_err(|error| Unsupported(format!("{name}: {error}")))).collect()
}

/// Base64 (RFC 4648 §4).
fn base64(value: &[u8]) -> Result<Vec<u8>, Unsupported> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for digit in value.iter().take_while(|digit| **digit != b'=') {
        let place = ALPHABET.iter().position(|each| each == digit).ok_or(Unsupported("base64".into()))?;
        bits = bits << 6 | place as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Ok(out)
}

/// One ALPN name, from a list of one.
fn prefixed(name: Vec<u8>) -> Vec<u8> {
    [&[name.len() as u8], &name[..]].concat()
}

/// The names of an ALPN list.
fn unprefixed(mut list: &[u8]) -> Result<Vec<&[u8]>, Unsupported> {
    let mut names = Vec::new();
    while let Some((len, rest)) = list.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*len)).ok_or(Unsupported("ALPN list".into()))?;
        check("ALPN name", name, |name| !name.is_empty())?;
        names.push(name);
        list = rest;
    }
    Ok(names)
}
