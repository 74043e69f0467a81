//! Two ends authenticate each other over TLS 1.3, in memory. Every transition is shown.
//!
//! ```text
//! cargo run --example walkthrough
//! cargo run --example walkthrough -- --refuse client      (or server: what a refusal looks like from both ends)
//! cargo run --example walkthrough -- --bytes              (then every message, byte by byte; or one: --bytes certificate)
//! ```
//!
//! Each message is shown twice: where it is sent, and where it arrives. In between, its record crosses the wire.

mod pki;
mod screen;
mod tap;

use countersign::x509::{Answerer, Expect, Identities, PeerIdentity, Reloadable, Trust};
use countersign::{Error, Event, Handshake, Inbox, Misuse, Outbox, Policy, Role, Seed, Session, State, Step, Want};
use rustls_pki_types::UnixTime;
use screen::{Way, show};
use std::rc::Rc;
use std::sync::Arc;
use tap::Tap;

type Failure = Box<dyn std::error::Error>;

static POLICY: Policy = Policy::new();

/// One end: its handshake, its answers, its memory.
struct Party {
    role: Role,
    hs: Handshake<&'static Policy>,
    answerer: Answerer,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    tap: Rc<Tap>,
}

impl Party {
    fn new(hs: Handshake<&'static Policy>, answerer: Answerer, tap: &Rc<Tap>) -> Party {
        let (rx, tx) = (Inbox::new(vec![0; 20_000]), Outbox::new(vec![0; 20_000]));
        Party { role: hs.role(), hs, answerer, rx, tx, tap: Rc::clone(tap) }
    }

    /// Steps until the transport is wanted. `true`: the handshake is done.
    fn turn(&mut self) -> Result<bool, Error> {
        loop {
            let step = self.hs.step(&mut self.rx, &mut self.tx)?;
            self.tap.secrets(&self.hs);
            match step {
                Step::Did(transition) => screen::transition(self.role, &transition),
                Step::Want(want) => match self.answerer.answer(&mut self.hs, &want, &self.rx, &mut self.tx) {
                    Ok(true) => {} // a question, which was answered
                    Ok(false) => return Ok(want == Want::Done),
                    Err(misuse) => panic!("the buffers are large enough: {misuse}"),
                },
            }
        }
    }

    /// What this end reports about an error. It has the facts; the peer gets only the alert.
    fn explain(&self, error: &Error) {
        let negotiated = self.answerer.refusal().map_or(String::new(), |why| format!("\n          {why}"));
        println!("\n  {}", screen::in_colour(self.role, format!("{}: {error}{negotiated}", self.role)));
    }

    fn peer(&self) -> Option<PeerIdentity> {
        self.answerer.accepted()?.identity()
    }
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (mut refused, mut bytes) = (None, None);
    let mut rest = args.iter().map(String::as_str).peekable();
    while let Some(arg) = rest.next() {
        match (arg, rest.peek()) {
            ("--refuse", Some(&"client")) => refused = rest.next().map(|_| Role::Client),
            ("--refuse", Some(&"server")) => refused = rest.next().map(|_| Role::Server),
            ("--bytes", Some(name)) if !name.starts_with('-') => bytes = Some(rest.next()),
            ("--bytes", _) => bytes = Some(None),
            _ => {
                eprintln!("usage: walkthrough [--refuse client|server] [--bytes [MESSAGE]]");
                std::process::exit(2);
            }
        }
    }
    let tap = Rc::new(Tap::default());
    tell(refused, &tap)?;
    if let Some(name) = bytes {
        tap.show(name);
    }
    Ok(())
}

fn tell(refused: Option<Role>, tap: &Rc<Tap>) -> Result<(), Failure> {
    // A small PKI. The end to be refused has a bad certificate: expired, or for another name.
    let ca = pki::ca("walkthrough CA")?;
    let trust = Arc::new(Reloadable::new(Trust::from_roots("the CA", ca.pem().as_bytes())?));
    let name = if refused == Some(Role::Server) { "db" } else { "api" };
    let year = if refused == Some(Role::Client) { 2025 } else { 2100 };
    let server_is = Identities::new(pki::issue(&ca, name, &format!("{name}.internal"), 2100)?);
    let client_is = Identities::new(pki::issue(&ca, "billing", "spiffe://example.org/billing", year)?);
    let answerer = |identities, expect| {
        Answerer::new(Arc::new(Reloadable::new(identities)), Arc::clone(&trust), [expect], UnixTime::now())
    };

    // Two ends, each with the peer that it expects.
    let (server_must_be, client_must_be): (Expect, Expect) = ("api.internal".parse()?, "spiffe://example.org".parse()?);
    let hs = Handshake::client(&POLICY, Some("api.internal"), Seed::random()?)?;
    let mut client = Party::new(hs, answerer(client_is, server_must_be), tap);
    let hs = Handshake::server(&POLICY, Seed::random()?);
    let mut server = Party::new(hs, answerer(server_is, client_must_be), tap);

    screen::heading();
    loop {
        let _ = client.turn(); // the error stays, and is read below
        carry(&mut client, &mut server);
        let server_end = server.turn();
        carry(&mut server, &mut client);
        if server_end != Ok(false) {
            break;
        }
    }
    let (mut client_end, server_end) = (client.turn(), server.turn());
    if client_end.is_ok() && server_end.is_ok() {
        return talk(client, server);
    }
    if client_end.is_ok() {
        // In TLS 1.3 a client finishes before it is judged. Its session reports the result.
        client_end = client.hs.finish()?.receive(&mut client.rx, &mut client.tx).map(|_| true);
    }
    client_end.err().iter().for_each(|error| client.explain(error));
    server_end.err().iter().for_each(|error| server.explain(error));
    println!();
    Ok(())
}

