//! Opens records (RFC 9846 §5), one at a time.
//!
//! The content type is judged by the first byte ([`ReadProtection::route`]), and the length by the header
//! ([`ReadProtection::check_length`]), both before the body has come. Then the body is opened in place and judged.

use super::header::{HEADER, Header, MAX_CIPHERTEXT, MAX_INNER_PLAINTEXT, MAX_PLAINTEXT, TAG};
use super::inbox::InboxView;
use super::key::RecordKey;
use crate::codec::{Alert, AlertDescription, ContentType};
use crate::crypto::{CryptoMode, Suite, TrafficKey};
use crate::error::ErrorKind;
use crate::limits::{MAX_CHANGE_CIPHER_SPECS, MAX_EARLY_DATA, MAX_EMPTY_RECORDS, MAX_WARNINGS};
use crate::role::EarlyData;
use core::num::NonZeroU16;

/// Which records are legal now. Only the handshake or session knows this.
#[derive(Clone, Copy, Default)]
pub(crate) struct Expect {
    /// Between the first ClientHello and the peer's Finished (RFC 9846 §5).
    pub(crate) change_cipher_spec: bool,
    /// The handshake is complete.
    pub(crate) application_data: bool,
    /// Only for servers: a client that refuses our ServerHello has no keys. So until its first protected record has been
    /// opened, an unprotected alert is legal.
    pub(crate) plaintext_alert: bool,
    /// The ClientHello offered early data.
    pub(crate) early_data: EarlyData,
}

/// What a record contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// Handshake bytes: see [`InboxView::next_message`].
    Handshake,
    /// Application data, perhaps empty: see [`InboxView::has_data`].
    ApplicationData,
    /// An alert. Its level does not matter (RFC 9846 §6).
    Alert(AlertDescription),
    /// Nothing to act on: a change_cipher_spec, or early data.
    Dropped,
}

/// The kind of a record by its content type, before it has been opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    PlainHandshake,
    PlainAlert,
    UnauthenticatedAlert,
    ChangeCipherSpec,
    Protected,
    EarlyData,
}

/// The progress of reading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Nothing,
    /// A record has been accepted, or correctly dropped.
    Begun,
    /// A protected record has opened, under this key or an earlier one.
    Opened,
}

/// The read key, its sequence number, and the counters of tolerated records of the peer.
pub(crate) struct ReadProtection {
    key: RecordKey,
    sequence: u64,
    /// Bytes of early data dropped.
    early_data: u16,
    /// The longest TLSInnerPlaintext that we accept, if this has been negotiated (RFC 8449).
    record_size_limit: Option<NonZeroU16>,
    progress: Progress,
    change_cipher_specs: u8,
    /// Empty records and warnings since the last record that had content.
    empty_records: u8,
    warnings: u8,
}

/// What a sleeping session keeps of its [`ReadProtection`], in addition to secret and sequence number.
#[derive(Clone, Copy)]
pub(crate) struct ReadState {
    /// In bytes, which need no alignment; 0: none.
    record_size_limit: [u8; 2],
    empty_records: u8,
    warnings: u8,
}

impl ReadProtection {
    /// No key yet.
    pub(crate) const fn new() -> ReadProtection {
        ReadProtection {
            key: RecordKey::None,
            sequence: 0,
            early_data: 0,
            record_size_limit: None,
            progress: Progress::Nothing,
            change_cipher_specs: 0,
            empty_records: 0,
            warnings: 0,
        }
    }

    /// What [`resume`](Self::resume) needs beside key and sequence number.
    pub(crate) fn state(&self) -> ReadState {
        let limit = self.record_size_limit.map_or(0, NonZeroU16::get);
        let ReadProtection { empty_records, warnings, .. } = *self;
        ReadState { record_size_limit: limit.to_ne_bytes(), empty_records, warnings }
    }

    /// Continues with this key after the handshake.
    pub(crate) fn resume(key: TrafficKey, sequence: u64, state: ReadState) -> ReadProtection {
        let ReadState { record_size_limit, empty_records, warnings } = state;
        let record_size_limit = NonZeroU16::new(u16::from_ne_bytes(record_size_limit));
        let (key, progress) = (RecordKey::Key(key), Progress::Opened);
        let fresh = ReadProtection::new();
        ReadProtection { key, sequence, record_size_limit, progress, empty_records, warnings, ..fresh }
    }

