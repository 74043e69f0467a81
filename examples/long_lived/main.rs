//! Connections that stay open while certificates rotate every two seconds: `cargo run --example long_lived`.
//!
//! A server and three clients are connected over TCP. Each has a SPIFFE certificate that is valid for six seconds. The
//! clients send pings all the time. The server repeatedly asks each client to prove its identity *now* (RFC 9261),
//! inside the connection, and the answer renews the client's lease. Then one client is revoked: its connection ends
//! within a second, and the others are not disturbed. (`examples/services` has the same over HTTP/2.)

mod ca;

use ca::{Ca, LIFE};
use countersign::adapters::stream::{Acceptor, Connector, Stream};
use countersign::adapters::{Config, Frame, Frames, Reauthenticated, Reauthentication};
use countersign::pki_types::UnixTime;
use countersign::x509::{Expect, Leases, Reloadable};
use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, atomic::AtomicBool, atomic::AtomicU64, atomic::Ordering};
use std::thread;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const ROTATION: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(50);

/// One end of a connection: its frames and its authenticators.
struct End {
    stream: Stream<TcpStream>,
    again: Reauthentication,
    frames: Frames,
}

impl End {
    fn new(stream: Stream<TcpStream>) -> Result<End> {
        stream.get_ref().set_read_timeout(Some(TICK))?;
        Ok(End { again: stream.reauthentication()?, stream, frames: Frames::new(1 << 14) })
    }

    fn send(&mut self, frame: &Frame) -> Result<()> {
        Ok(self.stream.write_all(&frame.to_bytes()?)?)
    }

