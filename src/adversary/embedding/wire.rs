//! The transport for an embedding. Its other end is the scripted peer, which runs inside each call.

use super::case::{Act, Answers, Case, Left};
use super::fault::Fault;
use crate::adversary::peer::{DATA, GREASE, HANDSHAKE, Msg, Peer, SECOND_CLIENT_HELLO};
use crate::codec::{AlertDescription, ClientHello, HandshakeType, NamedGroup, Place};
use crate::role::{Epoch, Role};
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::{RefCell, RefMut};
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};
use std::io;

/// How often the end of the stream may be read before this is a fault.
const ENDS: u32 = 16;
/// How often a loop may call the transport. The longest case needs some thousands.
const CALLS: u32 = 200_000;
/// What makes a message long: more than a record.
const LONG: usize = 20_000;

/// The transport of one connection, for one thread. Blocking loops use [`Read`](io::Read) and [`Write`](io::Write), and
/// return to their caller at `WouldBlock`; they are called again. Others use [`poll_read`](Self::poll_read) and
/// [`poll_write`](Self::poll_write), or tokio's traits with the feature `tokio`. Clones are the same transport.
#[derive(Clone)]
pub struct Wire<'a>(Rc<RefCell<State<'a>>>);

pub(super) struct State<'a> {
    pub(super) peer: Peer<'a>,
    acts: VecDeque<Act>,
    cuts: Cuts,
    leaves: bool,
    /// The next call is not left.
    entered: bool,
    answers: Answers,
    /// A question was asked.
    pub(super) asked: bool,
    left: Left,
    /// Bytes that the peer has sent and the embedding has not read.
    inbound: VecDeque<u8>,
    ended: bool,
    ends: u32,
    calls: u32,
    /// Consecutive reads that found nothing.
    idle: u32,
    waker: Option<Waker>,
    retried: bool,
    /// The application data that the peer has sent.
    pub(super) sent: Vec<u8>,
    received: Received,
    /// How many records had come when the peer asked for a new key.
    key_update: Option<usize>,
    pub(super) fault: Option<Fault>,
}

/// The application data that has come back, and of how many records it is.
#[derive(Default)]
struct Received {
    records: usize,
    bytes: usize,
}

/// Where the transport splits.
enum Cuts {
    Never,
    /// After each byte.
    Bytes,
    /// As these bytes say: so many bytes next, or, for 0, nothing yet.
    Chosen(VecDeque<u8>),
}

/// An act of the transport.
enum Now {
    Bytes(usize),
    /// Leave: it will go on at once.
    Again,
    /// Nothing before the embedding has written.
    Nothing,
    Broken,
}

fn long(msg: &mut Msg) {
    msg.push(GREASE, &vec![0; LONG]);
}

impl<'a> Wire<'a> {
    pub(super) fn new(mut peer: Peer<'a>, case: &Case, cuts: Option<&[u8]>, left: Left) -> Wire<'a> {
        if case.long {
            peer.edits.push((HandshakeType::CLIENT_HELLO, &long));
            peer.edits.push((HandshakeType::CERTIFICATE_REQUEST, &long));
        }
        Wire(Rc::new(RefCell::new(State {
            peer,
            acts: case.acts.iter().copied().collect(),
            cuts: match cuts {
                Some(bytes) => Cuts::Chosen(bytes.iter().copied().collect()),
                None if case.one_byte => Cuts::Bytes,
                None => Cuts::Never,
            },
            leaves: case.left,
            entered: false,
            answers: case.answers,
            asked: false,
            left,
            inbound: VecDeque::new(),
            ended: false,
            ends: 0,
            calls: 0,
            idle: 0,
            waker: None,
            retried: false,
            sent: Vec::new(),
            received: Received::default(),
            key_update: None,
            fault: None,
        })))
    }

    pub(super) fn state(&self) -> RefMut<'_, State<'a>> {
        self.0.borrow_mut()
    }

    /// Reads some bytes, or the end of the stream (0), as an asynchronous transport does.
    ///
    /// # Errors
    /// After a fault that has been noted.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let now = self.state().read(buf);
        self.poll(cx, now)
    }

