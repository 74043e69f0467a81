//! The key schedule of RFC 9846 §7.1, without PSK, early data and resumption:
//!
//! ```text
//!                  0
//!                  |
//!                  v
//!         0 -->  HKDF-Extract = Early Secret
//!                  |
//!                  v
//!             Derive-Secret(., "derived", "")                                       Early
//!                  |
//!   asymmetric     v
//!    shared --> HKDF-Extract = Handshake Secret                                     Handshake
//!    secret        |
//!                  +-----> Derive-Secret(., "c hs traffic",
//!                  |                     ClientHello...ServerHello)                 Pair<HandshakeSecret>
//!                  |              = client_handshake_traffic_secret
//!                  |
//!                  +-----> Derive-Secret(., "s hs traffic",
//!                  |                     ClientHello...ServerHello)
//!                  |              = server_handshake_traffic_secret
//!                  v
//!             Derive-Secret(., "derived", "")
//!                  |
//!                  v
//!         0 --> HKDF-Extract = Main Secret                                          Main
//!                  |
//!                  +-----> Derive-Secret(., "c ap traffic",
//!                  |                     ClientHello...server Finished)             Pair<TrafficSecret>
//!                  |              = client_application_traffic_secret_0
//!                  |
//!                  +-----> Derive-Secret(., "s ap traffic",
//!                  |                     ClientHello...server Finished)
//!                  |              = server_application_traffic_secret_0
//!                  |
//!                  +-----> Derive-Secret(., "exp master",
//!                                        ClientHello...server Finished)             ExporterSecret
//!                                 = exporter_secret
//! ```

use super::secrets::{ExporterSecret, HandshakeSecret, Pair, TrafficSecret};
use crate::crypto::{Hash, HashAlgorithm, Prk, Secret, SharedSecret, label};

/// The Early Secret, before the key exchange. Without a PSK it is the same in every connection.
pub struct Early {
    hash: HashAlgorithm,
}

impl Early {
    /// Starts the key schedule with the hash of the negotiated suite.
    pub fn new(hash: HashAlgorithm) -> Early {
        Early { hash }
    }

    /// After the key exchange: HKDF-Extract(Derive-Secret(Early Secret, "derived", ""), shared secret).
    pub fn handshake(self, shared_secret: SharedSecret) -> Handshake {
        let salt: &[u8] = match self.hash {
            HashAlgorithm::Sha256 => &EARLY_DERIVED_SHA256,
            HashAlgorithm::Sha384 => &EARLY_DERIVED_SHA384,
        };
        let handshake_secret = Secret::extract(self.hash, salt, shared_secret.expose());
        Handshake { hash: self.hash, secret: Prk::new(&handshake_secret) }
    }
}

/// Derive-Secret(HKDF-Extract(0, 0), "derived", "") with SHA-256. A test checks the constant.
const EARLY_DERIVED_SHA256: [u8; 32] = [
    0x6f, 0x26, 0x15, 0xa1, 0x08, 0xc7, 0x02, 0xc5, 0x67, 0x8f, 0x54, 0xfc, 0x9d, 0xba, 0xb6, 0x97, 0x16, 0xc0, 0x76,
    0x18, 0x9c, 0x48, 0x25, 0x0c, 0xeb, 0xea, 0xc3, 0x57, 0x6c, 0x36, 0x11, 0xba,
];

/// The same with SHA-384.
const EARLY_DERIVED_SHA384: [u8; 48] = [
    0x15, 0x91, 0xda, 0xc5, 0xcb, 0xbf, 0x03, 0x30, 0xa4, 0xa8, 0x4d, 0xe9, 0xc7, 0x53, 0x33, 0x0e, 0x92, 0xd0, 0x1f,
    0x0a, 0x88, 0x21, 0x4b, 0x44, 0x64, 0x97, 0x2f, 0xd6, 0x68, 0x04, 0x9e, 0x93, 0xe5, 0x2f, 0x2b, 0x16, 0xfa, 0xd9,
    0x22, 0xfd, 0xc0, 0x58, 0x44, 0x78, 0x42, 0x8f, 0x28, 0x2b,
];

/// The Handshake Secret, after the key exchange.
pub struct Handshake {
    hash: HashAlgorithm,
    secret: Prk,
}

impl Handshake {
    /// Starts from the Early Secret of a PSK, which connections of this crate never have.
    #[cfg(feature = "adversary")]
    pub(crate) fn after(early_secret: &Secret, shared_secret: &SharedSecret) -> Handshake {
        let hash = early_secret.algorithm();
        let salt = Prk::new(early_secret).derive_secret(label!("derived"), Some(&hash.hash_of_nothing()));
        Handshake { hash, secret: Prk::new(&Secret::extract(hash, salt.expose(), shared_secret.expose())) }
    }

    /// The secrets that protect the rest of the handshake. `server_hello` is the hash of ClientHello...ServerHello.
    pub fn traffic(&self, server_hello: &Hash) -> Pair<HandshakeSecret> {
        let client_handshake_traffic_secret = self.secret.derive_secret(label!("c hs traffic"), Some(server_hello));
        let server_handshake_traffic_secret = self.secret.derive_secret(label!("s hs traffic"), Some(server_hello));
        Pair {
            client: HandshakeSecret::new(client_handshake_traffic_secret),
            server: HandshakeSecret::new(server_handshake_traffic_secret),
        }
    }

    /// After the last use of the Handshake Secret: HKDF-Extract(Derive-Secret(., "derived", ""), 0).
    pub fn main(self) -> Main {
        let salt = self.secret.derive_secret(label!("derived"), Some(&self.hash.hash_of_nothing()));
        let zeros = self.hash.prefix(&[0; HashAlgorithm::MAX_LEN]);
        Main { secret: Secret::extract(self.hash, salt.expose(), zeros) }
    }
}

/// The Main Secret, which is used after the server's Finished.
pub struct Main {
    secret: Secret,
}

impl Main {
    /// The Main Secret, from which an adversary derives a resumption secret.
    #[cfg(feature = "adversary")]
    pub(crate) fn prk(&self) -> Prk {
        Prk::new(&self.secret)
    }

    /// The secrets of the connection. `server_finished` is the hash of ClientHello...server Finished.
    pub fn application(self, server_finished: &Hash) -> (Pair<TrafficSecret>, ExporterSecret) {
        let main_secret = Prk::new(&self.secret);
        let client_application_traffic_secret_0 =
            main_secret.derive_secret(label!("c ap traffic"), Some(server_finished));
        let server_application_traffic_secret_0 =
            main_secret.derive_secret(label!("s ap traffic"), Some(server_finished));
        let exporter_secret = main_secret.derive_secret(label!("exp master"), Some(server_finished));
        let traffic = Pair {
            client: TrafficSecret::new(client_application_traffic_secret_0),
            server: TrafficSecret::new(server_application_traffic_secret_0),
        };
        (traffic, ExporterSecret::new(exporter_secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constant_early_secrets_are_what_hkdf_derives() {
        for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
            let zeros = &[0; HashAlgorithm::MAX_LEN][..hash.output_len()];
            let early_secret = Secret::extract(hash, zeros, zeros);
            let derived = Prk::new(&early_secret).derive_secret(label!("derived"), Some(&hash.hash(b"")));
            let constant: &[u8] = match hash {
                HashAlgorithm::Sha256 => &EARLY_DERIVED_SHA256,
                HashAlgorithm::Sha384 => &EARLY_DERIVED_SHA384,
            };
            assert_eq!(derived.expose(), constant);
        }
    }
}
