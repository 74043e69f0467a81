//! Reads the stream of one end: opens its records and finds the messages in them.

use super::authenticator;
use super::fields::Walker;
use super::grammar::{ALERT, CHANGE_CIPHER_SPEC, Show};
use super::hello::{self, Choice};
use super::keys::{RecordKey, next_generation};
use super::model::{Keys, Record, Space, SpaceKind, Text};
use super::names;
use super::shared::{Placed, Shared};
use super::words::{does_not_open, in_spanish, label};
use crate::Role;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A record and its position in the order of the wire.
pub(super) struct Ranked {
    pub record: Record,
    pub rank: usize,
}

/// The bytes of messages under the current keys.
struct Pending {
    space: usize,
    /// The position at which the next message begins.
    next: usize,
    /// For each record, the position of its first byte.
    added: Vec<(usize, usize)>,
}

impl Pending {
    /// The record of a byte.
    fn record(&self, at: usize) -> usize {
        let behind = self.added.partition_point(|(from, _)| *from <= at);
        self.added.get(behind.saturating_sub(1)).map_or(0, |(_, index)| *index)
    }
}

pub(super) struct Side {
    role: Role,
    space: usize,
    stream: Vec<u8>,
    ends: Vec<(usize, usize)>,
    at: usize,
    keys: Keys,
    secret: Option<Vec<u8>>,
    key: Option<RecordKey>,
    messages: Option<Pending>,
    /// Whether the study says already that records under the current keys cannot be opened.
    unopened_reported: bool,
    pub records: Vec<Ranked>,
    /// How many application traffic secrets were used.
    pub generations: u32,
    old_version: bool,
}

const HEADER: usize = 5;
/// The length of the longest fragment, which is that of TLS 1.2 (in TLS 1.3 it is shorter, RFC 9846 §5.2).
const MAX_FRAGMENT: usize = 16_384 + 2_048;

impl Side {
    pub(super) fn new(role: Role, (stream, ends): (Vec<u8>, Vec<(usize, usize)>), space: usize) -> Side {
        let keys = Keys::Plaintext;
        Side {
            role,
            space,
            stream,
            ends,
            at: 0,
            keys,
            secret: None,
            key: None,
            messages: None,
            unopened_reported: false,
            records: Vec::new(),
            generations: 0,
            old_version: false,
        }
    }

    /// Reads to the end, or up to the first protected record.
    pub(super) fn read(&mut self, shared: &mut Shared<'_>, plaintext_only: bool) {
        while self.at < self.stream.len() {
            let rest = self.stream.get(self.at..).unwrap_or_default();
            let (content_type, len) = match rest {
                [content_type @ 20..=24, 3, 0..=4, high, low, ..] => {
                    (*content_type, usize::from(u16::from_be_bytes([*high, *low])))
                }
                _ => return self.not_a_record(shared),
            };
            if plaintext_only && content_type == 23 {
                return;
            }
            let end = self.at.saturating_add(HEADER).saturating_add(len);
            if len > MAX_FRAGMENT {
                return self.not_a_record(shared);
            }
            if end > self.stream.len() {
                return self.cut(shared);
            }
            self.record(shared, content_type, end);
            self.at = end;
        }
    }

    fn rank(&self, end: usize) -> usize {
        self.ends
            .get(self.ends.partition_point(|(piece_end, _)| *piece_end < end))
            .map_or(usize::MAX, |(_, place)| *place)
    }

    fn not_a_record(&mut self, shared: &mut Shared<'_>) {
        if self.stream.len().saturating_sub(self.at) < HEADER {
            return self.cut(shared);
        }
        let range = self.at..self.stream.len();
        let value = names::bytes(self.stream.get(range.clone()).unwrap_or_default(), Show::Hex);
        let mut walker = Walker { found: &mut shared.found, space: self.space, bytes: &self.stream };
        let id = walker.field(None, range, "not_tls", value);
        let role = self.role;
        let text = Text::made(
            format!("from byte {} of the {role}'s stream on there is no TLS record", self.at),
            format!("desde el byte {} del flujo del {} no hay registros TLS", self.at, in_spanish(role)),
        );
        shared.found.problem(Some(id), text);
        self.at = self.stream.len();
    }

