//! Current peers with hybrid groups and ML-DSA: our client with each server, and our server with each client, over TCP.
//! What each peer supports, and which alerts are sent, is compared with `seen/`. The table in docs/INTEROP.md is made
//! from this folder.
//!
//! `.ci/neighbours` gets the peers and runs this.

#[path = "../programs/book.rs"]
mod book;
mod matrix;
#[path = "../programs/ours.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod ours;
mod peers;
#[path = "../programs/pki.rs"]
mod pki;
#[path = "../programs/programs.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod programs;
mod seen;
mod table;

#[test]
#[ignore = "needs Go 1.27: .ci/neighbours"]
fn go() {
    matrix::meets(&peers::GO);
}

#[test]
#[ignore = "needs Python's cryptography and pyOpenSSL: .ci/neighbours"]
fn openssl() {
    matrix::meets(&peers::OPENSSL);
}

#[test]
fn rustls() {
    matrix::meets(&peers::RUSTLS);
}

#[test]
#[ignore = "needs Node 26: .ci/neighbours"]
fn node() {
    matrix::meets(&peers::NODE);
}

#[test]
#[ignore = "needs Java 25: .ci/neighbours"]
fn java() {
    matrix::meets(&peers::JAVA);
}

#[test]
#[ignore = "needs Python's tlslite-ng: .ci/neighbours"]
fn tlslite_ng() {
    matrix::meets(&peers::TLSLITE);
}

#[test]
#[ignore = "needs s2n-tls, which takes minutes to build: .ci/neighbours"]
fn s2n() {
    matrix::meets(&peers::S2N);
}
