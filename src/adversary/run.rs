//! Runs a script against a target: what to write, read or wait for, and the outcome.

use super::Identity;
use super::peer::{ALERT, DATA, HELLO_RETRY_REQUEST, Peer, SECOND_CLIENT_HELLO, Seen, Trouble};
use super::script::{Change, Over, Step};
use crate::codec::{AlertDescription, ClientHello, ExtensionType, HandshakeType};
use crate::role::{Epoch, Role};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

/// What a [`Run`] needs from its transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Write [`Run::pending`], and tell [`Run::sent`] how many bytes were written.
    Write,
    /// Read, and pass the bytes to [`Run::received`]. Pass the end of the stream to [`Run::ended`]. If nothing comes in
    /// the time that [`Patience`] gives, call [`Run::silent`].
    Read(Patience),
    /// Write nothing for this long, then call [`Run::waited`]. Pass what comes in that time to [`Run::received`] and
    /// [`Run::ended`]. It may end the run earlier.
    Wait(Duration),
    /// Close the transport, then call [`Run::ended`].
    Close,
    /// The run is over: see [`Run::outcome`].
    Done,
}

/// How long to wait for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as the target may need to answer.
    Answer,
    /// As long as the target may pause within its answer.
    Pause,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By an alert of the target.
    Alert(Epoch, AlertDescription),
    /// The target closed without one.
    Closed,
    /// The target reset the transport.
    Reset,
    /// The target said nothing more, and kept the transport open.
    Silent,
    /// The application has answered.
    Answered,
    /// What the target sent cannot be read.
    Trouble(Trouble),
    /// We closed.
    Left,
}

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Application data that the target sent before it was asked.
    pub unasked: Vec<u8>,
    /// Application data since then.
    pub answer: Vec<u8>,
    /// The target has asked for a certificate.
    pub certificate_requested: bool,
    /// The target has sent its Finished.
    pub finished: bool,
    /// The script was played to its end.
    pub played: bool,
    /// The target has sent close_notify: it says nothing more.
    pub closing: bool,
    /// The extensions of the target's hello, if it is a client.
    pub offered: Vec<ExtensionType>,
    /// The messages of the target.
    pub messages: Vec<HandshakeType>,
}

/// A peer that plays a script. It has no socket and no clock: see [`Want`].
///
/// ```
/// use countersign::adversary::{Identity, peer::Peer, run::{End, Run, Want}, script::legal};
/// use countersign::{Role, x509::SigningKey};
/// # let key = rcgen::KeyPair::generate()?;
/// # let chain = vec![rcgen::CertificateParams::default().self_signed(&key)?.der().clone()];
/// # let key = key.serialize_der();
/// let client = Identity { chain, key: SigningKey::from_der(&key)? };
/// let mut run = Run::new(Peer::new(Role::Client, &client), legal(Role::Client), b"GET / HTTP/1.0\r\n\r\n".to_vec());
/// assert_eq!(run.want(), Want::Write);
/// run.sent(run.pending().len()); // a ClientHello
/// run.received(&[21, 3, 3, 0, 2, 2, 40]); // and the server does not like it
/// assert_eq!(run.want(), Want::Done);
/// assert_eq!(run.outcome().end.alert(), Some(countersign::AlertDescription::HANDSHAKE_FAILURE));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Run<'a> {
    peer: Peer<'a>,
    steps: VecDeque<Step>,
    ask: Vec<u8>,
    limit: usize,
    /// So many bytes at once, and the pause after them.
    pace: (usize, u16),
    /// To be waited for before anything else is done.
    wait: u16,
    /// So many bytes of application data had come when it was asked.
    asked: Option<usize>,
    /// The transcript before our own Certificate.
    before_certificate: Vec<u8>,
    second_hello: bool,
    /// Of the first ClientHello, but for its shares.
    hello_changes: Vec<Change>,
    /// [`Step::Hear`] is done.
    heard: bool,
    end: Option<End>,
}

