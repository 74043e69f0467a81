//! The check of embeddings: correct loops pass, and each omitted duty is found by its name.

mod echo;
mod reports;
mod transport;

use crate::identity::{Identity, Pki};
use crate::stream::config;
use countersign::adapters::stream::{Acceptor, Connector, Stream, Untimed};
use countersign::adversary::embedding::{Embedding, Fault, Left, Report, Wire};
use countersign::x509::{Answerer, Expect, Identities, Reloadable, Trust};
use countersign::{Event, Handshake, Inbox, Outbox, Policy, Role, Seed, Session, Want};
use echo::{Echo, Omits};
use std::error::Error;
use std::io::{self, Read, Write};
use std::sync::Arc;

const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// Two identities under one root.
struct World {
    pki: Pki,
    client: Identity,
    server: Identity,
}

impl World {
    fn new() -> World {
        let pki = Pki::new();
        let client = pki.issue("client.test", &rcgen::PKCS_ED25519);
        let server = pki.issue("server.test", &rcgen::PKCS_ED25519);
        World { pki, client, server }
    }

    fn identity(&self, role: Role) -> &Identity {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }

    /// The check of an end of this role.
    fn checks(&self, role: Role) -> Embedding<'_> {
        Embedding::new(role, self.identity(role.peer()))
    }

    fn echo(&self, role: Role, halves: bool, omits: Omits) -> Report {
        self.checks(role).check_blocking(|mut wire: Wire<'_>| {
            let mut echo = Echo::new(role, self.identity(role), halves, omits);
            move || echo.go_on(&mut wire)
        })
    }

    fn echo_async(&self, role: Role, omits: Omits) -> Report {
        self.checks(role).check_async(|mut wire: Wire<'_>| {
            let mut echo = Echo::new(role, self.identity(role), false, omits);
            async move || echo.go_on_async(&mut wire).await
        })
    }
}

#[test]
fn a_sound_loop_of_any_kind_is_found_in_order() {
    let world = World::new();
    for role in ROLES {
        for report in [
            world.echo(role, false, Omits::Nothing),
            world.echo(role, true, Omits::Nothing),
            world.echo_async(role, Omits::Nothing),
        ] {
            assert_eq!(report, Report::default(), "{role}: {report}");
        }
    }
}

#[test]
fn each_duty_that_is_left_out_is_found_by_its_name() {
    let world = World::new();
    for (omits, halves, fault) in [
        (Omits::Writing, false, Fault::Stuck),
        (Omits::ShortWrites, false, Fault::ShortReadsOrWrites),
        (Omits::Alert, false, Fault::AlertNotSent),
        (Omits::Alert, true, Fault::AlertNotSent),
        (Omits::Growing, false, Fault::NoSpace),
        (Omits::Memory, false, Fault::MemoryNotGrown),
        (Omits::Truncation, false, Fault::TruncationTakenForEnd),
        (Omits::Errors, false, Fault::ErrorTakenForEnd),
        (Omits::DataBehindFinished, false, Fault::DataBehindFinishedLost),
        (Omits::Closing, false, Fault::CloseNotSent),
        (Omits::Rest, false, Fault::DataLost),
        (Omits::Waiting, false, Fault::QuestionLost),
        (Omits::Keeping, false, Fault::NotResumed),
        (Omits::Owed, true, Fault::KeyUpdateNotAnswered),
        (Omits::Ending, false, Fault::ReadsBehindEnd),
        (Omits::Echoing, false, Fault::DataLost),
        (Omits::GivingUp, false, Fault::Stuck),
        (Omits::Leaving, false, Fault::CloseNotSent),
    ] {
        for role in ROLES {
            let report = world.echo(role, halves, omits);
            assert!(report.findings.iter().any(|finding| finding.fault == fault), "{role} {omits:?}: {report}");
        }
    }
}

#[test]
fn futures_that_lose_what_they_had_are_found() {
    let world = World::new();
    for role in ROLES {
        for (omits, fault) in [
            (Omits::Keeping, Fault::NotResumed),
            (Omits::Alert, Fault::AlertNotSent),
            (Omits::Writing, Fault::Stuck),
            (Omits::Truncation, Fault::TruncationTakenForEnd),
        ] {
            let report = world.echo_async(role, omits);
            assert!(report.findings.iter().any(|finding| finding.fault == fault), "{role} {omits:?}: {report}");
        }
    }
}

