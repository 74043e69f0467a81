//! Proving identities again, with answers that take time.

use crate::answers::{Broken, NotYou, Slow};
use crate::world::World;
use countersign::adapters::tokio::{Acceptor, Connector, Judge, Reauthentication, Signer};
use countersign::adapters::{BoxError, Failure, Frame, Frames, Reauthenticated};
use countersign::x509::{Accepted, Expect, Identities, Identity, Reloadable, Trust};
use countersign::{ErrorKind, Rejection, SignQuestion};
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::io::{AsyncWriteExt, duplex};
use tokio::task::coop::consume_budget;
use tokio::time::{sleep, timeout};

async fn answer(of: &Reauthentication, request: &[u8]) -> Vec<u8> {
    match of.receive(request).await.unwrap() {
        Reauthenticated::Answer(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

#[tokio::test]
async fn a_signer_elsewhere_proves_again_and_one_that_fails_declines() {
    for fails in [false, true] {
        let world = World::new();
        let (config, key) = world.external("client.test");
        let asked = Arc::new(AtomicUsize::new(0));
        // The first signature is that of the handshake.
        let signer = Slow { key, asked: Arc::clone(&asked), fails_after: if fails { 1 } else { usize::MAX } };
        let (near, far) = duplex(1000);
        let connector = Connector::new(config).signer(signer);
        let (client, server) =
            tokio::try_join!(connector.connect("server.test", near), world.acceptor().accept(far)).unwrap();
        let (client, server) = (client.reauthentication().unwrap(), server.reauthentication().unwrap());
        let (id, request) = server.request_with(&Default::default()).unwrap();
        match client.receive(&request).await.unwrap() {
            Reauthenticated::Answer(answer) => {
                assert!(!fails);
                assert!(matches!(server.receive(&answer).await.unwrap(), Reauthenticated::Renewed(_)));
            }
            Reauthenticated::Unable { message, why } => {
                assert!(fails && why.to_string().contains("the KMS is away"), "{why}");
                let declined = server.receive(&message).await.unwrap();
                assert!(matches!(declined, Reauthenticated::Declined(request) if request == id));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(asked.load(SeqCst), 2);
    }
}

/// As in the handshake, it can only refuse; and there is no way around it.
#[tokio::test]
async fn the_judge_is_asked_again() {
    let (world, banned) = (World::new(), Arc::new(AtomicBool::new(false)));
    let acceptor = Acceptor::new(world.server.clone(), [Expect::AnyTrusted])
        .judge(NotYou { name: "client.test", banned: Arc::clone(&banned) });
    let (near, far) = duplex(1000);
    let (client, server) =
        tokio::try_join!(world.connector().connect("server.test", near), acceptor.accept(far)).unwrap();
    let (client, server) = (client.reauthentication().unwrap(), server.reauthentication().unwrap());
    server.receive(&answer(&client, &server.request().unwrap()).await).await.unwrap();
    banned.store(true, SeqCst);
    let error = server.receive(&answer(&client, &server.request().unwrap()).await).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    let inside = Failure::inside(&error).and_then(Failure::error).expect("a TLS error");
    assert_eq!(inside.kind(), ErrorKind::Rejected { reason: Rejection::AccessDenied });
}

/// It never answers.
struct Silent;

impl Signer for Silent {
    async fn sign(&self, _: Arc<Identity>, _: SignQuestion) -> Result<Vec<u8>, BoxError> {
        pending().await
    }
}

/// The first time it agrees, and then it never answers.
struct SilentAgain(AtomicBool);

impl Judge for SilentAgain {
    async fn judge(&self, _: Accepted) -> Result<(), Rejection> {
        if self.0.swap(true, SeqCst) { pending().await } else { Ok(()) }
    }
}

/// It has as long as for a handshake.
#[tokio::test(start_paused = true)]
async fn a_judge_that_never_answers_is_not_waited_for() {
    let world = World::new();
    let acceptor = world.acceptor().judge(SilentAgain(AtomicBool::new(false)));
    let (near, far) = duplex(1000);
    let (client, server) =
        tokio::try_join!(world.connector().connect("server.test", near), acceptor.accept(far)).unwrap();
    let (client, server) = (client.reauthentication().unwrap(), server.reauthentication().unwrap());
    let before = server.lease();
    let authenticator = answer(&client, &server.request().unwrap()).await;
    let error = server.receive(&authenticator).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(error.to_string().contains("our judge took too long"), "{error}");
    assert_eq!(server.lease().proved_at(), before.proved_at());
    let error = server.receive(&authenticator).await.unwrap_err();
    assert_eq!(Failure::inside(&error).map(Failure::reason), Some("ReusedContext"), "it has been used up");
}

/// It takes so long that trust is renewed meanwhile.
struct Late(Arc<Reloadable<Trust>>, AtomicBool);

impl Judge for Late {
    async fn judge(&self, _: Accepted) -> Result<(), Rejection> {
        if self.1.swap(true, SeqCst) {
            self.0.set(Trust::from_roots("other", World::new().root_pem().as_bytes()).unwrap());
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_holds_no_more_when_the_judge_has_agreed_is_not_kept() {
    let world = World::new();
    let acceptor = world.acceptor().judge(Late(Arc::clone(world.server.trust()), AtomicBool::new(false)));
    let (near, far) = duplex(1000);
    let (client, server) =
        tokio::try_join!(world.connector().connect("server.test", near), acceptor.accept(far)).unwrap();
    let (client, server) = (client.reauthentication().unwrap(), server.reauthentication().unwrap());
    let before = server.lease();
    world.client.identities().set(Identities::new(world.identity("client.test")));
    let error = server.receive(&answer(&client, &server.request().unwrap()).await).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(server.lease().leaf(), before.leaf(), "the lease is what it was");
}

/// The client's signer is asked for the first time when it must prove itself again: why it could not.
async fn unable(signer: impl Signer) -> io::Error {
    let world = World::new();
    let (near, far) = duplex(1000);
    let connector = world.connector().signer(signer);
    let (client, server) =
        tokio::try_join!(connector.connect("server.test", near), world.acceptor().accept(far)).unwrap();
    world.client.identities().set(Identities::new(world.elsewhere("client.test").0));
    let (client, server) = (client.reauthentication().unwrap(), server.reauthentication().unwrap());
    let (id, request) = server.request_with(&Default::default()).unwrap();
    let Reauthenticated::Unable { message, why } = client.receive(&request).await.unwrap() else { panic!("it can") };
    assert!(matches!(server.receive(&message).await.unwrap(), Reauthenticated::Declined(request) if request == id));
    why
}

/// The peer hears of it, and does not wait.
#[tokio::test(start_paused = true)]
async fn a_signer_that_never_answers_or_answers_nonsense_declines() {
    let late = unable(Silent).await;
    assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    assert!(late.to_string().contains("our signer took too long"), "{late}");
    for nonsense in [vec![], vec![7; 70_000]] {
        let unfit = unable(Broken(nonsense)).await;
        assert_eq!(unfit.kind(), io::ErrorKind::PermissionDenied);
        assert!(unfit.to_string().contains("a signature of this length"), "{unfit}");
    }
}

/// Whoever sets other trust need not tell the connections. That a lease also ends by the clock: `tests/http/expiry.rs`.
#[tokio::test(start_paused = true)]
async fn a_lease_that_ends_can_be_waited_for() {
    let world = World::new();
    let (_client, server) = world.meet(1000).await;
    let server = server.reauthentication().unwrap();
    let second = Duration::from_secs(1);
    timeout(100 * second, server.ended(second)).await.unwrap_err();
    world.server.trust().set(Trust::from_roots("other", World::new().root_pem().as_bytes()).unwrap());
    let error = timeout(2 * second, server.ended(second)).await.unwrap();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert!(Failure::inside(&error).is_some_and(|failure| failure.refusal().is_some()));
}

/// tokio tells a task whose budget is used up that no timer is over yet.
#[tokio::test]
async fn who_keeps_us_busy_does_not_outlive_his_lease() {
    let world = World::new();
    let (_client, server) = world.meet(1000).await;
    let server = server.reauthentication().unwrap();
    let trust = Arc::clone(world.server.trust());
    tokio::spawn(async move {
        sleep(Duration::from_millis(20)).await;
        trust.set(Trust::from_roots("other", World::new().root_pem().as_bytes()).unwrap());
    });
    let busy = async {
        loop {
            consume_budget().await;
        }
    };
    let served = async {
        tokio::select! {
            biased;
            () = busy => {}
            why = server.ended(Duration::from_millis(10)) => assert_eq!(why.kind(), io::ErrorKind::PermissionDenied),
        }
    };
    timeout(Duration::from_secs(10), served).await.expect("an end");
}

/// It sends and never reads, so that the server waits in a write.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_does_not_outlive_its_lease() {
    let world = World::new();
    let (mut client, mut server) = world.meet(1000).await;
    let again = server.reauthentication().unwrap();
    let flood = Frame::Data(vec![7; 1000]).to_bytes().unwrap();
    tokio::spawn(async move { while client.write_all(&flood).await.is_ok() {} });
    let echo = async {
        let mut frames = Frames::new(1 << 14);
        while let Some(frame) = frames.read_async(&mut server).await? {
            server.write_all(&frame.to_bytes()?).await?;
        }
        Ok(())
    };
    let change = async {
        sleep(Duration::from_secs(60)).await;
        world.server.trust().set(Trust::from_roots("other", World::new().root_pem().as_bytes()).unwrap());
        pending().await
    };
    let served: io::Result<()> = tokio::select! {
        why = again.ended(Duration::from_secs(1)) => Err(why),
        served = echo => served,
        () = change => Ok(()),
    };
    assert_eq!(served.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
}

/// Each read is dropped while only part of a frame has come.
#[tokio::test]
async fn frames_over_the_halves_lose_nothing_where_a_read_is_dropped() {
    let (client, server) = World::new().meet(1000).await;
    let (again, (mut read, mut write)) = (client.reauthentication().unwrap(), client.into_split());
    assert_eq!(read.lease().leaf(), write.reauthentication().unwrap().lease().leaf());
    let peer = tokio::spawn(async move {
        let (again, (mut read, mut write)) = (server.reauthentication().unwrap(), server.into_split());
        let mut frames = Frames::new(1 << 14);
        while let Some(frame) = frames.read_async(&mut read).await.unwrap() {
            let Frame::Authenticator(message) = frame else { panic!("no authenticator") };
            let bytes = Frame::Authenticator(answer(&again, &message).await).to_bytes().unwrap();
            for part in bytes.chunks(100) {
                write.write_all(part).await.unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        write.shutdown().await.unwrap();
    });
    let mut frames = Frames::new(1 << 14);
    for _ in 0..3 {
        write.write_all(&Frame::Authenticator(again.request().unwrap()).to_bytes().unwrap()).await.unwrap();
        let frame = loop {
            if let Ok(frame) = timeout(Duration::from_millis(1), frames.read_async(&mut read)).await {
                break frame.unwrap();
            }
        };
        let Some(Frame::Authenticator(message)) = frame else { panic!("no authenticator") };
        assert!(matches!(again.receive(&message).await.unwrap(), Reauthenticated::Renewed(_)));
    }
    write.shutdown().await.unwrap();
    assert_eq!(frames.read_async(&mut read).await.unwrap(), None);
    peer.await.unwrap();
}

/// Asked to look without a pause, it lets the others run all the same.
#[tokio::test]
async fn who_waits_for_the_end_of_a_lease_lets_others_run_whatever_the_interval() {
    let (_client, server) = World::new().meet(1000).await;
    let again = server.reauthentication().unwrap();
    tokio::select! {
        biased;
        why = again.ended(Duration::ZERO) => panic!("the lease holds: {why}"),
        () = sleep(Duration::from_millis(20)) => {}
    }
}
