//! The transcript hash (RFC 9846 §4.1). Both roles have the same sequence of messages, since authentication is mutual.
//!
//! ```text
//! OpenTranscript --choose--> ClientHello -> ServerHello* -> EncryptedExtensions -> CertificateRequest
//!        |                        ^           -> ServerCertificate* -> ServerCertificateVerify* -> ServerFinished*
//!      retry                      |           -> ClientCertificate* -> ClientCertificateVerify* -> ClientFinished
//!        v                        |
//!    MessageHash -> HelloRetryRequest                                          (*: the hash here is used, once)
//! ```

use crate::codec::HandshakeType;
use crate::crypto::{Hash, HashAlgorithm, Hasher};
use core::marker::PhantomData;

/// The position of a [`Transcript`]: the last message in it.
pub mod at {
    /// A position with a next message.
    pub trait Before: sealed::Position {
        /// The next position.
        type Next: sealed::Position;
    }

    /// A position whose hash the protocol uses.
    pub trait Hashed: sealed::Position {}

    pub(super) mod sealed {
        pub trait Position {}
    }

    /// `Position: Next`, and `*` if its hash is used.
    macro_rules! chain {
        ($($(#[$doc:meta])* $at:ident -> $next:ident $($hashed:ident)?;)*) => {$(
            $(#[$doc])*
            pub enum $at {}
            impl sealed::Position for $at {}
            impl Before for $at { type Next = $next; }
            $(impl $hashed for $at {})?
        )*};
    }

    chain! {
        /// message_hash, which replaces the first ClientHello.
        MessageHash -> HelloRetryRequest;
        /// HelloRetryRequest.
        HelloRetryRequest -> ClientHello;
        /// ClientHello, the second if there were two.
        ClientHello -> ServerHello;
        /// ServerHello. The hash is for the handshake traffic secrets.
        ServerHello -> EncryptedExtensions Hashed;
        /// EncryptedExtensions.
        EncryptedExtensions -> CertificateRequest;
        /// CertificateRequest.
        CertificateRequest -> ServerCertificate;
        /// The server's Certificate. The server signs the hash.
        ServerCertificate -> ServerCertificateVerify Hashed;
        /// The server's CertificateVerify. The hash is for the server's Finished.
        ServerCertificateVerify -> ServerFinished Hashed;
        /// The server's Finished. The hash is for the application secrets.
        ServerFinished -> ClientCertificate Hashed;
        /// The client's Certificate. The client signs the hash.
        ClientCertificate -> ClientCertificateVerify Hashed;
        /// The client's CertificateVerify. The hash is for the client's Finished.
        ClientCertificateVerify -> ClientFinished Hashed;
    }

    /// The client's Finished, the last message.
    pub enum ClientFinished {}
    impl sealed::Position for ClientFinished {}
}

/// The running hash of the handshake messages up to and including `At`. 224 bytes.
///
/// The hash is available only at positions where the protocol uses it, and only the next message can follow:
///
/// ```
/// # use countersign::internals::{crypto::HashAlgorithm, schedule::{Transcript, at}};
/// let transcript = Transcript::<at::ClientHello>::start(HashAlgorithm::Sha256, b"ClientHello");
/// let transcript: Transcript<at::ServerHello> = transcript.append(b"ServerHello");
/// let hash = transcript.hash();
/// ```
///
/// ```compile_fail,E0599
/// # use countersign::internals::{crypto::HashAlgorithm, schedule::{Transcript, at}};
/// let transcript = Transcript::<at::ClientHello>::start(HashAlgorithm::Sha256, b"ClientHello");
/// let hash = transcript.hash(); // the protocol does not use the hash of a ClientHello alone
/// ```
pub struct Transcript<At> {
    hasher: Hasher,
    at: PhantomData<fn() -> At>,
}

impl<At> Transcript<At> {
    fn new(hasher: Hasher) -> Transcript<At> {
        Transcript { hasher, at: PhantomData }
    }

    /// The hash of the negotiated suite.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.hasher.algorithm()
    }
}

impl<At: at::Before> Transcript<At> {
    /// Adds the next message with its header.
    pub fn append(mut self, message: &[u8]) -> Transcript<At::Next> {
        self.hasher.update(message);
        Transcript::new(self.hasher)
    }

    /// Adds the next message while `send` sends it. `send` must pass on the whole message, in one piece or several.
    pub(crate) fn append_sent<E>(
        mut self,
        send: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), E>,
    ) -> Result<Transcript<At::Next>, E> {
        send(&mut |piece| self.hasher.update(piece))?;
        Ok(Transcript::new(self.hasher))
    }
}

impl<At: at::Hashed> Transcript<At> {
    /// Transcript-Hash(ClientHello ... At).
    pub fn hash(&self) -> Hash {
        self.hasher.hash()
    }
}

impl Transcript<at::ClientHello> {
    /// Starts a server's transcript. A server knows the suite when it has the ClientHello, so it needs one hash only.
    pub fn start(algorithm: HashAlgorithm, client_hello: &[u8]) -> Transcript<at::ClientHello> {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(client_hello);
        Transcript::new(hasher)
    }
}

