//! A mutual TLS client over TCP: copies standard input to the server, and what the server says to standard output.
//!
//! Both at once: the session is split into halves that share no lock. One thread reads standard input, one receives,
//! and the main thread is the only one that sends: what the others want to be sent, they tell it.

#[path = "common/mod.rs"]
#[allow(dead_code, reason = "the server uses the rest")]
mod common;

use common::arguments::Arguments;
use common::files::Files;
use common::key_log::KeyLog;
use common::say::say;
use common::transport::{self, Link};
use common::words::{self, Failure};
use countersign::x509::Expect;
use countersign::{AlertDescription, ErrorKind, Event, Handshake, Inbox, Outbox, Receiver, Reply, Seed, Sender, State};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: tcp_client --connect HOST:PORT --name NAME --cert CHAIN.pem --key KEY.pem --ca ROOTS.pem
       --name NAME                               who the server must prove to be: DNS name, IP address or SPIFFE ID
       --crl CRLS.pem                            refuse who is revoked, or whose status is unknown
       --groups x25519,P-256,P-384               key exchange groups; a key is shared for the first one only
       --suites TLS_AES_128_GCM_SHA256:...       cipher suites, in order of preference
       --alpn a,b                                application protocols, in order of preference
       --key-log FILE                            append all secrets to FILE, for Wireshark: who has it reads all
exit codes: 0 all went well, up to the server's close_notify; 1 it did not; 2 usage; 77 a group or suite that we do
not have";

fn main() -> ExitCode {
    let arguments = match Arguments::parse("--connect", true) {
        Ok(arguments) => arguments,
        Err(refused) => return refused.exit("tcp_client", USAGE),
    };
    let name = arguments.name.clone().unwrap_or_default();
    let expect: Expect = match name.parse() {
        Ok(expect) => expect,
        Err(error) => {
            say(format_args!("tcp_client: {error}"));
            return ExitCode::from(2);
        }
    };
    match run(&arguments, &name, expect) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            say(format_args!("tcp_client: {sentence}"));
            ExitCode::from(1)
        }
    }
}

fn run(arguments: &Arguments, name: &str, expect: Expect) -> Result<(), String> {
    let files = Files::read(arguments)?;
    files.say_expiry();
    let key_log = KeyLog::open(arguments.key_log.as_deref()).map_err(|error| format!("the key log: {error}"))?;
    // A SPIFFE ID is for the verdict alone: server_name carries DNS names.
    let server_name = if matches!(expect, Expect::Dns(_) | Expect::Ip(_)) { Some(name) } else { None };
    let seed = Seed::random().map_err(|error| error.to_string())?;
    let mut hs = Handshake::client(&arguments.policy, server_name, seed).map_err(|misuse| misuse.to_string())?;
    let mut answerer = files.answerer([expect]);

    let cannot_connect = |error| format!("cannot connect to {}: {error}", arguments.address);
    let mut link = Link::new(TcpStream::connect(&arguments.address).map_err(cannot_connect)?);
    let outcome = link.handshake(&mut hs, &mut answerer, &mut key_log.connection()).and_then(|session| {
        say(format_args!("{}: {}", arguments.address, words::connected(&hs, &answerer)));
        let (sender, receiver, _) = session.split();
        copy(link, sender, receiver)
    });
    outcome.map_err(|failure| failure.sentence(&answerer, &files.identities.get()))
}

/// What the main thread is told by the others.
enum News {
    /// From standard input. Empty: it has ended.
    Input(Vec<u8>),
    /// The server has updated its key.
    Owed(Reply),
    /// The server has closed.
    Closed,
    Failed(Failure),
}

