//! Handshake messages that can be bent: what the scripted peer sends.

use countersign::internals::codec::{NamedGroup, SignatureScheme, Writer};
use countersign::{CipherSuite, ExtensionType, HandshakeType};

/// One message in three parts: all before the extensions, the extensions, what trails. Lengths are right unless bent.
#[derive(Clone, Debug)]
pub struct Msg {
    pub typ: HandshakeType,
    pub head: Vec<u8>,
    /// `None`: no extension block at all.
    pub extensions: Option<Vec<(ExtensionType, Vec<u8>)>>,
    pub tail: Vec<u8>,
    /// Announce this length instead of the true one.
    pub length: Option<u32>,
}

/// What a [`Writer`] writes.
pub fn written(write: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut counter = Writer::counting();
    write(&mut counter);
    let mut bytes = vec![0; counter.len()];
    let mut writer = Writer::new(&mut bytes);
    write(&mut writer);
    writer.finish().unwrap();
    bytes
}

/// The extensions that a [`Writer`] writes.
pub fn extensions(write: impl Fn(&mut Writer<'_>)) -> Vec<(ExtensionType, Vec<u8>)> {
    let bytes = written(write);
    let mut rest = &bytes[..];
    let mut list = Vec::new();
    while let [a, b, c, d, after @ ..] = rest {
        let (body, after) = after.split_at(usize::from(u16::from_be_bytes([*c, *d])));
        list.push((ExtensionType(u16::from_be_bytes([*a, *b])), body.to_vec()));
        rest = after;
    }
    list
}

pub const SERVER_NAME: ExtensionType = ExtensionType::SERVER_NAME;
pub const GROUPS: ExtensionType = ExtensionType::SUPPORTED_GROUPS;
pub const SCHEMES: ExtensionType = ExtensionType::SIGNATURE_ALGORITHMS;
pub const VERSIONS: ExtensionType = ExtensionType::SUPPORTED_VERSIONS;
pub const KEY_SHARE: ExtensionType = ExtensionType::KEY_SHARE;
pub const ALPN: ExtensionType = ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
/// GREASE (RFC 8701): no one knows it.
pub const GREASE: ExtensionType = ExtensionType(0x2a2a);

impl Msg {
    pub fn new(typ: HandshakeType, head: Vec<u8>) -> Msg {
        Msg { typ, head, extensions: None, tail: Vec::new(), length: None }
    }

    pub fn with(mut self, extensions: Vec<(ExtensionType, Vec<u8>)>) -> Msg {
        self.extensions = Some(extensions);
        self
    }

    /// Header and body.
    pub fn bytes(&self) -> Vec<u8> {
        let mut body = self.head.clone();
        if let Some(list) = &self.extensions {
            body.extend(written(|w| {
                w.vec_u16(|w| list.iter().for_each(|(extension, data)| w.extension(*extension, |w| w.bytes(data))));
            }));
        }
        body.extend(&self.tail);
        let length = self.length.unwrap_or(body.len() as u32).to_be_bytes();
        [&[self.typ.0], &length[1..], &body].concat()
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

    pub fn version(&mut self, version: u16) {
        self.head.splice(..2, version.to_be_bytes());
    }

    pub fn random(&mut self, from: usize, bytes: &[u8]) {
        self.head.splice(2 + from..2 + from + bytes.len(), bytes.iter().copied());
    }

    pub fn session_id(&mut self, id: &[u8]) {
        let old = 35 + usize::from(self.head[34]);
        self.head.splice(34..old, [&[id.len() as u8], id].concat());
    }

    fn after_session_id(&self) -> usize {
        35 + usize::from(self.head[34])
    }

    /// cipher_suites of ClientHello, and what follows unchanged.
    pub fn suites(&mut self, suites: &[u16]) {
        let at = self.after_session_id();
        let old = at + 2 + usize::from(u16::from_be_bytes([self.head[at], self.head[at + 1]]));
        let new = written(|w| w.vec_u16(|w| suites.iter().for_each(|each| w.u16(*each))));
        self.head.splice(at..old, new);
    }

    /// legacy_compression_methods of ClientHello.
    pub fn compressions(&mut self, methods: &[u8]) {
        let at = self.after_session_id();
        let from = at + 2 + usize::from(u16::from_be_bytes([self.head[at], self.head[at + 1]]));
        self.head.splice(from.., [&[methods.len() as u8], methods].concat());
    }

    /// cipher_suite of ServerHello.
    pub fn suite(&mut self, suite: u16) {
        let at = self.after_session_id();
        self.head.splice(at..at + 2, suite.to_be_bytes());
    }

    /// legacy_compression_method of ServerHello.
    pub fn compression(&mut self, method: u8) {
        *self.head.last_mut().unwrap() = method;
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
