//! Our client against other people's servers, and our server for their clients and proxies, over TCP: each as
//! docs/INTEROP.md configures it. Who is let in, whom the other side believes to have met, and how refusals are said.
#![cfg(feature = "x509")]

mod book;
mod ours;
mod pki;
mod programs;

use ours::{Server, Side, call};
use programs::{APACHE, GNUTLS, HAPROXY, Kind, NGINX, Neighbour, OPENSSL, PYTHON, Program};

#[test]
#[ignore = "exploration"]
fn explore_servers() {
    for (kind, title, off) in [
        (NGINX, "nginx server", ("ssl_verify_client on", "ssl_verify_client off")),
        (APACHE, "apache server", ("SSLVerifyClient require", "SSLVerifyClient none")),
        (HAPROXY, "haproxy server", ("verify required", "verify none")),
        (GNUTLS, "sh gnutls-serv", ("--require-client-cert --verify-client-cert", "--disable-client-cert")),
        (OPENSSL, "sh s_server", ("-Verify 2", "")),
        (PYTHON, "python server", ("context.verify_mode = ssl.CERT_REQUIRED", "")),
    ] {
        println!("######## {title}");
        let dir = pki::make();
        let neighbour = kind.start(&dir, title, 0, &[]);
        let request = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";
        for name in ["client", "stranger-client", "revoked-client"] {
            println!("# {name}: {:?}", call(neighbour.port, &Side::client(&dir, name), request, "\u{0}"));
        }
        println!("# said: {}", show(neighbour.program.said()));
        for server in ["stranger-server", "revoked-server"] {
            let n = kind.start(&dir, title, 0, &[("/server", &format!("/{server}"))]);
            println!("# {server}: {:?}", call(n.port, &Side::client(&dir, "client"), request, "\u{0}"));
            std::thread::sleep(std::time::Duration::from_millis(300));
            println!("# said: {}", show(n.program.said()));
        }
        let n = kind.start(&dir, title, 0, &[off]);
        println!("# does not ask: {:?}", call(n.port, &Side::client(&dir, "client"), request, "\u{0}"));
        std::thread::sleep(std::time::Duration::from_millis(300));
        println!("# said: {}", show(n.program.said()));
    }
}

fn show(text: String) -> String {
    text.lines().filter(|l| !(l.contains("AH0") && !l.contains("rror")) && !l.contains("notice")).map(|l| format!("   {l}\n")).collect()
}
#[test]
#[ignore = "exploration"]
fn explore_clients() {
    for (title, off) in [
        ("sh gnutls-cli", "--x509certfile pki/client.pem --x509keyfile pki/client.key "),
        ("python client", "context.load_cert_chain(\"pki/client.pem\", \"pki/client.key\")\n"),
    ] {
        println!("######## {title}");
        let dir = pki::make();
        for (server, change) in [
            ("server", None),
            ("server", Some(("/client", "/stranger-client"))),
            ("server", Some(("/client", "/revoked-client"))),
            ("server", Some((off, ""))),
            ("stranger-server", None),
            ("revoked-server", None),
        ] {
            let ours = Server::start(&dir, server);
            std::process::Command::new("sh").args(["-ec", &book::block("sh gnutls-files")]).current_dir(&dir.0).status().unwrap();
            let mut text = book::block(title).replace("4433", &ours.port.to_string());
            if let Some((from, to)) = change {
                text = text.replace(from, to);
            }
            let program = if title == "python client" {
                programs::python(&dir, &text)
            } else {
                Program::shell(&dir, &text, "GET / HTTP/1.0\r\n\r\n")
            };
            println!("# {server} {change:?}: {:?}", ours.outcome());
            std::thread::sleep(std::time::Duration::from_millis(200));
            println!("# said: {}", show(program.said()));
        }
    }
    for (kind, title, off) in [
        (NGINX, "nginx upstream", "        proxy_ssl_certificate /etc/mtls/client.pem;\n        proxy_ssl_certificate_key /etc/mtls/client.key;\n"),
        (APACHE, "apache upstream", "    SSLProxyMachineCertificateFile /etc/mtls/client-with-key.pem\n    SSLProxyMachineCertificateChainFile /etc/mtls/intermediate.pem\n"),
        (HAPROXY, "haproxy upstream", "crt /etc/mtls/client-with-key.pem "),
    ] {
        println!("######## {title}");
        let dir = pki::make();
        for (server, change) in [
            ("server", None),
            ("server", Some(("/client", "/stranger-client"))),
            ("server", Some(("/client", "/revoked-client"))),
            ("server", Some((off, ""))),
            ("stranger-server", None),
            ("revoked-server", None),
        ] {
            let ours = Server::start(&dir, server);
            let n = kind.start(&dir, title, ours.port, change.as_slice());
            println!("# answer: {:?}", programs::ask(n.port));
            println!("# {server} {change:?}: {:?}", ours.outcome());
            std::thread::sleep(std::time::Duration::from_millis(200));
            println!("# said: {}", show(n.program.said()));
        }
    }
}
