//! The rules of a session, for the whole one and for its halves.

mod foreign;
mod info;
mod owed;
mod reservation;
mod room;
mod sleep;
mod told;

use crate::common::{Connection, End, Pki};
use crate::identity::Identity;
use crate::script::Protection;
use countersign::internals::crypto::Suite;
use countersign::{Misuse, Outbox, Policy, Receiver, Reservation, Role, Sender, Session};
use std::sync::LazyLock;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("somebody.test", &rcgen::PKCS_ED25519));

/// A connection without bytes in transit: the client is confirmed.
fn connected(client: Policy, server: Policy) -> Connection<'static> {
    let client = End::new(Role::Client, client, &IDENTITY);
    let server = End::new(Role::Server, server, &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    connection
}

/// The sender of data: a whole session, or a half.
enum Sends {
    Whole(Box<Session>),
    Half(Box<Sender>, Box<Receiver>),
}

impl Sends {
    /// Both of them, by turns.
    fn each(session: Session, half: bool) -> Sends {
        if half {
            let (sender, receiver, _) = session.split();
            Sends::Half(Box::new(sender), Box::new(receiver))
        } else {
            Sends::Whole(Box::new(session))
        }
    }

    fn write(&mut self, data: &[u8], tx: &mut Outbox<Vec<u8>>) -> Result<usize, Misuse> {
        match self {
            Sends::Whole(session) => session.write(data, tx),
            Sends::Half(sender, _) => sender.write(data, tx),
        }
    }

    fn reserve<'s>(
        &'s mut self,
        wanted: usize,
        tx: &'s mut Outbox<Vec<u8>>,
    ) -> Result<Option<Reservation<'s>>, Misuse> {
        match self {
            Sends::Whole(session) => session.reserve(wanted, tx),
            Sends::Half(sender, _) => sender.reserve(wanted, tx),
        }
    }
}

/// The suite of a connection, for tests that open its records themselves.
fn suite(end: &End<'_>) -> Suite {
    Suite::from(end.hs.cipher_suite().expect("a finished handshake")).expect("a suite of ours")
}

/// The protection of a session's records, for tests that open them themselves.
fn protection(session: &Session, end: &End<'_>) -> Protection {
    Protection::of(session.expose_secrets().0, suite(end))
}
