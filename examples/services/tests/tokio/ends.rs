//! Ends, good and bad.

use crate::key_updates::{bare, record};
use crate::world::World;
use countersign::adapters::tokio::{Acceptor, Signer};
use countersign::adapters::{BoxError, Failure};
use countersign::x509::{Expect, Identity, Refusal};
use countersign::{AlertDescription, Error, ErrorKind, HandshakeType, Policy, SignQuestion};
use std::error::Error as _;
use std::future::pending;
use std::io::{self, ErrorKind as Io};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// The error of the connection that is inside.
fn tls(error: &io::Error) -> Error {
    Failure::inside(error).and_then(Failure::error).unwrap_or_else(|| panic!("no TLS error: {error:?}"))
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (near.unwrap(), far.unwrap().0)
}

#[tokio::test]
async fn both_close() {
    let (mut client, mut server) = World::new().meet(1000).await;
    assert_eq!(client.get_ref().1.server_name(), Some("server.test"));
    let (client, server) = tokio::join!(client.close(), server.close());
    client.and(server).unwrap();
}

#[tokio::test]
async fn a_half_close_leaves_the_other_direction_open() {
    let (mut client, mut server) = World::new().meet(1000).await;
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    server.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    client.read_exact(&mut back).await.unwrap();
    assert_eq!(client.write(b"more").await.unwrap_err().kind(), Io::BrokenPipe);
}

/// The peer resets the connection: what we write then is lost, though the system takes it at first.
#[tokio::test]
async fn what_could_not_be_sent_is_no_orderly_close() {
    let (world, (near, far)) = (World::new(), tcp().await);
    let (client, server) = tokio::join!(world.connector().connect("server.test", near), world.acceptor().accept(far));
    let (mut client, server) = (client.unwrap(), server.unwrap());
    client.confirmed().await.unwrap();
    client.write_all(b"never read").await.unwrap();
    client.flush().await.unwrap();
    sleep(Duration::from_millis(50)).await;
    drop(server); // bytes are unread: a reset
    sleep(Duration::from_millis(50)).await;
    let written = client.write_all(b"lost").await;
    written.and(client.close().await).unwrap_err();
    client.shutdown().await.unwrap_err();
}

/// Dropped with bytes unread, the connection would be reset, and who is still writing would never read our alert.
#[tokio::test]
async fn who_breaks_the_rules_learns_it_though_it_has_written_more() {
    let mut world = World::new();
    let policy = Policy::new().null_crypto();
    world.server = world.server.policy(policy.clone());
    let (near, far) = tcp().await;
    let (mut io, server) = tokio::join!(bare(&world.client, policy, near), world.acceptor().accept(far));
    let mut server = server.unwrap();
    let wrong = ErrorKind::UnexpectedMessage { message: HandshakeType::CLIENT_HELLO };
    let serve = async {
        let error = server.read(&mut [0]).await.unwrap_err();
        assert_eq!(tls(&error).kind(), wrong);
        assert_eq!(tls(&server.close().await.unwrap_err()).kind(), wrong);
        drop(server);
    };
    let client = async {
        let mut heard = Vec::new();
        io.write_all(&record(&[1, 0, 0, 0], 22)).await?; // ClientHello
        io.write_all(&vec![7; 10_000_000]).await?; // more than lies on the way
        io.read_to_end(&mut heard).await.map(|_| heard)
    };
    let (heard, ()) = tokio::join!(client, serve);
    let heard = heard.expect("no reset");
    assert!(heard.ends_with(&record(&[2, AlertDescription::UNEXPECTED_MESSAGE.0], 21)), "{heard:?}");
}

/// There is no deadline for the handshake; closing has one of its own.
#[tokio::test]
async fn a_failed_connection_closes_though_the_peer_takes_nothing() {
    let mut world = World::new();
    let policy = Policy::new().null_crypto();
    world.server = world.server.policy(policy.clone()).handshake_deadline(None);
    let (near, far) = duplex(2000);
    let (mut io, server) = tokio::join!(bare(&world.client, policy, near), world.acceptor().accept(far));
    let mut server = server.unwrap();
    timeout(Duration::from_millis(50), server.write_all(&[7; 40_000])).await.expect_err("the pipe is full");
    io.write_all(&record(&[1, 0, 0, 0], 22)).await.unwrap(); // ClientHello
    server.read(&mut [0]).await.unwrap_err();
    let closed = timeout(Duration::from_secs(20), server.close()).await.expect("it does not wait for ever");
    assert_eq!(tls(&closed.unwrap_err()).kind(), ErrorKind::UnexpectedMessage { message: HandshakeType::CLIENT_HELLO });
}

