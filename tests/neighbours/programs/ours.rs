//! Our side over TCP, as `tcp_client` and `tcp_server` work, in this process.

#[path = "../../../examples/common/mod.rs"]
#[allow(dead_code, reason = "the programs use the rest")]
mod common;

use crate::pki::Dir;
use common::words;
use countersign::adapters::Config;
use countersign::adapters::stream::{Acceptor, Connector, Stream};
use countersign::x509::{Expect, Identities, Identity, Reloadable, Trust};
use countersign::{Policy, SessionInfo};
use std::io::{self, BufRead, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Our identity and our trust.
pub struct Side {
    config: Config,
    expect: Vec<Expect>,
}

impl Side {
    /// With `pki/NAME.pem` and its key. `expect`: the expected peer.
    pub fn new(dir: &Dir, name: &str, expect: &[Expect]) -> Side {
        let identity =
            Identity::from_pem_or_der(&dir.read(&format!("pki/{name}.pem")), &dir.read(&format!("pki/{name}.key")));
        let trust = Trust::builder().roots("ca", &dir.read("pki/ca.pem")).crls("crl", &dir.read("pki/crl.pem"));
        let identities = Arc::new(Reloadable::new(Identities::new(identity.unwrap())));
        let trust = Arc::new(Reloadable::new(trust.build().unwrap()));
        Side { config: Config::new(identities, trust), expect: expect.to_vec() }
    }

    fn words(&self, error: &io::Error) -> String {
        words::sentence(error, &self.config.identities().get())
    }

    /// A client that wants the server called localhost.
    pub fn client(dir: &Dir, name: &str) -> Side {
        Side::new(dir, name, &["localhost".parse().unwrap()])
    }

    /// A server that accepts every certificate of our CA.
    pub fn server(dir: &Dir, name: &str) -> Side {
        Side::new(dir, name, &[Expect::AnyTrusted])
    }

    /// The same with this policy.
    pub fn with(self, policy: Policy) -> Side {
        Side { config: self.config.policy(policy), ..self }
    }
}

/// A connection: the peer and the received text. Or the reason of its failure, in the words of our programs.
pub type Outcome = Result<Met, String>;

#[derive(Debug)]
pub struct Met {
    /// The proved identity, and the negotiated parameters.
    pub whom: String,
    /// The negotiated parameters as data.
    pub info: SessionInfo,
    /// The received text.
    pub said: String,
}

/// Connects when the server listens, sends `request`, and reads until the server has closed or has sent `until`.
pub fn call(port: u16, side: &Side, request: &str, until: &str) -> Outcome {
    let connector = Connector::new(side.config.clone());
    let talk = || {
        let mut stream = connector.connect_to(Some("localhost"), side.expect.clone(), connect(port))?;
        stream.write_all(request.as_bytes())?;
        let said = hear(&mut stream, |text| text.contains(until))?;
        let _ = stream.close(); // the close is not tested here
        Ok(Met { whom: words::connected(stream.info()), info: stream.info().clone(), said })
    };
    talk().map_err(|error: io::Error| side.words(&error))
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

/// Reads until this is true of the text so far, or the peer has closed.
fn hear(stream: &mut Stream<TcpStream>, enough: impl Fn(&str) -> bool) -> io::Result<String> {
    let mut heard = Vec::new();
    stream.get_ref().set_read_timeout(Some(crate::programs::PATIENCE))?;
    loop {
        let data = stream.fill_buf()?;
        let n = data.len();
        heard.extend_from_slice(data);
        stream.consume(n);
        let text = String::from_utf8_lossy(&heard).into_owned();
        if n == 0 || enough(&text) {
            return Ok(text);
        }
    }
}

/// Our server, which answers each client by HTTP with its identity.
pub struct Server {
    pub port: u16,
    outcomes: mpsc::Receiver<Outcome>,
}

impl Server {
    /// With `pki/NAME.pem`. It accepts every certificate of our CA.
    pub fn start(dir: &Dir, name: &str) -> Server {
        Server::of(Side::server(dir, name))
    }

    pub fn of(side: Side) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, outcomes) = mpsc::channel();
        // It ends when the receiver is dropped, or with the process.
        thread::spawn(move || while tell.send(serve(listener.accept().unwrap().0, &side)).is_ok() {});
        Server { port, outcomes }
    }

    /// The result of the next connection.
    pub fn outcome(&self) -> Outcome {
        self.outcomes.recv_timeout(crate::programs::PATIENCE).expect("somebody connects")
    }
}

fn serve(stream: TcpStream, side: &Side) -> Outcome {
    let acceptor = Acceptor::new(side.config.clone(), side.expect.clone());
    let talk = || {
        let mut stream = acceptor.accept(stream)?;
        let whom = words::connected(stream.info());
        let said = hear(&mut stream, |text| text.contains('\n'))?; // one line is enough
        let body = format!("our server met {whom}\n");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes())?;
        let _ = stream.close(); // the close is not tested here
        Ok(Met { whom, info: stream.info().clone(), said })
    };
    talk().map_err(|error: io::Error| side.words(&error))
}
