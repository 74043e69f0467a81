//! Our side, over TCP: as `tcp_client` and `tcp_server` do it, in this process.

#[path = "../../../examples/common/mod.rs"]
#[allow(dead_code, reason = "the programs use the rest")]
mod common;

use crate::pki::Dir;
use common::key_log::KeyLog;
use common::transport::Link;
use common::words::{self, Failure};
use countersign::x509::{Answerer, Expect, Identities, Identity, Reloadable, Trust};
use countersign::{ErrorKind, Event, Handshake, Policy, Seed, Session, State};
use rustls_pki_types::UnixTime;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Who we are, and whom we trust.
pub struct Side {
    identities: Arc<Reloadable<Identities>>,
    trust: Arc<Reloadable<Trust>>,
    expect: Vec<Expect>,
}

impl Side {
    /// With `pki/NAME.pem` and its key; `expect`: who the peer must be.
    pub fn new(dir: &Dir, name: &str, expect: &[Expect]) -> Side {
        let identity =
            Identity::from_pem_or_der(&dir.read(&format!("pki/{name}.pem")), &dir.read(&format!("pki/{name}.key")));
        let trust = Trust::builder().roots("ca", &dir.read("pki/ca.pem")).crls("crl", &dir.read("pki/crl.pem"));
        Side {
            identities: Arc::new(Reloadable::new(Identities::new(identity.unwrap()))),
            trust: Arc::new(Reloadable::new(trust.build().unwrap())),
            expect: expect.to_vec(),
        }
    }

    fn answerer(&self) -> Answerer {
        Answerer::new(self.identities.clone(), self.trust.clone(), self.expect.clone(), UnixTime::now())
    }

    /// A client that wants the server called localhost.
    pub fn client(dir: &Dir, name: &str) -> Side {
        Side::new(dir, name, &["localhost".parse().unwrap()])
    }
}

/// A connection: with whom, and what was said. Or why there was none, in the words of our programs.
pub type Outcome = Result<Met, String>;

#[derive(Debug)]
pub struct Met {
    /// Who the peer has proved to be, and what was agreed on.
    pub whom: String,
    /// What it said.
    pub said: String,
}

/// Connects (once somebody listens), says `request`, and listens until the server has closed, or has said `until`.
pub fn call(port: u16, side: &Side, request: &str, until: &str) -> Outcome {
    let mut hs = Handshake::client(Policy::new(), Some("localhost"), Seed::random().unwrap()).unwrap();
    let mut answerer = side.answerer();
    let mut link = Link::new(connect(port));
    let key_log = KeyLog::open(None).unwrap();
    let outcome = link.handshake(&mut hs, &mut answerer, &mut key_log.connection()).and_then(|mut session| {
        assert_eq!(session.write(request.as_bytes(), &mut link.tx)?, request.len());
        link.flush();
        let heard = hear(&mut link, &mut session, |text| text.contains(until))?;
        session.close(&mut link.tx)?;
        link.farewell();
        Ok(Met { whom: words::connected(&hs, &answerer), said: heard })
    });
    outcome.map_err(|failure| failure.sentence(&answerer, &side.identities.get()))
}

fn connect(port: u16) -> TcpStream {
    let end = Instant::now() + crate::programs::PATIENCE;
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < end, "nobody listens on {port}: {error}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Listens until this is true of the text so far, or the peer has closed.
fn hear(link: &mut Link, session: &mut Session, enough: impl Fn(&str) -> bool) -> Result<String, Failure> {
    let mut heard = Vec::new();
    link.stream.set_read_timeout(Some(crate::programs::PATIENCE)).unwrap();
    loop {
        match session.receive(&mut link.rx, &mut link.tx) {
            Ok(Event::Data) => {
                heard.extend_from_slice(link.rx.data());
                link.rx.consume(link.rx.data().len());
                let text = String::from_utf8_lossy(&heard).into_owned();
                if enough(&text) {
                    return Ok(text);
                }
            }
            Ok(Event::Read) => {
                link.flush();
                link.fill().map_err(|error| Failure::Transport(error, State::Connected))?;
            }
            Ok(Event::Closed) => return Ok(String::from_utf8_lossy(&heard).into_owned()),
            Ok(Event::Confirmed | Event::Owed(_)) => {}
            Err(error) => match error.kind() {
                ErrorKind::InboxTooSmall { needed } => link.grow_inbox(needed),
                _ => {
                    link.farewell();
                    return Err(Failure::Tls(error));
                }
            },
        }
    }
}

/// Our server: tells each client by HTTP whom it has met.
pub struct Server {
    pub port: u16,
    outcomes: mpsc::Receiver<Outcome>,
}

impl Server {
    /// With `pki/NAME.pem`; serves whoever our CA has certified.
    pub fn start(dir: &Dir, name: &str) -> Server {
        let side = Side::new(dir, name, &[Expect::AnyTrusted]);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, outcomes) = mpsc::channel();
        // It ends when nobody wants to know any more, or with the process.
        thread::spawn(move || while tell.send(serve(listener.accept().unwrap().0, &side)).is_ok() {});
        Server { port, outcomes }
    }

    /// What the next connection came to.
    pub fn outcome(&self) -> Outcome {
        self.outcomes.recv_timeout(crate::programs::PATIENCE).expect("somebody connects")
    }
}

fn serve(stream: TcpStream, side: &Side) -> Outcome {
    let mut hs = Handshake::server(Policy::new(), Seed::random().unwrap());
    let mut answerer = side.answerer();
    let mut link = Link::new(stream);
    let key_log = KeyLog::open(None).unwrap();
    let outcome = link.handshake(&mut hs, &mut answerer, &mut key_log.connection()).and_then(|mut session| {
        let whom = words::connected(&hs, &answerer);
        let request = hear(&mut link, &mut session, |text| text.contains('\n'))?; // a line is enough
        let body = format!("our server met {whom}\n");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        session.write((head + &body).as_bytes(), &mut link.tx)?;
        session.close(&mut link.tx)?;
        link.farewell();
        Ok(Met { whom, said: request })
    });
    outcome.map_err(|failure| failure.sentence(&answerer, &side.identities.get()))
}
