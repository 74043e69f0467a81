//! The example programs with OpenSSL, in both roles, over TCP.

use crate::support::{Ca, Files, Key, Program, Server, example, noise};
use std::net::TcpListener;
use std::process::Command;

const MEGABYTES_10: usize = 10_000_000;

/// `openssl s_server`, which requires a good client certificate.
pub fn s_server(files: &Files, ca: &Ca, more: &[&str]) -> (Program, u16) {
    // In quiet mode OpenSSL does not print its port, so the test chooses one.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-Verify", "1", "-verify_return_error"]);
    (Program::start(command.args(files.openssl(ca)).args(more), true), port)
}

/// `openssl s_client`, which refuses a server without a good certificate.
fn s_client(server: &Server, ca: &Ca, more: &[&str], hears_output: bool) -> Program {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &server.address(), "-servername", "server.test", "-CAfile", &ca.pem]);
    Program::start(command.args(["-verify_return_error"]).args(more), hears_output)
}

/// Our client, started when the server listens.
fn client(port: u16, name: &str, args: &[&str], input: &[u8]) -> (i32, Vec<u8>, String) {
    for _ in 0..400 {
        let mut command = example("tcp_client");
        command.args(["--connect", &format!("127.0.0.1:{port}"), "--name", name]).args(args);
        let mut program = Program::start(&mut command, false);
        let _ = program.feed(input.to_vec(), true);
        let (status, output, said) = program.ends();
        if !said.contains("cannot connect") {
            return (status.code().unwrap(), output, said);
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the server never listened");
}

/// Every kind of key on both sides, every suite, with and without HelloRetryRequest. Each value occurs, and each suite
/// with each kind of key.
fn combinations() -> impl Iterator<Item = (Key, &'static str, bool)> {
    let suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
    let keys = [Key::P256, Key::Ed25519, Key::Rsa];
    keys.into_iter()
        .flat_map(move |key| suites.into_iter().flat_map(move |suite| [(key, suite, false), (key, suite, true)]))
}

#[test]
#[ignore = "needs openssl 3"]
fn our_server_talks_to_s_client() {
    let ca = Ca::new("root");
    for key in [Key::P256, Key::Ed25519, Key::Rsa] {
        let (server_files, client_files) = (ca.good("server.test", key), ca.good("client.test", key));
        for (_, suite, retry) in combinations().filter(|(each, ..)| *each == key) {
            let groups = if retry { "P-256" } else { "x25519,P-256" };
            let server =
                Server::start(&[&server_files.args(&ca)[..], &["--suites", suite, "--groups", groups]].concat());
            // s_client sends a share only for its first group.
            let more = ["-groups", "X25519:P-256", "-cert", &client_files.cert, "-key", &client_files.key];
            let mut peer = s_client(&server, &ca, &more, true);
            peer.types("does it come back?\n");
            let said = peer.waits_for("\ndoes it come back?\n");
            assert!(said.contains(&format!("Cipher is {suite}")), "{said}");
            peer.types("Q\n");
            let line = server.program.waits_for(suite);
            assert!(line.contains("CN=client.test") && line.contains("SHA-256 "), "{line}");
            assert_eq!(line.contains("after HelloRetryRequest"), retry, "{line}");
            assert!(line.contains(if retry { "secp256r1" } else { "x25519" }), "{line}");
            assert!(peer.ends().0.success());
        }
    }
}

#[test]
#[ignore = "needs openssl 3"]
fn our_client_talks_to_s_server() {
    let ca = Ca::new("root");
    for key in [Key::P256, Key::Ed25519, Key::Rsa] {
        let (server_files, client_files) = (ca.good("server.test", key), ca.good("client.test", key));
        for (_, suite, retry) in combinations().filter(|(each, ..)| *each == key) {
            let groups = if retry { "P-384" } else { "X25519" };
            // -rev sends lines back in reverse.
            let more = ["-ciphersuites", suite, "-groups", groups, "-rev"];
            let (_peer, port) = s_server(&server_files, &ca, &more);
            let (code, output, said) = client(port, "server.test", &client_files.args(&ca), b"emoh og\n");
            assert_eq!((code, String::from_utf8_lossy(&output)), (0, "go home\n".into()), "{said}");
            assert!(said.contains(suite) && said.contains("CN=server.test"), "{said}");
            assert_eq!(said.contains("after HelloRetryRequest"), retry, "{said}");
        }
    }
}

#[test]
#[ignore = "needs openssl 3"]
fn ten_megabytes_each_way_through_our_server_come_back_intact() {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("server.test", Key::P256), ca.good("client.test", Key::Ed25519));
    let server = Server::start(&server_files.args(&ca));
    let more = ["-quiet", "-cert", &client_files.cert, "-key", &client_files.key];
    let mut peer = s_client(&server, &ca, &more, false);
    let sent = noise(MEGABYTES_10);
    let feeding = peer.feed(sent.clone(), false);
    let came_back = peer.reads(MEGABYTES_10);
    assert!(sent == came_back, "the bytes that come back are those that were sent");
    drop(feeding.join());
}

#[test]
#[ignore = "needs openssl 3"]
fn ten_megabytes_each_way_through_our_client_arrive_intact() {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("server.test", Key::Rsa), ca.good("client.test", Key::P256));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}"), "-Verify", "1"]);
    let mut peer = Program::start(command.args(server_files.openssl(&ca)), false);
    let (from_server, from_client) = (noise(MEGABYTES_10), noise(MEGABYTES_10));
    let feeding = peer.feed(from_server.clone(), false);
    // It prints nothing when it listens. A test connection does not help, because s_server would send it a part of its
    // data.
    let ports = || std::fs::read_to_string("/proc/net/tcp").unwrap();
    while !ports().contains(&format!("0100007F:{port:04X} 00000000:0000 0A")) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let mut command = example("tcp_client");
    command.args(["--connect", &format!("127.0.0.1:{port}"), "--name", "server.test"]).args(client_files.args(&ca));
    let mut ours = Program::start(&mut command, false);
    let input = ours.feed(from_client.clone(), false);
    // Both are read at the same time, because s_server reads nothing while it writes. They are read to the end before
    // the client closes, because s_server drops unsent data then.
    let (at_client, at_server) = std::thread::scope(|scope| {
        let at_server = scope.spawn(|| peer.reads(MEGABYTES_10));
        (ours.reads(MEGABYTES_10), at_server.join().unwrap())
    });
    assert!(at_server == from_client, "what the client sends arrives");
    assert!(at_client == from_server, "what the server sends arrives");
    drop((feeding.join(), input.join()));
    let (status, _, said) = ours.ends();
    assert!(status.success(), "{said}");
}

