//! The lower layers: codec, cryptography, key schedule.

mod vectors;

mod codec_extensions;
mod codec_messages;
mod codec_spki;
mod key_schedule;
mod rfc8448;
mod signatures;
