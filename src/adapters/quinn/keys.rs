//! Packet and header protection in quinn's terms (RFC 9001 §5).

use crate::crypto::quic::{self, PacketSecret};
use crate::crypto::{HeaderProtectionKey, TAG_LEN, TrafficKey};
use bytes::BytesMut;
use quinn_proto::crypto::{CryptoError, HeaderKey, KeyPair, Keys, PacketKey};
use quinn_proto::{ConnectionId, Side};
use std::boxed::Box;
use std::vec::Vec;

/// The version of RFC 9000. Drafts have other salts, and another number for the extension.
pub(super) const VERSION_1: u32 = 1;

/// The keys of Initial packets (RFC 9001 §5.2).
pub(super) fn initial(client_dst_connection_id: &ConnectionId, side: Side) -> Keys {
    let (client, server) = PacketSecret::initial(client_dst_connection_id);
    keys(&match side {
        Side::Client => KeyPair { local: client, remote: server },
        Side::Server => KeyPair { local: server, remote: client },
    })
}

/// The keys of a packet number space.
pub(super) fn keys(secrets: &KeyPair<PacketSecret>) -> Keys {
    let KeyPair { local, remote } = secrets;
    Keys { header: KeyPair { local: header_key(local), remote: header_key(remote) }, packet: packet_keys(secrets) }
}

pub(super) fn packet_keys(secrets: &KeyPair<PacketSecret>) -> KeyPair<Box<dyn PacketKey>> {
    KeyPair { local: packet_key(&secrets.local), remote: packet_key(&secrets.remote) }
}

fn packet_key(secret: &PacketSecret) -> Box<dyn PacketKey> {
    match secret.packet_key() {
        Ok(key) => Box::new(key),
        Err(_) => Box::new(NoKey),
    }
}

fn header_key(secret: &PacketSecret) -> Box<dyn HeaderKey> {
    match secret.header_key() {
        Ok(key) => Box::new(key),
        Err(_) => Box::new(NoKey),
    }
}

impl PacketKey for TrafficKey {
    fn encrypt(&self, packet: u64, buf: &mut [u8], header_len: usize) {
        let sealed = buf.split_at_mut_checked(header_len).and_then(|(header, payload_and_tag)| {
            let (payload, tag) = payload_and_tag.split_last_chunk_mut::<TAG_LEN>()?;
            *tag = self.seal(packet, header, payload).ok()?;
            Some(())
        });
        if sealed.is_none() {
            buf.fill(0); // quinn cannot be told; plaintext must not go out
        }
    }

    fn decrypt(&self, packet: u64, header: &[u8], payload: &mut BytesMut) -> Result<(), CryptoError> {
        let len = self.open_within(packet, header, payload, 0).map_err(|_| CryptoError)?;
        payload.truncate(len);
        Ok(())
    }

    fn tag_len(&self) -> usize {
        TAG_LEN
    }

    fn confidentiality_limit(&self) -> u64 {
        quic::confidentiality_limit(self.suite())
    }

    fn integrity_limit(&self) -> u64 {
        quic::integrity_limit(self.suite())
    }
}

impl HeaderKey for HeaderProtectionKey {
    fn decrypt(&self, pn_offset: usize, packet: &mut [u8]) {
        let _ = quic::unprotect_header(self, packet, pn_offset); // a packet without a sample will not open
    }

    fn encrypt(&self, pn_offset: usize, packet: &mut [u8]) {
        if quic::protect_header(self, packet, pn_offset).is_err() {
            packet.fill(0); // quinn cannot be told; a bare packet number must not go out
        }
    }

    fn sample_size(&self) -> usize {
        Self::SAMPLE_LEN
    }
}

/// Replaces a key that could not be made, which does not happen with the lengths used here: it seals and opens nothing.
struct NoKey;

impl PacketKey for NoKey {
    fn encrypt(&self, _: u64, buf: &mut [u8], _: usize) {
        buf.fill(0);
    }

    fn decrypt(&self, _: u64, _: &[u8], _: &mut BytesMut) -> Result<(), CryptoError> {
        Err(CryptoError)
    }

    fn tag_len(&self) -> usize {
        TAG_LEN
    }

    fn confidentiality_limit(&self) -> u64 {
        u64::MAX
    }

    fn integrity_limit(&self) -> u64 {
        u64::MAX
    }
}

impl HeaderKey for NoKey {
    fn decrypt(&self, _: usize, _: &mut [u8]) {}

    fn encrypt(&self, _: usize, packet: &mut [u8]) {
        packet.fill(0);
    }

    fn sample_size(&self) -> usize {
        HeaderProtectionKey::SAMPLE_LEN
    }
}

/// The Retry Integrity Tag for this Retry packet without it (RFC 9001 §5.8).
pub(super) fn retry_tag(orig_dst_cid: &ConnectionId, packet: &[u8]) -> [u8; TAG_LEN] {
    // 16 zeros are not a valid tag, so the client discards the packet.
    quic::retry_integrity_tag(&pseudo_packet(orig_dst_cid, &[packet])).unwrap_or_default()
}

/// Whether the payload of a Retry packet ends with its tag.
pub(super) fn is_valid_retry(orig_dst_cid: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
    let Some((token, tag)) = payload.split_last_chunk() else { return false };
    quic::verify_retry_integrity_tag(&pseudo_packet(orig_dst_cid, &[header, token]), *tag).is_ok()
}

/// ```text
/// Retry Pseudo-Packet {
///   ODCID Length (8),
///   Original Destination Connection ID (0..160),
///   the Retry packet without its tag
/// }
/// ```
fn pseudo_packet(orig_dst_cid: &ConnectionId, packet: &[&[u8]]) -> Vec<u8> {
    let odcid_length = u8::try_from(orig_dst_cid.len()).unwrap_or_default(); // at most 20
    let mut pseudo_packet = Vec::from([odcid_length]);
    pseudo_packet.extend_from_slice(orig_dst_cid);
    packet.iter().for_each(|part| pseudo_packet.extend_from_slice(part));
    pseudo_packet
}

#[cfg(test)]
mod tests {
    use super::*;

    /// quinn computes with its sizes as with those of every other key.
    #[test]
    fn a_key_that_could_not_be_made_seals_and_opens_nothing() {
        let (packet, header): (&dyn PacketKey, &dyn HeaderKey) = (&NoKey, &NoKey);
        let mut bytes = [7; 40];
        packet.encrypt(0, &mut bytes, 10);
        assert_eq!(bytes, [0; 40], "plaintext must not go out");
        let mut bytes = [7; 40];
        header.encrypt(1, &mut bytes);
        assert_eq!(bytes, [0; 40]);
        assert!(packet.decrypt(0, &[], &mut BytesMut::from(&[7; 40][..])).is_err());
        assert_eq!(packet.tag_len(), TAG_LEN);
        assert_eq!(header.sample_size(), HeaderProtectionKey::SAMPLE_LEN);
        assert_eq!((packet.confidentiality_limit(), packet.integrity_limit()), (u64::MAX, u64::MAX));
    }
}
