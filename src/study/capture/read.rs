//! Reads the TLS connections and the embedded secrets of a capture file.

use super::packets::{NoSegment, segment};
use super::reassembly::Connection;
use crate::study::{Conversation, Text};
use core::fmt;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::{format, io::Read, string::String, string::ToString, vec::Vec};

/// The content of a capture file.
// No Debug: it may hold secrets.
#[allow(missing_debug_implementations)]
#[derive(Default)]
pub struct Capture {
    /// The TCP connections with TLS, in the order in which they begin.
    pub conversations: Vec<Conversation>,
    /// The key logs embedded in a pcapng file (Decryption Secrets Blocks).
    pub key_log: Vec<u8>,
    /// The kinds of packets that could not be read, and how many of each.
    pub problems: Vec<Text>,
}

/// The file is not a capture, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureError(String);

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for CaptureError {}

/// The length of the longest block: a packet with its options.
const MAX_BLOCK: usize = 1 << 20;
/// How many open connections are followed at once.
const MAX_CONNECTIONS: usize = 1024;
/// How many bytes of all connections are kept.
const MAX_BYTES: usize = 256 << 20;
const MAX_KEY_LOG: usize = 16 << 20;

/// Reads a pcap or pcapng file. If the file ends in the middle of a packet, the result has everything before it, and a
/// problem.
pub fn read<R: Read + Send>(file: R) -> Result<Capture, CaptureError> {
    let mut reader = create_reader(MAX_BLOCK, file).map_err(|error| match error {
        PcapError::Eof | PcapError::Incomplete(_) => CaptureError("the file is empty, or shorter than a header".into()),
        PcapError::ReadError => CaptureError("the file cannot be read".into()),
        _ => CaptureError("this is neither a pcap nor a pcapng file".into()),
    })?;
    let is_pcapng = reader.data().starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
    let mut reading = Reading::default();
    // Whether the last attempt to read more was without result.
    let mut dry = false;
    loop {
        if is_pcapng && is_short_process_information(reader.data()) {
            reading.cut();
            break;
        }
        match reader.next() {
            Ok((len, block)) => {
                reading.block(block);
                reader.consume(len);
                dry = false;
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) if !dry => {
                let before = reader.data().len();
                if reader.refill().is_err() {
                    reading.cut();
                    break;
                }
                dry = reader.data().len() == before;
            }
            Err(_) => {
                reading.cut();
                break;
            }
        }
    }
    Ok(reading.finish())
}

/// Whether the next block of a pcapng file is a Process Information Block that claims to be shorter than any block.
/// pcap-parser 0.17.0 subtracts the 12 bytes that every block has from this length, and overflows.
fn is_short_process_information(data: &[u8]) -> bool {
    let Some((typ, rest)) = data.split_first_chunk() else { return false };
    let len = match (typ, rest.first_chunk()) {
        ([1, 0, 0, 0x80], Some(len)) => u32::from_le_bytes(*len),
        ([0x80, 0, 0, 1], Some(len)) => u32::from_be_bytes(*len),
        _ => return false,
    };
    len < 12
}

#[derive(Default)]
struct Reading {
    links: Vec<Linktype>,
    /// The open connections, as indices into the list of all.
    open: HashMap<(SocketAddr, SocketAddr), usize>,
    connections: Vec<Connection>,
    bytes: usize,
    capture: Capture,
    skipped: [usize; 4],
    unknown_link: Option<i32>,
}

impl Reading {
    fn block(&mut self, block: PcapBlockOwned<'_>) {
        match block {
            PcapBlockOwned::LegacyHeader(header) => self.links = Vec::from([header.network]),
            PcapBlockOwned::Legacy(packet) => self.packet(0, packet.data, packet.caplen),
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.links.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => self.links.push(interface.linktype),
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                self.packet(usize::try_from(packet.if_id).unwrap_or(usize::MAX), packet.data, packet.caplen);
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => self.packet(0, packet.data, packet.origlen),
            PcapBlockOwned::NG(Block::DecryptionSecrets(secrets)) => {
                // "TLSK"
                let log = &mut self.capture.key_log;
                if secrets.secrets_type.0 == 0x544c_534b && log.len().saturating_add(secrets.data.len()) <= MAX_KEY_LOG
                {
                    let len = usize::try_from(secrets.secrets_len).unwrap_or(usize::MAX).min(secrets.data.len());
                    log.extend_from_slice(secrets.data.get(..len).unwrap_or_default());
                    log.push(b'\n');
                }
            }
            PcapBlockOwned::NG(_) => {}
        }
    }

