//! Certificate revocation lists (RFC 5280 §5.1).

use super::algorithm::AlgorithmIdentifier;
use super::certificate_extensions::authority_key_id;
use super::der::{BadDer, Element, Reader, Tag, only, whole_octets};
use super::distribution_point::IssuingDistributionPoint;
use super::extensions::{Extension, Extensions};
use super::name::Name;
use super::oid::{self, Oid};
use super::serial::Serial;
use super::time::Time;
use core::fmt;

/// A CRL of version 1 or 2. [`entries`](Self::entries) reads the entries only when asked: there may be many.
///
/// ```text
/// CertificateList ::= SEQUENCE {
///     tbsCertList          TBSCertList,
///     signatureAlgorithm   AlgorithmIdentifier,
///     signatureValue       BIT STRING }
///
/// TBSCertList ::= SEQUENCE {
///     version              Version OPTIONAL,
///     signature            AlgorithmIdentifier,
///     issuer               Name,
///     thisUpdate           Time,
///     nextUpdate           Time OPTIONAL,
///     revokedCertificates  SEQUENCE OF ... OPTIONAL,
///     crlExtensions   [0]  Extensions OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CertificateList<'a> {
    /// The whole list.
    pub der: &'a [u8],
    /// TBSCertList with tag and length: the bytes that are signed.
    pub tbs: &'a [u8],
    /// The signature algorithm as TBSCertList names it.
    pub signature: AlgorithmIdentifier<'a>,
    /// The signature algorithm as CertificateList names it. §5.1.1.2: the two MUST be the same.
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    /// The octets of the signature.
    pub signature_value: &'a [u8],
    /// The issuer.
    pub issuer: Name<'a>,
    /// thisUpdate: when the list was issued.
    pub this_update: Time,
    /// nextUpdate: the next list comes no later. §5.1.2.5 requires the field, but some issuers leave it out.
    pub next_update: Option<Time>,
    /// The extensions; none in version 1.
    pub extensions: CrlExtensions<'a>,
    version_2: bool,
    revoked: &'a [u8],
}

impl<'a> CertificateList<'a> {
    /// Reads a CRL in DER, all but its entries. The error says what is malformed.
    pub fn from_der(der: &'a [u8]) -> Result<CertificateList<'a>, BadDer> {
        let not_one = |_| BadDer("it is not a CRL");
        let mut list = Reader::new(only(der, Tag::SEQUENCE).map_err(not_one)?);
        let Element { content, whole, .. } = list.tagged(Tag::SEQUENCE).map_err(not_one)?;
        let signature_algorithm = algorithm(&mut list)?;
        let signature_value = list.read(Tag::BIT_STRING).and_then(whole_octets).map_err(not_one)?;
        list.finish().map_err(not_one)?;

        let mut tbs = Reader::new(content);
        let version_2 = match tbs.optional(Tag::INTEGER).map_err(|_| BadDer("malformed version"))? {
            None => false,
            // §5.1.2.1: if present, MUST be version 2.
            Some([1]) => true,
            Some(_) => return Err(BadDer("the CRL is not version 2")),
        };
        let signature = algorithm(&mut tbs)?;
        let issuer = Name::read(&mut tbs).map_err(|_| BadDer("malformed issuer"))?;
        let this_update = Time::read(&mut tbs).map_err(|_| BadDer("malformed thisUpdate"))?;
        let next_update = match tbs.peek() {
            Some(Tag::UTC_TIME | Tag::GENERALIZED_TIME) => {
                Some(Time::read(&mut tbs).map_err(|_| BadDer("malformed nextUpdate"))?)
            }
            _ => None,
        };
        let revoked = tbs.optional(Tag::SEQUENCE).map_err(|_| BadDer("malformed revokedCertificates"))?;
        let malformed = |_| BadDer("malformed extensions of the CRL");
        let extensions = match tbs.optional(Tag::constructed(0)).map_err(malformed)? {
            Some(_) if !version_2 => return Err(BadDer("the CRL has extensions, but is not version 2")),
            Some(wrapped) => CrlExtensions::from_content(only(wrapped, Tag::SEQUENCE).map_err(malformed)?)?,
            None => CrlExtensions::default(),
        };
        tbs.finish().map_err(|_| BadDer("something is left over at the end of the CRL"))?;
        Ok(CertificateList {
            der,
            tbs: whole,
            signature,
            signature_algorithm,
            signature_value,
            issuer,
            this_update,
            next_update,
            extensions,
            version_2,
            revoked: revoked.unwrap_or_default(),
        })
    }

    /// The entries in the order of the list. A malformed entry is the last item.
    pub fn entries(&self) -> impl Iterator<Item = Result<CrlEntry<'a>, BadDer>> + use<'a> {
        let version_2 = self.version_2;
        let mut entries = Reader::new(self.revoked);
        core::iter::from_fn(move || {
            if entries.is_empty() {
                return None;
            }
            let entry = CrlEntry::read(&mut entries, version_2);
            if entry.is_err() {
                entries = Reader::new(&[]);
            }
            Some(entry)
        })
    }
}

fn algorithm<'a>(fields: &mut Reader<'a>) -> Result<AlgorithmIdentifier<'a>, BadDer> {
    AlgorithmIdentifier::read(fields).map_err(|_| BadDer("malformed signature algorithm"))
}

