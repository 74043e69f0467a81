//! The legal messages of the peer, as far as what has happened makes one possible.

use super::message::{Msg, certificate, certificate_verify, client_hello_head, extensions, server_hello_head, shares};
use super::{HELLO_RETRY_REQUEST, Peer, SECOND_CLIENT_HELLO, Trouble};
use crate::codec::{
    ClientHello, ExtensionType, HELLO_RETRY_REQUEST_RANDOM, HandshakeType, KeyShareEntry, NamedGroup, Place, TLS13,
};
use crate::crypto::{KeyExchange, Suite};
use crate::role::Role;
use crate::schedule::SignedContent;
use alloc::vec;
use alloc::vec::Vec;

impl Peer<'_> {
    /// A legal message of this type.
    pub fn compose(&mut self, typ: HandshakeType) -> Msg {
        match typ {
            HandshakeType::CLIENT_HELLO => self.compose_client_hello(NamedGroup::X25519),
            SECOND_CLIENT_HELLO => self.compose_client_hello(self.group),
            HELLO_RETRY_REQUEST => {
                let head = server_hello_head(&HELLO_RETRY_REQUEST_RANDOM, &self.session_id, self.suite.number());
                Msg::new(HandshakeType::SERVER_HELLO, head).with(extensions(|w| {
                    w.selected_version(TLS13);
                    w.selected_group(self.group);
                }))
            }
            HandshakeType::SERVER_HELLO => self.compose_server_hello(),
            HandshakeType::ENCRYPTED_EXTENSIONS => Msg::new(typ, vec![]).with(vec![]),
            HandshakeType::CERTIFICATE_REQUEST => Msg::new(typ, vec![0]).with(extensions(|w| {
                w.signature_algorithms(self.schemes.iter().copied());
            })),
            HandshakeType::CERTIFICATE => {
                let entries: Vec<(&[u8], &[u8])> =
                    self.identity.chain.iter().map(|each| (each.as_ref(), &[][..])).collect();
                certificate(&self.request_context(), &entries)
            }
            HandshakeType::CERTIFICATE_VERIFY => self.compose_certificate_verify(),
            HandshakeType::FINISHED => Msg::new(typ, self.verify_data()),
            HandshakeType::KEY_UPDATE => Msg::new(typ, vec![0]),
            HandshakeType::NEW_SESSION_TICKET => {
                Msg::new(typ, [&[0; 8][..], &[1, 0], &[0, 3], b"abc"].concat()).with(vec![])
            }
            _ => Msg::new(typ, vec![]),
        }
    }

    /// certificate_request_context, which the client echoes (§4.5.1).
    fn request_context(&self) -> Vec<u8> {
        let request = self.received(HandshakeType::CERTIFICATE_REQUEST).and_then(|raw| raw.get(4..));
        let context = request.and_then(|body| body.split_first()).and_then(|(len, rest)| rest.get(..usize::from(*len)));
        context.unwrap_or_default().to_vec()
    }

    fn compose_client_hello(&mut self, group: NamedGroup) -> Msg {
        match KeyExchange::start([group], self.mode) {
            Ok(kx) => {
                self.share = kx.share(group).concat();
                self.kx = Some(kx);
            }
            Err(_) => self.fail(Trouble::KeyExchange),
        }
        // After a HelloRetryRequest `suite` is the server's choice; what is offered stays (§4.2.2).
        if !self.retried {
            self.offered_suites = [self.suite].iter().chain(&self.more_suites).map(|suite| suite.number()).collect();
        }
        let head = client_hello_head(&self.random, &self.session_id, &self.offered_suites);
        Msg::new(HandshakeType::CLIENT_HELLO, head).with(extensions(|w| {
            if !self.server_name.is_empty() {
                w.server_name(&self.server_name);
            }
            w.supported_groups([NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1]);
            w.signature_algorithms(self.schemes.iter().copied());
            w.supported_versions([TLS13]);
            if !self.alpn.is_empty() {
                w.protocols(self.alpn.iter().map(|name| &name[..]));
            }
            if let Some(cookie) = &self.cookie {
                w.cookie(cookie);
            }
            w.extension(ExtensionType::KEY_SHARE, |w| w.bytes(&shares(&[(group, &self.share)])));
        }))
    }

    fn compose_server_hello(&mut self) -> Msg {
        if self.role == Role::Server
            && let Some(share) = self.their_share()
        {
            self.respond(&share);
        }
        let head = server_hello_head(&self.random, &self.session_id, self.suite.number());
        Msg::new(HandshakeType::SERVER_HELLO, head).with(extensions(|w| {
            w.selected_version(TLS13);
            w.server_share(KeyShareEntry { group: self.group, key_exchange: &self.share });
        }))
    }

    /// As a server: takes a suite of the target's ClientHello, and a group of which it has a share. `retry`: a group of
    /// which it has none.
    pub fn agree(&mut self, retry: bool) {
        let Ok(hello) = ClientHello::parse(&self.client_hello) else { return };
        let ours = [Suite::Aes128GcmSha256, Suite::Aes256GcmSha384, Suite::ChaCha20Poly1305Sha256];
        let offered = |suite: &&Suite| hello.cipher_suites.iter().any(|each| each == suite.number());
        let suite = ours.iter().find(offered).copied();
        let Ok(extensions) = hello.extensions.check(Place::ClientHello) else { return };
        let shared = |group| extensions.client_shares().is_some_and(|list| list.iter().any(|each| each.group == group));
        let listed = |group| extensions.supported_groups().is_some_and(|list| list.iter().any(|each| each == group));
        let fits = |group: &&NamedGroup| listed(**group) && shared(**group) != retry;
        let group = KeyExchange::GROUPS.iter().find(fits).copied();
        self.suite = suite.unwrap_or(self.suite);
        self.group = group.unwrap_or(self.group);
    }

    /// The share of our group in the target's ClientHello.
    fn their_share(&self) -> Option<Vec<u8>> {
        let hello = ClientHello::parse(&self.client_hello).ok()?;
        let extensions = hello.extensions.check(Place::ClientHello).ok()?;
        let share = extensions.client_shares()?.iter().find(|each| each.group == self.group)?;
        Some(share.key_exchange.to_vec())
    }

    fn compose_certificate_verify(&mut self) -> Msg {
        let hash = self.suite.hash().hash(self.signs_over.as_ref().unwrap_or(&self.transcript));
        let content = match self.signs_as.unwrap_or(self.role) {
            Role::Client => SignedContent::client(&hash),
            Role::Server => SignedContent::server(&hash),
        };
        let key = self.signer.unwrap_or(&self.identity.key);
        let scheme = self.scheme.or(key.schemes().first().copied()).unwrap_or_default();
        let real = || key.sign(scheme, content.as_ref()).ok();
        let signature = if self.mode.is_null() { Some(vec![1; 64]) } else { real() };
        if signature.is_none() {
            self.fail(Trouble::CannotSign(scheme));
        }
        certificate_verify(scheme, &signature.unwrap_or_default())
    }
}
