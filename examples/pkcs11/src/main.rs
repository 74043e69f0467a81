//! Mutual TLS with a key in a PKCS#11 token (an HSM, a smart card, SoftHSM). The token answers `Want::Sign`, and the
//! key never leaves it.
//!
//! ```sh
//! export PKCS11_MODULE=/usr/lib/softhsm/libsofthsm2.so PKCS11_TOKEN=countersign PKCS11_PIN=1234
//! cargo run -- generate api p256 api.spki         # a key in the token; its public key is for the CA
//! cargo run -- serve api api.pem ca.pem 127.0.0.1:4433
//! cargo run -- connect api api.pem ca.pem 127.0.0.1:4433 server.test     # sends its standard input, prints the answer
//! ```

mod token;

use countersign::pki_types::UnixTime;
use countersign::x509::{Answerer, Expect, Identities, Identity, Reloadable, Trust};
use countersign::{AlertDescription, Event, Handshake, Inbox, Outbox, Peer, Policy, Role, Seed, Session, Want};
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};
use token::{Key, Kind, Token};

const USAGE: &str = "\
usage: pkcs11 generate KEY p256|rsa2048 OUT.spki
       pkcs11 serve KEY CHAIN.pem ROOTS.pem ADDRESS
       pkcs11 connect KEY CHAIN.pem ROOTS.pem ADDRESS NAME
KEY is a label in the token; PKCS11_MODULE, PKCS11_TOKEN (a label) and PKCS11_PIN are in the environment";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["generate", key, "p256", out] => generate(key, Kind::P256, out),
        ["generate", key, "rsa2048", out] => generate(key, Kind::Rsa2048, out),
        ["serve", key, chain, roots, address] => serve(key, chain, roots, address),
        ["connect", key, chain, roots, address, name] => connect(key, chain, roots, address, name),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pkcs11: {error}");
            ExitCode::FAILURE
        }
    }
}

fn open_token() -> Outcome<Token> {
    let variable = |name| env::var(name).map_err(|_| format!("{name} is not set\n{USAGE}"));
    Token::open(&variable("PKCS11_MODULE")?, &variable("PKCS11_TOKEN")?, &variable("PKCS11_PIN")?)
}

fn generate(label: &str, kind: Kind, out: &str) -> Outcome<()> {
    Ok(fs::write(out, open_token()?.generate(label, kind)?)?)
}

/// Our identity, whose key is in the token, our trust, and the expected peer.
struct Service {
    token: Token,
    key: Key,
    identities: Arc<Reloadable<Identities>>,
    trust: Arc<Reloadable<Trust>>,
    expect: Expect,
}

impl Service {
    fn new(label: &str, chain: &str, roots: &str, expect: Expect) -> Outcome<Service> {
        let token = open_token()?;
        let key = token.key(label)?;
        // An empty list: all schemes that fit the leaf's key.
        let identity = Identity::external_from_pem(&fs::read(chain)?, Vec::new())?;
        // Checks that the key fits the certificate. Otherwise only the peer would notice, as a bad signature. (Some
        // tokens keep no public keys.)
        let certified = Peer::new(Role::Client, identity.chain()).spki();
        if token.public_key(label)?.is_some_and(|key| certified != Some(&key)) {
            return Err(format!("{chain} is not a certificate for the key '{label}'").into());
        }
        let identities = Identities::new(identity);
        let trust = Trust::from_roots(roots, &fs::read(roots)?)?;
        let (identities, trust) = (Arc::new(Reloadable::new(identities)), Arc::new(Reloadable::new(trust)));
        Ok(Service { token, key, identities, trust, expect })
    }

