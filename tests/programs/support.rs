//! Runs the example programs from outside, with certificates in files.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The time limit of each step. Only a failure waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// An example program, built with the profile of this test. `cargo test` builds the examples, but `cargo test --test`
/// does not: then they are built here.
pub fn example(name: &str) -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| {
        let deps = std::env::current_exe().unwrap();
        let profile = deps.parent().and_then(Path::parent).unwrap();
        let mut build = Command::new(env!("CARGO"));
        // The features of the tests. The published package has no dev-dependency that enables them.
        build.args(["build", "--quiet", "--examples", "--features", "adversary,hazmat-testing,stream,study-live"]);
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        // Cargo's variables for this test would make build scripts run again, and ring be built again.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_PRIMARY_PACKAGE"
            {
                build.env_remove(&name);
            }
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the examples build");
        profile.join("examples")
    });
    Command::new(directory.join(name))
}

/// A running program, and its output on standard error (for OpenSSL on both streams).
pub struct Program {
    child: Child,
    pub input: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
    listeners: Vec<JoinHandle<()>>,
}

impl Program {
    /// Starts it. [`Program::output`] takes its standard output, and `hears_output` adds it to the rest.
    pub fn start(command: &mut Command, hears_output: bool) -> Program {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let said = Arc::new(Mutex::new(String::new()));
        let mut listeners = vec![listen(child.stderr.take().unwrap(), &said)];
        if hears_output {
            listeners.push(listen(child.stdout.take().unwrap(), &said));
        }
        Program { input: child.stdin.take(), child, said, listeners }
    }

    /// The output so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits for this text, and returns the output so far.
    pub fn waits_for(&self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while !self.said().contains(words) {
            assert!(Instant::now() < end, "it never said {words:?}, but:\n{}", self.said());
            thread::sleep(Duration::from_millis(5));
        }
        self.said()
    }

    pub fn types(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_bytes()).and_then(|()| input.flush()).unwrap();
    }

    /// Writes to standard input from another thread, and leaves it open unless told to close it.
    pub fn feed(&mut self, data: Vec<u8>, close: bool) -> JoinHandle<Option<ChildStdin>> {
        let mut input = self.input.take().unwrap();
        thread::spawn(move || {
            let _ = input.write_all(&data);
            (!close).then_some(input)
        })
    }

    /// The first bytes of its output.
    pub fn reads(&mut self, len: usize) -> Vec<u8> {
        let mut stdout = self.child.stdout.take().unwrap();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = vec![0; len];
            let mut got = 0;
            while got < len {
                match stdout.read(&mut bytes[got..]) {
                    Ok(n) if n > 0 => got += n,
                    _ => break,
                }
                let _ = tell.send(Err(got));
            }
            let _ = tell.send(Ok((bytes, stdout)));
        });
        let mut got = 0;
        loop {
            match told.recv_timeout(PATIENCE) {
                Ok(Err(so_far)) => got = so_far,
                Ok(Ok((bytes, stdout))) => {
                    self.child.stdout = Some(stdout);
                    return bytes;
                }
                Err(_) => panic!("it stopped after {got} bytes of {len}, and said:\n{}", self.said()),
            }
        }
    }

    /// Waits for its end. Returns its status, the rest of its output, and all messages.
    pub fn ends(mut self) -> (ExitStatus, Vec<u8>, String) {
        drop(self.input.take());
        let mut output = Vec::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_end(&mut output).unwrap();
        }
        let status = self.child.wait().unwrap();
        for listener in self.listeners.drain(..) {
            listener.join().unwrap();
        }
        (status, output, self.said())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(stream: impl Read + Send + 'static, said: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let said = Arc::clone(said);
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

/// Our server on a free port.
pub struct Server {
    pub program: Program,
    pub port: u16,
}

impl Server {
    pub fn start(args: &[&str]) -> Server {
        let mut command = example("tcp_server");
        command.args(["--listen", "127.0.0.1:0"]).args(args);
        Server::run(command)
    }

    /// The same with this command.
    pub fn run(mut command: Command) -> Server {
        let program = Program::start(&mut command, false);
        let said = program.waits_for("listening on ");
        let port = said.trim_end().rsplit(':').next().unwrap().parse().unwrap();
        Server { program, port }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Random data, different each time.
pub fn noise(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes
}

/// Kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    P256,
    Ed25519,
    Rsa,
}

impl Key {
    pub fn generate(self) -> KeyPair {
        match self {
            Key::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap(),
            // The form of RFC 8410 §7 without the public key, because OpenSSL 3.0 reads no other.
            Key::Ed25519 => {
                let header = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
                KeyPair::try_from([&header[..], &noise(32)].concat()).unwrap()
            }
            // ring cannot generate RSA keys.
            Key::Rsa => {
                let mut command = Command::new("openssl");
                let made = command.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]).output();
                KeyPair::from_pem(&String::from_utf8(made.unwrap().stdout).unwrap()).unwrap()
            }
        }
    }
}

