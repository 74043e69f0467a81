//! One end of a connection in memory, and a tap between both ends.

use countersign::authenticator::{Authenticators, Received, RequestOptions};
use countersign::study::Conversation;
use countersign::trace::KeyLogLine;
use countersign::x509::{Answerer, Expect, Identities, Identity, Reloadable, Trust};
use countersign::{Event, Handshake, Inbox, Outbox, Policy, Role, Seed, Session, Step, Want};
use rustls_pki_types::UnixTime;
use std::sync::Arc;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// The identity of an end, its trust, and the expected peer.
pub(crate) struct Party {
    pub(crate) policy: Policy,
    pub(crate) identity: Identity,
    pub(crate) trust: Trust,
    pub(crate) expects: Expect,
}

pub(crate) struct End {
    hs: Handshake<Policy>,
    identities: Arc<Reloadable<Identities>>,
    answerer: Answerer,
    session: Option<Session>,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    secrets: Vec<(&'static str, Vec<u8>)>,
    /// Application data that has not been read.
    received: Vec<u8>,
    authenticators: Option<Authenticators<Policy>>,
    over: bool,
}

impl End {
    fn new(role: Role, party: Party) -> Result<End, Failure> {
        let hs = match role {
            Role::Client => Handshake::client(party.policy, Some("api.internal"), Seed::random()?)?,
            Role::Server => Handshake::server(party.policy, Seed::random()?),
        };
        let identities = Arc::new(Reloadable::new(Identities::new(party.identity)));
        let trust = Arc::new(Reloadable::new(party.trust));
        let answerer = Answerer::new(Arc::clone(&identities), trust, [party.expects], UnixTime::now());
        let (rx, tx) = (Inbox::new(vec![0; 40_000]), Outbox::new(vec![0; 40_000]));
        Ok(End {
            hs,
            identities,
            answerer,
            session: None,
            rx,
            tx,
            secrets: Vec::new(),
            received: Vec::new(),
            authenticators: None,
            over: false,
        })
    }

    /// The authenticators of its session.
    fn authenticators(&mut self) -> Result<&mut Authenticators<Policy>, Failure> {
        if self.authenticators.is_none() {
            let session = self.session.as_ref().ok_or("there is no session")?;
            self.authenticators = Some(session.authenticators(Policy::new(), &Seed::random()?)?);
        }
        self.authenticators.as_mut().ok_or_else(|| "made above".into())
    }

    /// Adds its lines to a key log.
    fn log(&self, lines: &mut String) {
        let client_random = self.hs.client_random();
        for (label, secret) in &self.secrets {
            let line = format!("{}\n", KeyLogLine { label, client_random, secret });
            if !lines.contains(&line) {
                lines.push_str(&line);
            }
        }
    }

