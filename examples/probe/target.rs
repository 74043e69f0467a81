//! The end that is attacked: how a connection to it begins, what is said to it, and how it answers the good and the bad.

use crate::caller::{Caller, accept};
use crate::http;
use crate::mint::Identities;
use crate::net::{self, Limits, Preamble, Tap, Unplayed, Waits};
use crate::resembling::{self, is_in_the_domain};
use crate::resumption;
use countersign::adversary::catalogue::{Case, NameKind, Resembling, Who, good};
use countersign::adversary::judge::Baseline;
use countersign::adversary::peer::{Edit, Peer};
use countersign::adversary::run::{End, Outcome, Run};
use countersign::internals::codec::ClientHello;
use countersign::internals::crypto::random;
use countersign::{HandshakeType, Role, SignatureScheme, Suite};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
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

/// What is known of a played case besides its outcome.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) keys: String,
    /// The number of the connection that counts, if a command made several.
    pub(crate) connection: usize,
    /// The target spoke plaintext.
    pub(crate) plaintext: bool,
    /// A later connection of the same command offered older versions only.
    pub(crate) older: bool,
    /// How long the first connection took.
    pub(crate) took: Duration,
}

/// How long a command may take to call again after a connection has ended; and how long once a command has not done so.
const AGAIN: Duration = Duration::from_millis(800);
const SHORTLY: Duration = Duration::from_millis(100);