/// Copies both ways until the server closes.
fn copy(link: Link, mut sender: Sender, receiver: Receiver) -> Result<(), Failure> {
    let Link { stream, rx, mut tx, .. } = link;
    let (tell, news) = mpsc::channel();
    let (give_back, empty) = mpsc::channel();
    // Two buffers go round between standard input and the sender: so the one cannot run away from the other.
    for _ in 0..2 {
        let _ = give_back.send(vec![0; 64 * 1024]);
    }
    let transport_failed = |error| Failure::Transport(error, State::Connected);
    let reader = stream.try_clone().map_err(transport_failed)?;
    let tell_input = tell.clone();
    thread::spawn(move || read_input(&tell_input, &empty));
    thread::spawn(move || receive(reader, receiver, rx, &tell));

    let mut broken = None;
    for each in news {
        match each {
            News::Input(data) if data.is_empty() => {
                sender.close(&mut tx)?;
                send(&stream, &mut tx, &mut broken);
            }
            News::Input(data) => {
                let mut rest = &data[..];
                while !rest.is_empty() && broken.is_none() {
                    rest = &rest[sender.write(rest, &mut tx)?..];
                    send(&stream, &mut tx, &mut broken);
                }
                let _ = give_back.send(data);
            }
            News::Owed(reply) => {
                let _ = sender.reply(&reply, &mut tx); // if we have closed, nothing is owed any more
                send(&stream, &mut tx, &mut broken);
            }
            News::Closed => {
                let lost = broken.take();
                sender.close(&mut tx)?;
                send(&stream, &mut tx, &mut broken);
                let _ = stream.shutdown(Shutdown::Write);
                return lost.map_or(Ok(()), |error| Err(transport_failed(error)));
            }
            News::Failed(failure) => {
                let failure = match failure {
                    Failure::Tls(error) => Failure::Tls(sender.alert(&error, &mut tx)?),
                    other => {
                        let _ = sender.abort(AlertDescription::INTERNAL_ERROR, &mut tx);
                        other
                    }
                };
                send(&stream, &mut tx, &mut broken);
                transport::farewell(&stream, Instant::now() + Duration::from_secs(2));
                return Err(failure);
            }
        }
    }
    Ok(())
}

/// Sends all that is pending. If that fails, the receiver will tell why: perhaps the server has sent an alert.
fn send(mut stream: &TcpStream, tx: &mut Outbox<Vec<u8>>, broken: &mut Option<io::Error>) {
    if broken.is_none() {
        *broken = stream.write_all(tx.pending()).err();
    }
    tx.sent(tx.pending().len());
}

fn read_input(tell: &mpsc::Sender<News>, empty: &mpsc::Receiver<Vec<u8>>) {
    for mut buffer in empty {
        buffer.resize(64 * 1024, 0);
        match io::stdin().read(&mut buffer) {
            Ok(n) => {
                buffer.truncate(n);
                if tell.send(News::Input(buffer)).is_err() || n == 0 {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let _ = tell.send(News::Failed(Failure::Local("cannot read standard input", error)));
                return;
            }
        }
    }
}

/// Receives until the server closes, or something fails. Never waits for the sender: the server may be waiting for us
/// to read before it reads.
fn receive(mut stream: TcpStream, mut receiver: Receiver, mut rx: Inbox<Vec<u8>>, tell: &mpsc::Sender<News>) {
    let transport_failed = |error| News::Failed(Failure::Transport(error, State::Connected));
    let last = loop {
        match receiver.receive(&mut rx) {
            Ok(Event::Read) => match stream.read(rx.space()) {
                Ok(n) => rx.filled(n),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break transport_failed(error),
            },
            Ok(Event::Data) => {
                let mut out = io::stdout().lock();
                if let Err(error) = out.write_all(rx.data()).and_then(|()| out.flush()) {
                    break News::Failed(Failure::Local("cannot write standard output", error));
                }
                rx.consume(rx.data().len());
            }
            Ok(Event::Owed(reply)) => drop(tell.send(News::Owed(reply))),
            Ok(Event::Confirmed) => {}
            Ok(Event::Closed) => break News::Closed,
            Err(error) => match error.kind() {
                ErrorKind::InboxTooSmall { needed } => transport::grow_inbox(&mut rx, needed),
                _ => break News::Failed(Failure::Tls(error)),
            },
        }
    };
    let _ = tell.send(last);
}
