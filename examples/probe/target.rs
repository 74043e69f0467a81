//! The end that is attacked: how a connection to it begins, what is said to it, and how it answers the good and the bad.

use crate::mint::Identities;
use crate::net::{self, Limits, Preamble, Tap, Unplayed, Waits};
use crate::resembling::{self, is_in_the_domain};
use crate::resumption;
use countersign::adversary::catalogue::{Case, NameKind, Resembling, Who, all, good};
use countersign::adversary::judge::{Baseline, CannotJudge};
use countersign::adversary::peer::{Edit, Peer};
use countersign::adversary::run::{End, Outcome, Run};
use countersign::internals::crypto::random;
use countersign::{AlertDescription, HandshakeType, Role, SignatureScheme, Suite};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How a connection begins.
pub(crate) enum Line {
    /// We call.
    Dial(SocketAddr, Preamble),
    /// The target calls, by itself or because this command makes it.
    Accept(TcpListener, Option<String>),
}

/// What the peer says besides the handshake.
pub(crate) struct Words {
    pub(crate) server_name: String,
    pub(crate) alpn: Vec<Vec<u8>>,
    /// What the application is asked; `*` stands for a marker that is new in each connection.
    pub(crate) ask: Vec<u8>,
}

pub(crate) struct Target {
    pub(crate) role: Role,
    pub(crate) line: Line,
    pub(crate) words: Words,
    pub(crate) identities: Identities,
    /// What the application says to those whom it refuses.
    pub(crate) refusal: Vec<u8>,
    pub(crate) waits: Waits,
    pub(crate) limits: Limits,
}

/// What came of a connection, and its marker.
pub(crate) type Played = (Outcome, Vec<u8>);

/// Kills the command's process with the connection.
struct Caller(Option<Child>);

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A connection, and the command that made it.
pub(crate) struct Connection {
    stream: TcpStream,
    _caller: Caller,
}

impl std::ops::Deref for Connection {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.stream
    }
}

impl Target {
    /// Plays a case once.
    pub(crate) fn play(&self, case: &Case, tap: Tap<'_>) -> Result<Played, Unplayed> {
        self.play_with_keys(case, tap, &mut String::new())
    }

    /// The same, and gives the connection's key log.
    pub(crate) fn play_with_keys(&self, case: &Case, tap: Tap<'_>, keys: &mut String) -> Result<Played, Unplayed> {
        if !self.limits.wait() {
            return Err(Unplayed::TimeIsUp);
        }
        if case.name.starts_with("resumption/") {
            return resumption::play(self, case, tap, keys).map_err(Unplayed::NotOffered);
        }
        let (stream, mut run, marker) = self.begin(case, Vec::new()).map_err(Unplayed::Unreachable)?;
        let outcome = net::play(&stream, &mut run, self.waits, &self.limits, tap);
        keys.push_str(&run.peer().key_log());
        Ok((outcome, marker))
    }

    /// A connection, and the run that is to be played on it; and its marker.
    pub(crate) fn begin<'a>(
        &'a self,
        case: &Case,
        edits: Vec<(HandshakeType, Edit<'a>)>,
    ) -> io::Result<(Connection, Run<'a>, Vec<u8>)> {
        let identity =
            self.identities.there.get(&case.who).ok_or_else(|| io::Error::other("there is no such identity"))?;
        let mut random = [0; 72];
        random::fill(&mut random).map_err(io::Error::other)?;
        let marker = random[64..].iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
        let mut peer = Peer::new(self.role.peer(), identity);
        peer.random.copy_from_slice(&random[..32]);
        peer.session_id = random[32..64].to_vec();
        peer.more_suites = vec![Suite::Aes256GcmSha384, Suite::ChaCha20Poly1305Sha256];
        peer.schemes = SCHEMES.to_vec();
        peer.server_name = self.words.server_name.clone().into_bytes();
        peer.alpn.clone_from(&self.words.alpn);
        peer.edits = edits;
        let ask = self.words.ask.split(|byte| *byte == b'*').collect::<Vec<_>>().join(&marker[..]);
        Ok((self.connect()?, Run::new(peer, case.script.clone(), ask), marker))
    }