/// The refused side, and the names of the alert in our message and in OpenSSL's.
struct Refusal {
    files: fn(&Ca, &Ca, &str) -> Option<Files>,
    alert: &'static str,
    openssl: &'static str,
    because: &'static str,
}

const REFUSALS: [Refusal; 3] = [
    Refusal {
        files: |_, stranger, name| Some(stranger.good(name, Key::P256)),
        alert: "unknown_ca",
        openssl: "alert unknown ca",
        because: "leads to no trusted root",
    },
    Refusal {
        files: |ca, _, name| Some(ca.issue(name, Key::P256, (2020, 2021))),
        alert: "certificate_expired",
        openssl: "alert certificate expired",
        because: "expired 5 years ago (2021-01-01 00:00:00 UTC)",
    },
    Refusal {
        files: |_, _, _| None,
        alert: "certificate_required",
        openssl: "alert certificate required",
        because: "the client sent no certificate",
    },
];

#[test]
#[ignore = "needs openssl 3"]
fn our_server_refuses_s_client_and_both_say_why() {
    let (ca, stranger) = (Ca::new("root"), Ca::new("stranger"));
    let server_files = ca.good("server.test", Key::P256);
    for refusal in REFUSALS {
        let server = Server::start(&server_files.args(&ca));
        let files = (refusal.files)(&ca, &stranger, "client.test");
        let more = files.as_ref().map_or(vec![], |files| vec!["-cert", &files.cert, "-key", &files.key]);
        let peer = s_client(&server, &ca, &more, true);
        peer.waits_for(refusal.openssl);
        let line = server.program.waits_for(&format!("alert {} sent", refusal.alert));
        assert!(line.contains(refusal.because), "{line}");
        if files.is_some() {
            assert!(line.contains("we, the server, refused the claimed identity: client certificate CN=client.test"));
        }
        // The server continues to serve.
        let friend = ca.good("client.test", Key::P256);
        let (code, output, _) = client(server.port, "server.test", &friend.args(&ca), b"still there?");
        assert_eq!((code, &output[..]), (0, &b"still there?"[..]));
    }
}

