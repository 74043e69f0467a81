//! Reassembles TCP streams from segments that are out of order, retransmitted or missing. Memory is bounded.

use super::packets::Segment;
use crate::Role;
use crate::study::{Conversation, Text};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::{format, vec::Vec};

/// How many bytes of one direction are kept.
const MAX_STREAM: u64 = 16 << 20;
/// How many bytes may wait for missing bytes before them.
const MAX_WAITING: usize = 1 << 20;
/// How many segments may wait.
const MAX_SEGMENTS: usize = 4096;

/// One direction of a connection. Positions count from its first byte.
#[derive(Default)]
struct Direction {
    /// The sequence number of the byte at position 0, once known.
    base: Option<u32>,
    /// Whether the base is known from a SYN.
    from_syn: bool,
    next: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    /// Why no more bytes are accepted: a gap, or too many bytes.
    ended: Option<Text>,
}

impl Direction {
    /// Adds a segment, and returns the bytes that are complete now.
    fn take(&mut self, segment: &Segment<'_>) -> Vec<u8> {
        if segment.syn {
            // A SYN takes one sequence number. A retransmitted SYN changes nothing.
            if self.base.is_none() {
                (self.base, self.from_syn) = (Some(segment.sequence_number.wrapping_add(1)), true);
            }
        }
        if segment.payload.is_empty() || self.ended.is_some() {
            return Vec::new();
        }
        let first = segment.sequence_number.wrapping_add(u32::from(segment.syn));
        let base = *self.base.get_or_insert(first);
        let Some(position) = self.position(first.wrapping_sub(base)) else { return Vec::new() };
        if self.waiting.len() >= MAX_SEGMENTS || self.waiting_bytes.saturating_add(segment.payload.len()) > MAX_WAITING
        {
            self.skip();
            return Vec::new();
        }
        let waits = self.waiting.entry(position).or_default();
        if waits.len() < segment.payload.len() {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(waits.len()).saturating_add(segment.payload.len());
            *waits = segment.payload.to_vec();
        }
        self.ready()
    }

    /// The position nearest to the next byte whose low 32 bits are these; `None` if it is before the beginning.
    fn position(&self, low: u32) -> Option<u64> {
        let next = u32::try_from(self.next & 0xffff_ffff).unwrap_or(0);
        let forward = low.wrapping_sub(next);
        if forward < 1 << 31 {
            self.next.checked_add(u64::from(forward))
        } else {
            self.next.checked_sub(u64::from(next.wrapping_sub(low)))
        }
    }

    /// Takes the waiting bytes that have nothing missing before them.
    fn ready(&mut self) -> Vec<u8> {
        let mut ready = Vec::new();
        while let Some(entry) = self.waiting.first_entry().filter(|entry| *entry.key() <= self.next) {
            let (position, bytes) = entry.remove_entry();
            self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes.len());
            // Of bytes that came twice, the first ones count.
            let known = usize::try_from(self.next.saturating_sub(position)).unwrap_or(usize::MAX);
            let new = bytes.get(known..).unwrap_or_default();
            ready.extend_from_slice(new);
            self.next = self.next.saturating_add(u64::try_from(new.len()).unwrap_or(0));
        }
        if self.next > MAX_STREAM {
            self.ended = Some(Text::made(
                format!("more than {MAX_STREAM} bytes in one direction: what follows is left out"),
                format!("más de {MAX_STREAM} bytes en un sentido: se omite lo que sigue"),
            ));
        }
        ready
    }

    /// Gives up a gap: its bytes will not come.
    fn skip(&mut self) {
        let missing = self.waiting.first_key_value().map_or(0, |(position, _)| position.saturating_sub(self.next));
        let at = self.next;
        self.ended = Some(Text::made(
            format!("{missing} bytes are missing in the capture after byte {at}: what follows cannot be read"),
            format!("faltan {missing} bytes en la captura tras el byte {at}: no se puede leer lo que sigue"),
        ));
        self.waiting.clear();
        self.waiting_bytes = 0;
    }
}

/// One TCP connection. The ends are distinguished by who sends first. Which end is the client is known only at the end.
pub(super) struct Connection {
    ends: (SocketAddr, SocketAddr),
    directions: [Direction; 2],
    pieces: Vec<(usize, Vec<u8>)>,
    syn_by: Option<usize>,
}

impl Connection {
    pub(super) fn new(segment: &Segment<'_>) -> Connection {
        let ends = (segment.from, segment.to);
        Connection { ends, directions: Default::default(), pieces: Vec::new(), syn_by: None }
    }

    /// Adds a segment, and returns how many bytes it has added.
    pub(super) fn add(&mut self, segment: &Segment<'_>) -> usize {
        let side = usize::from(segment.from != self.ends.0);
        if segment.syn && self.syn_by.is_none() {
            self.syn_by = Some(side);
        }
        let Some(direction) = self.directions.get_mut(side) else { return 0 };
        let bytes = direction.take(segment);
        let len = bytes.len();
        if len > 0 {
            self.pieces.push((side, bytes));
        }
        len
    }

    /// Whether this segment begins a new connection between the same ends.
    pub(super) fn is_reused_by(&self, segment: &Segment<'_>) -> bool {
        let side = usize::from(segment.from != self.ends.0);
        let base = self.directions.get(side).and_then(|direction| direction.base.filter(|_| direction.from_syn));
        segment.syn && base.is_some_and(|base| base != segment.sequence_number.wrapping_add(1))
    }

    /// The connection as a conversation, if it begins as TLS does.
    pub(super) fn conversation(mut self) -> Option<Conversation> {
        for direction in &mut self.directions {
            if !direction.waiting.is_empty() && direction.ended.is_none() {
                direction.skip();
            }
        }
        let starts = |side: usize| -> Vec<u8> {
            self.pieces.iter().filter(|(from, _)| *from == side).flat_map(|(_, bytes)| bytes).take(6).copied().collect()
        };
        let is_record = |bytes: &[u8]| matches!(bytes, [20..=23, 3, 0..=4, ..]);
        let hello = |bytes: &[u8]| matches!(bytes, [22, 3, _, _, _, 1]);
        let (first, second) = (starts(0), starts(1));
        let client = match (hello(&first), hello(&second)) {
            (true, _) => 0,
            (_, true) => 1,
            _ if is_record(&first) || is_record(&second) => self.syn_by.unwrap_or(0),
            _ => return None,
        };
        let (client_is, server_is) = if client == 0 { self.ends } else { (self.ends.1, self.ends.0) };
        let mut conversation = Conversation::new(format!("{client_is} -> {server_is}"));
        for (side, bytes) in &self.pieces {
            conversation.add(if *side == client { Role::Client } else { Role::Server }, bytes);
        }
        let ended = self.directions.iter_mut().filter_map(|direction| direction.ended.take());
        conversation.problems.extend(ended);
        Some(conversation)
    }
}
