//! The counters of all connections, as a page for Prometheus.

use countersign::Role;
use countersign::adapters::{Metrics, Outcome};
use countersign::x509::{Identities, SignatureMemo};
use rustls_pki_types::UnixTime;
use std::fmt::Write;
use std::time::Duration;

/// The media type of [`page`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The buckets of a histogram in seconds: how soon leases end.
const SOON: [u64; 6] = [60, 600, 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600];

/// The page in the text format 0.0.4. All label values are our own names, or numbers, so no peer can add one.
pub fn page(metrics: &Metrics, memo: &SignatureMemo, ours: &Identities) -> String {
    let mut page = Page(String::new());
    page.about("handshakes_total", "counter", "Handshakes by how they ended.");
    page.outcomes("handshakes_total", metrics.handshakes());
    page.about(
        "reauthentications_total",
        "counter",
        "Proofs of peers inside of living connections, by how they ended.",
    );
    page.outcomes("reauthentications_total", metrics.reauthentications());

    page.about("verdict_seconds", "histogram", "How long verdicts on peers took.");
    let verdicts = metrics.verdicts();
    for (at_most, count) in verdicts.at_most {
        page.line("verdict_seconds_bucket", &format!("le=\"{}\"", at_most.as_secs_f64()), count);
    }
    page.line("verdict_seconds_bucket", "le=\"+Inf\"", verdicts.count);
    page.line("verdict_seconds_sum", "", verdicts.total.as_secs_f64());
    page.line("verdict_seconds_count", "", verdicts.count);

    page.about("signature_memo_total", "counter", "Signatures of chains that were remembered, or had to be verified.");
    page.line("signature_memo_total", "result=\"hit\"", memo.hits());
    page.line("signature_memo_total", "result=\"miss\"", memo.misses());
    page.about("key_updates_total", "counter", "KeyUpdates.");
    page.line("key_updates_total", "way=\"sent\"", metrics.key_updates_sent());
    page.line("key_updates_total", "way=\"received\"", metrics.key_updates_received());

    let now = UnixTime::now();
    page.about("certificate_expires_seconds", "gauge", "How long our first certificate to expire holds.");
    if let Some(expires) = ours.expires() {
        page.line("certificate_expires_seconds", "", seconds_from(now, expires));
    }
    page.about("connections", "gauge", "Connections that live.");
    page.line("connections", "", metrics.connections());
    page.about("leases_ending", "gauge", "Connections whose peer must prove itself again within so many seconds.");
    for within in SOON {
        let then = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs() + within));
        page.line("leases_ending", &format!("within=\"{within}\""), metrics.leases_ending_before(then));
    }
    page.about("first_lease_ends_seconds", "gauge", "How long the lease holds that ends first.");
    if let Some(end) = metrics.first_lease_end() {
        page.line("first_lease_ends_seconds", "", seconds_from(now, end));
    }
    page.0
}

/// Negative: it has ended.
fn seconds_from(now: UnixTime, then: UnixTime) -> i128 {
    i128::from(then.as_secs()) - i128::from(now.as_secs())
}

struct Page(String);

impl Page {
    fn about(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP countersign_{name} {help}\n# TYPE countersign_{name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(self.0, "countersign_{name}{labels} {value}");
    }

    fn outcomes(&mut self, name: &str, outcomes: Vec<Outcome>) {
        for Outcome { role, outcome, reason, count, .. } in outcomes {
            let role = if role == Role::Client { "client" } else { "server" };
            self.line(name, &format!("role=\"{role}\",outcome=\"{outcome}\",reason=\"{reason}\""), count);
        }
    }
}
