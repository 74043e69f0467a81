//! Captures: what is written is read back. Link layers, order, repetition, gaps.

use crate::heard::{handshake, study};
use countersign::study::capture::{self, Capture, pcapng};
use countersign::study::{Conversation, KeyLog};
use countersign::{Policy, Role};
use proptest::prelude::*;

pub fn read(file: &[u8]) -> Capture {
    capture::read(file).map_err(|error| panic!("{error}")).unwrap()
}

pub fn pieces(conversation: &Conversation) -> Vec<(Role, Vec<u8>)> {
    conversation.pieces().map(|(from, bytes)| (from, bytes.to_vec())).collect()
}

pub fn stream(conversation: &Conversation, role: Role) -> Vec<u8> {
    conversation.pieces().filter(|(from, _)| *from == role).flat_map(|(_, bytes)| bytes.to_vec()).collect()
}

#[test]
fn what_is_written_with_its_secrets_is_read_and_decrypted() {
    let (heard, log) = handshake(Policy::new(), Policy::new());
    let capture = read(&pcapng(&heard, &log));
    assert!(capture.problems.is_empty());
    let [conversation] = &capture.conversations[..] else { panic!("one connection") };
    assert_eq!(pieces(conversation), pieces(&heard));
    let log = String::from_utf8(capture.key_log).unwrap();
    let study = study(conversation.clone(), &log);
    assert!(study.connections[0].checks.iter().all(|check| check.ok == Some(true)));
}

