//! The traces of RFC 8448, explained live. Their private keys are published, so every secret must be found.

use crate::heard::assert_tiled;
use crate::vectors::Vectors;
use countersign::study::{Conversation, KeyLog, PrivateShares, Study, explain};
use countersign::trace::KeyLogLine;

pub const SECTIONS: [(&str, &str); 4] = [
    ("section 3", include_str!("../../vectors/rfc8448/section_3_simple.txt")),
    ("section 5", include_str!("../../vectors/rfc8448/section_5_hello_retry_request.txt")),
    ("section 6", include_str!("../../vectors/rfc8448/section_6_client_authentication.txt")),
    ("section 7", include_str!("../../vectors/rfc8448/section_7_compatibility_mode.txt")),
];

/// The study of a trace. `log`: whether a key log has the secrets that can also be derived.
pub fn trace(section: &str, trace: &Vectors, log: bool) -> Study {
    let stream = |role: &str| -> Vec<u8> {
        let mut stream = Vec::new();
        for keys in ["plaintext", "handshake", "application"] {
            let records = (0..).map_while(|number| trace.find(&format!("{role}_{keys}_record_{number}")));
            records.for_each(|record| stream.extend_from_slice(record));
        }
        stream
    };
    let mut conversation =
        Conversation::of_streams(format!("RFC 8448, {section}"), &stream("client"), &stream("server"));
    conversation.live = Some(PrivateShares {
        client: trace.value("client_private_key").to_vec(),
        server: trace.value("server_private_key").to_vec(),
        shared_secret: trace.value("shared_secret").to_vec(),
    });
    let first = trace.find("client_hello_1").unwrap_or(trace.value("client_hello"));
    let client_random = first[6..38].try_into().expect("32 bytes");
    let line =
        |(label, name): (&str, &str)| KeyLogLine { label, client_random, secret: trace.value(name) }.to_string() + "\n";
    let lines = [
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"),
        ("CLIENT_TRAFFIC_SECRET_0", "client_application_traffic_secret_0"),
        ("SERVER_TRAFFIC_SECRET_0", "server_application_traffic_secret_0"),
    ];
    let lines: String = if log { lines.map(line).concat() } else { String::new() };
    explain(&[conversation], &KeyLog::parse(lines.as_bytes()))
}

#[test]
fn every_secret_of_the_traces_comes_out_as_published() {
    for (section, text) in SECTIONS {
        let published = Vectors::parse(text);
        let study = trace(section, &published, true);
        assert_tiled(&study);
        let connection = &study.connections[0];
        assert!(connection.records.iter().all(|record| record.unopened.is_none()), "{section}");
        let mut compared = 0;
        for secret in &connection.secrets {
            if let Some(expected) = published.find(&secret.name) {
                assert_eq!(secret.value.bytes(), Some(expected), "{section}: {}", secret.name);
                compared += 1;
            }
        }
        assert!(compared >= 20, "{section}: only {compared} secrets have the names of the trace");
        for (role, name) in [("server", "server_verify_data"), ("client", "client_verify_data")] {
            let check = connection.checks.iter().find(|check| check.name == format!("{role} Finished")).unwrap();
            assert_eq!((check.ok, check.expected.bytes()), (Some(true), published.find(name)), "{section}");
        }
    }
}
