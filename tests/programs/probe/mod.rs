//! The probe: it finds each planted fault by name, and nothing on servers that are right.

mod faulty;
mod faulty_client;
mod forged;
#[path = "../../../examples/probe/h2.rs"]
mod h2;
mod names;
mod runs;
#[path = "../../../examples/probe/tls12.rs"]
mod tls12;
mod virtual_hosts;

use crate::openssl::s_server;
use crate::support::{Ca, Key, Server, example};
use countersign::Role;
use countersign::adversary::Identity;
use countersign::adversary::catalogue::{Right, all};
use countersign::x509::SigningKey;
use faulty::{Fault, serve};
use names::Compares;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Output;

/// A CA with its key in a file.
struct World {
    ca: Ca,
    ca_key: String,
}

impl World {
    fn new() -> World {
        World::of(Ca::new("root"))
    }

    fn of(ca: Ca) -> World {
        let ca_key = ca.dir.join("ca.key").to_str().unwrap().to_string();
        fs::write(&ca_key, ca.key_pem()).unwrap();
        World { ca, ca_key }
    }

    fn probe(&self, port: u16, args: &[&str]) -> (i32, String) {
        let mut command = example("probe");
        command.args(["server", &format!("127.0.0.1:{port}"), "--ca", &self.ca.pem, "--ca-key", &self.ca_key]);
        // An echo, on this machine: nobody is troubled by more connections.
        command.args(["--ask", "*\\n", "--rate", "1000"]).args(args);
        said(command.output().unwrap())
    }

    /// The same against clients that call this port by themselves.
    fn probe_of_clients(&self, port: u16, args: &[&str]) -> (i32, String) {
        let mut command = example("probe");
        command.args(["client", "--listen", &format!("127.0.0.1:{port}"), "--rate", "1000"]);
        command.args(["--ca", &self.ca.pem, "--ca-key", &self.ca_key]).args(args);
        said(command.output().unwrap())
    }

    fn identity(&self, name: &str) -> Identity {
        let files = self.ca.good(name, Key::P256);
        let chain = vec![CertificateDer::from_pem_file(&files.cert).unwrap()];
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        Identity { chain, key: SigningKey::try_from(&key).unwrap() }
    }

    fn serve(&self, fault: Fault) -> u16 {
        serve(fault, self.identity("localhost"), CertificateDer::from_pem_file(&self.ca.pem).unwrap())
    }

    /// A client that calls this port until the process ends.
    fn call(&self, how: Compares) -> u16 {
        faulty_client::call(how, self.identity(names::DNS), CertificateDer::from_pem_file(&self.ca.pem).unwrap())
    }
}

fn said(output: Output) -> (i32, String) {
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text)
}

/// The names of the cases in which something was found.
fn found<'a>(text: &'a str, status: &str) -> Vec<&'a str> {
    let lines = text.lines().filter(|line| line.starts_with(status));
    lines.map(|line| line[status.len()..].split_whitespace().next().unwrap()).collect()
}

#[test]
fn each_planted_fault_is_found_by_name_and_nothing_else() {
    let world = World::new();
    std::thread::scope(|scope| {
        for (fault, names, also) in [
            (Fault::None, &[][..], ""),
            (
                Fault::SkipsCertificateVerify,
                &["certificate/stolen", "certificate_verify/dropped"],
                "certificate_verify/",
            ),
            (
                Fault::AcceptsAnEmptyCertificate,
                &[
                    "certificate/none",
                    "server_name/none",
                    "server_name/unknown",
                    "server_name/in-capitals",
                    "alpn/none",
                    "alpn/unknown",
                ],
                "",
            ),
            (
                Fault::AcceptsAnotherCa,
                &["certificate/other-ca", "certificate/self-signed", "late/other-ca"],
                "certificate/",
            ),
            (Fault::IgnoresExpiry, &["certificate/expired", "certificate/not-yet-valid"], "certificate/"),
            (Fault::IgnoresThePurpose, &["certificate/wrong-purpose"], ""),
            (Fault::SendsDataBeforeItHasJudged, &["data/before-it-has-judged"], ""),
            (Fault::AcceptsDataAfterClose, &["close/data-after-close_notify", "close/data-after-a-fatal-alert"], ""),
            (Fault::SkipsFinished, &["finished/flipped", "finished/zeros"], "finished/"),
            (Fault::AsksNobodyInTls12, &["version/tls12", "version/tls12-listed"], "version/"),
        ] {
            let world = &world;
            scope.spawn(move || {
                let (status, text) = world.probe(world.serve(fault), &[]);
                let found = found(&text, "ACCEPTED");
                for name in names {
                    assert!(found.contains(name), "{fault:?}: {name} is not found:\n{text}");
                }
                // What follows from it has names that begin so.
                let follows = |name: &str| !also.is_empty() && name.starts_with(also);
                let other = found.iter().find(|name| !names.contains(name) && !follows(name));
                assert_eq!(other, None, "{fault:?}: {text}");
                assert_eq!(status, i32::from(fault != Fault::None), "{fault:?}: {text}");
            });
        }
    });
}

