//! Records and messages that the targets' peers write and read.

#[path = "../../tests/support/wire.rs"]
mod shared;

use countersign::internals::codec::AlertDescription;
pub use shared::{HEADER, null_protected, plain, records, written};
use std::sync::LazyLock;

/// The alerts in what a null-crypto end has sent.
pub fn null_alerts(sent: &[u8]) -> Vec<AlertDescription> {
    let (records, rest) = records(sent);
    assert!(rest.is_empty(), "only whole records are sent");
    let alert = |record: &&[u8]| match record {
        [21, _, _, 0, 2, _, alert] => Some(AlertDescription(*alert)),
        [23, _, _, 0, 19, _, alert, 21, ..] => Some(AlertDescription(*alert)),
        _ => None,
    };
    records.iter().filter_map(alert).collect()
}

/// This many bytes of an endless text from this position on, so that a reader knows its position. They are copied in
/// one piece, because loops over bytes take most of a fuzzer's time.
pub fn text(place: usize, len: usize) -> &'static [u8] {
    static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| (0..251).cycle().take(20_000).collect());
    &TEXT[place % 251..][..len]
}
