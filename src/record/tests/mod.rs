//! Tests of the record layer's rules. Records are made here by hand, not by the code under test.

mod early_data;
mod inbox;
mod opening;
mod outbox;
mod rfc8448;
mod round_trip;

use super::*;
use crate::codec::{AlertDescription, ContentType, HandshakeType};
use crate::crypto::{CryptoMode, Prk, Secret, Suite, TrafficKey};
use crate::error::ErrorKind;
use crate::memory::Memory;
use crate::policy::{Padding, Policy};
use crate::role::{EarlyData, Role};
use std::{vec, vec::Vec};

/// The suite of tests in which it does not matter.
const SUITE: Suite = Suite::Aes128GcmSha256;

const HANDSHAKE: ContentType = ContentType::HANDSHAKE;
const ALERT: ContentType = ContentType::ALERT;
const DATA: ContentType = ContentType::APPLICATION_DATA;
const CCS: ContentType = ContentType::CHANGE_CIPHER_SPEC;

/// The legal records after the handshake.
const SESSION: Expect =
    Expect { change_cipher_spec: false, application_data: true, plaintext_alert: false, early_data: EarlyData::None };

/// The legal records during the handshake.
const IN_HANDSHAKE: Expect =
    Expect { change_cipher_spec: true, application_data: false, plaintext_alert: false, early_data: EarlyData::None };

/// The key with this number.
fn key(suite: Suite, number: u8) -> TrafficKey {
    TrafficKey::derive(&Prk::new(&Secret::extract(suite.hash(), &[], &[number])), suite, CryptoMode::Real).unwrap()
}

fn plain(content: ContentType, fragment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
    [&[content.0, 3, 3], &length[..], fragment].concat()
}

/// A protected record with this TLSInnerPlaintext.
fn protected_inner(key: &TrafficKey, sequence: u64, inner: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inner.len() + 16).unwrap().to_be_bytes();
    let header = [23, 3, 3, length[0], length[1]];
    let mut fragment = inner.to_vec();
    let tag = key.seal(sequence, &header, &mut fragment).unwrap();
    [&header[..], &fragment, &tag].concat()
}

fn protected(key: &TrafficKey, sequence: u64, content: ContentType, fragment: &[u8]) -> Vec<u8> {
    protected_inner(key, sequence, &[fragment, &[content.0]].concat())
}

/// A handshake message with a body of that many bytes.
fn message(typ: u8, body_len: usize) -> Vec<u8> {
    let length = u32::try_from(body_len).unwrap().to_be_bytes();
    let mut message = vec![typ, length[1], length[2], length[3]];
    message.extend((0..body_len).map(|i| (i % 251) as u8));
    message
}

/// Puts the peer's bytes into the inbox, as many as there is space for.
fn receive<B: Memory>(rx: &mut Inbox<B>, bytes: &[u8]) -> usize {
    let mut done = 0;
    while done < bytes.len() {
        let space = rx.space();
        let n = space.len().min(bytes.len() - done);
        if n == 0 {
            break;
        }
        space[..n].copy_from_slice(&bytes[done..done + n]);
        rx.filled(n);
        done += n;
    }
    done
}

/// An inbox that has received these bytes.
fn inbox(bytes: &[u8]) -> Inbox<Vec<u8>> {
    let mut rx = Inbox::new(vec![0; 70_000]);
    assert_eq!(receive(&mut rx, bytes), bytes.len());
    rx
}

/// A protection that has this key.
fn with_key(key: TrafficKey) -> ReadProtection {
    let mut protection = ReadProtection::new();
    protection.replace_key(&Inbox::new([]).view(), key).unwrap();
    protection
}

/// A protection that has no key yet.
fn without_key(role: Role, padding: Padding) -> DataProtection {
    DataProtection::new(WriteProtection::new(role), &Policy::new().padding(padding))
}

/// Opens everything that has come. Returns what the records contained, or the first error.
fn open_all(protection: &mut ReadProtection, bytes: &[u8], expect: Expect) -> Result<Vec<Opened>, ErrorKind> {
    let mut rx = inbox(bytes);
    let mut all = Vec::new();
    while let Some(opened) = protection.open(&mut rx.view(), expect)? {
        all.push(opened);
        rx.consume(usize::MAX);
    }
    Ok(all)
}

/// Records before there are keys.
fn open_plain(records: &[u8], expect: Expect) -> Result<Vec<Opened>, ErrorKind> {
    open_all(&mut ReadProtection::new(), records, expect)
}

/// Records under a first key, number 1.
fn open_with_key(records: &[u8], expect: Expect) -> Result<Vec<Opened>, ErrorKind> {
    open_all(&mut with_key(key(SUITE, 1)), records, expect)
}

fn unexpected(content: ContentType) -> ErrorKind {
    ErrorKind::UnexpectedRecord { content }
}
