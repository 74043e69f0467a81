//! Whole handshakes with OpenSSL, in both roles, with P-256 and RSA-PSS keys that are generated in SoftHSM 2 and stay
//! there.
//!
//! Ignored by default: needs Debian's packages softhsm2 and openssl. `cargo test -- --ignored`

use countersign::internals::asn1::{PublicKey, Spki};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData, SignatureAlgorithm};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// Its path in Debian.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const TOKEN: &str = "countersign";
const PIN: &str = "1234";

/// A folder with a token, a CA, and its certificates.
struct World {
    folder: PathBuf,
    ca: CertifiedIssuer<'static, KeyPair>,
}

/// The public key that the program has written.
struct Written {
    key: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl Written {
    fn new(spki: &[u8]) -> Written {
        let (key, algorithm) = match Spki::from_der(spki).unwrap().key {
            PublicKey::P256(point) => (point, &rcgen::PKCS_ECDSA_P256_SHA256),
            PublicKey::Rsa { pkcs1, modulus_bits: 2048 } => (pkcs1, &rcgen::PKCS_RSA_SHA256),
            other => panic!("{other}"),
        };
        Written { key: key.to_vec(), algorithm }
    }
}

impl PublicKeyData for Written {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A process that is killed when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl World {
    fn new(name: &str) -> World {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("tokens")).unwrap();
        let conf = format!("directories.tokendir = {}\n", folder.join("tokens").display());
        fs::write(folder.join("softhsm2.conf"), conf).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "root");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let world = World { folder, ca };
        fs::write(world.file("ca.pem"), world.ca.pem()).unwrap();
        let init = ["--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "4321"];
        succeeds(world.command("softhsm2-util").args(init));
        world
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.file("softhsm2.conf"));
        command.envs([("PKCS11_MODULE", MODULE), ("PKCS11_TOKEN", TOKEN), ("PKCS11_PIN", PIN)]);
        command
    }

    fn pkcs11(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_pkcs11"));
        command.args(arguments);
        command
    }

    /// A certificate for this public key.
    fn issue(&self, name: &str, key: &impl PublicKeyData) {
        let mut params = CertificateParams::new([format!("{name}.test")]).unwrap();
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(key, &self.ca).unwrap();
        fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
    }

    /// A key in the token, and a certificate for it.
    fn key_in_token(&self, label: &str, kind: &str) {
        let out = self.file(&format!("{label}.spki"));
        succeeds(&mut self.pkcs11(&["generate", label, kind, &out]));
        self.issue(label, &Written::new(&fs::read(out).unwrap()));
    }

    /// A key in a file, for OpenSSL.
    fn key_in_file(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        self.issue(name, &key);
        fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    /// OpenSSL's server, which reverses each line. It requires and checks a client certificate.
    fn openssl_server(&self) -> (Running, String) {
        let mut server = Command::new("openssl");
        server.args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_3", "-rev", "-verify_return_error"]);
        server.args(["-Verify", "3", "-CAfile", &self.file("ca.pem")]);
        server.args(["-cert", &self.file("openssl.pem"), "-key", &self.file("openssl.key")]);
        let mut child = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let address = after(&mut child, "ACCEPT ");
        (Running(child), address)
    }

    /// Our server, with this key.
    fn server(&self, label: &str, chain: &str) -> (Running, String) {
        let arguments = ["serve", label, &self.file(chain), &self.file("ca.pem"), "127.0.0.1:0"];
        let mut child = self.pkcs11(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let address = after(&mut child, "listening on ");
        (Running(child), address)
    }

    /// Our client with this key. It sends `hello`.
    fn connects(&self, label: &str, chain: &str, address: &str) -> Output {
        let arguments = ["connect", label, &self.file(chain), &self.file("ca.pem"), address, "openssl.test"];
        says_hello(&mut self.pkcs11(&arguments))
    }
}

/// The text after this word, in the first line that contains it.
fn after(child: &mut Child, word: &str) -> String {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
    loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended without '{word}'");
        if let Some((_, rest)) = line.split_once(word) {
            return rest.trim().to_owned();
        }
    }
}

fn says_hello(command: &mut Command) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    child.wait_with_output().unwrap()
}

