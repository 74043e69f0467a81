//! How a run is made and judged.

use super::*;

#[test]
fn a_flight_of_an_older_version_says_which() {
    let hello = |minor| [22, 3, 1, 0, 6, 2, 0, 0, 2, 3, minor];
    for (minor, version, option) in [(1, "TLS 1.0", "-tls1"), (2, "TLS 1.1", "-tls1_1"), (3, "TLS 1.2", "-tls1_2")] {
        assert_eq!(tls12::agreed(&hello(minor)), version);
        assert!(tls12::not_tried(version).contains(&format!("s_client {option}` is")));
    }
    assert_eq!(tls12::agreed(&[22, 3, 1]), "an older version of TLS");
}

/// Ours gives none: nothing was tried with them, and the report does not say so.
#[test]
fn where_no_tickets_are_given_none_are_tried() {
    let world = World::new();
    let (status, text) = world.probe(world.serve(Fault::None), &["--only", "resumption/"]);
    assert_eq!((status, found(&text, "skipped").len()), (0, 2), "{text}");
    assert!(text.contains("it gives no ticket"), "{text}");
    assert!(text.contains("without a fresh proof: not tried"), "{text}");
}

/// In front of this server: what `lets_in` does not let in is closed at once. It is told how many came before.
fn gate(port: u16, mut lets_in: impl FnMut(usize) -> bool + Send + 'static) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (_, client) in listener.incoming().enumerate().filter(|(number, _)| lets_in(*number)) {
            let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
            for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    own
}

/// It refuses everybody, so no stranger gets in: but that is not what was asked.
#[test]
fn a_server_that_bans_is_not_judged() {
    let world = World::new();
    let port = gate(world.serve(Fault::AcceptsAnEmptyCertificate), |number| number < 12);
    let (status, text) = world.probe(port, &["--only", "certificate/", "--only", "finished/"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("shut out after ") && text.contains("--rate 1 --at-once 1"), "{text}");
    assert!(!text.contains("no stranger got in"), "{text}");
}

/// Five in a second, and the rest is closed.
#[test]
fn a_server_that_limits_connections_is_probed_more_slowly() {
    let world = World::new();
    for (fault, accepted) in [(Fault::None, &[][..]), (Fault::IgnoresThePurpose, &["certificate/wrong-purpose"])] {
        let mut last = std::collections::VecDeque::new();
        let port = gate(world.serve(fault), move |_| {
            let now = std::time::Instant::now();
            last.retain(|time| now.duration_since(*time).as_secs() < 1);
            let lets_in = last.len() < 5;
            last.extend(lets_in.then_some(now));
            lets_in
        });
        let (status, text) = world.probe(port, &["--only", "certificate/wrong-", "--only", "certificate/self-signed"]);
        assert_eq!((status, found(&text, "ACCEPTED")), (i32::from(!accepted.is_empty()), accepted.to_vec()), "{text}");
        assert!(text.contains("the target limits connections") && !text.contains("not judged"), "{text}");
    }
}

/// What the probe says of a client that it runs.
fn probe_command(world: &World, command: impl Fn(&str) -> String, args: &[&str]) -> (i32, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut probe = example("probe");
    probe.args(["client", "--listen", &address, "--rate", "1000", "--ca", &world.ca.pem, "--ca-key", &world.ca_key]);
    said(probe.args(["--run", &command(&address)]).args(args).output().unwrap())
}

/// Refused by us, it says the same without TLS.
#[test]
fn a_client_that_tries_again_with_less_is_found() {
    let world = World::new();
    let files = world.ca.good("client.test", Key::P256);
    let client = example("tcp_client").get_program().to_str().unwrap().to_string();
    let arguments = files.args(&world.ca).join(" ");
    for again in [false, true] {
        let command = |address: &str| {
            let first = format!("echo hello | {client} --connect {address} --name localhost {arguments}");
            let plain = format!("bash -c 'echo secret >/dev/tcp/{}'", address.replace(':', "/"));
            if again { format!("{first} || {plain}") } else { first }
        };
        let (status, text) = probe_command(&world, command, &["--only", "certificate/other-ca"]);
        assert_eq!(status, i32::from(again), "{text}");
        assert_eq!(found(&text, "ACCEPTED"), if again { vec!["certificate/other-ca"] } else { vec![] }, "{text}");
        assert_eq!(text.contains("on its second connection: in plaintext"), again, "{text}");
    }
}

#[test]
fn a_command_that_fails_is_said_to() {
    let (status, text) = probe_command(&World::new(), |_| "/nonexistent".into(), &[]);
    assert!(status == 3 && text.contains("127") && text.contains("/nonexistent"), "{text}");
}

/// One after the other, and each as long as it likes.
#[test]
fn one_silent_connection_that_keeps_all_others_waiting_is_found() {
    let world = World::new();
    let inner = world.serve(Fault::None);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", inner)).unwrap());
            let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
            let _ = std::io::copy(&mut client, &mut server);
            let _ = server.shutdown(std::net::Shutdown::Write);
        }
    });
    let (status, text) = world.probe(port, &["--only", "late/silent-from-the-start", "--silence", "2"]);
    assert_eq!((status, found(&text, "HANG").len()), (1, 1), "{text}");
    assert!(text.contains("one silent connection keeps all others waiting"), "{text}");
}
