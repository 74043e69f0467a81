//! How a run is made and judged.

use super::*;

#[test]
fn a_flight_of_an_older_version_says_which() {
    let hello = |minor| [22, 3, 1, 0, 6, 2, 0, 0, 2, 3, minor];
    for (minor, version, option) in [(1, "TLS 1.0", "-tls1"), (2, "TLS 1.1", "-tls1_1"), (3, "TLS 1.2", "-tls1_2")] {
        assert_eq!(tls12::agreed(&hello(minor)), version);
        assert_eq!(tls12::option(version), option);
    }
    assert_eq!(tls12::agreed(&[22, 3, 1]), "an older version of TLS");
}

/// Ours gives none: nothing was tried with them, and the report does not say so.
#[test]
fn where_no_tickets_are_given_none_are_tried() {
    let world = World::new();
    let (status, text) = world.probe(world.serve(Fault::None), &["--only", "resumption/"]);
    assert_eq!((status, found(&text, "skipped").len()), (0, 2), "{text}");
    assert!(text.contains("it gives no ticket"), "{text}");
    assert!(text.contains("without a fresh proof: not tried"), "{text}");
}
