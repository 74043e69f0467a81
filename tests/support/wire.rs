//! Records and messages without the record layer.

use countersign::internals::codec::{ContentType, Writer};

/// type, legacy_record_version, length.
pub const HEADER: usize = 5;
/// The tag of the null AEAD.
pub const NULL_TAG: [u8; 16] = [0; 16];

/// The bytes that `write` writes.
pub fn written(write: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut counter = Writer::counting();
    write(&mut counter);
    let mut bytes = vec![0; counter.len()];
    let mut writer = Writer::new(&mut bytes);
    write(&mut writer);
    writer.finish().expect("a message that can be written");
    bytes
}

/// A record without protection.
pub fn plain(content: ContentType, fragment: &[u8]) -> Vec<u8> {
    let len = u16::try_from(fragment.len()).expect("a record's length").to_be_bytes();
    [&[content.0, 3, 3, len[0], len[1]], fragment].concat()
}

/// A record as the null AEAD protects it.
pub fn null_protected(content: ContentType, fragment: &[u8]) -> Vec<u8> {
    plain(ContentType::APPLICATION_DATA, &[fragment, &[content.0], &NULL_TAG].concat())
}

/// Splits the whole records from the start of `bytes`. Returns the rest, too.
pub fn records(mut bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut records = Vec::new();
    while let Some((header, _)) = bytes.split_first_chunk::<HEADER>() {
        let len = HEADER + usize::from(u16::from_be_bytes([header[3], header[4]]));
        let Some((record, rest)) = bytes.split_at_checked(len) else { break };
        records.push(record);
        bytes = rest;
    }
    (records, bytes)
}
