//! The diagram for Mermaid.

use crate::heard::fixed;
use countersign::study::{Connection, mermaid};
use countersign::{Policy, Verdict};

fn diagram(change: impl FnOnce(&mut Connection)) -> String {
    let policy = || Policy::new().published_key_exchange();
    let mut study = fixed(policy(), policy(), Verdict::Accept);
    change(&mut study.connections[0]);
    mermaid::render(&study.connections[0])
}

#[test]
fn a_diagram_shows_each_record_with_its_keys_and_each_proof() {
    let expected = "\
sequenceDiagram
    participant client
    participant server
    client->>server: client_hello
    server->>client: server_hello
    server->>client: change_cipher_spec
    server-->>client: encrypted_extensions, certificate_request, certificate, certificate_verify, finished [handshake keys]
    client->>server: change_cipher_spec
    client-->>server: certificate, certificate_verify, finished [handshake keys]
    server-->>client: key_update [application keys]
    client-->>server: application_data, 9 bytes [application keys]
    client-->>server: key_update [application keys]
    client-->>server: application_data, 20 bytes [application keys 1]
    client-->>server: close_notify (0x00) [application keys 1]
    note over client,server: server CertificateVerify holds
    note over client,server: server Finished holds
    note over client,server: client CertificateVerify holds
    note over client,server: client Finished holds
";
    assert_eq!(diagram(|_| ()), expected);
    // What is not known is not said, and what a peer says is no syntax.
    let changed = diagram(|connection| {
        connection.records.truncate(1);
        connection.records[0].title = "a;b<c>\nd: #é_1, (2).".into();
        connection.checks.truncate(2);
        (connection.checks[0].ok, connection.checks[1].ok) = (None, Some(false));
    });
    let expected = "\
sequenceDiagram
    participant client
    participant server
    client->>server: a b c  d    _1, (2).
    note over client,server: server Finished DOES NOT HOLD
";
    assert_eq!(changed, expected);
}
