//! Every limit on what a peer can make us hold or do, each with its reason.

/// The longest handshake message (a policy may change it). A CertificateRequest takes up to 65,538 bytes: 250 names of
/// CAs take 35 KB, 400 take 57 KB. A chain of ten RSA certificates takes under 16 KB.
pub const MAX_MESSAGE: usize = 65_538;

/// The longest authentication flight that we retain for the verdict (a policy may change it): the longest
/// CertificateRequest, and a chain of 16 KB beside it.
pub const MAX_FLIGHT: usize = MAX_MESSAGE + 16 * 1024;

/// The most certificates in a chain (a policy may change it). Real chains have two to five.
pub const MAX_CHAIN: u8 = 10;

/// The longest list of CA names in our CertificateRequest (RFC 9846 §4.3.4), with their lengths: the message's extensions
/// together may take 65,535 bytes (§4.4.2), and 1 KiB is more than the others need.
pub const MAX_AUTHORITIES: usize = 63 * 1024;

/// The longest body of our own opaque extension: with it, our hello fits what TLS can carry, whatever else is in it. QUIC's
/// transport parameters take some hundred bytes.
pub const MAX_EXTENSION: usize = 32 * 1024;

/// The longest cookie of a HelloRetryRequest that we echo. Real ones take under 200 bytes; it must fit our ClientHello.
pub const MAX_COOKIE: usize = 4096;

/// The lowest record_size_limit of a peer (RFC 8449 §4): lower ones would make more overhead than content.
pub const MIN_RECORD_SIZE_LIMIT: u16 = 64;

/// Empty application-data records in a row: legal as traffic-analysis cover, endless ones are a way to keep us busy.
pub const MAX_EMPTY_RECORDS: u8 = 32;

/// change_cipher_spec records in all: one is usual, and each is unauthenticated.
pub const MAX_CHANGE_CIPHER_SPECS: u8 = 32;

/// user_canceled warnings in a row: they mean nothing by themselves (RFC 9846 §6.1).
pub const MAX_WARNINGS: u8 = 4;

/// Early data that a server skips, in bytes: one full record, as the field has it.
pub const MAX_EARLY_DATA: u16 = 16_384;

/// KeyUpdates without application data between, but for answers to ours: each costs four HKDF steps and a key set-up.
pub const MAX_KEY_UPDATES: u8 = 32;

/// NewSessionTickets without application data between, all of them dropped, of any length: servers send one to three at a
/// time, and some go on while the connection lasts. Not counted where messages travel without records: the transport sees
/// them all.
pub const MAX_TICKETS: u8 = 32;

/// Requests for authenticators (RFC 9261) that may be open at once, on one session: each takes 456 bytes.
pub const MAX_OPEN_REQUESTS: usize = 4;

/// Authenticators that a server may send without being asked, on one session: a client must know them all again, to accept
/// each once. To prove an identity more often it is asked. So many requests of the peer are known again, too, the latest
/// ones.
pub const MAX_CONTEXTS: usize = 64;

/// Requests of the peer for authenticators that the adapters' streams answer at once, on one connection; from then on one a
/// second. Each costs us a signature. A peer that rotates its trust asks once in minutes.
pub const MAX_AUTHENTICATOR_REQUESTS: u8 = 32;

/// KeyUpdates that one side may send on one connection (RFC 9846 §4.7.3).
pub const MAX_GENERATIONS: u64 = (1 << 48) - 1;
