//! ClientHello (RFC 9846 §4.2.2).

use super::{
    CipherSuite, Extensions, HandshakeType, LEGACY_VERSION, List, Malformed, Reader, Writer,
    reader::{non_empty, whole},
    write_message,
};

/// ```text
/// struct {
///     ProtocolVersion legacy_version = 0x0303;    /* TLS v1.2 */
///     Random random;
///     opaque legacy_session_id<0..32>;
///     CipherSuite cipher_suites<2..2^16-2>;
///     opaque legacy_compression_methods<1..2^8-1>;
///     Extension extensions<7..2^16-1>;
/// } ClientHello;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// legacy_version, unchecked
    pub legacy_version: u16,
    /// random
    pub random: &'a [u8; 32],
    /// legacy_session_id: at most 32 bytes
    pub legacy_session_id: &'a [u8],
    /// cipher_suites
    pub cipher_suites: List<'a, CipherSuite>,
    /// legacy_compression_methods, unchecked
    pub legacy_compression_methods: &'a [u8],
    /// extensions. A client of an older version may leave the block out or send an empty one.
    pub extensions: Extensions<'a>,
}

impl<'a> ClientHello<'a> {
    /// Reads the message's body.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        whole(body, |r| {
            Ok(ClientHello {
                legacy_version: r.u16()?,
                random: r.array()?,
                legacy_session_id: session_id(r)?,
                cipher_suites: List::parse_non_empty(r.vec_u16()?)?,
                legacy_compression_methods: non_empty(r.vec_u8()?)?,
                extensions: Extensions::read_if_present(r)?,
            })
        })
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_message(w, HandshakeType::CLIENT_HELLO, |w| {
            w.u16(self.legacy_version);
            w.bytes(self.random);
            w.vec_u8(|w| w.bytes(self.legacy_session_id));
            w.vec_u16(|w| w.bytes(self.cipher_suites.raw()));
            w.vec_u8(|w| w.bytes(self.legacy_compression_methods));
            self.extensions.write(w);
        });
    }
}

/// Writes a ClientHello of TLS 1.3. `extensions` writes its extensions.
pub fn write_client_hello<'m>(
    w: &mut Writer<'m>,
    random: &[u8; 32],
    legacy_session_id: &[u8],
    cipher_suites: impl IntoIterator<Item = CipherSuite>,
    extensions: impl FnOnce(&mut Writer<'m>),
) {
    write_message(w, HandshakeType::CLIENT_HELLO, |w| {
        w.u16(LEGACY_VERSION);
        w.bytes(random);
        w.vec_u8(|w| w.bytes(legacy_session_id));
        w.vec_u16(|w| cipher_suites.into_iter().for_each(|each| w.u16(each.0)));
        w.vec_u8(|w| w.u8(0));
        w.vec_u16(extensions);
    });
}

/// `opaque legacy_session_id<0..32>`
pub(super) fn session_id<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let session_id = reader.vec_u8()?;
    if session_id.len() <= 32 { Ok(session_id) } else { Err(Malformed::BadLength) }
}
