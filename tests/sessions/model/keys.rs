//! What everybody with a traffic secret can compute: records of TLS_AES_128_GCM_SHA256 and Finished, without the
//! crate's own code (RFC 9846 §4.5.3, §5.2, §5.3, §7.1 to §7.3).

use ring::{aead, digest, hmac};

pub const HEADER: usize = 5;

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// HKDF-Expand-Label(secret, label, "", len), of one block.
fn expand(secret: &[u8], label: &str, len: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let info = [&[0, len as u8, label.len() as u8], label.as_bytes(), &[0, 1]].concat();
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &info).as_ref()[..len].to_vec()
}

/// The secret after a KeyUpdate.
pub fn next_generation(secret: &[u8]) -> Vec<u8> {
    expand(secret, "traffic upd", 32)
}

/// verify_data over a transcript.
pub fn verify_data(secret: &[u8], transcript: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &expand(secret, "finished", 32));
    hmac::sign(&key, &sha256(transcript)).as_ref().to_vec()
}

fn key_and_nonce(secret: &[u8], sequence: u64) -> (aead::LessSafeKey, aead::Nonce) {
    let key = aead::UnboundKey::new(&aead::AES_128_GCM, &expand(secret, "key", 16)).expect("16 bytes");
    let sequence = [&[0; 4][..], &sequence.to_be_bytes()].concat();
    let nonce: Vec<u8> = expand(secret, "iv", 12).iter().zip(sequence).map(|(a, b)| a ^ b).collect();
    (aead::LessSafeKey::new(key), aead::Nonce::try_assume_unique_for_key(&nonce).expect("12 bytes"))
}

/// A record without protection.
pub fn plain(typ: u8, content: &[u8]) -> Vec<u8> {
    [&[typ, 3, 3], &(content.len() as u16).to_be_bytes()[..], content].concat()
}

/// A protected record.
pub fn seal(secret: &[u8], sequence: u64, typ: u8, content: &[u8]) -> Vec<u8> {
    let (key, nonce) = key_and_nonce(secret, sequence);
    let mut inner = [content, &[typ]].concat();
    let header = [&[23, 3, 3], &(inner.len() as u16 + 16).to_be_bytes()[..]].concat();
    key.seal_in_place_append_tag(nonce, aead::Aad::from(&header), &mut inner).expect("a short record");
    [header, inner].concat()
}

/// The type and content of a protected record, if it is one of this secret and number.
pub fn open(secret: &[u8], sequence: u64, record: &[u8]) -> Option<(u8, Vec<u8>)> {
    let (header, fragment) = record.split_at_checked(HEADER)?;
    let (key, nonce) = key_and_nonce(secret, sequence);
    let mut inner = fragment.to_vec();
    let content = key.open_in_place(nonce, aead::Aad::from(header), &mut inner).ok()?;
    let at = content.iter().rposition(|byte| *byte != 0)?;
    Some((content[at], content[..at].to_vec()))
}
