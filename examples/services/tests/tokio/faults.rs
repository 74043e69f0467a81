//! What the stream makes of a transport that buffers, fails, or has the end of the connection before us.

use crate::key_updates::{bare, record};
use crate::world::World;
use countersign::adapters::tokio::Stream;
use countersign::adapters::{Failure, Reauthenticated};
use countersign::{Alert, AlertDescription, ErrorKind, Policy};
use std::io::{self, ErrorKind as Io, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, DuplexStream, ReadBuf, duplex};
use tokio::time::timeout;

/// What the transport does differently from now on.
#[derive(Default)]
struct Faults {
    write: Option<Io>,
    shutdown: Option<Io>,
    /// These bytes go out together with what is written until the next flush.
    with_flight: Option<Vec<u8>>,
}

/// A pipe with faults.
struct Faulty(DuplexStream, Arc<Mutex<Faults>>);

impl AsyncRead for Faulty {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Faulty {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let faults = Arc::clone(&self.1);
        let mut faults = faults.lock().unwrap();
        match (faults.write, faults.with_flight.take()) {
            (Some(kind), _) => Poll::Ready(Err(kind.into())),
            (None, Some(more)) => {
                let all = [buf, &more].concat();
                assert_eq!(ready!(Pin::new(&mut self.0).poll_write(cx, &all))?, all.len(), "the pipe is large enough");
                Poll::Ready(Ok(buf.len()))
            }
            (None, None) => Pin::new(&mut self.0).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let fault = self.1.lock().unwrap().shutdown;
        match fault {
            Some(kind) => Poll::Ready(Err(kind.into())),
            None => Pin::new(&mut self.0).poll_shutdown(cx),
        }
    }
}

/// A client over a pipe with faults, and a server that has confirmed it.
async fn meet(world: &World) -> (Stream<Faulty>, Stream<DuplexStream>, Arc<Mutex<Faults>>) {
    let ((near, far), faults) = (duplex(100_000), Arc::new(Mutex::new(Faults::default())));
    let near = Faulty(near, Arc::clone(&faults));
    let (mut client, server) =
        tokio::try_join!(world.connector().connect("server.test", near), world.acceptor().accept(far)).unwrap();
    client.confirmed().await.unwrap();
    (client, server, faults)
}

fn kind(error: &io::Error) -> ErrorKind {
    Failure::inside(error).and_then(Failure::error).unwrap_or_else(|| panic!("no TLS error: {error:?}")).kind()
}

/// The system says so if the peer has closed already. All our data has left, so nothing is wrong.
#[tokio::test]
async fn a_transport_that_the_peer_has_closed_is_shut_down_in_order() {
    for (says, heard) in [(Io::NotConnected, None), (Io::BrokenPipe, Some(Io::BrokenPipe))] {
        let (mut client, mut server, faults) = meet(&World::new()).await;
        faults.lock().unwrap().shutdown = Some(says);
        assert_eq!(client.shutdown().await.err().map(|error| error.kind()), heard);
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0, "close_notify has left");
    }
}

/// The peer neither closes nor says why.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_is_no_orderly_close_after_the_deadline_either() {
    let (mut client, _silent, faults) = meet(&World::new()).await;
    faults.lock().unwrap().write = Some(Io::BrokenPipe);
    let error = timeout(Duration::from_secs(60), client.close()).await.expect("a deadline").unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (Io::BrokenPipe, io::Error::from(Io::BrokenPipe).to_string()));
}

/// A peer that has our close_notify may end without its own.
#[tokio::test(start_paused = true)]
async fn a_close_is_answered_by_the_end_of_the_transport() {
    let (mut client, mut server, _) = meet(&World::new()).await;
    let (closed, read) = tokio::join!(client.close(), async move {
        let n = server.read(&mut [0]).await;
        drop(server);
        n
    });
    closed.unwrap();
    assert_eq!(read.unwrap(), 0);
}

/// A client that no server has confirmed does not know whether it was accepted.
#[tokio::test(start_paused = true)]
async fn at_the_deadline_only_a_confirmed_client_has_closed_in_order() {
    for confirms in [true, false] {
        let mut world = World::new();
        world.server = world.server.policy(Policy::new().confirm_clients(confirms));
        let (near, far) = duplex(100_000);
        let (mut client, _silent) =
            tokio::try_join!(world.connector().connect("server.test", near), world.acceptor().accept(far)).unwrap();
        let closed = timeout(Duration::from_secs(60), client.close()).await.expect("a deadline");
        assert_eq!(closed.map_err(|error| error.kind()), if confirms { Ok(()) } else { Err(Io::TimedOut) });
    }
}

/// A transport may buffer, and who flushes is sure that it buffers nothing more.
#[tokio::test(start_paused = true)]
async fn a_flush_reaches_the_transport_from_either_form_of_the_stream() {
    let (world, (near, far)) = (World::new(), duplex(1000));
    let near = BufStream::new(near);
    let (mut client, mut server) =
        tokio::try_join!(world.connector().connect("server.test", near), world.acceptor().accept(far)).unwrap();
    client.confirmed().await.unwrap();
    let mut read = async |expected: &[u8]| {
        let mut buf = [0; 10];
        let n = timeout(Duration::from_secs(1), server.read(&mut buf)).await.map_or(0, Result::unwrap);
        assert_eq!(&buf[..n], expected);
    };
    client.write_all(b"whole").await.unwrap();
    read(b"").await;
    client.flush().await.unwrap();
    read(b"whole").await;
    let (_read, mut write) = client.into_split();
    write.write_all(b"half").await.unwrap();
    read(b"").await;
    write.flush().await.unwrap();
    read(b"half").await;
}