impl Transcript<at::MessageHash> {
    /// Starts the transcript of a server that sends HelloRetryRequest. It replaces the first ClientHello by
    /// `message_hash || 00 00 Hash.length || Hash(ClientHello1)` (§4.1).
    pub fn start_retry(algorithm: HashAlgorithm, client_hello_1: &[u8]) -> Transcript<at::MessageHash> {
        Transcript::message_hash(&algorithm.hash(client_hello_1))
    }

    fn message_hash(client_hello_1: &Hash) -> Transcript<at::MessageHash> {
        let mut hasher = Hasher::new(client_hello_1.algorithm());
        hasher.update(&[HandshakeType::MESSAGE_HASH.0, 0, 0, client_hello_1.algorithm().output_len_u8()]);
        hasher.update(client_hello_1.as_ref());
        Transcript::new(hasher)
    }
}

/// A client's transcript until the server has chosen a suite. It has the first ClientHello in the hashes of all offered
/// suites. 448 bytes.
pub struct OpenTranscript {
    sha256: Option<Hasher>,
    sha384: Option<Hasher>,
}

impl OpenTranscript {
    /// An empty transcript for these hashes.
    pub fn new(algorithms: impl IntoIterator<Item = HashAlgorithm>) -> OpenTranscript {
        let mut open = OpenTranscript { sha256: None, sha384: None };
        for algorithm in algorithms {
            open.hasher(algorithm).get_or_insert_with(|| Hasher::new(algorithm));
        }
        open
    }

    /// Adds the first ClientHello, in one piece or several.
    pub fn append(&mut self, client_hello: &[u8]) {
        for hasher in [&mut self.sha256, &mut self.sha384].into_iter().flatten() {
            hasher.update(client_hello);
        }
    }

    /// Continues with the hash of the suite in ServerHello. `None` if it was not offered.
    pub fn choose(mut self, algorithm: HashAlgorithm) -> Option<Transcript<at::ClientHello>> {
        self.hasher(algorithm).take().map(Transcript::new)
    }

    /// Continues with the hash of the suite in HelloRetryRequest, and replaces ClientHello by message_hash (§4.1).
    pub fn retry(mut self, algorithm: HashAlgorithm) -> Option<Transcript<at::MessageHash>> {
        self.hasher(algorithm).take().map(|hasher| Transcript::message_hash(&hasher.hash()))
    }

    fn hasher(&mut self, algorithm: HashAlgorithm) -> &mut Option<Hasher> {
        match algorithm {
            HashAlgorithm::Sha256 => &mut self.sha256,
            HashAlgorithm::Sha384 => &mut self.sha384,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [HashAlgorithm; 2] = [HashAlgorithm::Sha256, HashAlgorithm::Sha384];
    const MESSAGES: [&[u8]; 10] = [b"CH", b"SH", b"EE", b"CR", b"sCert", b"sCV", b"sFin", b"cCert", b"cCV", b"cFin"];

    #[test]
    fn each_hash_is_that_of_all_messages_so_far() {
        for algorithm in BOTH {
            let so_far = |count: usize| algorithm.hash(&MESSAGES[..count].concat());
            let [ch, sh, ee, cr, server_cert, server_cv, server_fin, client_cert, client_cv, client_fin] = MESSAGES;
            let mut open = OpenTranscript::new(BOTH);
            open.append(ch);
            let transcript = open.choose(algorithm).unwrap().append(sh);
            assert_eq!(transcript.hash(), so_far(2));
            let transcript = transcript.append(ee).append(cr).append(server_cert);
            assert_eq!(transcript.hash(), so_far(5));
            let transcript = transcript.append(server_cv);
            assert_eq!(transcript.hash(), so_far(6));
            let transcript = transcript.append(server_fin);
            assert_eq!(transcript.hash(), so_far(7));
            let transcript = transcript.append(client_cert);
            assert_eq!(transcript.hash(), so_far(8));
            let transcript = transcript.append(client_cv);
            assert_eq!(transcript.hash(), so_far(9));
            let end: Transcript<at::ClientFinished> = transcript.append(client_fin);
            assert_eq!(end.hasher.hash(), so_far(10));
            assert_eq!(end.algorithm(), algorithm);
        }
    }

    #[test]
    fn after_a_retry_the_first_client_hello_is_a_message_hash() {
        for algorithm in BOTH {
            let mut open = OpenTranscript::new([algorithm]);
            open.append(b"CH");
            open.append(b"1");
            let client = open.retry(algorithm).unwrap().append(b"HRR").append(b"CH2").append(b"SH");
            let server = Transcript::<at::MessageHash>::start_retry(algorithm, b"CH1");
            let server = server.append(b"HRR").append(b"CH2").append(b"SH");

            let client_hello_1 = algorithm.hash(b"CH1");
            let length = algorithm.output_len() as u8;
            let expected = [&[254, 0, 0, length], client_hello_1.as_ref(), b"HRRCH2SH"].concat();
            assert_eq!(client.hash(), algorithm.hash(&expected));
            assert_eq!(server.hash(), algorithm.hash(&expected));
        }
    }
    #[test]
    fn a_hash_that_was_not_offered_cannot_be_chosen() {
        for (offered, chosen) in BOTH.into_iter().zip(BOTH.into_iter().rev()) {
            assert!(OpenTranscript::new([offered]).choose(chosen).is_none());
            assert!(OpenTranscript::new([offered]).retry(chosen).is_none());
        }
    }
}