#[test]
#[ignore = "needs openssl 3"]
fn our_client_refuses_s_server_and_both_say_why() {
    let (ca, stranger) = (Ca::new("root"), Ca::new("stranger"));
    let client_files = ca.good("client.test", Key::P256);
    for refusal in REFUSALS {
        // A server must have a certificate.
        let Some(files) = (refusal.files)(&ca, &stranger, "server.test") else { continue };
        let (peer, port) = s_server(&files, &ca, &[]);
        let (code, output, said) = client(port, "server.test", &client_files.args(&ca), b"secret");
        assert_eq!((code, &output[..]), (1, &b""[..]), "{said}");
        assert!(said.contains("we, the client, refused the claimed identity: server certificate CN=server.test"));
        assert!(said.contains(refusal.because), "{said}");
        assert!(said.contains(&format!("alert {} sent", refusal.alert)), "{said}");
        assert!(!peer.waits_for(refusal.openssl).contains("secret"));
    }
}

#[test]
#[ignore = "needs openssl 3"]
fn our_client_refuses_a_server_of_another_name() {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("other.test", Key::P256), ca.good("client.test", Key::P256));
    let (peer, port) = s_server(&server_files, &ca, &[]);
    let (code, _, said) = client(port, "server.test", &client_files.args(&ca), b"");
    assert_eq!(code, 1);
    assert!(
        said.contains("is not for DNS name server.test: it is for DNS name \"other.test\"; alert bad_certificate sent"),
        "{said}"
    );
    peer.waits_for("alert bad certificate");
}

#[test]
#[ignore = "needs openssl 3"]
fn our_client_refuses_a_server_that_does_not_ask_who_it_is() {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("server.test", Key::P256), ca.good("client.test", Key::P256));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", &format!("127.0.0.1:{port}")]).args(server_files.openssl(&ca));
    let peer = Program::start(&mut command, true);
    let (code, _, said) = client(port, "server.test", &client_files.args(&ca), b"");
    assert_eq!(code, 1);
    assert!(
        said.contains("the server did not ask for our certificate") && said.contains("handshake_failure"),
        "{said}"
    );
    peer.waits_for("alert handshake failure");
}

#[test]
#[ignore = "needs openssl 3"]
fn s_server_refuses_our_client_which_says_so() {
    let (ca, stranger) = (Ca::new("root"), Ca::new("stranger"));
    let server_files = ca.good("server.test", Key::P256);
    for refusal in REFUSALS {
        let Some(files) = (refusal.files)(&ca, &stranger, "client.test") else { continue };
        let (_peer, port) = s_server(&server_files, &ca, &[]);
        let (code, output, said) = client(port, "server.test", &files.args(&ca), b"secret");
        assert_eq!((code, &output[..]), (1, &b""[..]), "{said}");
        let sentence = format!("the peer rejected our certificate ({})", refusal.alert);
        assert!(said.contains(&sentence) && said.contains("our certificate is CN=client.test"), "{said}");
    }
}

#[test]
#[ignore = "needs openssl 3"]
fn s_client_refuses_our_server_which_says_so() {
    let (ca, stranger) = (Ca::new("root"), Ca::new("stranger"));
    let client_files = ca.good("client.test", Key::P256);
    for refusal in REFUSALS {
        let Some(files) = (refusal.files)(&ca, &stranger, "server.test") else { continue };
        let server = Server::start(&files.args(&ca));
        let _peer = s_client(&server, &ca, &["-cert", &client_files.cert, "-key", &client_files.key], true);
        // It has no write key when it judges us, so its alert is in plaintext, and anybody could have sent it.
        let line = server.program.waits_for(&format!(
            "an unauthenticated alert, which anybody on the path may have sent, says {}",
            refusal.alert
        ));
        assert!(line.contains("as server") && line.contains("our certificate is CN=server.test"), "{line}");
    }
}

