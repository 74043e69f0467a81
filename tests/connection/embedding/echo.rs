//! Echo loops for the check of embeddings: a correct one, and the same with one duty omitted.

use crate::identity::Identity;
use countersign::adversary::embedding::Wire;
use countersign::{
    Credential, Error, ErrorKind, Event, Handshake, Inbox, Misuse, Outbox, Policy, Receiver, Role, Sender, Session,
    Verdict, Want,
};
use std::future::poll_fn;
use std::io::{self, Read, Write};

/// The omitted duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omits {
    Nothing,
    /// It ignores `Want::Write`.
    Writing,
    /// It takes one write for a write of everything.
    ShortWrites,
    /// After an error it ends at once, without sending the alert.
    Alert,
    /// It reads into its own memory, which never grows.
    Growing,
    /// It takes a too small inbox for a fatal error.
    Memory,
    /// It takes the end of the transport for an orderly end.
    Truncation,
    /// It takes an error for an orderly end.
    Errors,
    /// The session begins with an empty inbox.
    DataBehindFinished,
    /// It ends as soon as close_notify has come.
    Closing,
    /// It drops the data that `write` has not taken.
    Rest,
    /// It does not wait for a late answer.
    Waiting,
    /// It begins again where it was interrupted.
    Keeping,
    /// It ignores `Owed`, in a split session.
    Owed,
    /// It reads after the end.
    Ending,
    /// It closes as soon as data has come, and echoes none.
    Echoing,
    /// It reads instead of giving up, if an answer never comes.
    GivingUp,
    /// It neither answers close_notify nor ends, and reads on.
    Leaving,
}

enum Talk {
    Handshake,
    Whole(Box<Session>),
    Halves(Box<(Sender, Receiver)>),
}

pub struct Echo<'a> {
    hs: Handshake<Policy>,
    talk: Talk,
    halves: bool,
    closed: bool,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    identity: &'a Identity,
    omits: Omits,
    /// It has been called before.
    left: bool,
    /// A record, and how many bytes of it have come.
    record: Vec<u8>,
    held: usize,
}

