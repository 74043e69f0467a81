//! The errors of decoding.

/// Why a structure cannot be decoded. The alert is always decode_error (RFC 9846 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The bytes end before the structure does, or a length is larger than the enclosing structure.
    Truncated,
    /// Bytes are left after the structure.
    TrailingBytes,
    /// A vector is empty but may not be.
    EmptyVector,
    /// A length is out of bounds.
    BadLength,
    /// An extension occurs twice in one block (§4.3).
    DuplicateExtension,
    /// A list of server names has no host name, or two names of one type (RFC 6066 §3).
    BadServerNames,
    /// A list has more than the one element that it must have (RFC 7301 §3.1).
    NotOneElement,
    /// The type of a certificate status is not OCSP (§4.5.1.1).
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
