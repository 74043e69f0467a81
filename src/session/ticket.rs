//! A NewSessionTicket that is too long for the memory: checked and dropped as it comes.

use crate::codec::{HandshakeType, Malformed};
use crate::error::Kind;

/// Where in the message the reader is (RFC 9846 §4.7.1).
#[derive(Clone, Copy)]
enum At {
    /// Message header, ticket_lifetime, ticket_age_add: so many bytes are left.
    Fixed(u8),
    NonceLength,
    TicketLength(u8),
    ExtensionsLength(u8),
    ExtensionType(u8),
    ExtensionLength(u8),
    End,
}

/// Follows the structure of a NewSessionTicket without holding it.
pub(super) struct TicketReader {
    at: At,
    /// Bytes to pass over before `at`.
    skip: u16,
    /// The length that is being read.
    length: u16,
    /// Bytes of its extension block that have not come, and of the message.
    extensions: u16,
    left: u32,
}

impl TicketReader {
    /// For a message whose body has this length. Its header comes first.
    pub(super) fn new(body: usize) -> TicketReader {
        let left = u32::try_from(body).unwrap_or(u32::MAX).saturating_add(4);
        TicketReader { at: At::Fixed(12), skip: 0, length: 0, extensions: 0, left }
    }

    /// The next bytes of the message.
    pub(super) fn read(&mut self, piece: &[u8]) -> Result<(), Kind> {
        for &byte in piece {
            self.left = self.left.saturating_sub(1);
            if self.skip > 0 {
                self.skip = self.skip.saturating_sub(1);
                continue;
            }
            self.next(byte)?;
            // What a length announces must fit what is left of the message.
            if u32::from(self.skip) > self.left {
                return Err(malformed(Malformed::Truncated));
            }
        }
        Ok(())
    }

    fn next(&mut self, byte: u8) -> Result<(), Kind> {
        self.length = self.length << 8 | u16::from(byte);
        self.at = match self.at {
            At::Fixed(0 | 1) => At::NonceLength,
            At::Fixed(left) => At::Fixed(left.saturating_sub(1)),
            At::NonceLength => {
                self.skip = u16::from(byte);
                At::TicketLength(2)
            }
            At::TicketLength(2) => At::TicketLength(1),
            At::TicketLength(_) if self.length == 0 => return Err(malformed(Malformed::EmptyVector)),
            At::TicketLength(_) => {
                self.skip = self.length;
                At::ExtensionsLength(2)
            }
            At::ExtensionsLength(2) => At::ExtensionsLength(1),
            At::ExtensionsLength(_) => {
                self.extensions = self.length;
                if u32::from(self.extensions) > self.left {
                    return Err(malformed(Malformed::Truncated));
                }
                self.next_extension()
            }
            At::ExtensionType(2) => At::ExtensionType(1),
            At::ExtensionType(_) => At::ExtensionLength(2),
            At::ExtensionLength(2) => At::ExtensionLength(1),
            At::ExtensionLength(_) => {
                let rest = self.extensions.checked_sub(4).and_then(|rest| rest.checked_sub(self.length));
                self.extensions = rest.ok_or(malformed(Malformed::Truncated))?;
                self.skip = self.length;
                self.next_extension()
            }
            At::End => return Err(malformed(Malformed::TrailingBytes)),
        };
        Ok(())
    }

    fn next_extension(&self) -> At {
        if self.extensions == 0 { At::End } else { At::ExtensionType(2) }
    }

    /// The whole message has come.
    pub(super) fn end(&self) -> Result<(), Kind> {
        match self.at {
            At::End if self.skip == 0 => Ok(()),
            _ => Err(malformed(Malformed::Truncated)),
        }
    }
}

fn malformed(what: Malformed) -> Kind {
    Kind::Malformed { message: HandshakeType::NEW_SESSION_TICKET, what }
}
