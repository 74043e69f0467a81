//! The streams over tokio and over blocking sockets, compared with the session inside them and with tokio-rustls, over
//! the same kind of socket: records of 16 KiB, handshakes, and the memory of idle connections.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench stream` prints the table of docs/PERFORMANCE.md.

#[path = "support/held.rs"]
mod held;

use countersign::adapters::tokio::{Acceptor, Connector, Stream};
use countersign::adapters::{Config, stream};
use countersign::x509::{Expect, Identities, Identity, Reloadable, SigningKey, Trust};
use countersign::{CipherSuite, Event, Inbox, Outbox, Policy, Session};
use countersign_benches::clock::best;
use countersign_benches::rustls_pair::Configs;
use countersign_benches::{Certificates, Issued, KeyType, SERVER_NAME, World, handshake};
use held::held;
use rustls_pki_types::ServerName;
use std::future::poll_fn;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream as Blocking;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

const RECORD: usize = 1 << 14;
/// The records of one run.
const RECORDS: usize = 64;
const IDLE: usize = 10_000;
/// The number of idle connections.
const PIPE: usize = 4096;

const POLICY: Policy = Policy::new().cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);

/// Both ends of the stream over tokio.
struct Ours {
    connector: Connector,
    acceptor: Acceptor,
    blocking: (stream::Connector, stream::Acceptor),
}

impl Ours {
    fn new(certificates: &Certificates) -> Ours {
        let config = |issued: &Issued| {
            let key = SigningKey::from_der(&issued.key.serialize_der()).expect("a key of rcgen's");
            let identities = Identities::new(Identity::new(issued.chain.clone(), key).expect("a usable identity"));
            let trust = Trust::from_roots("root", &certificates.root).expect("a usable root");
            Config::new(Arc::new(Reloadable::new(identities)), Arc::new(Reloadable::new(trust))).policy(POLICY)
        };
        let (client, server) = (config(&certificates.client), config(&certificates.server));
        let blocking =
            (stream::Connector::new(client.clone()), stream::Acceptor::new(server.clone(), [Expect::AnyTrusted]));
        Ours { connector: Connector::new(client), acceptor: Acceptor::new(server, [Expect::AnyTrusted]), blocking }
    }

    fn meet_blocking(&self) -> (stream::Stream<Blocking>, stream::Stream<Blocking>) {
        let ((connector, acceptor), (near, far)) = (&self.blocking, Blocking::pair().expect("two descriptors"));
        thread::scope(|scope| {
            let client = scope.spawn(|| connector.connect(SERVER_NAME, near).expect("an honest server"));
            let server = acceptor.accept(far).expect("an honest client");
            (client.join().expect("no panic"), server)
        })
    }

    async fn meet<IO: AsyncRead + AsyncWrite + Unpin>(&self, (near, far): (IO, IO)) -> (Stream<IO>, Stream<IO>) {
        let met = tokio::try_join!(self.connector.connect(SERVER_NAME, near), self.acceptor.accept(far));
        met.expect("honest peers")
    }
}

/// Both ends of tokio-rustls.
struct Theirs {
    connector: TlsConnector,
    acceptor: TlsAcceptor,
}

impl Theirs {
    fn new(certificates: &Certificates) -> Theirs {
        let Configs { client, server } = Configs::new(certificates);
        Theirs { connector: client.into(), acceptor: server.into() }
    }

    async fn meet<IO: AsyncRead + AsyncWrite + Unpin>(
        &self,
        (near, far): (IO, IO),
    ) -> (client::TlsStream<IO>, server::TlsStream<IO>) {
        let name = ServerName::try_from(SERVER_NAME).expect("a name");
        tokio::try_join!(self.connector.connect(name, near), self.acceptor.accept(far)).expect("honest peers")
    }
}

fn sockets() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("two descriptors")
}

/// Sends records from one end to the other, one after the other, in one task. So the work of both ends counts.
async fn send(near: &mut (impl AsyncWrite + Unpin), far: &mut (impl AsyncRead + Unpin), data: &mut [u8]) {
    for _ in 0..RECORDS {
        near.write_all(black_box(data)).await.expect("written");
        near.flush().await.expect("flushed");
        far.read_exact(data).await.expect("read");
    }
}

/// The same, but received data is used where it was opened.
async fn send_in_place(near: &mut (impl AsyncWrite + Unpin), far: &mut (impl AsyncBufRead + Unpin), data: &[u8]) {
    for _ in 0..RECORDS {
        near.write_all(black_box(data)).await.expect("written");
        near.flush().await.expect("flushed");
        let mut missing = RECORD;
        while missing > 0 {
            let len = black_box(far.fill_buf().await.expect("read")).len();
            far.consume(len);
            missing -= len;
        }
    }
}

