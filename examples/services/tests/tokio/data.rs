//! Data both ways.

use crate::world::World;
use countersign::adapters::tokio::Stream;
use std::io::IoSlice;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, DuplexStream, duplex};
use tokio::time::timeout;

const MUCH: usize = 32 << 20;

/// Writes a pattern, and closes.
async fn writes(write: impl AsyncWrite, len: usize) {
    let mut write = pin!(write);
    let block: Vec<u8> = (0..1 << 16).map(|at: u32| at.to_le_bytes()[(at % 2) as usize]).collect();
    for _ in 0..len / block.len() {
        write.write_all(&block).await.unwrap();
    }
    write.shutdown().await.unwrap();
}

/// Reads that pattern to the end.
async fn reads(read: impl AsyncRead, len: usize) {
    let mut read = pin!(read);
    let mut block = vec![0; 1 << 16];
    for _ in 0..len / block.len() {
        read.read_exact(&mut block).await.unwrap();
        assert!((0..1 << 16).all(|at: u32| block[at as usize] == at.to_le_bytes()[(at % 2) as usize]));
    }
    assert_eq!(read.read(&mut block).await.unwrap(), 0, "the end");
}

/// Both ways at once, each direction in a task of its own, over a pipe that is full all the time.
async fn both_ways<R, W>(split: impl Fn(Stream<DuplexStream>) -> (R, W))
where
    R: AsyncRead + Send + 'static,
    W: AsyncWrite + Send + 'static,
{
    let (client, server) = World::new().meet(10_000).await;
    let mut tasks = tokio::task::JoinSet::new();
    for stream in [client, server] {
        let (read, write) = split(stream);
        tasks.spawn(reads(read, MUCH));
        tasks.spawn(writes(write, MUCH));
    }
    let all = async { while tasks.join_next().await.transpose().unwrap().is_some() {} };
    timeout(Duration::from_secs(120), all).await.expect("nobody hangs");
}

#[tokio::test(flavor = "multi_thread")]
async fn much_goes_both_ways_at_once_through_tokios_split() {
    both_ways(tokio::io::split).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn much_goes_both_ways_at_once_through_the_owned_split() {
    both_ways(Stream::into_split).await;
}

#[tokio::test]
async fn vectored_writes_are_joined_in_one_record() {
    let (mut client, mut server) = World::new().meet(100_000).await;
    let bufs = [IoSlice::new(b"one, "), IoSlice::new(b""), IoSlice::new(b"two, "), IoSlice::new(b"three")];
    assert!(client.is_write_vectored());
    assert_eq!(client.write_vectored(&bufs).await.unwrap(), 15);
    let mut back = [0; 100];
    assert_eq!(server.read(&mut back).await.unwrap(), 15, "one record");
    assert_eq!(&back[..15], b"one, two, three");
}

/// What a transport keeps for later leaves it before anybody waits for an answer.
#[tokio::test]
async fn a_transport_with_a_buffer_of_its_own_is_flushed() {
    let world = World::new();
    let (near, far) = duplex(100_000);
    let (near, far) = (BufStream::new(near), BufStream::new(far));
    let (client, server) = tokio::join!(world.connector().connect("server.test", near), world.acceptor().accept(far));
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    client.confirmed().await.unwrap();
    client.write_all(b"hello").await.unwrap();
    client.flush().await.unwrap();
    let mut back = [0; 5];
    server.read_exact(&mut back).await.unwrap();
    let (client, server) = tokio::join!(client.close(), server.close());
    client.and(server).unwrap();
}

#[tokio::test]
async fn confirmed_takes_no_data() {
    let (mut client, mut server) = World::new().meet(100_000).await;
    server.write_all(b"hello").await.unwrap();
    client.confirmed().await.unwrap();
    client.confirmed().await.unwrap();
    let mut back = [0; 5];
    client.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"hello");
}

/// Data is read where it was opened, by either form of the stream, also after part of it has been copied.
#[tokio::test]
async fn lines_are_read_without_another_buffer() {
    let (mut client, mut server) = World::new().meet(100_000).await;
    client.write_all(b"xone\ntwo\n").await.unwrap();
    client.write_all(b"thr").await.unwrap();
    client.write_all(b"ee\nfour").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(server.read_u8().await.unwrap(), b'x');
    let mut line = String::new();
    server.read_line(&mut line).await.unwrap();
    assert_eq!(line, "one\n");
    let (read, _write) = server.into_split();
    let mut lines = read.lines();
    for expected in ["two", "three", "four"] {
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some(expected));
    }
    assert_eq!(lines.next_line().await.unwrap(), None);
}

/// The reader alone must see to it that its peer's request is answered.
#[tokio::test]
async fn a_reading_half_answers_key_updates_by_itself() {
    let policy = countersign::Policy::new().confirm_clients(false);
    let mut world = World::new();
    world.server = world.server.policy(policy);
    let (mut client, server) = world.meet(100_000).await;
    let (mut read, write) = server.into_split();
    let server = tokio::spawn(async move {
        let n = read.read(&mut [0; 10]).await.unwrap();
        (n, read)
    });
    // The answer to its request is all that the client hears of this server.
    timeout(Duration::from_secs(20), client.confirmed()).await.expect("an answer").unwrap();
    client.write_all(b"hello").await.unwrap();
    let (n, read) = server.await.unwrap();
    assert_eq!(n, 5);
    let mut server = read.reunite(write).unwrap();
    let (client, server) = tokio::join!(client.close(), server.close());
    client.and(server).unwrap();
}

#[tokio::test]
async fn halves_of_two_streams_do_not_reunite() {
    let (client, server) = World::new().meet(1000).await;
    let ((read, _write), (_read, write)) = (client.into_split(), server.into_split());
    let error = read.reunite(write).unwrap_err();
    assert_eq!(
        (error.to_string(), format!("{error:?}")),
        ("these halves are not of one stream".into(), "ReuniteError".into())
    );
}
