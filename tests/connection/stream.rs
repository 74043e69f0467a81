//! The blocking stream, over TCP and over pipes.

use crate::identity::{Identity, Pki};
use countersign::adapters::stream::{Acceptor, Connector, Parts, Stream, Transport, Untimed};
use countersign::adapters::{Config, Failure};
use countersign::x509::{self, Expect, Identities, Refusal, Reloadable, Trust};
use countersign::{Alert, AlertDescription, Blame, Error, ErrorKind, Policy};
use std::error::Error as _;
use std::io::{self, BufRead, ErrorKind as Io, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Both configurations, under one root.
pub struct World {
    pub pki: Pki,
    pub client: Config,
    pub server: Config,
}

pub fn config(pki: &Pki, identity: Identity) -> Config {
    let identity = x509::Identity::new(identity.chain, identity.key).unwrap();
    let trust = Trust::from_roots("root", pki.root.pem().as_bytes()).unwrap();
    Config::new(Arc::new(Reloadable::new(Identities::new(identity))), Arc::new(Reloadable::new(trust)))
        .close_deadline(Duration::from_secs(5))
}

impl World {
    pub fn new() -> World {
        let pki = Pki::new();
        let client = config(&pki, pki.issue("client.test", &rcgen::PKCS_ED25519));
        let server = config(&pki, pki.issue("server.test", &rcgen::PKCS_ED25519));
        World { pki, client, server }
    }

    pub fn connector(&self) -> Connector {
        Connector::new(self.client.clone())
    }

    pub fn acceptor(&self) -> Acceptor {
        Acceptor::new(self.server.clone(), [Expect::AnyTrusted])
    }

    /// A client in another thread, and the server's end of the connection.
    fn meet<T: Send>(
        &self,
        client: impl FnOnce(io::Result<Stream<TcpStream>>) -> T + Send,
        server: impl FnOnce(io::Result<Stream<TcpStream>>),
    ) -> T {
        let (near, far) = tcp();
        thread::scope(|scope| {
            let client = scope.spawn(|| client(self.connector().connect("server.test", near)));
            server(self.acceptor().accept(far));
            client.join().unwrap()
        })
    }
}

pub fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Two pipes as one transport, which buffers writes until it is flushed.
struct Pipes(io::PipeReader, io::BufWriter<io::PipeWriter>);

impl Read for Pipes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Pipes {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.1.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

fn echo<S: Transport>(stream: &mut Stream<S>) -> io::Result<()> {
    loop {
        let data = stream.fill_buf()?.to_vec();
        if data.is_empty() {
            return stream.close();
        }
        stream.consume(data.len());
        stream.write_all(&data)?;
    }
}

/// The connection's error inside of an `io::Error`.
fn tls(error: &io::Error) -> Error {
    Failure::inside(error).and_then(Failure::error).unwrap_or_else(|| panic!("no TLS error: {error:?}"))
}

#[test]
fn a_client_that_half_closes_reads_its_echo_to_the_end() {
    let world = World::new();
    let client = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        assert_eq!(stream.info().server_name(), Some("server.test"));
        assert!(stream.peer().to_string().contains("server"));
        assert_eq!(stream.info().peer().unwrap().leaf(), stream.peer().leaf());
        assert!(stream.info().made_at().is_some());
        stream.confirmed().unwrap();
        let mut answer = String::new();
        stream.write_all(b"hello").unwrap();
        stream.shutdown_write().unwrap();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(stream.write(b"more").unwrap_err().kind(), Io::BrokenPipe);
        stream.close().unwrap();
        answer
    };
    assert_eq!(world.meet(client, |stream| echo(&mut stream.unwrap()).unwrap()), "hello");
}

#[test]
fn megabytes_go_through_pipes() {
    let world = World::new();
    let ((our_read, their_write), (their_read, our_write)) = (io::pipe().unwrap(), io::pipe().unwrap());
    let data: Vec<u8> = (0..3_000_000u32).map(|at| at.to_le_bytes()[(at % 3) as usize]).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut server =
                world.acceptor().accept(Untimed(Pipes(their_read, io::BufWriter::new(their_write)))).unwrap();
            echo(&mut server).unwrap();
        });
        let mut client =
            world.connector().connect("server.test", Untimed(Pipes(our_read, io::BufWriter::new(our_write)))).unwrap();
        for chunk in data.chunks(40_000) {
            let mut back = vec![0; chunk.len()];
            client.write_all(chunk).unwrap();
            client.read_exact(&mut back).unwrap();
            assert_eq!(back, chunk);
        }
        client.shutdown_write().unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "the server has closed, too");
    });
}

