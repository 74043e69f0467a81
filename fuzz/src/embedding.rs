//! `embedding`: the template for users. The loop under test is that of the README, and then the one for a session in
//! docs/GUIDE.md. Replace it by yours. The fuzzer chooses what the peer does, and how the transport divides the bytes.

use super::end::{pki, seed};
use countersign::adversary::Identity;
use countersign::adversary::embedding::Embedding;
use countersign::x509::SigningKey;
use countersign::{Credential, Event, Handshake, Inbox, Outbox, Policy, Role, Session, Verdict, Want};
use std::io::{self, Read, Write};
use std::sync::OnceLock;

/// Bit 7 of the first byte: the role. The rest goes to [`Embedding::fuzz_blocking`].
pub fn embedding(data: &[u8]) {
    let first = data.first().copied().unwrap_or(0);
    let role = if first & 0x80 == 0 { Role::Server } else { Role::Client };
    let input = [&[first & 0x7f][..], data.get(1..).unwrap_or_default()].concat();
    let report = Embedding::new(role, peer(role)).fuzz_blocking(&input, |mut wire| {
        let mut connection = Connection::new(role);
        move || connection.go_on(&mut wire)
    });
    assert!(report.findings.is_empty(), "{report}");
}

/// The identity of its peer.
fn peer(role: Role) -> &'static Identity {
    static PEERS: OnceLock<[Identity; 2]> = OnceLock::new();
    let peers = PEERS.get_or_init(|| {
        [Role::Client, Role::Server].map(|role| {
            let identity = pki().of(role);
            let key = SigningKey::from_der(&identity.pkcs8).expect("its key");
            Identity { chain: identity.chain.clone(), key }
        })
    });
    &peers[usize::from(role == Role::Client)]
}

struct Connection {
    role: Role,
    hs: Handshake<Policy>,
    session: Option<Session>,
    closed: bool,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
}

impl Connection {
    fn new(role: Role) -> Connection {
        let policy = Policy::new();
        let rx = Inbox::new(vec![0; policy.inbox_needed()]);
        let hs = match role {
            Role::Client => Handshake::client(policy, Some("server.test"), seed(role, 0)).expect("a client"),
            Role::Server => Handshake::server(policy, seed(role, 0)),
        };
        Connection { role, hs, session: None, closed: false, rx, tx: Outbox::new(vec![0; 20_000]) }
    }

    fn go_on(&mut self, io: &mut (impl Read + Write)) -> io::Result<()> {
        let Connection { hs, rx, tx, .. } = self;
        while self.session.is_none() {
            match hs.drive(rx, tx) {
                Ok(Want::Write) => {
                    let n = io.write(tx.pending())?;
                    tx.sent(n);
                }
                Ok(Want::Read) => {
                    let n = io.read(rx.space())?;
                    rx.filled(n);
                }
                Ok(Want::Done) => self.session = Some(hs.finish().map_err(io::Error::other)?),
                Ok(question) => {
                    let identity = pki().of(self.role);
                    let answered = match question {
                        Want::Credential(question) => {
                            hs.answer_credential(&question, &Credential::new(&identity.chain), tx)
                        }
                        Want::Sign(question) => {
                            let signature = identity.key.sign(question.scheme(), question.message());
                            hs.answer_sign(&question, &signature.map_err(io::Error::other)?, tx)
                        }
                        Want::Verify(question) => hs.answer_verify(&question, Verdict::Accept),
                        _ => Ok(()),
                    };
                    answered.map_err(io::Error::other)?;
                }
                Err(error) => {
                    flush(io, tx)?;
                    return Err(io::Error::other(error));
                }
            }
        }
        self.talk(io)
    }

    fn talk(&mut self, io: &mut (impl Read + Write)) -> io::Result<()> {
        let Connection { session: Some(session), closed, rx, tx, .. } = self else { return Ok(()) };
        loop {
            flush(io, tx)?;
            if *closed {
                return Ok(());
            }
            match session.receive(rx, tx) {
                Ok(Event::Read) => {
                    flush(io, tx)?;
                    let n = io.read(rx.space())?;
                    rx.filled(n);
                }
                Ok(Event::Data) => {
                    let n = session.write(rx.data(), tx).map_err(io::Error::other)?;
                    rx.consume(n);
                }
                Ok(Event::Closed) => {
                    session.close(tx).map_err(io::Error::other)?;
                    *closed = true;
                }
                Ok(_) => {}
                Err(error) => {
                    flush(io, tx)?;
                    return Err(io::Error::other(error));
                }
            }
        }
    }
}

fn flush(io: &mut impl Write, tx: &mut Outbox<Vec<u8>>) -> io::Result<()> {
    while !tx.pending().is_empty() {
        let n = io.write(tx.pending())?;
        tx.sent(n);
    }
    Ok(())
}

/// Every case in either role, with some divisions.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for case in 0..24 {
        for role in [0, 0x80] {
            for cuts in [&[][..], &[1, 0, 2, 0, 200], &[5; 40], &[0, 255]] {
                seeds.push([&[role | case], &cuts.repeat(8)[..]].concat());
            }
        }
    }
    seeds
}
