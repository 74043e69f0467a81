//! What the blocking stream does when its transport interrupts a call, takes too long, or fails.

use crate::identity::Pki;
use crate::stream::{World, config, record, tcp};
use countersign::adapters::Failure;
use countersign::adapters::stream::{Stream, Timeouts, Transport, Untimed};
use countersign::{AlertDescription, ErrorKind, Policy};
use std::collections::VecDeque;
use std::io::{self, ErrorKind as Io, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// What the next calls report instead of doing their work.
#[derive(Default)]
struct Faults {
    read: VecDeque<Io>,
    write: VecDeque<Io>,
    flush: VecDeque<Io>,
    /// How often a flush has succeeded.
    flushed: usize,
    /// Writing waits, and takes nothing.
    full: bool,
    /// What reads report after we have ended our side.
    late: VecDeque<Io>,
    /// The peer's end has been read.
    ended: bool,
}

impl Faults {
    fn each(&mut self, change: impl Fn(&mut VecDeque<Io>)) {
        [&mut self.read, &mut self.write, &mut self.flush].into_iter().for_each(change);
    }
}

/// TCP with faults.
struct Faulty(TcpStream, Arc<Mutex<Faults>>);

impl Faulty {
    fn next(&self, fault: impl FnOnce(&mut Faults) -> &mut VecDeque<Io>) -> io::Result<()> {
        fault(&mut self.1.lock().unwrap()).pop_front().map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl Read for Faulty {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.next(|faults| &mut faults.read)?;
        let n = self.0.read(buf)?;
        self.1.lock().unwrap().ended |= n == 0;
        Ok(n)
    }
}

impl Write for Faulty {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.next(|faults| &mut faults.write)?;
        if self.1.lock().unwrap().full {
            thread::sleep(Duration::from_millis(10));
            return Err(Io::WouldBlock.into());
        }
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.next(|faults| &mut faults.flush)?;
        self.1.lock().unwrap().flushed += 1;
        Ok(())
    }
}

impl Transport for Faulty {
    fn timeouts(&self) -> io::Result<Timeouts> {
        self.0.timeouts()
    }

    fn set_timeouts(&self, timeouts: Timeouts) -> io::Result<()> {
        self.0.set_timeouts(timeouts)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        let mut faults = self.1.lock().unwrap();
        let late = std::mem::take(&mut faults.late);
        faults.read.extend(late);
        self.0.shutdown_write()
    }
}

type Server = thread::JoinHandle<io::Result<Stream<TcpStream>>>;

/// A client over TCP with faults, the server that accepts or refuses it, and what will go wrong.
fn meet(world: &World) -> (Stream<Faulty>, Server, Arc<Mutex<Faults>>) {
    let (client, server, faults) = try_to_meet(world, "server.test", Faults::default());
    (client.unwrap(), server, faults)
}

/// The same, with faults in the handshake.
fn try_to_meet(world: &World, name: &str, faults: Faults) -> (io::Result<Stream<Faulty>>, Server, Arc<Mutex<Faults>>) {
    let ((near, far), acceptor) = (tcp(), world.acceptor());
    let faults = Arc::new(Mutex::new(faults));
    let near = Faulty(near, Arc::clone(&faults));
    let server = thread::spawn(move || acceptor.accept(far));
    (world.connector().connect(name, near), server, faults)
}

/// The same, with a server that has accepted its client, and is known to have done so.
fn confirmed(world: &World) -> (Stream<Faulty>, Stream<TcpStream>, Arc<Mutex<Faults>>) {
    let (mut client, server, faults) = meet(world);
    let server = server.join().unwrap().unwrap();
    client.confirmed().unwrap();
    (client, server, faults)
}

/// Its server will refuse the client.
fn refusing() -> World {
    let mut world = World::new();
    world.client = config(&world.pki, Pki::new().issue("client.test", &rcgen::PKCS_ED25519));
    world
}

fn failure(error: &io::Error) -> &Failure {
    Failure::inside(error).unwrap_or_else(|| panic!("only the transport's: {error:?}"))
}

fn is_refused(error: &io::Error) {
    let alert = AlertDescription::BAD_CERTIFICATE;
    let kind = failure(error).error().map(|error| error.kind());
    assert_eq!(kind, Some(ErrorKind::PeerRejectedCertificate { alert }), "{error}");
}

/// The result of this work, which must not take for ever.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    is_done.recv_timeout(Duration::from_secs(20)).expect("an end")
}

