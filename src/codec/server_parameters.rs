//! EncryptedExtensions (RFC 9846 §4.4.1), CertificateRequest (§4.4.2) and ClientCertificateRequest (RFC 9261 §4).

use super::{Extensions, HandshakeType, Malformed, Writer, reader::whole, write_message};

/// ```text
/// struct {
///     Extension extensions<0..2^16-1>;
/// } EncryptedExtensions;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncryptedExtensions<'a> {
    /// extensions
    pub extensions: Extensions<'a>,
}

impl<'a> EncryptedExtensions<'a> {
    /// Reads the message's body.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        whole(body, |r| Ok(EncryptedExtensions { extensions: Extensions::read(r)? }))
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_encrypted_extensions(w, |w| w.bytes(self.extensions.raw()));
    }
}

/// Writes an EncryptedExtensions. `extensions` writes its extensions.
pub fn write_encrypted_extensions<'m>(w: &mut Writer<'m>, extensions: impl FnOnce(&mut Writer<'m>)) {
    write_message(w, HandshakeType::ENCRYPTED_EXTENSIONS, |w| w.vec_u16(extensions));
}

/// ```text
/// struct {
///     opaque certificate_request_context<0..2^8-1>;
///     Extension extensions<0..2^16-1>;
/// } CertificateRequest;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateRequest<'a> {
    /// certificate_request_context: must be empty in the handshake, which the engine checks.
    pub certificate_request_context: &'a [u8],
    /// extensions
    pub extensions: Extensions<'a>,
}

impl<'a> CertificateRequest<'a> {
    /// Reads the message's body. A ClientCertificateRequest has the same.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        whole(body, |r| {
            Ok(CertificateRequest { certificate_request_context: r.vec_u8()?, extensions: Extensions::read(r)? })
        })
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_certificate_request(w, self.certificate_request_context, |w| w.bytes(self.extensions.raw()));
    }
}

/// Writes a CertificateRequest. `extensions` writes its extensions.
pub fn write_certificate_request<'m>(
    w: &mut Writer<'m>,
    certificate_request_context: &[u8],
    extensions: impl FnOnce(&mut Writer<'m>),
) {
    write_message(w, HandshakeType::CERTIFICATE_REQUEST, |w| {
        w.vec_u8(|w| w.bytes(certificate_request_context));
        w.vec_u16(extensions);
    });
}

/// Writes a ClientCertificateRequest (RFC 9261 §4). `extensions` writes its extensions.
pub fn write_client_certificate_request<'m>(
    w: &mut Writer<'m>,
    certificate_request_context: &[u8],
    extensions: impl FnOnce(&mut Writer<'m>),
) {
    write_message(w, HandshakeType::CLIENT_CERTIFICATE_REQUEST, |w| {
        w.vec_u8(|w| w.bytes(certificate_request_context));
        w.vec_u16(extensions);
    });
}
