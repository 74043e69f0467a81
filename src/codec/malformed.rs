//! What can be wrong with the bytes themselves.

/// A structure that cannot be decoded. Every kind means the alert decode_error (RFC 9846 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The bytes end before the structure does, or a length overruns what encloses it.
    Truncated,
    /// Bytes are left over after the structure.
    TrailingBytes,
    /// A vector is empty that may not be.
    EmptyVector,
    /// A length is outside the bounds of its field.
    BadLength,
    /// An extension stands twice in one block (§4.3).
    DuplicateExtension,
    /// A list of server names without a host name, or with two names of one type (RFC 6066 §3).
    BadServerNames,
    /// A list that must have exactly one element has more (RFC 7301 §3.1).
    NotOneElement,
    /// A certificate status of another type than OCSP (§4.5.1.1).
    UnknownStatusType,
}

impl core::fmt::Display for Malformed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Malformed::Truncated => "it ends too early, or a length overruns it",
            Malformed::TrailingBytes => "bytes are left over at its end",
            Malformed::EmptyVector => "a vector is empty that may not be",
            Malformed::BadLength => "a length is out of bounds",
            Malformed::DuplicateExtension => "an extension stands twice",
            Malformed::BadServerNames => "the server names are not exactly one host name",
            Malformed::NotOneElement => "a list holds more than one element",
            Malformed::UnknownStatusType => "a certificate status is not OCSP",
        })
    }
}

impl core::error::Error for Malformed {}
