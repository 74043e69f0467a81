//! A lease as bytes, for sessions that sleep.

use super::Lease;
use crate::asn1::{Certificate, Spki};
use crate::codec::{CertificateType, Malformed, Reader, Writer};
use crate::error::sentences;
use crate::role::Role;
use crate::x509::expectations::Expect;
use crate::x509::time::unix_time;
use crate::x509::verify::accepted::Accepted;
use rustls_pki_types::DnsName;
use std::{net::IpAddr, sync::Arc, vec, vec::Vec};

/// The first bytes: a name, and the version of the format.
const HEAD: [u8; 4] = *b"csL\x01";

sentences! {
    /// Why bytes are not a lease.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum InvalidLease {
        /// They do not begin as a lease.
        NotALease = "these bytes are no lease";
        /// They have this version of the format, which is not supported.
        Version(version: u8) = "this lease was written in version {version}, and version 1 is read here";
        /// They are too short or too long, or this field has an invalid value.
        Malformed(what: &'static str) = "this lease is damaged: {what}";
    }
}

impl From<Malformed> for InvalidLease {
    fn from(_: Malformed) -> InvalidLease {
        InvalidLease::Malformed("a field is longer than what is there, or bytes are left over")
    }
}

impl Lease {
    /// The lease as bytes: its chain and a few dozen bytes more. They contain no secret.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut length = Writer::counting();
        self.write(&mut length);
        let mut bytes = vec![0; length.len()];
        self.write(&mut Writer::new(&mut bytes));
        bytes
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.bytes(&HEAD);
        w.u8(match self.role() {
            Role::Client => 0,
            Role::Server => 1,
        });
        w.u8(self.certificate_type().0);
        w.u8(u8::from(self.accepted.is_bound()));
        w.bytes(&self.judged_at().as_secs().to_be_bytes());
        w.bytes(&self.proved_at.to_be_bytes());
        match &*self.expect {
            Expect::Dns(name) => tagged(w, 0, name.as_ref().as_bytes()),
            Expect::Ip(IpAddr::V4(address)) => tagged(w, 1, &address.octets()),
            Expect::Ip(IpAddr::V6(address)) => tagged(w, 1, &address.octets()),
            Expect::Spiffe(id) => tagged(w, 2, id.as_str().as_bytes()),
            Expect::SpiffeTrustDomain(domain) => tagged(w, 3, domain.as_str().as_bytes()),
            Expect::Spki(hash) => tagged(w, 4, hash),
            Expect::AnyTrusted => tagged(w, 5, &[]),
        }
        w.vec_u24(|w| self.chain().for_each(|certificate| w.vec_u24(|w| w.bytes(certificate))));
    }

    /// Reads the bytes of [`to_bytes`](Lease::to_bytes). The result is not valid until the first [`check`](Lease::check),
    /// which judges the whole chain ([`valid_until`](Lease::valid_until) is the time of the last judgement before). The
    /// bytes do not prove that the peer had the key, so keep them where nobody else can write.
    ///
    /// # Errors
    /// The bytes are not a lease, or are damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Lease, InvalidLease> {
        let malformed = InvalidLease::Malformed;
        let rest = match bytes.split_first_chunk::<4>() {
            Some((head, rest)) if *head == HEAD => rest,
            Some(([b'c', b's', b'L', version], _)) => return Err(InvalidLease::Version(*version)),
            _ => return Err(InvalidLease::NotALease),
        };
        let mut reader = Reader::new(rest);
        let role = match reader.u8()? {
            0 => Role::Client,
            1 => Role::Server,
            _ => return Err(malformed("its role")),
        };
        let certificate_type = match CertificateType(reader.u8()?) {
            known @ (CertificateType::X509 | CertificateType::RAW_PUBLIC_KEY) => known,
            _ => return Err(malformed("its certificate type")),
        };
        let bound = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Err(malformed("whether its root is bound")),
        };
        let judged_at = u64::from_be_bytes(*reader.array()?);
        let proved_at = u64::from_be_bytes(*reader.array()?);
        if proved_at > judged_at {
            return Err(malformed("its times"));
        }
        let (tag, value) = (reader.u8()?, reader.vec_u16()?);
        let expect = expectation(tag, value).ok_or(malformed("its expectation"))?;
        let chain = reader.vec_u24()?;
        reader.end()?;

        let (mut chain, mut parts) = (Reader::new(chain), Vec::new());
        while !chain.is_empty() {
            parts.push(chain.vec_u24()?);
        }
        let readable = match (certificate_type, &parts[..]) {
            (CertificateType::RAW_PUBLIC_KEY, [key]) => Spki::from_der(key).is_ok(),
            (CertificateType::RAW_PUBLIC_KEY, _) | (_, []) => false,
            (_, certificates) => certificates.iter().all(|each| Certificate::from_der(each).is_ok()),
        };
        if !readable {
            return Err(malformed("its chain"));
        }
        let accepted = Accepted::elsewhere(role, certificate_type, &parts, bound, unix_time(judged_at));
        Ok(Lease { accepted, expect: Arc::new(expect), proved_at })
    }
}

fn tagged(w: &mut Writer<'_>, tag: u8, value: &[u8]) {
    w.u8(tag);
    w.vec_u16(|w| w.bytes(value));
}

fn expectation(tag: u8, value: &[u8]) -> Option<Expect> {
    let text = || core::str::from_utf8(value).ok();
    Some(match tag {
        0 => Expect::Dns(DnsName::try_from(text()?).ok()?.to_owned()),
        1 => Expect::Ip(match value.len() {
            4 => IpAddr::from(*value.first_chunk::<4>()?),
            16 => IpAddr::from(*value.first_chunk::<16>()?),
            _ => return None,
        }),
        2 => Expect::Spiffe(text()?.parse().ok()?),
        3 => Expect::SpiffeTrustDomain(text()?.parse().ok()?),
        4 => Expect::Spki(value.try_into().ok()?),
        5 if value.is_empty() => Expect::AnyTrusted,
        _ => return None,
    })
}
