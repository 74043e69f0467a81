//! Why a peer is refused: each fault with the alert's reason and a sentence that carries the facts.

use super::text::{date, span};
use crate::{Rejection, Role};
use core::fmt;
use rustls_pki_types::UnixTime;
use std::{string::String, vec::Vec};

/// What is wrong with a peer's certificate, its chain, or its identity.
///
/// Names are escaped already. The peer sees only the alert of [`RefusalReason::reason`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalReason {
    // ---- the chain (RFC 5280 §4, §6) ----
    /// Not a certificate, or one that breaks a rule of form; says which.
    Malformed(&'static str),
    /// The chain leads to no trusted root; the issuer that is missing.
    UnknownIssuer(String),
    /// A trusted root has the issuer's name but another key.
    OtherRootKey(String),
    /// A signature of the chain is wrong.
    BadSignature,
    /// Signed with MD5 or SHA-1.
    WeakSignature(&'static str),
    /// Signed with an algorithm that we do not know; its object identifier's octets in hex.
    UnsupportedSignature(String),
    /// A public key of another kind than P-256, P-384, Ed25519 and RSA of 2048 bits or more.
    UnsupportedKey,
    /// Its time is over.
    Expired(UnixTime),
    /// Its time has not come.
    NotYetValid(UnixTime),
    /// A CA certificate was presented as the peer's own.
    CaAsLeaf,
    /// Something that is no CA issued a certificate.
    NotCa,
    /// More CAs in a row than a path length constraint or our limit allows.
    PathTooLong,
    /// A name outside the name constraints of a CA.
    NameConstraints,
    /// A name constraint of a kind that we do not process (it is not known whether the name is allowed).
    UnsupportedConstraint(&'static str),
    /// A critical extension that we do not process.
    CriticalExtension,
    /// keyUsage lacks this bit.
    KeyUsage(&'static str),
    /// extKeyUsage lacks the purpose of the peer's role.
    ExtKeyUsage(Role),
    /// The search for a path cost more than its budget.
    TooComplex,

    // ---- revocation (RFC 5280 §5) ----
    /// On its issuer's CRL.
    Revoked,
    /// No CRL of this issuer is known.
    StatusUnknown(String),
    /// The issuer's CRL is out of date.
    CrlExpired(UnixTime),
    /// The issuer's CRL is from the future.
    CrlNotYetValid(UnixTime),
    /// The issuer's CRL cannot be used; says why.
    CrlUnusable(&'static str),

    // ---- identity ----
    /// A server's certificate is for other names.
    WrongName {
        /// What was expected.
        expected: String,
        /// What the certificate names.
        presented: Vec<String>,
    },
    /// A client is genuine but not on the list.
    NotAllowed {
        /// What the certificate names.
        presented: Vec<String>,
    },
    /// Not a valid X.509-SVID; says why.
    Svid(&'static str),
    /// The SPIFFE ID belongs to another trust domain than the root that vouches for it.
    ForeignTrustDomain(String),
    /// The peer presents our own certificate or key (a reflected connection).
    OwnCertificate,
    /// A raw public key (RFC 7250) that is not among the pins; its SHA-256 in hex.
    UnknownKey(String),
    /// A certificate, where only raw public keys are accepted.
    NotRawKey,
    /// `Expect::AnyTrusted`, or nothing, was expected of a server: anybody could be it.
    NothingExpected,
}

impl RefusalReason {
    /// The reason to answer with; its alert is what the peer sees.
    pub fn reason(&self) -> Rejection {
        match self {
            RefusalReason::UnknownIssuer(_) | RefusalReason::OtherRootKey(_) => Rejection::UnknownCa,
            RefusalReason::Expired(_) | RefusalReason::NotYetValid(_) => Rejection::Expired,
            RefusalReason::Revoked => Rejection::Revoked,
            RefusalReason::WrongName { .. } => Rejection::WrongName,
            RefusalReason::Malformed(_)
            | RefusalReason::BadSignature
            | RefusalReason::WeakSignature(_)
            | RefusalReason::CaAsLeaf
            | RefusalReason::NotCa
            | RefusalReason::PathTooLong
            | RefusalReason::NameConstraints
            | RefusalReason::UnsupportedConstraint(_)
            | RefusalReason::TooComplex
            | RefusalReason::Svid(_)
            | RefusalReason::ForeignTrustDomain(_) => Rejection::BadCertificate,
            RefusalReason::UnsupportedSignature(_)
            | RefusalReason::UnsupportedKey
            | RefusalReason::CriticalExtension
            | RefusalReason::KeyUsage(_)
            | RefusalReason::ExtKeyUsage(_)
            | RefusalReason::NotRawKey => Rejection::UnsupportedCertificate,
            RefusalReason::NotAllowed { .. } | RefusalReason::OwnCertificate | RefusalReason::UnknownKey(_) => {
                Rejection::AccessDenied
            }
            RefusalReason::StatusUnknown(_)
            | RefusalReason::CrlExpired(_)
            | RefusalReason::CrlNotYetValid(_)
            | RefusalReason::CrlUnusable(_)
            | RefusalReason::NothingExpected => Rejection::CertificateUnknown,
        }
    }

    /// The predicate of a sentence whose subject is the certificate.
    fn tell(&self, now: UnixTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = |then: UnixTime| span(now.as_secs().saturating_sub(then.as_secs()));
        let ahead = |then: UnixTime| span(then.as_secs().saturating_sub(now.as_secs()));
        match self {
            RefusalReason::Malformed(what) => write!(f, "is malformed: {what}"),
            RefusalReason::UnknownIssuer(issuer) => write!(f, "leads to no trusted root: {issuer} is not known here"),
            RefusalReason::OtherRootKey(issuer) => {
                write!(f, "leads to no trusted root: the trusted {issuer} has another key than its issuer")
            }
            RefusalReason::BadSignature => f.write_str("comes with a chain that holds a wrong signature"),
            RefusalReason::WeakSignature(hash) => write!(f, "comes with a chain that is signed with {hash}, which is broken"),
            RefusalReason::UnsupportedSignature(oid) => {
                write!(f, "comes with a chain that is signed with an unsupported algorithm (object identifier {oid})")
            }
            RefusalReason::UnsupportedKey => {
                f.write_str("has a weak or unsupported key (P-256, P-384, Ed25519 or RSA from 2048 bits is needed)")
            }
            RefusalReason::Expired(then) => write!(f, "expired {} ago ({})", ago(*then), date(*then)),
            RefusalReason::NotYetValid(then) => write!(f, "is not valid for another {} (from {})", ahead(*then), date(*then)),
            RefusalReason::CaAsLeaf => f.write_str(
                "is a CA certificate, which identifies nobody (issue a leaf with it, or pin its key as a raw public key)",
            ),
            RefusalReason::NotCa => f.write_str("is no CA, yet has issued a certificate"),
            RefusalReason::PathTooLong => f.write_str("comes with a chain that is longer than its CAs, or we, allow"),
            RefusalReason::NameConstraints => f.write_str("comes with a chain whose CAs are not allowed to issue its names"),
            RefusalReason::UnsupportedConstraint(kind) => {
                write!(f, "is subject to constraints on {kind}, which are not supported and therefore refused")
            }
            RefusalReason::CriticalExtension => f.write_str("has, or its chain has, an unsupported critical extension"),
            RefusalReason::KeyUsage(bit) => write!(f, "has a keyUsage without {bit}"),
            RefusalReason::ExtKeyUsage(Role::Server) => f.write_str("is not meant for servers (extKeyUsage lacks serverAuth)"),
            RefusalReason::ExtKeyUsage(Role::Client) => f.write_str("is not meant for clients (extKeyUsage lacks clientAuth)"),
            RefusalReason::TooComplex => f.write_str("comes with a chain that costs too much to search"),
            RefusalReason::Revoked => f.write_str("has been revoked"),
            RefusalReason::StatusUnknown(issuer) => {
                write!(f, "cannot be checked for revocation: no CRL of {issuer} is loaded that covers it")
            }
            RefusalReason::CrlExpired(then) => {
                write!(f, "cannot be checked for revocation: a CRL expired {} ago ({})", ago(*then), date(*then))
            }
            RefusalReason::CrlNotYetValid(then) => {
                write!(f, "cannot be checked for revocation: a CRL is valid only from {}", date(*then))
            }
            RefusalReason::CrlUnusable(why) => write!(f, "cannot be checked for revocation: {why}"),
            RefusalReason::WrongName { expected, presented } => {
                write!(f, "is not for {expected}: it is for {}", list(presented))
            }
            RefusalReason::NotAllowed { presented } => {
                write!(f, "is genuine, but {} is not on the list of those allowed here", list(presented))
            }
            RefusalReason::Svid(why) => write!(f, "is no valid SPIFFE X.509-SVID: {why}"),
            RefusalReason::ForeignTrustDomain(id) => write!(f, "names {id}, for which its root may not vouch"),
            RefusalReason::OwnCertificate => f.write_str("is our own: the connection seems to be reflected"),
            RefusalReason::UnknownKey(hash) => write!(f, "is a raw public key that is not pinned here (SHA-256 {hash})"),
            RefusalReason::NotRawKey => f.write_str("is an X.509 certificate, but no root is trusted here, only pinned raw public keys"),
            RefusalReason::NothingExpected => {
                f.write_str("was to be judged without any expected identity: say which server is meant")
            }
        }
    }
}

/// `a, b and 3 more`.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.get(..SHOWN).unwrap_or(names);
    match names.len().saturating_sub(shown.len()) {
        _ if names.is_empty() => "nothing that we can match".into(),
        0 => shown.join(", "),
        more => std::format!("{} and {more} more", shown.join(", ")),
    }
}

/// Which certificate of the chain is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The peer's own.
    Leaf,
    /// A CA of its chain, or the root.
    Ca {
        /// Its subject, escaped.
        subject: String,
        /// Its serial number in hex.
        serial: String,
    },
}

/// A refusal with its facts. `Display` is one sentence:
/// `client certificate CN=api (serial 4f01) expired 3 h ago (2026-11-23 09:00 UTC)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The peer's role.
    pub role: Role,
    /// What the leaf claims to be: its subject, or a SAN if that is empty; escaped.
    pub claimed: String,
    /// The leaf's serial number in hex; empty if unreadable.
    pub serial: String,
    /// The certificate at fault.
    pub culprit: Culprit,
    /// What is wrong.
    pub fault: RefusalReason,
    /// The moment of the verdict.
    pub now: UnixTime,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { role, claimed, serial, .. } = self;
        if let Culprit::Ca { subject, serial } = &self.culprit {
            write!(f, "CA certificate {subject} (serial {serial}) in the chain of ")?;
        }
        match serial.is_empty() {
            true => write!(f, "{role} certificate {claimed} ")?,
            false => write!(f, "{role} certificate {claimed} (serial {serial}) ")?,
        }
        if matches!(self.culprit, Culprit::Ca { .. }) {
            f.write_str("is at fault: it ")?;
        }
        self.fault.tell(self.now, f)
    }
}

impl std::error::Error for Refusal {}
