//! AlgorithmIdentifier (RFC 5280 §4.1.1.2) and the parameters of RSASSA-PSS (RFC 4055 §3.1).

use super::der::{BadDer, Reader, Tag, only, saturated};
use super::oid::{self, Oid};
use core::fmt;

/// An AlgorithmIdentifier. `Display` writes `ecdsa-with-SHA512`, or `RSASSA-PSS with SHA-256 and a salt of 20 octets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentifier<'a> {
    /// The content of its SEQUENCE.
    pub content: &'a [u8],
    /// The algorithm.
    pub id: Oid<'a>,
    /// Its parameters, with tag and length.
    pub parameters: Option<&'a [u8]>,
}

impl<'a> AlgorithmIdentifier<'a> {
    /// Reads the next element.
    pub fn read(reader: &mut Reader<'a>) -> Result<AlgorithmIdentifier<'a>, BadDer> {
        AlgorithmIdentifier::from_content(reader.read(Tag::SEQUENCE)?)
    }

    /// Reads it from the content of its SEQUENCE.
    pub fn from_content(content: &'a [u8]) -> Result<AlgorithmIdentifier<'a>, BadDer> {
        let mut fields = Reader::new(content);
        let id = Oid::read(&mut fields)?;
        let parameters = match fields.is_empty() {
            true => None,
            false => Some(fields.element()?.whole),
        };
        fields.finish().map(|()| AlgorithmIdentifier { content, id, parameters })
    }

    /// The parameters of RSASSA-PSS. `None` for other algorithms, and if the parameters are absent or malformed.
    pub fn pss(&self) -> Option<PssParameters<'a>> {
        match (self.id, self.parameters) {
            (oid::RSASSA_PSS, Some(parameters)) => PssParameters::from_der(parameters).ok(),
            _ => None,
        }
    }
}

impl fmt::Display for AlgorithmIdentifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.id, f)?;
        let Some(PssParameters { hash, mask_hash, salt_length }) = self.pss() else { return Ok(()) };
        write!(f, " with {hash}")?;
        if mask_hash != hash {
            write!(f, ", MGF1 with {mask_hash}")?;
        }
        write!(f, " and a salt of {salt_length} octets")
    }
}

/// RSASSA-PSS-params.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PssParameters<'a> {
    /// The hash of the message.
    pub hash: Oid<'a>,
    /// The hash of the mask generation function, MGF1.
    pub mask_hash: Oid<'a>,
    /// The length of the salt, in octets.
    pub salt_length: u32,
}

impl<'a> PssParameters<'a> {
    /// ```text
    /// RSASSA-PSS-params ::= SEQUENCE {
    ///     hashAlgorithm    [0] HashAlgorithm    DEFAULT sha1,
    ///     maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1,
    ///     saltLength       [2] INTEGER          DEFAULT 20,
    ///     trailerField     [3] INTEGER          DEFAULT 1 }
    /// ```
    pub fn from_der(parameters: &'a [u8]) -> Result<PssParameters<'a>, BadDer> {
        let mut fields = Reader::new(only(parameters, Tag::SEQUENCE)?);
        let algorithm = |wrapped| AlgorithmIdentifier::from_content(only(wrapped, Tag::SEQUENCE)?);
        let hash = fields.optional(Tag::constructed(0))?.map(algorithm).transpose()?;
        let mask = fields.optional(Tag::constructed(1))?.map(algorithm).transpose()?;
        let mask_hash = match mask {
            None => oid::SHA1,
            Some(AlgorithmIdentifier { id: oid::MGF1, parameters: Some(hash), .. }) => algorithm(hash)?.id,
            Some(_) => return Err(BadDer("an unknown mask generation function")),
        };
        let number = |wrapped| Reader::new(wrapped).unsigned().map(saturated);
        let salt_length = fields.optional(Tag::constructed(2))?.map(number).transpose()?.unwrap_or(20);
        let trailer = fields.optional(Tag::constructed(3))?.map(number).transpose()?.unwrap_or(1);
        fields.finish()?;
        match trailer {
            1 => Ok(PssParameters { hash: hash.map_or(oid::SHA1, |hash| hash.id), mask_hash, salt_length }),
            _ => Err(BadDer("an unknown trailer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::der;
    use std::{string::String, string::ToString, vec::Vec};

    fn text(id: Oid<'_>, parameters: &[u8]) -> String {
        AlgorithmIdentifier::from_content(&[der(0x06, id.content()), parameters.to_vec()].concat()).unwrap().to_string()
    }

    fn hash(id: Oid<'_>) -> Vec<u8> {
        der(0x30, &der(0x06, id.content()))
    }

    #[test]
    fn an_algorithm_is_written_by_name_and_rsassa_pss_with_its_parameters() {
        assert_eq!(text(oid::ECDSA_WITH_SHA512, &[]), "ecdsa-with-SHA512");
        assert_eq!(text(oid::SHA256_WITH_RSA, &[5, 0]), "sha256WithRSAEncryption");
        assert_eq!(text(Oid::from_content(&[0x2a, 3]).unwrap(), &[]), "1.2.3");
        let mask = |id: Oid<'_>| der(0x30, &[der(0x06, oid::MGF1.content()), hash(id)].concat());
        let (sha256, with_sha1) = (der(0xa0, &hash(oid::SHA256)), der(0xa1, &mask(oid::SHA1)));
        let mask = der(0xa1, &mask(oid::SHA256));
        let salt = der(0xa2, &der(0x02, &[0, 0xde]));
        for (fields, says) in [
            (Vec::new(), "RSASSA-PSS with SHA-1 and a salt of 20 octets"),
            ([&sha256[..], &mask, &salt].concat(), "RSASSA-PSS with SHA-256 and a salt of 222 octets"),
            ([&sha256[..], &mask].concat(), "RSASSA-PSS with SHA-256 and a salt of 20 octets"),
            ([&sha256[..], &with_sha1].concat(), "RSASSA-PSS with SHA-256, MGF1 with SHA-1 and a salt of 20 octets"),
            (sha256.clone(), "RSASSA-PSS with SHA-256, MGF1 with SHA-1 and a salt of 20 octets"),
            // What cannot be read is not guessed at.
            ([&mask[..], &sha256].concat(), "RSASSA-PSS"),
            (der(0xa1, &hash(oid::SHA256)), "RSASSA-PSS"),
            (der(0xa3, &der(0x02, &[2])), "RSASSA-PSS"),
        ] {
            assert_eq!(text(oid::RSASSA_PSS, &der(0x30, &fields)), says);
        }
        assert_eq!(text(oid::RSASSA_PSS, &[]), "RSASSA-PSS");
    }

    #[test]
    fn an_algorithm_has_one_set_of_parameters_at_most() {
        for content in [&[][..], &[5, 0], &[6, 1, 0x2a, 5, 0, 5, 0], &[6, 1, 0x2a, 5]] {
            assert!(AlgorithmIdentifier::from_content(content).is_err(), "{content:02x?}");
        }
    }
}
