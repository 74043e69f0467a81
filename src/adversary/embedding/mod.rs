//! Checks a program's loop around the state machine: its embedding.
//!
//! The state machine does the protocol, and its host has a few duties. The host reads and writes what is wanted, and
//! continues where it was interrupted. It sends the alert before it ends. It treats the end of the transport as an
//! error, and does not lose bytes that came after the handshake. [`Embedding`] gives the loop a transport ([`Wire`])
//! whose other end is a scripted [`Peer`], disturbs the loop in all these ways, and names the duty that it omits
//! ([`Fault`]).
//!
//! The loop may be of any kind, in either role. It is a closure. It does the handshake over the wire, echoes data until
//! the peer's close_notify, closes, and returns `Ok`. Otherwise it returns an error. `WouldBlock` means that it was
//! interrupted: it is called again.
//!
//! ```
//! use countersign::adversary::{Identity, embedding::{Embedding, Wire}};
//! use countersign::x509::Answerer;
//! use countersign::{Error, ErrorKind, Event, Handshake, Inbox, Misuse, Outbox, Policy, Role, Seed, Session, Want};
//! use std::io::{self, Read, Write};
//!
//! /// The loop to be checked: yours. This one echoes.
//! struct Connection {
//!     handshake: Handshake<Policy>,
//!     answerer: Answerer,
//!     session: Option<Session>,
//!     closed: bool,
//!     rx: Inbox<Vec<u8>>,
//!     tx: Outbox<Vec<u8>>,
//! }
//!
//! impl Connection {
//!     fn go_on(&mut self, io: &mut (impl Read + Write)) -> io::Result<()> {
//!         loop {
//!             let wants_read = match &mut self.session {
//!                 None => match self.handshake.drive(&mut self.rx, &mut self.tx) {
//!                     Ok(Want::Write) => false,
//!                     Ok(Want::Read) => true,
//!                     Ok(Want::Done) => {
//!                         self.session = Some(self.handshake.finish().map_err(io::Error::other)?);
//!                         false
//!                     }
//!                     Ok(question) => {
//!                         let answer = self.answerer.answer(&mut self.handshake, &question, &self.rx, &mut self.tx);
//!                         match answer {
//!                             Err(Misuse::NoRoom { needed }) => self.tx.grow(needed),
//!                             answer => drop(answer.map_err(io::Error::other)?),
//!                         }
//!                         false
//!                     }
//!                     Err(error) => {
//!                         self.failed(error, io)?;
//!                         false
//!                     }
//!                 },
//!                 Some(_) if self.closed => {
//!                     self.flush(io)?;
//!                     return Ok(());
//!                 }
//!                 Some(session) => match session.receive(&mut self.rx, &mut self.tx) {
//!                     Ok(Event::Read) => true,
//!                     Ok(Event::Data) => {
//!                         let n = session.write(self.rx.data(), &mut self.tx).map_err(io::Error::other)?;
//!                         self.rx.consume(n);
//!                         false
//!                     }
//!                     Ok(Event::Closed) => {
//!                         session.close(&mut self.tx).map_err(io::Error::other)?;
//!                         self.closed = true;
//!                         false
//!                     }
//!                     Ok(_) => false,
//!                     Err(error) => {
//!                         self.failed(error, io)?;
//!                         false
//!                     }
//!                 },
//!             };
//!             self.flush(io)?;
//!             if wants_read {
//!                 let n = io.read(self.rx.space())?;
//!                 self.rx.filled(n);
//!             }
//!         }
//!     }
//!
//!     fn flush(&mut self, io: &mut impl Write) -> io::Result<()> {
//!         while !self.tx.pending().is_empty() {
//!             let n = io.write(self.tx.pending())?;
//!             self.tx.sent(n);
//!         }
//!         Ok(())
//!     }
//!
//!     fn failed(&mut self, error: Error, io: &mut impl Write) -> io::Result<()> {
//!         match error.kind() {
//!             ErrorKind::InboxTooSmall { needed } => self.rx.grow(needed),
//!             ErrorKind::OutboxTooSmall { needed } => self.tx.grow(needed),
//!             _ => {
//!                 self.flush(io)?; // the alert
//!                 return Err(io::Error::other(error));
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use countersign::x509::{self, Expect, Identities, Reloadable, SigningKey, Trust};
//! # use rustls_pki_types::{PrivatePkcs8KeyDer, UnixTime};
//! # use std::sync::Arc;
//! # let mut params = rcgen::CertificateParams::default();
//! # params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
//! # params.distinguished_name.push(rcgen::DnType::CommonName, "root");
//! # params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
//! # let root = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate()?)?;
//! # let issue = |name: &str| -> Result<Identity, Box<dyn std::error::Error>> {
//! #     let mut params = rcgen::CertificateParams::new(vec![name.to_owned()])?;
//! #     params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
//! #     params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
//! #     let key = rcgen::KeyPair::generate()?;
//! #     let chain = vec![params.signed_by(&key, &root)?.der().clone()];
//! #     Ok(Identity { chain, key: SigningKey::from_der(&key.serialize_der())? })
//! # };
//! # let (ours, theirs) = (issue("server.test")?, issue("client.test")?);
//! # let identities = Arc::new(Reloadable::new(Identities::new(x509::Identity::new(ours.chain, ours.key)?)));
//! # let trust = Arc::new(Reloadable::new(Trust::from_roots("root", root.pem().as_bytes())?));
//! // `theirs`: an identity that our end accepts.
//! let report = Embedding::new(Role::Server, &theirs).check_blocking(|mut wire: Wire| {
//!     let mut connection = Connection {
//!         handshake: Handshake::server(Policy::new(), Seed::random().unwrap()),
//! #       answerer: Answerer::new(Arc::clone(&identities), Arc::clone(&trust), Arc::from([Expect::AnyTrusted]), UnixTime::now()),
//! #       session: None,
//! #       closed: false,
//!         rx: Inbox::new(vec![0; 4096]),
//!         tx: Outbox::new(vec![0; 4096]),
//!         // and so on
//!     };
//!     move || {
//!         wire.answer()?; // in a loop with a signer elsewhere: where it is asked
//!         connection.go_on(&mut wire)
//!     }
//! });
//! assert!(report.findings.is_empty(), "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! An asynchronous loop is an asynchronous closure, polled without a runtime:
//! `check_async(|wire| { let mut connection = ...; async move || connection.go_on(&wire).await })`. Its future is dropped
//! where it waits, and made anew; see [`Left`] for loops that cannot bear that. [`Embedding::fuzz_blocking`] and
//! [`Embedding::fuzz_async`] take the cuts from a fuzzer's bytes.
//!
//! **What it cannot see**: deadlines, since there is no clock; what happens between threads; a loop that runs forever
//! without calling the transport.

