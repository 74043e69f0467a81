//! `client_bytes`, `server_bytes`: a whole connection from the peer's raw bytes, with null cryptography.
//!
//! The first byte selects the policy, the size of the pieces, and the size of the memory. The rest is what the
//! transport delivers before it ends.

use super::choices::Choices;
use super::end::{End, POLICY_COUNT, connected, gets, policy};
use countersign::{Event, Role, Session, Want};

/// A client whose server sends the fuzzer's bytes.
pub fn client_bytes(data: &[u8]) {
    connection(Role::Client, data);
}

/// A server whose client sends the fuzzer's bytes.
pub fn server_bytes(data: &[u8]) {
    connection(Role::Server, data);
}

/// The first byte: bits 0-1 the policy, 2-4 the size of pieces, 5 whether the memory is small.
const PIECES: [usize; 8] = [16_384, 1, 2, 3, 7, 64, 333, 1400];

fn connection(role: Role, data: &[u8]) {
    let mut choices = Choices::new(data);
    let how = choices.byte();
    let piece = PIECES[usize::from(how >> 2 & 7)];
    let inbox = if how & 0x20 == 0 { 20_000 } else { 64 };
    let mut end = End::new(role, policy(usize::from(how & 3), true), false, inbox);
    let mut transport = Transport { choices, piece, calls: 0, allowed: 1000 + 4 * data.len() };
    loop {
        transport.called();
        match end.drive() {
            Ok(Want::Write) => drop(end.sends()),
            Ok(Want::Done) => break,
            Ok(_) => transport.brings(&mut end),
            Err(_) => return,
        }
    }
    assert!(end.peer.is_some(), "nobody is connected without a verdict");
    let session = end.finish();
    talk(session, end, transport);
}

/// Echoes the data.
fn talk(mut session: Session, mut end: End, mut transport: Transport<'_>) {
    let mut closed = false;
    loop {
        transport.called();
        end.sends();
        match session.receive(&mut end.rx, &mut end.tx) {
            Ok(Event::Read) => transport.brings(&mut end),
            Ok(Event::Data) => {
                let data = end.rx.data();
                assert!(!data.is_empty(), "data is never empty");
                let len = data.len().min(1 + data.len() / 2);
                let _ = session.write(&end.rx.data()[..len], &mut end.tx);
                end.rx.consume(len);
            }
            Ok(Event::Closed) if closed => return,
            Ok(Event::Closed) => {
                closed = true;
                session.close(&mut end.tx).expect("there is always room for close_notify");
            }
            Ok(Event::Confirmed) => assert!(session.is_confirmed()),
            Ok(Event::Owed(_)) => panic!("a whole session answers by itself"),
            Err(error) if !error.is_fatal() => end.grow(error),
            Err(error) => {
                assert_eq!(session.receive(&mut end.rx, &mut end.tx), Err(error), "an error stays (R4)");
                return;
            }
        }
    }
}

struct Transport<'a> {
    choices: Choices<'a>,
    piece: usize,
    calls: usize,
    allowed: usize,
}

impl Transport<'_> {
    /// Every call ends or makes progress: the number of calls is limited by the number of bytes.
    fn called(&mut self) {
        self.calls += 1;
        assert!(self.calls <= self.allowed, "the machine runs on without input");
    }

    fn brings(&mut self, end: &mut End) {
        let wanted = self.piece.min(end.rx.space().len());
        match self.choices.take(wanted) {
            [] => end.rx.filled(0),
            bytes => assert_eq!(gets(&mut end.rx, bytes), bytes.len()),
        }
    }
}

/// The bytes of an honest client or server in a whole connection, with each policy and each size of pieces.
pub fn seeds(role: Role) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for number in 0..POLICY_COUNT as u8 {
        let sent = honest(role.peer(), number);
        for piece in 0..PIECES.len() as u8 {
            seeds.push([&[number | piece << 2][..], &sent].concat());
        }
        seeds.push([&[number | 0x20][..], &sent].concat());
        seeds.push([&[number], &sent[..sent.len() / 2]].concat());
    }
    seeds
}

pub fn client_seeds() -> Vec<Vec<u8>> {
    seeds(Role::Client)
}

pub fn server_seeds() -> Vec<Vec<u8>> {
    seeds(Role::Server)
}

/// Everything that an honest end sends, from its hello to its close_notify, with null cryptography.
pub fn honest(role: Role, number: u8) -> Vec<u8> {
    let [client, server] = connected(policy(usize::from(number), true), true);
    let (mut end, mut session) = if role == Role::Client { client } else { server };
    session.write(b"data", &mut end.tx).expect("room");
    session.confirm(&mut end.tx).expect("room");
    session.write(b"more", &mut end.tx).expect("room");
    session.close(&mut end.tx).expect("room");
    end.sends();
    end.sent
}
