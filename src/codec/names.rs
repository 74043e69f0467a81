//! The registered numbers of TLS under their names in RFC 9846.
//!
//! Each type is a newtype, not an enum: a peer may send any number, and most places allow unknown ones.

use super::{Element, Malformed, Reader};

/// Defines a newtype over a number, with named constants. `Display` writes the name, or hex for an unknown number.
macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident: $repr:ty { $($(#[$item_doc:meta])* $item:ident = $value:expr, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $($(#[$item_doc])* #[doc = concat!("`", $text, "`")] pub const $item: Self = Self($value);)*

            /// The registered name; `None` if this crate does not know the number.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$item => Some($text),)*
                    _ => None,
                }
            }
        }

        impl<'a> Element<'a> for $name {
            fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
                <$repr>::read(reader).map(Self)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, "{:#06x}", self.0),
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }
    };
}

numbers! {
    /// The type of a record (RFC 9846 §5.1).
    ContentType: u8 {
        CHANGE_CIPHER_SPEC = 20, "change_cipher_spec";
        ALERT = 21, "alert";
        HANDSHAKE = 22, "handshake";
        APPLICATION_DATA = 23, "application_data";
    }
}

numbers! {
    /// The type of a handshake message (RFC 9846 §4).
    HandshakeType: u8 {
        HELLO_REQUEST = 0, "hello_request";
        CLIENT_HELLO = 1, "client_hello";
        SERVER_HELLO = 2, "server_hello";
        NEW_SESSION_TICKET = 4, "new_session_ticket";
        END_OF_EARLY_DATA = 5, "end_of_early_data";
        /// A name for logs. On the wire the type of HelloRetryRequest is server_hello (§4.2.4).
        HELLO_RETRY_REQUEST = 6, "hello_retry_request";
        ENCRYPTED_EXTENSIONS = 8, "encrypted_extensions";
        CERTIFICATE = 11, "certificate";
        CERTIFICATE_REQUEST = 13, "certificate_request";
        CERTIFICATE_VERIFY = 15, "certificate_verify";
        /// ClientCertificateRequest (RFC 9261 §4).
        CLIENT_CERTIFICATE_REQUEST = 17, "client_certificate_request";
        FINISHED = 20, "finished";
        KEY_UPDATE = 24, "key_update";
        MESSAGE_HASH = 254, "message_hash";
    }
}

numbers! {
    /// A cipher suite (RFC 9846 §B.4).
    CipherSuite: u16 {
        TLS_AES_128_GCM_SHA256 = 0x1301, "TLS_AES_128_GCM_SHA256";
        TLS_AES_256_GCM_SHA384 = 0x1302, "TLS_AES_256_GCM_SHA384";
        TLS_CHACHA20_POLY1305_SHA256 = 0x1303, "TLS_CHACHA20_POLY1305_SHA256";
    }
}

numbers! {
    /// A key exchange group (RFC 9846 §4.3.7).
    NamedGroup: u16 {
        SECP256R1 = 0x0017, "secp256r1";
        SECP384R1 = 0x0018, "secp384r1";
        SECP521R1 = 0x0019, "secp521r1";
        X25519 = 0x001d, "x25519";
        X448 = 0x001e, "x448";
        SECP256R1MLKEM768 = 0x11eb, "SecP256r1MLKEM768";
        X25519MLKEM768 = 0x11ec, "X25519MLKEM768";
    }
}

numbers! {
    /// A signature scheme (RFC 9846 §4.3.3).
    SignatureScheme: u16 {
        RSA_PKCS1_SHA256 = 0x0401, "rsa_pkcs1_sha256";
        RSA_PKCS1_SHA384 = 0x0501, "rsa_pkcs1_sha384";
        RSA_PKCS1_SHA512 = 0x0601, "rsa_pkcs1_sha512";
        ECDSA_SECP256R1_SHA256 = 0x0403, "ecdsa_secp256r1_sha256";
        ECDSA_SECP384R1_SHA384 = 0x0503, "ecdsa_secp384r1_sha384";
        ECDSA_SECP521R1_SHA512 = 0x0603, "ecdsa_secp521r1_sha512";
        RSA_PSS_RSAE_SHA256 = 0x0804, "rsa_pss_rsae_sha256";
        RSA_PSS_RSAE_SHA384 = 0x0805, "rsa_pss_rsae_sha384";
        RSA_PSS_RSAE_SHA512 = 0x0806, "rsa_pss_rsae_sha512";
        ED25519 = 0x0807, "ed25519";
        ED448 = 0x0808, "ed448";
        RSA_PSS_PSS_SHA256 = 0x0809, "rsa_pss_pss_sha256";
        RSA_PSS_PSS_SHA384 = 0x080a, "rsa_pss_pss_sha384";
        RSA_PSS_PSS_SHA512 = 0x080b, "rsa_pss_pss_sha512";
        MLDSA44 = 0x0904, "mldsa44";
        MLDSA65 = 0x0905, "mldsa65";
        MLDSA87 = 0x0906, "mldsa87";
        RSA_PKCS1_SHA1 = 0x0201, "rsa_pkcs1_sha1";
        ECDSA_SHA1 = 0x0203, "ecdsa_sha1";
    }
}

