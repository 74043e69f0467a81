//! A small PKI in memory for tests, made by rcgen. Everything is valid from 2026-01-01 to 2027-01-01. NOW is between.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;

/// 2026-11-23 12:00 UTC.
pub const NOW: u64 = 1_795_435_200;

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

/// Parameters of a leaf for both roles with digitalSignature.
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

    pub fn issue(&self, params: CertificateParams) -> Leaf {
        self.issue_for(KeyPair::generate().unwrap(), params)
    }

    pub fn issue_for(&self, key: KeyPair, mut params: CertificateParams) -> Leaf {
        let fallback = key.public_key_raw()[1..17].to_vec();
        let serial = params.serial_number.clone().map_or(fallback, |serial| serial.to_bytes());
        let serial: Vec<u8> = [&[serial[0] & 0x7f | 0x40], &serial[1..]].concat();
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let der = params.signed_by(&key, &self.issuer()).unwrap().der().clone();
        Leaf { key, der }
    }
}