mod case;
mod fault;
mod wire;
#[cfg(feature = "tokio")]
mod with_tokio;

pub use case::Left;
pub use fault::Fault;
pub use wire::Wire;

use super::Identity;
use super::peer::Peer;
use crate::codec::AlertDescription;
use crate::role::Role;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use case::{Act, Answers, Case, Right, cases};
use core::fmt;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use core::task::{Context, Poll, Waker};
use std::io;
use wire::State;

/// The check of one embedding.
pub struct Embedding<'a> {
    ours: Role,
    identity: &'a Identity,
    left: Left,
    prepare: &'a dyn Fn(&mut Peer<'a>),
}

/// A duty that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub fault: Fault,
    /// What was tried.
    pub case: &'static str,
    /// How the loop ended.
    pub ended: String,
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Duties that were not done. None: the embedding is in order, as far as it was tried.
    pub findings: Vec<Finding>,
    /// What could not be tried with this loop: questions that it does not ask by [`Wire::answer`], a loop that is never left, messages
    /// that its policy refuses for their length.
    pub untried: Vec<&'static str>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { fault, case, ended } in &self.findings {
            writeln!(f, "{} ({case}): {fault}. The loop ended: {ended}", fault.name())?;
        }
        if !self.untried.is_empty() {
            writeln!(f, "not tried: {}", self.untried.join(", "))?;
        }
        Ok(())
    }
}

/// How a loop ended; `None`: it did not.
type Ended = Option<io::Result<()>>;

impl<'a> Embedding<'a> {
    /// A loop of this role, which accepts `peer`. As a server the peer does what a client does that asks for
    /// `server.test`.
    pub fn new(role: Role, peer: &'a Identity) -> Embedding<'a> {
        Embedding { ours: role, identity: peer, left: Left::Anywhere, prepare: &|_| {} }
    }

    /// Where the loop may be left.
    pub fn left(mut self, left: Left) -> Embedding<'a> {
        self.left = left;
        self
    }

