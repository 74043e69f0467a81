//! The cost of a connection other than time: sizes, allocations, bytes on the wire, memory per connection among 10,000.
//!
//! `cargo run --release --example footprint`. With a number as argument, it measures only so many sleeping sessions; a
//! million take some minutes.
#![allow(unsafe_code)] // an allocator that counts cannot be written without

mod world;

use countersign::x509::{JudgeOptions, SignatureMemo};
use countersign::{
    Asleep, AsleepReceiver, AsleepSender, Error, Event, Handshake, Inbox, Outbox, Peer, Policy, Receiver, Role, Sender,
    Session, Transition, Want,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use world::{Certificates, End, MEMORY, POLICY, World, run};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator with counters.
struct Counting;

// SAFETY: the system's allocator does everything; the counters are separate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        HELD.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations<R>(work: impl FnOnce() -> R) -> usize {
    let before = ALLOCATIONS.load(Relaxed);
    let result = work();
    let count = ALLOCATIONS.load(Relaxed) - before;
    drop(result);
    count
}

const MANY: usize = 10_000;
/// Enough for the P-256 flights here, in each direction.
const SMALL: usize = 1_536;

fn main() {
    let key = || rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    let certificates = Certificates::new(key);
    let world = World::new(&certificates);
    if let Some(count) = std::env::args().nth(1) {
        return asleep(&certificates, count.parse().expect("a number of sessions"));
    }
    sizes();
    verdicts(&world, &World::with_crls(&certificates));
    wire(&world);
    in_flight(&world);
    idle(&world);
    asleep(&certificates, 2 * MANY);
}

fn sizes() {
    println!("inline, bytes");
    for (name, size) in [
        ("Handshake<&Policy>", size_of::<Handshake<&Policy>>()),
        ("Session", size_of::<Session>()),
        ("  Sender", size_of::<Sender>()),
        ("  Receiver", size_of::<Receiver>()),
        ("Asleep", size_of::<Asleep>()),
        ("  AsleepSender", size_of::<AsleepSender>()),
        ("  AsleepReceiver", size_of::<AsleepReceiver>()),
        ("Want", size_of::<Want>()),
        ("Error", size_of::<Error>()),
        ("Transition", size_of::<Transition>()),
        ("Policy (shared)", size_of::<Policy>()),
    ] {
        println!("  {name:28} {size:>6}");
    }
}

/// Handshake and records allocate nothing (`tests/footprint/no_allocation.rs`), so this counts the verdict.
fn verdicts(world: &World, with_crls: &World) {
    let memo = SignatureMemo::new(16);
    let peer = Peer::new(Role::Server, &world.server.chain);
    let judge = |world: &World, memo| {
        let terms = JudgeOptions { memo, ..JudgeOptions::new(&world.server_expects, world.now) };
        allocations(|| world.trust.judge(&peer, &terms))
    };
    println!("allocations per side");
    println!("  {:28} {:>6}", "handshake, per record", 0);
    println!("  {:28} {:>6}", "default verdict, cold", judge(world, Some(&memo)));
    println!("  {:28} {:>6}", "default verdict, warm", judge(world, Some(&memo)));
    println!("  {:28} {:>6}", "the same with CRLs", judge(with_crls, Some(&memo)));
    let signature = allocations(|| world.client.key.sign(countersign::SignatureScheme::ECDSA_SECP256R1_SHA256, b"..."));
    println!("  {:28} {signature:>6}", "SigningKey::sign, P-256");
}

fn wire(world: &World) {
    let mut client = End::client(world, &POLICY, vec![0; MEMORY], vec![0; MEMORY]);
    let mut server = End::server(world, &POLICY, vec![0; MEMORY], vec![0; MEMORY]);
    run(&mut client, &mut server, |_, work| work());
    println!("on the wire, bytes (certificates of them)");
    println!("  {:28} {:>6} ({})", "client", client.sent, world.client.certificate_bytes());
    println!("  {:28} {:>6} ({})", "server", server.sent, world.server.certificate_bytes());
}

