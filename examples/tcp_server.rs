//! A mutual TLS server over TCP. It authenticates its clients, and echoes their data.
//!
//! Each connection has a thread, and a failure of one does not end the others. Certificate, key, CA and CRL files are
//! checked before each handshake, and used when their contents have changed. The resources of a stranger are limited:
//! the number of handshakes and of connections, and the time for a handshake, for silence, and for a slow reader.

#[path = "common/mod.rs"]
#[allow(dead_code, reason = "the client uses the rest")]
mod common;

use common::arguments::Arguments;
use common::files::Files;
use common::gate::{Gate, Place};
use common::say::{Seldom, say};
use common::{key_log, transport, words};
use countersign::adapters::stream::{Acceptor, Stream};
use countersign::x509::Expect;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const USAGE: &str = "\
usage: tcp_server --listen ADDR:PORT --cert CHAIN.pem --key KEY.pem --ca ROOTS.pem
       --crl CRLS.pem                            refuse who is revoked, or whose status is unknown
       --groups x25519,P-256,P-384               key exchange groups, in order of preference; with the feature mlkem
                                                 also X25519MLKEM768, SecP256r1MLKEM768
       --suites TLS_AES_128_GCM_SHA256:...       cipher suites, in order of preference
       --alpn a,b                                application protocols, in order of preference
       --max-connections N                       so many at once (default 1024); more wait until one has ended
       --max-handshakes N                        so many of them in the handshake (default 128)
       --idle-timeout SECONDS                    close a connection on which nothing has come for so long (default 300), or
                                                 whose peer takes nothing of what we send for so long (at most 30)
       --key-log FILE                            append all secrets to FILE, for Wireshark: who has it reads all
exit codes: 1 cannot start, 2 usage, 77 a group or suite that we do not have";

/// The state that all connections share.
struct Server {
    files: Files,
    acceptor: Acceptor,
    /// How long a client may be silent.
    idle: Duration,
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse("--listen", false) {
        Ok(arguments) => arguments,
        Err(refused) => return refused.exit("tcp_server", USAGE),
    };
    match start(arguments) {
        Ok(never) => never,
        Err(sentence) => {
            say(format_args!("tcp_server: {sentence}"));
            ExitCode::from(1)
        }
    }
}

fn start(arguments: Arguments) -> Result<ExitCode, String> {
    let files = Files::read(&arguments)?;
    let key_log = key_log::open(arguments.key_log.as_deref()).map_err(|error| format!("the key log: {error}"))?;
    let cannot_listen = |error| format!("cannot listen on {}: {error}", arguments.address);
    let listener = TcpListener::bind(&arguments.address).map_err(cannot_listen)?;
    files.say_expiry();
    say(format_args!("listening on {}", listener.local_addr().map_err(cannot_listen)?));
    let policy = arguments.policy;
    let idle = Duration::from_secs(arguments.idle_timeout);
    let connections = Gate::new(arguments.max_connections);
    let handshakes = Gate::new(arguments.max_handshakes);
    // Every client with a certificate of our CA is served. Put an allow-list here.
    let acceptor = Acceptor::new(files.config(policy, key_log), [Expect::AnyTrusted]);
    let server = Arc::new(Server { files, acceptor, idle });
    let (mut full, mut trouble) = (Seldom::new(), Seldom::new());
    for number in 1u64.. {
        // The limits hold before a connection is accepted: others wait in the system's queue.
        let connection = connections.enter(|most| full.say(format_args!("{most} connections: the next ones wait")));
        let handshake = handshakes.enter(|most| full.say(format_args!("{most} handshakes: the next ones wait")));
        let (stream, from) = accept(&listener, &mut trouble);
        let name = format!("#{number} {from}");
        let server = Arc::clone(&server);
        let serve = move || {
            server.serve(stream, &name, handshake);
            drop(connection);
        };
        if let Err(error) = thread::Builder::new().spawn(serve) {
            trouble.say(format_args!("#{number} {from}: no thread to serve it: {error}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The next connection. An error probably means that no file descriptor is free. Others will free some.
fn accept(listener: &TcpListener, trouble: &mut Seldom) -> (TcpStream, SocketAddr) {
    let mut pause = Duration::from_millis(10);
    loop {
        match listener.accept() {
            Ok(accepted) => return accepted,
            Err(error) => trouble.say(format_args!("cannot accept a connection: {error}; trying again")),
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

impl Server {
    /// One connection, from its first byte to its last.
    fn serve(&self, stream: TcpStream, name: &str, handshake: Place) {
        self.files.refresh();
        transport::prepare(&stream);
        let outcome = self.acceptor.accept(stream);
        drop(handshake);
        let outcome = outcome.and_then(|mut stream| {
            say(format_args!("{name}: {}", words::connected(stream.info())));
            echo(&mut stream, self.idle)
        });
        match outcome {
            Ok(End::Closed) => {}
            Ok(End::Idle) => say(format_args!("{name}: nothing came for {} s; closed", self.idle.as_secs())),
            Ok(End::Stuck) => {
                let patience = write_timeout(self.idle).as_secs();
                say(format_args!("{name}: the peer took nothing of what we sent for {patience} s; given up"));
            }
            Err(error) => {
                say(format_args!("{name}: {}", words::sentence(&error, &self.files.identities.get())));
            }
        }
    }
}

/// How an echo ended without an error.
enum End {
    /// The client closed.
    Closed,
    /// We closed, because the client was silent for too long.
    Idle,
    /// The client does not read.
    Stuck,
}

fn write_timeout(idle: Duration) -> Duration {
    idle.min(transport::SLOW_READER)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Sends back what comes, until the client closes.
fn echo(stream: &mut Stream<TcpStream>, idle: Duration) -> io::Result<End> {
    stream.get_ref().set_read_timeout(Some(idle))?;
    stream.get_ref().set_write_timeout(Some(write_timeout(idle)))?;
    let mut data = [0; 1 << 14];
    loop {
        match stream.read(&mut data) {
            Ok(0) => return close(stream, End::Closed),
            Ok(n) => match stream.write_all(&data[..n]) {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => return Ok(End::Stuck),
                Err(error) => return Err(error),
            },
            Err(error) if is_timeout(&error) => return close(stream, End::Idle),
            Err(error) => return Err(error),
        }
    }
}

/// After an orderly end the state of the transport does not matter.
fn close(stream: &mut Stream<TcpStream>, end: End) -> io::Result<End> {
    let _ = stream.close();
    Ok(end)
}
