//! Authenticators with an independent implementation (`authenticator_peer.py`): RFC 9261 with pyOpenSSL's exporter and
//! Python's `cryptography`. The peer compares our messages byte for byte. We accept its messages, or refuse them by
//! name.

use countersign::adapters::Config;
use countersign::adapters::stream::{Acceptor, Connector, Stream};
use countersign::authenticator::{Authenticators, Received};
use countersign::x509::{Expect, Identities, Identity, Reloadable, SigningKey, Trust};
use countersign::{CipherSuite, Credential, Policy, Role, Seed, Verdict};
use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::OnceLock;

const SUITES: [CipherSuite; 2] = [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_256_GCM_SHA384];

/// A Python with pyOpenSSL, installed once from PyPI, because Debian's version is older.
fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON
        .get_or_init(|| {
            let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authenticators-venv");
            let python = venv.join("bin/python");
            let has_it =
                || Command::new(&python).args(["-c", "import OpenSSL"]).status().is_ok_and(|status| status.success());
            if !has_it() {
                let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
                run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
                run(Command::new(&python).args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "pyOpenSSL>=25",
                    "cryptography>=44",
                ]));
            }
            python
        })
        .clone()
}

/// Certificates under one root, ours and the peer's: one for the handshake, and one to prove afterwards.
struct Files {
    directory: PathBuf,
    ca: Vec<u8>,
    ours: [(CertificateDer<'static>, Vec<u8>); 2],
    theirs: CertificateDer<'static>,
}

impl Files {
    fn new(name: &str) -> Files {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("authenticators-{name}"));
        fs::create_dir_all(&directory).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "Root");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(directory.join("ca.pem"), ca.pem()).unwrap();
        let issue = |file: &str| {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec!["peer.test".to_owned()]).unwrap();
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            params.distinguished_name.push(rcgen::DnType::CommonName, file);
            params.use_authority_key_identifier_extension = true;
            let certificate = params.signed_by(&key, &ca).unwrap();
            fs::write(directory.join(format!("{file}.pem")), certificate.pem()).unwrap();
            fs::write(directory.join(format!("{file}.key")), key.serialize_pem()).unwrap();
            (certificate.der().clone(), key.serialize_der())
        };
        let ours = [issue("ours"), issue("ours-next")];
        issue("first");
        let (theirs, _) = issue("next");
        Files { ca: ca.pem().into_bytes(), directory, ours, theirs }
    }

    fn config(&self, suite: CipherSuite) -> Config {
        let [(chain, key), _] = &self.ours;
        let identity = Identity::new(vec![chain.clone()], SigningKey::from_der(key).unwrap()).unwrap();
        let trust = Trust::from_roots("ca.pem", &self.ca).unwrap();
        let (identities, trust) = (Reloadable::new(Identities::new(identity)), Reloadable::new(trust));
        Config::new(Arc::new(identities), Arc::new(trust)).policy(policy(suite))
    }

    fn peer(&self, role: &str, port: u16) -> Child {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/authenticator_peer.py");
        let mut command = Command::new(python());
        command.args([script, role, &port.to_string()]).arg(&self.directory).stdout(Stdio::piped());
        command.spawn().unwrap()
    }
}

fn policy(suite: CipherSuite) -> Policy {
    Policy::new().cipher_suites(&[suite])
}

/// A connection to the peer, with our authenticators.
struct Connection<'a> {
    files: &'a Files,
    stream: Stream<TcpStream>,
    ours: Authenticators<Policy>,
    peer: Child,
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let _ = self.peer.kill();
        let _ = self.peer.wait();
    }
}

impl<'a> Connection<'a> {
    /// Our role.
    fn new(files: &'a Files, role: Role, suite: CipherSuite) -> Connection<'a> {
        let config = files.config(suite);
        let (stream, peer) = match role {
            Role::Server => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let peer = files.peer("client", listener.local_addr().unwrap().port());
                let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
                (acceptor.accept(listener.accept().unwrap().0).unwrap(), peer)
            }
            Role::Client => {
                let mut peer = files.peer("server", 0);
                let mut port = String::new();
                BufReader::new(peer.stdout.take().unwrap()).read_line(&mut port).unwrap();
                let tcp = TcpStream::connect(("127.0.0.1", port.trim().parse().unwrap())).unwrap();
                (Connector::new(config).connect("peer.test", tcp).unwrap(), peer)
            }
        };
        let seed = Seed::random().unwrap();
        let ours = Authenticators::new(policy(suite), stream.info(), stream.exporter(), &seed).unwrap();
        assert_eq!(stream.info().role(), role);
        Connection { files, stream, ours, peer }
    }

