//! Other people's programs.

use crate::pki;
use crate::programs::{self, Program};
use crate::run::{CLIENT, SERVER, ask, serve};
use std::process::Command;

/// With HTTP/1.1 and HTTP/2: what it says as `pki/client.pem`, and that others are refused.
fn meets(client: impl Fn(&str, &str, &str) -> Command) {
    let dir = pki::make();
    let (server, url) = serve(&dir, SERVER, &["--admin", "spiffe://example.org/client"]);
    for version in ["1.1", "2"] {
        let run = |name, path| Program::start(&dir, &mut client(version, name, &format!("{url}{path}")), "").ends();
        let (good, said) = run("client", "/");
        let number = if version == "2" { "2.0" } else { version };
        assert!(good && said.contains(&format!("you are spiffe://example.org/client, by HTTP/{number}\n")), "{said}");
        let (good, said) = run("client", "/admin");
        assert!(good && said.contains("welcome\n"), "{said}");
        let (good, said) = run("revoked-client", "/");
        assert!(!good && said.to_lowercase().contains("alert certificate revoked"), "{said}");
    }
    server.waits_for("has been revoked");
}

#[test]
#[ignore = "needs curl"]
fn curl_and_our_server() {
    meets(|version, name, url| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--tlsv1.3", &format!("--http{version}"), "--cacert", "pki/ca.pem"]);
        curl.args(["--crlfile", "pki/crl.pem", "--cert", &format!("pki/{name}.pem")]);
        curl.args(["--key", &format!("pki/{name}.key"), url]);
        curl
    });
}

const HTTPX: &str = r#"
import httpx, ssl, sys
version, name, url = sys.argv[1:]
context = ssl.create_default_context(cafile="pki/ca.pem")
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(f"pki/{name}.pem", f"pki/{name}.key")
with httpx.Client(verify=context, http1=version == "1.1", http2=version == "2", trust_env=False) as client:
    big = bytes(range(256)) * 4096
    assert client.post(httpx.URL(url).join("/echo"), content=big).content == big
    print(client.get(url).text)
"#;

#[test]
#[ignore = "needs python3-httpx and python3-h2"]
fn python_and_our_server() {
    meets(|version, name, url| {
        let mut python = Command::new("/usr/bin/python3"); // Debian's, which has Debian's modules
        python.args(["-c", HTTPX, version, name, url]);
        python
    });
}

#[test]
#[ignore = "needs nginx"]
fn our_client_and_nginx() {
    let dir = pki::make();
    for (listen, version) in [("ssl;", "HTTP/1.1"), ("ssl http2;", "HTTP/2.0")] {
        let changes = [("ssl;", listen)];
        let (nginx, port) = programs::serve(programs::nginx, &dir, "nginx server", 0, &changes);
        let url = format!("https://localhost:{port}/");
        let (good, said) = ask(&dir, CLIENT, "client", &url);
        assert!(good && said.contains(&format!("{version} 200 OK")), "{said}");
        assert!(said.contains("nginx met CN=client\n"), "{said}");
        // nginx refuses by HTTP what it has let through the handshake.
        let (_, said) = ask(&dir, CLIENT, "revoked-client", &url);
        assert!(said.contains("400 The SSL certificate error"), "{said}");
        drop(nginx);
    }
}