/// The extensions of a CRL (§5.2): all of them as a list, and the ones that we process.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrlExtensions<'a> {
    /// All of them.
    pub all: Extensions<'a>,
    /// keyIdentifier of authorityKeyIdentifier (§5.2.1), where it is optional.
    pub authority_key_id: Option<&'a [u8]>,
    /// cRLNumber (§5.2.3): unsigned, big-endian, without leading zeros.
    pub number: Option<&'a [u8]>,
    /// deltaCRLIndicator is present: this is a delta CRL (§5.2.4).
    pub delta: bool,
    /// issuingDistributionPoint (§5.2.5)
    pub issuing_distribution_point: Option<IssuingDistributionPoint<'a>>,
    /// The first critical extension that we do not process. §5.2: such a CRL must not be used.
    pub critical_unknown: Option<Oid<'a>>,
}

impl<'a> CrlExtensions<'a> {
    fn from_content(list: &'a [u8]) -> Result<CrlExtensions<'a>, BadDer> {
        let all = Extensions::from_content(list)?;
        let mut read = CrlExtensions { all, ..CrlExtensions::default() };
        for Extension { id, critical, value } in all.iter() {
            let malformed = |what| move |_| BadDer(what);
            match id {
                oid::AUTHORITY_KEY_IDENTIFIER => {
                    let id = authority_key_id(value);
                    read.authority_key_id = id.map_err(malformed("malformed authorityKeyIdentifier of the CRL"))?;
                }
                oid::CRL_NUMBER => {
                    let mut number = Reader::new(value);
                    let octets = number.unsigned().and_then(|octets| number.finish().map(|()| octets));
                    read.number = Some(octets.map_err(malformed("the CRL's number is malformed"))?);
                }
                oid::DELTA_CRL_INDICATOR => read.delta = true,
                oid::ISSUING_DISTRIBUTION_POINT => {
                    let point = IssuingDistributionPoint::from_der(value);
                    read.issuing_distribution_point =
                        Some(point.map_err(malformed("malformed issuingDistributionPoint of the CRL"))?);
                }
                _ if critical => read.critical_unknown = read.critical_unknown.or(Some(id)),
                _ => {}
            }
        }
        Ok(read)
    }
}

/// One entry of revokedCertificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlEntry<'a> {
    /// userCertificate: the serial number.
    pub serial: Serial<'a>,
    /// revocationDate
    pub revocation_date: Time,
    /// reasonCode (§5.3.1)
    pub reason: Option<Reason>,
    /// The first critical extension that we do not process. §5.3: a CRL with such an entry must not be used at all.
    pub critical_unknown: Option<Oid<'a>>,
}