#[tokio::test]
async fn nothing_can_be_written_and_several_buffers_are_one_record() {
    let (mut client, mut server) = World::new().meet(100_000).await;
    assert_eq!(client.write(&[]).await.unwrap(), 0);
    assert_eq!(client.write_vectored(&[IoSlice::new(&[]), IoSlice::new(&[])]).await.unwrap(), 0);
    assert!(client.is_write_vectored());
    let (_read, mut write) = client.into_split();
    assert!(write.is_write_vectored());
    assert_eq!(write.write_vectored(&["to", "", "gether"].map(|part| IoSlice::new(part.as_bytes()))).await.unwrap(), 8);
    assert_eq!(write.write(&[]).await.unwrap(), 0);
    let mut buf = [0; 10];
    assert_eq!(server.read(&mut buf).await.unwrap(), 8, "in one record");
}

/// A server may send data before the client's Finished has come, and so this data confirms nothing.
#[tokio::test]
async fn data_that_comes_before_the_confirmation_is_read_first() {
    let mut world = World::new();
    world.client = world.client.policy(Policy::new().null_crypto());
    world.server = world.server.policy(Policy::new().null_crypto());
    let (near, far) = duplex(100_000);
    let faults = Faults { with_flight: Some(record(b"early", 23)), ..Faults::default() };
    let far = Faulty(far, Arc::new(Mutex::new(faults)));
    let (mut client, _server) =
        tokio::try_join!(world.connector().connect("server.test", near), world.acceptor().accept(far)).unwrap();
    let confirmed = async |client: &mut Stream<DuplexStream>| {
        timeout(Duration::from_secs(60), client.confirmed()).await.expect("an answer")
    };
    for _ in 0..2 {
        assert_eq!(confirmed(&mut client).await.unwrap_err().kind(), Io::ResourceBusy);
    }
    let mut early = [0; 5];
    client.read_exact(&mut early).await.unwrap();
    assert_eq!(&early, b"early");
    confirmed(&mut client).await.unwrap();
}

/// RFC 9846 §5.2, §5.4: a record may have 2^14 + 256 bytes, but its content and type at most 2^14 + 1.
#[tokio::test]
async fn a_record_that_is_longer_than_the_memory_is_opened_and_judged() {
    let over = |length| Some(ErrorKind::RecordOverflow { length, limit: (1 << 14) + 1 });
    for (len, refused) in
        [(1 << 14, None), ((1 << 14) + 1, over((1 << 14) + 2)), ((1 << 14) + 239, over((1 << 14) + 240))]
    {
        let mut world = World::new();
        let policy = Policy::new().null_crypto();
        world.server = world.server.policy(policy.clone());
        let (near, far) = duplex(100_000);
        let (mut io, server) = tokio::join!(bare(&world.client, policy, near), world.acceptor().accept(far));
        io.write_all(&record(&vec![0; len], 23)).await.unwrap();
        io.write_all(&record(&[1, 0], 21)).await.unwrap(); // close_notify
        let read = server.unwrap().read_to_end(&mut Vec::new()).await;
        let Some(expected) = refused else {
            assert_eq!(read.unwrap(), len);
            continue;
        };
        let error = read.unwrap_err();
        assert_eq!(kind(&error), expected);
        let alert = Failure::inside(&error).and_then(Failure::error).and_then(|error| error.alert());
        assert_eq!(alert, Some(Alert::Sent(AlertDescription::RECORD_OVERFLOW)));
    }
}

#[tokio::test]
async fn what_is_printed_is_who_the_peer_is() {
    let (client, _server) = World::new().meet(1000).await;
    let (peer, info) = (client.peer(), client.info());
    assert_eq!(format!("{client:?}"), format!("Stream {{ peer: {peer:?}, info: {info:?}, .. }}"));
    let again = client.reauthentication().unwrap();
    assert_eq!(format!("{again:?}"), format!("Reauthentication({:?})", client.lease()));
}

/// A request that was cancelled makes room for another, and its answer is refused.
#[tokio::test]
async fn a_request_that_was_cancelled_is_open_no_more() {
    let (client, server) = World::new().meet(1000).await;
    let (client, server) = (client.reauthentication().unwrap(), server.reauthentication().unwrap());
    for _ in 0..10 {
        let (id, request) = server.request_with(&Default::default()).unwrap();
        server.cancel(id).unwrap();
        assert_eq!(server.cancel(id).unwrap_err().kind(), Io::InvalidInput, "it is not open");
        let Reauthenticated::Answer(answer) = client.receive(&request).await.unwrap() else { panic!("no answer") };
        assert_eq!(server.receive(&answer).await.unwrap_err().kind(), Io::InvalidData);
    }
}