    fn cut(&mut self, shared: &mut Shared<'_>) {
        let range = self.at..self.stream.len();
        let value = names::bytes(self.stream.get(range.clone()).unwrap_or_default(), Show::Hex);
        let mut walker = Walker { found: &mut shared.found, space: self.space, bytes: &self.stream };
        let id = walker.field(None, range, "cut", value);
        let role = self.role;
        let text = Text::made(
            format!("the {role}'s stream ends in the middle of a record: the capture is cut, or the end was abrupt"),
            format!(
                "el flujo del {} acaba en medio de un registro: captura incompleta o final abrupto",
                in_spanish(role)
            ),
        );
        shared.found.problem(Some(id), text);
        self.at = self.stream.len();
    }

    /// Reads the record from `self.at` to `end`.
    fn record(&mut self, shared: &mut Shared<'_>, outer_type: u8, end: usize) {
        let (start, body) = (self.at, self.at.saturating_add(HEADER)..end);
        let protected = outer_type == 23 && !self.old_version;
        if protected && self.keys == Keys::Plaintext {
            self.change_keys(shared, Keys::Handshake);
        }
        let mut walker = Walker { found: &mut shared.found, space: self.space, bytes: &self.stream };
        let id = walker.field(None, start..end, "record", names::content_type(outer_type).into());
        walker.field(
            Some(id),
            start..start.saturating_add(1),
            "type",
            format!("{} ({outer_type})", names::content_type(outer_type)),
        );
        let version = walker.get(start.saturating_add(1)..start.saturating_add(3));
        let version = version.iter().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
        walker.field(
            Some(id),
            start.saturating_add(1)..start.saturating_add(3),
            "legacy_record_version",
            names::number(version, 2, super::grammar::Naming::Version),
        );
        walker.field(Some(id), start.saturating_add(3)..body.start, "fragment length", format!("{}", body.len()));
        let mut record = Record {
            sender: self.role,
            space: self.space,
            start,
            len: end.saturating_sub(start),
            outer_type,
            content_type: None,
            keys: if protected { self.keys } else { Keys::Plaintext },
            sequence_number: None,
            nonce: None,
            plaintext: None,
            unopened: None,
            messages: Vec::new(),
            title: String::new(),
        };
        let index = self.records.len();
        if protected {
            self.protected(shared, &mut record, id, body, index);
        } else {
            self.plain(shared, &mut record, id, body, index);
        }
        let rank = self.rank(end);
        self.records.push(Ranked { record, rank });
    }

    /// Reads the content of an unprotected record.
    fn plain(
        &mut self,
        shared: &mut Shared<'_>,
        record: &mut Record,
        parent: usize,
        body: core::ops::Range<usize>,
        index: usize,
    ) {
        let content = self.stream.get(body.clone()).unwrap_or_default().to_vec();
        let mut walker = Walker { found: &mut shared.found, space: self.space, bytes: &self.stream };
        if self.old_version {
            let id = walker.field(Some(parent), body, "fragment", names::bytes(&content, Show::Hex));
            let text = Text::new(
                "this connection is not TLS 1.3: only its hellos are explained",
                "esta conexión no es TLS 1.3: solo se explican los saludos",
            );
            self.report(shared, id, &text);
            record.unopened = Some(text);
            record.title = names::content_type(record.outer_type).into();
            return;
        }
        record.content_type = Some(record.outer_type);
        record.title = title(record.outer_type, &content);
        match record.outer_type {
            20 => drop(walker.exactly(CHANGE_CIPHER_SPEC, body, Some(parent))),
            21 => {
                let id = walker.field(Some(parent), body.clone(), "alert", record.title.clone());
                walker.exactly(ALERT, body, Some(id));
            }
            _ => drop(walker.field(Some(parent), body, "fragment", names::bytes(&content, Show::Hex))),
        }
        if record.outer_type == 22 {
            self.handshake(shared, Keys::Plaintext, &content, index);
        }
    }

