//! Our client with other servers.

use crate::ours::{Side, call};
use crate::pki::{self, Dir};
use crate::programs::{self, Program, Start, make_files, serve};

/// A server that requires certificates.
struct Server {
    /// Its block in docs/INTEROP.md.
    title: &'static str,
    /// The block that makes its files.
    files: Option<&'static str>,
    start: Start,
    /// The end of its answer. Empty: it closes.
    until: &'static str,
    /// What it reports about our client's certificate, to us or in its output.
    sees: &'static [&'static str],
    /// What we receive if our certificate is of an unknown CA, and if it is revoked.
    refuses: [&'static str; 2],
    /// It reports this by HTTP.
    by_http: bool,
    /// The words of its block that request certificates, and their replacement.
    asks: (&'static str, &'static str),
    /// The text with which it reports this alert.
    hears: fn(&str) -> String,
}

const REQUEST: &str = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";
const UNKNOWN_CA: &str = "the peer rejected our certificate (unknown_ca)";
const REVOKED: &str = "the peer rejected our certificate (certificate_revoked)";

/// OpenSSL's text: "tlsv1 alert unknown ca".
fn in_words(alert: &str) -> String {
    format!("alert {}", alert.replace('_', " "))
}

impl Server {
    fn start(&self, dir: &Dir, changes: &[(&str, &str)]) -> (Program, u16) {
        if let Some(files) = self.files {
            make_files(dir, files, changes);
        }
        serve(self.start, dir, self.title, 0, changes)
    }

    fn meets_our_client(&self) {
        let dir = pki::make();
        let (program, port) = self.start(&dir, &[]);
        self.lets_our_client_in(&dir, &program, port);
        self.refuses_our_client(&dir, port);
        drop(program);
        self.is_refused_by_our_client(&dir);
        self.is_left_if_it_does_not_ask(&dir);
    }

    fn lets_our_client_in(&self, dir: &Dir, program: &Program, port: u16) {
        let met = call(port, &Side::client(dir, "client"), REQUEST, self.until).unwrap();
        assert!(met.whom.starts_with("CN=server, SHA-256 "), "{met:?}");
        program.answers(&met.said);
        for each in self.sees {
            program.waits_for(each);
        }
    }

    fn refuses_our_client(&self, dir: &Dir, port: u16) {
        for (name, refusal) in ["stranger-client", "revoked-client"].into_iter().zip(self.refuses) {
            let request = if self.by_http { REQUEST } else { "" };
            let outcome = call(port, &Side::client(dir, name), request, "</html>");
            let told = match outcome {
                Ok(met) if self.by_http => met.said,
                Err(sentence) if !self.by_http => {
                    assert!(
                        sentence.contains("; our certificate is CN=client, spiffe://example.org/client"),
                        "{sentence}"
                    );
                    sentence
                }
                unexpected => panic!("{name}: {unexpected:?}"),
            };
            assert!(told.contains(refusal), "{name}: {told}");
        }
    }

    fn is_refused_by_our_client(&self, dir: &Dir) {
        let refusals = [
            ("/stranger-server", "unknown_ca", "leads to no trusted root"),
            ("/revoked-server", "certificate_revoked", "has been revoked"),
        ];
        for (name, alert, because) in refusals {
            let (program, port) = self.start(dir, &[("/server", name)]);
            let sentence = call(port, &Side::client(dir, "client"), REQUEST, "").unwrap_err();
            let refused = "we, the client, refused the claimed identity: server certificate CN=server";
            assert!(sentence.starts_with(refused) && sentence.contains(because), "{sentence}");
            assert!(sentence.ends_with(&format!("alert {alert} sent")), "{sentence}");
            program.waits_for(&(self.hears)(alert));
        }
    }

    fn is_left_if_it_does_not_ask(&self, dir: &Dir) {
        let (program, port) = self.start(dir, &[self.asks]);
        let sentence = call(port, &Side::client(dir, "client"), REQUEST, "").unwrap_err();
        let because = "the server did not ask for our certificate, so this is no mutual TLS";
        assert!(sentence.contains(because) && sentence.contains("alert handshake_failure sent"), "{sentence}");
        program.waits_for(&(self.hears)("handshake_failure"));
    }
}

#[test]
#[ignore = "needs nginx"]
fn our_client_and_nginx() {
    // nginx completes every handshake, whatever the certificate, and refuses the request.
    let refusal = "400 The SSL certificate error";
    Server {
        title: "nginx server",
        files: None,
        start: programs::nginx,
        until: "met CN=client\n",
        sees: &["nginx met CN=client\n"],
        refuses: [refusal, refusal],
        by_http: true,
        asks: ("ssl_verify_client on", "ssl_verify_client off"),
        hears: in_words,
    }
    .meets_our_client();
}

#[test]
#[ignore = "needs apache2-bin"]
fn our_client_and_apache() {
    Server {
        title: "apache server",
        files: None,
        start: programs::apache,
        until: "</html>",
        sees: &["X-Client: CN=client\r\n"],
        refuses: [UNKNOWN_CA, REVOKED],
        by_http: false,
        asks: ("SSLVerifyClient require", "SSLVerifyClient none"),
        hears: in_words,
    }
    .meets_our_client();
}

#[test]
#[ignore = "needs haproxy"]
fn our_client_and_haproxy() {
    Server {
        title: "haproxy server",
        files: Some("sh haproxy-files"),
        start: programs::haproxy,
        until: "CN=client\n",
        sees: &["HAProxy met /CN=client\n"],
        refuses: [UNKNOWN_CA, REVOKED],
        by_http: false,
        asks: ("verify required", "verify none"),
        hears: |_| "SSL handshake failure".into(), // it reports no more
    }
    .meets_our_client();
}

#[test]
#[ignore = "needs gnutls-bin"]
fn our_client_and_gnutls() {
    let access_denied = "the peer rejected our certificate (access_denied)";
    Server {
        title: "sh gnutls-serv",
        files: None,
        start: programs::driver,
        until: "GET /",
        sees: &[
            "GET /",
            "Status: The certificate is trusted",
            "Subject: CN=client",
            "URI: spiffe://example.org/client",
        ],
        refuses: [access_denied, access_denied],
        by_http: false,
        asks: ("--require-client-cert --verify-client-cert", "--disable-client-cert"),
        hears: |_| "A TLS fatal alert has been received".into(), // it does not report which one
    }
    .meets_our_client();
}

#[test]
#[ignore = "needs openssl"]
fn our_client_and_openssl() {
    Server {
        title: "sh s_server",
        files: None,
        start: programs::driver,
        until: "</html>",
        sees: &["Client certificate\n", "URI:spiffe://example.org/client"],
        refuses: [UNKNOWN_CA, REVOKED],
        by_http: false,
        asks: ("-Verify 2", ""),
        hears: in_words,
    }
    .meets_our_client();
}

#[test]
#[ignore = "needs python3"]
fn our_client_and_python() {
    Server {
        title: "python server",
        files: None,
        start: programs::python_server,
        until: "}\n",
        sees: &["(('commonName', 'client'),)", "(('URI', 'spiffe://example.org/client'),)"],
        refuses: [UNKNOWN_CA, REVOKED],
        by_http: false,
        asks: ("context.verify_mode = ssl.CERT_REQUIRED", ""),
        hears: |alert| format!("ALERT_{}", alert.to_uppercase()),
    }
    .meets_our_client();
}
