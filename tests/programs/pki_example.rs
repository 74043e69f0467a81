//! The development CA of examples/pki: what it makes is accepted by others, what it revokes is refused by them, and it
//! overwrites nothing.

use crate::cli::{self, Failure};
use crate::{files, names, show};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use webpki::{CertRevocationList, EndEntityCert, KeyUsage, OwnedCertRevocationList, RevocationOptionsBuilder};
use x509_parser::prelude::{CertificateRevocationList, FromDer, GeneralName, X509Certificate};

/// 2026-11-23 09:00 UTC.
const NOW: i64 = 1_795_424_400;
const DAY: i64 = 86_400;

/// A directory that goes away with the test, and the commands run in it.
struct Room {
    dir: PathBuf,
    now: i64,
}

impl Room {
    fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pki-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&dir).unwrap();
        Room { dir, now: NOW }
    }

    /// With a CA in it.
    fn new() -> Self {
        let room = Room::empty();
        room.run("init").unwrap();
        room
    }

    /// With a CA of this moment: for programs that have no other clock.
    fn today() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let mut room = Room::empty();
        room.now = now as i64;
        room.run("init").unwrap();
        room
    }

    /// Runs a command line, words between spaces, on this room's CA.
    fn run(&self, line: &str) -> Result<String, Failure> {
        let words = line.split(' ').map(|word| word.to_string().into());
        let dir = ["--dir".into(), self.dir.clone().into_os_string()];
        cli::run(words.chain(dir), self.now)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.join(file)
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    fn chain(&self, name: &str) -> Vec<CertificateDer<'static>> {
        files::certificates(&self.path(&format!("{name}.pem"))).unwrap()
    }

    /// What show says of the names and uses in a chain.
    fn facts(&self, name: &str) -> Vec<String> {
        let text = show::file(&self.path(&format!("{name}.pem")), self.now).unwrap();
        let lines = text.lines().filter(|line| {
            let line = line.trim_start();
            line.starts_with("names") || line.starts_with("purpose") || line.starts_with("key usage")
        });
        lines.map(str::to_string).collect()
    }

    fn crl_number(&self) -> u32 {
        let der = CertificateRevocationListDer::from_pem_slice(&self.read("crl.pem")).unwrap();
        let (_, crl) = CertificateRevocationList::from_der(&der).unwrap();
        assert!(crl.next_update().is_some());
        crl.crl_number().unwrap().try_into().unwrap()
    }

    /// The verdict of rustls-webpki on a chain, every certificate of it looked up in crl.pem.
    fn verify(&self, chain: &[CertificateDer<'_>], usage: KeyUsage) -> Result<(), webpki::Error> {
        let root = CertificateDer::from_pem_slice(&self.read("ca.pem")).unwrap();
        let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
        let crls: Vec<CertRevocationList<'_>> = CertificateRevocationListDer::pem_slice_iter(&self.read("crl.pem"))
            .map(|der| OwnedCertRevocationList::from_der(&der.unwrap()).unwrap().into())
            .collect();
        let crls: Vec<_> = crls.iter().collect();
        let revocation = RevocationOptionsBuilder::new(&crls)
            .unwrap()
            .with_expiration_policy(webpki::ExpirationPolicy::Enforce)
            .build();
        let (leaf, between) = chain.split_first().unwrap();
        EndEntityCert::try_from(leaf)
            .unwrap()
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &[anchor],
                between,
                UnixTime::since_unix_epoch(Duration::from_secs(self.now as u64)),
                usage,
                Some(revocation),
                None,
            )
            .map(|_| ())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn refused(result: Result<String, Failure>) -> String {
    match result {
        Err(Failure::Failed(sentence)) => sentence,
        other => panic!("not a failure: {other:?}"),
    }
}

#[test]
fn a_chain_is_good_for_its_role_and_no_other() {
    let room = Room::new();
    for key in ["p256", "p384", "ed25519"] {
        room.run(&format!("issue server-{key} --server --dns localhost --key {key}")).unwrap();
        room.run(&format!("issue client-{key} --client --key {key}")).unwrap();
        room.run(&format!("issue both-{key} --dns localhost --key {key}")).unwrap();
        for (name, server, client) in [("server", true, false), ("client", false, true), ("both", true, true)] {
            let chain = room.chain(&format!("{name}-{key}"));
            assert_eq!(chain.len(), 2, "leaf and intermediate");
            assert_eq!(room.verify(&chain, KeyUsage::server_auth()).is_ok(), server, "{name}-{key} as server");
            assert_eq!(room.verify(&chain, KeyUsage::client_auth()).is_ok(), client, "{name}-{key} as client");
        }
    }
}

#[test]
fn names_are_in_the_subject_alternative_name() {
    let room = Room::new();
    room.run("issue server --server --dns LocalHost --dns *.example.org --ip 127.0.0.1 --ip ::1").unwrap();
    let chain = room.chain("server");
    let leaf = EndEntityCert::try_from(&chain[0]).unwrap();
    for (name, good) in
        [("localhost", true), ("a.example.org", true), ("127.0.0.1", true), ("::1", true), ("server", false)]
    {
        let name = ServerName::try_from(name).unwrap();
        assert_eq!(leaf.verify_is_valid_for_subject_name(&name).is_ok(), good, "{name:?}");
    }
}

#[test]
fn a_leaf_and_its_cas_say_what_they_are_for() {
    let room = Room::new();
    room.run("issue api --dns localhost").unwrap();
    let mut chain = room.chain("api");
    chain.extend(files::certificates(&room.path("ca.pem")).unwrap());
    let parsed: Vec<_> = chain.iter().map(|der| X509Certificate::from_der(der).unwrap().1).collect();
    for (certificate, (ca, path_length)) in parsed.iter().zip([(false, None), (true, Some(0)), (true, Some(1))]) {
        let basic = certificate.basic_constraints().unwrap().unwrap();
        assert!(basic.critical);
        assert_eq!((basic.value.ca, basic.value.path_len_constraint), (ca, path_length));
        let usage = certificate.key_usage().unwrap().unwrap();
        assert!(usage.critical);
        assert_eq!(usage.value.to_string(), if ca { "Key Cert Sign, CRL Sign" } else { "Digital Signature" });
    }
    let text: Vec<_> = chain.iter().map(|der| show::describe(der, NOW).unwrap()).collect();
    let line = |text: &str, label: &str| {
        let found = text.lines().find_map(|line| line.trim_start().strip_prefix(label));
        found.unwrap_or_else(|| panic!("no '{label}' in {text}")).trim().to_string()
    };
    for pair in text.windows(2) {
        assert_eq!(line(&pair[0], "issuer's id"), line(&pair[1], "key id"), "each names the key that signed it");
    }
}

#[test]
fn serial_numbers_are_positive_and_never_the_same() {
    let room = Room::new();
    room.run("issue a --client").unwrap();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let der = room.chain("a").swap_remove(0);
        let serial = X509Certificate::from_der(&der).unwrap().1.raw_serial().to_vec();
        assert_eq!(serial.len(), 16);
        assert!((0x40..0x80).contains(&serial[0]), "positive, no padding");
        assert!(seen.insert(serial), "although the key is the same");
        room.run("renew a").unwrap();
    }
}

