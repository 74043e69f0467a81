//! Our clients and our servers.

use crate::pki::{self, Dir};
use crate::programs::{PATIENCE, Program};
use crate::run::{CLIENT, GRPC, SERVER, ask, serve};
use countersign::adapters::stream::{Connector, Stream};
use countersign::adapters::{Config, Failure};
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Instant;

pub const ADMIN: [&str; 2] = ["--admin", "spiffe://example.org/client"];

/// A connection without ALPN, which means HTTP/1.1.
pub fn connect(dir: &Dir, url: &str) -> io::Result<Stream<TcpStream>> {
    let [chain, key, roots] = ["pki/client.pem", "pki/client.key", "pki/ca.pem"].map(|name| dir.path(name));
    let connector = Connector::new(Config::from_pem_files(chain, key, roots)?);
    let mut stream = connector.connect("localhost", TcpStream::connect(url.strip_prefix("https://").unwrap())?)?;
    stream.confirmed()?;
    Ok(stream)
}

/// What is answered to one more request.
pub fn request(stream: &mut Stream<TcpStream>, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; 4096];
    let n = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..n]).into_owned()
}

#[test]
fn a_program_that_is_called_wrongly_says_how_it_is_called() {
    let dir = pki::make();
    for program in [SERVER, CLIENT, GRPC] {
        let (good, said) = Program::start(&dir, &mut Command::new(program), "").ends();
        assert!(!good && said.contains("\nusage: ") && said.contains("--crl CRLS.pem"), "{said}");
    }
    let arguments = ["--cert", "a", "--key", "b", "--ca", "c", "https://localhost", "--insecure"];
    let (good, said) = Program::start(&dir, Command::new(CLIENT).args(arguments), "").ends();
    assert!(!good && said.contains("there is no option \"--insecure\"") && said.contains("usage: "), "{said}");
}

#[test]
fn our_client_speaks_http_2_and_proves_its_spiffe_id() {
    let dir = pki::make();
    let (_server, url) = serve(&dir, SERVER, &ADMIN);
    let (good, said) = ask(&dir, CLIENT, "client", &url);
    assert!(good && said.contains("you are spiffe://example.org/client, by HTTP/2.0\n"), "{said}");
    let (good, said) = ask(&dir, CLIENT, "client", &format!("{url}/admin"));
    assert!(good && said.contains("HTTP/2.0 200 OK\n") && said.contains("welcome\n"), "{said}");
}

#[test]
fn who_offers_no_protocol_speaks_http_1_over_one_connection() {
    let dir = pki::make();
    let (_server, url) = serve(&dir, SERVER, &ADMIN);
    let mut stream = connect(&dir, &url).unwrap();
    for _ in 0..3 {
        let answer = request(&mut stream, "/");
        assert!(answer.ends_with("you are spiffe://example.org/client, by HTTP/1.1\n"), "{answer}");
    }
}

#[test]
fn a_handler_refuses_by_spiffe_id_whom_the_handshake_accepts() {
    let dir = pki::make();
    let (_server, url) = serve(&dir, SERVER, &["--admin", "spiffe://example.org/somebody-else"]);
    let (_, said) = ask(&dir, CLIENT, "client", &format!("{url}/admin"));
    assert!(said.contains("403 Forbidden") && said.contains("spiffe://example.org/client (serial "), "{said}");
    assert!(said.contains("may not see this"), "{said}");
}

#[test]
fn a_client_that_is_refused_is_told_why_before_it_sends_a_request() {
    let dir = pki::make();
    let (server, url) = serve(&dir, SERVER, &ADMIN);
    for (name, alert) in [("stranger-client", "unknown_ca"), ("revoked-client", "certificate_revoked")] {
        let (good, said) = ask(&dir, CLIENT, name, &url);
        assert!(!good && said.contains(&format!("the peer rejected our certificate ({alert})")), "{said}");
    }
    server.waits_for("has been revoked");
    // The other way round: it is the client that refuses.
    let (good, said) = ask(&dir, CLIENT, "client", &url.replace("localhost", "127.0.0.1"));
    assert!(!good && said.contains("is not for IP address 127.0.0.1: it is for DNS name \"localhost\""), "{said}");
}