#[test]
fn a_client_that_is_refused_learns_why_however_much_it_writes() {
    let mut world = World::new();
    let stranger = Pki::new();
    world.client = config(&world.pki, stranger.issue("client.test", &rcgen::PKCS_ED25519));
    let client = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap(); // the server has not judged it yet
        let mut last = Ok(());
        while last.is_ok() {
            last = stream.write_all(&[7; 10_000]).and_then(|()| stream.confirmed());
        }
        last.unwrap_err()
    };
    let server = |stream: io::Result<Stream<TcpStream>>| {
        let error = stream.map(drop).unwrap_err();
        assert_eq!(error.kind(), Io::PermissionDenied);
        let refusal = error.source().and_then(|source| source.downcast_ref::<Refusal>()).expect("a refusal inside");
        assert_eq!(refusal.name(), "BadSignature", "{refusal}");
    };
    let error = world.meet(client, server);
    assert_eq!(error.kind(), Io::ConnectionAborted, "{error}");
    let alert = AlertDescription::BAD_CERTIFICATE;
    assert_eq!(tls(&error).kind(), ErrorKind::PeerRejectedCertificate { alert });
}

#[test]
fn a_server_that_is_refused_learns_why() {
    let world = World::new();
    let (near, far) = tcp();
    thread::scope(|scope| {
        scope.spawn(|| {
            let error = world.connector().connect("other.test", near).map(drop).unwrap_err();
            assert_eq!(error.kind(), Io::PermissionDenied);
            assert_eq!(Failure::inside(&error).and_then(Failure::refusal).expect("a refusal").name(), "WrongName");
        });
        let error = world.acceptor().accept(far).map(drop).unwrap_err();
        assert_eq!(error.kind(), Io::ConnectionAborted, "{error}");
    });
}

#[test]
fn a_silent_peer_is_given_up_at_the_deadline_and_told_so() {
    let mut world = World::new();
    world.server = world.server.handshake_deadline(Some(Duration::from_millis(50)));
    let (mut near, far) = tcp();
    let server = thread::scope(|scope| {
        let server = scope.spawn(|| world.acceptor().accept(far).map(drop).unwrap_err());
        let mut told = Vec::new();
        near.read_to_end(&mut told).unwrap();
        assert_eq!(&told[..7], [21, 3, 3, 0, 2, 1, 90], "user_canceled");
        drop(near);
        server.join().unwrap()
    });
    assert_eq!(server.kind(), Io::TimedOut, "{server}");
}

#[test]
fn a_peer_that_speaks_something_else_is_invalid_data() {
    let world = World::new();
    let (mut near, far) = tcp();
    thread::scope(|scope| {
        scope.spawn(move || {
            near.write_all(b"GET / HTTP/1.1\r\nHost: server.test\r\n\r\n").unwrap();
            let mut told = Vec::new();
            near.read_to_end(&mut told).unwrap();
            assert_eq!(told, [21, 3, 3, 0, 2, 2, 10], "unexpected_message arrives, and no reset");
        });
        let error = world.acceptor().accept(far).map(drop).unwrap_err();
        assert_eq!((error.kind(), tls(&error).kind()), (Io::InvalidData, ErrorKind::NotTls));
    });
}

#[test]
fn an_end_without_close_notify_is_an_unexpected_one() {
    let world = World::new();
    let server = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        for _ in 0..2 {
            let error = stream.read(&mut [0; 10]).unwrap_err();
            assert_eq!((error.kind(), tls(&error).kind()), (Io::UnexpectedEof, ErrorKind::Truncated));
        }
    };
    // Confirmed, so that no byte is unread at the drop: TCP would reset the connection.
    world.meet(|stream| stream.unwrap().confirmed().unwrap(), server);
}

/// The peer resets the connection. What we write afterwards is lost, although the system accepts it at first.
#[test]
fn what_could_not_be_sent_is_no_orderly_close() {
    let (gone, is_gone) = std::sync::mpsc::channel();
    let client = move |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        stream.confirmed().unwrap();
        stream.write_all(b"never read").unwrap();
        stream.flush().unwrap();
        is_gone.recv().unwrap();
        thread::sleep(Duration::from_millis(50));
        let written = stream.write_all(b"lost");
        written.and(stream.close())
    };
    let server = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        stream.flush().unwrap();
        thread::sleep(Duration::from_millis(50));
        drop(stream); // unread bytes cause a reset
        gone.send(()).unwrap();
    };
    World::new().meet(client, server).unwrap_err();
}

