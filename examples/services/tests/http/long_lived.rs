//! Connections that live longer than their certificates.

use std::process::Command;

/// It holds itself that a client which proves who it is never notices, that one which proves nothing ends with its
/// certificate, and that one which is revoked is gone within a second.
#[test]
fn grpc_connections_stay_open_while_certificates_rotate() {
    let output = Command::new(env!("CARGO_BIN_EXE_long_lived")).output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{errors}");
    assert!(said.contains("after his revocation"), "{said}");
    assert!(errors.contains("spiffe://example.org/bob (serial") && errors.contains("has been revoked"), "{errors}");
}
