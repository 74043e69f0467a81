//! Object identifiers and their names.

use super::der::{BadDer, Reader, Tag};
use core::fmt;

/// An OBJECT IDENTIFIER, held as its content octets. `Display` writes its name if we know one, else `1.2.3`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid<'a>(&'a [u8]);

impl<'a> Oid<'a> {
    /// Reads the next element.
    pub fn read(reader: &mut Reader<'a>) -> Result<Oid<'a>, BadDer> {
        Oid::from_content(reader.read(Tag::OBJECT_IDENTIFIER)?)
    }

    /// Checks content octets (X.690 §8.19): each arc in its shortest form and of at most 128 bits.
    pub fn from_content(content: &'a [u8]) -> Result<Oid<'a>, BadDer> {
        // 128 bits in groups of 7 take 19 octets, the first of which has 2 bits.
        const MAX_ARC: usize = 19;
        const MALFORMED: BadDer = BadDer("an object identifier is malformed");
        let (mut len, mut first) = (0usize, 0); // of the arc so far, and its first octet
        for &octet in content {
            len = len.saturating_add(1);
            if len == 1 {
                first = octet;
            }
            if first == 0x80 || len > MAX_ARC || (len == MAX_ARC && first > 0x83) {
                return Err(MALFORMED);
            }
            if octet & 0x80 == 0 {
                len = 0;
            }
        }
        match content.is_empty() || len > 0 {
            true => Err(MALFORMED),
            false => Ok(Oid(content)),
        }
    }

    /// The content octets.
    pub const fn content(self) -> &'a [u8] {
        self.0
    }

    /// The name. Attribute types have their short names: `CN`.
    pub fn name(self) -> Option<&'static str> {
        KNOWN.iter().find(|(known, ..)| *known == self).map(|(_, name, _)| *name)
    }