/// After the handshake: data both ways, key updates, both closes. Then the proved identities.
fn talk(client: Party, server: Party) -> Result<(), Failure> {
    let (mut client, mut server) = (Talk::new(client)?, Talk::new(server)?);
    client.listen()?;
    let (api, billing) = (client.party.peer().ok_or("nobody")?, server.party.peer().ok_or("nobody")?);
    client.write(&mut server, "Who am I?")?;
    server.write(&mut client, &format!("You are {}.", billing.uris.join(", ")))?;
    client.tell(&mut server, "KeyUpdate (update_requested)", |session, tx| session.confirm(tx))?;
    // The answer would go before the server's next data. A server without data sends it by this call.
    server.tell(&mut client, "KeyUpdate (update_not_requested)", |session, tx| session.answer_key_update(tx))?;
    client.write(&mut server, "Still me, under new keys.")?;
    client.tell(&mut server, "close_notify", |session, tx| session.close(tx))?;
    server.tell(&mut client, "close_notify", |session, tx| session.close(tx))?;

    let hs = &client.party.hs;
    let agreed = [hs.cipher_suite().map(|suite| suite.to_string()), hs.group().map(|group| group.to_string())];
    let bindings = [client.session.exporter().tls_exporter()?, server.session.exporter().tls_exporter()?];
    println!("\n  They agreed on {}.", agreed.map(Option::unwrap_or_default).join(" and "));
    println!("  Both derive the same channel binding: {}.", bindings[0] == bindings[1]);
    println!("  The server proved to be {}", api.to_string().replace(" (serial", "\n      (serial"));
    println!("  The client proved to be {}\n", billing.to_string().replace(" (serial", "\n      (serial"));
    Ok(())
}

/// One end after the handshake.
struct Talk {
    party: Party,
    session: Session,
}

impl Talk {
    fn new(mut party: Party) -> Result<Talk, Failure> {
        Ok(Talk { session: party.hs.finish()?, party })
    }

    /// Sends something, and both ends process the result.
    fn tell(
        &mut self,
        other: &mut Talk,
        what: &str,
        act: impl FnOnce(&mut Session, &mut Outbox<Vec<u8>>) -> Result<(), Misuse>,
    ) -> Result<(), Failure> {
        act(&mut self.session, &mut self.party.tx)?;
        let state = if what == "close_notify" { State::Closed } else { State::Connected };
        show(self.party.role, Way::Out, what, state);
        carry(&mut self.party, &mut other.party);
        other.listen()?;
        carry(&mut other.party, &mut self.party);
        if self.party.rx.is_empty() { Ok(()) } else { Ok(self.listen()?) }
    }

    fn write(&mut self, other: &mut Talk, text: &str) -> Result<(), Failure> {
        self.tell(other, text, |session, tx| session.write(text.as_bytes(), tx).map(drop))
    }

    fn listen(&mut self) -> Result<(), Error> {
        let Talk { party: Party { role, rx, tx, .. }, session } = self;
        loop {
            let key = session.expose_secrets().1.to_vec();
            let event = session.receive(rx, tx)?;
            if session.expose_secrets().1 != key {
                show(*role, Way::In, "KeyUpdate: reads with a new key", State::Connected);
            }
            match event {
                Event::Confirmed => show(*role, Way::Here, "knows that it has been accepted", State::Connected),
                Event::Data => {
                    show(*role, Way::In, &String::from_utf8_lossy(rx.data()), State::Connected);
                    rx.consume(rx.data().len());
                }
                Event::Closed => break show(*role, Way::In, "close_notify", State::Closed),
                Event::Read | Event::Owed(_) => break, // a whole session keeps what it owes
            }
        }
        Ok(())
    }
}

/// The transport: carries one end's bytes to the other, and shows the records.
fn carry(from: &mut Party, to: &mut Party) {
    screen::records(from.role, from.tx.pending());
    from.tap.hear(from.role, from.tx.pending());
    let len = from.tx.pending().len();
    if len > 0 {
        to.rx.space()[..len].copy_from_slice(from.tx.pending());
        to.rx.filled(len);
        from.tx.sent(len);
    }
}