numbers! {
    /// The type of an extension (RFC 9846 §4.3).
    ExtensionType: u16 {
        SERVER_NAME = 0, "server_name";
        MAX_FRAGMENT_LENGTH = 1, "max_fragment_length";
        STATUS_REQUEST = 5, "status_request";
        SUPPORTED_GROUPS = 10, "supported_groups";
        SIGNATURE_ALGORITHMS = 13, "signature_algorithms";
        USE_SRTP = 14, "use_srtp";
        HEARTBEAT = 15, "heartbeat";
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16, "application_layer_protocol_negotiation";
        SIGNED_CERTIFICATE_TIMESTAMP = 18, "signed_certificate_timestamp";
        CLIENT_CERTIFICATE_TYPE = 19, "client_certificate_type";
        SERVER_CERTIFICATE_TYPE = 20, "server_certificate_type";
        PADDING = 21, "padding";
        COMPRESS_CERTIFICATE = 27, "compress_certificate";
        RECORD_SIZE_LIMIT = 28, "record_size_limit";
        PRE_SHARED_KEY = 41, "pre_shared_key";
        EARLY_DATA = 42, "early_data";
        SUPPORTED_VERSIONS = 43, "supported_versions";
        COOKIE = 44, "cookie";
        PSK_KEY_EXCHANGE_MODES = 45, "psk_key_exchange_modes";
        CERTIFICATE_AUTHORITIES = 47, "certificate_authorities";
        OID_FILTERS = 48, "oid_filters";
        POST_HANDSHAKE_AUTH = 49, "post_handshake_auth";
        SIGNATURE_ALGORITHMS_CERT = 50, "signature_algorithms_cert";
        KEY_SHARE = 51, "key_share";
        QUIC_TRANSPORT_PARAMETERS = 57, "quic_transport_parameters";
    }
}

numbers! {
    /// The type of the certificates in CertificateEntry (RFC 7250 §3).
    CertificateType: u8 {
        X509 = 0, "X509";
        RAW_PUBLIC_KEY = 2, "RawPublicKey";
    }
}

numbers! {
    /// Whether a KeyUpdate asks the peer for one (RFC 9846 §4.7.3).
    KeyUpdateRequest: u8 {
        UPDATE_NOT_REQUESTED = 0, "update_not_requested";
        UPDATE_REQUESTED = 1, "update_requested";
    }
}

numbers! {
    /// The level of an alert (RFC 9846 §6).
    AlertLevel: u8 {
        WARNING = 1, "warning";
        FATAL = 2, "fatal";
    }
}

numbers! {
    /// The description of an alert (RFC 9846 §6).
    AlertDescription: u8 {
        CLOSE_NOTIFY = 0, "close_notify";
        UNEXPECTED_MESSAGE = 10, "unexpected_message";
        BAD_RECORD_MAC = 20, "bad_record_mac";
        RECORD_OVERFLOW = 22, "record_overflow";
        DECOMPRESSION_FAILURE = 30, "decompression_failure";
        HANDSHAKE_FAILURE = 40, "handshake_failure";
        NO_CERTIFICATE = 41, "no_certificate";
        BAD_CERTIFICATE = 42, "bad_certificate";
        UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
        CERTIFICATE_REVOKED = 44, "certificate_revoked";
        CERTIFICATE_EXPIRED = 45, "certificate_expired";
        CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
        ILLEGAL_PARAMETER = 47, "illegal_parameter";
        UNKNOWN_CA = 48, "unknown_ca";
        ACCESS_DENIED = 49, "access_denied";
        DECODE_ERROR = 50, "decode_error";
        DECRYPT_ERROR = 51, "decrypt_error";
        PROTOCOL_VERSION = 70, "protocol_version";
        INSUFFICIENT_SECURITY = 71, "insufficient_security";
        INTERNAL_ERROR = 80, "internal_error";
        INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
        USER_CANCELED = 90, "user_canceled";
        MISSING_EXTENSION = 109, "missing_extension";
        UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
        UNRECOGNIZED_NAME = 112, "unrecognized_name";
        BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
        UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
        CERTIFICATE_REQUIRED = 116, "certificate_required";
        GENERAL_ERROR = 117, "general_error";
        NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
    }
}