fn succeeds(command: &mut Command) -> Output {
    let output = command.output().expect("softhsm2 and openssl are installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
#[ignore = "needs softhsm2 and openssl"]
fn a_client_whose_key_is_in_the_token_is_let_in_by_openssl() {
    let world = World::new("client");
    world.key_in_file("openssl");
    for kind in ["p256", "rsa2048"] {
        world.key_in_token(kind, kind);
        let (_server, address) = world.openssl_server();
        let output = world.connects(kind, &format!("{kind}.pem"), &address);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), said.as_ref()), ("olleh\n", ""), "{kind}");
        assert!(output.status.success());
    }
}

#[test]
#[ignore = "needs softhsm2 and openssl"]
fn a_server_whose_key_is_in_the_token_is_believed_by_openssl() {
    let world = World::new("server");
    world.key_in_file("openssl");
    for (kind, signature) in [("p256", "ECDSA"), ("rsa2048", "RSA-PSS")] {
        world.key_in_token(kind, kind);
        let (mut server, address) = world.server(kind, &format!("{kind}.pem"));
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &address, "-tls1_3", "-verify_return_error", "-ign_eof"]);
        client.args(["-CAfile", &world.file("ca.pem"), "-verify_hostname", &format!("{kind}.test")]);
        client.args(["-cert", &world.file("openssl.pem"), "-key", &world.file("openssl.key")]);
        let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        client.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(client.stdout.take().unwrap());
        while !said.ends_with("\nhello\n") {
            assert_ne!(lines.read_line(&mut said).unwrap(), 0, "no echo: {said}");
        }
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        assert!(said.contains(&format!("Peer signature type: {signature}\n")), "{said}");
        let _client = Running(client);
        server.0.kill().unwrap();
        let mut rest = String::new();
        server.0.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "nothing went wrong");
    }
}

/// A wrong argument is reported before there is a connection.
#[test]
#[ignore = "needs softhsm2"]
fn a_certificate_of_another_key_is_refused() {
    let world = World::new("mistaken");
    world.key_in_token("one", "p256");
    for kind in ["p256", "rsa2048"] {
        world.key_in_token(kind, kind);
        let output = world.connects("one", &format!("{kind}.pem"), "127.0.0.1:1");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("{kind}.pem is not a certificate for the key 'one'")), "{said}");
    }
}

/// A key that was not generated in the token may exist elsewhere.
#[test]
#[ignore = "needs softhsm2"]
fn a_key_that_was_imported_is_refused() {
    let world = World::new("imported");
    world.key_in_file("imported");
    let import = ["--import", &world.file("imported.key"), "--token", TOKEN, "--pin", PIN, "--id", "01"];
    succeeds(world.command("softhsm2-util").args(import).args(["--label", "imported"]));
    let output = world.connects("imported", "imported.pem", "127.0.0.1:1");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the key 'imported' was not made in the token, or can leave it"), "{said}");
}

#[test]
#[ignore = "needs softhsm2"]
fn what_is_missing_is_said() {
    let world = World::new("missing");
    world.key_in_token("api", "p256");
    for (arguments, variable, sentence) in [
        (["generate", "api", "p256", "/dev/null"], ("PKCS11_PIN", PIN), "the token has a key 'api' already"),
        (["generate", "new", "p256", "/dev/null"], ("PKCS11_PIN", "9999"), "PIN"),
        (["generate", "new", "p256", "/dev/null"], ("PKCS11_TOKEN", "none"), "has no token with the label 'none'"),
        (["generate", "new", "p256", "/dev/null"], ("PKCS11_MODULE", "/none.so"), "/none.so"),
    ] {
        let output = world.pkcs11(&arguments).env(variable.0, variable.1).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(sentence) && !output.status.success(), "{said}");
    }
    let output = world.connects("none", "api.pem", "127.0.0.1:1");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the token has no key 'none'"));
}