// ---- the handshake ----

#[test]
fn a_handshake_goes_on_after_interruptions() {
    let mut faults = Faults::default();
    faults.each(|calls| calls.extend([Io::Interrupted; 3]));
    let (client, _server, faults) = try_to_meet(&World::new(), "server.test", faults);
    client.unwrap().confirmed().unwrap();
    faults.lock().unwrap().each(|calls| assert!(calls.is_empty()));
}

/// The first error says more than those that it causes.
#[test]
fn a_handshake_reports_what_the_transport_has_reported_first() {
    for (write, read, kind) in [
        (None, Io::ConnectionReset, Io::ConnectionReset),
        (None, Io::WouldBlock, Io::TimedOut),
        (Some(Io::BrokenPipe), Io::ConnectionReset, Io::BrokenPipe),
    ] {
        let faults = Faults { write: write.into_iter().collect(), read: [read].into(), ..Faults::default() };
        let (client, _server, _) = try_to_meet(&World::new(), "server.test", faults);
        assert_eq!(client.map(drop).unwrap_err().kind(), kind, "{write:?} {read:?}");
    }
}

/// TCP resets a connection that is dropped with unread bytes, and the peer would not see the alert.
#[test]
fn who_refuses_its_peer_waits_for_the_end_and_for_nothing_else() {
    let mut world = World::new();
    world.client = world.client.close_deadline(Duration::from_secs(3600));
    let world = Arc::new(world);
    for (late, ended) in [(None, true), (Some(Io::Interrupted), true), (Some(Io::ConnectionReset), false)] {
        let faults = Faults { late: late.into_iter().collect(), ..Faults::default() };
        let world = Arc::clone(&world);
        in_time(move || {
            let (client, server, faults) = try_to_meet(&world, "another.test", faults);
            let error = client.map(drop).unwrap_err();
            assert_eq!(failure(&error).error().map(|error| error.name()), Some("Rejected"), "{error}");
            assert_eq!(faults.lock().unwrap().ended, ended, "{late:?}");
            server.join().unwrap().map(drop).unwrap_err();
        });
    }
}

/// A transport that keeps what is written until it is flushed.
struct Buffering(TcpStream, Vec<u8>);

impl Read for Buffering {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Buffering {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.1.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.write_all(&std::mem::take(&mut self.1))
    }
}

#[test]
fn the_last_flight_of_a_handshake_is_flushed() {
    let world = World::new();
    let ((near, far), acceptor) = (tcp(), world.acceptor());
    let server = thread::spawn(move || acceptor.accept(far));
    let _client = world.connector().connect("server.test", Untimed(Buffering(near, Vec::new()))).unwrap();
    in_time(move || server.join()).unwrap().expect("the client's Finished has come");
}

/// A transport without an end of its own for each direction has at least nothing left to write.
#[test]
fn an_untimed_transport_is_flushed_where_it_would_end() {
    let (near, mut far) = tcp();
    let mut transport = Untimed(Buffering(near, b"last".to_vec()));
    assert_eq!(transport.timeouts().unwrap(), Timeouts::default());
    transport.shutdown_write().unwrap();
    far.read_exact(&mut [0; 4]).unwrap();
}

// ---- writing ----

#[test]
fn an_interrupted_call_is_made_again() {
    let (mut client, mut server, faults) = confirmed(&World::new());
    for _ in 0..2 {
        faults.lock().unwrap().each(|calls| calls.extend([Io::Interrupted; 3]));
        client.write_all(b"ping").unwrap();
        client.flush().unwrap();
        server.read_exact(&mut [0; 4]).unwrap();
        server.write_all(b"pong").unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
        faults.lock().unwrap().each(|calls| assert!(calls.is_empty()));
    }
}

