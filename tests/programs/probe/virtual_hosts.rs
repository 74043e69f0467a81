//! Servers that demand a certificate, but not of who gives another name or offers another protocol.

use super::faulty::Fault;
use super::{World, found, h2};
use countersign::internals::codec::{ClientHello, Place};

/// What a hello has of which no certificate is demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgets {
    NoName,
    AnotherName,
    NameInCapitals,
    AnotherProtocol,
}

impl Forgets {
    pub fn forgets(self, hello: &ClientHello<'_>) -> bool {
        let Ok(extensions) = hello.extensions.check(Place::ClientHello) else { return false };
        let name = extensions.server_name();
        match self {
            Forgets::NoName => name.is_none(),
            Forgets::AnotherName => name.is_some_and(|name| !name.eq_ignore_ascii_case(b"localhost")),
            Forgets::NameInCapitals => {
                name.is_some_and(|name| name != b"localhost" && name.eq_ignore_ascii_case(b"localhost"))
            }
            Forgets::AnotherProtocol => {
                extensions.protocols().is_some_and(|list| list.iter().any(|name| name.0 != b"http/1.1"))
            }
        }
    }
}

#[test]
fn a_server_that_forgets_a_name_or_a_protocol_is_found_by_name() {
    let world = World::new();
    std::thread::scope(|scope| {
        for (forgets, name) in [
            (Forgets::NoName, "server_name/none"),
            (Forgets::AnotherName, "server_name/unknown"),
            (Forgets::NameInCapitals, "server_name/in-capitals"),
            (Forgets::AnotherProtocol, "alpn/unknown"),
        ] {
            let world = &world;
            scope.spawn(move || {
                let only = ["--name", "localhost", "--alpn", "http/1.1", "--only", "server_name/", "--only", "alpn/"];
                let (status, text) = world.probe(world.serve(Fault::Forgets(forgets)), &only);
                assert_eq!((status, found(&text, "ACCEPTED")), (1, vec![name]), "{forgets:?}: {text}");
            });
        }
    });
}

/// The examples of RFC 7541, C.5.1, C.6.1 and C.6.2, and a field of the static table.
#[test]
fn the_status_of_http_2_is_read() {
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let said = |block: &[u8]| [&settings[..], &[0, 0, block.len() as u8, 1, 4, 0, 0, 0, 1], block].concat();
    for (block, status) in [
        (&[0x48, 3, b'3', b'0', b'2', 0x58][..], "302"),
        (&[0x48, 0x82, 0x64, 0x02, 0x58], "302"),
        (&[0x48, 0x83, 0x64, 0x0e, 0xff, 0xc1], "307"),
        (&[0x88, 0xc1], "200"),
        // A new size of the table comes first.
        (&[0x3f, 0xe1, 0x1f, 0x8c], "400"),
    ] {
        assert_eq!(h2::status(&said(block)).as_deref(), Some(status), "{block:02x?}");
    }
    assert_eq!(h2::status(&settings), None);
    for cut in 0..said(&[0x48, 0x82, 0x64, 0x02]).len() {
        assert_eq!(h2::status(&said(&[0x48, 0x82, 0x64, 0x02])[..cut]), None, "{cut}");
    }
    assert!(h2::get("localhost").ends_with(b"\x41\x09localhost"));
}

#[test]
fn a_url_and_the_key_of_an_end_entity_are_refused_in_words() {
    let world = World::new();
    let files = world.ca.good("localhost", crate::support::Key::P256);
    let probe =
        |args: &[&str]| super::said(crate::support::example("probe").arg("server").args(args).output().unwrap());
    let (status, text) = probe(&["https://localhost:8443/", "--ca", &world.ca.pem, "--ca-key", &world.ca_key]);
    assert!(status == 2 && text.contains("give HOST:PORT, without https://"), "{text}");
    let (status, text) = probe(&["localhost:8443", "--ca", &files.cert, "--ca-key", &files.key]);
    assert!(status == 2 && text.contains("which is an end entity and no CA"), "{text}");
}
