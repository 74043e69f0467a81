//! RFC 9001, appendix A, through the traits of quinn.

use crate::world::World;
use bytes::BytesMut;
use countersign::Suite;
use countersign::adapters::quinn::quinn_proto::crypto::{
    ClientConfig, HandshakeTokenKey, HeaderKey, HmacKey, Keys, PacketKey, ServerConfig, Session,
};
use countersign::adapters::quinn::quinn_proto::{ConnectionId, Side, transport_parameters::TransportParameters};
use countersign::adapters::quinn::{ResetKey, TokenKey};
use countersign::internals::crypto::quic::PacketSecret;
use std::sync::Arc;

fn vector(name: &str) -> Vec<u8> {
    let text = include_str!("../../../vectors/rfc9001.txt");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).expect(name);
    hex::decode(line).unwrap()
}

fn session() -> Box<dyn Session> {
    let config = Arc::new(World::new().our_client_config());
    let parameters = TransportParameters::read(Side::Client, &mut &[][..]).unwrap();
    config.start_session(1, "server.test", &parameters).ok().unwrap()
}

/// The protected form of the packet with this payload.
fn protect(
    keys: (&dyn PacketKey, &dyn HeaderKey),
    number: u64,
    pn_offset: usize,
    header: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let (packet_key, header_key) = keys;
    let mut packet = [header, payload, &vec![0; packet_key.tag_len()]].concat();
    packet_key.encrypt(number, &mut packet, header.len());
    header_key.encrypt(pn_offset, &mut packet);
    packet
}

/// The original packet, and the packet after its header was unprotected.
fn unprotect(
    keys: (&dyn PacketKey, &dyn HeaderKey),
    number: u64,
    pn_offset: usize,
    header_len: usize,
    packet: &[u8],
) -> Vec<u8> {
    let (packet_key, header_key) = keys;
    let mut packet = packet.to_vec();
    header_key.decrypt(pn_offset, &mut packet);
    let mut payload = BytesMut::from(&packet[header_len..]);
    packet_key.decrypt(number, &packet[..header_len], &mut payload).unwrap();
    [&packet[..header_len], &payload].concat()
}

/// RFC 9001 §A.1 to §A.3.
#[test]
fn initial_packets_of_both_ends_are_those_of_the_appendix() {
    let dcid = ConnectionId::new(&vector("dcid"));
    let client: Keys = session().initial_keys(&dcid, Side::Client);
    let server: Keys = World::new().our_server_config().initial_keys(1, &dcid).ok().unwrap();
    let mut payload = vector("client_payload");
    payload.resize(1162, 0);
    for (sender, receiver, number, pn_len, header, payload, packet) in [
        (&client, &server, 2, 4, vector("client_header"), payload, vector("client_packet")),
        (&server, &client, 1, 2, vector("server_header"), vector("server_payload"), vector("server_packet")),
    ] {
        let pn_offset = header.len() - pn_len;
        let local = (&*sender.packet.local, &*sender.header.local);
        assert_eq!(protect(local, number, pn_offset, &header, &payload), packet);
        let remote = (&*receiver.packet.remote, &*receiver.header.remote);
        assert_eq!(unprotect(remote, number, pn_offset, header.len(), &packet), [header, payload].concat());
    }
}

/// RFC 9001 §A.4. A change of any bit of header, token, tag or connection ID is detected.
#[test]
fn the_retry_integrity_tag_is_that_of_the_appendix() {
    let (dcid, packet) = (vector("dcid"), vector("retry_packet"));
    let (without_tag, tag) = packet.split_at(packet.len() - 16);
    let config = World::new().our_server_config();
    assert_eq!(config.retry_tag(1, &ConnectionId::new(&dcid), without_tag), tag);

    let session = session();
    let header_len = without_tag.len() - b"token".len();
    let is_valid = |dcid: &[u8], packet: &[u8]| {
        let (header, payload) = packet.split_at(header_len);
        session.is_valid_retry(&ConnectionId::new(dcid), header, payload)
    };
    assert!(is_valid(&dcid, &packet));
    let flip = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    assert!((0..packet.len() * 8).all(|bit| !is_valid(&dcid, &flip(&packet, bit))));
    assert!((0..dcid.len() * 8).all(|bit| !is_valid(&flip(&dcid, bit), &packet)));
    for len in header_len..packet.len() {
        assert!(!is_valid(&dcid, &packet[..len]), "{len} bytes");
    }
}

