//! A NewSessionTicket that is too long for the memory: checked and dropped as it comes.

use crate::codec::{HandshakeType, Malformed};
use crate::error::ErrorKind;

/// The reader's position in the message (RFC 9846 §4.7.1). A number counts the missing bytes of the field.
#[derive(Clone, Copy)]
enum At {
    /// Message header, ticket_lifetime, ticket_age_add.
    Fixed(u8),
    NonceLength,
    TicketLength(u8),
    ExtensionsLength(u8),
    ExtensionType(u8),
    ExtensionLength(u8),
    End,
}

/// Checks the structure of a NewSessionTicket without holding it.
pub(crate) struct TicketReader {
    at: At,
    /// Bytes to skip before `at`.
    skip: u16,
    /// The length that is being read.
    length: u16,
    /// Missing bytes of the extension block.
    extensions: u16,
    /// Missing bytes of the message.
    left: u32,
}

impl TicketReader {
    /// `body`: the length in the message's header. [`read`](Self::read) begins with the header.
    pub(crate) fn new(body: usize) -> TicketReader {
        let left = u32::try_from(body).unwrap_or(u32::MAX).saturating_add(4);
        TicketReader { at: At::Fixed(12), skip: 0, length: 0, extensions: 0, left }
    }

    /// The next bytes of the message.
    pub(crate) fn read(&mut self, piece: &[u8]) -> Result<(), ErrorKind> {
        for &byte in piece {
            self.left = self.left.saturating_sub(1);
            if self.skip > 0 {
                self.skip = self.skip.saturating_sub(1);
                continue;
            }
            self.next(byte)?;
            // A vector must fit in the rest of the message.
            if u32::from(self.skip) > self.left {
                return Err(malformed(Malformed::Truncated));
            }
        }
        Ok(())
    }

    fn next(&mut self, byte: u8) -> Result<(), ErrorKind> {
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
    pub(crate) fn end(&self) -> Result<(), ErrorKind> {
        match self.at {
            At::End if self.skip == 0 => Ok(()),
            _ => Err(malformed(Malformed::Truncated)),
        }
    }
}

fn malformed(what: Malformed) -> ErrorKind {
    ErrorKind::Malformed { message: HandshakeType::NEW_SESSION_TICKET, what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::NewSessionTicket;
    use std::vec;
    use std::vec::Vec;

    /// Reads a message in pieces of `size` bytes.
    fn in_pieces(body: &[u8], size: usize) -> Result<(), ErrorKind> {
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        let message = [&[4, len[1], len[2], len[3]], body].concat();
        let mut reader = TicketReader::new(body.len());
        for piece in message.chunks(size) {
            reader.read(piece)?;
        }
        reader.end()
    }

    /// Bytes of a good ticket are changed, cut off and added.
    #[test]
    fn a_ticket_in_pieces_is_judged_like_a_whole_one() {
        let extension = |typ: u8, len: u8| [&[0, typ, 0, len][..], &vec![9; usize::from(len)]].concat();
        let mut judged = [0; 2];
        for (nonce, ticket, extensions) in [
            (0_u8, 1_usize, vec![]),
            (3, 2, extension(42, 4)),
            (1, 300, [extension(42, 0), extension(99, 5)].concat()),
            (0, 0, vec![]),
        ] {
            let ticket_len = u16::try_from(ticket).unwrap().to_be_bytes();
            let extensions_len = u16::try_from(extensions.len()).unwrap().to_be_bytes();
            let nonce = [&[nonce][..], &vec![7; usize::from(nonce)]].concat();
            let fields = [&[1; 8][..], &nonce, &ticket_len, &vec![8; ticket], &extensions_len, &extensions];
            let body = fields.concat();
            let mut bodies: Vec<Vec<u8>> = (0..body.len()).map(|len| body[..len].to_vec()).collect();
            bodies.extend((1..9).map(|more| [&body[..], &vec![0; more]].concat()));
            for index in 0..body.len() {
                for value in [0, 1, 2, 3, 4, 5, body[index] ^ 1, body[index].wrapping_add(1), 255] {
                    let mut changed = body.clone();
                    changed[index] = value;
                    bodies.push(changed);
                }
            }
            bodies.push(body);
            for body in bodies {
                let whole = match NewSessionTicket::parse(&body) {
                    // The reader cannot detect it, because it holds no extension.
                    Err(Malformed::DuplicateExtension) => continue,
                    whole => whole.is_ok(),
                };
                judged[usize::from(whole)] += 1;
                for size in [1, 2, 7, 1000] {
                    assert_eq!(in_pieces(&body, size).is_ok(), whole, "{body:?} by {size}");
                }
            }
        }
        assert!(judged.iter().all(|count| *count > 100), "{judged:?}");
    }

    /// Extensions that end before the message, and after it. The latter is known from their length.
    #[test]
    fn what_is_wrong_at_the_end_is_named() {
        let ticket = |len: u8, rest: &[u8]| [&[0; 8][..], &[0, 0, 1, 8, 0, len], rest].concat();
        assert_eq!(in_pieces(&ticket(0, &[]), 1), Ok(()));
        assert_eq!(in_pieces(&ticket(0, &[0]), 1), Err(malformed(Malformed::TrailingBytes)));
        assert_eq!(in_pieces(&ticket(4, &[0, 42, 0, 0, 0]), 1), Err(malformed(Malformed::TrailingBytes)));
        let mut reader = TicketReader::new(14);
        assert_eq!(reader.read(&[&[4, 0, 0, 14][..], &ticket(1, &[])].concat()), Err(malformed(Malformed::Truncated)));
    }
}
