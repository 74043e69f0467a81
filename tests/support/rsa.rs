//! An RSA key comes from a file: ring makes none.

/// A public test key of 2,048 bits.
pub fn key_pair() -> rcgen::KeyPair {
    rcgen::KeyPair::from_pem(include_str!("../../vectors/keys/rsa2048.pkcs8.pem")).unwrap()
}