/// A transport may buffer, and who flushes is sure that it buffers nothing more.
#[test]
fn a_flush_reaches_the_transport() {
    let (mut client, _server, faults) = confirmed(&World::new());
    let flushed = || faults.lock().unwrap().flushed;
    client.flush().unwrap();
    let before = flushed();
    client.flush().unwrap();
    assert_eq!(flushed(), before, "nothing was written since");
    client.write_all(b"data").unwrap();
    faults.lock().unwrap().flush.push_back(Io::WouldBlock);
    assert_eq!(client.flush().unwrap_err().kind(), Io::WouldBlock);
    assert_eq!(flushed(), before, "it is still due");
    client.flush().unwrap();
    assert_eq!(flushed(), before + 1);
}

#[test]
fn a_flush_that_fails_ends_the_writing() {
    let mut world = World::new();
    world.client = world.client.close_deadline(Duration::from_millis(50));
    let (mut client, _silent, faults) = confirmed(&world);
    client.write_all(b"data").unwrap();
    faults.lock().unwrap().flush.push_back(Io::BrokenPipe);
    for result in [client.flush(), client.flush(), client.write(b"more").map(drop), client.close()] {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (Io::BrokenPipe, io::Error::from(Io::BrokenPipe).to_string()));
    }
}

/// Data that was taken is not lost and not sent twice, and a write of something never takes nothing.
#[test]
fn a_write_after_one_that_took_too_long_continues() {
    let (client, mut server, faults) = confirmed(&World::new());
    let record = |n| vec![n; 1 << 14];
    let reader = thread::spawn(move || {
        let mut all = Vec::new();
        server.read_to_end(&mut all).map(|_| all)
    });
    faults.lock().unwrap().write.push_back(Io::WouldBlock);
    in_time(move || {
        let mut client = client;
        assert_eq!(client.write(&record(1)).unwrap(), 1 << 14, "it waits in our memory");
        assert_eq!(client.write(&record(2)).unwrap(), 1 << 14, "after the first has left");
        assert_eq!(client.write(&[]).unwrap(), 0);
        client.shutdown_write().unwrap();
        client.read(&mut [0]).map(drop).unwrap_err(); // the server goes without close_notify
    });
    assert!(reader.join().unwrap().unwrap() == [record(1), record(2)].concat());
}

/// An alert of the peer says more than a broken pipe.
#[test]
fn a_write_that_fails_tells_what_the_peer_has_said() {
    let (mut client, _server, faults) = meet(&refusing());
    let before = client.get_ref().timeouts().unwrap();
    faults.lock().unwrap().write.push_back(Io::BrokenPipe);
    let written = client.write(b"data").and_then(|_| client.write(b"more"));
    is_refused(&written.unwrap_err());
    assert_eq!(client.get_ref().timeouts().unwrap(), before);
}

/// The next handshake message, in records of any size.
fn message(io: &mut TcpStream) -> Vec<u8> {
    let mut message = Vec::new();
    while message.get(2..4).is_none_or(|len| message.len() < 4 + usize::from(u16::from_be_bytes([len[0], len[1]]))) {
        let mut header = [0; 5];
        io.read_exact(&mut header).unwrap();
        let mut content = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        io.read_exact(&mut content).unwrap();
        if header[0] == 22 {
            message.extend(content);
        }
    }
    message
}

