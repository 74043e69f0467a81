//! The page for Prometheus.

use crate::ours::{ADMIN, connect, request};
use crate::pki;
use crate::programs::Program;
use crate::run::{CLIENT, SERVER, ask, serve};
use std::process::Command;

/// What a server shows that has met a client twice, a revoked one, and the one that asks.
fn page() -> String {
    let dir = pki::make();
    let (server, url) = serve(&dir, SERVER, &ADMIN);
    for _ in 0..2 {
        assert!(ask(&dir, CLIENT, "client", &url).0);
    }
    assert!(!ask(&dir, CLIENT, "revoked-client", &url).0);
    server.waits_for("has been revoked");
    let mut stream = connect(&dir, &url).unwrap();
    let answer = request(&mut stream, "/metrics");
    let (head, page) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/plain; version=0.0.4"), "{head}");
    page.to_owned()
}

#[test]
fn the_page_tells_what_has_happened() {
    let page = page();
    for line in [
        "countersign_handshakes_total{role=\"server\",outcome=\"Completed\",reason=\"\"} 3\n",
        "countersign_handshakes_total{role=\"server\",outcome=\"Refused\",reason=\"Revoked\"} 1\n",
        "countersign_verdict_seconds_bucket{le=\"+Inf\"} 4\n",
        "countersign_verdict_seconds_count 4\n",
        "countersign_connections 1\n",
        "countersign_key_updates_total{way=\"received\"} 3\n",
        "countersign_signature_memo_total{result=\"hit\"} ",
        "countersign_certificate_expires_seconds ",
        "countersign_first_lease_ends_seconds ",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

#[test]
fn only_administrators_see_it() {
    let dir = pki::make();
    let (_server, url) = serve(&dir, SERVER, &["--admin", "spiffe://example.org/somebody-else"]);
    assert!(request(&mut connect(&dir, &url).unwrap(), "/metrics").starts_with("HTTP/1.1 403"));
}

/// Each family has its type and its help, a histogram is one, and no line is lost.
const READER: &str = r##"
import sys
from prometheus_client.parser import text_string_to_metric_families
text = sys.stdin.read()
families = {family.name: family for family in text_string_to_metric_families(text)}
lines = [line for line in text.splitlines() if not line.startswith("#")]
assert sum(len(family.samples) for family in families.values()) == len(lines), families
for family in families.values():
    assert family.name.startswith("countersign_") and family.documentation, family
types = {name.removeprefix("countersign_"): family.type for name, family in families.items()}
assert types["handshakes"] == types["key_updates"] == "counter", types
assert types["connections"] == types["certificate_expires_seconds"] == "gauge", types
assert types["verdict_seconds"] == "histogram", types
samples = families["countersign_verdict_seconds"].samples
buckets = [(float(s.labels["le"]), s.value) for s in samples if s.name.endswith("_bucket")]
assert buckets == sorted(buckets) and buckets[-1] == (float("inf"), 4.0), buckets
assert [v for _, v in buckets] == sorted(v for _, v in buckets), buckets
assert 0 < families["countersign_certificate_expires_seconds"].samples[0].value
print("all read")
"##;

#[test]
#[ignore = "needs Python with prometheus_client"]
fn a_reader_of_prometheus_reads_it() {
    let dir = pki::make();
    let mut python = Command::new("/usr/bin/python3"); // Debian's, which has Debian's modules
    let (good, said) = Program::start(&dir, python.args(["-c", READER]), &page()).ends();
    assert!(good && said.contains("all read"), "{said}");
}