/// The next action after writing.
enum Next {
    Write,
    Read,
    Answer(Want),
    Over,
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

impl<'a> Echo<'a> {
    pub fn new(role: Role, identity: &'a Identity, halves: bool, omits: Omits) -> Echo<'a> {
        Echo::with_policy(Policy::new(), role, identity, halves, omits)
    }

    pub fn with_policy(policy: Policy, role: Role, identity: &'a Identity, halves: bool, omits: Omits) -> Echo<'a> {
        Echo {
            hs: crate::end::End::new(role, policy, identity).hs,
            talk: Talk::Handshake,
            halves,
            closed: false,
            rx: Inbox::new(vec![0; if omits == Omits::Growing { 20_000 } else { 1000 }]),
            tx: Outbox::new(vec![0; 1000]),
            identity,
            omits,
            left: false,
            record: vec![0; 4096],
            held: 0,
        }
    }

    fn answer(&mut self, question: &Want) -> io::Result<()> {
        let answered = match question {
            Want::Credential(question) => {
                self.hs.answer_credential(question, &Credential::new(&self.identity.chain), &mut self.tx)
            }
            Want::Sign(question) => {
                let signature = self.identity.key.sign(question.scheme(), question.message()).unwrap();
                self.hs.answer_sign(question, &signature, &mut self.tx)
            }
            Want::Verify(question) => self.hs.answer_verify(question, Verdict::Accept),
            want => panic!("{want:?} is no question"),
        };
        match answered {
            Err(Misuse::NoRoom { needed }) => self.tx.grow(needed),
            answered => answered.map_err(other)?,
        }
        Ok(())
    }

    /// Continues until it needs the transport.
    fn advance(&mut self) -> io::Result<Next> {
        if self.closed {
            return Ok(Next::Over);
        }
        let event = match &mut self.talk {
            Talk::Handshake => {
                return match self.hs.drive(&mut self.rx, &mut self.tx) {
                    Ok(Want::Write) if self.omits == Omits::Writing => Ok(Next::Read),
                    Ok(Want::Write) => Ok(Next::Write),
                    Ok(Want::Read) => Ok(Next::Read),
                    Ok(Want::Done) => {
                        let session = self.hs.finish().map_err(other)?;
                        if self.omits == Omits::DataBehindFinished {
                            self.rx = Inbox::new(vec![0; 20_000]);
                        }
                        self.talk = if self.halves {
                            let (sender, receiver, _) = session.split();
                            Talk::Halves(Box::new((sender, receiver)))
                        } else {
                            Talk::Whole(Box::new(session))
                        };
                        Ok(Next::Write)
                    }
                    Ok(question) => Ok(Next::Answer(question)),
                    Err(error) => self.failed(error),
                };
            }
            Talk::Whole(session) => session.receive(&mut self.rx, &mut self.tx),
            Talk::Halves(halves) => halves.1.receive(&mut self.rx),
        };
        match (event, &mut self.talk) {
            (Ok(Event::Read), _) => return Ok(Next::Read),
            (Ok(Event::Data), Talk::Whole(session)) if self.omits == Omits::Echoing => {
                session.close(&mut self.tx).map_err(other)?;
                self.closed = true;
            }
            (Ok(Event::Data), talk) => {
                let (data, tx) = (self.rx.data(), &mut self.tx);
                let n = match talk {
                    Talk::Whole(session) => session.write(data, tx),
                    Talk::Halves(halves) => halves.0.write(data, tx),
                    Talk::Handshake => unreachable!("there is no data"),
                };
                let n = n.map_err(other)?;
                self.rx.consume(if self.omits == Omits::Rest { self.rx.data().len() } else { n });
            }
            (Ok(Event::Closed), _) if self.omits == Omits::Leaving => return Ok(Next::Read),
            (Ok(Event::Closed), talk) => {
                self.closed = true;
                match talk {
                    _ if self.omits == Omits::Closing => {}
                    Talk::Whole(session) => session.close(&mut self.tx).map_err(other)?,
                    Talk::Halves(halves) => halves.0.close(&mut self.tx).map_err(other)?,
                    Talk::Handshake => unreachable!("there is no close_notify"),
                }
            }
            (Ok(Event::Owed(reply)), Talk::Halves(halves)) if self.omits != Omits::Owed => {
                halves.0.reply(&reply, &mut self.tx).map_err(other)?;
            }
            (Ok(_), _) => {}
            (Err(error), talk) => {
                if let Talk::Halves(halves) = talk {
                    let _ = halves.0.alert(&error, &mut self.tx);
                }
                return self.failed(error);
            }
        }
        Ok(Next::Write)
    }

    fn failed(&mut self, error: Error) -> io::Result<Next> {
        match error.kind() {
            ErrorKind::InboxTooSmall { needed } if self.omits != Omits::Memory => self.rx.grow(needed),
            ErrorKind::OutboxTooSmall { needed } => self.tx.grow(needed),
            ErrorKind::Truncated if self.omits == Omits::Truncation => return Ok(Next::Over),
            _ if self.omits == Omits::Errors => return Ok(Next::Over),
            _ => return Err(other(error)),
        }
        Ok(Next::Write)
    }

    /// Writes everything that must be written first.
    fn to_write(&self, next: &io::Result<Next>) -> &[u8] {
        let passed_over = match self.omits {
            Omits::Writing => matches!(next, Ok(Next::Read)),
            Omits::Alert => next.is_err(),
            _ => false,
        };
        if passed_over { &[] } else { self.tx.pending() }
    }

    fn wrote(&mut self, n: usize) {
        self.tx.sent(if self.omits == Omits::ShortWrites { self.tx.pending().len() } else { n });
    }

    pub fn go_on(&mut self, wire: &mut Wire<'_>) -> io::Result<()> {
        if self.omits == Omits::Keeping && self.left {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.left = true;
        loop {
            let next = self.advance();
            while !self.to_write(&next).is_empty() {
                let n = wire.write(self.to_write(&next))?;
                self.wrote(n);
            }
            match next? {
                Next::Write => {}
                Next::Read if self.omits == Omits::Growing => self.read_record(wire)?,
                Next::Read => {
                    let mut n = wire.read(self.rx.space())?;
                    while n == 0 && self.omits == Omits::Ending {
                        n = wire.read(self.rx.space())?;
                    }
                    self.rx.filled(n);
                }
                Next::Answer(question) => {
                    match wire.answer() {
                        Err(_) if self.omits == Omits::Waiting => return Err(io::ErrorKind::Other.into()),
                        Err(error) if self.omits == Omits::GivingUp && error.kind() == io::ErrorKind::TimedOut => {
                            let n = wire.read(self.rx.space())?;
                            self.rx.filled(n);
                            continue;
                        }
                        answer => answer?,
                    }
                    self.answer(&question)?;
                }
                Next::Over => return Ok(()),
            }
        }
    }

    pub async fn go_on_async(&mut self, wire: &mut Wire<'_>) -> io::Result<()> {
        if self.omits == Omits::Keeping && self.left {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.left = true;
        loop {
            let next = self.advance();
            while !self.to_write(&next).is_empty() {
                let n = poll_fn(|cx| wire.poll_write(cx, self.to_write(&next))).await?;
                self.wrote(n);
            }
            match next? {
                Next::Write => {}
                Next::Read => {
                    let n = poll_fn(|cx| wire.poll_read(cx, self.rx.space())).await?;
                    self.rx.filled(n);
                }
                Next::Answer(question) => {
                    wire.answered().await?;
                    self.answer(&question)?;
                }
                Next::Over => return Ok(()),
            }
        }
    }

    /// Waits for a whole record in its own memory, which is too small for some.
    fn read_record(&mut self, wire: &mut Wire<'_>) -> io::Result<()> {
        loop {
            if let [_, _, _, high, low, ..] = self.record[..self.held] {
                let len = 5 + usize::from(u16::from_be_bytes([high, low]));
                if len <= self.held {
                    self.rx.space()[..len].copy_from_slice(&self.record[..len]);
                    self.rx.filled(len);
                    self.record.copy_within(len.., 0);
                    self.held -= len;
                    return Ok(());
                }
            }
            let n = wire.read(&mut self.record[self.held..])?;
            self.held += n;
            if n == 0 {
                self.rx.filled(0);
                return Ok(());
            }
        }
    }
}
