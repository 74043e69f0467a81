//! The conformance shim's table of reason codes is complete.

#[path = "../../examples/bogo_shim/token_table.rs"]
mod token_table;

use countersign::ErrorKind;

#[test]
fn every_kind_has_exactly_one_token() {
    let kinds: Vec<_> = ErrorKind::TABLE.iter().map(|(name, ..)| *name).collect();
    let named: Vec<_> = token_table::TABLE.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, kinds, "the same kinds in the same order");
}