impl End {
    /// The alert, if it was one.
    pub fn alert(&self) -> Option<AlertDescription> {
        match self {
            End::Alert(_, alert) => Some(*alert),
            _ => None,
        }
    }
}

impl<'a> Run<'a> {
    /// This peer with this script. `ask`: what is sent to the target's application.
    pub fn new(peer: Peer<'a>, script: Vec<Step>, ask: Vec<u8>) -> Run<'a> {
        Run {
            peer,
            steps: script.into(),
            ask,
            limit: 1 << 16,
            pace: (usize::MAX, 0),
            wait: 0,
            asked: None,
            before_certificate: Vec::new(),
            second_hello: false,
            hello_changes: Vec::new(),
            heard: false,
            end: None,
        }
    }

    /// The legal handshake of this role, whose peer is `identity`.
    pub fn legal(role: Role, identity: &'a Identity, ask: Vec<u8>) -> Run<'a> {
        Run::new(Peer::new(role, identity), super::script::legal(role), ask)
    }

    /// The peer, with all that it has seen.
    pub fn peer(&self) -> &Peer<'a> {
        &self.peer
    }

    /// The same, mutable. It may be changed between two wants.
    pub fn peer_mut(&mut self) -> &mut Peer<'a> {
        &mut self.peer
    }

    /// What is needed now.
    pub fn want(&mut self) -> Want {
        loop {
            // What the target says while it is written to slowly counts at once; else what is begun is written first.
            if self.wait > 0 || self.peer.out.is_empty() {
                self.look();
            }
            if self.end.is_some() {
                return Want::Done;
            }
            if self.troubled().is_some() {
                // It may say more.
                self.peer.out.clear();
                return Want::Read(Patience::Pause);
            }
            if self.wait > 0 {
                return Want::Wait(Duration::from_millis(self.wait.into()));
            }
            if !self.peer.out.is_empty() {
                return Want::Write;
            }
            match self.steps.front() {
                Some(Step::Await(typ)) => {
                    let typ = *typ;
                    if self.has_come(typ) {
                        self.steps.pop_front();
                    } else if !self.answers_retry() {
                        return Want::Read(Patience::Answer);
                    }
                }
                Some(Step::Hear) if self.peer.data().is_empty() => return Want::Read(Patience::Answer),
                Some(Step::Close) => return Want::Close,
                Some(_) => {
                    if let Some(step) = self.steps.pop_front() {
                        self.make(step);
                    }
                }
                None if !self.is_answered() => return Want::Read(Patience::Answer),
                None => return Want::Read(Patience::Pause),
            }
        }
    }

    /// The bytes that must be written.
    pub fn pending(&self) -> &[u8] {
        let (most, _) = self.pace;
        self.peer.out.get(..most).unwrap_or(&self.peer.out)
    }

    /// Says that this many bytes of [`Run::pending`] were written.
    pub fn sent(&mut self, count: usize) {
        self.peer.out.drain(..count.min(self.peer.out.len()));
        if !self.peer.out.is_empty() {
            (_, self.wait) = self.pace;
        }
    }

    /// Says that the time of [`Want::Wait`] is over.
    pub fn waited(&mut self) {
        self.wait = 0;
    }

    /// Takes bytes that the target has sent.
    pub fn received(&mut self, bytes: &[u8]) {
        self.peer.reads(bytes);
    }

    /// Says that the transport has ended, and how.
    pub fn ended(&mut self, how: End) {
        self.look();
        let how = match self.troubled() {
            _ if self.is_answered() => End::Answered,
            Some(trouble) => End::Trouble(trouble),
            None => how,
        };
        self.end.get_or_insert(how);
    }

    /// Says that nothing came in the time that [`Want::Read`] gave.
    pub fn silent(&mut self) {
        self.ended(End::Silent);
    }