impl<'a> CrlEntry<'a> {
    /// `SEQUENCE { userCertificate INTEGER, revocationDate Time, crlEntryExtensions Extensions OPTIONAL }`
    fn read(entries: &mut Reader<'a>, version_2: bool) -> Result<CrlEntry<'a>, BadDer> {
        const MALFORMED: BadDer = BadDer("a malformed entry");
        let mut fields = entries.sequence().map_err(|_| MALFORMED)?;
        let serial = Serial::read(&mut fields)
            .map_err(|_| BadDer("the serial number of an entry is no INTEGER in its shortest form"))?;
        let revocation_date = Time::read(&mut fields).map_err(|_| BadDer("the date of an entry is malformed"))?;
        let mut entry = CrlEntry { serial, revocation_date, reason: None, critical_unknown: None };
        if fields.is_empty() {
            return Ok(entry);
        }
        if !version_2 {
            return Err(BadDer("an entry has extensions, but the CRL is not version 2"));
        }
        let extensions = fields.read(Tag::SEQUENCE).and_then(Extensions::from_content);
        fields.finish().map_err(|_| MALFORMED)?;
        for Extension { id, critical, value } in extensions.map_err(|_| MALFORMED)?.iter() {
            match id {
                oid::REASON_CODE => match only(value, Tag::ENUMERATED) {
                    Ok([code]) => entry.reason = Some(Reason(*code)),
                    _ => return Err(BadDer("the reason of an entry is malformed")),
                },
                oid::INVALIDITY_DATE => {}
                _ if critical => entry.critical_unknown = entry.critical_unknown.or(Some(id)),
                _ => {}
            }
        }
        Ok(entry)
    }
}

/// CRLReason (§5.3.1). `Display` writes its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub u8);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "unspecified",
            1 => "keyCompromise",
            2 => "cACompromise",
            3 => "affiliationChanged",
            4 => "superseded",
            5 => "cessationOfOperation",
            6 => "certificateHold",
            8 => "removeFromCRL",
            9 => "privilegeWithdrawn",
            10 => "aACompromise",
            other => return write!(f, "reason {other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{der, extension, name};
    use std::{string::String, string::ToString, vec::Vec};

    /// The parts of a CRL, each with tag and length. Nothing signs it.
    struct Made {
        version: Vec<u8>,
        this_update: Vec<u8>,
        next_update: Vec<u8>,
        revoked: Vec<u8>,
        extensions: Vec<u8>,
    }

    impl Default for Made {
        fn default() -> Made {
            Made {
                version: der(0x02, &[1]),
                this_update: der(0x17, b"260101000000Z"),
                next_update: der(0x18, b"20500101000000Z"),
                revoked: Vec::new(),
                extensions: Vec::new(),
            }
        }
    }

    impl Made {
        fn v1() -> Made {
            Made { version: Vec::new(), ..Made::default() }
        }

        fn revoking(self, entries: &[Vec<u8>]) -> Made {
            Made { revoked: der(0x30, &entries.concat()), ..self }
        }

        fn with(self, extensions: &[Vec<u8>]) -> Made {
            Made { extensions: der(0xa0, &der(0x30, &extensions.concat())), ..self }
        }

        fn der(&self) -> Vec<u8> {
            let algorithm = der(0x30, &der(0x06, oid::ED25519.content()));
            let Made { version, this_update, next_update, revoked, extensions } = self;
            let times = [&this_update[..], next_update, revoked].concat();
            let tbs =
                der(0x30, &[version, &algorithm, &name(b"issuer"), &times, extensions].map(|part| &part[..]).concat());
            der(0x30, &[tbs, algorithm, der(0x03, &[&[0][..], &[6; 64]].concat())].concat())
        }

        fn says(&self) -> Result<(), &'static str> {
            CertificateList::from_der(&self.der()).map(drop).map_err(|BadDer(what)| what)
        }

        /// The entries as text, up to the first that is malformed.
        fn entries(&self) -> (Vec<String>, Option<&'static str>) {
            let der = self.der();
            let (mut read, mut wrong) = (Vec::new(), None);
            for entry in CertificateList::from_der(&der).unwrap().entries() {
                assert_eq!(wrong, None, "nothing follows a malformed entry");
                match entry {
                    Ok(CrlEntry { serial, reason, critical_unknown, .. }) => read.push(
                        [
                            Some(serial.to_string()),
                            reason.map(|it| it.to_string()),
                            critical_unknown.map(|it| it.to_string()),
                        ]
                        .into_iter()
                        .flatten()
                        .collect::<Vec<_>>()
                        .join(" "),
                    ),
                    Err(BadDer(what)) => wrong = Some(what),
                }
            }
            (read, wrong)
        }
    }

    fn entry(serial: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
        let list = if extensions.is_empty() { Vec::new() } else { der(0x30, &extensions.concat()) };
        der(0x30, &[der(0x02, serial), der(0x17, b"260102000000Z"), list].concat())
    }

    #[test]
    fn the_fields_of_a_list_are_where_they_are_written() {
        let made = Made::default().with(&[extension(oid::CRL_NUMBER.content(), None, &der(0x02, &[7]))]).der();
        let list = CertificateList::from_der(&made).unwrap();
        assert_eq!((list.der, list.issuer.to_string()), (&made[..], "CN=issuer".to_string()));
        assert_eq!((list.signature, list.signature_value), (list.signature_algorithm, &[6; 64][..]));
        assert_eq!((list.this_update.unix(), list.next_update.map(Time::unix)), (1_767_225_600, Some(2_524_608_000)));
        assert_eq!((list.extensions.number, list.entries().count()), (Some(&[7][..]), 0));
        assert!(made[3..].starts_with(list.tbs));
    }

    /// RFC 5280 §5: applications that support CRLs process complete lists of both versions.
    #[test]
    fn lists_of_both_versions_are_read_with_and_without_their_optional_fields() {
        for made in [Made::v1(), Made::default(), Made::v1().revoking(&[]), Made::default().revoking(&[])] {
            assert_eq!(made.says(), Ok(()));
            assert_eq!(Made { next_update: Vec::new(), ..made }.says(), Ok(()));
        }
        let entries = [entry(&[7], &[]), entry(&[0, 0x80], &[])];
        for made in [Made::v1(), Made::default()] {
            assert_eq!(made.revoking(&entries).entries(), (["07".to_string(), "80".to_string()].to_vec(), None));
        }
    }

