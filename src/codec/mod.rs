//! The messages of TLS 1.3: parsers and writers without state, cryptography and allocation. Parsers borrow their input.
//!
//! Every message has `parse(body)`, which checks the whole structure (lengths, empty lists, duplicate extensions,
//! trailing bytes), and `write(&mut Writer)`, which writes the same bytes again, with the message's header.
//! Errors are [`Malformed`], for which the alert is decode_error. The engine judges what the values mean, and whether
//! this handshake allows them.

mod alert;
mod authentication;
mod certificate_extensions;
mod client_hello;
mod extension_bodies;
mod extension_table;
mod extensions;
mod hello_extensions;
mod list;
mod malformed;
mod message;
pub mod names;
pub(crate) mod numbers;
mod post_handshake;
mod reader;
mod server_hello;
mod server_parameters;
mod writer;

pub use alert::Alert;
pub use authentication::{Certificate, CertificateEntry, CertificateVerify, Finished, write_certificate};
pub use client_hello::{ClientHello, write_client_hello};
pub use extension_bodies::{DistinguishedName, KeyShareEntry, KeyShareParts, ProtocolName, SerializedSct, ServerName};
pub use extension_table::{CheckBody, EXTENSION_TABLE, Place, may_stand};
pub use extensions::{BadExtension, CheckedExtensions, Extension, Extensions};
pub use list::{Element, List};
pub use malformed::Malformed;
pub use message::{MESSAGE_HEADER, Message, header, write_message};
pub use names::*;
pub use post_handshake::{KeyUpdate, NewSessionTicket};
pub use reader::Reader;
pub use server_hello::{
    DOWNGRADE_TLS11, DOWNGRADE_TLS12, HELLO_RETRY_REQUEST_RANDOM, ServerHello, write_hello_retry_request,
    write_server_hello,
};
pub use server_parameters::{
    CertificateRequest, EncryptedExtensions, write_certificate_request, write_client_certificate_request,
    write_encrypted_extensions,
};
pub use writer::{NotWritten, Writer};

/// legacy_version of every hello (RFC 9846 §4.2.2): the number of TLS 1.2.
pub const LEGACY_VERSION: u16 = 0x0303;
/// The number of TLS 1.3 in supported_versions (RFC 9846 §4.3.1).
pub const TLS13: u16 = 0x0304;
