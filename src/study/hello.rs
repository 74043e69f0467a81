//! Reads version, suite and group from the hellos.

use super::fields::{Found, Walker};
use super::grammar::{CLIENT_HELLO, HELLO_RETRY_REQUEST, SERVER_HELLO};
use super::model::Field;
use crate::codec::CipherSuite;
use crate::crypto::Suite;

/// SHA-256("HelloRetryRequest"): the random of a HelloRetryRequest (RFC 9846 §4.2.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Whether this body of a ServerHello is a HelloRetryRequest.
pub(super) fn is_retry(body: &[u8]) -> bool {
    body.get(2..34) == Some(&RETRY)
}

/// The choice of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub version: u16,
    pub suite_number: u16,
    pub group: Option<u16>,
}

impl Choice {
    pub(super) fn suite(&self) -> Option<Suite> {
        Suite::from(CipherSuite(self.suite_number))
    }

    pub(super) const fn is_tls13(&self) -> bool {
        self.version == 0x0304
    }

    /// Reads the body of a ServerHello.
    pub(super) fn of(body: &[u8]) -> Option<Choice> {
        let fields = walked(body, if is_retry(body) { HELLO_RETRY_REQUEST } else { SERVER_HELLO });
        let legacy = number(body, find(&fields, "legacy_version")?)?;
        let version = find(&fields, "selected_version").and_then(|field| number(body, field));
        let group = find(&fields, "group").or(find(&fields, "selected_group"));
        Some(Choice {
            version: version.unwrap_or(legacy),
            suite_number: number(body, find(&fields, "cipher_suite")?)?,
            group: group.and_then(|field| number(body, field)),
        })
    }
}

/// The random of a ClientHello, and whether it has early_data.
pub(super) fn client(body: &[u8]) -> Option<([u8; 32], bool)> {
    let fields = walked(body, CLIENT_HELLO);
    Some((body.get(2..34)?.try_into().ok()?, find(&fields, "early_data").is_some()))
}

fn walked(body: &[u8], items: &'static [super::grammar::Item]) -> alloc::vec::Vec<Field> {
    let mut found = Found::default();
    Walker { found: &mut found, space: 0, bytes: body }.exactly(items, 0..body.len(), None);
    found.fields
}

fn find<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.iter().find(|field| field.name == name)
}

fn number(body: &[u8], field: &Field) -> Option<u16> {
    let bytes = body.get(field.start..field.start.checked_add(field.len)?)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}