#[test]
fn an_svid_has_exactly_one_uri_and_both_purposes() {
    let room = Room::new();
    room.run("issue web --spiffe spiffe://example.org/web --dns web.example.org").unwrap();
    let chain = room.chain("web");
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let names = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
    assert!(matches!(
        names[..],
        [GeneralName::DNSName("web.example.org"), GeneralName::URI("spiffe://example.org/web")]
    ));
    let purpose = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(purpose.server_auth && purpose.client_auth);
    for line in [
        "issue x --spiffe spiffe://example.org/a --spiffe spiffe://example.org/b",
        "issue x --spiffe spiffe://example.org/a --client",
        "issue x --spiffe spiffe://example.org/a --server",
    ] {
        assert!(matches!(room.run(line), Err(Failure::Usage(_))), "{line}");
    }
}

#[test]
fn spiffe_ids_by_the_specification() {
    assert!(names::spiffe("spiffe://example.org/ns/a/sa/B-1_x.y").is_ok());
    assert!(names::spiffe(&format!("spiffe://{}/x", "a".repeat(255))).is_ok());
    for id in [
        "https://example.org/a",
        "SPIFFE://example.org/a",
        "spiffe://example.org",
        "spiffe://example.org/",
        "spiffe:///a",
        "spiffe://Example.org/a",
        "spiffe://user@example.org/a",
        "spiffe://example.org:443/a",
        "spiffe://example.org/a/",
        "spiffe://example.org//a",
        "spiffe://example.org/a/../b",
        "spiffe://example.org/./a",
        "spiffe://example.org/a%2fb",
        "spiffe://example.org/a?b",
        "spiffe://example.org/a#b",
        "spiffe://example.org/\u{e4}",
        &format!("spiffe://{}/x", "a".repeat(256)),
        &format!("spiffe://example.org/{}", "a".repeat(2028)),
    ] {
        assert!(names::spiffe(id).is_err(), "{id}");
    }
}