/// The same over blocking sockets.
fn send_blocking(near: &mut impl Write, far: &mut impl Read, data: &mut [u8]) {
    for _ in 0..RECORDS {
        near.write_all(black_box(data)).expect("written");
        near.flush().expect("flushed");
        far.read_exact(data).expect("read");
    }
}

/// The session inside the stream, with memory of the same size.
struct InPlace {
    client: Session,
    server: Session,
    tx: Outbox<Vec<u8>>,
    rx: Inbox<Vec<u8>>,
    unused: Outbox<Vec<u8>>,
    sockets: (UnixStream, UnixStream),
}

impl InPlace {
    fn new(world: &World) -> InPlace {
        let (client, server) = handshake(world, &POLICY);
        let (tx, rx) = (Outbox::new(vec![0; 16_454]), Inbox::new(vec![0; 16_406]));
        InPlace { client, server, tx, rx, unused: Outbox::new(vec![0; 256]), sockets: sockets() }
    }

    /// The same, but the data is made and used in place.
    async fn send(&mut self) {
        for _ in 0..RECORDS {
            self.seal();
            self.carry(|data, _| _ = black_box(data)).await;
        }
    }

    fn seal(&mut self) {
        let mut record = self.client.reserve(RECORD, &mut self.tx).expect("open").expect("room");
        black_box(record.space());
        record.filled(RECORD);
        record.seal().expect("a sealed record");
    }

    /// The same over blocking sockets.
    fn send_blocking(&mut self, (near, far): &mut (Blocking, Blocking)) {
        for _ in 0..RECORDS {
            self.seal();
            near.write_all(self.tx.pending()).expect("written");
            self.tx.sent(self.tx.pending().len());
            let mut missing = RECORD;
            while missing > 0 {
                match self.server.receive(&mut self.rx, &mut self.unused).expect("an honest peer") {
                    Event::Data => {
                        let len = black_box(self.rx.data()).len();
                        self.rx.consume(len);
                        missing -= len;
                    }
                    _ => {
                        let n = far.read(self.rx.space()).expect("read");
                        self.rx.filled(n);
                    }
                }
            }
        }
    }

    /// Only the copies of [`send`]: the difference is the stream's own cost.
    async fn send_copies(&mut self, data: &mut [u8]) {
        for _ in 0..RECORDS {
            assert_eq!(self.client.write(black_box(data), &mut self.tx), Ok(RECORD));
            self.carry(|part, at| data[at..at + part.len()].copy_from_slice(part)).await;
        }
    }

    /// Carries pending bytes over the socket, and uses them there. `at`: the position of a part in its record.
    async fn carry(&mut self, mut used: impl FnMut(&[u8], usize)) {
        let (near, far) = &mut self.sockets;
        near.write_all(self.tx.pending()).await.expect("written");
        self.tx.sent(self.tx.pending().len());
        let mut at = 0;
        while at < RECORD {
            match self.server.receive(&mut self.rx, &mut self.unused).expect("an honest peer") {
                Event::Data => {
                    let data = self.rx.data();
                    used(data, at);
                    let len = data.len();
                    self.rx.consume(len);
                    at += len;
                }
                _ => {
                    let n = far.read(self.rx.space()).await.expect("read");
                    self.rx.filled(n);
                }
            }
        }
    }
}

fn records(runtime: &Runtime, certificates: &Certificates, ours: &Ours, theirs: &Theirs) -> [f64; 9] {
    let _inside = runtime.enter();
    let mut bare = sockets();
    let world = World::new(certificates);
    let (mut in_place, mut copies) = (InPlace::new(&world), InPlace::new(&world));
    let mut stream = runtime.block_on(ours.meet(sockets()));
    let mut buffered = runtime.block_on(ours.meet(sockets()));
    let (client, server) = runtime.block_on(ours.meet(sockets()));
    let ((_client_reads, mut client), (mut server, _server_writes)) = (client.into_split(), server.into_split());
    let mut rustls = runtime.block_on(theirs.meet(sockets()));
    let (mut blocking, mut blocking_sockets) = (InPlace::new(&world), Blocking::pair().expect("two descriptors"));
    let mut blocking_stream = ours.meet_blocking();
    let [mut a, mut b, mut c, mut d, e, mut f, mut g] = [[7; RECORD]; 7];
    let times = best(
        500,
        2,
        &mut [
            ("bare", &mut || runtime.block_on(send(&mut bare.0, &mut bare.1, &mut a))),
            ("in place", &mut || runtime.block_on(in_place.send())),
            ("copies", &mut || runtime.block_on(copies.send_copies(&mut f))),
            ("stream", &mut || runtime.block_on(send(&mut stream.0, &mut stream.1, &mut b))),
            ("buffered", &mut || runtime.block_on(send_in_place(&mut buffered.0, &mut buffered.1, &e))),
            ("halves", &mut || runtime.block_on(send(&mut client, &mut server, &mut c))),
            ("rustls", &mut || runtime.block_on(send(&mut rustls.0, &mut rustls.1, &mut d))),
            ("in place, blocking", &mut || blocking.send_blocking(&mut blocking_sockets)),
            ("stream, blocking", &mut || send_blocking(&mut blocking_stream.0, &mut blocking_stream.1, &mut g)),
        ],
    );
    std::array::from_fn(|at| times[at].as_secs_f64())
}

