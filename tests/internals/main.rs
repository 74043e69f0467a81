//! The lower layers: codec, cryptography, key schedule.

mod vectors;

mod asn1_certificates;
mod asn1_spki;
mod codec_extension_table;
mod codec_extensions;
mod codec_messages;
mod key_schedule;
mod rfc8448;
mod sentences;
mod signatures;
