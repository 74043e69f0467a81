//! The table of refusal reasons: for each its name, the rejection that decides the alert, and its sentence.

use crate::x509::text::{date, span};
use crate::{AlertDescription, Rejection, Role};
use core::fmt;
use rustls_pki_types::UnixTime;
use std::{format, string::String, vec::Vec};

/// One line per reason: its facts, its rejection, and the predicate of a sentence whose subject is the certificate at
/// fault. `now` is the time of the verdict.
macro_rules! reasons {
    ($now:ident; $(
        $(#[doc = $doc:literal])+
        $name:ident
        $( ( $($fact:ident: $fact_type:ty),* ) )?
        $( { $( #[doc = $field_doc:literal] $field:ident: $field_type:ty ),* } )? ,
        $rejection:ident, $text:literal $(, $argument:expr)*;
    )*) => {
        /// What is wrong with a peer's certificate, its chain, or its identity.
        ///
        /// Text from certificates is escaped. The peer sees only the alert.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum RefusalReason {
            $( $(#[doc = $doc])+
               $name $( ( $($fact_type),* ) )? $( { $( #[doc = $field_doc] $field: $field_type ),* } )?, )*
        }

        crate::role::stable_names! { RefusalReason: $($name)* }

        impl RefusalReason {
            /// The answer that the handshake is given.
            pub const fn rejection(&self) -> Rejection {
                match self { $( RefusalReason::$name { .. } => Rejection::$rejection, )* }
            }

            /// The alert that the peer gets.
            pub const fn alert(&self) -> AlertDescription {
                self.rejection().alert()
            }

            /// Every reason's name, its rejection and what it means, in the order of the table: for documentation and
            /// tests.
            pub const TABLE: &'static [(&'static str, Rejection, &'static str)] =
                &[ $( (stringify!($name), Rejection::$rejection, concat!($($doc),+)), )* ];

        }

        impl fmt::Display for Predicate<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Predicate { reason, now: $now } = self;
                match reason {
                    $( RefusalReason::$name $( ( $($fact),* ) )? $( { $($field),* } )? =>
                        write!(f, $text $(, $argument)*), )*
                }
            }
        }
    };
}

reasons! {
    now;
    // ---- the chain (RFC 5280 §4, §6) ----
    /// Not a certificate, or not the DER of one; says what cannot be read.
    Malformed(what: &'static str), BadCertificate, "cannot be read: {what}";
    /// Well-formed, but against a rule for certificates; says which.
    NonConformant(what: &'static str), BadCertificate, "breaks a rule of RFC 5280: {what}";
    /// Longer than what is read; its length in bytes.
    TooLarge(len: usize), UnsupportedCertificate, "is {len} bytes long, and at most 65,535 are read";
    /// The chain leads to no trusted root; the issuer that is missing.
    UnknownIssuer(issuer: String), UnknownCa,
        "leads to no trusted root: {issuer} is not known here, and no certificate of it that leads further was sent";
    /// A trusted root has the issuer's name but another key.
    OtherRootKey(issuer: String), UnknownCa,
        "leads to no trusted root: the trusted {issuer} has another key than its issuer (is its certificate here out of \
         date?)";
    /// The issuer's name is known here, but in another encoding.
    NameEncoding(issuer: String), UnknownCa,
        "leads to no trusted root: it names its issuer {issuer} in another encoding than that CA's own certificate \
         (string type, case or spaces), and encodings are compared: issue one of the two anew";
    /// Not signed by the key of the issuer that is known here or was sent; the issuer.
    BadSignature(issuer: String), BadCertificate,
        "has a signature that the key of {issuer} does not verify: it is forged, or that CA has another key now";
    /// Signed with MD5 or SHA-1.
    WeakSignature(hash: &'static str), BadCertificate, "is signed with {hash}, which is broken";
    /// Signed with an algorithm that we do not verify; its name, or its object identifier.
    UnsupportedSignature(algorithm: String), UnsupportedCertificate,
        "is signed with an unsupported algorithm: {algorithm}";
    /// A public key of another kind than P-256, P-384, Ed25519 and RSA of 2048 to 8192 bits; what it is.
    UnsupportedKey(key: String), UnsupportedCertificate,
        "has a weak or unsupported key, {key} (P-256, P-384, Ed25519 or RSA of 2048 to 8192 bits is needed)";
    /// It has expired.
    Expired(then: UnixTime), Expired, "expired {} ago ({})", since(*then, *now), date(*then);
    /// It is not valid yet.
    NotYetValid(then: UnixTime), Expired, "is not valid for another {} (from {})", since(*now, *then), date(*then);
    /// A CA certificate was presented as the peer's own.
    CaAsLeaf, BadCertificate,
        "is a CA certificate, which identifies nobody (issue a leaf with it, or pin its key as a raw public key)";
    /// The issuer is not a CA.
    NotCa, BadCertificate, "is no CA, yet has issued a certificate";
    /// More CAs between leaf and root than our limit.
    PathTooLong {
        /// So many.
        intermediates: usize,
        /// So many are allowed.
        most: usize
    }, BadCertificate,
        "comes with {intermediates} intermediate CAs, and at most {most} are allowed (max_intermediates: at most 6)";
    /// More CAs below a CA than its pathLenConstraint allows.
    PathLength {
        /// So many.
        below: usize,
        /// So many are allowed.
        most: usize
    }, BadCertificate, "has {below} CAs below it, and its pathLenConstraint allows {most}";
    /// A name outside the name constraints of a CA; of which.
    NameConstraints(ca: String), BadCertificate, "has names that the name constraints of {ca} do not allow";
    /// A name constraint of a kind that we do not process (it is not known whether the name is allowed).
    UnsupportedConstraint(kind: &'static str), BadCertificate,
        "is subject to constraints on {kind}, which are not supported and therefore refused";
    /// A certificate policy is required, and we process none.
    PolicyRequired, UnsupportedCertificate,
        "requires a certificate policy (policyConstraints with requireExplicitPolicy), and policies are not processed";
    /// A critical extension that we do not process; its name or object identifier.
    CriticalExtension(extension: String), UnsupportedCertificate,
        "has the critical extension {extension}, which is not supported";
    /// keyUsage lacks this bit.
    KeyUsage(bit: &'static str), UnsupportedCertificate, "has a keyUsage without {bit}";
    /// extKeyUsage lacks the purpose of the peer's role.
    ExtKeyUsage(role: Role), UnsupportedCertificate,
        "is not meant for {role}s (extKeyUsage lacks {})", purpose(*role);
    /// The search for a path cost more than its budget.
    TooComplex, BadCertificate,
        "comes with a chain that costs too much to search (more than 100 signatures or 200,000 steps)";
    /// The search for a path failed for a reason that has no name here; webpki's name for it.
    PathSearch(error: String), BadCertificate, "has no valid path to a root: {error}";

    // ---- revocation (RFC 5280 §5) ----
    /// On its issuer's CRL.
    Revoked, Revoked, "has been revoked";
    /// No CRL of this issuer is loaded that covers the certificate, or none that can be used.
    StatusUnknown {
        /// The certificate's issuer.
        issuer: String,
        /// A list that was given, perhaps this issuer's, and cannot be used: where it was found, and why.
        unusable: Option<String>
    }, CertificateUnknown,
        "cannot be checked for revocation: {}", unknown(issuer, unusable.as_deref());
    /// The CRL of this issuer, found at this place, is out of date.
    CrlExpired {
        /// The list's issuer.
        issuer: String,
        /// Where the list was found: file and line.
        place: String,
        /// Its nextUpdate.
        then: UnixTime,
        /// A newer list of that name is loaded, which is signed by another key.
        of_another_key: bool
    }, CertificateUnknown,
        "cannot be checked for revocation: the CRL of {issuer} ({place}) expired {} ago ({}): load a newer one{}",
        since(*then, *now), date(*then), other_key(*of_another_key);
    /// The CRL of this issuer, found at this place, is from the future.
    CrlNotYetValid {
        /// The list's issuer.
        issuer: String,
        /// Where the list was found: file and line.
        place: String,
        /// Its thisUpdate.
        then: UnixTime
    }, CertificateUnknown,
        "cannot be checked for revocation: the CRL of {issuer} ({place}) is valid only from {}: is the clock right?",
        date(*then);
    /// The issuer's CRL cannot be used; says which and why.
    CrlUnusable(why: String), CertificateUnknown, "cannot be checked for revocation: {why}";

    // ---- identity ----
    /// A server's certificate is for other names.
    WrongName {
        /// What was expected.
        expected: String,
        /// What the certificate names in subjectAltName, each with its kind.
        presented: Vec<String>
    }, WrongName, "is not for {expected}: it is for {}", list(presented);
    /// A client is genuine but not on the list.
    NotAllowed {
        /// What the certificate names in subjectAltName, each with its kind.
        presented: Vec<String>
    }, AccessDenied, "is genuine, but not on the list of those allowed here: it is for {}", list(presented);
    /// Not a valid X.509-SVID; says why.
    Svid(why: &'static str), BadCertificate, "is no valid SPIFFE X.509-SVID: {why}";
    /// The SPIFFE ID belongs to another trust domain than the root that vouches for it.
    ForeignTrustDomain(id: String), BadCertificate, "names {id}, for which its root may not vouch";
    /// The peer presents our own certificate or key (a reflected connection).
    OwnCertificate, AccessDenied, "is our own: the connection is reflected, or both hosts have the same certificate (which accept_own_certificate \
         allows)";
    /// Proved again inside of a session, and of somebody else than before; who that was.
    OtherIdentity {
        /// The identity that the session's lease is about.
        was: String
    }, AccessDenied, "is not for whom this session was begun with: {was}";
    /// A raw public key (RFC 7250) that is not among the pins; its SHA-256 in hex.
    UnknownKey(hash: String), AccessDenied, "is a raw public key that is not pinned here (SHA-256 {hash})";
    /// A certificate, where only raw public keys are accepted.
    NotRawKey, UnsupportedCertificate,
        "is an X.509 certificate, but no usable root is loaded here: only pinned raw public keys can match";
    /// `Expect::AnyTrusted`, or nothing, was expected of a server: anybody could be it.
    NothingExpected, CertificateUnknown,
        "was to be judged without any expected identity: say which server is meant";
}

/// A reason as the predicate of a sentence whose subject is the certificate at fault.
pub(in crate::x509) struct Predicate<'a> {
    pub(in crate::x509) reason: &'a RefusalReason,
    /// The time of the verdict.
    pub(in crate::x509) now: UnixTime,
}

/// The time from `from` to `to`, in words.
fn since(from: UnixTime, to: UnixTime) -> String {
    span(to.as_secs().saturating_sub(from.as_secs()))
}

/// Why no CRL of this issuer has the status.
fn unknown(issuer: &str, unusable: Option<&str>) -> String {
    match unusable {
        None => format!("no CRL of {issuer} is loaded that covers it"),
        Some(told) => {
            format!("no CRL of {issuer} that can be used covers it; one was given that cannot be used ({told})")
        }
    }
}

/// A newer list is loaded but cannot be used.
fn other_key(is_there: bool) -> &'static str {
    if is_there { " of the same key (a newer one is loaded that is signed by another key)" } else { "" }
}

fn purpose(role: Role) -> &'static str {
    match role {
        Role::Server => "serverAuth",
        Role::Client => "clientAuth",
    }
}

/// `a, b and 3 more`.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.get(..SHOWN).unwrap_or(names);
    match names.len().saturating_sub(shown.len()) {
        _ if names.is_empty() => "nobody, having no names in subjectAltName (common names are never matched)".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
