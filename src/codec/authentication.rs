//! The authentication messages: Certificate (RFC 9846 §4.5.1), CertificateVerify (§4.5.2), Finished (§4.5.3).

use super::{
    Element, Extensions, HandshakeType, List, Malformed, Reader, SignatureScheme, Writer,
    reader::{non_empty, whole},
    write_message,
};

/// ```text
/// struct {
///     opaque cert_data<1..2^24-1>;    /* RawPublicKey: ASN1_subjectPublicKeyInfo<1..2^24-1> */
///     Extension extensions<0..2^16-1>;
/// } CertificateEntry;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateEntry<'a> {
    /// cert_data: a certificate, or a SubjectPublicKeyInfo if the type is RawPublicKey. The DER has not been checked.
    pub cert_data: &'a [u8],
    /// extensions
    pub extensions: Extensions<'a>,
}

impl<'a> Element<'a> for CertificateEntry<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(CertificateEntry { cert_data: non_empty(reader.vec_u24()?)?, extensions: Extensions::read(reader)? })
    }
}

/// ```text
/// struct {
///     opaque certificate_request_context<0..2^8-1>;
///     CertificateEntry certificate_list<0..2^24-1>;
/// } Certificate;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// certificate_request_context: must be empty in the handshake, which the engine checks.
    pub certificate_request_context: &'a [u8],
    /// certificate_list, end-entity certificate first. It may be empty.
    pub certificate_list: List<'a, CertificateEntry<'a>>,
}

impl<'a> Certificate<'a> {
    /// Reads the message's body.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        whole(body, |r| {
            Ok(Certificate { certificate_request_context: r.vec_u8()?, certificate_list: List::parse(r.vec_u24()?)? })
        })
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_message(w, HandshakeType::CERTIFICATE, |w| {
            w.vec_u8(|w| w.bytes(self.certificate_request_context));
            w.vec_u24(|w| w.bytes(self.certificate_list.raw()));
        });
    }
}

/// Writes a Certificate with the certificates of `chain`. `extensions` writes the extensions of the first entry; the
/// other entries have none.
pub fn write_certificate<'m, 'c>(
    w: &mut Writer<'m>,
    certificate_request_context: &[u8],
    chain: impl IntoIterator<Item = &'c [u8]>,
    extensions: impl FnOnce(&mut Writer<'m>),
) {
    write_message(w, HandshakeType::CERTIFICATE, |w| {
        w.vec_u8(|w| w.bytes(certificate_request_context));
        w.vec_u24(|w| {
            let mut extensions = Some(extensions);
            for cert_data in chain {
                w.vec_u24(|w| w.bytes(cert_data));
                w.vec_u16(|w| {
                    if let Some(extensions) = extensions.take() {
                        extensions(w);
                    }
                });
            }
        });
    });
}

/// ```text
/// struct {
///     SignatureScheme algorithm;
///     opaque signature<0..2^16-1>;
/// } CertificateVerify;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateVerify<'a> {
    /// algorithm
    pub algorithm: SignatureScheme,
    /// signature
    pub signature: &'a [u8],
}

impl<'a> CertificateVerify<'a> {
    /// Reads the message's body.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        whole(body, |r| Ok(CertificateVerify { algorithm: SignatureScheme::read(r)?, signature: r.vec_u16()? }))
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_message(w, HandshakeType::CERTIFICATE_VERIFY, |w| {
            w.u16(self.algorithm.0);
            w.vec_u16(|w| w.bytes(self.signature));
        });
    }
}

/// ```text
/// struct {
///     opaque verify_data[Hash.length];
/// } Finished;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished<'a> {
    /// verify_data, of any length: the engine refuses one that is not as long as the hash.
    pub verify_data: &'a [u8],
}

impl<'a> Finished<'a> {
    /// Reads the message's body.
    pub const fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Finished { verify_data: body })
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_message(w, HandshakeType::FINISHED, |w| w.bytes(self.verify_data));
    }
}
