//! What a reader of captures makes of damage, of gaps, and of more than it follows.

use crate::capture::{ACK, SYN, packets, pcap, pieces, read, segment, stream};
use crate::heard::handshake;
use countersign::study::capture::{self, Capture, pcapng};
use countersign::{Policy, Role};
use std::io::{self, Read};

fn problems(capture: &Capture) -> Vec<&str> {
    capture.problems.iter().map(|problem| &*problem.en).collect()
}

const CUT: &str = "the file ends in the middle of a packet, or is damaged from there on";

#[test]
fn a_file_that_is_no_capture_says_why() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let said = |result: Result<Capture, capture::CaptureError>| result.map(drop).unwrap_err().to_string();
    assert_eq!(said(capture::read(&b""[..])), "the file is empty, or shorter than a header");
    assert_eq!(said(capture::read(&[0xd4, 0xc3, 0xb2][..])), "the file is empty, or shorter than a header");
    assert_eq!(said(capture::read(&[7; 100][..])), "this is neither a pcap nor a pcapng file");
    assert_eq!(said(capture::read(Broken)), "the file cannot be read");
}

#[test]
fn a_file_that_is_cut_says_so_and_one_of_any_length_is_read() {
    let (heard, _) = handshake(Policy::new(), Policy::new());
    let file = pcap(101, &packets(false, &heard));
    assert_eq!(problems(&read(&file)), [""; 0]);
    for cut in [1, 10, 50] {
        assert_eq!(problems(&read(&file[..file.len() - cut])), [CUT]);
    }
    // Longer than the reader's memory, which is 1 MiB.
    let hello = [&[22, 3, 3, 0xff, 0xff, 1][..], &[7; 60_000]].concat();
    let many: Vec<_> = (0..60).map(|n| segment(false, true, n * 60_006, ACK, &hello)).collect();
    let capture = read(&pcap(101, &many));
    assert_eq!(problems(&capture), [""; 0]);
    assert_eq!(stream(&capture.conversations[0], Role::Client).len(), 60 * 60_006);
}

/// pcap-parser 0.17.0 panics at these, where overflows are checked.
#[test]
fn a_process_information_block_that_is_too_short_is_the_end() {
    let words = |big: bool, words: &[u32]| -> Vec<u8> {
        words.iter().flat_map(|word| if big { word.to_be_bytes() } else { word.to_le_bytes() }).collect()
    };
    for big in [false, true] {
        let header = words(big, &[0x0a0d_0d0a, 28, 0x1a2b_3c4d, if big { 0x0001_0000 } else { 1 }, !0, !0, 28]);
        for len in 0..12 {
            let file = [&header[..], &words(big, &[0x8000_0001, len]), &[0; 40]].concat();
            assert!(problems(&read(&file)).contains(&CUT), "{big} {len}");
        }
        let whole = words(big, &[0x8000_0001, 16, 7, 16]);
        assert!(!problems(&read(&[header, whole].concat())).contains(&CUT), "a short one that is whole");
    }
}

#[test]
fn secrets_of_another_protocol_are_no_key_log() {
    let (heard, log) = handshake(Policy::new(), Policy::new());
    let mut file = pcapng(&heard, &log);
    assert!(!read(&file).key_log.is_empty());
    let at = file.windows(4).position(|bytes| bytes == 0x544c_534b_u32.to_le_bytes()).unwrap();
    file[at] ^= 1;
    assert!(read(&file).key_log.is_empty());
}

/// The same ends, with other sequence numbers.
#[test]
fn a_second_connection_between_the_same_ends_is_another() {
    let (heard, _) = handshake(Policy::new(), Policy::new());
    let first = packets(false, &heard);
    let (hello, mut second) = (heard.pieces().next().unwrap().1, vec![segment(false, true, 5000, SYN, b"")]);
    second.push(segment(false, true, 5001, ACK, hello));
    let capture = read(&pcap(101, &[&first[..], &first[..1], &second].concat()));
    assert_eq!(capture.conversations.len(), 2, "a SYN that comes again is the same");
    assert_eq!(pieces(&capture.conversations[0]), pieces(&heard));
    assert_eq!(stream(&capture.conversations[1], Role::Client), hello);
}

#[test]
fn at_most_1024_connections_are_followed() {
    let hello = [22, 3, 1, 0, 5, 1, 0, 0, 1, 0];
    let connection = |number: u16| {
        let mut packet = segment(false, true, 1, ACK, &hello);
        packet[20..22].copy_from_slice(&(1000 + number).to_be_bytes());
        packet
    };
    let full = "the capture is larger than what is followed: the rest is left out";
    for (count, followed, said) in [(1023, 1023, false), (1030, 1024, true)] {
        let capture = read(&pcap(101, &(0..count).map(connection).collect::<Vec<_>>()));
        assert_eq!((capture.conversations.len(), problems(&capture).contains(&full)), (followed, said), "{count}");
    }
}