fn handshakes(runtime: &Runtime, ours: &Ours, theirs: &Theirs) -> [f64; 2] {
    let _inside = runtime.enter();
    let times = best(
        2000,
        1,
        &mut [
            ("ours", &mut || drop(black_box(runtime.block_on(ours.meet(sockets()))))),
            ("theirs", &mut || drop(black_box(runtime.block_on(theirs.meet(sockets()))))),
        ],
    );
    std::array::from_fn(|at| times[at].as_secs_f64())
}

/// The bytes of memory that one end of an idle connection holds, after some data in each direction and while a read is
/// pending. The pipes between the ends are subtracted.
async fn idle<A, B>(meet: impl AsyncFn() -> (A, B)) -> usize
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let mut pairs = Vec::with_capacity(IDLE);
    let before = held();
    for _ in 0..IDLE {
        let (mut client, mut server) = meet().await;
        exchange(&mut client, &mut server).await;
        exchange(&mut server, &mut client).await;
        // On the heap, where a task has it.
        let mut pair = Box::new((client, server));
        wait(&mut pair.0).await;
        wait(&mut pair.1).await;
        pairs.push(pair);
    }
    (held() - before) / IDLE / 2
}

async fn exchange(from: &mut (impl AsyncWrite + Unpin), to: &mut (impl AsyncRead + Unpin)) {
    let (sent, mut got) = ([7; RECORD], [0; RECORD]);
    let send = async {
        from.write_all(&sent).await?;
        from.flush().await
    };
    tokio::try_join!(send, to.read_exact(&mut got)).expect("an honest peer");
}

/// Reads, and finds no data.
async fn wait(stream: &mut (impl AsyncRead + Unpin)) {
    let mut byte = [0];
    let mut buf = ReadBuf::new(&mut byte);
    let pending = poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_read(cx, &mut buf).is_pending())).await;
    assert!(pending, "nothing has come");
}

fn main() {
    let certificates = KeyType::P256.certificates();
    let (ours, theirs) = (Ours::new(&certificates), Theirs::new(&certificates));
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");

    let times = records(&runtime, &certificates, &ours, &theirs);
    let in_place = times[1];
    println!("| records of 16 KiB | MB/s | time, against the session |");
    println!("|---|---|---|");
    let names = [
        "the socket alone",
        "session, in place",
        "session, copied in and out",
        "`tokio::Stream`",
        "the same, `AsyncBufRead`",
        "its owned halves",
        "tokio-rustls, ring",
        "session, in place, blocking sockets",
        "`stream::Stream`, against that",
    ];
    let [.., in_place_blocking, _] = times;
    for (at, (name, time)) in names.into_iter().zip(times).enumerate() {
        let in_place = if at < 7 { in_place } else { in_place_blocking };
        println!("| {name} | {:.0} | {:.3} |", (RECORDS * RECORD) as f64 / time / 1e6, time / in_place);
    }

    let times = handshakes(&runtime, &ours, &theirs);
    let pipes = runtime.block_on(idle(async || duplex(PIPE)));
    let our_idle = runtime.block_on(idle(async || ours.meet(duplex(PIPE)).await)) - pipes;
    let their_idle = runtime.block_on(idle(async || theirs.meet(duplex(PIPE)).await)) - pipes;
    println!("\n| | handshakes a second | bytes for one end of an idle connection |");
    println!("|---|---|---|");
    for (name, time, idle) in [("`tokio::Stream`", times[0], our_idle), ("tokio-rustls, ring", times[1], their_idle)] {
        println!("| {name} | {:.0} | {idle} |", 1.0 / time);
    }
}
