//! The tickets of `session` get the same verdict as a whole and in pieces.

use super::super::end::{connected, gets, policy};
use super::super::wire::null_protected;
use countersign::internals::codec::{ContentType, HandshakeType, write_message};
use countersign::{Event, Inbox};

/// The result of a client for a NewSessionTicket with this body, with memory for all of it and with little.
pub fn ticket(body: &[u8]) {
    let mut message = vec![0; body.len().min(15_000) + 4];
    let mut writer = countersign::internals::codec::Writer::new(&mut message);
    write_message(&mut writer, HandshakeType::NEW_SESSION_TICKET, |w| w.bytes(&body[..body.len().min(15_000)]));
    let whole = judged(20_000, &[null_protected(ContentType::HANDSHAKE, &message)]);
    let fragments: Vec<_> = message.chunks(20).map(|piece| null_protected(ContentType::HANDSHAKE, piece)).collect();
    let pieces = judged(60, &fragments);
    let same = match whole {
        // In pieces, some faults are not found: an extension that is there twice, is not allowed, or has a malformed
        // body. Nothing of a ticket is kept, so this does no harm.
        Err(_) if message.len() > 60 - 22 => pieces.is_ok() || pieces == whole,
        _ => pieces == whole,
    };
    assert!(same, "a ticket is {whole:?} as a whole, and {pieces:?} in pieces");
}

fn judged(memory: usize, records: &[Vec<u8>]) -> Result<(), Option<countersign::Alert>> {
    let [(mut end, mut session), _] = connected(policy(0, true), true);
    let rx = std::mem::replace(&mut end.rx, Inbox::new(Vec::new()));
    // The inbox is idle: the client has read everything.
    drop(rx.into_memory().map_err(|_| ()).expect("an idle inbox"));
    end.rx = Inbox::new(vec![0; memory]);
    for record in records {
        let mut bytes = &record[..];
        while !bytes.is_empty() {
            bytes = &bytes[gets(&mut end.rx, bytes)..];
            match session.receive(&mut end.rx, &mut end.tx) {
                Ok(Event::Read) => {}
                Ok(event) => panic!("{event:?} of a ticket"),
                Err(error) if !error.is_fatal() => panic!("a ticket needs no memory: {error}"),
                Err(error) => return Err(error.alert()),
            }
        }
    }
    Ok(())
}