#[test]
fn a_renewed_certificate_is_shown_by_the_next_handshake_and_old_connections_go_on() {
    let dir = pki::make();
    let (server, url) = serve(&dir, SERVER, &ADMIN);
    let mut stream = connect(&dir, &url).unwrap();
    let name = |stream: &Stream<TcpStream>| stream.peer().identity().unwrap().common_name;
    assert_eq!(name(&stream).as_deref(), Some("server"));
    // One behind the other, as most who renew do; between the two they do not fit.
    fs::copy(dir.path("pki/renewed-server.pem"), dir.path("pki/server.pem")).unwrap();
    server.waits_for(
        "the private key does not belong to the first certificate (is that the leaf?); the old contents stay in use",
    );
    assert_eq!(name(&connect(&dir, &url).unwrap_or_else(|error| panic!("{error}"))).as_deref(), Some("server"));
    fs::copy(dir.path("pki/renewed-server.key"), dir.path("pki/server.key")).unwrap();
    server.waits_for("pki/server.pem read again: the new contents are in use");
    assert_eq!(name(&connect(&dir, &url).unwrap()).as_deref(), Some("renewed server"));
    assert!(request(&mut stream, "/").ends_with("by HTTP/1.1\n"));
}

#[test]
fn a_client_that_is_revoked_loses_its_connection_and_gets_no_other() {
    let dir = pki::make();
    let (server, url) = serve(&dir, SERVER, &ADMIN);
    let mut stream = connect(&dir, &url).unwrap();
    assert!(request(&mut stream, "/").ends_with("by HTTP/1.1\n"));
    fs::copy(dir.path("pki/later-crl.pem"), dir.path("pki/crl.pem")).unwrap();
    server.waits_for("pki/ca.pem read again");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "close_notify");
    let error = connect(&dir, &url).map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    assert!(Failure::inside(&error).unwrap().to_string().contains("certificate_revoked"), "{error}");
}

/// The server does not read what it has refused, and closes: a reset would take its answer away.
#[test]
fn the_answer_to_a_request_whose_body_is_not_wanted_arrives() {
    let dir = pki::make();
    let (_server, url) = serve(&dir, SERVER, &ADMIN);
    let mut stream = connect(&dir, &url).unwrap();
    const LENGTH: usize = 8 << 20;
    write!(stream, "POST /admin HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LENGTH}\r\n\r\n").unwrap();
    for _ in 0..LENGTH >> 16 {
        stream.write_all(&[b'x'; 1 << 16]).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[test]
fn a_server_that_stops_answers_what_it_is_asked_first() {
    let dir = pki::make();
    let (server, url) = serve(&dir, SERVER, &ADMIN);
    let (mut idle, mut busy) = (connect(&dir, &url).unwrap(), connect(&dir, &url).unwrap());
    assert!(request(&mut idle, "/").ends_with("by HTTP/1.1\n"));
    write!(busy, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello").unwrap();
    let mut answer = [0; 4096];
    let n = busy.read(&mut answer).unwrap();
    assert!(answer[..n].starts_with(b"HTTP/1.1 200 OK"), "it is answering");
    server.signal("TERM");
    assert_eq!(idle.read(&mut answer).unwrap(), 0, "an idle connection is closed");
    let address = url.strip_prefix("https://").unwrap();
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < end, "nobody new gets in");
    }
    busy.write_all(b"world").unwrap();
    let mut rest = String::new();
    busy.read_to_string(&mut rest).unwrap(); // to the close_notify
    let all = String::from_utf8_lossy(&answer[..n]).into_owned() + &rest;
    assert!(all.contains("hello") && all.contains("world"), "{all}");
    let (good, said) = server.ends();
    assert!(good && said.contains("stopping"), "{said}");
}

#[test]
fn grpc_asks_the_same_peer() {
    let dir = pki::make();
    let serve = |who| serve(&dir, GRPC, &["--allow", who]);
    let (server, url) = serve("spiffe://example.org/client");
    assert_eq!(ask(&dir, GRPC, "client", &url), (true, "Serving\n".into()));
    let (good, said) = ask(&dir, GRPC, "revoked-client", &url);
    assert!(!good && said.contains("certificate_revoked"), "{said}");
    server.signal("INT");
    assert!(Program::ends(server).0);
    let (_server, url) = serve("spiffe://example.org/somebody-else");
    let (good, said) = ask(&dir, GRPC, "client", &url);
    assert!(!good && said.contains("spiffe://example.org/client") && said.contains("may not ask"), "{said}");
}
