//! The server of the guide whose connections end with their leases: what it shows is what runs here.

use crate::guide_server::connection;
use crate::world::World;
use countersign::adapters::tokio::{Reauthentication, Stream};
use countersign::adapters::{Frame, Frames, Reauthenticated};
use countersign::x509::Trust;
use std::io;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const GUIDE: &str = include_str!("../../../../docs/GUIDE.md");
const SERVER: &str = include_str!("guide_server.rs");

#[test]
fn the_guide_shows_this_server() {
    assert!(GUIDE.contains(&format!("```rust,ignore\n{SERVER}```\n")));
}

/// Says something and waits for its echo; the server's requests in between are answered.
async fn echoes(stream: &mut Stream<TcpStream>, again: &Reauthentication, frames: &mut Frames) -> io::Result<usize> {
    let hello = Frame::Data(b"hello".to_vec());
    stream.write_all(&hello.to_bytes()?).await?;
    let mut asked = 0;
    loop {
        match frames.read_async(stream).await?.ok_or(io::ErrorKind::UnexpectedEof)? {
            Frame::Authenticator(request) => {
                let Reauthenticated::Answer(answer) = again.receive(&request).await? else { panic!("a request") };
                stream.write_all(&Frame::Authenticator(answer).to_bytes()?).await?;
                asked += 1;
            }
            echo => {
                assert_eq!(echo, hello);
                return Ok(asked);
            }
        }
    }
}

#[tokio::test]
async fn a_client_proves_itself_again_and_is_gone_when_trust_has_ended() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (tcp, acceptor) = (TcpStream::connect(listener.local_addr().unwrap()).await.unwrap(), world.acceptor());
    let server = tokio::spawn(async move { connection(&acceptor, listener.accept().await.unwrap().0).await });
    let mut stream = world.connector().connect("server.test", tcp).await.unwrap();
    let (again, mut frames) = (stream.reauthentication().unwrap(), Frames::new(1 << 16));
    // The first minute begins at once; whether the request or the echo comes first is left to chance.
    while echoes(&mut stream, &again, &mut frames).await.unwrap() == 0 {}

    world.server.trust().set(Trust::from_roots("another", World::new().root_pem().as_bytes()).unwrap());
    assert_eq!(frames.read_async(&mut stream).await.unwrap(), None, "it says that it is closing");
    stream.close().await.unwrap();
    assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
}
