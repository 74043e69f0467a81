//! A mutual TLS client over TCP. It copies standard input to the server, and the server's data to standard output.
//!
//! Both directions run at the same time: the session is split into halves, which share no lock. One thread reads
//! standard input, and one receives. Only the main thread sends: the other two pass it what must be sent.

#[path = "common/mod.rs"]
#[allow(dead_code, reason = "the server uses the rest")]
mod common;

use common::arguments::Arguments;
use common::files::Files;
use common::say::say;
use common::{key_log, transport, words};
use countersign::adapters::stream::{Connector, Parts};
use countersign::x509::{Expect, Identities};
use countersign::{AlertDescription, Error, ErrorKind, Event, Inbox, Misuse, Outbox, Receiver, Reply};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

const USAGE: &str = "\
usage: tcp_client --connect HOST:PORT --name NAME --cert CHAIN.pem --key KEY.pem --ca ROOTS.pem
       --name NAME                               who the server must prove to be: DNS name, IP address or SPIFFE ID
       --crl CRLS.pem                            refuse who is revoked, or whose status is unknown
       --groups x25519,P-256,P-384               key exchange groups; a key is shared for the first one only; with the
                                                 feature mlkem also X25519MLKEM768, SecP256r1MLKEM768
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
    if let Err(error) = name.parse::<Expect>() {
        say(format_args!("tcp_client: {error}"));
        return ExitCode::from(2);
    }
    match run(arguments, &name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            say(format_args!("tcp_client: {sentence}"));
            ExitCode::from(1)
        }
    }
}

fn run(arguments: Arguments, name: &str) -> Result<(), String> {
    let files = Files::read(&arguments)?;
    files.say_expiry();
    let key_log = key_log::open(arguments.key_log.as_deref()).map_err(|error| format!("the key log: {error}"))?;
    let Arguments { address, policy, .. } = arguments;
    let connector = Connector::new(files.config(policy, key_log));
    let stream = TcpStream::connect(&address).map_err(|error| format!("cannot connect to {address}: {error}"))?;
    transport::prepare(&stream);
    let ours = || files.identities.get();
    let stream = connector.connect(name, stream).map_err(|error| words::sentence(&error, &ours()))?;
    say(format_args!("{address}: {}", words::connected(stream.info())));
    copy(stream.into_parts()).map_err(|failure| failure.sentence(&ours()))
}

/// Why a connection failed.
enum Failure {
    /// An error of TLS.
    Tls(Error),
    /// The transport failed.
    Transport(io::Error),
    /// Our own input or output failed.
    Local(&'static str, io::Error),
    /// A misuse of the library, which is a bug of this program.
    Misuse(Misuse),
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Failure {
        Failure::Misuse(misuse)
    }
}

impl Failure {
    fn sentence(&self, identities: &Identities) -> String {
        match self {
            Failure::Tls(error) => words::of_tls(*error, identities),
            Failure::Transport(error) => format!("the transport failed: {error}"),
            Failure::Local(what, error) => format!("{what}: {error}"),
            Failure::Misuse(misuse) => format!("a bug of this program: {misuse}"),
        }
    }
}

/// What the other threads pass to the main thread.
enum News {
    /// Data from standard input. Empty: it has ended.
    Input(Vec<u8>),
    /// The server has updated its key.
    Owed(Reply),
    /// The server has closed.
    Closed,
    Failed(Failure),
}

/// Copies both ways until the server closes.
fn copy(parts: Parts<TcpStream>) -> Result<(), Failure> {
    let Parts { io: stream, session, rx, mut tx, .. } = parts;
    let (mut sender, receiver, _) = session.split();
    let (tell, news) = mpsc::channel();
    let (give_back, empty) = mpsc::channel();
    // Two buffers circulate between standard input and the sender, so the reader cannot run ahead.
    for _ in 0..2 {
        let _ = give_back.send(vec![0; 64 * 1024]);
    }
    let reader = stream.try_clone().map_err(Failure::Transport)?;
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
                let _ = sender.reply(&reply, &mut tx); // after our close nothing is owed
                send(&stream, &mut tx, &mut broken);
            }
            News::Closed => {
                let lost = broken.take();
                sender.close(&mut tx)?;
                send(&stream, &mut tx, &mut broken);
                let _ = stream.shutdown(Shutdown::Write);
                return lost.map_or(Ok(()), |error| Err(Failure::Transport(error)));
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
                transport::farewell(&stream);
                return Err(failure);
            }
        }
    }
    Ok(())
}

/// Sends all pending bytes. If this fails, the receiver finds the reason: perhaps the server has sent an alert.
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

/// Receives until the server closes, or something fails. It never waits for the sender, because the server may wait
/// until we read before it reads.
fn receive(mut stream: TcpStream, mut receiver: Receiver, mut rx: Inbox<Vec<u8>>, tell: &mpsc::Sender<News>) {
    let transport_failed = |error| News::Failed(Failure::Transport(error));
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
                ErrorKind::InboxTooSmall { needed } => rx.grow(needed),
                _ => break News::Failed(Failure::Tls(error)),
            },
        }
    };
    let _ = tell.send(last);
}
