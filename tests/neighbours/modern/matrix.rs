//! The tests of each peer, in both roles.

use crate::ours::{Met, Outcome, Server, Side, call};
use crate::peers::Peer;
use crate::pki::{self, Dir};
use crate::programs::{PATIENCE, Program};
use crate::seen::Seen;
use countersign::{CipherSuite, NamedGroup, Policy, Role};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];
const GROUPS: [NamedGroup; 5] = [
    NamedGroup::X25519MLKEM768,
    NamedGroup::SECP256R1MLKEM768,
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
];
/// The group of the client's share, and the one that its server requests.
const RETRIES: [[NamedGroup; 2]; 6] = [
    [NamedGroup::X25519, NamedGroup::SECP384R1],
    [NamedGroup::X25519MLKEM768, NamedGroup::SECP384R1],
    [NamedGroup::X25519MLKEM768, NamedGroup::SECP256R1MLKEM768],
    [NamedGroup::X25519, NamedGroup::X25519MLKEM768],
    [NamedGroup::SECP384R1, NamedGroup::X25519MLKEM768],
    [NamedGroup::SECP384R1, NamedGroup::SECP256R1MLKEM768],
];
const REQUEST: &str = "GET / HTTP/1.0\r\n\r\n";

/// One connection.
struct Meeting<'a> {
    peer: &'a Peer,
    /// The peer's role.
    role: Role,
    dir: &'a Dir,
    /// The names of our files and of the peer's files, such as "client-rsa".
    ours: &'a str,
    theirs: &'a str,
    policy: Policy,
    /// The peer's groups, if not its default.
    groups: &'a [NamedGroup],
    /// The peer's server requests certificates.
    asks: bool,
}

impl<'a> Meeting<'a> {
    fn new(peer: &'a Peer, role: Role, dir: &'a Dir) -> Meeting<'a> {
        let (ours, theirs) = match role {
            Role::Client => ("server", "client"),
            Role::Server => ("client", "server"),
        };
        Meeting { peer, role, dir, ours, theirs, policy: Policy::new(), groups: &[], asks: true }
    }

    /// Our result and the peer's. `None`: the peer does not support this.
    fn take_place(&self) -> Option<(Outcome, String)> {
        let groups = match self.groups {
            [] => "-".to_string(),
            groups => groups.iter().map(NamedGroup::to_string).collect::<Vec<_>>().join(","),
        };
        let mut command = self.peer.command();
        let role = match self.role {
            Role::Client => "client",
            Role::Server if self.asks => "server",
            Role::Server => "careless",
        };
        command.args([role, &self.dir.path("pki"), self.theirs, &groups]);
        match self.role {
            Role::Server => {
                let program = Program::start(self.dir, &mut command, "");
                let port = line(&program, "listening")?.parse().unwrap();
                let ours = Side::client(self.dir, self.ours).with(self.policy.clone());
                let outcome = call(port, &ours, REQUEST, "\n");
                Some((outcome, line(&program, "")?))
            }
            Role::Client => {
                let ours = Server::of(Side::server(self.dir, self.ours).with(self.policy.clone()));
                let program = Program::start(self.dir, command.arg(ours.port.to_string()), "");
                let theirs = line(&program, "")?;
                Some((ours.outcome(), theirs))
            }
        }
    }

    /// Both have accepted the right peer, and report the same parameters. `None`: the peer does not support this.
    fn succeeds(&self) -> Option<Met> {
        let (Ok(met), theirs) = self.take_place()? else { return None };
        let expected = match self.role {
            Role::Client => ["CN=server", "localhost"],
            Role::Server => ["CN=client", "spiffe://example.org/client"],
        };
        let (whom, said) = theirs.strip_prefix("met ").and_then(|rest| rest.split_once(" | ")).expect(&theirs);
        let retried = if met.info.retried() { "retried" } else { "once" };
        let (suite, group) = (met.info.cipher_suite().to_string(), met.info.group().to_string());
        let agreed = [expected[0], expected[1], &suite, &group, retried];
        let agrees = |(they, we): (&str, &str)| they == "?" || they == we;
        assert!(whom.split(' ').count() == 5 && whom.split(' ').zip(agreed).all(agrees), "{whom}, not {agreed:?}");
        // Data was sent in both directions.
        match self.role {
            Role::Client => assert!(met.whom.starts_with("CN=client, ") && said.starts_with("HTTP/1.1 200"), "{met:?}"),
            Role::Server => {
                assert!(met.whom.starts_with("CN=server, ") && said.starts_with("GET / HTTP/1.0"), "{met:?} {said}");
                assert_eq!(met.said, format!("the peer met {whom}\n"));
            }
        }
        Some(met)
    }

    /// The results of both in words, for a failure.
    fn fails(&self) -> (String, String) {
        match self.take_place() {
            Some((Err(ours), theirs)) => (ours, theirs),
            other => panic!("{} {}: {other:?}", self.theirs, self.ours),
        }
    }
}

