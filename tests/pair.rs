//! Two ends in memory.

mod common;

use common::{End, Pki, connect};
use countersign::{Event, Policy, Role};

#[test]
fn both_sides_prove_themselves_and_talk() {
    let pki = Pki::new();
    let (server_id, client_id) =
        (pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256), pki.issue("client.test", &rcgen::PKCS_ED25519));
    let mut client = End::new(Role::Client, Policy::new(), &client_id);
    let mut server = End::new(Role::Server, Policy::new(), &server_id);
    let (mut client_session, mut server_session) = connect(&mut client, &mut server);
    for t in &client.transitions {
        println!("client {t}");
    }
    for t in &server.transitions {
        println!("server {t}");
    }
    assert_eq!(client_session.receive(&mut client.rx, &mut client.tx), Ok(Event::Confirmed));
    assert_eq!(client_session.write(b"hello", &mut client.tx), Ok(5));
    let bytes = client.sends();
    server.gets(&bytes);
    assert_eq!(server_session.receive(&mut server.rx, &mut server.tx), Ok(Event::Data));
    assert_eq!(server.rx.data(), b"hello");
    server.rx.consume(5);
    println!("sizes {} {}", std::mem::size_of_val(&client.hs), std::mem::size_of_val(&client_session));
}