    /// The sequence number of the next record.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Moves everything out. What is left cannot open anything.
    pub(crate) fn take(&mut self) -> ReadProtection {
        core::mem::replace(self, ReadProtection { key: RecordKey::Forgotten, ..ReadProtection::new() })
    }

    /// The connection has failed (RFC 9846 §6): nothing is opened any more.
    pub(crate) fn forget(&mut self) {
        drop(self.take());
    }

    /// Uses this key from the next record on. No handshake bytes may be unread, because messages must not span key changes
    /// (RFC 9846 §5.1). There is no other way to change the key.
    pub(crate) fn replace_key(&mut self, rx: &InboxView<'_>, key: TrafficKey) -> Result<(), ErrorKind> {
        if rx.has_unread() {
            return Err(ErrorKind::DataAcrossKeyChange);
        }
        self.key = RecordKey::Key(key);
        self.sequence = 0;
        Ok(())
    }

    /// Our record_size_limit has been negotiated, and binds the peer from now on (RFC 8449 §4).
    pub(crate) fn set_record_size_limit(&mut self, limit: u16) {
        self.record_size_limit = NonZeroU16::new(limit);
    }

    /// The suite and mode of the read key and of the next one.
    pub(crate) fn algorithms(&self) -> Option<(Suite, CryptoMode)> {
        self.key.get().map(TrafficKey::algorithms)
    }

    /// Whether a read key is in place.
    pub(crate) fn is_protected(&self) -> bool {
        self.key.get().is_some()
    }

    /// See [`InboxView::want_more`].
    #[inline(always)]
    pub(crate) fn want_more(&self, rx: &InboxView<'_>) -> Result<(), ErrorKind> {
        rx.want_more(if self.is_protected() { HEADER + 1 + TAG } else { HEADER })
    }

    /// Opens the next record. `None`: it is not complete. Whole messages and application data must have been read before:
    /// unread bytes count as the beginning of a message.
    #[inline(always)]
    pub(crate) fn open(&mut self, rx: &mut InboxView<'_>, expect: Expect) -> Result<Option<Opened>, ErrorKind> {
        if rx.has_data() {
            return Ok(Some(Opened::ApplicationData));
        }
        if !rx.drop_rest() {
            return Ok(None);
        }
        match rx.ciphertext().first() {
            Some(&first) => self.open_record(ContentType(first), rx, expect),
            None => Ok(None),
        }
    }

    /// Opens the next record, whose first byte has come.
    fn open_record(
        &mut self,
        content: ContentType,
        rx: &mut InboxView<'_>,
        expect: Expect,
    ) -> Result<Option<Opened>, ErrorKind> {
        let partial = rx.has_unread();
        let route = self.route(content, expect, partial)?;
        let Some(header) = rx.header() else { return Ok(None) };
        let route = self.check_length(route, header.length(), expect)?;
        if route != Route::EarlyData && !rx.has_record(header) {
            return Ok(None);
        }
        if self.progress == Progress::Nothing {
            self.progress = Progress::Begun;
        }
        match route {
            Route::PlainHandshake => self.keep_plain_handshake(rx, header),
            Route::PlainAlert => self.read_alert(rx.fragment(header)),
            Route::UnauthenticatedAlert => refuse_unauthenticated_alert(rx.fragment(header)),
            Route::ChangeCipherSpec => self.drop_change_cipher_spec(rx.fragment(header)),
            Route::Protected => self.open_protected(rx, header, expect, partial),
            Route::EarlyData => self.drop_early_data(header),
        }
        .inspect(|opened| {
            if !matches!(opened, Opened::Handshake | Opened::ApplicationData) {
                rx.drop_record(header);
            }
        })
        .map(Some)
    }