    fn connect(&self) -> io::Result<Connection> {
        match &self.line {
            Line::Dial(address, preamble) => {
                Ok(Connection { stream: net::connect(*address, self.waits, preamble)?, _caller: Caller(None) })
            }
            Line::Accept(listener, command) => {
                let child = command.as_ref().map(|command| {
                    let mut shell = Command::new("sh");
                    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
                });
                let caller = Caller(child.transpose()?);
                let stream = accept(listener, self.waits.connect)?;
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(self.waits.answer))?;
                Ok(Connection { stream, _caller: caller })
            }
        }
    }

    /// Two good peers and some bad ones: how they are told apart; and how fast the target answers. The good come first.
    pub(crate) fn baseline(&mut self) -> Result<Baseline, String> {
        let mut served = Vec::new();
        let mut longest = Duration::ZERO;
        for _ in 0..2 {
            let began = Instant::now();
            let mut heard = began;
            let mut tap = |ours: bool, _: &[u8]| heard = if ours { heard } else { Instant::now() };
            let played = match self.play(&good(self.role), &mut tap) {
                Ok(played) => played,
                Err(Unplayed::Unreachable(error)) => return Err(format!("The target cannot be reached: {error}.")),
                Err(Unplayed::NotOffered(_) | Unplayed::TimeIsUp) => return Err("No time was left.".into()),
            };
            longest = longest.max(heard - began);
            served.push(played);
        }
        let (first, _) = &served[0];
        if first.answer.is_empty() {
            let hint = match self.role {
                _ if first.end.alert() == Some(AlertDescription::PROTOCOL_VERSION) => "It does not speak TLS 1.3.",
                Role::Server => {
                    "If its application answers only when asked in its own protocol, give the question by --ask; if it \
                     serves certain names only, give one by --dns or --spiffe, or an identity by --cert and --key."
                }
                Role::Client => {
                    "If the client waits to be spoken to, give what is said by --ask; its name for us by --name."
                }
            };
            return Err(format!(
                "{} The run with a good certificate ended so: {}. {hint}",
                capital(&CannotJudge::NoAnswer.to_string()),
                crate::words::end(first)
            ));
        }
        let cases = all(self.role);
        let (mut refused, mut longest_refusal) = (Vec::new(), Duration::ZERO);
        for name in ["finished/flipped", "certificate/none", "certificate/other-ca"] {
            let Some(case) = cases.iter().find(|case| case.name == name) else { continue };
            let began = Instant::now();
            if let Ok(played) = self.play(case, &mut |_, _| {}) {
                if played.0.end != End::Silent {
                    longest_refusal = longest_refusal.max(began.elapsed());
                }
                refused.push(played);
            }
        }
        // What answers in 10 ms is not given two seconds each time. Some wait on purpose before they refuse.
        let enough = (longest * 10).max(longest_refusal * 3).max(Duration::from_millis(500));
        self.waits.answer = self.waits.answer.min(enough);
        self.waits.pause = self.waits.pause.min((longest * 3).max(Duration::from_millis(100)));
        let baseline = Baseline::new(self.role, &served, &refused).map_err(|error| capital(&error.to_string()))?;
        let baseline = baseline.refuses_by(&self.refusal);
        match served.iter().all(|(outcome, marker)| baseline.served(outcome, marker)) {
            true => Ok(baseline),
            false => Err("A good peer heard what --refusal says.".into()),
        }
    }

    /// Tries whether the target serves any name, or a whole domain, and says so in a sentence each. The cases that would
    /// then tell nothing are left out.
    pub(crate) fn try_other_names(&mut self, baseline: &Baseline) -> Vec<String> {
        let serves = |target: &Target, who| {
            let case = Case { who, ..good(target.role) };
            let played = target.identities.there.contains_key(&who).then(|| target.play(&case, &mut |_, _| {}));
            matches!(played, Some(Ok((outcome, marker))) if baseline.served(&outcome, &marker))
        };
        let mut sentences = Vec::new();
        let named = self.identities.there.keys().any(|who| matches!(who, Who::Resembling(..)));
        // For a client this is a case by itself.
        if self.role == Role::Server && named && serves(self, Who::WrongName) {
            let why = format!("the target does not check names: it serves {} too", resembling::ELSEWHERE);
            self.identities.leave_out(|who| matches!(who, Who::Resembling(..)), &why);
            sentences.push(why);
        }
        for (kind, domain) in [(NameKind::Dns, "domain"), (NameKind::Spiffe, "trust domain")] {
            if serves(self, Who::Resembling(kind, Resembling::Sibling)) {
                let why = format!("the target serves other names of the same {domain} too");
                let inside = |who| matches!(who, Who::Resembling(k, which) if k == kind && is_in_the_domain(k, which));
                self.identities.leave_out(inside, &why);
                sentences.push(why);
            }
        }
        sentences
    }

    /// Why a case is not played.
    pub(crate) fn skips(&self, case: &Case) -> Option<String> {
        match self.identities.there.contains_key(&case.who) {
            true => None,
            false => Some(self.identities.missing.get(&case.who).cloned().unwrap_or_else(|| missing(case.who))),
        }
    }
}

fn missing(who: Who) -> String {
    format!("there is no identity {who:?}")
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default() + "."
}

/// Waits for a connection.
fn accept(listener: &TcpListener, patience: Duration) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let end = Instant::now() + patience;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::Error::other(format!("nobody called within {} s", patience.as_secs())));
            }
            Err(error) => return Err(error),
        }
    }
}

/// What the peer lists: with RSA also what certificates are signed with.
const SCHEMES: [SignatureScheme; 9] = [
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];
