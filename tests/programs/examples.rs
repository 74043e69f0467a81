//! The example programs, run as a user runs them. (tests/programs/openssl.rs runs them with OpenSSL.)

use crate::support::{Ca, Files, Key, Program, Server, example, noise};
use std::fs;
use std::process::Output;

fn client(server: &Server, args: &[&str], input: Vec<u8>) -> (i32, Vec<u8>, String) {
    let mut command = example("tcp_client");
    let mut program = Program::start(command.args(["--connect", &server.address()]).args(args), false);
    let feeding = program.feed(input, true);
    let (status, output, said) = program.ends();
    drop(feeding.join());
    (status.code().unwrap(), output, said)
}

fn walkthrough(args: &[&str]) -> (String, Output) {
    let output = example("walkthrough").args(args).output().unwrap();
    (String::from_utf8(output.stdout.clone()).unwrap(), output)
}

/// A server, and the files that its client needs.
fn meet() -> (Ca, Server, Files, Files) {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("localhost", Key::P256), ca.good("client.test", Key::Ed25519));
    let server = Server::start(&server_files.args(&ca));
    (ca, server, server_files, client_files)
}

#[test]
fn the_walkthrough_ends_with_both_identities() {
    let (text, output) = walkthrough(&[]);
    assert!(output.status.success());
    assert!(text.contains("The server proved to be CN=api, api.internal"), "{text}");
    assert!(text.contains("The client proved to be CN=billing, spiffe://example.org/billing"), "{text}");
    assert!(text.contains("You are spiffe://example.org/billing."), "{text}");
    assert!(!text.contains('\x1b'), "no colour where there is no terminal");
    // Each message is shown twice: sent and received.
    for message in ["client_hello", "server_hello", "certificate_request", "close_notify"] {
        assert_eq!(text.matches(&format!("{message} ")).count() % 2, 0, "{message} in {text}");
    }
    // The server's, which confirms the client; a later one, and its answer.
    assert_eq!(text.matches("KeyUpdate: reads ").count(), 3, "{text}");
}

#[test]
fn the_walkthrough_shows_a_refusal_from_both_ends() {
    let (text, _) = walkthrough(&["--refuse", "client"]);
    assert!(text.contains("server: we refused the peer's certificate") && text.contains("certificate_expired sent"));
    assert!(text.contains("client: the peer rejected our certificate (certificate_expired)"), "{text}");
    let (text, _) = walkthrough(&["--refuse", "server"]);
    assert!(text.contains("is not for DNS name api.internal: it is for DNS name \"db.internal\""), "{text}");
    assert!(text.contains("server: the peer rejected our certificate (bad_certificate)"), "{text}");
    assert_eq!(walkthrough(&["--refuse", "nobody"]).1.status.code(), Some(2));
}

#[test]
fn the_walkthrough_shows_any_message_byte_by_byte() {
    let (text, _) = walkthrough(&["--bytes", "certificate_verify"]);
    assert_eq!(text.matches("algorithm = ecdsa_secp256r1_sha256 (0x0403)").count(), 2, "{text}");
    assert!(!text.contains("legacy_session_id"), "one message was asked for");
    let (text, _) = walkthrough(&["--refuse", "client", "--bytes"]);
    assert!(text.contains("host_name = api.internal") && text.contains("notAfter = 2025-12-31"), "{text}");
}

#[test]
fn ten_megabytes_each_way_from_many_clients_at_once() {
    let (ca, server, _, files) = meet();
    let args = [&["--name", "localhost"], &files.args(&ca)[..]].concat();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let sent = noise(10_000_000);
                let (code, output, said) = client(&server, &args, sent.clone());
                assert_eq!(code, 0, "{said}");
                assert!(output == sent);
            });
        }
    });
}

