//! The bodies of the extensions about certificates.

use super::{CertificateType, Element, ExtensionType, Extensions, List, Malformed, Reader, Writer, reader::non_empty};

// certificate_authorities (RFC 9846 §4.3.4)

/// `opaque DistinguishedName<1..2^16-1>`: a DER name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistinguishedName<'a>(pub &'a [u8]);

impl<'a> Element<'a> for DistinguishedName<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        non_empty(reader.vec_u16()?).map(DistinguishedName)
    }
}

impl<'a> Extensions<'a> {
    /// certificate_authorities: `DistinguishedName authorities<3..2^16-1>`.
    pub fn certificate_authorities(&self) -> Result<Option<List<'a, DistinguishedName<'a>>>, Malformed> {
        self.body(ExtensionType::CERTIFICATE_AUTHORITIES, |r| List::parse_non_empty(r.vec_u16()?))
    }
}

impl Writer<'_> {
    /// certificate_authorities, from DER names.
    pub fn certificate_authorities<'n>(&mut self, names: impl IntoIterator<Item = &'n [u8]>) {
        self.extension(ExtensionType::CERTIFICATE_AUTHORITIES, |w| {
            w.vec_u16(|w| names.into_iter().for_each(|each| w.vec_u16(|w| w.bytes(each))));
        });
    }
}

// client_certificate_type, server_certificate_type (RFC 7250 §3)

impl<'a> Extensions<'a> {
    /// client_certificate_type of ClientHello: `CertificateType client_certificate_types<1..2^8-1>`.
    pub fn client_certificate_types(&self) -> Result<Option<List<'a, CertificateType>>, Malformed> {
        self.body(ExtensionType::CLIENT_CERTIFICATE_TYPE, |r| List::parse_non_empty(r.vec_u8()?))
    }

    /// server_certificate_type of ClientHello: `CertificateType server_certificate_types<1..2^8-1>`.
    pub fn server_certificate_types(&self) -> Result<Option<List<'a, CertificateType>>, Malformed> {
        self.body(ExtensionType::SERVER_CERTIFICATE_TYPE, |r| List::parse_non_empty(r.vec_u8()?))
    }

    /// client_certificate_type of EncryptedExtensions: `CertificateType client_certificate_type`.
    pub fn client_certificate_type(&self) -> Result<Option<CertificateType>, Malformed> {
        self.body(ExtensionType::CLIENT_CERTIFICATE_TYPE, CertificateType::read)
    }

    /// server_certificate_type of EncryptedExtensions: `CertificateType server_certificate_type`.
    pub fn server_certificate_type(&self) -> Result<Option<CertificateType>, Malformed> {
        self.body(ExtensionType::SERVER_CERTIFICATE_TYPE, CertificateType::read)
    }
}

impl Writer<'_> {
    /// client_certificate_type of ClientHello.
    pub fn client_certificate_types(&mut self, types: impl IntoIterator<Item = CertificateType>) {
        self.certificate_types(ExtensionType::CLIENT_CERTIFICATE_TYPE, types);
    }

    /// server_certificate_type of ClientHello.
    pub fn server_certificate_types(&mut self, types: impl IntoIterator<Item = CertificateType>) {
        self.certificate_types(ExtensionType::SERVER_CERTIFICATE_TYPE, types);
    }

    /// client_certificate_type of EncryptedExtensions.
    pub fn client_certificate_type(&mut self, certificate_type: CertificateType) {
        self.extension(ExtensionType::CLIENT_CERTIFICATE_TYPE, |w| w.u8(certificate_type.0));
    }

    /// server_certificate_type of EncryptedExtensions.
    pub fn server_certificate_type(&mut self, certificate_type: CertificateType) {
        self.extension(ExtensionType::SERVER_CERTIFICATE_TYPE, |w| w.u8(certificate_type.0));
    }

    fn certificate_types(&mut self, extension: ExtensionType, types: impl IntoIterator<Item = CertificateType>) {
        self.extension(extension, |w| w.vec_u8(|w| types.into_iter().for_each(|each| w.u8(each.0))));
    }
}

// status_request (RFC 6066 §8, RFC 9846 §4.5.1.1)

