//! countersign on bare metal: no operating system, no heap. One board has both ends of a connection, each in static
//! memory. They authenticate each other by pinned keys, send data both ways, update keys and close. Then a client with
//! another key is refused.
//!
//! ```sh
//! cd examples/bare_metal && cargo run --release
//! ```
//!
//! docs/GUIDE.md, "Without an operating system", has the recipe.
#![no_std]
#![no_main]
// The attributes of every program without an operating system.
#![allow(unsafe_code)]

#[cfg(not(target_os = "none"))]
compile_error!("build it in its own folder, where .cargo/config.toml names the target: cd examples/bare_metal");

mod board;
mod end;
mod no_heap;

use board::{say, stack};
use core::mem::size_of;
use countersign::{ErrorKind, Event, Handshake, Policy, Rejection, Role, Session, Want};
use end::{Arrays, CERTIFICATES, CLIENT, End, Failure, Identity, MEMORY, RAW_PUBLIC_KEYS, SERVER, STRANGER};
use static_cell::ConstStaticCell;

const EMPTY: Arrays = Arrays { rx: [0; MEMORY], tx: [0; MEMORY] };
static ARRAYS: ConstStaticCell<[Arrays; 2]> = ConstStaticCell::new([EMPTY; 2]);

/// The limit of the stack in docs/PERFORMANCE.md, for a release build.
const MOST_STACK: usize = 32 * 1024;

fn main() -> ! {
    let arrays = ARRAYS.take();
    let (handshake, session) = (size_of::<Handshake<&Policy>>(), size_of::<Session>());
    say(format_args!("state: a handshake {handshake} bytes, a session {session}; arrays: {} an end", 2 * MEMORY));
    let outcome = connection("certificates", &CERTIFICATES, arrays)
        .and_then(|()| connection("raw public keys", &RAW_PUBLIC_KEYS, arrays))
        .and_then(|()| refusal(arrays));
    match outcome {
        Ok(()) => board::exit(0),
        Err(failure) => {
            say(format_args!("failed: {failure}"));
            board::exit(1)
        }
    }
}

/// A connection from its first byte to its last.
#[inline(never)]
fn connection(what: &str, policy: &'static Policy, arrays: &mut [Arrays; 2]) -> Result<(), Failure> {
    let mark = stack::paint();
    let [mut client, mut server] = ends(policy, &CLIENT, arrays)?;
    let made = mark.used();
    let mark = stack::paint();
    shake_hands(&mut client, &mut server)?;
    let shaken = mark.used();
    let mark = stack::paint();
    talk(&mut client, &mut server)?;
    let talked = mark.used();
    assert!(cfg!(debug_assertions) || made.max(shaken).max(talked) <= MOST_STACK, "the stack is deeper than promised");
    say(format_args!(
        "{what}: handshake, data both ways, KeyUpdate, close: done. Stack: {made} bytes to make both ends, {shaken} for \
         the handshake, {talked} for the session"
    ));
    Ok(())
}

fn ends<'m>(
    policy: &'static Policy,
    client: &'static Identity,
    [client_arrays, server_arrays]: &'m mut [Arrays; 2],
) -> Result<[End<'m>; 2], Failure> {
    Ok([
        End::new(client_arrays, Role::Client, policy, client, SERVER.spki())?,
        End::new(server_arrays, Role::Server, policy, &SERVER, CLIENT.spki())?,
    ])
}

#[inline(never)]
fn shake_hands(client: &mut End<'_>, server: &mut End<'_>) -> Result<(), Failure> {
    loop {
        let client_done = client.drive()? == Want::Done;
        client.send_to(server);
        let server_done = server.drive()? == Want::Done;
        server.send_to(client);
        if client_done && server_done {
            return Ok(());
        }
    }
}

/// Sends data both ways and updates a key, three times. Then both close.
#[inline(never)]
fn talk(client: &mut End<'_>, server: &mut End<'_>) -> Result<(), Failure> {
    let (mut c, mut s) = (client.finish()?, server.finish()?);
    assert_eq!(c.receive(&mut client.rx, &mut client.tx)?, Event::Confirmed);
    for round in 0..3 {
        let temperature = [round; 100];
        assert_eq!(c.write(&temperature, &mut client.tx)?, temperature.len());
        c.update_key(&mut client.tx)?;
        client.send_to(server);
        hears(&mut s, server, &temperature)?;
        // The measured data is written into the place where it is sealed.
        let mut record = s.reserve(200, &mut server.tx)?.expect("room for it");
        record.space()[..200].fill(round);
        record.filled(200);
        record.seal()?;
        s.update_key(&mut server.tx)?;
        server.send_to(client);
        hears(&mut c, client, &[round; 200])?;
    }
    c.close(&mut client.tx)?;
    client.send_to(server);
    assert_eq!(s.receive(&mut server.rx, &mut server.tx)?, Event::Closed);
    s.close(&mut server.tx)?;
    server.send_to(client);
    assert_eq!(c.receive(&mut client.rx, &mut client.tx)?, Event::Closed);
    Ok(())
}

/// Reads exactly this data, and then the close.
fn hears(session: &mut Session, end: &mut End<'_>, data: &[u8]) -> Result<(), Failure> {
    assert_eq!(session.receive(&mut end.rx, &mut end.tx)?, Event::Data);
    assert_eq!(end.rx.data(), data);
    end.rx.consume(data.len());
    assert_eq!(session.receive(&mut end.rx, &mut end.tx)?, Event::Read);
    Ok(())
}

/// A client whose key the server does not know is refused.
#[inline(never)]
fn refusal(arrays: &mut [Arrays; 2]) -> Result<(), Failure> {
    let [mut client, mut server] = ends(&CERTIFICATES, &STRANGER, arrays)?;
    match shake_hands(&mut client, &mut server) {
        Err(Failure::Connection(error))
            if error.kind() == (ErrorKind::Rejected { reason: Rejection::AccessDenied }) =>
        {
            say(format_args!("stranger: {error}"));
            Ok(())
        }
        Err(failure) => Err(failure),
        Ok(()) => panic!("a stranger was let in"),
    }
}