#[test]
fn exit_codes_tell_usage_from_failure_from_what_we_do_not_have() {
    let (ca, server, _, files) = meet();
    let run = |more: &[&str]| client(&server, &[&files.args(&ca)[..], more].concat(), b"hello".to_vec()).0;
    assert_eq!(run(&["--name", "localhost"]), 0);
    assert_eq!(run(&["--name", "elsewhere.test"]), 1);
    assert_eq!(run(&[]), 2, "--name is needed");
    assert_eq!(run(&["--name", "not a name"]), 2);
    assert_eq!(run(&["--name", "localhost", "--alpn", "a,,b"]), 2);
    assert_eq!(run(&["--name", "localhost", "--verbose", "yes"]), 2);
    assert_eq!(run(&["--name", "localhost", "--groups", "x25519,P-521"]), 77);
    assert_eq!(run(&["--name", "localhost", "--suites", "TLS_AES_128_CCM_SHA256"]), 77);
    assert_eq!(run(&["--name", "localhost", "--ca", "/nowhere"]), 2, "an option may stand once");
    let status =
        example("tcp_server").args(["--listen", "127.0.0.1:0", "--groups", "ffdhe2048"]).args(files.args(&ca)).output();
    assert_eq!(status.unwrap().status.code(), Some(77));
}

#[test]
fn alpn_suite_and_group_are_what_was_asked_for() {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("localhost", Key::P256), ca.good("client.test", Key::P256));
    let server = Server::start(&[&server_files.args(&ca)[..], &["--alpn", "a,b", "--groups", "P-384,P-256"]].concat());
    let args = [&client_files.args(&ca)[..], &["--name", "localhost"]].concat();
    let more = ["--alpn", "c,b", "--groups", "P-256,P-384", "--suites", "TLS_CHACHA20_POLY1305_SHA256"];
    let (code, _, said) = client(&server, &[&args[..], &more].concat(), b"hello".to_vec());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("TLS_CHACHA20_POLY1305_SHA256, secp") && said.contains("ALPN b"), "{said}");
    let (code, _, said) = client(&server, &[&args[..], &["--alpn", "c"]].concat(), b"hello".to_vec());
    assert!(code == 1 && said.contains("no_application_protocol"), "{said}");
}

#[test]
fn a_server_takes_renewed_files_and_keeps_the_old_ones_while_the_new_ones_are_broken() {
    let (ca, server, server_files, files) = meet();
    let trusted = ca.dir.join("trusted-by-the-client.pem");
    fs::copy(&ca.pem, &trusted).unwrap();
    let own = ["--name", "localhost", "--cert", &files.cert, "--key", &files.key];
    let args = [&own[..], &["--ca", trusted.to_str().unwrap()]].concat();
    let hello = || client(&server, &args, b"hello".to_vec());
    assert_eq!(hello().0, 0);

    fs::write(&server_files.cert, "no certificate").unwrap();
    let (code, output, _) = hello();
    assert_eq!((code, &output[..]), (0, &b"hello"[..]));
    server.program.waits_for(
        "no certificate found in the chain file: it is empty, or text without one; the old contents stay in use",
    );

    let renewed = ca.good("localhost", Key::P256);
    fs::copy(&renewed.key, &server_files.key).unwrap();
    fs::copy(&renewed.cert, &server_files.cert).unwrap();
    let (code, _, said) = hello();
    server.program.waits_for("read again: the new contents are in use");
    assert_eq!(code, 0, "{said}");

    // A server that now trusts another CA refuses the same client.
    let other = Ca::new("other root");
    fs::copy(&other.pem, &ca.pem).unwrap();
    let (code, output, said) = hello();
    assert_eq!((code, &output[..]), (1, &b""[..]), "{said}");
    assert!(said.contains("the peer rejected our certificate (unknown_ca)"), "{said}");
    server.program.waits_for("leads to no trusted root");
}

#[test]
fn names_in_certificates_cannot_forge_lines() {
    let (ca, server, ..) = meet();
    let key = rcgen::KeyPair::generate().unwrap();
    let evil = ca.issue_as("client.test", "api\n127.0.0.1:1: CN=admin\u{1b}[2K", &key, (2020, 2100));
    let args = [&["--name", "localhost"], &evil.args(&ca)[..]].concat();
    assert_eq!(client(&server, &args, b"hello".to_vec()).0, 0);
    let said = server.program.waits_for("CN=api");
    assert!(said.contains("CN=api\\u{a}127.0.0.1:1: CN=admin\\u{1b}[2K, SHA-256"), "{said}");
}

#[test]
fn plain_http_and_a_stranger_end_one_connection_only() {
    use std::io::{Read, Write};
    let (ca, server, _, files) = meet();
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 10], "a fatal unexpected_message, whole");
    server.program.waits_for("plain HTTP to a TLS port?");
    let args = [&["--name", "localhost"], &files.args(&ca)[..]].concat();
    assert_eq!(client(&server, &args, b"hello".to_vec()).0, 0);
}
