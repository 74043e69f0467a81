//! ServerHello (RFC 9846 §4.2.3) and HelloRetryRequest (§4.2.4), which has the same structure.

use super::{
    CipherSuite, Element, Extensions, HandshakeType, LEGACY_VERSION, Malformed, Writer, client_hello::session_id,
    reader::whole, write_message,
};

/// The random of HelloRetryRequest: SHA-256 of "HelloRetryRequest" (§4.2.3).
pub const HELLO_RETRY_REQUEST_RANDOM: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, //
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];
/// The end of random when a TLS 1.3 server negotiates TLS 1.2 (§4.2.3).
pub const DOWNGRADE_TLS12: [u8; 8] = *b"DOWNGRD\x01";
/// The end of random when a TLS 1.3 server negotiates TLS 1.1 or older (§4.2.3).
pub const DOWNGRADE_TLS11: [u8; 8] = *b"DOWNGRD\x00";

/// ```text
/// struct {
///     ProtocolVersion legacy_version = 0x0303;    /* TLS v1.2 */
///     Random random;
///     opaque legacy_session_id_echo<0..32>;
///     CipherSuite cipher_suite;
///     uint8 legacy_compression_method = 0;
///     Extension extensions<6..2^16-1>;
/// } ServerHello;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// legacy_version, unchecked
    pub legacy_version: u16,
    /// random
    pub random: &'a [u8; 32],
    /// legacy_session_id_echo: at most 32 bytes
    pub legacy_session_id_echo: &'a [u8],
    /// cipher_suite
    pub cipher_suite: CipherSuite,
    /// legacy_compression_method, unchecked
    pub legacy_compression_method: u8,
    /// extensions. A server of an older version may leave the block out or send an empty one.
    pub extensions: Extensions<'a>,
}

impl<'a> ServerHello<'a> {
    /// Reads the message's body.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        whole(body, |r| {
            Ok(ServerHello {
                legacy_version: r.u16()?,
                random: r.array()?,
                legacy_session_id_echo: session_id(r)?,
                cipher_suite: CipherSuite::read(r)?,
                legacy_compression_method: r.u8()?,
                extensions: Extensions::read_if_present(r)?,
            })
        })
    }

    /// Whether it is a HelloRetryRequest, which must be checked first (§4.2.3).
    pub fn is_hello_retry_request(&self) -> bool {
        *self.random == HELLO_RETRY_REQUEST_RANDOM
    }

    /// Whether random ends with the mark of a TLS 1.3 server that negotiates an older version (§4.2.3).
    pub fn is_downgrade(&self) -> bool {
        self.random.ends_with(&DOWNGRADE_TLS12) || self.random.ends_with(&DOWNGRADE_TLS11)
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_message(w, HandshakeType::SERVER_HELLO, |w| {
            w.u16(self.legacy_version);
            w.bytes(self.random);
            w.vec_u8(|w| w.bytes(self.legacy_session_id_echo));
            w.u16(self.cipher_suite.0);
            w.u8(self.legacy_compression_method);
            self.extensions.write(w);
        });
    }
}

/// Writes a ServerHello of TLS 1.3. `extensions` writes its extensions.
pub fn write_server_hello<'m>(
    w: &mut Writer<'m>,
    random: &[u8; 32],
    legacy_session_id_echo: &[u8],
    cipher_suite: CipherSuite,
    extensions: impl FnOnce(&mut Writer<'m>),
) {
    write_message(w, HandshakeType::SERVER_HELLO, |w| {
        w.u16(LEGACY_VERSION);
        w.bytes(random);
        w.vec_u8(|w| w.bytes(legacy_session_id_echo));
        w.u16(cipher_suite.0);
        w.u8(0);
        w.vec_u16(extensions);
    });
}

/// Writes a HelloRetryRequest. `extensions` writes its extensions.
pub fn write_hello_retry_request<'m>(
    w: &mut Writer<'m>,
    legacy_session_id_echo: &[u8],
    cipher_suite: CipherSuite,
    extensions: impl FnOnce(&mut Writer<'m>),
) {
    write_server_hello(w, &HELLO_RETRY_REQUEST_RANDOM, legacy_session_id_echo, cipher_suite, extensions);
}
