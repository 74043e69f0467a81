//! The example server with strangers, full disks and operators' mistakes. People copy this program.

use crate::support::{Ca, Files, Key, Program, Server, example};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

struct World {
    ca: Ca,
    server: Files,
    client: Files,
}

impl World {
    fn new() -> World {
        let ca = Ca::new("root");
        let (server, client) = (ca.good("localhost", Key::P256), ca.good("client.test", Key::P256));
        World { ca, server, client }
    }

    fn serve(&self, more: &[&str]) -> Server {
        Server::start(&[&self.server.args(&self.ca)[..], more].concat())
    }

    /// A client that sends hello. Its input stays open.
    fn client(&self, address: &str) -> Program {
        let mut command = example("tcp_client");
        command.args(["--connect", address, "--name", "localhost"]).args(self.client.args(&self.ca));
        let mut program = Program::start(&mut command, false);
        program.types("hello");
        program
    }

    /// A client gets its echo, and ends without an error.
    fn is_served(&self, address: &str) {
        let mut client = self.client(address);
        assert_eq!(client.reads(5), b"hello");
        let (status, _, said) = client.ends();
        assert!(status.success(), "{said}");
    }
}

#[test]
fn a_closed_standard_error_refuses_nobody() {
    let world = World::new();
    let mut command = example("tcp_server");
    command.args(["--listen", "127.0.0.1:0"]).args(world.server.args(&world.ca));
    let mut server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stderr.take().unwrap()).read_line(&mut line).unwrap(); // and then the pipe is closed
    let address = line.trim_end().rsplit(' ').next().unwrap().to_string();
    world.is_served(&address);
    world.is_served(&address);
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn what_is_beyond_the_caps_waits_and_is_then_served() {
    let world = World::new();
    for cap in ["--max-connections", "--max-handshakes"] {
        let server = world.serve(&[cap, "1"]);
        let stranger = TcpStream::connect(server.address()).unwrap(); // it sends nothing, and has the only place
        let mut client = world.client(&server.address());
        server.program.waits_for("the next ones wait");
        drop(stranger);
        assert_eq!(client.reads(5), b"hello", "{cap}");
    }
}

#[test]
fn a_silent_peer_is_closed_after_the_idle_timeout() {
    let world = World::new();
    let server = world.serve(&["--idle-timeout", "1"]);
    let mut client = world.client(&server.address());
    assert_eq!(client.reads(5), b"hello");
    server.program.waits_for("nothing came for 1 s; closed");
    let (status, _, said) = client.ends();
    assert!(status.success(), "an orderly end: {said}");
}

#[test]
fn a_peer_that_takes_nothing_is_given_up() {
    let world = World::new();
    let server = world.serve(&["--idle-timeout", "1"]);
    // It sends without end, and nobody reads the server's output.
    let mut client = world.client(&server.address());
    let _ = client.feed(vec![b'x'; 50_000_000], false);
    server.program.waits_for("took nothing of what we sent for");
    world.is_served(&server.address());
}

#[test]
fn files_of_equal_size_and_time_are_read_again() {
    let world = World::new();
    let server = world.serve(&[]);
    world.is_served(&server.address());
    // Another root, padded to the same size, and with the same time.
    let before = fs::metadata(&world.ca.pem).unwrap();
    let other = Ca::new("boot");
    let mut pem = fs::read(&other.pem).unwrap();
    let mut old = fs::read(&world.ca.pem).unwrap();
    let size = pem.len().max(old.len());
    pem.resize(size, b'\n');
    old.resize(size, b'\n');
    fs::write(&world.ca.pem, &old).unwrap();
    File::options().write(true).open(&world.ca.pem).unwrap().set_modified(before.modified().unwrap()).unwrap();
    world.is_served(&server.address());
    // The client has its own copy. Only the server's changes.
    let trusted = world.ca.dir.join("of-the-client.pem");
    fs::copy(&world.ca.pem, &trusted).unwrap();
    fs::write(&world.ca.pem, &pem).unwrap();
    File::options().write(true).open(&world.ca.pem).unwrap().set_modified(before.modified().unwrap()).unwrap();
    let mut command = example("tcp_client");
    command.args(["--connect", &server.address(), "--name", "localhost", "--cert", &world.client.cert]);
    command.args(["--key", &world.client.key, "--ca", trusted.to_str().unwrap()]);
    let (status, _, said) = Program::start(&mut command, false).ends();
    assert!(!status.success() && said.contains("unknown_ca"), "{said}");
}

#[test]
fn an_own_certificate_that_has_expired_is_said_at_the_start_and_lines_say_when_and_which() {
    let world = World::new();
    let expired = world.ca.issue("localhost", Key::P256, (2020, 2021));
    let server = Server::start(&expired.args(&world.ca));
    let said = server.program.waits_for("listening");
    assert!(said.contains("our certificate expired on 2021-01-01T00:00:00Z: peers will refuse us"), "{said}");
    let (status, _, refused) = world.client(&server.address()).ends();
    assert!(!status.success() && refused.contains("expired"), "{refused}");
    let said = server.program.waits_for("#1 127.0.0.1:");
    assert!(said.lines().all(|line| line.starts_with("20") && line.contains("Z ")), "{said}");
}

#[test]
fn an_own_certificate_that_expires_soon_is_said_at_the_start_and_after_a_renewal() {
    let world = World::new();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let issue = |left: Duration| {
        world.ca.issue_within("localhost", "localhost", &Key::P256.generate(), [now - hours(1), now + left])
    };
    for (left, said) in [(hours(13 * 24), true), (hours(15 * 24), false)] {
        let (server_files, renewed) = (issue(left), issue(hours(1)));
        let server = Server::start(&server_files.args(&world.ca));
        let words = "our certificate expires on 20";
        assert_eq!(server.program.waits_for("listening").contains(words), said, "{left:?}");
        fs::copy(&renewed.key, &server_files.key).unwrap();
        fs::copy(&renewed.cert, &server_files.cert).unwrap();
        world.is_served(&server.address());
        let told = server.program.waits_for("read again");
        assert!(told.contains(", in 0 hours"), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn running_out_of_descriptors_is_said_once_and_passes() {
    let world = World::new();
    let program = example("tcp_server");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 14; exec \"$0\" \"$@\""]).arg(program.get_program());
    command.args(["--listen", "127.0.0.1:0"]).args(world.server.args(&world.ca));
    let server = Server::run(command);
    let strangers: Vec<_> = (0..20).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    server.program.waits_for("cannot accept a connection");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(server.program.said().matches("cannot accept").count(), 1, "{}", server.program.said());
    drop(strangers);
    world.is_served(&server.address());
}
