//! Two ends of ours, and the transport between them.

pub use crate::end::{End, seed};
pub use crate::identity::{Identity, Pki};
use countersign::{Error, Event, Session, Want};

/// The result of an end's handshake. `None`: it is not finished.
pub type Outcome = Option<Result<(), Error>>;

/// Drives one end once, and carries its bytes to the other.
pub fn turn(end: &mut End<'_>, other: &mut End<'_>) -> Outcome {
    let outcome = match end.drive() {
        Ok(Want::Done) => Some(Ok(())),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    let bytes = end.sends();
    assert_eq!(other.gets(&bytes), bytes.len(), "the inbox is large enough for this test");
    outcome
}

/// Runs both ends until both have ended. Returns the results.
pub fn run(client: &mut End<'_>, server: &mut End<'_>) -> (Outcome, Outcome) {
    let mut outcomes = (None, None);
    for _ in 0..100 {
        outcomes = (turn(client, server), turn(server, client));
        if outcomes.0.is_some() && outcomes.1.is_some() {
            break;
        }
    }
    outcomes
}

/// Both sessions of a connection. The handshake must succeed.
pub fn connect(client: &mut End<'_>, server: &mut End<'_>) -> (Session, Session) {
    let (c, s) = run(client, server);
    c.expect("the client ends").unwrap();
    s.expect("the server ends").unwrap();
    (client.hs.finish().unwrap(), server.hs.finish().unwrap())
}

/// A connection after its handshake: both ends, and their sessions.
pub struct Connection<'a> {
    pub client: End<'a>,
    pub server: End<'a>,
    pub c: Session,
    pub s: Session,
}

#[expect(clippy::wrong_self_convention, reason = "the names say where the bytes go")]
impl<'a> Connection<'a> {
    pub fn new(mut client: End<'a>, mut server: End<'a>) -> Connection<'a> {
        let (c, s) = connect(&mut client, &mut server);
        Connection { client, server, c, s }
    }

    /// Carries the client's bytes to the server. Returns the server's results up to `Read`.
    pub fn to_server(&mut self) -> Result<(Vec<u8>, Vec<Event>), Error> {
        carry(&mut self.client, &mut self.server);
        receive(&mut self.s, &mut self.server)
    }

    /// The same in the other direction.
    pub fn to_client(&mut self) -> Result<(Vec<u8>, Vec<Event>), Error> {
        carry(&mut self.server, &mut self.client);
        receive(&mut self.c, &mut self.client)
    }
}

/// Carries the bytes of one end to the other.
pub fn carry(from: &mut End<'_>, to: &mut End<'_>) {
    let bytes = from.sends();
    assert_eq!(to.gets(&bytes), bytes.len(), "the inbox is large enough for this test");
}

/// Everything that a session receives: the data, and the other events in order, without the final `Read`.
pub fn receive(session: &mut Session, end: &mut End<'_>) -> Result<(Vec<u8>, Vec<Event>), Error> {
    let (mut data, mut events) = (Vec::new(), Vec::new());
    loop {
        match session.receive(&mut end.rx, &mut end.tx)? {
            Event::Read => return Ok((data, events)),
            Event::Data => {
                data.extend_from_slice(end.rx.data());
                end.rx.consume(end.rx.data().len());
            }
            Event::Closed => {
                events.push(Event::Closed);
                return Ok((data, events));
            }
            event => events.push(event),
        }
    }
}