/// A CA with its files in a temporary directory.
pub struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub dir: PathBuf,
    pub pem: String,
}

impl Ca {
    pub fn new(name: &str) -> Ca {
        Ca::with_constraints(name, BasicConstraints::Unconstrained)
    }

    pub fn with_constraints(name: &str, constraints: BasicConstraints) -> Ca {
        let unique = format!("{name}-{}-{:016x}", std::process::id(), u64::from_ne_bytes(noise(8).try_into().unwrap()));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        fs::create_dir_all(&dir).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(constraints);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, Key::P256.generate()).unwrap();
        let pem = dir.join("ca.pem");
        fs::write(&pem, issuer.pem()).unwrap();
        Ca { issuer, dir, pem: pem.to_str().unwrap().into() }
    }

    /// Its private key.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A certificate for both roles with this name as CN and DNS name. `years`: its validity, from the first day to the
    /// last.
    pub fn issue(&self, name: &str, key: Key, years: (i32, i32)) -> Files {
        self.issue_for(name, &key.generate(), years)
    }

    pub fn issue_for(&self, name: &str, key: &KeyPair, years: (i32, i32)) -> Files {
        self.issue_as(name, name, key, years)
    }

    /// With another common name.
    pub fn issue_as(&self, name: &str, common_name: &str, key: &KeyPair, years: (i32, i32)) -> Files {
        let [from, to] =
            [years.0, years.1].map(|year| rcgen::date_time_ymd(year, 1, 1) - rcgen::date_time_ymd(1970, 1, 1));
        self.issue_within(name, common_name, key, [from, to].map(|since| since.unsigned_abs()))
    }

    /// Valid between these times, since 1970.
    pub fn issue_within(&self, name: &str, common_name: &str, key: &KeyPair, validity: [Duration; 2]) -> Files {
        let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        [params.not_before, params.not_after] = validity.map(|since| rcgen::date_time_ymd(1970, 1, 1) + since);
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        let unique = u64::from_ne_bytes(noise(8).try_into().unwrap());
        let path = |what: &str| self.dir.join(format!("{name}-{unique:016x}.{what}")).to_str().unwrap().to_string();
        let files = Files { cert: path("pem"), key: path("key") };
        fs::write(&files.cert, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    pub fn good(&self, name: &str, key: Key) -> Files {
        self.issue(name, key, (2020, 2100))
    }
}

impl Drop for Ca {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// A chain and its key, as arguments.
pub struct Files {
    pub cert: String,
    pub key: String,
}

impl Files {
    /// For our programs.
    pub fn args<'a>(&'a self, ca: &'a Ca) -> Vec<&'a str> {
        vec!["--cert", &self.cert, "--key", &self.key, "--ca", &ca.pem]
    }

    /// For OpenSSL's.
    pub fn openssl<'a>(&'a self, ca: &'a Ca) -> Vec<&'a str> {
        vec!["-cert", &self.cert, "-key", &self.key, "-CAfile", &ca.pem]
    }
}