/// Every question gets an answer, and an end that has closed can still learn it.
#[test]
fn whether_the_server_has_accepted_us_can_be_asked_at_any_time() {
    let mut world = World::new();
    let half_closed = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        stream.shutdown_write().unwrap();
        stream.confirmed()
    };
    world.meet(half_closed, |stream| echo(&mut stream.unwrap()).unwrap()).unwrap();
    let stranger = Pki::new();
    world.client = config(&world.pki, stranger.issue("client.test", &rcgen::PKCS_ED25519));
    let twice = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        [stream.confirmed(), stream.confirmed()].map(|told| told.unwrap_err().to_string())
    };
    let [first, second] = world.meet(twice, |stream| drop(stream.map(drop).unwrap_err()));
    assert_eq!(first, second);
    assert!(first.contains("rejected our certificate"), "{first}");
}

#[test]
fn a_timeout_of_the_transport_loses_nothing() {
    let world = World::new();
    let client = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        stream.get_ref().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let error = stream.read(&mut [0; 10]).unwrap_err();
        assert!(matches!(error.kind(), Io::WouldBlock | Io::TimedOut), "{error}");
        stream.write_all(b"hello").unwrap();
        stream.get_ref().set_read_timeout(None).unwrap();
        let mut back = [0; 5];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"hello");
        stream.close().unwrap();
        assert_eq!(stream.get_ref().read_timeout().unwrap(), None, "closing leaves the timeouts as they were");
    };
    world.meet(client, |stream| echo(&mut stream.unwrap()).unwrap());
}

#[test]
fn a_name_that_is_none_is_invalid_input() {
    let (near, _far) = tcp();
    let error = World::new().connector().connect("not a name", near).map(drop).unwrap_err();
    assert_eq!(error.kind(), Io::InvalidInput);
}

#[test]
fn an_accept_in_two_steps_sees_the_offer_and_chooses_who_answers() {
    let world = World::new();
    let policy = Policy::new().alpn(&[b"h2"]);
    let connector = Connector::new(world.client.clone().policy(policy.clone()));
    let first = Acceptor::new(world.server.clone().policy(policy), []);
    let tenant = config(&world.pki, world.pki.issue("tenant.test", &rcgen::PKCS_ED25519));
    let tenant = Acceptor::new(tenant, [Expect::AnyTrusted]);
    for (name, served) in [("tenant.test", true), ("stranger.test", false)] {
        let (near, far) = tcp();
        thread::scope(|scope| {
            let client = scope.spawn(|| {
                let mut stream = connector.connect(name, near)?;
                assert_eq!(stream.info().alpn(), Some(&b"h2"[..]));
                stream.confirmed()?;
                stream.close()
            });
            let hello = first.begin(far).unwrap();
            assert_eq!(hello.offer().unwrap().server_name(), Some(name));
            if served {
                echo(&mut hello.accept(&tenant).unwrap()).unwrap();
                client.join().unwrap().unwrap();
            } else {
                hello.refuse(AlertDescription::UNRECOGNIZED_NAME);
                let error = client.join().unwrap().unwrap_err();
                let alert = AlertDescription::UNRECOGNIZED_NAME;
                assert_eq!(tls(&error).kind(), ErrorKind::UnauthenticatedAlert { alert });
            }
        });
    }
}

#[test]
fn whom_the_acceptor_does_not_expect_is_refused() {
    let mut world = World::new();
    let (near, far) = tcp();
    world.server = world.server.close_deadline(Duration::from_millis(500));
    thread::scope(|scope| {
        let client = scope.spawn(|| world.connector().connect("server.test", near).and_then(|mut s| s.confirmed()));
        let acceptor = Acceptor::new(world.server.clone(), ["admin.test".parse::<Expect>().unwrap()]);
        let error = acceptor.accept(far).map(drop).unwrap_err();
        assert_eq!(tls(&error).blame(), Blame::Us);
        let alert = AlertDescription::ACCESS_DENIED;
        let told = client.join().unwrap().unwrap_err();
        assert_eq!(tls(&told).kind(), ErrorKind::PeerRejectedCertificate { alert });
    });
}