/// RFC 9001 §A.5.
#[test]
fn a_short_header_packet_of_chacha20_is_that_of_the_appendix() {
    let secret = PacketSecret::new(Suite::ChaCha20Poly1305Sha256, &vector("chacha20_secret")).unwrap();
    let (packet_key, header_key) = (secret.packet_key().unwrap(), secret.header_key().unwrap());
    let keys: (&dyn PacketKey, &dyn HeaderKey) = (&packet_key, &header_key);
    let (header, payload, packet) = (vector("chacha20_header"), vector("chacha20_payload"), vector("chacha20_packet"));
    assert_eq!(protect(keys, 654_360_564, 1, &header, &payload), packet);
    assert_eq!(unprotect(keys, 654_360_564, 1, header.len(), &packet), [header.clone(), payload].concat());

    // The secret after a key update. It makes the same keys as the appendix's "ku".
    let updated = PacketSecret::new(Suite::ChaCha20Poly1305Sha256, &vector("chacha20_ku")).unwrap();
    let sealed = |secret: &PacketSecret| {
        let mut packet = vec![7; 60];
        secret.packet_key().unwrap().encrypt(3, &mut packet, 20);
        packet
    };
    assert_eq!(sealed(&secret.next()), sealed(&updated));
    assert_ne!(sealed(&secret.next()), sealed(&secret));
}

/// RFC 9001 §6.6.
#[test]
fn the_limits_of_each_aead_are_those_of_section_6_6() {
    for (suite, secret, confidentiality, integrity) in [
        (Suite::Aes128GcmSha256, 32, 1 << 23, 1 << 52),
        (Suite::Aes256GcmSha384, 48, 1 << 23, 1 << 52),
        (Suite::ChaCha20Poly1305Sha256, 32, u64::MAX, 1 << 36),
    ] {
        let key = PacketSecret::new(suite, &vec![1; secret]).unwrap().packet_key().unwrap();
        assert_eq!((key.confidentiality_limit(), key.integrity_limit()), (confidentiality, integrity));
        let header_key = PacketSecret::new(suite, &vec![1; secret]).unwrap().header_key().unwrap();
        assert_eq!(HeaderKey::sample_size(&header_key), 16, "§5.4.2");
        assert!(PacketSecret::new(suite, &vec![1; secret - 1]).is_err() && PacketSecret::new(suite, &[1; 49]).is_err());
    }
}

/// A packet that is too short for a sample is never sent in plaintext, and never opens.
#[test]
fn what_cannot_be_protected_is_not_sent() {
    let keys = session().initial_keys(&ConnectionId::new(&[1; 8]), Side::Client);
    for len in 0..25 {
        let mut packet = vec![0xc3; len];
        keys.header.local.encrypt(5, &mut packet); // sample_offset is 5 + 4
        assert!(packet.iter().all(|byte| *byte == 0), "{len} bytes were sent without header protection");
        let mut packet = vec![0xc3; len];
        keys.header.remote.decrypt(5, &mut packet);
        assert_eq!(packet, vec![0xc3; len]);
    }
    for len in 0..16 {
        let mut packet = vec![0xee; len];
        keys.packet.local.encrypt(0, &mut packet, 0); // no room for the tag
        assert!(packet.iter().all(|byte| *byte == 0), "{len} bytes were sent without packet protection");
        let mut payload = BytesMut::from(&vec![0xee; len][..]);
        assert!(keys.packet.remote.decrypt(0, &[], &mut payload).is_err());
    }
    let mut packet = vec![0xee; 30];
    keys.packet.local.encrypt(0, &mut packet, 31);
    assert_eq!(packet, [0; 30]);
}

/// Keys for one process: another process has others.
#[test]
fn random_host_keys_differ() {
    let [one, other] = [(); 2].map(|()| ResetKey::random().unwrap());
    let mut token = vec![0; one.signature_len()];
    one.sign(b"connection", &mut token);
    assert!(one.verify(b"connection", &token).is_ok() && other.verify(b"connection", &token).is_err());
    let [one, other] = [(); 2].map(|()| TokenKey::random().unwrap().aead_from_hkdf(b"token"));
    let mut sealed = b"address".to_vec();
    one.seal(&mut sealed, b"").unwrap();
    assert!(other.open(&mut sealed.clone(), b"").is_err());
    assert_eq!(one.open(&mut sealed, b"").unwrap(), b"address");
}

/// RFC 9000 §10.3.2: nobody can make the token of another connection or another host.
#[test]
fn a_reset_token_is_that_of_its_key_and_its_connection() {
    let (key, other) = (ResetKey::new(&[1; 32]), ResetKey::new(&[2; 32]));
    let mut token = vec![0; key.signature_len()];
    key.sign(b"connection", &mut token);
    assert!(ResetKey::new(&[1; 32]).verify(b"connection", &token).is_ok(), "after a restart too");
    assert!(other.verify(b"connection", &token).is_err());
    assert!(key.verify(b"connectiom", &token).is_err());
    assert!(key.verify(b"connection", &[]).is_err() && key.verify(b"connection", &token[1..]).is_err());
    for bit in 0..token.len() * 8 {
        let mut token = token.clone();
        token[bit / 8] ^= 1 << (bit % 8);
        assert!(key.verify(b"connection", &token).is_err(), "bit {bit}");
    }
}
