//! A small PKI in memory for tests, made by rcgen. All of it is valid from 2026-01-01 to 2027-01-01; NOW lies between.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;

/// 2026-11-23 12:00 UTC.
pub const NOW: u64 = 1_795_435_200;
pub const HOUR: u64 = 3600;
pub const DAY: u64 = 24 * HOUR;

pub fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

pub fn now() -> UnixTime {
    at(NOW)
}

pub struct Ca {
    pub params: CertificateParams,
    pub key: KeyPair,
    pub der: CertificateDer<'static>,
}

pub struct Leaf {
    pub key: KeyPair,
    pub der: CertificateDer<'static>,
    pub serial: Vec<u8>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if !name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Params for a leaf for both roles with digitalSignature.
pub fn leaf_params(name: &str, sans: &[&str]) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = sans.iter().map(|san| self::san(san)).collect();
    params
}

pub fn san(text: &str) -> SanType {
    if let Ok(address) = text.parse() {
        SanType::IpAddress(address)
    } else if text.contains("://") {
        SanType::URI(text.try_into().unwrap())
    } else if text.contains('@') {
        SanType::Rfc822Name(text.try_into().unwrap())
    } else {
        SanType::DnsName(text.try_into().unwrap())
    }
}

pub fn custom(oid: &[u64], content: &[u8], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    extension
}

impl Ca {
    pub fn root(name: &str) -> Ca {
        Ca::root_with(name, |_| {})
    }

    pub fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Ca {
        let mut params = ca_params(name);
        params.use_authority_key_identifier_extension = false;
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        Ca { params, key, der }
    }

    pub fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    pub fn intermediate(&self, name: &str) -> Ca {
        self.intermediate_with(name, |_| {})
    }

    pub fn intermediate_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Ca {
        let mut params = ca_params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer()).unwrap().der().clone();
        Ca { params, key, der }
    }

    pub fn leaf(&self, name: &str, sans: &[&str]) -> Leaf {
        self.leaf_with(name, sans, |_| {})
    }

    pub fn leaf_with(&self, name: &str, sans: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let mut params = leaf_params(name, sans);
        change(&mut params);
        self.issue(params)
    }

    pub fn issue(&self, mut params: CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let fallback = key.public_key_raw()[1..17].to_vec();
        let serial = params.serial_number.clone().map_or(fallback, |serial| serial.to_bytes());
        let serial: Vec<u8> = [&[serial[0] & 0x7f | 0x40], &serial[1..]].concat();
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let der = params.signed_by(&key, &self.issuer()).unwrap().der().clone();
        Leaf { key, der, serial }
    }

    /// A CRL valid from `from` to `to` (seconds relative to NOW).
    pub fn crl(&self, revoked: &[&[u8]], from: i64, to: i64) -> Vec<u8> {
        let day = date_time_ymd(2026, 11, 23) + Duration::from_secs(12 * HOUR);
        let time = |offset: i64| match offset < 0 {
            true => day - Duration::from_secs(offset.unsigned_abs()),
            false => day + Duration::from_secs(offset.unsigned_abs()),
        };
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: time(from),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: time(from),
            next_update: time(to),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer()).unwrap().der().to_vec()
    }
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
