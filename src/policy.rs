//! The parameters that a connection may use, and its limits for the peer: plain data, shared by any number of
//! connections.

#[cfg(feature = "hazmat-testing")]
mod seams;

use crate::codec::{self, CertificateType, CipherSuite, DistinguishedName, NamedGroup, ProtocolName, SignatureScheme};
#[cfg(feature = "mlkem")]
use crate::crypto::is_hybrid;
use crate::crypto::{CryptoMode, KeyExchange, curve_of};
use crate::limits::{MAX_AUTHORITIES, MIN_RECORD_SIZE_LIMIT};
use crate::list::List;
use core::num::NonZeroU8;

/// Bytes of a policy or a connection: constant, or (feature `alloc`) shared.
#[derive(Clone)]
pub enum Bytes {
    /// Constant.
    Static(&'static [u8]),
    /// Read at run time and shared by all connections.
    #[cfg(feature = "alloc")]
    Shared(alloc::sync::Arc<[u8]>),
}

impl Bytes {
    /// No bytes.
    pub const EMPTY: Bytes = Bytes::Static(&[]);

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Static(bytes) => bytes,
            #[cfg(feature = "alloc")]
            Bytes::Shared(bytes) => bytes,
        }
    }
}

impl core::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", self.as_slice().len())
    }
}

/// The padding of application data records, which hides the length of the data (RFC 9846 §5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// No padding.
    #[default]
    None,
    /// Padding to a multiple of this many bytes (content and its type), within the longest record. 0 and 1 mean no
    /// padding.
    Multiple(u16),
}

/// The supported suites, in the order of speed on machines with AES instructions.
const CIPHER_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];

/// The schemes for CertificateVerify. rsa_pkcs1 and SHA-1 must not be used there (§4.5.2).
const SIGNATURE_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    #[cfg(feature = "aws-lc-rs")]
    SignatureScheme::ECDSA_SECP521R1_SHA512,
    SignatureScheme::ED25519,
    #[cfg(feature = "alloc")]
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    #[cfg(feature = "alloc")]
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    #[cfg(feature = "alloc")]
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA44,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA65,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA87,
];

/// The schemes for certificates: the same and rsa_pkcs1 (§4.3.3).
const SIGNATURE_SCHEMES_CERT: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    #[cfg(feature = "aws-lc-rs")]
    SignatureScheme::ECDSA_SECP521R1_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA44,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA65,
    #[cfg(feature = "mldsa")]
    SignatureScheme::MLDSA87,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// Checks a list of a policy: it must not be empty, and its items must be supported and differ.
macro_rules! check_list {
    ($list:ident, $known:expr) => {
        assert!(!$list.is_empty(), "a policy needs at least one of each");
        let mut rest = $list;
        while let [item, later @ ..] = rest {
            let (mut known, mut all) = (false, $known);
            while let [first, others @ ..] = all {
                known |= first.0 == item.0;
                all = others;
            }
            assert!(known, "a policy names something that countersign does not have");
            let mut others = later;
            while let [other, more @ ..] = others {
                assert!(other.0 != item.0, "a policy names something twice");
                others = more;
            }
            rest = later;
        }
    };
}

/// The groups for which a client's first hello has shares by default.
const fn first_shares(groups: &[NamedGroup]) -> List<NamedGroup, { KeyExchange::MAX_SHARES }> {
    let (first, others) = match groups {
        [first, others @ ..] => (*first, others),
        [] => return List::new(&[], NamedGroup(0)),
    };
    let mut others = others;
    while let [other, rest @ ..] = others {
        if matches!(curve_of(first), Some(curve) if curve.0 == other.0) {
            return List::new(&[first, *other], NamedGroup(0));
        }
        others = rest;
    }
    List::new(&[first], NamedGroup(0))
}

#[cfg(feature = "mlkem")]
const fn hybrids<const N: usize>(groups: List<NamedGroup, N>) -> List<NamedGroup, N> {
    let mut hybrids = List::new(&[], NamedGroup(0));
    let mut rest = groups.as_slice();
    while let [group, others @ ..] = rest {
        if is_hybrid(*group) {
            hybrids = hybrids.with(*group);
        }
        rest = others;
    }
    hybrids
}