#[tokio::test]
async fn whether_the_server_has_accepted_us_can_be_asked_at_any_time() {
    let (mut client, mut server) = World::new().meet(1000).await;
    client.shutdown().await.unwrap();
    let (confirmed, _) = tokio::join!(client.confirmed(), server.write_all(b"welcome"));
    confirmed.unwrap();
    let mut world = World::new();
    world.client = world.stranger("client.test");
    let (near, far) = tcp().await;
    let client = async {
        let mut stream = world.connector().connect("server.test", near).await.unwrap();
        [stream.confirmed().await, stream.confirmed().await].map(|told| told.unwrap_err().to_string())
    };
    let ([first, second], _) = tokio::join!(client, world.acceptor().accept(far));
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_client_that_is_refused_over_tcp_learns_why() {
    let mut world = World::new();
    world.client = world.stranger("client.test");
    let (near, far) = tcp().await;
    let client = async {
        let mut stream = world.connector().connect("server.test", near).await?;
        stream.write_all(&[7; 1000]).await?;
        stream.confirmed().await
    };
    let (client, server) = tokio::join!(client, world.acceptor().accept(far));
    let server = server.unwrap_err();
    assert_eq!(server.kind(), Io::PermissionDenied);
    assert!(server.source().is_some_and(|source| source.is::<Refusal>()), "{server}");
    let client = client.unwrap_err();
    assert_eq!(client.kind(), Io::ConnectionAborted, "{client}");
    assert!(matches!(tls(&client).kind(), ErrorKind::PeerRejectedCertificate { .. }));
}

#[tokio::test]
async fn a_server_that_is_refused_learns_why() {
    let world = World::new();
    let (near, far) = tcp().await;
    let (client, server) = tokio::join!(world.connector().connect("other.test", near), world.acceptor().accept(far));
    let client = client.unwrap_err();
    assert_eq!(client.kind(), Io::PermissionDenied);
    assert_eq!(Failure::inside(&client).and_then(Failure::refusal).expect("a refusal").name(), "WrongName");
    let server = server.unwrap_err();
    assert_eq!(server.kind(), Io::ConnectionAborted, "{server}");
}

#[tokio::test]
async fn whom_the_acceptor_does_not_expect_is_refused() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = Acceptor::new(world.server.clone(), ["admin.test".parse::<Expect>().unwrap()]);
    let client = async { world.connector().connect("server.test", near).await?.confirmed().await };
    let (client, server) = tokio::join!(client, acceptor.accept(far));
    assert_eq!(server.unwrap_err().kind(), Io::PermissionDenied);
    let alert = AlertDescription::ACCESS_DENIED;
    assert_eq!(tls(&client.unwrap_err()).kind(), ErrorKind::PeerRejectedCertificate { alert });
}

#[tokio::test]
async fn a_silent_peer_is_given_up_at_the_deadline_and_told_so() {
    let world = World::new();
    let config = world.server.clone().handshake_deadline(Some(Duration::from_millis(50)));
    let (mut near, far) = tcp().await;
    let peer = async {
        let mut told = Vec::new();
        near.read_to_end(&mut told).await.unwrap();
        drop(near);
        told
    };
    let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
    let (told, server) = tokio::join!(peer, acceptor.accept(far));
    assert_eq!(told[..7], [21, 3, 3, 0, 2, 1, 90], "user_canceled");
    assert_eq!(server.unwrap_err().kind(), Io::TimedOut);
}

#[tokio::test]
async fn the_deadline_covers_both_steps_of_an_accept() {
    let world = World::new();
    let config = world.server.clone().handshake_deadline(Some(Duration::from_millis(300)));
    let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
    let (near, far) = duplex(1000);
    let client = tokio::spawn(world.connector().connect("server.test", near));
    let hello = acceptor.begin(far).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let error = hello.accept(&acceptor).await.unwrap_err();
    assert_eq!(error.kind(), Io::TimedOut);
    let told = client.await.unwrap().unwrap_err();
    assert!(matches!(told.kind(), Io::UnexpectedEof | Io::ConnectionAborted), "{told}");
}

/// A signer that never answers.
struct Never;

impl Signer for Never {
    async fn sign(&self, _: Arc<Identity>, _: SignQuestion) -> Result<Vec<u8>, BoxError> {
        pending().await
    }
}

/// The default: ten seconds for everything, our own answers included, and one for the alert.
#[tokio::test(start_paused = true)]
async fn ten_seconds_from_its_making_a_handshake_is_over_whoever_is_late() {
    let mut world = World::new();
    world.client = world.client.handshake_deadline(None); // so that it is the server's that counts
    let (external, _) = world.external("server.test");
    let theirs = Acceptor::new(world.server.clone(), [Expect::AnyTrusted]);
    let ours = Acceptor::new(external, [Expect::AnyTrusted]).signer(Never);
    let (peer, signer) = ("the peer took too long (in WaitClientHello)", "our signer took too long (in AskSign)");
    for (acceptor, client_speaks, who) in [(theirs, false, peer), (ours, true, signer)] {
        let (near, far) = duplex(10_000);
        let begun = Instant::now();
        let mut accepting = acceptor.accept(far);
        let client = world.connector().connect("server.test", near);
        let client = if client_speaks { Ok(tokio::spawn(client)) } else { Err(client) };
        sleep(Duration::from_secs(9)).await; // it counts before it is awaited
        let error = accepting.run().await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (Io::TimedOut, who.to_owned()));
        let took = begun.elapsed();
        match client {
            Ok(client) => {
                let told = client.await.unwrap().unwrap_err();
                assert_eq!(tls(&told).kind(), ErrorKind::ClosedInHandshake, "{told}");
                assert!(took < Duration::from_millis(10_100), "{took:?}");
            }
            // It is silent, and does not close.
            Err(_silent) => assert!((10_900..11_100).contains(&took.as_millis()), "{took:?}"),
        }
    }
}