    #[test]
    fn what_is_malformed_is_named() {
        let number = extension(oid::CRL_NUMBER.content(), None, &der(0x02, &[1]));
        for (made, what) in [
            (Made { version: der(0x02, &[0]), ..Made::default() }, "the CRL is not version 2"),
            (Made { version: der(0x02, &[2]), ..Made::default() }, "the CRL is not version 2"),
            (Made::v1().with(&[number]), "the CRL has extensions, but is not version 2"),
            (Made { this_update: der(0x17, b"2601010000Z"), ..Made::default() }, "malformed thisUpdate"),
            (Made { next_update: der(0x17, b"2601010000Z"), ..Made::default() }, "malformed nextUpdate"),
            (Made { revoked: der(0x04, &[]), ..Made::default() }, "something is left over at the end of the CRL"),
            (Made::default().with(&[b"?".to_vec()]), "malformed extensions"),
        ] {
            assert_eq!(made.says(), Err(what));
        }
        let good = Made::default().revoking(&[entry(&[7], &[])]).der();
        for cut in 0..good.len() {
            assert!(CertificateList::from_der(&good[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn the_extensions_of_a_list_are_read_or_named() {
        let one =
            |id: Oid<'_>, critical, value: &[u8]| Made::default().with(&[extension(id.content(), critical, value)]);
        let unknown = Oid::from_content(&[0x2a, 3]).unwrap();
        for (made, delta, name) in [
            (one(unknown, None, b"?"), false, None),
            (one(unknown, Some(255), b"?"), false, Some("1.2.3")),
            (one(oid::FRESHEST_CRL, Some(255), b"?"), false, Some("freshestCRL")),
            (one(oid::DELTA_CRL_INDICATOR, Some(255), &der(0x02, &[1])), true, None),
        ] {
            let der = made.der();
            let read = CertificateList::from_der(&der).unwrap().extensions;
            assert_eq!((read.delta, read.critical_unknown.map(|id| id.to_string()).as_deref()), (delta, name));
        }
        for (id, value, what) in [
            (oid::CRL_NUMBER, der(0x02, &[0xff]), "the CRL's number is malformed"),
            (oid::CRL_NUMBER, der(0x02, &[0, 1]), "the CRL's number is malformed"),
            (oid::AUTHORITY_KEY_IDENTIFIER, b"?".to_vec(), "malformed authorityKeyIdentifier of the CRL"),
            (oid::ISSUING_DISTRIBUTION_POINT, b"?".to_vec(), "malformed issuingDistributionPoint of the CRL"),
        ] {
            assert_eq!(one(id, None, &value).says(), Err(what));
        }
    }

    #[test]
    fn the_extensions_of_an_entry_are_read_or_named() {
        let reason = |code: u8| extension(oid::REASON_CODE.content(), None, &der(0x0a, &[code]));
        let entries = [
            entry(&[1], &[reason(1)]),
            entry(&[2], &[reason(7)]),
            entry(&[3], &[extension(oid::INVALIDITY_DATE.content(), Some(255), &der(0x18, b"20260101000000Z"))]),
            entry(&[4], &[extension(oid::CERTIFICATE_ISSUER.content(), Some(255), b"?")]),
            entry(&[5], &[extension(&[0x2a, 3], None, b"?")]),
        ];
        let read = ["01 keyCompromise", "02 reason 7", "03", "04 certificateIssuer", "05"];
        assert_eq!(Made::default().revoking(&entries).entries(), (read.map(String::from).to_vec(), None));
        let version_1 = Made::v1().revoking(&entries).entries();
        assert_eq!(version_1, (Vec::new(), Some("an entry has extensions, but the CRL is not version 2")));
    }

    /// A list must not be read without an entry that is malformed: that entry may be the one that matters.
    #[test]
    fn a_malformed_entry_is_an_error_and_ends_the_list() {
        const SHORTEST: &str = "the serial number of an entry is no INTEGER in its shortest form";
        for (broken, what) in [
            (entry(&[0, 7], &[]), SHORTEST),
            (entry(&[0xff, 0x80], &[]), SHORTEST),
            (entry(&[], &[]), SHORTEST),
            (der(0x30, &[der(0x02, &[7]), der(0x17, b"2601020000Z")].concat()), "the date of an entry is malformed"),
            (entry(&[7], &[extension(oid::REASON_CODE.content(), None, b"?")]), "the reason of an entry is malformed"),
            (entry(&[7], &[b"?".to_vec()]), "a malformed entry"),
            (der(0x31, &[]), "a malformed entry"),
        ] {
            let made = Made::default().revoking(&[entry(&[1], &[]), broken, entry(&[2], &[])]);
            assert_eq!(made.entries(), (["01".to_string()].to_vec(), Some(what)));
        }
    }
}