    /// Reads the content of a protected record (§5.2).
    fn protected(
        &mut self,
        shared: &mut Shared<'_>,
        record: &mut Record,
        parent: usize,
        body: core::ops::Range<usize>,
        index: usize,
    ) {
        let tag = body.end.saturating_sub(16).max(body.start);
        let encrypted = self.stream.get(body.clone()).unwrap_or_default();
        let header = self.stream.get(record.start..body.start).unwrap_or_default();
        let opened = match &mut self.key {
            None => Err(shared.missing_key(self.role, self.keys)),
            Some(key) => {
                (record.sequence_number, record.nonce) = (Some(key.sequence_number), Some(key.nonce().to_vec()));
                let opened = key.open(header, encrypted).ok_or(key.sequence_number);
                if opened.is_ok() || !(shared.early_data && key.sequence_number == 0) {
                    key.sequence_number = key.sequence_number.saturating_add(1);
                }
                opened.map_err(|number| does_not_open(self.role, number, shared.early_data))
            }
        };
        let mut walker = Walker { found: &mut shared.found, space: self.space, bytes: &self.stream };
        let value = format!("{} bytes", tag.saturating_sub(body.start));
        let id = walker.field(Some(parent), body.start..tag, "encrypted_record", value);
        let value = names::bytes(walker.get(tag..body.end), Show::Hex);
        walker.field(Some(parent), tag..body.end, "authentication_tag", value);
        match opened {
            Ok(plaintext) => self.inner(shared, record, plaintext, index),
            Err(why) => {
                record.title = "protected".into();
                self.report(shared, id, &why);
                record.unopened = Some(why);
            }
        }
    }

    /// Adds the reason why records are not opened: once for each key, and only if the other side has not given it already.
    fn report(&mut self, shared: &mut Shared<'_>, field: usize, why: &Text) {
        let reported = core::mem::replace(&mut self.unopened_reported, true);
        if !reported && !shared.found.problems.iter().any(|problem| problem.text == *why) {
            shared.found.problem(Some(field), why.clone());
        }
    }

    /// Reads TLSInnerPlaintext.
    fn inner(&mut self, shared: &mut Shared<'_>, record: &mut Record, bytes: Vec<u8>, index: usize) {
        let space = shared.spaces.len();
        let type_at = bytes.iter().rposition(|byte| *byte != 0);
        let inner_type = type_at.and_then(|at| bytes.get(at)).copied();
        let content = bytes.get(..type_at.unwrap_or(0)).unwrap_or_default().to_vec();
        let mut walker = Walker { found: &mut shared.found, space, bytes: &bytes };
        let mut exported = None;
        match inner_type {
            Some(21) => {
                let id = walker.field(None, 0..content.len(), "alert", title(21, &content));
                walker.exactly(ALERT, 0..content.len(), Some(id));
            }
            Some(23) => {
                exported = authenticator::explain(&mut walker, self.role, &content);
                if exported.is_none() {
                    let value = names::bytes(&content, Show::Text);
                    walker.field(None, 0..content.len(), "application_data", value);
                }
            }
            Some(_) => drop(walker.field(None, 0..content.len(), "content", names::bytes(&content, Show::Hex))),
            None => {}
        }
        match type_at {
            Some(at) => {
                let inner_type = inner_type.unwrap_or_default();
                let (end, value) =
                    (at.saturating_add(1), format!("{} ({inner_type})", names::content_type(inner_type)));
                walker.field(None, at..end, "inner_type", value);
                if end < bytes.len() {
                    let value = names::bytes(walker.get(end..bytes.len()), Show::Count);
                    walker.field(None, end..bytes.len(), "zeros", value);
                }
            }
            None => {
                let text = Text::new(
                    "nothing but zeros: there is no content type (§5.4)",
                    "solo ceros: falta el tipo de contenido (§5.4)",
                );
                walker.unreadable(None, 0..bytes.len(), text);
            }
        }
        shared.spaces.push(Space { kind: SpaceKind::Plaintext, sender: self.role, bytes });
        record.plaintext = Some(space);
        record.content_type = inner_type;
        record.title = title(inner_type.unwrap_or_default(), &content);
        if let Some((exported, name)) = exported {
            record.title = name.into();
            shared.exported.push(exported);
        }
        if inner_type == Some(22) {
            self.handshake(shared, self.keys, &content, index);
        }
    }

