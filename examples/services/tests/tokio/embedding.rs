//! The adapter under the check that users' own loops have: one byte at a time, futures dropped wherever they wait.

use crate::world::World;
use countersign::Role;
use countersign::adapters::tokio::Stream;
use countersign::adversary::embedding::Embedding;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

#[test]
fn the_stream_does_its_duties() {
    let world = World::new();
    // For the deadlines. Nothing runs on it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    for (role, peer) in [(Role::Client, "server.test"), (Role::Server, "client.test")] {
        let peer = world.peer(peer);
        let report = Embedding::new(role, &peer).check_async(|wire| {
            let mut connecting = Some(match role {
                Role::Client => world.connector().connect("server.test", wire),
                Role::Server => world.acceptor().accept(wire),
            });
            let (mut stream, mut rest) = (None, Vec::new());
            async move || {
                if let Some(handshake) = &mut connecting {
                    stream = Some(handshake.run().await?);
                    connecting = None;
                }
                echo(stream.as_mut().unwrap(), &mut rest).await
            }
        });
        assert_eq!(report.findings, [], "{role:?}: {report}");
        assert_eq!(report.untried, ["late answers", "answers that never come"], "its answers are its own");
    }
}

/// `rest`: what was read and is still to be written.
async fn echo<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut Stream<IO>, rest: &mut Vec<u8>) -> io::Result<()> {
    let mut buf = [0; 5000];
    loop {
        while !rest.is_empty() {
            let n = stream.write(rest).await?;
            rest.drain(..n);
        }
        stream.flush().await?;
        match stream.read(&mut buf).await? {
            0 => return stream.close().await,
            n => rest.extend(&buf[..n]),
        }
    }
}
