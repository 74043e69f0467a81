//! What both sides share while they are read.

use super::fields::Found;
use super::hello::Choice;
use super::key_log::KeyLog;
use super::model::{Keys, Space, Text};
use super::names;
use super::words::label;
use crate::Role;
use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

/// The facts about both sides.
pub(super) struct Shared<'a> {
    pub log: &'a KeyLog,
    pub found: Found,
    pub spaces: Vec<Space>,
    pub client_random: Option<[u8; 32]>,
    pub early_data: bool,
    pub choice: Option<Choice>,
    /// Messages by space, start, length and record in which they begin.
    pub messages: Vec<Placed>,
    /// Requests and authenticators in application data.
    pub exported: Vec<Exported>,
}

/// The position of a message, and the record of its sender in which it begins.
pub(super) struct Placed {
    pub sender: Role,
    pub keys: Keys,
    pub space: usize,
    pub start: usize,
    /// The end of the message, or of the bytes if it is incomplete.
    pub end: usize,
    pub complete: bool,
    pub record: usize,
}

/// A request or an authenticator of RFC 9261 in application data.
pub(super) struct Exported {
    pub sender: Role,
    pub space: usize,
    pub messages: Vec<Range<usize>>,
    pub request: bool,
}

impl Shared<'_> {
    /// Why there is no key.
    pub(super) fn missing_key(&self, role: Role, keys: Keys) -> Text {
        let label = match keys {
            Keys::Handshake => label(role, "HANDSHAKE_TRAFFIC_SECRET"),
            _ => label(role, "TRAFFIC_SECRET_0"),
        };
        let Some(random) = self.client_random else {
            return Text::new(
                "no ClientHello was captured, so no secret can be looked up: capture from the first packet on",
                "no se capturó el ClientHello y sin él no se pueden buscar los secretos: capture desde el primer paquete",
            );
        };
        match self.choice {
            None => Text::new(
                "no ServerHello was captured: the cipher suite is not known",
                "no se capturó el ServerHello: no se conoce la suite de cifrado",
            ),
            Some(choice) if choice.suite().is_none() => Text::made(
                format!("records of the cipher suite {:#06x} cannot be opened by this program", choice.suite_number),
                format!("este programa no puede abrir registros de la suite {:#06x}", choice.suite_number),
            ),
            Some(_) if self.log.is_empty() => Text::new(
                "there is no key log, or nothing usable in it: what is encrypted cannot be opened. OpenSSL writes one with -keylogfile, curl and Go programs that support it with SSLKEYLOGFILE",
                "no hay registro de claves, o nada en él es utilizable: lo cifrado no se puede abrir. OpenSSL lo escribe con -keylogfile; curl, y los programas en Go que lo admiten, con SSLKEYLOGFILE",
            ),
            Some(_) if !self.log.knows(&random) => Text::made(
                format!("the key log has no line for this connection (client_random {})", names::hex(&random)),
                format!(
                    "el registro de claves no tiene ninguna línea de esta conexión (client_random {})",
                    names::hex(&random)
                ),
            ),
            Some(_) => Text::made(
                format!("the key log has no usable {label} for this connection"),
                format!("el registro de claves no tiene un {label} utilizable para esta conexión"),
            ),
        }
    }
}