    /// Gives the peer a command.
    fn call(&mut self, kind: u8, contents: &[u8]) -> Vec<u8> {
        let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
        self.stream.write_all(&[&[kind][..], &length, contents].concat()).unwrap();
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut answer).unwrap();
        answer
    }

    fn request(&mut self) -> Vec<u8> {
        let mut message = vec![0; 1024];
        let (_, len) = self.ours.request(&Default::default(), &mut message).unwrap();
        message.truncate(len);
        message
    }

    /// The peer's authenticator is valid, and has its next certificate.
    fn accepts(&mut self, authenticator: &[u8]) {
        let Received::Claim(claim) = self.ours.receive(authenticator).unwrap() else { panic!("an authenticator") };
        assert_eq!(claim.peer().leaf(), self.files.theirs.as_ref());
        self.ours.answer_verify(claim, Verdict::Accept).unwrap();
    }

    /// Our authenticator with our next certificate.
    fn prove(&mut self, request: Option<&[u8]>) -> Vec<u8> {
        let mut proving = match request {
            Some(request) => match self.ours.receive(request).unwrap() {
                Received::Request(proving) => proving,
                _ => panic!("a request"),
            },
            None => self.ours.prove_unasked().unwrap(),
        };
        let [_, (leaf, key)] = &self.files.ours;
        let chain = [leaf.clone()];
        let mut message = vec![0; 4096];
        let len = self.ours.answer_credential(&mut proving, &Credential::new(&chain), &mut message).unwrap();
        let question = proving.sign_question().unwrap();
        let signature = SigningKey::from_der(key).unwrap().sign(question.scheme(), question.message()).unwrap();
        let more = self.ours.answer_sign(&mut proving, &signature, &mut message[len..]).unwrap();
        message.truncate(len + more);
        message
    }

    fn decline(&mut self, request: &[u8]) -> Vec<u8> {
        let Received::Request(mut proving) = self.ours.receive(request).unwrap() else { panic!("a request") };
        let mut message = vec![0; 100];
        let len = self.ours.decline(&mut proving, &mut message).unwrap();
        message.truncate(len);
        message
    }
}

fn said(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).into_owned()
}

/// Both roles and hashes, in both directions: requests, spontaneous authenticators, declined requests. Every error has
/// its name.
#[test]
#[ignore = "needs python3 with venv, and PyPI for pyOpenSSL"]
fn an_independent_implementation_makes_and_checks_the_same_bytes() {
    for suite in SUITES {
        for role in [Role::Client, Role::Server] {
            let files = Files::new(&format!("{role}-{suite}"));
            let mut connection = Connection::new(&files, role, suite);
            let c = &mut connection;
            let ok = [b"ok", files.ours[1].0.as_ref()].concat();

            // We ask, it proves.
            let request = c.request();
            let authenticator = c.call(b'A', &request);
            c.accepts(&authenticator);
            assert!(c.ours.receive(&authenticator).is_err_and(|error| error.name() == "ReusedContext"));
            // It asks, we prove.
            let request = c.call(b'M', b"");
            let ours = c.prove(Some(&request));
            let answer = c.call(b'V', &ours);
            assert!(answer == ok, "{}", said(&answer));
            assert!(c.ours.receive(&request).is_err_and(|error| error.name() == "ReusedContext"));
            // Declined requests.
            let request = c.request();
            let empty = c.call(b'D', &request);
            assert!(matches!(c.ours.receive(&empty), Ok(Received::Declined(_))));
            let request = c.call(b'M', b"");
            let ours = c.decline(&request);
            assert_eq!(said(&c.call(b'N', &ours)), "ok");
            // Spontaneous authenticators, which only a server may send.
            match role {
                Role::Server => {
                    let ours = c.prove(None);
                    let answer = c.call(b'U', &ours);
                    assert!(answer == ok, "{}", said(&answer));
                }
                Role::Client => {
                    let authenticator = c.call(b'S', b"");
                    c.accepts(&authenticator);
                    assert!(c.ours.receive(&authenticator).is_err_and(|error| error.name() == "ReusedContext"));
                }
            }
            if role == Role::Server {
                let unasked = c.call(b'S', b"");
                assert!(c.ours.receive(&unasked).is_err_and(|error| error.name() == "UnknownContext"));
            }

            // Faults.
            let request = c.request();
            let (context, nobody) = match role {
                Role::Server => ("UnknownContext", "NoClientCertificate"),
                Role::Client => ("AuthenticatorOfOtherRequest", "NoServerCertificate"),
            };
            for (kind, name) in [
                (b'1', "ForeignAuthenticator"),
                (b'2', "AuthenticatorOfOtherRole"),
                (b'3', context),
                (b'4', "BadSignature"),
                (b'5', "IllegalSignatureScheme"),
                (b'6', "BadFinished"),
                (b'7', nobody),
                (b'8', "ForeignAuthenticator"),
                (b'9', "BadFinished"),
            ] {
                let wrong = c.call(kind, &request);
                let error = c.ours.receive(&wrong).err().unwrap_or_else(|| panic!("{name}: accepted"));
                assert_eq!(error.name(), name, "{role}, {suite}, {}", char::from(kind));
            }
            let right = c.call(b'A', &request);
            c.accepts(&right);
        }
    }
}

/// Certificates rotate. One client is revoked and loses its connection within a second. The others are not disturbed.
#[test]
#[ignore = "takes twelve seconds"]
fn connections_live_on_while_certificates_rotate_and_a_revoked_one_ends() {
    let output = crate::support::example("long_lived").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("spiffe://example.org/bob (serial") && said.contains("has been revoked"), "{said}");
}
