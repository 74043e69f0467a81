//! Signs certificates and CRLs. rcgen has no ML-DSA (feature `mldsa`): it makes everything with substitute keys. Then
//! the real keys replace them, and everything is signed again.

use crate::ca::unsigned;
use crate::files;
use crate::key::Key;
use rcgen::{CertificateParams, CertificateRevocationListParams, Issuer, KeyPair};
#[cfg(feature = "mldsa")]
use {
    countersign::internals::asn1::{BadDer, Tag, der},
    rcgen::PublicKeyData as _,
};

/// A CA: its name, its key usage, and its key.
pub(crate) struct Authority {
    params: CertificateParams,
    key: Key,
}

impl Authority {
    pub(crate) fn new(params: CertificateParams, key: Key) -> Authority {
        Authority { params: key.identify(params), key }
    }

    /// Its own certificate, signed by itself, in PEM.
    pub(crate) fn certify_itself(&self) -> Result<String, String> {
        self.certify(self.params.clone(), &self.key)
    }

    /// The certificate of another CA, in PEM.
    pub(crate) fn certify_ca(&self, other: &Authority) -> Result<String, String> {
        self.certify(other.params.clone(), &other.key)
    }

    /// A certificate for this key in PEM.
    pub(crate) fn certify(&self, params: CertificateParams, subject: &Key) -> Result<String, String> {
        let made = subject.identify(params).signed_by(subject.for_rcgen(), &self.issuer()).map_err(unsigned)?;
        self.finish("CERTIFICATE", made.der(), Some(subject))
    }

    /// A CRL in PEM.
    pub(crate) fn sign_crl(&self, params: CertificateRevocationListParams) -> Result<String, String> {
        let key_identifier_method = self.params.key_identifier_method.clone();
        let params = CertificateRevocationListParams { key_identifier_method, ..params };
        let made = params.signed_by(&self.issuer()).map_err(unsigned)?;
        self.finish("X509 CRL", made.der(), None)
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, self.key.for_rcgen())
    }

    /// The result of rcgen in PEM.
    #[cfg(not(feature = "mldsa"))]
    fn finish(&self, label: &str, made: &[u8], _: Option<&Key>) -> Result<String, String> {
        Ok(files::pem(label, made))
    }

    /// The result of rcgen with the real keys, in PEM.
    #[cfg(feature = "mldsa")]
    fn finish(&self, label: &str, made: &[u8], subject: Option<&Key>) -> Result<String, String> {
        let spki = subject.and_then(|key| Some((key.for_rcgen().subject_public_key_info(), key.real()?.public_key())));
        if spki.is_none() && self.key.real().is_none() {
            return Ok(files::pem(label, made));
        }
        let (tbs, algorithm) =
            self.with_real_keys(made, spki).map_err(|why| format!("cannot read what was made: {why}"))?;
        let signature = [&[0], &self.key.sign(&tbs)?[..]].concat();
        Ok(files::pem(label, &tlv(Tag::SEQUENCE, &[tbs, algorithm, tlv(Tag::BIT_STRING, &signature)].concat())))
    }

    /// Splits `SEQUENCE { tbs, signatureAlgorithm, signature }` (RFC 5280 §4.1 and §5.1) into the signed part and its
    /// signatureAlgorithm. The first SEQUENCE in either kind of tbs is the same algorithm. `spki`: the substitute key,
    /// and the real one.
    #[cfg(feature = "mldsa")]
    fn with_real_keys(&self, made: &[u8], spki: Option<(Vec<u8>, Vec<u8>)>) -> Result<(Vec<u8>, Vec<u8>), BadDer> {
        let mut fields = der::Reader::new(der::only(made, Tag::SEQUENCE)?);
        let mut old = der::Reader::new(fields.read(Tag::SEQUENCE)?);
        let algorithm = match self.key.real() {
            // RFC 9881 §2: the identifier of the key and of its signatures is the same.
            Some(key) => der::Reader::new(der::only(&key.public_key(), Tag::SEQUENCE)?).element()?.whole.to_vec(),
            None => fields.element()?.whole.to_vec(),
        };
        let (mut tbs, mut named) = (Vec::new(), false);
        while !old.is_empty() {
            let field = old.element()?;
            match &spki {
                Some((stand_in, real)) if field.whole == stand_in => tbs.extend(real),
                _ if field.tag == Tag::SEQUENCE && !named => {
                    named = true;
                    tbs.extend(&algorithm);
                }
                _ => tbs.extend(field.whole),
            }
        }
        Ok((tlv(Tag::SEQUENCE, &tbs), algorithm))
    }
}

/// A DER element.
#[cfg(feature = "mldsa")]
fn tlv(tag: Tag, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let len = &len[len.iter().take_while(|octet| **octet == 0).count()..];
    let header = match len {
        [] => vec![tag.0, 0],
        [short @ 0..=127] => vec![tag.0, *short],
        long => [&[tag.0, 0x80 | long.len() as u8], long].concat(),
    };
    [header, content.to_vec()].concat()
}