    /// Writes it as numbers, `2.5.4.3`, even if it has a name.
    pub fn write_dotted(self, f: &mut impl fmt::Write) -> fmt::Result {
        let arcs = self.0.split_inclusive(|octet| octet & 0x80 == 0);
        for (index, arc) in arcs.enumerate() {
            let value = arc.iter().fold(0u128, |value, octet| value << 7 | u128::from(octet & 0x7f));
            // The first number holds two arcs: 40 times the first arc, which is at most 2, plus the second.
            match (index, value) {
                (0, 0..40) => write!(f, "0.{value}")?,
                (0, 40..80) => write!(f, "1.{}", value.saturating_sub(40))?,
                (0, _) => write!(f, "2.{}", value.saturating_sub(80))?,
                _ => write!(f, ".{value}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => self.write_dotted(f),
        }
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! known {
    ($($constant:ident $name:literal $dotted:literal $content:expr;)*) => {
        $(
            #[doc = concat!("`", $name, "`, ", $dotted)]
            pub const $constant: Oid<'static> = Oid(&$content);
        )*
        const KNOWN: &[(Oid<'static>, &str, &str)] = &[$(($constant, $name, $dotted)),*];
    };
}

known! {
    // Attribute types (X.520, RFC 4519, PKCS #9), with the names of RFC 4514 §3 where it has them.
    COMMON_NAME "CN" "2.5.4.3" [0x55, 4, 3];
    SURNAME "SN" "2.5.4.4" [0x55, 4, 4];
    SERIAL_NUMBER "serialNumber" "2.5.4.5" [0x55, 4, 5];
    COUNTRY "C" "2.5.4.6" [0x55, 4, 6];
    LOCALITY "L" "2.5.4.7" [0x55, 4, 7];
    STATE "ST" "2.5.4.8" [0x55, 4, 8];
    STREET "STREET" "2.5.4.9" [0x55, 4, 9];
    ORGANIZATION "O" "2.5.4.10" [0x55, 4, 10];
    ORGANIZATIONAL_UNIT "OU" "2.5.4.11" [0x55, 4, 11];
    TITLE "title" "2.5.4.12" [0x55, 4, 12];
    BUSINESS_CATEGORY "businessCategory" "2.5.4.15" [0x55, 4, 15];
    POSTAL_CODE "postalCode" "2.5.4.17" [0x55, 4, 17];
    NAME "name" "2.5.4.41" [0x55, 4, 41];
    GIVEN_NAME "givenName" "2.5.4.42" [0x55, 4, 42];
    INITIALS "initials" "2.5.4.43" [0x55, 4, 43];
    GENERATION_QUALIFIER "generationQualifier" "2.5.4.44" [0x55, 4, 44];
    DN_QUALIFIER "dnQualifier" "2.5.4.46" [0x55, 4, 46];
    PSEUDONYM "pseudonym" "2.5.4.65" [0x55, 4, 65];
    ORGANIZATION_IDENTIFIER "organizationIdentifier" "2.5.4.97" [0x55, 4, 97];
    DOMAIN_COMPONENT "DC" "0.9.2342.19200300.100.1.25" [9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 100, 1, 25];
    USER_ID "UID" "0.9.2342.19200300.100.1.1" [9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 100, 1, 1];
    EMAIL_ADDRESS "emailAddress" "1.2.840.113549.1.9.1" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

    // Public keys and curves.
    RSA_ENCRYPTION "rsaEncryption" "1.2.840.113549.1.1.1" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    EC_PUBLIC_KEY "id-ecPublicKey" "1.2.840.10045.2.1" [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    DSA "id-dsa" "1.2.840.10040.4.1" [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
    X25519 "X25519" "1.3.101.110" [0x2b, 101, 110];
    X448 "X448" "1.3.101.111" [0x2b, 101, 111];
    ED25519 "Ed25519" "1.3.101.112" [0x2b, 101, 112];
    ED448 "Ed448" "1.3.101.113" [0x2b, 101, 113];
    ML_DSA_44 "ML-DSA-44" "2.16.840.1.101.3.4.3.17" [0x60, 0x86, 0x48, 1, 101, 3, 4, 3, 17];
    ML_DSA_65 "ML-DSA-65" "2.16.840.1.101.3.4.3.18" [0x60, 0x86, 0x48, 1, 101, 3, 4, 3, 18];
    ML_DSA_87 "ML-DSA-87" "2.16.840.1.101.3.4.3.19" [0x60, 0x86, 0x48, 1, 101, 3, 4, 3, 19];
    SECP256R1 "P-256" "1.2.840.10045.3.1.7" [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    SECP384R1 "P-384" "1.3.132.0.34" [0x2b, 0x81, 4, 0, 34];
    SECP521R1 "P-521" "1.3.132.0.35" [0x2b, 0x81, 4, 0, 35];
    SECP224R1 "P-224" "1.3.132.0.33" [0x2b, 0x81, 4, 0, 33];
    SECP256K1 "secp256k1" "1.3.132.0.10" [0x2b, 0x81, 4, 0, 10];
    BRAINPOOL_P256R1 "brainpoolP256r1" "1.3.36.3.3.2.8.1.1.7" [0x2b, 36, 3, 3, 2, 8, 1, 1, 7];
    BRAINPOOL_P384R1 "brainpoolP384r1" "1.3.36.3.3.2.8.1.1.11" [0x2b, 36, 3, 3, 2, 8, 1, 1, 11];
    BRAINPOOL_P512R1 "brainpoolP512r1" "1.3.36.3.3.2.8.1.1.13" [0x2b, 36, 3, 3, 2, 8, 1, 1, 13];

    // Signatures and hashes.
    MD5_WITH_RSA "md5WithRSAEncryption" "1.2.840.113549.1.1.4" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4];
    SHA1_WITH_RSA "sha1WithRSAEncryption" "1.2.840.113549.1.1.5" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    MGF1 "MGF1" "1.2.840.113549.1.1.8" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
    RSASSA_PSS "RSASSA-PSS" "1.2.840.113549.1.1.10" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    SHA256_WITH_RSA "sha256WithRSAEncryption" "1.2.840.113549.1.1.11" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    SHA384_WITH_RSA "sha384WithRSAEncryption" "1.2.840.113549.1.1.12" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
    SHA512_WITH_RSA "sha512WithRSAEncryption" "1.2.840.113549.1.1.13" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
    SHA224_WITH_RSA "sha224WithRSAEncryption" "1.2.840.113549.1.1.14" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14];
    ECDSA_WITH_SHA1 "ecdsa-with-SHA1" "1.2.840.10045.4.1" [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
    ECDSA_WITH_SHA224 "ecdsa-with-SHA224" "1.2.840.10045.4.3.1" [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1];
    ECDSA_WITH_SHA256 "ecdsa-with-SHA256" "1.2.840.10045.4.3.2" [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    ECDSA_WITH_SHA384 "ecdsa-with-SHA384" "1.2.840.10045.4.3.3" [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
    ECDSA_WITH_SHA512 "ecdsa-with-SHA512" "1.2.840.10045.4.3.4" [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
    DSA_WITH_SHA1 "dsa-with-SHA1" "1.2.840.10040.4.3" [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3];
    DSA_WITH_SHA256 "dsa-with-SHA256" "2.16.840.1.101.3.4.3.2" [0x60, 0x86, 0x48, 1, 101, 3, 4, 3, 2];
    MD5 "MD5" "1.2.840.113549.2.5" [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5];
    SHA1 "SHA-1" "1.3.14.3.2.26" [0x2b, 14, 3, 2, 26];
    SHA224 "SHA-224" "2.16.840.1.101.3.4.2.4" [0x60, 0x86, 0x48, 1, 101, 3, 4, 2, 4];
    SHA256 "SHA-256" "2.16.840.1.101.3.4.2.1" [0x60, 0x86, 0x48, 1, 101, 3, 4, 2, 1];
    SHA384 "SHA-384" "2.16.840.1.101.3.4.2.2" [0x60, 0x86, 0x48, 1, 101, 3, 4, 2, 2];
    SHA512 "SHA-512" "2.16.840.1.101.3.4.2.3" [0x60, 0x86, 0x48, 1, 101, 3, 4, 2, 3];

    // Extensions of certificates, CRLs and CRL entries (RFC 5280 §4.2, §5.2, §5.3; RFC 9608).
    SUBJECT_KEY_IDENTIFIER "subjectKeyIdentifier" "2.5.29.14" [0x55, 0x1d, 14];
    KEY_USAGE "keyUsage" "2.5.29.15" [0x55, 0x1d, 15];
    SUBJECT_ALT_NAME "subjectAltName" "2.5.29.17" [0x55, 0x1d, 17];
    ISSUER_ALT_NAME "issuerAltName" "2.5.29.18" [0x55, 0x1d, 18];
    BASIC_CONSTRAINTS "basicConstraints" "2.5.29.19" [0x55, 0x1d, 19];
    CRL_NUMBER "cRLNumber" "2.5.29.20" [0x55, 0x1d, 20];
    REASON_CODE "reasonCode" "2.5.29.21" [0x55, 0x1d, 21];
    INVALIDITY_DATE "invalidityDate" "2.5.29.24" [0x55, 0x1d, 24];
    DELTA_CRL_INDICATOR "deltaCRLIndicator" "2.5.29.27" [0x55, 0x1d, 27];
    ISSUING_DISTRIBUTION_POINT "issuingDistributionPoint" "2.5.29.28" [0x55, 0x1d, 28];
    CERTIFICATE_ISSUER "certificateIssuer" "2.5.29.29" [0x55, 0x1d, 29];
    NAME_CONSTRAINTS "nameConstraints" "2.5.29.30" [0x55, 0x1d, 30];
    CRL_DISTRIBUTION_POINTS "cRLDistributionPoints" "2.5.29.31" [0x55, 0x1d, 31];
    CERTIFICATE_POLICIES "certificatePolicies" "2.5.29.32" [0x55, 0x1d, 32];
    ANY_POLICY "anyPolicy" "2.5.29.32.0" [0x55, 0x1d, 32, 0];
    POLICY_MAPPINGS "policyMappings" "2.5.29.33" [0x55, 0x1d, 33];
    AUTHORITY_KEY_IDENTIFIER "authorityKeyIdentifier" "2.5.29.35" [0x55, 0x1d, 35];
    POLICY_CONSTRAINTS "policyConstraints" "2.5.29.36" [0x55, 0x1d, 36];
    EXT_KEY_USAGE "extKeyUsage" "2.5.29.37" [0x55, 0x1d, 37];
    FRESHEST_CRL "freshestCRL" "2.5.29.46" [0x55, 0x1d, 46];
    INHIBIT_ANY_POLICY "inhibitAnyPolicy" "2.5.29.54" [0x55, 0x1d, 54];
    NO_REV_AVAIL "noRevAvail" "2.5.29.56" [0x55, 0x1d, 56];
    AUTHORITY_INFO_ACCESS "authorityInfoAccess" "1.3.6.1.5.5.7.1.1" [0x2b, 6, 1, 5, 5, 7, 1, 1];
    TLS_FEATURE "tlsFeature" "1.3.6.1.5.5.7.1.24" [0x2b, 6, 1, 5, 5, 7, 1, 24];

    // KeyPurposeIds of extKeyUsage (RFC 5280 §4.2.1.12).
    ANY_EXTENDED_KEY_USAGE "anyExtendedKeyUsage" "2.5.29.37.0" [0x55, 0x1d, 37, 0];
    SERVER_AUTH "serverAuth" "1.3.6.1.5.5.7.3.1" [0x2b, 6, 1, 5, 5, 7, 3, 1];
    CLIENT_AUTH "clientAuth" "1.3.6.1.5.5.7.3.2" [0x2b, 6, 1, 5, 5, 7, 3, 2];
    CODE_SIGNING "codeSigning" "1.3.6.1.5.5.7.3.3" [0x2b, 6, 1, 5, 5, 7, 3, 3];
    EMAIL_PROTECTION "emailProtection" "1.3.6.1.5.5.7.3.4" [0x2b, 6, 1, 5, 5, 7, 3, 4];
    TIME_STAMPING "timeStamping" "1.3.6.1.5.5.7.3.8" [0x2b, 6, 1, 5, 5, 7, 3, 8];
    OCSP_SIGNING "OCSPSigning" "1.3.6.1.5.5.7.3.9" [0x2b, 6, 1, 5, 5, 7, 3, 9];
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::String, string::ToString, vec, vec::Vec};

    fn dotted(oid: Oid<'_>) -> String {
        let mut text = String::new();
        oid.write_dotted(&mut text).unwrap();
        text
    }

    #[test]
    fn each_is_known_once_and_its_octets_are_its_dotted_form() {
        for (index, (oid, name, numbers)) in KNOWN.iter().enumerate() {
            assert_eq!(Oid::from_content(oid.content()), Ok(*oid));
            assert_eq!((dotted(*oid), oid.to_string()), (numbers.to_string(), name.to_string()));
            assert_eq!(std::format!("{oid:?}"), *name);
            let others = &KNOWN[index + 1..];
            assert!(others.iter().all(|(other, other_name, _)| other != oid && other_name != name), "{name}");
        }
    }

    #[test]
    fn one_without_a_name_is_written_in_numbers() {
        for (content, numbers) in [
            (&[0x2a][..], "1.2"),
            (&[0x2a, 3], "1.2.3"),
            (&[0], "0.0"),
            (&[39], "0.39"),
            (&[79], "1.39"),
            (&[80], "2.0"),
            (&[0x88, 0x37], "2.999"),
            (&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 10], "1.3.6.1.4.1.311.21.10"),
        ] {
            assert_eq!(Oid::from_content(content).unwrap().to_string(), numbers);
        }
    }

    #[test]
    fn an_arc_has_one_encoding_and_an_end_and_at_most_128_bits() {
        for content in [&[][..], &[0x80], &[0x80, 1], &[0x2a, 0x80, 1], &[0x2a, 0x81], &[0x2a, 0xff, 0xff]] {
            assert!(Oid::from_content(content).is_err(), "{content:02x?}");
        }
        // 2^128 - 1, as 2.25.<UUID> may have it, and 2^128.
        let arc =
            |first: u8, rest: u8, last: u8| -> Vec<u8> { [vec![105, first], vec![rest; 17], vec![last]].concat() };
        let largest = arc(0x83, 0xff, 0x7f);
        assert_eq!(dotted(Oid::from_content(&largest).unwrap()), std::format!("2.25.{}", u128::MAX));
        assert!(Oid::from_content(&arc(0x84, 0x80, 0)).is_err());
        assert!(Oid::from_content(&[vec![105, 0x81], vec![0x80; 18], vec![0]].concat()).is_err());
    }
}