/// Clients that have sent their hello, and servers that have sent their flight: the middle of the handshake.
fn in_flight(world: &World) {
    let before = HELD.load(Relaxed);
    let mut clients = Vec::with_capacity(MANY);
    let mut servers = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        let mut client = End::client(world, &POLICY, vec![0; SMALL], vec![0; SMALL]);
        let mut server = End::server(world, &POLICY, vec![0; SMALL], vec![0; SMALL]);
        client.drive().expect("a hello");
        client.send_to(&mut server);
        server.drive().expect("an honest peer");
        clients.push(client);
        servers.push(server);
    }
    let each = (HELD.load(Relaxed) - before) / (2 * MANY);
    println!("{MANY} handshakes in flight, bytes per side");
    println!("  {:28} {:>6}", "machine and buffers", each);
    println!("  {:28} {:>6}", "of which rx and tx", 2 * SMALL);
}

/// Idle sessions without inbox and outbox.
fn idle(world: &World) {
    let (mut rx, mut tx, mut peer_rx, mut peer_tx) = ([0; SMALL], [0; SMALL], [0; SMALL], [0; SMALL]);
    let before = HELD.load(Relaxed);
    let mut sessions = Vec::with_capacity(2 * MANY);
    for _ in 0..MANY {
        let mut client = End::client(world, &POLICY, &mut rx[..], &mut tx[..]);
        let mut server = End::server(world, &POLICY, &mut peer_rx[..], &mut peer_tx[..]);
        run(&mut client, &mut server, |_, work| work());
        for end in [&mut client, &mut server] {
            let mut session = end.hs.finish().expect("done");
            while session.receive(&mut end.rx, &mut end.tx).expect("an honest peer") != Event::Read {}
            assert!(end.rx.is_empty() && end.tx.is_empty(), "its memory can be given back");
            sessions.push(session);
        }
    }
    let each = (HELD.load(Relaxed) - before) / (2 * MANY);
    println!("{MANY} idle connections, bytes per side");
    println!("  {:28} {:>6}", "session; rx and tx given back", each);
}

/// Sleeping sessions. At the end all are woken, and each pair sends a message. The negotiated parameters are the same
/// for all here, so they are kept once.
fn asleep(certificates: &Certificates, count: usize) {
    let memos = Some(Arc::new([SignatureMemo::new(16), SignatureMemo::new(16)]));
    let world = &World { memos, ..World::new(certificates) };
    let (mut rx, mut tx, mut peer_rx, mut peer_tx) = ([0; SMALL], [0; SMALL], [0; SMALL], [0; SMALL]);
    let mut infos = None;
    let before = HELD.load(Relaxed);
    let mut pairs = Vec::with_capacity(count.div_ceil(2));
    for _ in 0..count.div_ceil(2) {
        let mut client = End::client(world, &POLICY, &mut rx[..], &mut tx[..]);
        let mut server = End::server(world, &POLICY, &mut peer_rx[..], &mut peer_tx[..]);
        run(&mut client, &mut server, |_, work| work());
        let fold = |end: &mut End<'_, &mut [u8]>| {
            let mut session = end.hs.finish().expect("done");
            while session.receive(&mut end.rx, &mut end.tx).expect("an honest peer") != Event::Read {}
            session.sleep(&mut end.rx, &mut end.tx).map_err(|(_, misuse)| misuse).expect("nothing is pending")
        };
        let ((client, of_client), (server, of_server)) = (fold(&mut client), fold(&mut server));
        infos.get_or_insert((of_client, of_server));
        pairs.push((client, server));
    }
    let each = (HELD.load(Relaxed) - before) / count;
    println!("{count} sessions asleep, bytes each");
    println!("  {:28} {:>6}", "secrets, counters, limits", each);
    let Some((of_client, of_server)) = infos else { return };
    for (client, server) in pairs {
        let (mut tx, mut rx) = (Outbox::new(&mut tx[..]), Inbox::new(&mut peer_rx[..]));
        let mut client = client.wake(of_client.clone(), &POLICY).expect("cryptography works");
        let mut server = server.wake(of_server.clone(), &POLICY).expect("cryptography works");
        client.write(b"good morning", &mut tx).expect("there is room");
        let sent = tx.pending().len();
        rx.space()[..sent].copy_from_slice(tx.pending());
        rx.filled(sent);
        let mut answers = Outbox::new(&mut peer_tx[..]);
        assert_eq!(server.receive(&mut rx, &mut answers).expect("an honest peer"), Event::Data);
        assert_eq!(rx.data(), b"good morning");
    }
    println!("  {:28} {:>6}", "of them woken, and well", count);
}
