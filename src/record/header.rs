//! The five bytes before every record (RFC 9846 §5.1).
//!
//! ```text
//! struct {
//!     ContentType type;
//!     ProtocolVersion legacy_record_version;
//!     uint16 length;
//!     opaque fragment[TLSPlaintext.length];
//! } TLSPlaintext;
//! ```

use crate::codec::ContentType;
use crate::crypto::TAG_LEN;

/// type, legacy_record_version, length.
pub(crate) const HEADER: usize = 5;
/// The expansion of every AEAD (RFC 9846 §5.2).
pub(crate) const TAG: usize = TAG_LEN;
/// The longest TLSPlaintext.fragment, and the longest TLSInnerPlaintext.content.
pub(crate) const MAX_PLAINTEXT: usize = 1 << 14;
/// The longest TLSInnerPlaintext: content, type and padding (RFC 9846 §5.4).
pub(crate) const MAX_INNER_PLAINTEXT: usize = MAX_PLAINTEXT + 1;
/// The longest TLSCiphertext.encrypted_record.
pub(crate) const MAX_CIPHERTEXT: usize = MAX_PLAINTEXT + 256;

/// A protected alert: header, level and description, type, tag.
const ALERT_RECORD: usize = HEADER + 2 + 1 + TAG;
/// What an outbox keeps free: room for user_canceled and close_notify, or for one error alert.
pub(crate) const RESERVE: usize = 2 * ALERT_RECORD;

/// legacy_record_version of the record that holds the first ClientHello.
pub(crate) const VERSION_FIRST: u16 = 0x0301;
/// legacy_record_version of every other record.
pub(crate) const VERSION: u16 = 0x0303;

/// A record's header as received: the additional data of a protected record (RFC 9846 §5.2). Its
/// legacy_record_version is not read, because it "MUST be ignored for all purposes".
#[derive(Clone, Copy)]
pub(crate) struct Header(pub(crate) [u8; HEADER]);

impl Header {
    /// The length of the fragment.
    pub(crate) fn length(self) -> usize {
        let [_, _, _, high, low] = self.0;
        usize::from(u16::from_be_bytes([high, low]))
    }

    /// Header and fragment.
    pub(crate) fn record_len(self) -> usize {
        self.length().saturating_add(HEADER)
    }

    /// The header of a record to send. `None`: no record can be that long.
    pub(crate) fn write(content: ContentType, version: u16, length: usize) -> Option<[u8; HEADER]> {
        let [major, minor] = version.to_be_bytes();
        let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
        Some([content.0, major, minor, high, low])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_and_the_version_is_ignored(content: u8, version: u16, length: u16) {
            let bytes = Header::write(ContentType(content), version, usize::from(length)).unwrap();
            let header = Header(bytes);
            prop_assert_eq!(bytes[0], content);
            prop_assert_eq!(header.length(), usize::from(length));
            prop_assert_eq!(header.record_len(), usize::from(length) + 5);
        }
    }

    #[test]
    fn no_header_announces_more_than_65535_bytes() {
        assert!(Header::write(ContentType::HANDSHAKE, VERSION, 65_536).is_none());
    }
}
