//! An observer with a sender's traffic secret. It reads the contents of each record without the crate's record layer
//! and key schedule (RFC 9846 §5.2, §5.3, §7.2, §7.3, for the suite that the policies negotiate).

use super::wire::HEADER;
use countersign::internals::codec::ContentType;
use ring::{aead, hmac};

/// The records of one sender.
pub struct Tap {
    secret: Vec<u8>,
    /// `None`: null cryptography.
    key: Option<(aead::LessSafeKey, Vec<u8>)>,
    /// The number of the next record.
    pub sequence: u64,
}

impl Tap {
    /// Used from the record with this number on.
    pub fn new(secret: &[u8], real: bool, sequence: u64) -> Tap {
        let mut tap = Tap { secret: secret.to_vec(), key: None, sequence };
        tap.key = real.then(|| tap.key());
        tap
    }

    fn key(&self) -> (aead::LessSafeKey, Vec<u8>) {
        let key = aead::UnboundKey::new(&aead::AES_128_GCM, &expand(&self.secret, "key", 16)).expect("16 bytes");
        (aead::LessSafeKey::new(key), expand(&self.secret, "iv", 12))
    }

    /// The sender's present secret.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Changes to the next secret after a KeyUpdate.
    pub fn next_key(&mut self) {
        self.secret = expand(&self.secret, "traffic upd", self.secret.len());
        self.sequence = 0;
        self.key = self.key.is_some().then(|| self.key());
    }

    /// The contents of the sender's next record.
    pub fn open(&mut self, record: &[u8]) -> (ContentType, Vec<u8>) {
        let (header, fragment) = record.split_at(HEADER);
        let mut inner = fragment.to_vec();
        match &self.key {
            Some((key, iv)) => {
                let sequence = [&[0; 4][..], &self.sequence.to_be_bytes()].concat();
                let nonce: Vec<u8> = iv.iter().zip(sequence).map(|(a, b)| a ^ b).collect();
                let nonce = aead::Nonce::try_assume_unique_for_key(&nonce).expect("12 bytes");
                let opened = key.open_in_place(nonce, aead::Aad::from(header), &mut inner);
                let len = opened.expect("a record under the sender's present key").len();
                inner.truncate(len);
            }
            None => inner.truncate(inner.len() - 16),
        }
        self.sequence += 1;
        let typ = inner.iter().rposition(|byte| *byte != 0).expect("a content type");
        let content = ContentType(inner[typ]);
        inner.truncate(typ);
        (content, inner)
    }
}

/// HKDF-Expand-Label(Secret, Label, "", Length) with SHA-256, of one block (§7.1).
fn expand(secret: &[u8], label: &str, len: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let info = [&[0, len as u8, label.len() as u8], label.as_bytes(), &[0, 1]].concat();
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &info).as_ref()[..len].to_vec()
}