    /// Changes each peer before it begins: another server name, ALPN, suites.
    pub fn prepare(mut self, prepare: &'a dyn Fn(&mut Peer<'a>)) -> Embedding<'a> {
        self.prepare = prepare;
        self
    }

    /// Checks a loop that blocks, or returns `WouldBlock` where it is to be called again. `new` begins a connection.
    pub fn check_blocking<L: FnMut() -> io::Result<()>>(&self, mut new: impl FnMut(Wire<'a>) -> L) -> Report {
        self.check(&mut |wire| run_blocking(new(wire.clone()), wire))
    }

    /// Checks an asynchronous loop.
    pub fn check_async<L: AsyncFnMut() -> io::Result<()>>(&self, mut new: impl FnMut(Wire<'a>) -> L) -> Report {
        self.check(&mut |wire| run_async(new(wire.clone()), wire))
    }

    /// One connection of a loop that blocks, cut as a fuzzer wants: its first byte chooses what the peer does.
    pub fn fuzz_blocking<L: FnMut() -> io::Result<()>>(
        &self,
        input: &[u8],
        mut new: impl FnMut(Wire<'a>) -> L,
    ) -> Report {
        self.fuzz(input, &mut |wire| run_blocking(new(wire.clone()), wire))
    }

    /// The same with an asynchronous loop.
    pub fn fuzz_async<L: AsyncFnMut() -> io::Result<()>>(
        &self,
        input: &[u8],
        mut new: impl FnMut(Wire<'a>) -> L,
    ) -> Report {
        self.fuzz(input, &mut |wire| run_async(new(wire.clone()), wire))
    }

    fn check(&self, run: &mut dyn FnMut(&Wire<'a>) -> Ended) -> Report {
        let mut report = Report::default();
        for case in cases(self.ours.peer()) {
            if case.left && self.left == Left::Never {
                report.untried.push(case.name);
                continue;
            }
            self.one(&case, None, run, &mut report);
            if case.is_control() && !report.findings.is_empty() {
                break;
            }
        }
        report
    }

    fn fuzz(&self, input: &[u8], run: &mut dyn FnMut(&Wire<'a>) -> Ended) -> Report {
        let mut report = Report::default();
        let cases = cases(self.ours.peer());
        let (first, cuts) = input.split_first().unwrap_or((&0, &[]));
        if let Some(case) = usize::from(*first).checked_rem(cases.len()).and_then(|at| cases.get(at)) {
            self.one(case, Some(cuts), run, &mut report);
        }
        report
    }

    fn one(&self, case: &Case, cuts: Option<&[u8]>, run: &mut dyn FnMut(&Wire<'a>) -> Ended, report: &mut Report) {
        let mut peer = Peer::new(self.ours.peer(), self.identity);
        (self.prepare)(&mut peer);
        let wire = Wire::new(peer, case, cuts, self.left);
        let ended = run(&wire);
        let mut state = wire.state();
        state.play();
        let long_refused = case.right == Right::ServedOrRefused && is_told(&state) && !matches!(ended, Some(Ok(())));
        let unasked = case.answers != Answers::AtOnce && !state.asked;
        if unasked || long_refused {
            report.untried.push(case.name);
        } else if let Some(fault) = judge(case, &ended, &state) {
            let ended = match ended {
                None => "not at all".into(),
                Some(Ok(())) => "in order".into(),
                Some(Err(error)) => error.to_string(),
            };
            report.findings.push(Finding { fault, case: case.name, ended });
        }
    }
}

impl Case {
    fn is_control(&self) -> bool {
        self.fault == Fault::ControlFails
    }
}

/// What is wrong with how it ended.
fn judge(case: &Case, ended: &Ended, state: &State<'_>) -> Option<Fault> {
    let in_order = matches!(ended, Some(Ok(())));
    if let Some(fault @ (Fault::NoSpace | Fault::ReadsBehindEnd)) = state.fault {
        return Some(fault);
    }
    let stuck = state.fault == Some(Fault::Stuck);
    let fault = match case.right {
        Right::Served | Right::ServedOrRefused => {
            let echoed = state.peer.data() == state.sent;
            let closed = state.alerts().any(|alert| alert == AlertDescription::CLOSE_NOTIFY);
            let waits_for_close = state.awaits() == Some(Act::AwaitAlert) && echoed && !closed;
            match (in_order, stuck) {
                (true, _) if is_told(state) => Fault::ErrorTakenForEnd,
                (true, _) if echoed && state.key_update_is_owed() => Fault::KeyUpdateNotAnswered,
                (true, _) if echoed && !closed => Fault::CloseNotSent,
                (true, _) if echoed => return None,
                (true, _) if case.is_control() => Fault::DataLost,
                (false, true) if waits_for_close => Fault::CloseNotSent,
                (false, true) if case.is_control() => Fault::Stuck,
                _ => case.fault,
            }
        }
        Right::Refused | Right::Failed if in_order => case.fault,
        Right::Refused if !is_told(state) => Fault::AlertNotSent,
        _ if stuck => Fault::Stuck,
        _ => return None,
    };
    Some(fault)
}

/// The embedding has sent an alert that is an error.
fn is_told(state: &State<'_>) -> bool {
    state.alerts().any(|alert| alert != AlertDescription::CLOSE_NOTIFY)
}

fn run_blocking(mut go_on: impl FnMut() -> io::Result<()>, wire: &Wire<'_>) -> Ended {
    while wire.state().goes_on() {
        match go_on() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            ended => return Some(ended),
        }
    }
    None
}

/// Notes that it was woken.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

fn run_async(mut go_on: impl AsyncFnMut() -> io::Result<()>, wire: &Wire<'_>) -> Ended {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    while wire.state().goes_on() {
        let mut future = pin!(go_on());
        loop {
            woken.0.store(false, SeqCst);
            if let Poll::Ready(ended) = future.as_mut().poll(&mut cx) {
                return Some(ended);
            }
            if !woken.0.load(SeqCst) {
                wire.state().note(Fault::Stuck);
                return None;
            }
            if wire.state().drops() || !wire.state().goes_on() {
                break;
            }
        }
    }
    None
}