/// The longest cookie of a HelloRetryRequest, in the shortest records: each byte takes six.
#[test]
fn a_second_hello_of_any_length_is_sent() {
    const RANDOM: &str = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
    let mut world = World::new();
    world.client = world.client.policy(Policy::new().max_fragment(1));
    let (near, mut far) = tcp();
    let server = thread::spawn(move || {
        let (first, cookie) = (message(&mut far), [7; 4096]);
        let extensions = [&[0, 43, 0, 2, 3, 4, 0, 44, 16, 2, 16, 0][..], &cookie].concat();
        let session_id = &first[38..71];
        let [high, low] = (extensions.len() as u16).to_be_bytes();
        let body =
            [&[3, 3], &hex::decode(RANDOM).unwrap()[..], session_id, &[0x13, 1, 0, high, low], &extensions].concat();
        let framed = |typ: &[u8], body: &[u8]| [typ, &(body.len() as u16).to_be_bytes(), body].concat();
        far.write_all(&framed(&[22, 3, 3], &framed(&[2, 0], &body))).unwrap();
        message(&mut far).windows(cookie.len()).any(|part| part == cookie)
    });
    world.connector().connect("server.test", near).map(drop).unwrap_err(); // the server goes
    assert!(server.join().unwrap(), "the cookie comes back");
}

// ---- being confirmed, and closing ----

/// A server's transport that sends a record of data together with its first flight. A server may send data before the
/// client's Finished has come, and so this data confirms nothing.
struct Eager {
    io: TcpStream,
    flight: Option<Vec<u8>>,
}

impl Read for Eager {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.read(buf)
    }
}

impl Write for Eager {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.flight {
            Some(flight) => flight.write(buf),
            None => self.io.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let flight = self.flight.take().map(|flight| [flight, record(b"early", 23)].concat());
        self.io.write_all(&flight.unwrap_or_default())
    }
}

#[test]
fn data_that_comes_before_the_confirmation_is_read_first() {
    let mut world = World::new();
    world.client = world.client.policy(Policy::new().null_crypto());
    world.server = world.server.policy(Policy::new().null_crypto());
    let ((near, far), acceptor) = (tcp(), world.acceptor());
    let server = thread::spawn(move || acceptor.accept(Untimed(Eager { io: far, flight: Some(Vec::new()) })));
    let mut client = world.connector().connect("server.test", near).unwrap();
    let _server = server.join().unwrap().unwrap();
    let mut client = in_time(move || {
        assert_eq!(client.confirmed().unwrap_err().kind(), Io::ResourceBusy);
        assert_eq!(client.confirmed().unwrap_err().kind(), Io::ResourceBusy, "nothing was taken");
        client
    });
    let mut early = [0; 5];
    client.read_exact(&mut early).unwrap();
    assert_eq!(&early, b"early");
    client.confirmed().unwrap();
}

#[test]
fn a_close_tells_what_the_peer_has_said() {
    is_refused(&meet(&refusing()).0.close().unwrap_err());
}

#[test]
fn a_close_tells_what_the_transport_has_said() {
    let (mut client, _server, faults) = confirmed(&World::new());
    faults.lock().unwrap().read.push_back(Io::ConnectionReset);
    let error = client.close().unwrap_err();
    assert_eq!(error.kind(), Io::ConnectionReset);
}

/// A peer that has our close_notify may end without its own.
#[test]
fn a_close_is_answered_by_the_end_of_the_transport() {
    let (mut client, mut server, _) = confirmed(&World::new());
    let server = thread::spawn(move || server.read(&mut [0]).map(|n| (n, drop(server))));
    client.close().unwrap();
    assert_eq!(server.join().unwrap().unwrap().0, 0);
}

#[test]
fn a_close_ends_at_its_deadline() {
    let mut world = World::new();
    world.client = world.client.close_deadline(Duration::from_millis(100));
    let (mut client, _silent, _) = confirmed(&world);
    in_time(move || client.close()).expect("the server knows that we have closed");

    let (mut client, _silent, faults) = confirmed(&world);
    faults.lock().unwrap().full = true;
    let blocked = in_time(move || client.close()).unwrap_err();

    world.server = world.server.policy(Policy::new().confirm_clients(false));
    let (mut client, _server, _) = meet(&world);
    let unknown = in_time(move || client.close()).unwrap_err();
    for error in [blocked, unknown] {
        assert_eq!((error.kind(), failure(&error).name()), (Io::TimedOut, "TimedOut"), "{error}");
    }
}
