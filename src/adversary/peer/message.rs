//! Handshake messages that can be bent: what the scripted peer sends. Nothing here refuses anything.

use crate::codec::{CipherSuite, ExtensionType, HandshakeType, NamedGroup, SignatureScheme, Writer};
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// One message in three parts: all before the extensions, the extensions, what trails. Lengths are right unless bent.
#[derive(Clone, Debug)]
pub struct Msg {
    /// Its type.
    pub typ: HandshakeType,
    /// All before the extensions.
    pub head: Vec<u8>,
    /// `None`: no extension block at all.
    pub extensions: Option<Vec<(ExtensionType, Vec<u8>)>>,
    /// What trails.
    pub tail: Vec<u8>,
    /// Announce this length instead of the true one.
    pub length: Option<u32>,
}

/// What a [`Writer`] writes.
pub fn written(write: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut counter = Writer::counting();
    write(&mut counter);
    let mut bytes = vec![0; counter.len()];
    write(&mut Writer::new(&mut bytes));
    bytes
}

/// The extensions that a [`Writer`] writes.
pub fn extensions(write: impl Fn(&mut Writer<'_>)) -> Vec<(ExtensionType, Vec<u8>)> {
    let bytes = written(write);
    let mut rest = &bytes[..];
    let mut list = Vec::new();
    while let [a, b, c, d, after @ ..] = rest {
        let Some((body, after)) = after.split_at_checked(usize::from(u16::from_be_bytes([*c, *d]))) else { break };
        list.push((ExtensionType(u16::from_be_bytes([*a, *b])), body.to_vec()));
        rest = after;
    }
    list
}

/// GREASE (RFC 8701): no one knows it.
pub const GREASE: ExtensionType = ExtensionType(0x2a2a);

impl Msg {
    /// A message without extension block.
    pub fn new(typ: HandshakeType, head: Vec<u8>) -> Msg {
        Msg { typ, head, extensions: None, tail: Vec::new(), length: None }
    }

    /// The same with these extensions.
    #[must_use]
    pub fn with(mut self, extensions: Vec<(ExtensionType, Vec<u8>)>) -> Msg {
        self.extensions = Some(extensions);
        self
    }

    /// All that follows the header.
    pub fn body(&self) -> Vec<u8> {
        let mut body = self.head.clone();
        if let Some(list) = &self.extensions {
            body.extend(written(|w| {
                w.vec_u16(|w| list.iter().for_each(|(extension, data)| w.extension(*extension, |w| w.bytes(data))));
            }));
        }
        body.extend(&self.tail);
        body
    }

    /// Header and body.
    pub fn bytes(&self) -> Vec<u8> {
        let body = self.body();
        let [_, length @ ..] = self.length.unwrap_or(body.len() as u32).to_be_bytes();
        [&[self.typ.0], &length[..], &body].concat()
    }

    fn list(&mut self) -> &mut Vec<(ExtensionType, Vec<u8>)> {
        self.extensions.get_or_insert_default()
    }

    /// The extension's body.
    pub fn get(&self, extension: ExtensionType) -> Option<&[u8]> {
        self.extensions.as_ref()?.iter().find(|(each, _)| *each == extension).map(|(_, body)| &body[..])
    }

    /// Gives the extension this body, in its place, or else at the end.
    pub fn set(&mut self, extension: ExtensionType, body: &[u8]) {
        match self.list().iter_mut().find(|(each, _)| *each == extension) {
            Some((_, data)) => *data = body.to_vec(),
            None => self.list().push((extension, body.to_vec())),
        }
    }

    /// Puts the extensions that a [`Writer`] writes.
    pub fn put(&mut self, write: impl Fn(&mut Writer<'_>)) {
        for (extension, body) in extensions(write) {
            self.set(extension, &body);
        }
    }

    /// Takes the extension out.
    pub fn without(&mut self, extension: ExtensionType) {
        self.list().retain(|(each, _)| *each != extension);
    }

    /// Adds it at the end, even a second time.
    pub fn push(&mut self, extension: ExtensionType, body: &[u8]) {
        self.list().push((extension, body.to_vec()));
    }

    /// A byte at the end of an extension's body.
    pub fn lengthen(&mut self, extension: ExtensionType) {
        for (_, body) in self.list().iter_mut().filter(|(each, _)| *each == extension) {
            body.push(0);
        }
    }

    // ---- hellos: version 2, random 32, session id, then suites and compressions, or one of each ----

    /// Puts bytes in place of a part of the head, as far as there is such a part.
    fn replace(&mut self, range: Range<usize>, bytes: &[u8]) {
        let len = self.head.len();
        let (start, end) = (range.start.min(len), range.end.min(len));
        self.head.splice(start..end.max(start), bytes.iter().copied());
    }

    fn at(&self, place: usize) -> u8 {
        self.head.get(place).copied().unwrap_or(0)
    }

    /// legacy_version.
    pub fn version(&mut self, version: u16) {
        self.replace(0..2, &version.to_be_bytes());
    }

    /// random, from this byte of it on.
    pub fn random(&mut self, from: usize, bytes: &[u8]) {
        let from = from.saturating_add(2);
        self.replace(from..from.saturating_add(bytes.len()), bytes);
    }

    /// legacy_session_id, or its echo.
    pub fn session_id(&mut self, id: &[u8]) {
        self.replace(34..self.after_session_id(), &[&[id.len() as u8], id].concat());
    }

    fn after_session_id(&self) -> usize {
        usize::from(self.at(34)).saturating_add(35)
    }

    /// Where cipher_suites of a ClientHello is, with its length.
    fn cipher_suites(&self) -> Range<usize> {
        let from = self.after_session_id();
        let length = u16::from_be_bytes([self.at(from), self.at(from.saturating_add(1))]);
        from..from.saturating_add(2).saturating_add(length.into())
    }

    /// cipher_suites of ClientHello, and what follows unchanged.
    pub fn suites(&mut self, suites: &[u16]) {
        self.replace(self.cipher_suites(), &numbers(suites));
    }

    /// legacy_compression_methods of ClientHello.
    pub fn compressions(&mut self, methods: &[u8]) {
        self.replace(self.cipher_suites().end..usize::MAX, &[&[methods.len() as u8], methods].concat());
    }

    /// cipher_suite of ServerHello.
    pub fn suite(&mut self, suite: u16) {
        let at = self.after_session_id();
        self.replace(at..at.saturating_add(2), &suite.to_be_bytes());
    }

    /// legacy_compression_method of ServerHello.
    pub fn compression(&mut self, method: u8) {
        if let Some(last) = self.head.last_mut() {
            *last = method;
        }
    }
}

/// The fixed fields of a ClientHello.
pub fn client_hello_head(random: &[u8; 32], session_id: &[u8], suites: &[CipherSuite]) -> Vec<u8> {
    written(|w| {
        w.u16(0x0303);
        w.bytes(random);
        w.vec_u8(|w| w.bytes(session_id));
        w.vec_u16(|w| suites.iter().for_each(|each| w.u16(each.0)));
        w.vec_u8(|w| w.u8(0));
    })
}

/// The fixed fields of a ServerHello.
pub fn server_hello_head(random: &[u8; 32], session_id: &[u8], suite: CipherSuite) -> Vec<u8> {
    written(|w| {
        w.u16(0x0303);
        w.bytes(random);
        w.vec_u8(|w| w.bytes(session_id));
        w.u16(suite.0);
        w.u8(0);
    })
}

/// A Certificate: context, entries of certificate and extension block.
pub fn certificate(context: &[u8], entries: &[(&[u8], &[u8])]) -> Msg {
    let head = written(|w| {
        w.vec_u8(|w| w.bytes(context));
        w.vec_u24(|w| {
            for (data, extensions) in entries {
                w.vec_u24(|w| w.bytes(data));
                w.vec_u16(|w| w.bytes(extensions));
            }
        });
    });
    Msg::new(HandshakeType::CERTIFICATE, head)
}

/// A CertificateVerify.
pub fn certificate_verify(scheme: SignatureScheme, signature: &[u8]) -> Msg {
    let head = written(|w| {
        w.u16(scheme.0);
        w.vec_u16(|w| w.bytes(signature));
    });
    Msg::new(HandshakeType::CERTIFICATE_VERIFY, head)
}

/// The body of a ClientHello's key_share.
pub fn shares(list: &[(NamedGroup, &[u8])]) -> Vec<u8> {
    written(|w| {
        w.vec_u16(|w| {
            for (group, share) in list {
                w.u16(group.0);
                w.vec_u16(|w| w.bytes(share));
            }
        });
    })
}

/// A list of 16-bit numbers after its length: supported_groups, signature_algorithms.
pub fn numbers(list: &[u16]) -> Vec<u8> {
    written(|w| w.vec_u16(|w| list.iter().for_each(|each| w.u16(*each))))
}
