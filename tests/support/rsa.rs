//! The RSA key comes from a file, because ring cannot generate one.

/// A public test key of 2,048 bits.
pub fn key_pair() -> rcgen::KeyPair {
    rcgen::KeyPair::from_pem(include_str!("../../vectors/keys/rsa2048.pkcs8.pem")).unwrap()
}
