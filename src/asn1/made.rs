//! Certificates built octet by octet, for tests of what no issuer would write. Nothing signs them.

use std::vec::Vec;

/// An element with its length in the shortest form.
pub(crate) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, 0..=127) => &[low][..],
        (0, _) => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, content].concat()
}

/// An extension. `critical` is the octet of its BOOLEAN, if it has one.
pub(crate) fn extension(oid: &[u8], critical: Option<u8>, value: &[u8]) -> Vec<u8> {
    let critical = critical.map_or(Vec::new(), |octet| der(0x01, &[octet]));
    der(0x30, &[der(0x06, oid), critical, der(0x04, value)].concat())
}

/// The parts of a certificate: contents of version and serial number, and all else with tag and length.
pub(crate) struct Made {
    pub(crate) version: u8,
    pub(crate) serial: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

/// A Name with this common name.
pub(crate) fn name(common_name: &[u8]) -> Vec<u8> {
    let attribute = [der(0x06, &[0x55, 4, 3]), der(0x0c, common_name)].concat();
    der(0x30, &der(0x31, &der(0x30, &attribute)))
}

impl Default for Made {
    fn default() -> Made {
        let ed25519 = der(0x30, &der(0x06, &[0x2b, 0x65, 112]));
        Made {
            version: 2,
            serial: [7].into(),
            spki: der(0x30, &[ed25519.clone(), der(0x03, &[&[0][..], &[5; 32]].concat())].concat()),
            signature: ed25519,
            issuer: name(b"issuer"),
            not_before: der(0x17, b"260101000000Z"),
            subject: name(b"subject"),
            extensions: Vec::new(),
        }
    }
}

impl Made {
    /// A certificate with this extension, which is not critical.
    pub(crate) fn with(oid: &[u8], value: &[u8]) -> Made {
        Made::default().and(oid, None, value)
    }

    /// Adds an extension.
    pub(crate) fn and(mut self, oid: &[u8], critical: Option<u8>, value: &[u8]) -> Made {
        self.extensions.push(extension(oid, critical, value));
        self
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let validity = [self.not_before.clone(), der(0x18, b"20500101000000Z")].concat();
        let tbs = [
            der(0xa0, &der(0x02, &[self.version])),
            der(0x02, &self.serial),
            self.signature.clone(),
            self.issuer.clone(),
            der(0x30, &validity),
            self.subject.clone(),
            self.spki.clone(),
            der(0xa3, &der(0x30, &self.extensions.concat())),
        ];
        let signature = der(0x03, &[&[0][..], &[6; 64]].concat());
        der(0x30, &[der(0x30, &tbs.concat()), self.signature.clone(), signature].concat())
    }
}