/// `CertificateStatusType ocsp`
const OCSP: u8 = 1;

impl<'a> Extensions<'a> {
    /// status_request of ClientHello: true when it asks for an OCSP response.
    ///
    /// ```text
    /// CertificateStatusType status_type = ocsp;
    /// ResponderID responder_id_list<0..2^16-1>;    opaque ResponderID<1..2^16-1>;
    /// opaque request_extensions<0..2^16-1>;
    /// ```
    /// Of another status type the structure is unknown: it is passed over, and the answer is false.
    pub fn status_request(&self) -> Result<bool, Malformed> {
        let asked = self.body(ExtensionType::STATUS_REQUEST, |r| {
            if r.u8()? != OCSP {
                r.take(r.rest().len())?;
                return Ok(false);
            }
            // A ResponderID has the form of a DistinguishedName: a vector of at least one byte.
            List::<DistinguishedName<'a>>::parse(r.vec_u16()?)?;
            r.vec_u16()?;
            Ok(true)
        })?;
        Ok(asked == Some(true))
    }

    /// status_request of CertificateRequest: empty.
    pub fn status_request_of_server(&self) -> Result<bool, Malformed> {
        self.empty_body(ExtensionType::STATUS_REQUEST)
    }

    /// status_request of a certificate entry: a CertificateStatus, of which the OCSP response is returned.
    ///
    /// ```text
    /// CertificateStatusType status_type = ocsp;
    /// opaque OCSPResponse<1..2^24-1>;
    /// ```
    pub fn ocsp_response(&self) -> Result<Option<&'a [u8]>, Malformed> {
        self.body(ExtensionType::STATUS_REQUEST, |r| match r.u8()? {
            OCSP => non_empty(r.vec_u24()?),
            _ => Err(Malformed::UnknownStatusType),
        })
    }
}

impl Writer<'_> {
    /// status_request of ClientHello: OCSP, from any responder.
    pub fn status_request(&mut self) {
        self.extension(ExtensionType::STATUS_REQUEST, |w| {
            w.u8(OCSP);
            w.vec_u16(|_| ());
            w.vec_u16(|_| ());
        });
    }

    /// status_request of CertificateRequest.
    pub fn status_request_of_server(&mut self) {
        self.extension(ExtensionType::STATUS_REQUEST, |_| ());
    }

    /// status_request of a certificate entry.
    pub fn ocsp_response(&mut self, response: &[u8]) {
        self.extension(ExtensionType::STATUS_REQUEST, |w| {
            w.u8(OCSP);
            w.vec_u24(|w| w.bytes(response));
        });
    }
}

// signed_certificate_timestamp (RFC 6962 §3.3.1, RFC 9846 §4.5.1.1)

/// `opaque SerializedSCT<1..2^16-1>`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerializedSct<'a>(pub &'a [u8]);

impl<'a> Element<'a> for SerializedSct<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        non_empty(reader.vec_u16()?).map(SerializedSct)
    }
}

impl<'a> Extensions<'a> {
    /// signed_certificate_timestamp of ClientHello and CertificateRequest: empty.
    pub fn sct_request(&self) -> Result<bool, Malformed> {
        self.empty_body(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP)
    }

    /// signed_certificate_timestamp of a certificate entry: `SerializedSCT sct_list<1..2^16-1>`.
    ///
    /// Returned as it stands, with its length field: a SignedCertificateTimestampList, the form in which tools keep it.
    pub fn sct_list(&self) -> Result<Option<&'a [u8]>, Malformed> {
        let extension = ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP;
        self.body(extension, |r| List::<SerializedSct<'a>>::parse_non_empty(r.vec_u16()?))?;
        Ok(self.get(extension))
    }
}

impl Writer<'_> {
    /// signed_certificate_timestamp of ClientHello and CertificateRequest.
    pub fn sct_request(&mut self) {
        self.extension(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, |_| ());
    }

    /// signed_certificate_timestamp of a certificate entry: a SignedCertificateTimestampList with its length field.
    pub fn sct_list(&mut self, list: &[u8]) {
        self.extension(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, |w| w.bytes(list));
    }
}