#[test]
fn without_a_deadline_a_handshake_needs_no_timer() {
    let mut world = World::new();
    world.client = world.client.handshake_deadline(None);
    world.server = world.server.handshake_deadline(None);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap(); // timers would panic
    runtime.block_on(async {
        world.meet(1000).await;
        let (mut near, far) = duplex(1000);
        near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let error = world.acceptor().accept(far).await.unwrap_err();
        assert_eq!((error.kind(), tls(&error).kind()), (Io::InvalidData, ErrorKind::NotTls));
    });
}

/// There is no timer, but what is written without waiting is waited for.
#[tokio::test]
async fn without_a_deadline_the_alert_is_delivered_all_the_same() {
    let world = World::new();
    let (near, far) = duplex(1); // not even an alert fits
    let (mut read, mut write) = tokio::io::split(near);
    let config = world.server.clone().handshake_deadline(None);
    let server = tokio::spawn(Acceptor::new(config, [Expect::AnyTrusted]).accept(far));
    let _stays_open = tokio::spawn(async move {
        let _ = write.write_all(b"GET / HTTP/1.1\r\n").await;
        pending::<()>().await;
    });
    let mut told = [0; 7];
    read.read_exact(&mut told).await.unwrap();
    assert_eq!(told, [21, 3, 3, 0, 2, 2, 10], "unexpected_message");
    // It has told all it knows: the peer is not waited for, which does not close.
    assert_eq!(tls(&server.await.unwrap().unwrap_err()).kind(), ErrorKind::NotTls);
}

#[tokio::test]
async fn what_broke_the_transport_is_inside_of_each_error() {
    let (world, (near, far)) = (World::new(), tcp().await);
    let (client, server) = tokio::join!(world.connector().connect("server.test", near), world.acceptor().accept(far));
    let (mut client, server) = (client.unwrap(), server.unwrap());
    client.confirmed().await.unwrap();
    client.write_all(b"never read").await.unwrap();
    sleep(Duration::from_millis(50)).await;
    drop(server); // bytes are unread: a reset
    sleep(Duration::from_millis(50)).await;
    let mut errors = Vec::new();
    while errors.len() < 2 {
        errors.extend(client.write_all(b"lost").await.err());
    }
    for error in errors {
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).expect("a source");
        assert!(source.raw_os_error().is_some(), "{source:?}");
    }
}

#[tokio::test]
async fn an_end_without_close_notify_is_an_unexpected_one() {
    let (mut client, mut server) = World::new().meet(1000).await;
    client.confirmed().await.unwrap();
    drop(client);
    for _ in 0..2 {
        let error = server.read(&mut [0]).await.unwrap_err();
        assert_eq!((error.kind(), tls(&error).kind()), (Io::UnexpectedEof, ErrorKind::Truncated));
    }
}

#[tokio::test]
async fn a_peer_that_does_not_close_is_waited_for_until_the_deadline() {
    let mut world = World::new();
    world.client = world.client.close_deadline(Duration::from_millis(50));
    let (mut client, _server) = world.meet(1000).await;
    client.confirmed().await.unwrap();
    client.close().await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_none_is_invalid_input() {
    let (near, _far) = duplex(1);
    let error = World::new().connector().connect("not a name", near).await.unwrap_err();
    assert_eq!(error.kind(), Io::InvalidInput);
}

#[tokio::test]
async fn an_accept_in_two_steps_sees_the_offer_and_chooses_who_answers() {
    let mut world = World::new();
    let policy = Policy::new().alpn(&[b"h2"]);
    world.client = world.client.policy(policy.clone());
    let first = Acceptor::new(world.server.clone().policy(policy), []);
    let tenant = Acceptor::new(world.config("tenant.test"), [Expect::AnyTrusted]);
    for (name, served) in [("tenant.test", true), ("stranger.test", false)] {
        let (near, far) = duplex(1000);
        let client = async { world.connector().connect(name, near).await?.confirmed().await };
        let server = async {
            let hello = first.begin(far).await.unwrap();
            let offer = hello.offer().unwrap();
            assert_eq!((offer.server_name(), offer.alpn().next()), (Some(name), Some(&b"h2"[..])));
            if served {
                Some(hello.accept(&tenant).await.unwrap())
            } else {
                hello.refuse(AlertDescription::UNRECOGNIZED_NAME).await;
                None
            }
        };
        let (client, _server) = tokio::join!(client, server);
        match client {
            Ok(()) => assert!(served),
            Err(error) => {
                let alert = AlertDescription::UNRECOGNIZED_NAME;
                assert_eq!(tls(&error).kind(), ErrorKind::UnauthenticatedAlert { alert });
                assert!(!served);
            }
        }
    }
}