    /// The handshake: the loop of the README, except that the token signs.
    fn shake_hands(&self, mut hs: Handshake<Policy>, mut io: TcpStream) -> Outcome<Connection> {
        let (identities, trust) = (self.identities.clone(), self.trust.clone());
        let mut answerer = Answerer::new(identities, trust, [self.expect.clone()], UnixTime::now());
        let (mut rx, mut tx) = (Inbox::new(vec![0; 100_000]), Outbox::new(vec![0; 20_000]));
        io.set_read_timeout(Some(Duration::from_secs(10)))?;
        loop {
            match hs.drive(&mut rx, &mut tx) {
                Ok(Want::Write) => {
                    let sent = io.write(tx.pending())?;
                    tx.sent(sent);
                }
                Ok(Want::Read) => {
                    let came = io.read(rx.space())?;
                    rx.filled(came);
                }
                Ok(Want::Done) => return Ok(Connection { session: hs.finish()?, rx, tx, io }),
                Ok(Want::Sign(question)) => match self.token.sign(self.key, &question) {
                    Ok(signature) => hs.answer_sign(&question, &signature, &mut tx)?,
                    Err(error) => {
                        eprintln!("pkcs11: the token does not sign: {error}");
                        hs.decline(&question, AlertDescription::INTERNAL_ERROR)?;
                    }
                },
                Ok(question) => drop(answerer.answer(&mut hs, &question, &rx, &mut tx)?),
                Err(error) => {
                    let _ = io.write_all(tx.pending()); // sends the alert
                    let refusal = answerer.refusal().map_or(String::new(), |refusal| format!(": {refusal}"));
                    return Err(format!("{error}{refusal}").into());
                }
            }
        }
    }
}

/// A session with its memory and its socket.
struct Connection {
    session: Session,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    io: TcpStream,
}

impl Connection {
    fn flush(&mut self) -> io::Result<()> {
        self.io.write_all(self.tx.pending())?;
        let sent = self.tx.pending().len();
        self.tx.sent(sent);
        Ok(())
    }

    fn send(&mut self, mut data: &[u8]) -> Outcome<()> {
        while !data.is_empty() {
            let written = self.session.write(data, &mut self.tx)?;
            data = &data[written..];
            self.flush()?;
        }
        Ok(())
    }

    /// The received data. `None`: the peer has closed.
    fn receive(&mut self) -> Outcome<Option<Vec<u8>>> {
        loop {
            match self.session.receive(&mut self.rx, &mut self.tx) {
                Ok(Event::Data) => {
                    let data = self.rx.data().to_vec();
                    self.rx.consume(data.len());
                    return Ok(Some(data));
                }
                Ok(Event::Closed) => return Ok(None),
                Ok(Event::Read) => {
                    self.flush()?;
                    let came = self.io.read(self.rx.space())?;
                    self.rx.filled(came);
                }
                Ok(_) => {}
                Err(error) => {
                    let _ = self.flush(); // sends the alert
                    return Err(error.into());
                }
            }
        }
    }

    fn close(&mut self) -> Outcome<()> {
        self.session.close(&mut self.tx)?;
        self.flush()?;
        Ok(self.io.shutdown(Shutdown::Write)?)
    }
}

/// Echoes. Serves one client after the other.
fn serve(label: &str, chain: &str, roots: &str, address: &str) -> Outcome<()> {
    let service = Service::new(label, chain, roots, Expect::AnyTrusted)?;
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    for io in listener.incoming() {
        let outcome = echo(&service, io?);
        println!("{}", outcome.map_or_else(|error| error.to_string(), |()| "served".into()));
    }
    Ok(())
}

fn echo(service: &Service, io: TcpStream) -> Outcome<()> {
    let mut connection = service.shake_hands(Handshake::server(Policy::new(), Seed::random()?), io)?;
    while let Some(data) = connection.receive()? {
        connection.send(&data)?;
    }
    connection.close()
}

fn connect(label: &str, chain: &str, roots: &str, address: &str, name: &str) -> Outcome<()> {
    let service = Service::new(label, chain, roots, name.parse()?)?;
    let hs = Handshake::client(Policy::new(), Some(name), Seed::random()?)?;
    let mut connection = service.shake_hands(hs, TcpStream::connect(address)?)?;
    let mut data = Vec::new();
    io::stdin().read_to_end(&mut data)?;
    connection.send(&data)?;
    let mut answered = 0;
    while answered < data.len() {
        let Some(answer) = connection.receive()? else { break };
        io::stdout().write_all(&answer)?;
        answered += answer.len();
    }
    connection.close()
}
