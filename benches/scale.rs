//! Many connections at once: whether a handshake costs more among 10,000 others, and whether two threads make twice as
//! many.
//!
//! `examples/footprint` measures the memory of each connection.

use countersign::Want;
use countersign_benches::{End, KeyType, POLICY, World, handshake};
use std::hint::black_box;
use std::time::Instant;

/// Connections that run at the same time: each step is made for all before the next step. Returns microseconds per
/// handshake.
fn in_flight(world: &World, connections: usize) -> f64 {
    let begun = Instant::now();
    let mut pairs: Vec<_> = (0..connections)
        .map(|_| {
            let client = End::client(world, &POLICY, vec![0; 1536], vec![0; 1536]);
            (client, End::server(world, &POLICY, vec![0; 1536], vec![0; 1536]))
        })
        .collect();
    let mut done = 0;
    while done < connections {
        done = 0;
        for (client, server) in &mut pairs {
            let ours = client.drive().expect("an honest peer");
            client.send_to(server);
            let theirs = server.drive().expect("an honest peer");
            server.send_to(client);
            done += usize::from(ours == Want::Done && theirs == Want::Done);
        }
    }
    begun.elapsed().as_secs_f64() * 1e6 / connections as f64
}

/// Handshakes per second with this many threads, which share only the policy and the trust.
fn threads(world: &World, count: usize) -> f64 {
    const EACH: usize = 1_000;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| (0..EACH).for_each(|_| drop(black_box(handshake(world, &POLICY)))));
        }
    });
    (count * EACH) as f64 / begun.elapsed().as_secs_f64()
}

fn main() {
    let world = KeyType::P256.world();
    let count = std::env::args().find_map(|argument| argument.strip_prefix("count=")?.parse::<usize>().ok());
    if let Some(count) = count {
        in_flight(&world, count); // for a profiler
        return;
    }
    let best = |connections: usize| {
        let rounds = 10_000 / connections + 2;
        (0..rounds).map(|_| in_flight(&world, connections)).fold(f64::MAX, f64::min)
    };
    println!("in flight at once: microseconds per mutual handshake, both sides");
    for connections in [1, 100, 10_000] {
        println!("  {connections:>6}  {:>8.1}", best(connections));
    }
    let [one, two] = [1, 2].map(|count| (0..3).map(|_| threads(&world, count)).fold(0.0, f64::max));
    println!("handshakes per second: one thread {one:.0}, two threads {two:.0} ({:.2} times)", two / one);
}