#[test]
fn a_server_that_compares_names_wrongly_is_found_by_name() {
    let world = World::new();
    std::thread::scope(|scope| {
        for (how, dns, spiffe) in [
            (Compares::Rightly, &[][..], &[][..]),
            (Compares::TheDomain, &[], &[]),
            (Compares::Nothing, &[], &[]),
            (
                Compares::TheBeginning,
                &["name/dns-longer-at-the-end", "name/dns-nul"],
                &["name/spiffe-longer-at-the-end", "name/spiffe-segment-more", "name/spiffe-nul"],
            ),
            (
                Compares::TheEnd,
                &["name/dns-longer-at-the-beginning", "name/dns-label-more"],
                &["name/spiffe-longer-at-the-beginning"],
            ),
            (Compares::WithoutCase, &[], &["name/spiffe-other-case"]),
            (
                Compares::WithoutKind,
                &["name/dns-as-uri", "name/dns-as-email"],
                &["name/spiffe-as-dns", "name/spiffe-as-email"],
            ),
        ] {
            for (option, right, names) in [("--dns", names::DNS, dns), ("--spiffe", names::SPIFFE, spiffe)] {
                let world = &world;
                scope.spawn(move || {
                    let (status, text) = world.probe(world.serve(Fault::Compares(how)), &[option, right]);
                    assert_eq!(found(&text, "ACCEPTED"), names, "{how:?} {option}: {text}");
                    assert_eq!(status, i32::from(!names.is_empty()), "{how:?} {option}: {text}");
                    let all = text.contains("the target does not check names");
                    let domain = text.contains("the target serves other names of the same");
                    assert_eq!((all, domain), (how == Compares::Nothing, how == Compares::TheDomain), "{text}");
                });
            }
        }
    });
}

#[test]
fn a_client_that_compares_names_wrongly_is_found_by_name() {
    let world = World::new();
    std::thread::scope(|scope| {
        for (how, names) in [
            (Compares::Rightly, &[][..]),
            (
                Compares::TheBeginning,
                &[
                    "name/dns-longer-at-the-end",
                    "name/dns-nul",
                    "name/spiffe-longer-at-the-end",
                    "name/spiffe-segment-more",
                    "name/spiffe-nul",
                ],
            ),
            (
                Compares::TheEnd,
                &["name/dns-longer-at-the-beginning", "name/dns-label-more", "name/spiffe-longer-at-the-beginning"],
            ),
            (
                Compares::WithoutKind,
                &["name/dns-as-uri", "name/dns-as-email", "name/spiffe-as-dns", "name/spiffe-as-email"],
            ),
        ] {
            let world = &world;
            scope.spawn(move || {
                let port = world.call(how);
                let args =
                    ["--name", "server.example.org", "--spiffe", "spiffe://example.org/server", "--only", "name/"];
                let (status, text) = world.probe_of_clients(port, &args);
                assert_eq!(found(&text, "ACCEPTED"), names, "{how:?}: {text}");
                assert_eq!(status, i32::from(!names.is_empty()), "{how:?}: {text}");
            });
        }
    });
}