    /// Judges the content type (RFC 9846 §5). `partial`: a part of a handshake message has come.
    fn route(&self, content: ContentType, expect: Expect, partial: bool) -> Result<Route, ErrorKind> {
        let protected = match self.key {
            RecordKey::Key(_) => true,
            RecordKey::None => false,
            RecordKey::Forgotten => return Err(ErrorKind::Bug),
        };
        match content {
            ContentType::CHANGE_CIPHER_SPEC if partial => Err(ErrorKind::InterleavedRecord),
            ContentType::CHANGE_CIPHER_SPEC if expect.change_cipher_spec => Ok(Route::ChangeCipherSpec),
            ContentType::CHANGE_CIPHER_SPEC => Err(ErrorKind::UnexpectedChangeCipherSpec),
            ContentType::APPLICATION_DATA if protected => Ok(Route::Protected),
            ContentType::HANDSHAKE if !protected => Ok(Route::PlainHandshake),
            ContentType::ALERT | ContentType::APPLICATION_DATA if !protected && partial => {
                Err(ErrorKind::InterleavedRecord)
            }
            ContentType::ALERT if !protected => Ok(Route::PlainAlert),
            ContentType::ALERT if expect.plaintext_alert && self.progress != Progress::Opened => {
                Ok(Route::UnauthenticatedAlert)
            }
            ContentType::APPLICATION_DATA if expect.early_data == EarlyData::Protected => Ok(Route::EarlyData),
            _ if content.name().is_none() && self.progress == Progress::Nothing => Err(ErrorKind::NotTls),
            _ => Err(ErrorKind::UnexpectedRecord { content }),
        }
    }

    /// Judges the length that the header announces.
    fn check_length(&self, route: Route, length: usize, expect: Expect) -> Result<Route, ErrorKind> {
        match route {
            Route::Protected if length <= self.max_ciphertext() => Ok(route),
            // It exceeds the negotiated limit, so it can only be early data, which obeys the limits of another connection.
            Route::Protected if length <= MAX_CIPHERTEXT && self.skips_unopened(expect) => Ok(Route::EarlyData),
            Route::EarlyData if length <= MAX_CIPHERTEXT => Ok(route),
            Route::Protected => Err(ErrorKind::record_overflow(length, self.max_ciphertext())),
            Route::EarlyData => Err(ErrorKind::record_overflow(length, MAX_CIPHERTEXT)),
            _ if length > MAX_PLAINTEXT => Err(ErrorKind::record_overflow(length, MAX_PLAINTEXT)),
            Route::ChangeCipherSpec if length != 1 => Err(ErrorKind::UnexpectedChangeCipherSpec),
            Route::PlainHandshake | Route::PlainAlert | Route::UnauthenticatedAlert if length == 0 => {
                Err(ErrorKind::EmptyFragment)
            }
            Route::PlainAlert | Route::UnauthenticatedAlert if length != 2 => Err(ErrorKind::MalformedAlert),
            _ => Ok(route),
        }
    }

    fn keep_plain_handshake(&mut self, rx: &mut InboxView<'_>, header: Header) -> Result<Opened, ErrorKind> {
        let (record, fragment) = rx.begin_opening(header).ok_or(ErrorKind::Bug)?;
        let len = record.len().saturating_sub(fragment);
        if fragment > 0 && fragment <= record.len() {
            record.copy_within(fragment.., 0);
        }
        rx.keep_handshake(header, len);
        self.has_content();
        Ok(Opened::Handshake)
    }

    fn drop_change_cipher_spec(&mut self, fragment: &[u8]) -> Result<Opened, ErrorKind> {
        if fragment != [1] {
            return Err(ErrorKind::UnexpectedChangeCipherSpec);
        }
        self.change_cipher_specs = self.change_cipher_specs.saturating_add(1);
        if self.change_cipher_specs > MAX_CHANGE_CIPHER_SPECS {
            return Err(ErrorKind::TooManyChangeCipherSpecs);
        }
        Ok(Opened::Dropped)
    }