/// A legacy pcap file with these packets.
pub fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, link] {
        file.extend(word.to_le_bytes());
    }
    for packet in packets {
        for word in [0, 0, packet.len() as u32, packet.len() as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

/// A TCP segment over IP.
pub fn segment(v6: bool, from_client: bool, sequence_number: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let ports = if from_client { [40_000_u16, 443] } else { [443, 40_000] };
    let mut tcp: Vec<u8> = ports.iter().flat_map(|port| port.to_be_bytes()).collect();
    tcp.extend(sequence_number.to_be_bytes());
    tcp.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    tcp.extend(payload);
    let (source, destination) = if from_client { (1, 2) } else { (2, 1) };
    let mut packet;
    if v6 {
        packet = vec![0x60, 0, 0, 0];
        packet.extend((tcp.len() as u16).to_be_bytes());
        packet.extend([6, 64]);
        for last in [source, destination] {
            packet.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        }
    } else {
        packet = vec![0x45, 0];
        packet.extend((tcp.len() as u16 + 20).to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, source, 192, 0, 2, destination]);
    }
    packet.extend(tcp);
    packet
}

pub const SYN: u8 = 2;
pub const ACK: u8 = 16;

/// SYNs, and segments of at most 100 bytes. The client's sequence numbers wrap.
pub fn packets(v6: bool, heard: &Conversation) -> Vec<Vec<u8>> {
    let mut next = [u32::MAX - 150, 7];
    let mut packets = Vec::new();
    for (side, flags) in [(0, SYN), (1, SYN | ACK)] {
        packets.push(segment(v6, side == 0, next[side], flags, b""));
        next[side] = next[side].wrapping_add(1);
    }
    for (from, bytes) in heard.pieces() {
        let side = usize::from(from == Role::Server);
        for piece in bytes.chunks(100) {
            packets.push(segment(v6, side == 0, next[side], ACK, piece));
            next[side] = next[side].wrapping_add(piece.len() as u32);
        }
    }
    packets
}

#[test]
fn every_link_layer_and_both_versions_of_ip_lead_to_the_same_conversation() {
    let (heard, _) = handshake(Policy::new(), Policy::new());
    for v6 in [false, true] {
        let ether = if v6 { [0x86, 0xdd] } else { [0x08, 0x00] };
        let family = if v6 { [30, 0, 0, 0] } else { [2, 0, 0, 0] };
        let links: [(u32, Vec<u8>); 6] = [
            (1, [&[0; 12][..], &ether].concat()),
            (1, [&[0; 12][..], &[0x81, 0, 0, 5], &ether].concat()),
            (113, [&[0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0][..], &ether].concat()),
            (276, [&ether[..], &[0; 18]].concat()),
            (0, family.to_vec()),
            (101, Vec::new()),
        ];
        for (link, header) in links {
            let packets: Vec<_> = packets(v6, &heard).iter().map(|packet| [&header[..], packet].concat()).collect();
            let capture = read(&pcap(link, &packets));
            assert_eq!(capture.conversations.len(), 1, "link type {link}, v6: {v6}");
            assert_eq!(pieces(&capture.conversations[0]), pieces(&heard), "link type {link}, v6: {v6}");
            assert!(capture.problems.is_empty(), "link type {link}");
        }
    }
}

#[test]
fn a_gap_ends_its_direction_and_says_how_much_is_missing() {
    let (heard, _) = handshake(Policy::new(), Policy::new());
    let mut packets = packets(false, &heard);
    // The second segment of the client's hello.
    packets.remove(3);
    let capture = read(&pcap(101, &packets));
    let problems = &capture.conversations[0].problems;
    assert!(problems[0].en.starts_with("100 bytes are missing"), "{problems:?}");
    assert_eq!(stream(&capture.conversations[0], Role::Client).len(), 100);
    assert_eq!(stream(&capture.conversations[0], Role::Server), stream(&heard, Role::Server));
}

#[test]
fn what_is_no_tls_and_what_is_no_capture_says_so() {
    let http =
        [segment(false, true, 1, ACK, b"GET / HTTP/1.1\r\n\r\n"), segment(false, false, 1, ACK, b"HTTP/1.1 200")];
    let capture = read(&pcap(101, &http));
    assert!(capture.conversations.is_empty());
    assert!(capture.problems[0].en.starts_with("no TCP connection"));
    let other_link = read(&pcap(147, &http));
    assert!(other_link.problems[0].en.contains("link type 147"), "{:?}", other_link.problems);
    for file in [&b""[..], b"no capture at all, however long it may be"] {
        assert!(capture::read(file).is_err());
    }
}

#[test]
fn a_file_that_is_cut_is_read_up_to_there() {
    let (heard, log) = handshake(Policy::new(), Policy::new());
    let file = pcapng(&heard, &log);
    for len in (0..file.len()).step_by(7) {
        let Ok(capture) = capture::read(&file[..len]) else { continue };
        for conversation in capture.conversations {
            crate::heard::assert_tiled(&study(conversation, &log));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// Segments out of order, and repeated ones, make the same streams.
    #[test]
    fn order_and_repetition_do_not_matter(swaps in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 0..30), twice in any::<prop::sample::Index>()) {
        let (heard, _) = handshake(Policy::new(), Policy::new());
        let mut packets = packets(false, &heard);
        let again = packets[twice.index(packets.len())].clone();
        packets.push(again);
        for (at, by) in swaps {
            // Not the SYNs: without them a stream begins with its first segment.
            let from = 2 + at.index(packets.len() - 2);
            let to = (from + usize::from(by % 8)).min(packets.len() - 1);
            packets.swap(from, to);
        }
        let capture = read(&pcap(101, &packets));
        prop_assert_eq!(capture.conversations.len(), 1);
        for role in [Role::Client, Role::Server] {
            prop_assert_eq!(stream(&capture.conversations[0], role), stream(&heard, role));
        }
    }

    #[test]
    fn arbitrary_files_are_no_panic(file in prop::collection::vec(any::<u8>(), 0..500), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let _ = capture::read(&file[..]).map(|capture| capture.conversations.len());
        let (heard, log) = handshake(Policy::new(), Policy::new());
        let mut changed = pcapng(&heard, &log);
        let at = at.index(changed.len());
        changed[at] = byte;
        if let Ok(capture) = capture::read(&changed[..]) {
            for conversation in capture.conversations {
                let log = String::from_utf8_lossy(&capture.key_log).into_owned();
                crate::heard::assert_tiled(&study(conversation, &log));
            }
            KeyLog::parse(&capture.key_log);
        }
    }
}

/// RFC 1071: the ones' complement sum of a whole header is all ones.
#[test]
fn the_checksums_of_written_packets_are_right() {
    let sum = |bytes: &[u8]| {
        let words = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])));
        let sum: u32 = words.sum();
        (sum & 0xffff) + (sum >> 16)
    };
    let (heard, log) = handshake(Policy::new(), Policy::new());
    let file = pcapng(&heard, &log);
    let (mut rest, mut packets) = (&file[..], 0);
    let word = |at: &[u8]| u32::from_le_bytes(at[..4].try_into().unwrap()) as usize;
    while !rest.is_empty() {
        let (typ, len) = (word(rest), word(&rest[4..]));
        // An Enhanced Packet Block: interface, time, lengths, and then the packet.
        if typ == 6 {
            let packet = &rest[28..28 + word(&rest[20..])];
            let (ip, tcp) = packet.split_at(20);
            assert_eq!(sum(ip), 0xffff, "IP");
            let pseudo = [&ip[12..20], &[0, 6], &(tcp.len() as u16).to_be_bytes(), tcp].concat();
            let folded = sum(&pseudo);
            assert_eq!((folded & 0xffff) + (folded >> 16), 0xffff, "TCP");
            packets += 1;
        }
        rest = &rest[len..];
    }
    assert!(packets > heard.pieces().count(), "all pieces, and their connection");
}