#[test]
#[ignore = "needs openssl 3"]
fn s_client_updates_keys_with_and_without_asking_for_ours() {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("server.test", Key::P256), ca.good("client.test", Key::P256));
    let server = Server::start(&server_files.args(&ca));
    let mut peer = s_client(&server, &ca, &["-cert", &client_files.cert, "-key", &client_files.key], true);
    server.program.waits_for("CN=client.test");
    // One command for each read, because OpenSSL looks only at the first letter.
    for (command, text) in
        [("K\n", "after an answered update"), ("k\n", "after a silent update"), ("K\n", "and once more")]
    {
        let updates = peer.said().matches("KEYUPDATE").count();
        peer.types(command);
        while peer.waits_for("KEYUPDATE").matches("KEYUPDATE").count() == updates {}
        peer.types(&format!("{text}\n"));
        peer.waits_for(&format!("\n{text}\n"));
    }
}

#[test]
#[ignore = "needs openssl 3"]
fn s_server_updates_keys_and_our_client_follows() {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("server.test", Key::P256), ca.good("client.test", Key::P256));
    let (mut peer, port) = s_server(&server_files, &ca, &[]);
    peer.waits_for("ACCEPT");
    let mut command = example("tcp_client");
    command.args(["--connect", &format!("127.0.0.1:{port}"), "--name", "server.test"]).args(client_files.args(&ca));
    let mut ours = Program::start(&mut command, true);
    ours.waits_for("CN=server.test");
    for (command, text) in [("K\n", "from the server, one"), ("k\n", "from the server, two")] {
        peer.types(command);
        std::thread::sleep(std::time::Duration::from_millis(100)); // one command for each read
        peer.types(&format!("{text}\n"));
        ours.waits_for(text);
        ours.types(&format!("answer to {text}\n"));
        peer.waits_for(&format!("answer to {text}"));
    }
    let (status, _, said) = ours.ends();
    assert!(status.success(), "{said}");
}

#[test]
#[ignore = "needs openssl 3"]
fn our_key_log_is_the_one_that_openssl_writes() {
    let ca = Ca::new("root");
    let (server_files, client_files) = (ca.good("server.test", Key::P256), ca.good("client.test", Key::P256));
    let [ours, theirs, clients] = ["server.log", "openssl.log", "client.log"].map(|name| ca.dir.join(name));
    let log = ours.to_str().unwrap();
    let server = Server::start(&[&server_files.args(&ca)[..], &["--key-log", log]].concat());
    let more = ["-keylogfile", theirs.to_str().unwrap(), "-cert", &client_files.cert, "-key", &client_files.key];
    let mut peer = s_client(&server, &ca, &more, true);
    peer.types("hello\n");
    peer.waits_for("\nhello\n");
    let lines = |path: &std::path::Path| {
        let text = std::fs::read_to_string(path).unwrap();
        // SERVER_TRAFFIC_SECRET_N is OpenSSL's own label for the secrets after KeyUpdates.
        let of_the_format = |line: &&str| !line.starts_with('#') && !line.starts_with("SERVER_TRAFFIC_SECRET_N ");
        let mut lines: Vec<String> = text.lines().filter(of_the_format).map(String::from).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&ours).len(), 5, "two handshake secrets, two application secrets, one exporter secret");
    assert_eq!(lines(&ours), lines(&theirs));
    drop(peer);

    let args = [&client_files.args(&ca)[..], &["--key-log", clients.to_str().unwrap()]].concat();
    std::fs::remove_file(&ours).unwrap();
    let again = Server::start(&[&server_files.args(&ca)[..], &["--key-log", log]].concat());
    assert_eq!(client(again.port, "server.test", &args, b"hello").0, 0);
    assert_eq!(lines(&ours), lines(&clients), "both ends log the same");
}