#[test]
fn dns_names_and_file_names() {
    for name in ["localhost", "a.b.example", "*.example.org", "xn--bcher-kva.example", "_dns.example"] {
        assert_eq!(names::dns(name).as_deref(), Ok(name));
    }
    let long = [&"a".repeat(64), ".example"].concat();
    for name in [
        "",
        ".",
        "a..b",
        "a.",
        "-a.b",
        "a-.b",
        "*",
        "a.*.b",
        "**.b",
        "b\u{fc}cher.example",
        "127.0.0.1",
        "::1",
        "a b",
        &long,
    ] {
        assert!(names::dns(name).is_err(), "{name}");
    }
    for name in ["server", "Client-1", "a.b_c", &"a".repeat(64)] {
        assert!(names::file_name(name).is_ok(), "{name}");
    }
    for name in
        ["", ".", "..", ".a", "-a", "a/b", "..\\a", "a b", "ca", "CA", "crl", "intermediate", "issued", &"a".repeat(65)]
    {
        assert!(names::file_name(name).is_err(), "{name}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_a_matter_of_usage() {
    let room = Room::new();
    for line in [
        "",
        "frobnicate",
        "init now",
        "init --dns localhost",
        "issue",
        "issue a b --client",
        "issue a",
        "issue a --server",
        "issue a --server --client",
        "issue ../a --client",
        "issue a --client --days 0",
        "issue a --client --days 36501",
        "issue a --client --days soon",
        "issue a --client --days 1 --days 2",
        "issue a --client --ip localhost",
        "issue a --client --dns 10.0.0.1",
        "issue a --client --key dsa",
        "issue a --client --p12",
        "renew",
        "renew a --dns localhost",
        "revoke",
        "revoke a --days 1",
        "crl a",
        "show",
    ] {
        assert!(matches!(room.run(line), Err(Failure::Usage(_))), "{line}");
    }
    let missing_value = cli::run(["issue", "a", "--days"].map(Into::into), NOW);
    assert!(matches!(missing_value, Err(Failure::Usage(_))));
    let Err(Failure::Usage(rsa)) = room.run("issue a --client --key rsa") else { panic!() };
    assert!(rsa.contains("openssl genpkey -algorithm RSA"), "{rsa}");
}

#[test]
fn what_cannot_be_done_is_said_and_leaves_nothing_behind() {
    let room = Room::empty();
    assert!(refused(room.run("issue a --client")).contains("there is no CA"));
    room.run("init").unwrap();
    assert!(refused(room.run("renew a")).contains("cannot read"));
    assert!(refused(room.run("revoke a")).contains("nothing was ever issued to a"));
    assert!(refused(room.run("issue a --client --days 3651")).contains("--days 3650 at most"));
    assert!(!room.path("a.key").exists() && !room.path("a.pem").exists());
    let half = Room::empty();
    fs::write(half.path("intermediate.key"), "a key of something").unwrap();
    assert!(refused(half.run("init")).contains("half a CA"));
    assert_eq!(half.read("intermediate.key"), b"a key of something");
}

#[test]
fn no_key_is_overwritten_unless_a_new_one_is_asked_for() {
    let room = Room::new();
    let ca = room.read("ca.key");
    assert!(room.run("init").unwrap().contains("left as it is"));
    assert_eq!(room.read("ca.key"), ca);

    room.run("issue a --client").unwrap();
    let key = room.read("a.key");
    assert!(refused(room.run("issue a --client")).contains("pki renew a"));
    fs::remove_file(room.path("a.pem")).unwrap();
    assert!(refused(room.run("issue a --client --key p384")).contains("never overwritten"));
    assert_eq!(room.read("a.key"), key);
    assert!(room.run("issue a --client").unwrap().contains("the key that was there"));
    assert_eq!(room.read("a.key"), key);
    room.run("renew a").unwrap();
    assert_eq!(room.read("a.key"), key);
    assert!(room.run("renew a --key ed25519").unwrap().contains("a new key"));
    assert_ne!(room.read("a.key"), key);
    room.verify(&room.chain("a"), KeyUsage::client_auth()).unwrap();
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let room = Room::new();
    room.run("issue a --client").unwrap();
    let mode = |file: &str| fs::metadata(room.path(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["ca.key", "intermediate.key", "a.key"].map(mode), [0o600; 3]);
    room.run("renew a --key p256").unwrap();
    assert_eq!(mode("a.key"), 0o600, "also when it took another's place");
    assert!(fs::read_dir(&room.dir).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().ends_with(".new")));
}

#[test]
fn the_roots_key_is_not_needed_after_init() {
    let room = Room::new();
    fs::remove_file(room.path("ca.key")).unwrap();
    for line in ["issue a --client", "renew a", "revoke a", "crl", "init"] {
        room.run(line).unwrap();
    }
}

#[test]
fn renew_keeps_names_role_and_days() {
    let mut room = Room::new();
    room.run("issue web --dns a.example --ip ::1 --spiffe spiffe://example.org/web --days 7").unwrap();
    room.run("issue client --client --days 7").unwrap();
    let before = (room.facts("web"), room.facts("client"));
    assert_eq!(before.0.len(), 4, "{before:?}");
    room.now += 8 * DAY;
    assert!(room.verify(&room.chain("web"), KeyUsage::server_auth()).is_err(), "it has expired");
    room.run("renew web").unwrap();
    room.run("renew client --days 30").unwrap();
    room.verify(&room.chain("web"), KeyUsage::server_auth()).unwrap();
    let end = |name: &str| {
        let der = room.chain(name).swap_remove(0);
        X509Certificate::from_der(&der).unwrap().1.validity().not_after.timestamp()
    };
    assert_eq!((end("web"), end("client")), (room.now + 7 * DAY, room.now + 30 * DAY));
    assert_eq!((room.facts("web"), room.facts("client")), before);
}

#[test]
fn revoke_finds_every_certificate_of_the_name_and_no_other() {
    let room = Room::new();
    room.run("issue client --client").unwrap();
    room.run("issue client-2 --client").unwrap();
    let first = room.chain("client");
    room.run("renew client").unwrap();
    let second = room.chain("client");
    let number = room.crl_number();
    assert_eq!(room.run("revoke client").unwrap().matches("revoked client, serial").count(), 2);
    for chain in [&first, &second] {
        assert!(matches!(room.verify(chain, KeyUsage::client_auth()), Err(webpki::Error::CertRevoked)));
    }
    room.verify(&room.chain("client-2"), KeyUsage::client_auth()).unwrap();
    assert_eq!(room.crl_number(), number + 1);
    assert!(room.run("revoke client").unwrap().contains("expired or revoked already"), "it is not listed twice");
    // Whatever is signed later remembers it.
    room.run("issue other --client").unwrap();
    assert!(matches!(room.verify(&first, KeyUsage::client_auth()), Err(webpki::Error::CertRevoked)));
}

#[test]
fn a_revoked_name_comes_back_with_a_new_key_only() {
    let room = Room::new();
    room.run("issue client --client").unwrap();
    room.run("revoke client").unwrap();
    let key = room.read("client.key");
    assert!(refused(room.run("renew client")).contains("was revoked on 2026-11-23 09:00 UTC"));
    room.run("renew client --key p256").unwrap();
    assert_ne!(room.read("client.key"), key);
    room.verify(&room.chain("client"), KeyUsage::client_auth()).unwrap();
}

#[test]
fn a_crl_ends_and_is_signed_again() {
    let mut room = Room::new();
    room.run("issue client --client --days 365").unwrap();
    room.now += 91 * DAY;
    assert!(matches!(
        room.verify(&room.chain("client"), KeyUsage::client_auth()),
        Err(webpki::Error::CrlExpired { .. })
    ));
    assert!(show::file(&room.path("crl.pem"), room.now).unwrap().contains("(out of date since 24 h ago)"));
    room.run("crl").unwrap();
    room.verify(&room.chain("client"), KeyUsage::client_auth()).unwrap();
}

#[test]
fn show_describes_and_never_shows_a_key() {
    let room = Room::new();
    room.run("issue client --client --dns a.example").unwrap();
    room.run("revoke client").unwrap();
    let text = show::file(&room.path("client.pem"), NOW).unwrap();
    for part in [
        "1 of 2: certificate CN=client",
        "2 of 2: certificate CN=development intermediate",
        "DNS a.example",
        "TLS client",
        "P-256",
        "ends in 90 days",
        "CA          no (critical)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let text = show::file(&room.path("crl.pem"), NOW).unwrap();
    assert!(text.contains("number      3") && text.contains("revoked     nothing"), "{text}");
    assert!(text.contains("on 2026-11-23 09:00 UTC"), "{text}");
    assert_eq!(show::file(&room.path("client.key"), NOW).unwrap(), "private key (not shown)\n");
    assert!(show::file(&room.path("issued"), NOW).unwrap_err().starts_with("cannot read "));
}

#[test]
fn show_escapes_every_name() {
    let evil = "a\n\u{1b}[31m\u{202e}\u{200b}\"',CN=b\u{9b}\u{7f}";
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, evil);
    params.subject_alt_names = vec![rcgen::SanType::URI("x:\u{1b}[2J\n".try_into().unwrap())];
    let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    let text = show::describe(der.der(), NOW).unwrap();
    assert!(
        text.starts_with("certificate CN=a\\u{a}\\u{1b}[31m\\u{202e}\\u{200b}\\\"\\'\\,CN=b\\u{9b}\\u{7f}\n  issuer "),
        "{text}"
    );
    assert!(text.contains("URI x:\\u{1b}[2J\\u{a}\n"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn show_refuses_what_it_cannot_read_without_harm() {
    let room = Room::new();
    room.run("issue client --dns a.example --spiffe spiffe://a/b").unwrap();
    room.run("revoke client").unwrap();
    let certificate = room.chain("client").swap_remove(0).to_vec();
    let crl = CertificateRevocationListDer::from_pem_slice(&room.read("crl.pem")).unwrap().to_vec();
    for whole in [certificate, crl] {
        assert!(show::describe(&whole, NOW).is_ok());
        for end in 0..whole.len() {
            assert!(show::describe(&whole[..end], NOW).is_err(), "cut at {end}");
        }
        assert!(show::describe(&[&whole[..], b"\0"].concat(), NOW).is_err(), "one byte more");
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0x41;
            // Most flips leave a readable file; none may do worse than an unreadable one.
            if let Ok(text) = show::describe(&bent, NOW) {
                assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "flip at {at}");
            }
        }
    }
}

#[test]
fn times_in_words() {
    for (then, words) in [
        (NOW + 89 * DAY, "in 89 days"),
        (NOW + 3 * 3600 + 59, "in 3 h"),
        (NOW - 3 * 3600, "3 h ago"),
        (NOW - 119, "119 s ago"),
        (NOW - 120, "2 min ago"),
        (NOW, "0 s ago"),
    ] {
        assert_eq!(show::distance(then, NOW), words);
    }
    assert_eq!(show::utc(NOW), "2026-11-23 09:00 UTC");
}

fn openssl(room: &Room, args: &str) -> Output {
    let output = Command::new("openssl").args(args.split(' ')).current_dir(&room.dir).output();
    output.expect("openssl is installed")
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}

#[test]
#[ignore = "needs openssl 3"]
fn openssl_accepts_the_chains_strictly_until_they_are_revoked() {
    let room = Room::today();
    let made = openssl(&room, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key");
    assert!(made.status.success(), "{}", said(&made));
    for (name, key) in [("p256", "--key p256"), ("p384", "--key p384"), ("ed25519", "--key ed25519"), ("rsa", "")] {
        room.run(format!("issue {name} --dns localhost --ip ::1 --spiffe spiffe://example.org/{name} {key}").trim())
            .unwrap();
        let verify = |more: &str| {
            openssl(
                &room,
                &format!(
                    "verify -x509_strict -CAfile ca.pem -untrusted {name}.pem -CRLfile crl.pem -crl_check_all {more} {name}.pem"
                ),
            )
        };
        for more in ["-purpose sslclient", "-purpose sslserver -verify_hostname localhost", "-verify_ip ::1"] {
            let output = verify(more);
            assert!(output.status.success(), "{name} {more}: {}", said(&output));
        }
        let output = verify("-verify_hostname other");
        assert!(said(&output).contains("hostname mismatch"), "{}", said(&output));
        room.run(&format!("revoke {name}")).unwrap();
        let output = verify("-purpose sslclient");
        assert!(!output.status.success() && said(&output).contains("certificate revoked"), "{}", said(&output));
    }
    room.run("issue server --server --dns localhost").unwrap();
    let output = openssl(&room, "verify -CAfile ca.pem -untrusted server.pem -purpose sslclient server.pem");
    assert!(said(&output).contains("unsuitable certificate purpose"), "{}", said(&output));
}

#[test]
#[ignore = "needs openssl 3"]
fn openssl_reads_the_svid_as_we_mean_it() {
    let room = Room::today();
    room.run("issue web --spiffe spiffe://example.org/web").unwrap();
    let text = said(&openssl(&room, "x509 -noout -text -in web.pem"));
    for part in [
        "URI:spiffe://example.org/web\n",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "TLS Web Server Authentication, TLS Web Client Authentication\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let text = said(&openssl(&room, "crl -noout -text -in crl.pem"));
    assert!(text.contains("X509v3 CRL Number") && text.contains("Next Update"), "{text}");
}

#[cfg(unix)]
#[test]
#[ignore = "needs openssl 3"]
fn the_printed_pkcs12_line_makes_a_file_for_browsers() {
    let room = Room::today();
    for key in ["p256", "p384", "ed25519"] {
        let text = room.run(&format!("issue {key} --client --key {key}")).unwrap();
        let line = text.lines().map(str::trim).find(|line| line.starts_with("openssl pkcs12")).unwrap();
        let output = Command::new("sh").args(["-c", &format!("{line} -passout pass:secret")]).output().unwrap();
        assert!(output.status.success(), "{key}: {}", said(&output));
        let listed = said(&openssl(&room, &format!("pkcs12 -in {key}.p12 -passin pass:secret -nodes")));
        assert_eq!(listed.matches("BEGIN CERTIFICATE").count(), 3, "leaf, intermediate, root: {listed}");
        assert_eq!(listed.matches("BEGIN PRIVATE KEY").count(), 1);
    }
}