    /// Reads handshake bytes. Complete messages are recorded and may change the keys.
    fn handshake(&mut self, shared: &mut Shared<'_>, keys: Keys, content: &[u8], index: usize) {
        let mut pending = self.messages.take().unwrap_or_else(|| {
            shared.spaces.push(Space { kind: SpaceKind::Messages(keys), sender: self.role, bytes: Vec::new() });
            Pending { space: shared.spaces.len().saturating_sub(1), next: 0, added: Vec::new() }
        });
        let Some(mut bytes) = shared.spaces.get_mut(pending.space).map(|space| core::mem::take(&mut space.bytes))
        else {
            return;
        };
        pending.added.push((bytes.len(), index));
        bytes.extend_from_slice(content);
        let mut change = None;
        while let Some([message_type, a, b, c]) = bytes.get(pending.next..pending.next.saturating_add(4)) {
            let (start, len) = (pending.next, u32::from_be_bytes([0, *a, *b, *c]));
            let end = start.saturating_add(4).saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
            let Some(body) = bytes.get(start.saturating_add(4)..end) else { break };
            let (sender, space, record) = (self.role, pending.space, pending.record(start));
            shared.messages.push(Placed { sender, keys, space, start, end, complete: true, record });
            match (message_type, self.role, keys) {
                (1, Role::Client, Keys::Plaintext) if shared.client_random.is_none() => {
                    if let Some((random, early_data)) = hello::client(body) {
                        (shared.client_random, shared.early_data) = (Some(random), early_data);
                    }
                }
                (2, Role::Server, Keys::Plaintext) => {
                    let choice = Choice::of(body);
                    self.old_version = choice.is_some_and(|choice| !choice.is_tls13());
                    shared.choice = choice.or(shared.choice);
                }
                (20, _, Keys::Handshake) => change = Some(Keys::Application(0)),
                (24, _, Keys::Application(generation)) => {
                    change = Some(Keys::Application(generation.saturating_add(1)));
                }
                _ => {}
            }
            pending.next = end;
        }
        if let Some(space) = shared.spaces.get_mut(pending.space) {
            space.bytes = bytes;
        }
        self.messages = Some(pending);
        if let Some(keys) = change {
            self.finish_messages(shared);
            self.change_keys(shared, keys);
        }
    }

    /// Called when no more bytes come under the current keys. If bytes are left, they are an incomplete message.
    pub(super) fn finish_messages(&mut self, shared: &mut Shared<'_>) {
        let Some(pending) = self.messages.take() else { return };
        let (space, start) = (pending.space, pending.next);
        let Some(Space { bytes, kind: SpaceKind::Messages(keys), .. }) = shared.spaces.get(space) else { return };
        if start < bytes.len() {
            let (sender, keys, end, record) = (self.role, *keys, bytes.len(), pending.record(start));
            shared.messages.push(Placed { sender, keys, space, start, end, complete: false, record });
        }
    }

    fn change_keys(&mut self, shared: &mut Shared<'_>, keys: Keys) {
        self.finish_messages(shared);
        let suite = shared.choice.and_then(|choice| choice.suite());
        let random = shared.client_random;
        let from_log = |label: &str| random.and_then(|random| shared.log.get(label, &random)).map(<[u8]>::to_vec);
        self.secret = match keys {
            Keys::Plaintext => None,
            Keys::Handshake => from_log(label(self.role, "HANDSHAKE_TRAFFIC_SECRET")),
            Keys::Application(0) => from_log(label(self.role, "TRAFFIC_SECRET_0")),
            Keys::Application(_) => {
                suite.zip(self.secret.as_deref()).and_then(|(suite, secret)| next_generation(suite.hash(), secret))
            }
        };
        if let Keys::Application(generation) = keys {
            self.generations = generation.saturating_add(1);
        }
        self.key = suite.zip(self.secret.as_deref()).and_then(|(suite, secret)| RecordKey::new(suite, secret));
        self.keys = keys;
        self.unopened_reported = false;
    }

    /// Called when the server's hello shows whether the version is older than TLS 1.3.
    pub(super) fn is_old_version(&mut self, old: bool) {
        self.old_version = old;
    }
}

/// The title of a record without messages.
fn title(content_type: u8, content: &[u8]) -> String {
    match (content_type, content) {
        (21, [_, description]) => names::number(u64::from(*description), 1, super::grammar::Naming::Alert),
        (23, _) => format!("application_data, {} bytes", content.len()),
        (other, _) => names::content_type(other).to_string(),
    }
}