/// A connection, and the command that made it.
pub(crate) struct Connection {
    stream: TcpStream,
    caller: Option<Caller>,
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
        self.play_with_notes(case, tap, &mut Notes::default())
    }

    /// The same, with notes. If a command calls several times, the case is played on each connection. The first one with
    /// application data counts, or else the first.
    pub(crate) fn play_with_notes(&self, case: &Case, tap: Tap<'_>, notes: &mut Notes) -> Result<Played, Unplayed> {
        if !self.limits.wait() {
            return Err(Unplayed::TimeIsUp);
        }
        if case.name.starts_with("resumption/") {
            return resumption::play(self, case, tap, &mut notes.keys).map_err(Unplayed::NotOffered);
        }
        let (mut connection, mut run, mut marker) = self.begin(case, Vec::new()).map_err(Unplayed::Unreachable)?;
        let mut counts: Option<Played> = None;
        for number in 1.. {
            let mut beginning = Vec::new();
            let mut both = |ours: bool, bytes: &[u8]| {
                tap(ours, bytes);
                if !ours && beginning.len() < 256 {
                    beginning.extend_from_slice(bytes);
                }
            };
            let began = Instant::now();
            let outcome = net::play(&connection, &mut run, self.waits, &self.limits, &mut both);
            if number == 1 {
                notes.took = began.elapsed();
            }
            let mut outcome = http::heard(case, outcome);
            // The content types of TLS are 20 to 23.
            let plaintext = beginning.first().is_some_and(|first| !(20..=23).contains(first));
            if plaintext {
                (outcome.end, outcome.answer) = (End::Answered, beginning);
            }
            notes.keys.push_str(&run.peer().key_log());
            notes.older |= number > 1 && offers_no_tls13(run.peer());
            let speaks = !outcome.answer.is_empty();
            if counts.is_none() || speaks {
                (notes.connection, notes.plaintext) = (number, plaintext);
                counts = Some((outcome, marker));
            }
            if speaks || !self.calls_again(case, &mut connection).map_err(Unplayed::Unreachable)? {
                break;
            }
            (run, marker) = self.run(case, Vec::new()).map_err(Unplayed::Unreachable)?;
        }
        counts.ok_or(Unplayed::TimeIsUp)
    }

    /// Waits for another connection of the command, which takes the place of this one.
    fn calls_again(&self, case: &Case, connection: &mut Connection) -> io::Result<bool> {
        let (Line::Accept(listener, _), Some(caller)) = (&self.line, &mut connection.caller) else { return Ok(false) };
        // A client that waits for our end sees it.
        let _ = connection.stream.shutdown(std::net::Shutdown::Both);
        let lingers = self.limits.lingers.load(Ordering::Relaxed);
        if lingers && !case.quick {
            return Ok(false);
        }
        match accept(listener, if lingers { SHORTLY } else { AGAIN }, Some(caller)) {
            Ok(stream) => {
                connection.stream = self.accepted(stream)?;
                Ok(true)
            }
            Err(error) => {
                self.limits.lingers.fetch_or(error.kind() == io::ErrorKind::TimedOut, Ordering::Relaxed);
                Ok(false)
            }
        }
    }

    /// A connection, and the run that is to be played on it; and its marker.
    pub(crate) fn begin<'a>(
        &'a self,
        case: &Case,
        edits: Vec<(HandshakeType, Edit<'a>)>,
    ) -> io::Result<(Connection, Run<'a>, Vec<u8>)> {
        let (run, marker) = self.run(case, edits)?;
        Ok((self.connect()?, run, marker))
    }

    fn run<'a>(&'a self, case: &Case, edits: Vec<(HandshakeType, Edit<'a>)>) -> io::Result<(Run<'a>, Vec<u8>)> {
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
        let ask = http::question(case, &ask);
        Ok((Run::new(peer, case.script.clone(), ask), marker))
    }

    fn connect(&self) -> io::Result<Connection> {
        match &self.line {
            Line::Dial(address, preamble) => {
                Ok(Connection { stream: net::connect(*address, self.waits, preamble)?, caller: None })
            }
            Line::Accept(listener, command) => {
                let mut caller = command.as_deref().map(Caller::start).transpose()?;
                let stream = self.accepted(accept(listener, self.waits.connect, caller.as_mut())?)?;
                Ok(Connection { stream, caller })
            }
        }
    }

    fn accepted(&self, stream: TcpStream) -> io::Result<TcpStream> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(self.waits.answer))?;
        Ok(stream)
    }

    /// Tries whether the target serves any name, or a whole domain, and says so in a sentence each. The cases that would
    /// then tell nothing are left out.
    pub(crate) fn try_other_names(&mut self, baseline: &Baseline) -> Vec<String> {
        let mut sentences = Vec::new();
        let named = self.identities.there.keys().any(|who| matches!(who, Who::Resembling(..)));
        // For a client this is a case by itself.
        if self.role == Role::Server && named && self.serves(baseline, Who::WrongName) {
            let why = format!("the target does not check names: it serves {} too", resembling::ELSEWHERE);
            self.identities.leave_out(|who| matches!(who, Who::Resembling(..)), &why);
            sentences.push(why);
        }
        for (kind, domain) in [(NameKind::Dns, "domain"), (NameKind::Spiffe, "trust domain")] {
            if self.serves(baseline, Who::Resembling(kind, Resembling::Sibling)) {
                let why = format!("the target serves other names of the same {domain} too");
                let inside = |who| matches!(who, Who::Resembling(k, which) if k == kind && is_in_the_domain(k, which));
                self.identities.leave_out(inside, &why);
                sentences.push(why);
            }
        }
        sentences
    }

    /// Tries whether the target has the intermediate itself. Then it may find the path through it, whatever is sent (RFC 5280
    /// §6.1), and is right to serve whoever sends a bad certificate of the same intermediate along.
    pub(crate) fn try_without_issuer(&mut self, baseline: &Baseline) -> Option<String> {
        // One that serves everybody has nothing.
        if !self.serves(baseline, Who::GoodWithoutIssuer) || self.serves(baseline, Who::OtherCa) {
            return None;
        }
        let why = "the target has the certificate of --issuer itself, so it need not use one that is sent";
        let below = |who| matches!(who, Who::ExpiredIntermediate | Who::Constrained | Who::RevokedIntermediate);
        self.identities.leave_out(below, why);
        Some(why.into())
    }

    /// Plays a peer that is good but for who it is, if there is such an identity.
    fn serves(&self, baseline: &Baseline, who: Who) -> bool {
        let case = Case { who, ..good(self.role) };
        let played = self.identities.there.contains_key(&who).then(|| self.play(&case, &mut |_, _| {}));
        matches!(played, Some(Ok((outcome, marker))) if baseline.served(&outcome, &marker))
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

/// The client offers nothing that can be tried here.
fn offers_no_tls13(peer: &Peer<'_>) -> bool {
    ClientHello::parse(&peer.client_hello).is_ok_and(|hello| {
        let versions = hello.extensions.supported_versions();
        !versions.is_ok_and(|list| list.is_some_and(|list| list.iter().any(|version| version == 0x0304)))
    })
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