#[test]
fn an_identity_that_must_be_refused_is_tried_and_mistakes_are_explained() {
    let world = World::new();
    let files = world.ca.good(names::DNS, Key::P256);
    let bad = ["--bad-cert", &files.cert, "--bad-key", &files.key, "--only", "must-be-refused/"];
    let right = ["--spiffe", names::SPIFFE];
    let (status, text) = world.probe(world.serve(Fault::None), &[&bad[..], &right].concat());
    assert_eq!((status, found(&text, "ACCEPTED").len()), (1, 1), "{text}");
    assert!(text.contains("A client was served that must be refused, as you say."), "{text}");
    let other = world.ca.good("gone.example.org", Key::P256);
    let bad = ["--bad-cert", &other.cert, "--bad-key", &other.key, "--only", "must-be-refused/"];
    let (status, text) = world.probe(world.serve(Fault::Compares(Compares::Rightly)), &[&bad[..], &right].concat());
    assert_eq!((status, text.contains("1 cases: 1 as they should be")), (0, true), "{text}");
    // A key that is another's would be refused for this.
    let (status, text) = world.probe(1, &["--bad-cert", &files.cert, "--bad-key", &other.key]);
    assert!(status == 2 && text.contains("is not the key of"), "{text}");
    let (status, text) = world.probe(1, &["--root-key", &world.ca_key]);
    assert!(status == 2 && text.contains("It needs an intermediate"), "{text}");
    let (status, text) = world.probe(1, &["--spiffe", "example.org/client"]);
    assert!(status == 2 && text.contains("give all of it, as spiffe://"), "{text}");
    let (status, text) = world.probe(1, &["--bad-cert", &files.cert]);
    assert!(status == 2 && text.contains("--bad-cert and --bad-key go together"), "{text}");
}

#[test]
fn a_server_that_crashes_or_hangs_is_told_from_one_that_refuses() {
    let world = World::new();
    let only = ["--only", "certificate_verify/flipped", "--patience", "700"];
    for (fault, word) in [(Fault::Crashes, "CRASH"), (Fault::Hangs, "HANG")] {
        let (status, text) = world.probe(world.serve(fault), &only);
        // The bad peers of the baseline do not sign wrongly, and so do no harm.
        assert_eq!((status, found(&text, word)), (1, vec!["certificate_verify/flipped"]), "{fault:?}: {text}");
        // What comes later is not said of each case.
        let all = ["--only", "certificate_verify/", "--only", "finished/", "--patience", "700", "--at-once", "1"];
        let (status, text) = world.probe(world.serve(fault), &all);
        assert_eq!((status, found(&text, word).len()), (1, 1), "{fault:?}: {text}");
        assert!(text.lines().filter(|line| line.contains("on good peers were not served")).count() == 1, "{text}");
        assert!(text.lines().count() < 30, "{fault:?}: {text}");
    }
}

/// OpenSSL does not count a CA of its issuer's name (RFC 5280 §6.1.4 (l)): so this one has another.
#[test]
#[ignore = "needs openssl 3"]
fn openssl_refuses_every_certificate_that_must_not_be_trusted() {
    let world = World::new();
    let (_server, port) = s_server(&world.ca.good("localhost", Key::P256), &world.ca, &["-rev"]);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // It says the text backwards.
    let (status, text) = world.probe(port, &["--ask", "hello\\n", "--at-once", "1", "--only", "certificate/"]);
    assert_eq!((status, found(&text, "ACCEPTED")), (0, vec![]), "{text}");
}

/// All cases, alerts included.
#[test]
fn our_own_server_is_clean() {
    let world = World::new();
    let files = world.ca.good("localhost", Key::P256);
    let server = Server::start(&files.args(&world.ca));
    let (status, text) = world.probe(server.port, &["--full", "--strict", "--silence", "1"]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("no stranger got in"), "{text}");
}

#[test]
fn our_own_client_is_clean() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let files = world.ca.good("client.test", Key::P256);
    let client = example("tcp_client").get_program().to_str().unwrap().to_string();
    let arguments = files.args(&world.ca).join(" ");
    // It has more to say than it says, so that it is still there afterwards.
    let run = format!("{{ echo hello; sleep 2; }} | exec {client} --connect {address} --name localhost {arguments}");
    let mut command = example("probe");
    command.args(["client", "--listen", &address, "--ca", &world.ca.pem, "--ca-key", &world.ca_key, "--run", &run]);
    let (status, text) =
        said(command.args(["--full", "--strict", "--rate", "1000", "--silence", "1"]).output().unwrap());
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("no stranger got in") && !text.contains("had said all"), "{text}");
}