/// The blocking stream in a loop that echoes. Its handshake takes `WouldBlock` for a deadline that has passed.
#[test]
fn the_blocking_stream_does_its_duties() {
    let world = World::new();
    let configs = ROLES.map(|role| {
        let Identity { chain, key } =
            world.pki.issue(if role == Role::Client { "client.test" } else { "server.test" }, &rcgen::PKCS_ED25519);
        config(&world.pki, Identity { chain, key })
    });
    for (role, config) in ROLES.into_iter().zip(configs) {
        let report = world.checks(role).left(Left::AfterHandshake).check_blocking(|wire| {
            let mut stream = None;
            let mut echo = Rest::default();
            let config = config.clone();
            move || {
                if stream.is_none() {
                    let (config, io) = (config.clone(), Untimed(wire.clone()));
                    stream = Some(match role {
                        Role::Client => Connector::new(config).connect("server.test", io)?,
                        Role::Server => Acceptor::new(config, [Expect::AnyTrusted]).accept(io)?,
                    });
                }
                echo.go_on(stream.as_mut().unwrap())
            }
        });
        assert_eq!(report.findings, [], "{role}: {report}");
        assert_eq!(report.untried, ["late answers", "answers that never come"], "its answers are its own");
    }
}

/// The data that is still to be echoed.
#[derive(Default)]
struct Rest(Vec<u8>);

impl Rest {
    fn go_on<S: countersign::adapters::stream::Transport>(&mut self, stream: &mut Stream<S>) -> io::Result<()> {
        let mut buf = [0; 5000];
        loop {
            while !self.0.is_empty() {
                let n = stream.write(&self.0)?;
                self.0.drain(..n);
            }
            match stream.read(&mut buf)? {
                0 => return stream.close(),
                n => self.0.extend(&buf[..n]),
            }
        }
    }
}

/// The loop of the README, with another type of transport only.
fn shake_hands(
    hs: &mut Handshake<Policy>,
    answerer: &mut Answerer,
    io: &mut (impl Read + Write),
    (rx, tx): (&mut Inbox<Vec<u8>>, &mut Outbox<Vec<u8>>),
) -> Result<Session, Box<dyn Error>> {
    loop {
        match hs.drive(rx, tx) {
            Ok(Want::Write) => {
                let n = io.write(tx.pending())?;
                tx.sent(n);
            }
            Ok(Want::Read) => {
                let n = io.read(rx.space())?;
                rx.filled(n);
            }
            Ok(Want::Done) => return Ok(hs.finish()?),
            Ok(question) => drop(answerer.answer(hs, &question, rx, tx)?),
            Err(error) => {
                io.write_all(tx.pending())?;
                return Err(error.into());
            }
        }
    }
}

/// Its memory is large enough for the policy, and it answers at once.
#[test]
fn the_loop_of_the_readme_does_its_duties() {
    let world = World::new();
    let trust = Trust::from_roots("root", world.pki.root.pem().as_bytes()).unwrap();
    let trust = Arc::new(Reloadable::new(trust));
    for role in ROLES {
        let Identity { chain, key } =
            world.pki.issue(if role == Role::Client { "client.test" } else { "server.test" }, &rcgen::PKCS_ED25519);
        let identities = Identities::new(countersign::x509::Identity::new(chain, key).unwrap());
        let identities = Arc::new(Reloadable::new(identities));
        let report = world.checks(role).left(Left::Never).check_blocking(|mut wire| {
            let policy = Policy::new();
            let mut rx = Inbox::new(vec![0; policy.inbox_needed()]);
            let mut tx = Outbox::new(vec![0; 20_000]);
            let seed = Seed::random().unwrap();
            let mut hs = match role {
                Role::Client => Handshake::client(policy, Some("server.test"), seed).unwrap(),
                Role::Server => Handshake::server(policy, seed),
            };
            let now = rustls_pki_types::UnixTime::now();
            let expect = match role {
                Role::Client => Arc::from(["server.test".parse::<Expect>().unwrap()]),
                Role::Server => Arc::from([Expect::AnyTrusted]),
            };
            let mut answerer = Answerer::new(Arc::clone(&identities), Arc::clone(&trust), expect, now);
            move || {
                let session = shake_hands(&mut hs, &mut answerer, &mut wire, (&mut rx, &mut tx));
                let session = session.map_err(|error| io::Error::other(error.to_string()))?;
                talk(session, &mut wire, (&mut rx, &mut tx))
            }
        });
        assert_eq!(report.findings, [], "{role}: {report}");
        assert_eq!(report.untried, ["left and entered again", "late answers", "answers that never come"]);
    }
}

/// The loop that docs/GUIDE.md shows for a session.
fn talk(
    mut session: Session,
    io: &mut (impl Read + Write),
    (rx, tx): (&mut Inbox<Vec<u8>>, &mut Outbox<Vec<u8>>),
) -> io::Result<()> {
    loop {
        let event = session.receive(rx, tx);
        match &event {
            Ok(Event::Data) => {
                let n = session.write(rx.data(), tx).map_err(io::Error::other)?;
                rx.consume(n);
            }
            Ok(Event::Closed) => session.close(tx).map_err(io::Error::other)?,
            _ => {}
        }
        io.write_all(tx.pending())?;
        tx.sent(tx.pending().len());
        match event {
            Ok(Event::Read) => {
                let n = io.read(rx.space())?;
                rx.filled(n);
            }
            Ok(Event::Closed) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}