    /// Writes some of these bytes, as an asynchronous transport does.
    ///
    /// # Errors
    /// After a fault that has been noted.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let now = self.state().write(bytes);
        self.poll(cx, now)
    }

    fn poll(&mut self, cx: &Context<'_>, now: Now) -> Poll<io::Result<usize>> {
        match now {
            Now::Bytes(n) => return Poll::Ready(Ok(n)),
            Now::Broken => return Poll::Ready(Err(broken())),
            Now::Again => cx.waker().wake_by_ref(),
            Now::Nothing => self.state().waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// A blocking loop calls this before it answers a question, where it would ask an external signer.
    ///
    /// # Errors
    /// `WouldBlock`: the answer is not ready yet. `TimedOut`: it never will be.
    pub fn answer(&self) -> io::Result<()> {
        let mut state = self.state();
        let may_wait = state.may_be_left();
        match state.answer() {
            Answers::Late if may_wait => Err(io::ErrorKind::WouldBlock.into()),
            Answers::Never => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }

    /// The same for an asynchronous loop, which awaits it.
    ///
    /// # Errors
    /// `TimedOut`: the answer will never be ready.
    pub async fn answered(&self) -> io::Result<()> {
        poll_fn(|cx| {
            let answer = self.state().answer();
            match answer {
                Answers::Late => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Answers::Never => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Answers::AtOnce => Poll::Ready(Ok(())),
            }
        })
        .await
    }

    /// For a loop that blocks.
    fn block(&mut self, now: Now) -> io::Result<usize> {
        let mut state = self.state();
        match now {
            Now::Bytes(n) => Ok(n),
            Now::Again => Err(io::ErrorKind::WouldBlock.into()),
            Now::Broken => Err(broken()),
            // Whoever can be left is asked twice.
            Now::Nothing if state.idle < 3 && state.may_be_left() => Err(io::ErrorKind::WouldBlock.into()),
            Now::Nothing => {
                state.note(Fault::Stuck);
                Err(broken())
            }
        }
    }
}

impl State<'_> {
    /// The first fault stays.
    pub(super) fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Both ends have the other's Finished: what follows a client's is sent after a pause.
    fn is_connected(&self) -> bool {
        let pauses = self.acts.contains(&Act::Pause);
        !pauses
            && [&self.peer.read, &self.peer.write]
                .iter()
                .all(|key| key.as_ref().is_some_and(|key| key.epoch == Epoch::Application))
    }

    pub(super) fn may_be_left(&self) -> bool {
        match self.left {
            Left::Never => false,
            Left::AfterHandshake => self.is_connected(),
            Left::Anywhere => true,
        }
    }

    /// Whether a future may be dropped now.
    pub(super) fn drops(&self) -> bool {
        let leaves = self.leaves || self.answers == Answers::Late || matches!(self.cuts, Cuts::Chosen(_));
        leaves && self.may_be_left()
    }

    /// What the peer waits for.
    pub(super) fn awaits(&self) -> Option<Act> {
        self.acts.front().copied()
    }

    fn answer(&mut self) -> Answers {
        self.asked = true;
        let answers = self.answers;
        if answers == Answers::Late {
            self.entered = !self.entered;
            if !self.entered {
                return Answers::AtOnce;
            }
        }
        answers
    }

    /// How many of so many bytes; `None`: not now.
    fn cut(&mut self, len: usize, may_leave: bool) -> Option<usize> {
        if self.leaves && may_leave {
            self.entered = !self.entered;
            if self.entered {
                return None;
            }
        }
        match &mut self.cuts {
            Cuts::Never => Some(len),
            Cuts::Bytes => Some(len.min(1)),
            Cuts::Chosen(bytes) => match bytes.pop_front() {
                None => Some(len),
                Some(0) if may_leave => None,
                Some(few @ ..128) => Some(len.min(usize::from(few).max(1))),
                Some(many) => Some(len.min(usize::from(many).saturating_sub(127).saturating_mul(128))),
            },
        }
    }

    /// Counted by the calls of the transport, and those of the loop itself.
    pub(super) fn goes_on(&mut self) -> bool {
        self.calls = self.calls.saturating_add(1);
        if self.calls > CALLS {
            self.note(Fault::Stuck);
        }
        self.calls <= CALLS
    }

    fn read(&mut self, buf: &mut [u8]) -> Now {
        if buf.is_empty() {
            self.note(Fault::NoSpace);
            return Now::Bytes(0);
        }
        self.play();
        if self.inbound.is_empty() && self.awaits() == Some(Act::Pause) {
            self.acts.pop_front();
            self.play();
        }
        if !self.goes_on() {
            return Now::Broken;
        }
        if self.inbound.is_empty() && !self.ended {
            self.idle = self.idle.saturating_add(1);
            return Now::Nothing;
        }
        self.idle = 0;
        if self.inbound.is_empty() {
            self.ends = self.ends.saturating_add(1);
            if self.ends > ENDS {
                self.note(Fault::ReadsBehindEnd);
                return Now::Broken;
            }
            return Now::Bytes(0);
        }
        let Some(n) = self.cut(buf.len().min(self.inbound.len()), self.may_be_left()) else { return Now::Again };
        buf.iter_mut().zip(self.inbound.drain(..n)).for_each(|(place, byte)| *place = byte);
        Now::Bytes(n)
    }

    fn write(&mut self, bytes: &[u8]) -> Now {
        if !self.goes_on() {
            return Now::Broken;
        }
        if bytes.is_empty() {
            return Now::Bytes(0);
        }
        let Some(n) = self.cut(bytes.len(), self.may_be_left()) else { return Now::Again };
        self.idle = 0;
        self.peer.reads(bytes.get(..n).unwrap_or_default());
        self.play();
        if (!self.inbound.is_empty() || self.ended)
            && let Some(waker) = self.waker.take()
        {
            waker.wake();
        }
        Now::Bytes(n)
    }

    /// The peer does what it can do now.
    pub(super) fn play(&mut self) {
        if self.peer.trouble.is_some() || self.alerts().any(|alert| alert != AlertDescription::CLOSE_NOTIFY) {
            self.acts.clear();
        }
        if self.peer.role == Role::Client && self.peer.retried && !self.retried {
            self.retried = true;
            self.peer.send_flight(&[SECOND_CLIENT_HELLO]);
        }
        while let Some(act) = self.acts.front().copied() {
            let done = match act {
                Act::Await(typ) => self.peer.received(typ).is_some(),
                Act::AwaitEcho => self.echoed() >= self.sent.len(),
                Act::AwaitAlert => self.alerts().next().is_some(),
                Act::Pause => false,
                _ => true,
            };
            if !done {
                break;
            }
            self.acts.pop_front();
            self.make(act);
            self.inbound.extend(self.peer.out.drain(..));
        }
        self.inbound.extend(self.peer.out.drain(..));
        self.ended |= self.acts.is_empty();
    }

    fn make(&mut self, act: Act) {
        match act {
            Act::Send(types) => {
                if types.contains(&HandshakeType::SERVER_HELLO) {
                    self.take_offered_group();
                }
                self.peer.send_flight(types);
            }
            Act::Data(len) => {
                let from = self.sent.len();
                let data: Vec<u8> = (from..from.saturating_add(len)).map(|at| (at % 251) as u8).collect();
                data.chunks(1 << 14).for_each(|record| self.peer.record(DATA, record));
                self.sent.extend(data);
            }
            Act::KeyUpdate => {
                self.key_update = Some(self.peer.seen.len());
                let request = Msg::new(HandshakeType::KEY_UPDATE, vec![1]).bytes();
                self.peer.send_bytes(&request);
                self.peer.change_key(HandshakeType::KEY_UPDATE);
            }
            Act::Damage => {
                if let Some(last) = self.inbound.back_mut() {
                    *last ^= 1;
                }
            }
            Act::Alert(alert) => self.peer.alert(if alert == 0 { 1 } else { 2 }, AlertDescription(alert)),
            Act::Await(_) | Act::Pause | Act::AwaitEcho | Act::AwaitAlert => {}
        }
    }

    /// A group of which the client has sent a share.
    fn take_offered_group(&mut self) {
        let peer = &mut self.peer;
        let Ok(hello) = ClientHello::parse(&peer.client_hello) else { return };
        let Ok(extensions) = hello.extensions.check(Place::ClientHello) else { return };
        let Some(shares) = extensions.client_shares() else { return };
        let known = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
        if let Some(group) = known.into_iter().find(|group| shares.iter().any(|share| share.group == *group)) {
            peer.group = group;
        }
    }

    /// The alerts that the embedding has sent.
    pub(super) fn alerts(&self) -> impl Iterator<Item = AlertDescription> + '_ {
        self.peer
            .seen
            .iter()
            .filter(|seen| seen.typ == crate::adversary::peer::ALERT)
            .map(|seen| AlertDescription(seen.content.get(1).copied().unwrap_or_default()))
    }

    /// So many bytes have come back. Each record is counted once.
    fn echoed(&mut self) -> usize {
        let Received { records, bytes } = &mut self.received;
        for seen in self.peer.seen.iter().skip(*records) {
            if seen.typ == DATA {
                *bytes = bytes.saturating_add(seen.content.len());
            }
        }
        *records = self.peer.seen.len();
        *bytes
    }

    /// The peer asked for a new key, and data came before it, or it did not come.
    pub(super) fn key_update_is_owed(&self) -> bool {
        let Some(since) = self.key_update else { return false };
        let next = self.peer.seen.iter().skip(since).find(|seen| matches!(seen.typ, DATA | HANDSHAKE));
        next.is_none_or(|seen| seen.typ == DATA)
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the check of this embedding has ended")
}

impl io::Read for Wire<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let now = self.state().read(buf);
        self.block(now)
    }
}

impl io::Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let now = self.state().write(bytes);
        self.block(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
