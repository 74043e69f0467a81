//! Data in both directions, with key updates.

use crate::handshakes::pairs;
use crate::pair::Pair;
use crate::world::World;
use countersign::adapters::quinn::quinn_proto::Side;

/// Sends this many bytes in each direction at the same time.
pub fn both_ways(pair: &mut Pair, len: usize) {
    transfer(pair, len, |_| {});
}

/// The same. `between` is called after each tenth.
fn transfer(pair: &mut Pair, len: usize, mut between: impl FnMut(&mut Pair)) {
    const SIDES: [Side; 2] = [Side::Client, Side::Server];
    let data: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
    let streams = SIDES.map(|side| pair.host(side).open());
    let mut written = [0; 2];
    let mut tenth = 0;
    let all = pair.run_until(|pair| {
        for ((side, stream), written) in SIDES.into_iter().zip(streams).zip(&mut written) {
            *written += pair.host(side).write(stream, &data[*written..]);
        }
        if written[0] * 10 / len.max(1) > tenth {
            tenth += 1;
            between(pair);
        }
        pair.client.heard.len() >= len && pair.server.heard.len() >= len
    });
    assert!(all, "client: {} of {len}, server: {}", pair.client.heard.len(), pair.server.heard.len());
    assert!(pair.client.heard == data && pair.server.heard == data);
}

#[test]
fn large_transfers_go_both_ways_at_once() {
    let world = World::new();
    for (_, client, server) in pairs(&world) {
        let mut pair = Pair::new(client, server);
        pair.meet();
        both_ways(&mut pair, 8 << 20);
    }
}

/// RFC 9001 §6: key updates of either side, of both at once, and with lost datagrams.
#[test]
fn keys_are_updated_again_and_again() {
    let world = World::new();
    for loss in [None, Some(11)] {
        for (who, client, server) in pairs(&world) {
            let mut pair = Pair::new(client, server);
            pair.meet();
            pair.loss = loss;
            let mut updates = 0;
            transfer(&mut pair, 1 << 20, |pair| {
                updates += 1;
                for (side, takes_part) in [(Side::Client, updates % 3 != 0), (Side::Server, updates % 3 != 1)] {
                    if takes_part {
                        pair.host(side).connection().force_key_update();
                    }
                }
            });
            assert!(updates >= 9, "{who}: {updates}");
            assert!(pair.client.lost.is_none() && pair.server.lost.is_none(), "{who}");
        }
    }
}

/// The application's close arrives with its code, before and after a key update.
#[test]
fn an_application_close_arrives() {
    use countersign::adapters::quinn::quinn_proto::ConnectionError;
    let world = World::new();
    for (_, client, server) in pairs(&world) {
        for side in [Side::Client, Side::Server] {
            let mut pair = Pair::new(client.clone(), server.clone());
            pair.meet();
            both_ways(&mut pair, 1000);
            pair.host(side).connection().force_key_update();
            pair.close(side);
            assert!(pair.run_until(|pair| pair.host(!side).lost.is_some()));
            let Some(ConnectionError::ApplicationClosed(close)) = &pair.host(!side).lost else { panic!() };
            assert_eq!((close.error_code.into_inner(), &close.reason[..]), (7, &b"done"[..]));
        }
    }
}