    /// The outcome: complete after [`Want::Done`].
    pub fn outcome(&self) -> Outcome {
        let data = self.peer.data();
        let asked = self.asked.unwrap_or(data.len()).min(data.len());
        let (unasked, answer) = data.split_at(asked);
        let messages = self.peer.types();
        Outcome {
            end: self.end.unwrap_or(End::Silent),
            unasked: unasked.to_vec(),
            answer: answer.to_vec(),
            certificate_requested: messages.contains(&HandshakeType::CERTIFICATE_REQUEST),
            finished: messages.contains(&HandshakeType::FINISHED),
            played: self.steps.is_empty(),
            closing: self.peer.alerts().iter().any(|(_, alert)| is_closure(alert)),
            offered: self.offered(),
            messages,
        }
    }

    fn answer(&self) -> Vec<u8> {
        self.asked.and_then(|asked| self.peer.data().get(asked..).map(<[u8]>::to_vec)).unwrap_or_default()
    }

    /// It has, and that is what counts.
    fn is_answered(&self) -> bool {
        !self.heard && !self.answer().is_empty()
    }

    /// What could not be read, if that counts.
    fn troubled(&self) -> Option<Trouble> {
        self.peer.trouble.filter(|_| !self.is_answered())
    }

    fn offered(&self) -> Vec<ExtensionType> {
        let hello = ClientHello::parse(&self.peer.client_hello).ok();
        hello.map(|hello| hello.extensions.iter().map(|each| each.extension_type).collect()).unwrap_or_default()
    }

    /// Alerts and enough of an answer end the run.
    fn look(&mut self) {
        if self.end.is_some() {
            return;
        }
        // Who has only said all that it had to say still reads (§6.1).
        let counts = |seen: &&Seen| seen.typ == ALERT && !(self.heard && is_closure(&seen.content));
        let description = |seen: &Seen| AlertDescription(seen.content.get(1).copied().unwrap_or_default());
        let alert = self.peer.seen.iter().find(counts).map(|seen| (seen.epoch, description(seen)));
        let unread = || self.peer.unread_alert().map(|alert| (Epoch::Plaintext, alert));
        self.end = match alert.or_else(unread) {
            // What it says at the end of an answer is not about us.
            Some(_) if self.is_answered() => Some(End::Answered),
            Some((epoch, alert)) => Some(End::Alert(epoch, alert)),
            None => (self.is_answered() && self.answer().len() >= self.limit).then_some(End::Answered),
        };
    }

    fn has_come(&self, typ: HandshakeType) -> bool {
        let messages = &self.peer.messages;
        let count = |wanted| messages.iter().filter(|(_, typ, _)| *typ == wanted).count();
        match typ {
            HELLO_RETRY_REQUEST => self.peer.retried,
            SECOND_CLIENT_HELLO => count(HandshakeType::CLIENT_HELLO) > 1,
            typ => count(typ) > 0,
        }
    }

    /// The answer to a HelloRetryRequest that the script does not know of.
    fn answers_retry(&mut self) -> bool {
        let answers = self.peer.role == Role::Client && self.peer.retried && !self.second_hello;
        if answers {
            let changes = core::mem::take(&mut self.hello_changes);
            self.send(SECOND_CLIENT_HELLO, &changes);
        }
        answers
    }

    fn send(&mut self, typ: HandshakeType, changes: &[Change]) {
        // A server that does not ask gets nothing.
        let proves = matches!(typ, HandshakeType::CERTIFICATE | HandshakeType::CERTIFICATE_VERIFY);
        let asked = self.has_come(HandshakeType::CERTIFICATE_REQUEST);
        if proves && self.peer.role == Role::Client && self.has_come(HandshakeType::FINISHED) && !asked {
            return;
        }
        match typ {
            HandshakeType::CERTIFICATE => self.before_certificate = self.peer.transcript.clone(),
            SECOND_CLIENT_HELLO => self.second_hello = true,
            HELLO_RETRY_REQUEST if !self.peer.retried => self.peer.agree(true),
            HandshakeType::SERVER_HELLO if !self.peer.retried => self.peer.agree(false),
            _ => {}
        }
        let mut msg = self.peer.compose(typ);
        changes.iter().for_each(|change| change.apply(&mut msg));
        self.peer.edits.iter().filter(|(edited, _)| *edited == typ).for_each(|(_, edit)| edit(&mut msg));
        let bytes = msg.bytes();
        self.peer.hash(typ, &bytes);
        self.peer.send_bytes(&bytes);
        self.peer.change_key(typ);
    }

