//! One end of a connection in memory, and what a tap between both ends sees.

use countersign::study::Conversation;
use countersign::trace::KeyLogLine;
use countersign::x509::{Answerer, Expect, Identities, Identity, Reloadable, Trust};
use countersign::{Event, Handshake, Inbox, Outbox, Policy, Role, Seed, Session, Step, Want};
use rustls_pki_types::UnixTime;
use std::sync::Arc;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// Who an end is, whom it trusts, and whom it expects.
pub(crate) struct Party {
    pub(crate) policy: Policy,
    pub(crate) identity: Identity,
    pub(crate) trust: Trust,
    pub(crate) expects: Expect,
}

pub(crate) struct End {
    hs: Handshake<Policy>,
    answerer: Answerer,
    session: Option<Session>,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    secrets: Vec<(&'static str, Vec<u8>)>,
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
        let answerer = Answerer::new(identities, trust, [party.expects], UnixTime::now());
        let (rx, tx) = (Inbox::new(vec![0; 40_000]), Outbox::new(vec![0; 40_000]));
        Ok(End { hs, answerer, session: None, rx, tx, secrets: Vec::new(), over: false })
    }

    /// Goes on until it needs the transport. An error ends this end; its alert is in the outbox.
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
                    Ok(Event::Data) => self.rx.consume(self.rx.data().len()),
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

/// What somebody on the path does to the records of one end: the flight's number, and its bytes.
pub(crate) type Attack = fn(from: Role, flight: usize, bytes: &mut Vec<u8>);

/// Two ends and the tap between them.
pub(crate) struct Line {
    client: End,
    server: End,
    attack: Attack,
    flights: usize,
    pub(crate) heard: Conversation,
}

impl Line {
    pub(crate) fn new(label: &str, client: Party, server: Party, attack: Option<Attack>) -> Result<Line, Failure> {
        let (client, server) = (End::new(Role::Client, client)?, End::new(Role::Server, server)?);
        let heard = Conversation::new(label);
        Ok(Line { client, server, attack: attack.unwrap_or(|_, _, _| ()), flights: 0, heard })
    }

    /// Lets both ends go on until neither has anything to send.
    pub(crate) fn run(&mut self) -> Result<(), Failure> {
        loop {
            self.client.turn()?;
            let there = self.carry(Role::Client);
            self.server.turn()?;
            let back = self.carry(Role::Server);
            if !there && !back {
                return Ok(());
            }
        }
    }

    fn carry(&mut self, from: Role) -> bool {
        let (sender, receiver) = match from {
            Role::Client => (&mut self.client, &mut self.server),
            Role::Server => (&mut self.server, &mut self.client),
        };
        let mut bytes = sender.tx.pending().to_vec();
        sender.tx.sent(bytes.len());
        if bytes.is_empty() {
            return false;
        }
        (self.attack)(from, self.flights, &mut bytes);
        self.flights += 1;
        self.heard.add(from, &bytes);
        let mut rest = &bytes[..];
        while !receiver.over && !rest.is_empty() {
            let space = receiver.rx.space();
            let count = rest.len().min(space.len());
            space[..count].copy_from_slice(&rest[..count]);
            receiver.rx.filled(count);
            rest = &rest[count..];
        }
        true
    }

    /// An end does something with its session, and the other hears of it.
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

    /// What a key log of both ends holds.
    pub(crate) fn key_log(&self) -> String {
        let mut lines = String::new();
        for end in [&self.client, &self.server] {
            let client_random = end.hs.client_random();
            for (label, secret) in &end.secrets {
                let line = format!("{}\n", KeyLogLine { label, client_random, secret });
                if !lines.contains(&line) {
                    lines.push_str(&line);
                }
            }
        }
        lines
    }
}