#[test]
fn packets_that_cannot_be_read_are_counted_by_kind() {
    let hello = segment(false, true, 1, ACK, &[22, 3, 1, 0, 5, 1, 0, 0, 1, 0]);
    let (mut fragment, mut short) = (hello.clone(), hello.clone());
    fragment[6] = 0x20; // more fragments
    short.truncate(30);
    let said =
        |packets: &[Vec<u8>]| read(&pcap(101, packets)).problems.iter().map(|text| text.en.to_string()).collect();
    let none: Vec<String> = said(std::slice::from_ref(&hello));
    assert_eq!(none, [""; 0]);
    let some: Vec<String> = said(&[hello, fragment.clone(), fragment, short]);
    assert_eq!(some, ["2 packets are IP fragments, which are not put together", "1 packets are malformed or cut"]);
}

/// A client's stream, of which a segment is missing until the end.
fn late(waiting: &[Vec<u8>]) -> (Capture, usize) {
    let first = [22, 3, 1, 0x40, 0, 1, 0, 0, 0, 0];
    let mut packets = vec![segment(false, true, 0, SYN, b""), segment(false, true, 1, ACK, &first)];
    let mut at = 12;
    for payload in waiting {
        packets.push(segment(false, true, at, ACK, payload));
        at += payload.len() as u32;
    }
    packets.push(segment(false, true, 11, ACK, b"?"));
    let capture = read(&pcap(101, &packets));
    let len = stream(&capture.conversations[0], Role::Client).len();
    (capture, len)
}

#[test]
fn what_waits_for_a_missing_segment_is_bounded() {
    let gap = "1 bytes are missing in the capture after byte 10: what follows cannot be read";
    for (pieces, len, comes) in [(31, 32_768, true), (33, 32_768, false), (4095, 1, true), (4096, 1, false)] {
        let (capture, came) = late(&vec![vec![7; len]; pieces]);
        let said = &capture.conversations[0].problems;
        assert_eq!(came, if comes { 11 + pieces * len } else { 10 }, "{pieces} of {len}");
        assert_eq!(said.iter().any(|text| text.en == gap), !comes, "{said:?}");
    }
}

/// Whoever reads on the way sees what the end has taken: the first.
#[test]
fn of_bytes_that_come_twice_the_first_count() {
    let first = [22, 3, 1, 0x40, 0, 1, 0, 0, 0, 0];
    let one = |at, payload: &[u8]| segment(false, true, at, ACK, payload);
    let packets = [
        segment(false, true, 0, SYN, b""),
        one(1, &first),
        one(12, b"first"),
        one(12, b"other"),
        one(11, b"?"),
        one(12, b"again"),
        one(14, b"agains"),
    ];
    let capture = read(&pcap(101, &packets));
    assert_eq!(stream(&capture.conversations[0], Role::Client), [&first[..], b"?firstins"].concat());
}

#[test]
fn of_each_direction_16_mib_are_kept() {
    let hello = [&[22, 3, 1, 0x40, 0, 1][..], &[0; 32_762]].concat();
    for more in [0, 1] {
        let mut packets: Vec<_> = (0..512).map(|n| segment(false, true, n * 32_768, ACK, &hello)).collect();
        packets.extend((0..more).map(|n| segment(false, true, (16 << 20) + n, ACK, b"?")));
        packets.push(segment(false, true, (16 << 20) + more, ACK, b"left out?"));
        let capture = read(&pcap(101, &packets));
        let said: Vec<_> = capture.conversations[0].problems.iter().map(|problem| &*problem.en).collect();
        assert_eq!(said, ["more than 16777216 bytes in one direction: what follows is left out"]);
        let len = stream(&capture.conversations[0], Role::Client).len();
        assert_eq!(len, (16 << 20) + if more == 0 { 9 } else { 1 });
    }
}

/// Without SYNs, and with the server's bytes first.
#[test]
fn the_client_is_who_says_its_hello() {
    let (heard, _) = handshake(Policy::new(), Policy::new());
    let [hello, answer] = [0, 1].map(|place| heard.pieces().nth(place).unwrap().1);
    let packets = [segment(false, false, 7, ACK, answer), segment(false, true, 7, ACK, hello)];
    let capture = read(&pcap(101, &packets));
    assert_eq!(stream(&capture.conversations[0], Role::Client), hello);
    assert_eq!(stream(&capture.conversations[0], Role::Server), answer);
}
