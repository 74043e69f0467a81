//! Getters and writers of the extensions about certificates.

use super::extension_bodies::{DistinguishedName, OCSP, list_u8, list_u16, ocsp_response, status_request};
use super::{CertificateType, CheckedExtensions, Element, ExtensionType, List, Writer};

// certificate_authorities (RFC 9846 §4.3.4)

impl<'a> CheckedExtensions<'a> {
    /// certificate_authorities: `DistinguishedName authorities<3..2^16-1>`.
    pub fn certificate_authorities(&self) -> Option<List<'a, DistinguishedName<'a>>> {
        self.body(ExtensionType::CERTIFICATE_AUTHORITIES, list_u16)
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

// oid_filters (RFC 9846 §4.3.5)

impl<'a> CheckedExtensions<'a> {
    /// The body of oid_filters, unparsed. The code that chooses a certificate interprets it.
    pub fn oid_filters(&self) -> Option<&'a [u8]> {
        self.raw_body(ExtensionType::OID_FILTERS)
    }
}

// client_certificate_type, server_certificate_type (RFC 7250 §3)

impl<'a> CheckedExtensions<'a> {
    /// client_certificate_type of ClientHello: `CertificateType client_certificate_types<1..2^8-1>`.
    pub fn client_certificate_types(&self) -> Option<List<'a, CertificateType>> {
        self.body(ExtensionType::CLIENT_CERTIFICATE_TYPE, list_u8)
    }

    /// server_certificate_type of ClientHello: `CertificateType server_certificate_types<1..2^8-1>`.
    pub fn server_certificate_types(&self) -> Option<List<'a, CertificateType>> {
        self.body(ExtensionType::SERVER_CERTIFICATE_TYPE, list_u8)
    }

    /// client_certificate_type of EncryptedExtensions: `CertificateType client_certificate_type`.
    pub fn client_certificate_type(&self) -> Option<CertificateType> {
        self.body(ExtensionType::CLIENT_CERTIFICATE_TYPE, CertificateType::read)
    }

    /// server_certificate_type of EncryptedExtensions: `CertificateType server_certificate_type`.
    pub fn server_certificate_type(&self) -> Option<CertificateType> {
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

impl<'a> CheckedExtensions<'a> {
    /// status_request of ClientHello: whether it asks for an OCSP response.
    pub fn status_request(&self) -> bool {
        self.body(ExtensionType::STATUS_REQUEST, status_request) == Some(true)
    }

    /// status_request of CertificateRequest: empty.
    pub fn status_request_of_server(&self) -> bool {
        self.has(ExtensionType::STATUS_REQUEST)
    }

    /// The OCSP response in status_request of a CertificateEntry, which holds a CertificateStatus.
    pub fn ocsp_response(&self) -> Option<&'a [u8]> {
        self.body(ExtensionType::STATUS_REQUEST, ocsp_response)
    }
}

impl Writer<'_> {
    /// status_request of ClientHello: asks for OCSP from any responder.
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

    /// status_request of a CertificateEntry.
    pub fn ocsp_response(&mut self, response: &[u8]) {
        self.extension(ExtensionType::STATUS_REQUEST, |w| {
            w.u8(OCSP);
            w.vec_u24(|w| w.bytes(response));
        });
    }
}

// signed_certificate_timestamp (RFC 6962 §3.3.1, RFC 9846 §4.5.1.1)

impl<'a> CheckedExtensions<'a> {
    /// signed_certificate_timestamp of ClientHello and CertificateRequest: empty.
    pub fn sct_request(&self) -> bool {
        self.has(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP)
    }

    /// signed_certificate_timestamp of a CertificateEntry: `SerializedSCT sct_list<1..2^16-1>`.
    ///
    /// The bytes include the length field. They are a SignedCertificateTimestampList, the form that tools store.
    pub fn sct_list(&self) -> Option<&'a [u8]> {
        self.raw_body(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP)
    }
}

impl Writer<'_> {
    /// signed_certificate_timestamp of ClientHello and CertificateRequest.
    pub fn sct_request(&mut self) {
        self.extension(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, |_| ());
    }

    /// signed_certificate_timestamp of a CertificateEntry: a SignedCertificateTimestampList with its length field.
    pub fn sct_list(&mut self, list: &[u8]) {
        self.extension(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, |w| w.bytes(list));
    }
}