    fn packet(&mut self, interface: usize, data: &[u8], captured: u32) {
        let data = data.get(..usize::try_from(captured).unwrap_or(usize::MAX)).unwrap_or(data);
        let skipped = match self.links.get(interface).map(|link| segment(*link, data)) {
            Some(Ok(segment)) => return self.segment(&segment),
            Some(Err(NoSegment::Other)) => 0,
            Some(Err(NoSegment::Fragment)) => 1,
            Some(Err(NoSegment::Malformed)) | None => 2,
            Some(Err(NoSegment::LinkType(number))) => {
                self.unknown_link = Some(number);
                3
            }
        };
        if let Some(count) = self.skipped.get_mut(skipped) {
            *count = count.saturating_add(1);
        }
    }

    fn segment(&mut self, segment: &super::packets::Segment<'_>) {
        let ends = (segment.from.min(segment.to), segment.from.max(segment.to));
        let known = self.open.get(&ends).copied();
        let place = match known.and_then(|place| self.connections.get(place).map(|connection| (place, connection))) {
            Some((place, connection)) if !connection.is_reused_by(segment) => place,
            _ if self.connections.len() >= MAX_CONNECTIONS => return,
            _ => {
                self.connections.push(Connection::new(segment));
                let place = self.connections.len().saturating_sub(1);
                self.open.insert(ends, place);
                place
            }
        };
        if self.bytes >= MAX_BYTES {
            return;
        }
        if let Some(connection) = self.connections.get_mut(place) {
            self.bytes = self.bytes.saturating_add(connection.add(segment));
        }
    }

    fn cut(&mut self) {
        self.capture.problems.push(Text::new(
            "the file ends in the middle of a packet, or is damaged from there on",
            "el archivo acaba en medio de un paquete, o está dañado desde ahí",
        ));
    }

    fn finish(mut self) -> Capture {
        let full = self.connections.len() >= MAX_CONNECTIONS || self.bytes >= MAX_BYTES;
        self.capture.conversations = self.connections.into_iter().filter_map(Connection::conversation).collect();
        let problems = &mut self.capture.problems;
        if full {
            problems.push(Text::new(
                "the capture is larger than what is followed: the rest is left out",
                "la captura es mayor de lo que se sigue: se omite el resto",
            ));
        }
        let [other, fragments, malformed, unknown] = self.skipped;
        for (count, en, es) in [
            (
                fragments,
                "packets are IP fragments, which are not put together",
                "paquetes son fragmentos IP, que no se recomponen",
            ),
            (malformed, "packets are malformed or cut", "paquetes están mal formados o cortados"),
        ] {
            if count > 0 {
                problems.push(Text::made(format!("{count} {en}"), format!("{count} {es}")));
            }
        }
        if unknown > 0 {
            let number = self.unknown_link.map_or(String::new(), |number| number.to_string());
            problems.push(Text::made(
                format!("{unknown} packets are of link type {number}, which is not read: Ethernet, Linux cooked, null and raw IP are"),
                format!("{unknown} paquetes son del tipo de enlace {number}, que no se lee: sí Ethernet, Linux cooked, null e IP sin enlace"),
            ));
        }
        if self.capture.conversations.is_empty() {
            problems.push(Text::made(
                format!(
                    "no TCP connection in this capture begins as TLS does ({other} packets are of other protocols)"
                ),
                format!(
                    "ninguna conexión TCP de esta captura empieza como TLS ({other} paquetes son de otros protocolos)"
                ),
            ));
        }
        self.capture
    }
}
