//! Our server with other clients and proxies.

use crate::book;
use crate::ours::Server;
use crate::pki::{self, Dir};
use crate::programs::{self, Program, Start, make_files, serve};

/// A client with a certificate, or a proxy that connects for a client without one.
struct Client {
    /// Its block in docs/INTEROP.md.
    title: &'static str,
    /// The block that makes its files.
    files: Option<&'static str>,
    run: Run,
    /// What it reports about our server, if anything.
    sees: &'static [&'static str],
    /// The words of the block that give it its certificate.
    certificate: &'static str,
    /// The text with which it reports this alert.
    hears: fn(&str) -> String,
    /// Its text about a server of an unknown CA, and about a revoked one.
    refuses: [&'static str; 2],
    /// The alert that it sends. `None`: it judges after the handshake.
    alerts: [Option<&'static str>; 2],
}

enum Run {
    /// The program of a command line, which gets the request as input.
    Driver,
    Python,
    Proxy(Start),
}

const OPENSSL_ALERTS: [Option<&str>; 2] = [Some("unknown_ca"), Some("certificate_revoked")];

/// OpenSSL's text: "tlsv1 alert unknown ca".
fn in_words(alert: &str) -> String {
    format!("alert {}", alert.replace('_', " "))
}

impl Client {
    /// Connects to our server. Its output contains the answer.
    fn calls(&self, dir: &Dir, ours: &Server, changes: &[(&str, &str)]) -> Program {
        if let Some(files) = self.files {
            make_files(dir, files, changes);
        }
        let text = || book::changed(self.title, changes).replace("4433", &ours.port.to_string());
        match self.run {
            Run::Driver => Program::driver(dir, &text(), "GET / HTTP/1.0\r\n\r\n"),
            Run::Python => programs::python(dir, &text()),
            Run::Proxy(start) => {
                let (program, port) = serve(start, dir, self.title, ours.port, changes);
                program.answers(&programs::ask(port));
                program
            }
        }
    }

    fn meets_our_server(&self) {
        let dir = pki::make();
        self.is_let_in(&dir);
        self.is_refused(&dir);
        self.refuses_our_server(&dir);
    }

    fn is_let_in(&self, dir: &Dir) {
        let ours = Server::start(dir, "server");
        let program = self.calls(dir, &ours, &[]);
        let met = ours.outcome().unwrap();
        assert!(met.whom.starts_with("CN=client, spiffe://example.org/client, SHA-256 "), "{met:?}");
        assert!(met.said.starts_with("GET / HTTP/1."), "{met:?}");
        program.waits_for("our server met CN=client, spiffe://example.org/client");
        for each in self.sees {
            program.waits_for(each);
        }
    }

    fn is_refused(&self, dir: &Dir) {
        let client = "we, the server, refused the claimed identity: client certificate CN=client";
        let refusals = [
            (("/client", "/stranger-client"), client, "leads to no trusted root", "unknown_ca"),
            (("/client", "/revoked-client"), client, "has been revoked", "certificate_revoked"),
            ((self.certificate, ""), "the client sent no certificate", "", "certificate_required"),
        ];
        for (change, refused, because, alert) in refusals {
            let ours = Server::start(dir, "server"); // a new server each time, because HAProxy tries more than once
            let program = self.calls(dir, &ours, &[change]);
            let sentence = ours.outcome().unwrap_err();
            assert!(sentence.starts_with(refused) && sentence.contains(because), "{sentence}");
            assert!(sentence.contains(&format!("alert {alert} sent")), "{sentence}");
            program.waits_for(&(self.hears)(alert));
        }
    }

    fn refuses_our_server(&self, dir: &Dir) {
        for (index, name) in ["stranger-server", "revoked-server"].into_iter().enumerate() {
            let ours = Server::start(dir, name);
            let program = self.calls(dir, &ours, &[]);
            match (ours.outcome(), self.alerts[index]) {
                (Err(sentence), Some(alert)) => {
                    assert!(sentence.contains(&format!("; alert {alert} received")), "{sentence}");
                    assert!(sentence.contains("; our certificate is CN=server, localhost "), "{sentence}");
                }
                // It has completed the handshake, and reports nothing.
                (Ok(met), None) => assert_eq!(met.said, ""),
                (outcome, _) => panic!("{name}: {outcome:?}"),
            }
            program.waits_for(self.refuses[index]);
        }
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_and_our_server() {
    Client {
        title: "sh curl",
        files: None,
        run: Run::Driver,
        sees: &[],
        certificate: "--cert pki/client.pem --key pki/client.key ",
        hears: in_words,
        refuses: ["unable to get local issuer certificate", "certificate revoked"],
        alerts: OPENSSL_ALERTS,
    }
    .meets_our_server();
}

#[test]
#[ignore = "needs openssl"]
fn openssl_and_our_server() {
    Client {
        title: "sh s_client",
        files: None,
        run: Run::Driver,
        sees: &["subject=CN = server\n", "Verified peername: localhost\n"],
        certificate: "-cert pki/client.pem -cert_chain pki/intermediate.pem -key pki/client.key ",
        hears: in_words,
        refuses: ["unable to get local issuer certificate", "certificate revoked"],
        alerts: OPENSSL_ALERTS,
    }
    .meets_our_server();
}

#[test]
#[ignore = "needs gnutls-bin"]
fn gnutls_and_our_server() {
    Client {
        title: "sh gnutls-cli",
        files: Some("sh gnutls-files"),
        run: Run::Driver,
        sees: &["subject `CN=server'", "Status: The certificate is trusted"],
        certificate: "--x509certfile pki/client.pem --x509keyfile pki/client.key ",
        // "[48]: CA is unknown", "[44]: Certificate was revoked", "[116]: Certificate is required"
        hears: |alert| {
            let number = match alert {
                "unknown_ca" => 48,
                "certificate_revoked" => 44,
                _ => 116,
            };
            format!("Received alert [{number}]")
        },
        refuses: ["The certificate issuer is unknown", "The certificate chain is revoked"],
        alerts: [Some("bad_certificate"); 2],
    }
    .meets_our_server();
}

#[test]
#[ignore = "needs python3"]
fn python_and_our_server() {
    Client {
        title: "python client",
        files: None,
        run: Run::Python,
        sees: &["met (('DNS', 'localhost'),)"],
        certificate: "context.load_cert_chain(\"pki/client.pem\", \"pki/client.key\")\n",
        hears: |alert| format!("ALERT_{}", alert.to_uppercase()),
        refuses: ["unable to get local issuer certificate", "certificate revoked"],
        alerts: OPENSSL_ALERTS,
    }
    .meets_our_server();
}

#[test]
#[ignore = "needs nginx"]
fn nginx_in_front_of_our_server() {
    Client {
        title: "nginx upstream",
        files: None,
        run: Run::Proxy(programs::nginx),
        sees: &[],
        certificate: "        proxy_ssl_certificate /etc/mtls/client.pem;\n        \
                      proxy_ssl_certificate_key /etc/mtls/client.key;\n",
        hears: in_words,
        refuses: ["upstream SSL certificate verify error"; 2],
        alerts: [None; 2],
    }
    .meets_our_server();
}

#[test]
#[ignore = "needs apache2-bin"]
fn apache_in_front_of_our_server() {
    Client {
        title: "apache upstream",
        files: Some("sh apache-files"),
        run: Run::Proxy(programs::apache),
        sees: &[],
        certificate: "    SSLProxyMachineCertificateFile /etc/mtls/client-with-key.pem\n    \
                      SSLProxyMachineCertificateChainFile /etc/mtls/intermediate.pem\n",
        hears: in_words,
        refuses: ["Error (20): unable to get local issuer certificate", "Error (23): certificate revoked"],
        alerts: OPENSSL_ALERTS,
    }
    .meets_our_server();
}

#[test]
#[ignore = "needs haproxy"]
fn haproxy_in_front_of_our_server() {
    Client {
        title: "haproxy upstream",
        files: Some("sh haproxy-files"),
        run: Run::Proxy(programs::haproxy),
        sees: &[],
        certificate: "crt /etc/mtls/client-with-key.pem ",
        // It reports only 502 or 503.
        hears: |_| "HTTP/1.1 50".into(),
        refuses: ["HTTP/1.1 50"; 2],
        alerts: OPENSSL_ALERTS,
    }
    .meets_our_server();
}