#[test]
fn cases_have_names_of_their_own_and_say_what_is_wrong_with_being_served() {
    for role in [Role::Server, Role::Client] {
        let cases = all(role);
        assert!(cases.len() > 300, "{role}: {}", cases.len());
        let names: std::collections::BTreeSet<_> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), cases.len());
        for case in cases.iter().filter(|case| matches!(case.right, Right::Refuse(_))) {
            assert!(!case.consequence.is_empty(), "{}", case.name);
        }
    }
}

#[test]
fn cases_are_listed_for_one_role_or_for_both() {
    let lists = |args: &[&str]| said(example("probe").args(args).output().unwrap());
    let (server, client, both) = (lists(&["server", "--list"]), lists(&["client", "--list"]), lists(&["--list"]));
    assert_eq!(both, (0, server.1 + &client.1));
    let (status, text) = lists(&[]);
    assert!(status == 2 && text.contains("say what to attack: `probe server HOST:PORT"), "{text}");
}

#[test]
fn who_cannot_be_judged_is_not_judged() {
    let world = World::new();
    let files = world.ca.good("localhost", Key::P256);
    let server = Server::start(&files.args(&world.ca));
    // Nobody listens.
    let (status, text) = world.probe(1, &[]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("The target cannot be reached"), "{text}");
    // The application never answers.
    let (status, text) = world.probe(server.port, &["--ask", "", "--patience", "300"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("did not answer a good peer"), "{text}");
    // Another machine, without leave.
    let elsewhere = ["server", "192.0.2.1:443", "--ca", &world.ca.pem, "--ca-key", &world.ca_key];
    let (status, text) = said(example("probe").args(elsewhere).output().unwrap());
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("--i-am-allowed-to-test 192.0.2.1"), "{text}");
}

/// It is refused for the length of its path, whatever else is wrong with it.
#[test]
fn a_ca_that_may_have_none_below_it_leaves_the_cases_with_intermediates_out() {
    let world = World::of(Ca::with_constraints("root", rcgen::BasicConstraints::Constrained(0)));
    let only = ["--only", "certificate/expired-intermediate", "--only", "certificate/constrained"];
    let (status, text) = world.probe(world.serve(Fault::None), &only);
    assert!(status == 0 && text.contains("0 wrong, 2 skipped"), "{text}");
    assert!(text.contains("(pathLenConstraint 0)"), "{text}");
}

/// Nothing else is wrong with what is below it: a server that trusts whatever was sent serves that.
#[test]
fn an_intermediate_is_expired_or_constrained_itself_if_its_issuer_s_key_is_there() {
    let world = World::new();
    let dir = world.ca.dir.join("pki");
    assert!(example("pki").arg("init").arg("--dir").arg(&dir).output().unwrap().status.success());
    let file = |name: &str| dir.join(name).to_str().unwrap().to_string();
    // The last one trusts the intermediate itself, and so has a good path whatever is sent.
    for (fault, trusted, accepted) in [
        (Fault::None, "ca.pem", &[][..]),
        (Fault::AcceptsAnotherCa, "ca.pem", &["certificate/expired-intermediate"]),
        (Fault::None, "intermediate.pem", &[]),
    ] {
        let root = CertificateDer::from_pem_file(file(trusted)).unwrap();
        let port = serve(fault, world.identity("localhost"), root);
        let mut command = example("probe");
        command.args(["server", &format!("127.0.0.1:{port}"), "--ask", "*\\n", "--rate", "1000"]);
        for (option, name) in [
            ("--ca", "ca.pem"),
            ("--ca-key", "intermediate.key"),
            ("--issuer", "intermediate.pem"),
            ("--root-key", "ca.key"),
        ] {
            command.args([option, &file(name)]);
        }
        command.args(["--only", "certificate/expired-intermediate", "--only", "certificate/constrained"]);
        let (status, text) = said(command.output().unwrap());
        assert_eq!((status, found(&text, "ACCEPTED")), (i32::from(fault != Fault::None), accepted.to_vec()), "{text}");
        let skipped = text.contains("skipped") && text.contains("has the certificate of --issuer itself");
        assert_eq!(skipped, trusted == "intermediate.pem", "{text}");
    }
}