    /// Continues until it needs the transport. After an error this end is finished, and its alert is in the outbox.
    fn turn(&mut self) -> Result<(), Failure> {
        while self.session.is_none() && !self.over {
            let step = self.hs.step(&mut self.rx, &mut self.tx);
            let secrets = &mut self.secrets;
            self.hs.expose_secrets(&mut |label, secret| {
                if !secrets.iter().any(|(known, _)| *known == label) {
                    secrets.push((label, secret.to_vec()));
                }
            });
            match step {
                Ok(Step::Did(_)) => {}
                Ok(Step::Want(Want::Done)) => {
                    let session = self.hs.finish()?;
                    self.secrets.push(("EXPORTER_SECRET", session.exporter().expose_secret().to_vec()));
                    self.session = Some(session);
                }
                Ok(Step::Want(want)) => {
                    if !self.answerer.answer(&mut self.hs, &want, &self.rx, &mut self.tx)? {
                        return Ok(());
                    }
                }
                Err(_) => self.over = true,
            }
        }
        if let Some(session) = self.session.as_mut().filter(|_| !self.over) {
            loop {
                match session.receive(&mut self.rx, &mut self.tx) {
                    Ok(Event::Data) => {
                        self.received.extend_from_slice(self.rx.data());
                        self.rx.consume(self.rx.data().len());
                    }
                    Ok(Event::Confirmed) => {}
                    Ok(_) => break,
                    Err(_) => {
                        self.over = true;
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Changes a flight before it arrives: an attacker on the path, or a sender that breaks the rules.
pub(crate) type Attack = fn(sight: &Sight<'_>, flight: &mut Vec<u8>) -> Result<(), Failure>;

/// What the attacker sees: the sender, the messages before, and the key log of the sender (which only the sender itself
/// can read).
pub(crate) struct Sight<'a> {
    pub(crate) from: Role,
    pub(crate) heard: &'a Conversation,
    pub(crate) key_log: &'a str,
}

/// Two ends and the tap between them.
pub(crate) struct Line {
    client: End,
    server: End,
    attack: Option<Attack>,
    pub(crate) heard: Conversation,
}

impl Line {
    pub(crate) fn new(label: &str, client: Party, server: Party, attack: Option<Attack>) -> Result<Line, Failure> {
        let (client, server) = (End::new(Role::Client, client)?, End::new(Role::Server, server)?);
        let heard = Conversation::new(label);
        Ok(Line { client, server, attack, heard })
    }

    /// Runs both ends until neither has anything to send.
    pub(crate) fn run(&mut self) -> Result<(), Failure> {
        loop {
            self.client.turn()?;
            let there = self.carry(Role::Client)?;
            self.server.turn()?;
            let back = self.carry(Role::Server)?;
            if !there && !back {
                return Ok(());
            }
        }
    }

    fn carry(&mut self, from: Role) -> Result<bool, Failure> {
        let (sender, receiver) = match from {
            Role::Client => (&mut self.client, &mut self.server),
            Role::Server => (&mut self.server, &mut self.client),
        };
        let mut bytes = sender.tx.pending().to_vec();
        sender.tx.sent(bytes.len());
        if bytes.is_empty() {
            return Ok(false);
        }
        if let Some(attack) = self.attack {
            let mut key_log = String::new();
            sender.log(&mut key_log);
            attack(&Sight { from, heard: &self.heard, key_log: &key_log }, &mut bytes)?;
        }
        self.heard.add(from, &bytes);
        let mut rest = &bytes[..];
        while !receiver.over && !rest.is_empty() {
            let space = receiver.rx.space();
            let count = rest.len().min(space.len());
            space[..count].copy_from_slice(&rest[..count]);
            receiver.rx.filled(count);
            rest = &rest[count..];
        }
        Ok(true)
    }

    /// One end uses its session, and the other receives the result.
    pub(crate) fn act(
        &mut self,
        who: Role,
        act: impl FnOnce(&mut Session, &mut Outbox<Vec<u8>>) -> Result<(), countersign::Misuse>,
    ) -> Result<(), Failure> {
        let end = if who == Role::Client { &mut self.client } else { &mut self.server };
        let session = end.session.as_mut().ok_or("there is no session")?;
        act(session, &mut end.tx)?;
        self.run()
    }

    pub(crate) fn write(&mut self, who: Role, text: &str) -> Result<(), Failure> {
        self.act(who, |session, tx| session.write(text.as_bytes(), tx).map(drop))
    }

    /// One end asks the other to prove its identity again (RFC 9261). The other uses this identity. The messages travel
    /// as application data.
    pub(crate) fn prove_again(&mut self, asks: Role, identity: Identity) -> Result<(), Failure> {
        for end in [&mut self.client, &mut self.server] {
            end.received.clear();
        }
        let mut request = vec![0; 1024];
        let (_, len) = self.end(asks).authenticators()?.request(&RequestOptions::default(), &mut request)?;
        self.act(asks, |session, tx| session.write(&request[..len], tx).map(drop))?;

        let proves = self.end(asks.peer());
        proves.identities.set(Identities::new(identity));
        let received = std::mem::take(&mut proves.received);
        let Received::Request(proving) = proves.authenticators()?.receive(&received)? else {
            return Err("this is no request".into());
        };
        let authenticators = proves.authenticators.as_ref().ok_or("there is no session")?;
        let authenticator = proves.answerer.prove(authenticators, proving)?;
        self.act(asks.peer(), |session, tx| session.write(&authenticator, tx).map(drop))?;

        let end = self.end(asks);
        let received = std::mem::take(&mut end.received);
        let authenticators = end.authenticators.as_mut().ok_or("there is no session")?;
        let Received::Claim(claim) = authenticators.receive(&received)? else {
            return Err("this proves nothing".into());
        };
        let verdict = end.answerer.judge(&claim.peer());
        authenticators.answer_verify(claim, verdict)?;
        Ok(())
    }

    fn end(&mut self, role: Role) -> &mut End {
        if role == Role::Client { &mut self.client } else { &mut self.server }
    }

    /// The key log of both ends.
    pub(crate) fn key_log(&self) -> String {
        let mut lines = String::new();
        self.client.log(&mut lines);
        self.server.log(&mut lines);
        lines
    }
}
