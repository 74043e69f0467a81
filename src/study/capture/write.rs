//! Writes a conversation as a pcapng file with embedded secrets (a Decryption Secrets Block), which Wireshark decrypts.

use crate::Role;
use crate::study::Conversation;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

const CLIENT: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 50_000);
/// Not port 443, for which Wireshark assumes HTTP.
const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 2), 4433);
/// LINKTYPE_IPV4: packets begin with an IPv4 header.
const LINKTYPE_IPV4: u16 = 228;
/// The largest payload of a segment with IPv4 over Ethernet.
const SEGMENT: usize = 1460;

/// Writes a conversation as TCP between two documentation addresses (RFC 5737), with the key log inside.
pub fn pcapng(conversation: &Conversation, key_log: &str) -> Vec<u8> {
    let mut file = Vec::new();
    // Section Header Block: byte-order magic, version 1.0, unknown length.
    let mut section = Vec::new();
    section.extend(0x1a2b_3c4d_u32.to_le_bytes());
    section.extend([1, 0, 0, 0]);
    section.extend([0xff; 8]);
    block(&mut file, 0x0a0d_0d0a, &section);
    let mut interface = Vec::new();
    interface.extend(LINKTYPE_IPV4.to_le_bytes());
    interface.extend([0; 6]);
    block(&mut file, 1, &interface);
    // Decryption Secrets Block: "TLSK".
    let mut secrets = Vec::new();
    secrets.extend(0x544c_534b_u32.to_le_bytes());
    secrets.extend(u32::try_from(key_log.len()).unwrap_or(0).to_le_bytes());
    secrets.extend(key_log.as_bytes());
    block(&mut file, 10, &secrets);
    let mut link = Link { file, next: [1, 1], time: 0 };
    link.segment(Role::Client, SYN, &[]);
    link.segment(Role::Server, SYN | ACK, &[]);
    link.segment(Role::Client, ACK, &[]);
    for (from, bytes) in conversation.pieces() {
        for piece in bytes.chunks(SEGMENT) {
            link.segment(from, ACK | PSH, piece);
        }
    }
    link.file
}

/// Writes a block: type, length, body padded to 32 bits, length.
fn block(file: &mut Vec<u8>, block_type: u32, body: &[u8]) {
    let padding = body.len().wrapping_neg() & 3;
    let len = body.len().saturating_add(padding).saturating_add(12);
    let len = u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    file.extend(block_type.to_le_bytes());
    file.extend(len);
    file.extend_from_slice(body);
    file.extend(core::iter::repeat_n(0, padding));
    file.extend(len);
}

const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

struct Link {
    file: Vec<u8>,
    /// The next sequence number of client and server.
    next: [u32; 2],
    time: u32,
}

impl Link {
    fn segment(&mut self, from: Role, flags: u8, payload: &[u8]) {
        let [client, server] = self.next;
        let (source, destination, seq, ack) = match from {
            Role::Client => (CLIENT, SERVER, client, server),
            Role::Server => (SERVER, CLIENT, server, client),
        };
        let mut tcp = Vec::new();
        tcp.extend(source.1.to_be_bytes());
        tcp.extend(destination.1.to_be_bytes());
        tcp.extend(seq.to_be_bytes());
        tcp.extend(if flags & ACK == 0 { 0 } else { ack }.to_be_bytes());
        tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend_from_slice(payload);
        let len = u16::try_from(tcp.len()).unwrap_or(u16::MAX);
        let mut pseudo = Vec::new();
        pseudo.extend(source.0.octets());
        pseudo.extend(destination.0.octets());
        pseudo.extend([0, 6]);
        pseudo.extend(len.to_be_bytes());
        pseudo.extend_from_slice(&tcp);
        put_checksum(&mut tcp, 16, checksum(&pseudo));
        let mut packet = Vec::from([0x45, 0]);
        packet.extend(len.saturating_add(20).to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend(source.0.octets());
        packet.extend(destination.0.octets());
        let sum = checksum(&packet);
        put_checksum(&mut packet, 10, sum);
        packet.extend(tcp);
        let advance = u32::try_from(payload.len()).unwrap_or(0).wrapping_add(u32::from(flags & SYN != 0));
        let next = match from {
            Role::Client => [client.wrapping_add(advance), server],
            Role::Server => [client, server.wrapping_add(advance)],
        };
        self.next = next;
        self.packet(&packet);
    }

    /// Writes an Enhanced Packet Block, one millisecond after the last.
    fn packet(&mut self, packet: &[u8]) {
        self.time = self.time.saturating_add(1000);
        let len = u32::try_from(packet.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut body = Vec::new();
        body.extend(0_u32.to_le_bytes());
        body.extend(0_u32.to_le_bytes());
        body.extend(self.time.to_le_bytes());
        body.extend(len);
        body.extend(len);
        body.extend_from_slice(packet);
        block(&mut self.file, 6, &body);
    }
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| {
        u32::from(u16::from_be_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]))
    });
    let mut sum = words.fold(0_u32, u32::wrapping_add);
    while sum > 0xffff {
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

fn put_checksum(bytes: &mut [u8], at: usize, sum: u16) {
    if let Some(to) = bytes.get_mut(at..at.saturating_add(2)) {
        to.copy_from_slice(&sum.to_be_bytes());
    }
}