    /// Opens a protected record and judges its contents (RFC 9846 §5.2, §5.4).
    #[inline(always)]
    fn open_protected(
        &mut self,
        rx: &mut InboxView<'_>,
        header: Header,
        expect: Expect,
        partial: bool,
    ) -> Result<Opened, ErrorKind> {
        let key = self.key.get().ok_or(ErrorKind::Bug)?;
        let (record, ciphertext_from) = rx.begin_opening(header).ok_or(ErrorKind::Bug)?;
        let Ok(inner) = key.open_within(self.sequence, &header.0, record, ciphertext_from) else {
            return if self.skips_unopened(expect) {
                self.drop_early_data(header)
            } else {
                Err(ErrorKind::BadRecordMac)
            };
        };
        self.progress = Progress::Opened;
        self.sequence = self.sequence.checked_add(1).ok_or(ErrorKind::Bug)?;
        if inner > self.max_inner_plaintext() {
            return Err(ErrorKind::record_overflow(inner, self.max_inner_plaintext()));
        }
        let (typ, content) = record.get(..inner).and_then(split_type).ok_or(ErrorKind::NoContentType)?;
        let len = content.len();
        match typ {
            ContentType::HANDSHAKE if len == 0 => Err(ErrorKind::EmptyFragment),
            ContentType::HANDSHAKE => {
                self.has_content();
                rx.keep_handshake(header, len);
                Ok(Opened::Handshake)
            }
            _ if partial => Err(ErrorKind::InterleavedRecord),
            ContentType::APPLICATION_DATA if !expect.application_data => Err(ErrorKind::EarlyApplicationData),
            ContentType::APPLICATION_DATA => {
                if len > 0 {
                    self.has_content()
                } else {
                    self.count_empty()?
                }
                rx.keep_data(header, len);
                Ok(Opened::ApplicationData)
            }
            ContentType::ALERT => self.read_alert(content),
            ContentType::CHANGE_CIPHER_SPEC => Err(ErrorKind::UnexpectedChangeCipherSpec),
            content => Err(ErrorKind::UnexpectedRecord { content }),
        }
    }

    fn max_inner_plaintext(&self) -> usize {
        self.record_size_limit.map_or(MAX_INNER_PLAINTEXT, |limit| usize::from(limit.get()).min(MAX_INNER_PLAINTEXT))
    }

    /// Without a negotiated limit it is the RFC's, whatever the AEAD (RFC 9846 §5.2).
    fn max_ciphertext(&self) -> usize {
        self.record_size_limit.map_or(MAX_CIPHERTEXT, |_| self.max_inner_plaintext().saturating_add(TAG))
    }

    fn skips_unopened(&self, expect: Expect) -> bool {
        expect.early_data == EarlyData::Unopened && self.progress != Progress::Opened
    }

    fn drop_early_data(&mut self, header: Header) -> Result<Opened, ErrorKind> {
        let length = u16::try_from(header.length()).unwrap_or(u16::MAX);
        self.early_data = self.early_data.saturating_add(length);
        if self.early_data > MAX_EARLY_DATA { Err(ErrorKind::TooMuchEarlyData) } else { Ok(Opened::Dropped) }
    }

    fn read_alert(&mut self, content: &[u8]) -> Result<Opened, ErrorKind> {
        let alert = parse_alert(content)?;
        if alert == AlertDescription::USER_CANCELED {
            self.warnings = self.warnings.saturating_add(1);
            if self.warnings > MAX_WARNINGS {
                return Err(ErrorKind::TooManyWarnings);
            }
        }
        Ok(Opened::Alert(alert))
    }

    fn has_content(&mut self) {
        self.empty_records = 0;
        self.warnings = 0;
    }

    fn count_empty(&mut self) -> Result<(), ErrorKind> {
        self.empty_records = self.empty_records.saturating_add(1);
        if self.empty_records > MAX_EMPTY_RECORDS { Err(ErrorKind::TooManyEmptyRecords) } else { Ok(()) }
    }
}

/// Type and content of a TLSInnerPlaintext. Its padding is zeros, and the last other byte is the type (RFC 9846 §5.4).
fn split_type(mut inner: &[u8]) -> Option<(ContentType, &[u8])> {
    loop {
        match inner.split_last()? {
            (0, rest) => inner = rest,
            (&typ, content) => return Some((ContentType(typ), content)),
        }
    }
}

/// Anybody on the path can send an unprotected alert. It ends the connection, but does not prove that the peer sent it.
/// It may not be a closure alert.
fn refuse_unauthenticated_alert(content: &[u8]) -> Result<Opened, ErrorKind> {
    match parse_alert(content)? {
        AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED => {
            Err(ErrorKind::UnexpectedRecord { content: ContentType::ALERT })
        }
        alert => Err(ErrorKind::UnauthenticatedAlert { alert }),
    }
}

/// An alert is two bytes, in a record of its own (RFC 9846 §5.1).
fn parse_alert(content: &[u8]) -> Result<AlertDescription, ErrorKind> {
    match Alert::parse(content) {
        _ if content.is_empty() => Err(ErrorKind::EmptyFragment),
        Ok(alert) => Ok(alert.description),
        Err(_) => Err(ErrorKind::MalformedAlert),
    }
}