    /// The next frame. `None`: none has come within a tick. `Err`: the connection has ended.
    fn receive(&mut self) -> Result<Option<Frame>> {
        match self.frames.read(&mut self.stream) {
            Ok(None) => Err("the connection was closed".into()),
            Ok(frame) => Ok(frame),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The server's sessions.
#[derive(Default)]
struct Sessions {
    leases: Mutex<Leases<String>>,
    renewals: AtomicU64,
    ended: Mutex<Vec<(String, String)>>,
}

/// Serves one client while its lease is valid.
fn serve(tcp: TcpStream, acceptor: &Acceptor, sessions: &Sessions) -> Result<()> {
    let stream = acceptor.accept(tcp)?;
    let who = stream.peer().identity().and_then(|peer| peer.spiffe_id).ok_or("no SPIFFE ID")?.to_string();
    sessions.leases.lock().map_err(|_| "a lock")?.insert(who.clone(), stream.lease());
    let mut end = End::new(stream)?;
    let mut asked = Instant::now();
    loop {
        // Another thread judges the leases, and removes those that have ended.
        if sessions.leases.lock().map_err(|_| "a lock")?.get(&who).is_none() {
            return Ok(end.stream.close()?);
        }
        if asked.elapsed() >= ROTATION {
            asked = Instant::now();
            let request = end.again.request()?; // asks the client to prove its identity
            end.send(&Frame::Authenticator(request))?;
        }
        match end.receive()? {
            Some(Frame::Authenticator(message)) => {
                // The proof must be for the same SPIFFE ID. Otherwise this is an error.
                let Reauthenticated::Renewed(lease) = end.again.receive(&message)? else {
                    return Err(format!("{who} does not prove who it is").into());
                };
                let mut leases = sessions.leases.lock().map_err(|_| "a lock")?;
                if leases.get(&who).is_some() {
                    leases.insert(who.clone(), lease);
                    sessions.renewals.fetch_add(1, Ordering::Relaxed);
                }
            }
            Some(ping) => end.send(&ping)?,
            None => {}
        }
    }
}

/// A client that sends pings. Returns how many were answered before the connection ended.
fn ping(address: &str, config: Config, pings: &AtomicU64) -> Result<()> {
    let tcp = TcpStream::connect(address)?;
    let stream = Connector::new(config).connect("spiffe://example.org/server", tcp)?;
    let mut end = End::new(stream)?;
    loop {
        end.send(&Frame::Data(b"are you there?".to_vec()))?;
        while let Some(frame) = end.receive()? {
            match frame {
                Frame::Data(_) => drop(pings.fetch_add(1, Ordering::Relaxed)),
                Frame::Authenticator(request) => match end.again.receive(&request)? {
                    Reauthenticated::Answer(answer) => end.send(&Frame::Authenticator(answer))?,
                    other => return Err(format!("{other:?}").into()),
                },
            }
        }
    }
}

fn main() -> Result<()> {
    let ca = Arc::new(Ca::new()?);
    let trust = Arc::new(Reloadable::new(ca.trust(&[])?));
    let config =
        |name| -> Result<Config> { Ok(Config::new(Arc::new(Reloadable::new(ca.issue(name)?)), Arc::clone(&trust))) };
    let (server, sessions) = (config("server")?, Arc::new(Sessions::default()));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let acceptor = Acceptor::new(server.clone(), ["spiffe://example.org".parse::<Expect>()?]);
    let shared = Arc::clone(&sessions);
    thread::spawn(move || -> io::Result<()> {
        for tcp in listener.incoming() {
            let (tcp, acceptor, sessions) = (tcp?, acceptor.clone(), Arc::clone(&shared));
            thread::spawn(move || serve(tcp, &acceptor, &sessions).map_err(|error| eprintln!("server: {error}")));
        }
        Ok(())
    });

    let mut clients = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let (config, pings, gone) = (config(name)?, Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        clients.push((name, config.clone(), Arc::clone(&pings), Arc::clone(&gone)));
        let address = address.clone();
        thread::spawn(move || {
            let ended = ping(&address, config, &pings);
            gone.store(true, Ordering::SeqCst);
            println!("{name}: {}", ended.err().map_or_else(String::new, |error| error.to_string()));
        });
    }

    let began = Instant::now();
    let mut rotated = Instant::now();
    let (mut revoked, mut bob_is_gone) = (None::<Instant>, None);
    while began.elapsed() < 2 * LIFE {
        thread::sleep(TICK / 5);
        if rotated.elapsed() >= ROTATION {
            rotated = Instant::now();
            for (name, config, ..) in clients.iter().filter(|(name, ..)| revoked.is_none() || *name != "bob") {
                config.identities().set(ca.issue(name)?);
            }
            server.identities().set(ca.issue("server")?);
        }
        if revoked.is_none() && began.elapsed() >= LIFE {
            trust.set(ca.trust(&["bob"])?);
            revoked = Some(Instant::now());
            println!("bob is revoked");
        }
        // After a new snapshot, or when time has passed: ends the sessions whose lease is not valid.
        for (who, why) in sessions.leases.lock().map_err(|_| "a lock")?.renew(&trust.get(), UnixTime::now()) {
            println!("server: {who} ends: {why}");
            sessions.ended.lock().map_err(|_| "a lock")?.push((who, why.name().to_string()));
        }
        if bob_is_gone.is_none() && clients[1].3.load(Ordering::SeqCst) {
            bob_is_gone = revoked.map(|then| then.elapsed());
        }
    }

    let gone = bob_is_gone.ok_or("bob is still there")?;
    println!("bob was gone {} ms after his revocation", gone.as_millis());
    for (name, _, pings, gone) in &clients {
        println!("{name}: {} pings answered", pings.load(Ordering::Relaxed));
        assert_eq!(gone.load(Ordering::SeqCst), *name == "bob", "{name}: only bob's connection has ended");
    }
    println!("{} leases renewed by what was proved again", sessions.renewals.load(Ordering::Relaxed));
    assert!(gone < Duration::from_secs(1));
    assert_eq!(*sessions.ended.lock().map_err(|_| "a lock")?, [("spiffe://example.org/bob".into(), "Revoked".into())]);
    Ok(())
}
