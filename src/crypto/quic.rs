//! QUIC packet protection (RFC 9001 §5, §6). Section numbers in this file are those of RFC 9001.

use super::{AeadKey, CryptoFailed, CryptoMode, HeaderProtectionKey, Prk, Secret, Suite, TAG_LEN};
use super::{TrafficKey, label};
use zeroize::Zeroizing;

/// The secret of one direction, from which its keys are derived (§5.1). It is wiped on drop.
pub struct PacketSecret {
    secret: Secret,
    suite: Suite,
}

/// The salt of Initial secrets in version 1 (§5.2).
const INITIAL_SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];

impl PacketSecret {
    /// From a traffic secret of the handshake, which must have exactly Hash.length bytes.
    pub fn new(suite: Suite, traffic_secret: &[u8]) -> Result<PacketSecret, CryptoFailed> {
        Ok(PacketSecret { secret: Secret::from_bytes(suite.hash(), traffic_secret).ok_or(CryptoFailed)?, suite })
    }

    /// client_initial_secret and server_initial_secret (§5.2), from the Destination Connection ID of the client's first
    /// Initial packet. Anybody on the path can derive them.
    ///
    /// ```text
    /// initial_secret = HKDF-Extract(initial_salt, client_dst_connection_id)
    /// client_initial_secret = HKDF-Expand-Label(initial_secret, "client in", "", Hash.length)
    /// server_initial_secret = HKDF-Expand-Label(initial_secret, "server in", "", Hash.length)
    /// ```
    pub fn initial(client_dst_connection_id: &[u8]) -> (PacketSecret, PacketSecret) {
        let suite = Suite::Aes128GcmSha256;
        let initial_secret = Prk::new(&Secret::extract(suite.hash(), &INITIAL_SALT, client_dst_connection_id));
        let derive = |label| PacketSecret { secret: initial_secret.derive_secret(label, None), suite };
        (derive(label!("client in")), derive(label!("server in")))
    }

    /// The packet protection key and IV: "quic key" and "quic iv" (§5.1). Packet numbers make the nonces (§5.3).
    pub fn packet_key(&self) -> Result<TrafficKey, CryptoFailed> {
        let labels = (label!("quic key"), label!("quic iv"));
        TrafficKey::derive_by(&Prk::new(&self.secret), self.suite, CryptoMode::Real, labels)
    }

    /// The header protection key: "quic hp" (§5.4).
    pub fn header_key(&self) -> Result<HeaderProtectionKey, CryptoFailed> {
        let mut key = Zeroizing::new([0; 32]);
        let key = key.get_mut(..self.suite.key_len()).ok_or(CryptoFailed)?;
        Prk::new(&self.secret).expand_label(label!("quic hp"), None, key)?;
        HeaderProtectionKey::new(self.suite, key)
    }

    /// The secret after a key update: "quic ku" (§6.1). The header protection key does not change.
    pub fn next(&self) -> PacketSecret {
        PacketSecret { secret: Prk::new(&self.secret).derive_secret(label!("quic ku"), None), suite: self.suite }
    }
}

/// How many packets one key may seal (§6.6). For ChaCha20-Poly1305 only the packet number is a limit.
pub const fn confidentiality_limit(suite: Suite) -> u64 {
    match suite {
        Suite::Aes128GcmSha256 | Suite::Aes256GcmSha384 => 1 << 23,
        Suite::ChaCha20Poly1305Sha256 => u64::MAX,
    }
}

/// How many packets of a connection may fail to open (§6.6).
pub const fn integrity_limit(suite: Suite) -> u64 {
    match suite {
        Suite::Aes128GcmSha256 | Suite::Aes256GcmSha384 => 1 << 52,
        Suite::ChaCha20Poly1305Sha256 => 1 << 36,
    }
}

/// Masks the header of a sealed packet (§5.4.1). Fails and changes nothing if the packet is too short for a sample.
pub fn protect_header(key: &HeaderProtectionKey, packet: &mut [u8], pn_offset: usize) -> Result<(), CryptoFailed> {
    let (mask, first_bits) = mask(key, packet, pn_offset)?;
    let first = packet.first_mut().ok_or(CryptoFailed)?;
    let pn_length = pn_length(*first);
    *first ^= first_bits;
    mask_packet_number(packet, pn_offset, pn_length, mask);
    Ok(())
}

/// Takes the mask off the header of a packet that is yet to be opened (§5.4.1). Fails, and changes nothing, if the
/// packet has no whole sample.
pub fn unprotect_header(key: &HeaderProtectionKey, packet: &mut [u8], pn_offset: usize) -> Result<(), CryptoFailed> {
    let (mask, first_bits) = mask(key, packet, pn_offset)?;
    let first = packet.first_mut().ok_or(CryptoFailed)?;
    *first ^= first_bits;
    let pn_length = pn_length(*first);
    mask_packet_number(packet, pn_offset, pn_length, mask);
    Ok(())
}

/// The mask for the packet number, and what the first byte is masked with.
fn mask(key: &HeaderProtectionKey, packet: &[u8], pn_offset: usize) -> Result<([u8; 4], u8), CryptoFailed> {
    // The sample starts where the ciphertext would if the packet number were of the largest size (§5.4.2).
    let sample = pn_offset.checked_add(4).and_then(|offset| packet.get(offset..)?.first_chunk()).ok_or(CryptoFailed)?;
    let [for_first, for_packet_number @ ..] = key.mask(sample)?;
    let long_header = packet.first().ok_or(CryptoFailed)? & 0x80 == 0x80;
    Ok((for_packet_number, for_first & if long_header { 0x0f } else { 0x1f }))
}

fn pn_length(first: u8) -> usize {
    usize::from(first & 0x03).saturating_add(1)
}

fn mask_packet_number(packet: &mut [u8], pn_offset: usize, pn_length: usize, mask: [u8; 4]) {
    for (byte, mask) in packet.iter_mut().skip(pn_offset).take(pn_length).zip(mask) {
        *byte ^= mask;
    }
}

/// Key and nonce of the Retry Integrity Tag in version 1 (§5.8).
const RETRY_KEY: [u8; 16] =
    [0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e];
const RETRY_NONCE: [u8; 12] = [0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb];

/// The Retry Integrity Tag (§5.8) of a Retry Pseudo-Packet.
pub fn retry_integrity_tag(pseudo_packet: &[u8]) -> Result<[u8; TAG_LEN], CryptoFailed> {
    retry_key()?.seal_in_place(RETRY_NONCE, pseudo_packet, &mut [])
}

/// Whether this is the Retry Integrity Tag of the Retry Pseudo-Packet.
pub fn verify_retry_integrity_tag(pseudo_packet: &[u8], mut tag: [u8; TAG_LEN]) -> Result<(), CryptoFailed> {
    retry_key()?.open_within(RETRY_NONCE, pseudo_packet, &mut tag, 0).map(drop)
}

fn retry_key() -> Result<AeadKey, CryptoFailed> {
    AeadKey::new(Suite::Aes128GcmSha256, &RETRY_KEY, CryptoMode::Real)
}