/// Its peer waits for the answer to its KeyUpdate, which is the only record that comes.
#[test]
fn a_server_that_only_reads_confirms_its_client() {
    let mut world = World::new();
    world.server = world.server.policy(Policy::new().confirm_clients(false));
    let client = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        stream.confirmed().unwrap();
        stream.close().unwrap();
    };
    let server = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        stream.close().unwrap();
    };
    world.meet(client, server);
}

/// A record under the null AEAD: content, inner type, tag of zeros.
pub fn record(content: &[u8], typ: u8) -> Vec<u8> {
    let inner = [content, &[typ], &[0; 16]].concat();
    let [high, low] = (inner.len() as u16).to_be_bytes();
    [&[23, 3, 3, high, low], &inner[..]].concat()
}

#[test]
fn a_peer_that_requests_key_updates_and_never_reads_makes_nothing_grow() {
    let mut world = World::new();
    world.client = world.client.policy(Policy::new().null_crypto());
    world.server = world.server.policy(Policy::new().null_crypto());
    let client = |stream: io::Result<Stream<TcpStream>>| {
        let Parts { mut io, .. } = stream.unwrap().into_parts();
        for _ in 0..1000 {
            io.write_all(&record(&[24, 0, 0, 1, 1], 22)).unwrap(); // KeyUpdate, update_requested
            io.write_all(&record(b"x", 23)).unwrap(); // so that the number of updates has no limit
        }
        io.write_all(&record(&[1, 0], 21)).unwrap(); // close_notify
        io
    };
    let server = |stream: io::Result<Stream<TcpStream>>| {
        let mut stream = stream.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), 1000);
        let parts = stream.into_parts();
        assert!(parts.rx.capacity() <= 16_406 && parts.tx.capacity() <= 16_454);
    };
    drop(world.meet(client, server));
}

/// RFC 9846 §5.2, §5.4: a record may have 2^14 + 256 bytes, but its content and type at most 2^14 + 1.
#[test]
fn a_record_that_is_longer_than_the_memory_is_opened_and_judged() {
    let over = |length| Some(ErrorKind::RecordOverflow { length, limit: (1 << 14) + 1 });
    for (len, refused) in
        [(1 << 14, None), ((1 << 14) + 1, over((1 << 14) + 2)), ((1 << 14) + 239, over((1 << 14) + 240))]
    {
        let mut world = World::new();
        world.client = world.client.policy(Policy::new().null_crypto());
        world.server = world.server.policy(Policy::new().null_crypto());
        let client = |stream: io::Result<Stream<TcpStream>>| {
            let Parts { mut io, .. } = stream.unwrap().into_parts();
            io.write_all(&record(&vec![0; len], 23)).unwrap();
            io.write_all(&record(&[1, 0], 21)).unwrap(); // close_notify
            io
        };
        let server = |stream: io::Result<Stream<TcpStream>>| {
            let read = stream.unwrap().read_to_end(&mut Vec::new());
            match refused {
                None => assert_eq!(read.unwrap(), len),
                Some(kind) => {
                    let error = read.unwrap_err();
                    let source = error.get_ref().and_then(|failure| failure.source());
                    let source = source.and_then(|source| source.downcast_ref::<Error>()).expect("a typed error");
                    assert_eq!(
                        (source.kind(), source.alert()),
                        (kind, Some(Alert::Sent(AlertDescription::RECORD_OVERFLOW)))
                    );
                }
            }
        };
        drop(world.meet(client, server));
    }
}

#[test]
fn the_key_log_names_all_secrets_of_both_ends_alike() {
    let mut world = World::new();
    let logs: [Arc<Mutex<Vec<String>>>; 2] = Default::default();
    let log = |at: usize| {
        let log = Arc::clone(&logs[at]);
        Arc::new(move |line: &countersign::trace::KeyLogLine<'_>| log.lock().unwrap().push(line.to_string()))
    };
    world.client = world.client.key_log(log(0));
    world.server = world.server.key_log(log(1));
    world.meet(|stream| stream.unwrap().close().unwrap(), |stream| echo(&mut stream.unwrap()).unwrap());
    let [mut client, mut server] = logs.map(|log| log.lock().unwrap().clone());
    client.sort();
    server.sort();
    assert_eq!(client, server);
    assert_eq!(client.len(), 5);
}
