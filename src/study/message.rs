//! Explains a handshake message by the grammar.

use super::fields::Walker;
use super::grammar::{CLIENT_CERTIFICATE_REQUEST, HELLO_RETRY_REQUEST, Item, MESSAGES, Show};
use super::hello;
use super::model::Text;
use super::names;
use super::words::in_spanish;
use crate::Role;
use alloc::format;
use alloc::string::ToString;
use core::ops::Range;

/// The known facts about a message before it is explained.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub sender: Role,
    /// Whether the message is complete.
    pub complete: bool,
    pub context: Context,
}

/// The kind of connection or data that the message is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Tls13,
    /// A version before TLS 1.3: only the hellos are explained.
    OlderVersion,
    /// Application data (RFC 9261).
    Authenticator,
}

/// The result for a message.
pub(super) struct Explained {
    pub field: usize,
    pub name: &'static str,
    /// Whether it is a HelloRetryRequest.
    pub retry: bool,
}

/// Explains the message in `range`, with its header.
pub(super) fn explain(walker: &mut Walker<'_>, range: Range<usize>, parent: Option<usize>, known: Known) -> Explained {
    let (start, end, len) = (range.start, range.end, range.len());
    let body = start.saturating_add(4);
    let message_type = walker.get(start..end).first().copied().unwrap_or_default();
    let content = walker.bytes.get(body..end).unwrap_or_default();
    let retry = message_type == 2 && hello::is_retry(content);
    let (name, items) = form(message_type, retry, known.context);
    let field = walker.field(parent, start..end, name, format!("{len} bytes"));
    if len < 4 {
        walker.unreadable(Some(field), start..end, cut(known.sender));
        return Explained { field, name, retry };
    }
    let type_end = start.saturating_add(1);
    walker.field(Some(field), start..type_end, "msg_type", format!("{name} ({message_type})"));
    let declared = walker.get(type_end..body).iter().fold(0, |len: u32, byte| len << 8 | u32::from(*byte));
    walker.field(Some(field), type_end..body, "message length", declared.to_string());
    match items {
        // An incomplete message is explained as far as it goes.
        Some(items) => {
            walker.exactly(items, body..end, Some(field));
            if !known.complete {
                walker.found.problem(Some(field), cut(known.sender));
            }
        }
        None => {
            walker.field(Some(field), body..end, "body", names::bytes(content, Show::Hex));
            if known.context != Context::OlderVersion {
                let text = Text::made(
                    format!("TLS 1.3 has no handshake message of type {message_type}"),
                    format!("TLS 1.3 no tiene ningún mensaje de handshake de tipo {message_type}"),
                );
                walker.found.problem(Some(field), text);
            }
        }
    }
    Explained { field, name, retry }
}

/// The name and the grammar of a message.
fn form(message_type: u8, retry: bool, context: Context) -> (&'static str, Option<&'static [Item]>) {
    if retry {
        return ("hello_retry_request", Some(HELLO_RETRY_REQUEST));
    }
    if context == Context::Authenticator && message_type == 17 {
        return ("client_certificate_request", Some(CLIENT_CERTIFICATE_REQUEST));
    }
    let known = MESSAGES.iter().find(|(number, ..)| *number == message_type);
    let (name, items) = known.map_or(("unknown_message", None), |(_, name, items)| (*name, Some(*items)));
    (name, items.filter(|_| context != Context::OlderVersion || message_type <= 2))
}

fn cut(sender: Role) -> Text {
    Text::made(
        format!("a message of the {sender} is not complete: its end did not come"),
        format!("un mensaje del {} está incompleto: falta su final", in_spanish(sender)),
    )
}