/// A server that wants to be asked for TLS first, and is then this one.
fn after_a_greeting(port: u16) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            std::thread::spawn(move || {
                let mut client = client.unwrap();
                client.write_all(b"220 here\r\n").unwrap();
                let mut asked = [0; 10];
                client.read_exact(&mut asked).unwrap();
                assert_eq!(&asked, b"STARTTLS\r\n");
                client.write_all(b"220 go ahead\r\n").unwrap();
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let copy = |mut from: TcpStream, mut to: TcpStream| {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                };
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || copy(from, to));
                copy(server, client);
            });
        }
    });
    own
}

#[test]
fn what_comes_before_tls_is_said_as_text_or_by_a_command() {
    let world = World::new();
    let port = after_a_greeting(world.serve(Fault::None));
    let only = ["--only", "certificate/other-ca"];
    let text = ["--preamble", "STARTTLS\\r\\n", "--preamble-answer", "ahead\\r\\n"];
    let command = ["--preamble-run", "read -r greeting; printf 'STARTTLS\\r\\n'; read -r answer"];
    for preamble in [&text[..], &command] {
        let (status, text) = world.probe(port, &[&only[..], preamble].concat());
        assert_eq!(status, 0, "{text}");
    }
    let (status, text) = world.probe(port, &[&only[..], &["--preamble-run", "exit 7"]].concat());
    assert!(status == 3 && text.contains("the command of the preamble failed"), "{text}");
}

#[test]
fn a_case_is_explained_byte_by_byte() {
    let world = World::new();
    let (status, text) = world.probe(world.serve(Fault::None), &["--explain", "certificate_verify/flipped"]);
    assert_eq!(status, 0, "{text}");
    for words in
        ["Changed(certificate_verify, [Flip(0)])", "legacy_session_id", "client CertificateVerify: DOES NOT HOLD"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Whatever else was sent holds: the keys are right.
    assert!(text.contains("client Finished: holds") && text.contains("server CertificateVerify: holds"), "{text}");
}

#[test]
fn the_report_is_there_for_programs() {
    let world = World::new();
    let (_, json) =
        world.probe(world.serve(Fault::AcceptsAnEmptyCertificate), &["--json", "-", "--only", "certificate/none"]);
    assert!(json.contains("{\"name\": \"certificate/none\", \"rule\": \"RFC 9846 §4.5.1.3\", \"status\": \"ACCEPTED\", \"counts\": true"), "{json}");
    let (_, junit) =
        world.probe(world.serve(Fault::AcceptsAnEmptyCertificate), &["--junit", "-", "--only", "certificate/none"]);
    assert!(
        junit.contains("<failure type=\"ACCEPTED\" message=\"A client without any certificate was served."),
        "{junit}"
    );
}

#[test]
fn a_flight_of_tls12_is_judged_only_when_all_of_it_is_here() {
    // ServerHello (cut short, which is not looked at), Certificate, CertificateRequest, ServerHelloDone.
    let (hello, certificate, request, done) = ([2, 0, 0, 1, 3], [11, 0, 0, 0], [13, 0, 0, 0], [14, 0, 0, 0]);
    let record = |messages: &[u8]| [&[22, 3, 3, 0, messages.len() as u8], messages].concat();
    let without = record(&[&hello[..], &certificate, &done].concat());
    assert_eq!(tls12::certificate_requested(&without), Some(false));
    for end in 0..without.len() {
        assert_eq!(tls12::certificate_requested(&without[..end]), None, "{end}");
    }
    let with = [record(&hello), record(&certificate), record(&request[..2]), record(&[&request[2..], &done].concat())];
    assert_eq!(tls12::certificate_requested(&with.concat()), Some(true));
    assert_eq!(tls12::certificate_requested(&[21, 3, 3, 0, 2, 2, 70]), None);
}