    fn make(&mut self, step: Step) {
        let peer = &mut self.peer;
        match step {
            Step::Send(typ) => self.send(typ, &[]),
            Step::Changed(typ, changes) => {
                self.send(typ, &changes);
                // What the second ClientHello may not change, if there will be one (§4.2.2).
                if typ == HandshakeType::CLIENT_HELLO {
                    self.hello_changes = changes;
                    self.hello_changes.retain(|change| !change.concerns(ExtensionType::KEY_SHARE));
                }
            }
            Step::SendWith(typ, more) => {
                let bytes = [peer.next_message(typ), more].concat();
                peer.send_bytes(&bytes);
                peer.change_key(typ);
            }
            Step::Reflect(typ) => {
                let bytes = peer.received(typ).map(<[u8]>::to_vec).unwrap_or_default();
                peer.hash(typ, &bytes);
                peer.send_bytes(&bytes);
                peer.change_key(typ);
            }
            Step::Inject(bytes) => peer.send_bytes(&bytes),
            Step::Together(types) => peer.send_flight(&types),
            Step::Fragment(most) => peer.fragment = most,
            Step::Wait(milliseconds) => self.wait = milliseconds,
            Step::Pace(most, milliseconds) => self.pace = (most.max(1), milliseconds),
            Step::Record(typ, content) => peer.record(typ, &content),
            Step::Plain(typ, content) => peer.plain(typ, &content),
            Step::Sealed(header, inner) => peer.sealed(header, &inner),
            Step::Raw(bytes) => peer.out.extend(bytes),
            Step::Damaged(typ, content) => {
                peer.record(typ, &content);
                if let Some(last) = peer.out.last_mut() {
                    *last ^= 1;
                }
            }
            Step::Alert(level, alert) => peer.alert(level, alert),
            Step::Key(epoch) => {
                peer.write = match epoch {
                    Epoch::Plaintext => None,
                    Epoch::Handshake => peer.handshake_key(peer.role),
                    Epoch::Application => peer.application_key(peer.role),
                };
            }
            Step::SignAs(role) => peer.signs_as = Some(role),
            Step::SignOver(over) => self.peer.signs_over = Some(self.over(over)),
            Step::Scheme(scheme) => peer.scheme = Some(scheme),
            Step::Ask => {
                // A client speaks first, at once after its Finished.
                self.asked = Some(if peer.role == Role::Client { peer.data().len() } else { 0 });
                if !self.ask.is_empty() {
                    peer.record(DATA, &self.ask);
                }
            }
            Step::Hear => (self.heard, self.asked) = (true, Some(0)),
            Step::Await(_) | Step::Close => {}
        }
    }

    fn over(&self, over: Over) -> Vec<u8> {
        match over {
            Over::WithoutCertificate => self.before_certificate.clone(),
            Over::Nothing => Vec::new(),
            Over::AnotherConnection => {
                let mut transcript = self.peer.transcript.clone();
                // In the random of the first hello.
                if let Some(byte) = transcript.get_mut(6) {
                    *byte ^= 1;
                }
                transcript
            }
        }
    }
}

fn is_closure(alert: &[u8]) -> bool {
    alert.get(1) == Some(&AlertDescription::CLOSE_NOTIFY.0)
}

/// A message of this type and body, with its header: what [`Step::Inject`] takes.
pub fn message(typ: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (body.len() as u32).to_be_bytes();
    [&[typ], &length[..], body].concat()
}