/// The first line after this point that begins like this: a server's port, otherwise the program's result. `None`: not
/// supported.
fn line(program: &Program, first: &str) -> Option<String> {
    let end = Instant::now() + PATIENCE;
    loop {
        let said = program.said();
        for line in said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("cannot", _) => return None,
                (word, rest) if word == first => return Some(rest.to_string()),
                ("met" | "refused", _) => return Some(line.to_string()),
                _ => {}
            }
        }
        assert!(Instant::now() < end, "it never said how it went, but:\n{said}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs all tests, and compares the results with those seen before.
pub fn meets(peer: &Peer) {
    let (dir, post_quantum) = (pki::make(), ml_dsa());
    let mut seen =
        Seen::of(peer.name, &line(&Program::start(&dir, peer.command().arg("version"), ""), "version").unwrap());
    for role in [Role::Server, Role::Client] {
        let meeting = || Meeting::new(peer, role, &dir);
        let met = meeting().succeeds().expect("the defaults agree");
        seen.add(role, "default", [format!("{} {}", met.info.cipher_suite(), met.info.group())]);

        let suite = |suite: &CipherSuite| {
            let policy = Policy::new().cipher_suites(&[*suite]);
            Meeting { policy, ..meeting() }.succeeds().map(|_| suite.to_string())
        };
        seen.add(role, "suites", SUITES.iter().filter_map(suite));

        let group = |group: &NamedGroup| {
            let policy = Policy::new().groups(&[*group]);
            Meeting { policy, groups: &[*group], ..meeting() }.succeeds().map(|_| group.to_string())
        };
        seen.add(role, "groups", GROUPS.iter().filter_map(group));

        let retry = |both: &[NamedGroup; 2]| {
            let (ours, theirs) = match role {
                Role::Client => (&both[1..], &both[..]),
                Role::Server => (&both[..], &both[1..]),
            };
            let met = Meeting { policy: Policy::new().groups(ours), groups: theirs, ..meeting() }.succeeds()?;
            met.info.retried().then(|| format!("{} to {}", both[0], both[1]))
        };
        seen.add(role, "retried", RETRIES.iter().filter_map(retry));

        let signatures = |met: Option<Met>| met.map(|met| met.info.peer_scheme().to_string());
        let kind = |kind: &&str| {
            let (ours, theirs) = (format!("{}-{kind}", meeting().ours), format!("{}-{kind}", meeting().theirs));
            signatures(Meeting { ours: &ours, theirs: &theirs, ..meeting() }.succeeds())
        };
        let ml_dsa = signatures(Meeting { dir: &post_quantum, ..meeting() }.succeeds());
        let p256 = Some(met.info.peer_scheme().to_string());
        seen.add(role, "signatures", p256.into_iter().chain(pki::KINDS.iter().filter_map(kind)).chain(ml_dsa));

        seen.add(role, "refuses us", they_refuse(peer, role, &dir));
        seen.add(role, "is refused", we_refuse(peer, role, &dir));
    }
    seen.compare();
}

/// The alerts that a peer sends for our certificates.
fn they_refuse(peer: &Peer, role: Role, dir: &Dir) -> Vec<String> {
    let meeting = || Meeting::new(peer, role, dir);
    let told = |what: &str| {
        let ours = format!("{what}-{}", meeting().ours);
        let (outcome, theirs) = Meeting { ours: &ours, ..meeting() }.take_place().expect("it can");
        assert!(theirs.starts_with("refused "), "{theirs}");
        match outcome {
            Err(sentence) => {
                let Some((_, alert)) = sentence.rsplit_once("; alert ") else { return "no alert".to_string() };
                let (alert, _) = alert.split_once(" received").expect(&sentence);
                alert.to_string()
            }
            // It judges after the handshake.
            Ok(met) => {
                assert_eq!(met.said, "");
                "no alert".to_string()
            }
        }
    };
    let stranger = peer.judges.then(|| format!("{} (another CA)", told("stranger")));
    let revoked = peer.reads_crls.then(|| format!("{} (revoked)", told("revoked")));
    stranger.into_iter().chain(revoked).collect()
}

/// The alerts that we send for the peer's certificates. It must report them.
fn we_refuse(peer: &Peer, role: Role, dir: &Dir) -> Vec<String> {
    let meeting = || Meeting::new(peer, role, dir);
    let hears = |meeting: Meeting<'_>, alert: &str, why: &str| {
        let (sentence, theirs) = meeting.fails();
        assert!(sentence.contains(&format!("alert {alert} sent")), "{sentence}");
        assert!(theirs.starts_with("refused ") && theirs.contains(&(peer.hears)(alert)), "{alert}: {theirs}");
        format!("{alert} ({why})")
    };
    let [stranger, revoked] = ["stranger", "revoked"].map(|what| format!("{what}-{}", meeting().theirs));
    let last = match role {
        Role::Client => hears(Meeting { theirs: "-", ..meeting() }, "certificate_required", "no certificate"),
        Role::Server => hears(Meeting { asks: false, ..meeting() }, "handshake_failure", "it does not ask for ours"),
    };
    vec![
        hears(Meeting { theirs: &stranger, ..meeting() }, "unknown_ca", "another CA"),
        hears(Meeting { theirs: &revoked, ..meeting() }, "certificate_revoked", "revoked"),
        last,
    ]
}

/// The directory `pki` of vectors/ml_dsa: `server` (ML-DSA-65) and `client` (ML-DSA-44) below ML-DSA-65 and ML-DSA-87.
fn ml_dsa() -> Dir {
    let dir = Dir::new();
    fs::create_dir(dir.path("pki")).unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/ml_dsa");
    let files = ["server.pem", "server.key", "client.pem", "client.key", "crl.pem"];
    for (from, to) in files.map(|name| (name, name)).into_iter().chain([("root.pem", "ca.pem")]) {
        fs::copy(vectors.join(from), dir.path(&format!("pki/{to}"))).unwrap();
    }
    dir
}