/// The parameters that a connection may use, in order of preference, and its limits for the peer.
///
/// A policy has no lifetime and can be a `const`. A handshake borrows it (`&'static Policy`, `Arc<Policy>`) or owns it.
///
/// ```
/// use countersign::{CipherSuite, Policy};
/// static POLICY: Policy = Policy::new()
///     .cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256])
///     .alpn(&[b"h2", b"http/1.1"]);
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) cipher_suites: List<CipherSuite, 3>,
    pub(crate) groups: List<NamedGroup, { KeyExchange::GROUPS.len() }>,
    pub(crate) key_shares: List<NamedGroup, { KeyExchange::MAX_SHARES }>,
    #[cfg(feature = "mlkem")]
    post_quantum: bool,
    pub(crate) signature_schemes: List<SignatureScheme, { SIGNATURE_SCHEMES.len() }>,
    pub(crate) signature_schemes_cert: List<SignatureScheme, 16>,
    /// ProtocolNameList without its outer length (RFC 7301 §3.1).
    pub(crate) alpn: List<u8, 128>,
    pub(crate) require_alpn: bool,
    pub(crate) client_certificate_types: List<CertificateType, 2>,
    pub(crate) server_certificate_types: List<CertificateType, 2>,
    pub(crate) certificate_authorities: Bytes,
    pub(crate) request_ocsp_staple: bool,
    pub(crate) request_scts: bool,
    pub(crate) record_size_limit: Option<u16>,
    pub(crate) max_fragment: u16,
    pub(crate) padding: Padding,
    pub(crate) max_message: usize,
    pub(crate) max_flight: usize,
    pub(crate) max_chain: u8,
    pub(crate) middlebox_compatibility: bool,
    pub(crate) confirm_clients: bool,
    pub(crate) update_after: u64,
    pub(crate) crypto: CryptoMode,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// The default: all suites, groups and schemes of this crate; a key share for x25519 only (with the feature `mlkem`
    /// also for X25519MLKEM768, which is preferred); X.509 certificates only, at most 10 in a chain; messages of at
    /// most 65,538 bytes, and flights of at most 80 KiB.
    pub const fn new() -> Self {
        Policy {
            cipher_suites: List::new(CIPHER_SUITES, CipherSuite(0)),
            groups: List::new(KeyExchange::GROUPS, NamedGroup(0)),
            key_shares: first_shares(KeyExchange::GROUPS),
            #[cfg(feature = "mlkem")]
            post_quantum: false,
            signature_schemes: List::new(SIGNATURE_SCHEMES, SignatureScheme(0)),
            signature_schemes_cert: List::new(SIGNATURE_SCHEMES_CERT, SignatureScheme(0)),
            alpn: List::new(&[], 0),
            require_alpn: false,
            client_certificate_types: List::new(&[CertificateType::X509], CertificateType::X509),
            server_certificate_types: List::new(&[CertificateType::X509], CertificateType::X509),
            certificate_authorities: Bytes::EMPTY,
            request_ocsp_staple: false,
            request_scts: false,
            record_size_limit: None,
            max_fragment: 16_384,
            padding: Padding::None,
            max_message: crate::limits::MAX_MESSAGE,
            max_flight: crate::limits::MAX_FLIGHT,
            max_chain: crate::limits::MAX_CHAIN,
            middlebox_compatibility: true,
            confirm_clients: true,
            update_after: u64::MAX,
            crypto: CryptoMode::Real,
        }
    }

    /// The cipher suites to offer or accept, in order of preference.
    ///
    /// # Panics
    /// If one is not supported or given twice, or none is given. (A policy belongs to the program, so an invalid one
    /// stops the program, or its compilation in a `const`. This is so for all methods here.)
    #[must_use]
    pub const fn cipher_suites(mut self, suites: &[CipherSuite]) -> Self {
        check_list!(suites, CIPHER_SUITES);
        self.cipher_suites = List::new(suites, CipherSuite(0));
        self
    }

    /// supported_groups, in order of preference. By default the client has a key share only for the first one, and if
    /// that is a hybrid, also for the group of its curve if the list has it, since it is the same key. See
    /// [`Policy::key_shares`].
    ///
    /// # Panics
    /// If one is not supported, or none is given.
    #[must_use]
    pub const fn groups(mut self, groups: &[NamedGroup]) -> Self {
        check_list!(groups, KeyExchange::GROUPS);
        self.groups = List::new(groups, NamedGroup(0));
        self.key_shares = first_shares(groups);
        self.checked()
    }

    /// The groups of [`Policy::groups`] for which a client's first ClientHello has a key share, at most two. Each costs
    /// a key generation (P-384: 0.4 ms), but a hybrid and the group of its curve share one. Without any, the server
    /// chooses the group by HelloRetryRequest.
    ///
    /// # Panics
    /// If there are more than two.
    #[must_use]
    pub const fn key_shares(mut self, groups: &[NamedGroup]) -> Self {
        self.key_shares = List::new(groups, NamedGroup(0));
        self.checked()
    }

    /// Use only hybrid groups, which are safe against later quantum computers. Peers without them are refused
    /// (handshake_failure). It also restricts [`groups`](Self::groups) and [`key_shares`](Self::key_shares), in any
    /// order of the calls. For post-quantum *signatures* see [`signature_schemes`](Self::signature_schemes).
    ///
    /// ```
    /// use countersign::{NamedGroup, Policy};
    /// static POLICY: Policy = Policy::new().require_post_quantum();
    /// ```
    ///
    /// # Panics
    /// If none of [`groups`](Self::groups) is a hybrid. (`groups` panics if it is called later.)
    #[cfg(feature = "mlkem")]
    #[must_use]
    pub const fn require_post_quantum(mut self) -> Self {
        self.post_quantum = true;
        self.checked()
    }

    /// Without the groups that [`require_post_quantum`](Self::require_post_quantum) excludes.
    #[cfg(feature = "mlkem")]
    const fn checked(mut self) -> Self {
        if self.post_quantum {
            self.groups = hybrids(self.groups);
            self.key_shares = hybrids(self.key_shares);
            assert!(!self.groups.is_empty(), "a policy that requires post-quantum groups has none");
        }
        self
    }

    #[cfg(not(feature = "mlkem"))]
    const fn checked(self) -> Self {
        self
    }

    /// signature_algorithms: the schemes that we accept in the peer's CertificateVerify.
    ///
    /// # Panics
    /// If one is not supported, or none is given.
    #[must_use]
    pub const fn signature_schemes(mut self, schemes: &[SignatureScheme]) -> Self {
        check_list!(schemes, SIGNATURE_SCHEMES);
        self.signature_schemes = List::new(schemes, SignatureScheme(0));
        self
    }

    /// signature_algorithms_cert: the schemes that the verdict accepts in certificates. It is sent if it differs from
    /// signature_algorithms, which otherwise applies to certificates too (§4.3.3).
    #[must_use]
    pub const fn signature_schemes_cert(mut self, schemes: &[SignatureScheme]) -> Self {
        self.signature_schemes_cert = List::new(schemes, SignatureScheme(0));
        self
    }

    /// Application protocols, in order of preference (RFC 7301). With a list, a server refuses clients that offer
    /// only other protocols. Without a list it ignores the extension.
    ///
    /// # Panics
    /// If a name is empty or longer than 255 bytes, or all together take more than 128 bytes.
    // Bounded by the assertions; the caller's constants, never a peer's bytes.
    #[must_use]
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    pub const fn alpn(mut self, names: &[&[u8]]) -> Self {
        let mut wire = [0; 128];
        let mut len = 0;
        let mut rest = names;
        while let [name, others @ ..] = rest {
            assert!(!name.is_empty() && name.len() < 256 && len + 1 + name.len() <= wire.len(), "ALPN names too long");
            wire[len] = name.len() as u8;
            let mut at = 0;
            while at < name.len() {
                wire[len + 1 + at] = name[at];
                at += 1;
            }
            len += 1 + name.len();
            rest = others;
        }
        let (names, _) = wire.split_at(len);
        self.alpn = List::new(names, 0);
        self
    }

    /// Refuse connections without an application protocol: clients that offer none, or none of ours, and servers
    /// that select none (alert no_application_protocol). Off by default; QUIC requires it (RFC 9001 §8.1).
    #[must_use]
    pub const fn require_alpn(mut self, yes: bool) -> Self {
        self.require_alpn = yes;
        self
    }

    /// certificate_authorities for a server's CertificateRequest (§4.3.4): names in DER, each after its 16-bit length.
    /// Off by default: it shows strangers whom we trust, and some clients then do not send a certificate that we would
    /// accept. (Not a `const fn`: shared bytes are dropped at run time.)
    ///
    /// # Panics
    /// If it is not such a list, or too long ([`limits::MAX_AUTHORITIES`](crate::limits::MAX_AUTHORITIES)).
    /// `x509::Trust::certificate_authorities` makes valid lists.
    #[must_use]
    pub fn certificate_authorities(mut self, names: Bytes) -> Self {
        let list = codec::List::<DistinguishedName<'_>>::parse(names.as_slice());
        assert!(list.is_ok(), "certificate_authorities are names, each with its 16-bit length before it");
        assert!(names.as_slice().len() <= MAX_AUTHORITIES, "certificate_authorities take at most 64,512 bytes");
        self.certificate_authorities = names;
        self
    }

    /// The certificate types of client and server (RFC 7250), each in order of preference. Raw public keys prove
    /// only the possession of a key: offer them only if the verdict compares pins.
    #[must_use]
    pub const fn certificate_types(mut self, client: &[CertificateType], server: &[CertificateType]) -> Self {
        assert!(!client.is_empty() && !server.is_empty(), "a policy needs a certificate type for each side");
        self.client_certificate_types = List::new(client, CertificateType::X509);
        self.server_certificate_types = List::new(server, CertificateType::X509);
        self
    }

    /// Ask the peer for an OCSP staple (status_request). The verdict gets it unjudged.
    #[must_use]
    pub const fn request_ocsp_staple(mut self, yes: bool) -> Self {
        self.request_ocsp_staple = yes;
        self
    }

    /// Ask the peer for signed certificate timestamps. The verdict gets them unjudged.
    #[must_use]
    pub const fn request_scts(mut self, yes: bool) -> Self {
        self.request_scts = yes;
        self
    }

    /// Announce record_size_limit (RFC 8449): the longest inner plaintext that the peer may send us, including content
    /// type and padding, 64 to 16,385 bytes. It is never derived from the size of the memory.
    ///
    /// # Panics
    /// If out of range.
    #[must_use]
    pub const fn record_size_limit(mut self, limit: u16) -> Self {
        assert!(limit >= MIN_RECORD_SIZE_LIMIT && limit <= 16_385, "record_size_limit is 64 to 16,385");
        self.record_size_limit = Some(limit);
        self
    }

    /// The longest content of our records, 1 to 16,384 bytes: over a slow path short records reach the peer's
    /// application sooner. The peer's record_size_limit also applies.
    ///
    /// # Panics
    /// If out of range.
    #[must_use]
    pub const fn max_fragment(mut self, bytes: u16) -> Self {
        assert!(bytes >= 1 && bytes <= 16_384, "a fragment is 1 to 16,384 bytes");
        self.max_fragment = bytes;
        self
    }

    /// Pad protected records.
    #[must_use]
    pub const fn padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// The longest handshake message and the longest authentication flight that a peer may send, in bytes.
    #[must_use]
    pub const fn max_flight(mut self, message: usize, flight: usize) -> Self {
        self.max_message = message;
        self.max_flight = flight;
        self
    }

    /// The largest number of certificates in a peer's chain.
    #[must_use]
    pub const fn max_chain(mut self, certificates: u8) -> Self {
        self.max_chain = certificates;
        self
    }

    /// Look like TLS 1.2 to middleboxes (§E.4): as a client, send a session id and a change_cipher_spec. A server does
    /// as the client does. On by default.
    #[must_use]
    pub const fn middlebox_compatibility(mut self, yes: bool) -> Self {
        self.middlebox_compatibility = yes;
        self
    }

    /// As a server, change our key as soon as the client is accepted (a KeyUpdate without a request, RFC 9846 §4.7.3),
    /// so that the client knows it: [`crate::Event::Confirmed`]. On by default; 27 bytes. Flows have no KeyUpdate.
    #[must_use]
    pub const fn confirm_clients(mut self, yes: bool) -> Self {
        self.confirm_clients = yes;
        self
    }

    /// Update the write key after this many records (at least 1), before the limit of the AEAD (§5.5), which always
    /// applies.
    #[must_use]
    pub const fn update_after(mut self, records: u64) -> Self {
        self.update_after = records;
        self
    }

    /// The protocol names, in order of preference.
    pub(crate) fn protocols(&self) -> impl Iterator<Item = &[u8]> + Clone {
        // Well-formed by construction.
        let names = codec::List::<ProtocolName<'_>>::parse(self.alpn.as_slice()).ok();
        names.into_iter().flat_map(|names| names.iter().map(|name| name.0))
    }

    /// The first of our protocols that is wanted: its number in our list, counted from 1.
    pub(crate) fn find_protocol(&self, wanted: impl Fn(&[u8]) -> bool) -> Option<NonZeroU8> {
        let mut numbered = (1..).map_while(NonZeroU8::new).zip(self.protocols());
        numbered.find(|(_, name)| wanted(name)).map(|(number, _)| number)
    }

    /// The protocol of this number.
    pub(crate) fn protocol(&self, number: NonZeroU8) -> Option<&[u8]> {
        self.protocols().nth(usize::from(number.get().saturating_sub(1)))
    }

    /// signature_algorithms_cert, where it says something that signature_algorithms does not (§4.3.3).
    pub(crate) fn announced_schemes_cert(&self) -> Option<&[SignatureScheme]> {
        let schemes = self.signature_schemes_cert.as_slice();
        (schemes != self.signature_schemes.as_slice()).then_some(schemes)
    }
}
