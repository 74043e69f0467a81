//! The PKI of these tests.

#[path = "../support/pki.rs"]
mod ca;
#[path = "../support/crl.rs"]
mod crl;

pub use ca::*;
pub use crl::HOUR;
use rcgen::CustomExtension;

pub const DAY: u64 = 24 * HOUR;

pub fn custom(oid: &[u64], content: &[u8], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    extension
}

/// PEM text of one object.
pub fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in der.chunks(3) {
        let group = u32::from_be_bytes([0, chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)]);
        for place in 0..4 {
            let index = group >> (18 - 6 * place) & 63;
            text.push(if place <= chunk.len() { ALPHABET[index as usize] as char } else { '=' });
        }
    }
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A DER value.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        len @ 0..128 => vec![len as u8],
        len @ 128..256 => vec![0x81, len as u8],
        len => vec![0x82, (len >> 8) as u8, len as u8],
    };
    [&[tag][..], &length, content].concat()
}

/// This many days after 2026-11-23 12:00 UTC.
pub fn utc_time(days: i64) -> Vec<u8> {
    der(0x17, format!("2611{:02}120000Z", 23 + days).as_bytes())
}

/// An extension of id-ce.
pub fn extension(id: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { der(0x01, &[0xff]) } else { Vec::new() };
    der(0x30, &[der(0x06, &[0x55, 0x1d, id]), critical, der(0x04, value)].concat())
}
