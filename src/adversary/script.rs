//! What a peer does, as plain data: the legal handshake of either role, and the changes to it.

use super::peer::{Msg, SECOND_CLIENT_HELLO, written};
use crate::codec::{AlertDescription, ExtensionType, HandshakeType, SignatureScheme};
use crate::role::{Epoch, Role};
use alloc::vec;
use alloc::vec::Vec;

/// One thing that a peer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sends the legal message of this type.
    Send(HandshakeType),
    /// Sends it changed. The transcript has it as it was sent.
    Changed(HandshakeType, Vec<Change>),
    /// Sends the target's own last message of this type back.
    Reflect(HandshakeType),
    /// Sends a message, header included, that the transcript does not have.
    Inject(Vec<u8>),
    /// Sends the legal message of this type with these bytes behind it in its record.
    SendWith(HandshakeType, Vec<u8>),
    /// Sends these messages in one record.
    Together(Vec<HandshakeType>),
    /// Puts at most this many bytes into each record from now on.
    Fragment(usize),
    /// Sends a record of this type under the present key, if there is one.
    Record(u8, Vec<u8>),
    /// Sends a record of this type, never protected.
    Plain(u8, Vec<u8>),
    /// Sends a protected record with this type and version in its header, and this TLSInnerPlaintext.
    Sealed([u8; 3], Vec<u8>),
    /// Sends bytes as they stand.
    Raw(Vec<u8>),
    /// Sends a record as [`Step::Record`], with a bit changed: it does not authenticate.
    Damaged(u8, Vec<u8>),
    /// Sends an alert of this level.
    Alert(u8, AlertDescription),
    /// Writes with the present key of this epoch, from its first record on.
    Key(Epoch),
    /// Signs CertificateVerify in the context of this role.
    SignAs(Role),
    /// Signs CertificateVerify over something else than the transcript.
    SignOver(Over),
    /// Signs CertificateVerify with this scheme.
    Scheme(SignatureScheme),
    /// Waits until the target has sent this message.
    Await(HandshakeType),
    /// Waits until the target's application has sent data. From then on the verdict depends on how the connection ends, not on
    /// its data.
    Hear,
    /// Sends nothing for this many milliseconds.
    Wait(u16),
    /// Writes at most this many bytes at once from now on, and waits for this many milliseconds after each write.
    Pace(usize, u16),
    /// Sends the bytes to which the target's application should answer, and hears the answer.
    Ask,
    /// Closes the transport.
    Close,
}

/// What a CertificateVerify is signed over, if not over the transcript up to Certificate (§4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The transcript without our own Certificate.
    WithoutCertificate,
    /// Nothing.
    Nothing,
    /// The transcript of a connection that differs from this one in one bit.
    AnotherConnection,
}

/// A change of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another type in its header.
    Type(u8),
    /// So many bytes less at the end.
    Truncate(usize),
    /// Bytes more at the end.
    Append(Vec<u8>),
    /// The header announces so many bytes more, or less, than come.
    Length(i32),
    /// The last bit of the byte that is so many bytes before the end.
    Flip(usize),
    /// Another body.
    Body(Vec<u8>),
    /// A Certificate without any certificate.
    NoCertificates,
    /// A Certificate with another certificate_request_context.
    Context(Vec<u8>),
    /// An extension of the last certificate's entry.
    EntryExtension(ExtensionType, Vec<u8>),
    /// This body for the extension.
    Set(ExtensionType, Vec<u8>),
    /// The extension at the end, even a second time.
    Push(ExtensionType, Vec<u8>),
    /// The extension once more, as it is.
    Twice(ExtensionType),
    /// Not this extension.
    Without(ExtensionType),
    /// A byte more in the extension.
    Lengthen(ExtensionType),
    /// A byte less in the extension.
    Shorten(ExtensionType),
    /// host_name of server_name in capitals: it is the same name (RFC 6066 §3).
    NameInCapitals,
    /// No block of extensions at all.
    NoExtensions,
    /// Another legacy_version.
    Version(u16),
    /// Other bytes in the body, from this place on.
    Overwrite(usize, Vec<u8>),
    /// Another legacy_session_id.
    SessionId(Vec<u8>),
    /// Other cipher_suites of ClientHello.
    Suites(Vec<u16>),
    /// Another cipher_suite of ServerHello.
    Suite(u16),
    /// Other legacy_compression_methods of ClientHello.
    Compressions(Vec<u8>),
    /// Another legacy_compression_method of ServerHello.
    Compression(u8),
}

impl Change {
    /// It changes this extension.
    pub fn concerns(&self, extension: ExtensionType) -> bool {
        match self {
            Change::Set(which, _)
            | Change::Push(which, _)
            | Change::Twice(which)
            | Change::Without(which)
            | Change::Lengthen(which)
            | Change::Shorten(which) => *which == extension,
            Change::NameInCapitals => extension == ExtensionType::SERVER_NAME,
            _ => false,
        }
    }

    /// Makes it.
    pub fn apply(&self, msg: &mut Msg) {
        match self {
            Change::Type(typ) => msg.typ = HandshakeType(*typ),
            Change::Truncate(count) => {
                let body = whole(msg);
                body.truncate(body.len().saturating_sub(*count));
            }
            Change::Append(bytes) => msg.tail.extend(bytes),
            Change::Length(by) => {
                let len = u32::try_from(msg.body().len()).unwrap_or(u32::MAX);
                msg.length = Some(len.saturating_add_signed(*by));
            }
            Change::Flip(from_end) => {
                if let Some(byte) = whole(msg).iter_mut().rev().nth(*from_end) {
                    *byte ^= 1;
                }
            }
            Change::Body(body) => *whole(msg) = body.clone(),
            Change::NoCertificates => {
                let context = context(msg);
                *whole(msg) = [&context[..], &[0; 3]].concat();
            }
            Change::Context(bytes) => {
                let old = context(msg).len();
                let rest = msg.head.iter().skip(old).copied().collect::<Vec<u8>>();
                msg.head = [&[bytes.len() as u8], &bytes[..], &rest].concat();
            }
            Change::EntryExtension(extension, body) => entry_extension(msg, *extension, body),
            Change::Set(extension, body) => msg.set(*extension, body),
            Change::Push(extension, body) => msg.push(*extension, body),
            Change::Twice(extension) => {
                let body = msg.get(*extension).map(<[u8]>::to_vec).unwrap_or_default();
                msg.push(*extension, &body);
            }
            Change::Without(extension) => msg.without(*extension),
            Change::Lengthen(extension) => msg.lengthen(*extension),
            Change::Shorten(extension) => {
                let body = msg.get(*extension).and_then(|body| body.split_last()).map(|(_, rest)| rest.to_vec());
                msg.set(*extension, &body.unwrap_or_default());
            }
            Change::NameInCapitals => {
                let name = msg.get(ExtensionType::SERVER_NAME).map(<[u8]>::to_vec);
                if let Some(mut body) = name {
                    // The length of the list, the type, and the length of the name are before it.
                    body.iter_mut().skip(5).for_each(|byte| byte.make_ascii_uppercase());
                    msg.set(ExtensionType::SERVER_NAME, &body);
                }
            }
            Change::NoExtensions => msg.extensions = None,
            Change::Version(version) => msg.version(*version),
            Change::Overwrite(from, bytes) => {
                for (old, new) in whole(msg).iter_mut().skip(*from).zip(bytes) {
                    *old = *new;
                }
            }
            Change::SessionId(id) => msg.session_id(id),
            Change::Suites(suites) => msg.suites(suites),
            Change::Suite(suite) => msg.suite(*suite),
            Change::Compressions(methods) => msg.compressions(methods),
            Change::Compression(method) => msg.compression(*method),
        }
    }
}

/// The message in one piece.
fn whole(msg: &mut Msg) -> &mut Vec<u8> {
    msg.head = msg.body();
    msg.extensions = None;
    msg.tail.clear();
    &mut msg.head
}

/// certificate_request_context with its length.
fn context(msg: &Msg) -> Vec<u8> {
    let len = msg.head.first().map_or(0, |len| usize::from(*len).saturating_add(1));
    msg.head.iter().take(len).copied().collect()
}

/// The last entry has an empty block of extensions, two zeros, at the end.
fn entry_extension(msg: &mut Msg, extension: ExtensionType, body: &[u8]) {
    let context = context(msg);
    let Some(rest) = msg.head.get(context.len().saturating_add(3)..) else { return };
    let block = extensions_block(extension, body);
    let list = [rest.strip_suffix(&[0, 0]).unwrap_or(rest), &block].concat();
    let [_, length @ ..] = (list.len() as u32).to_be_bytes();
    msg.head = [&context[..], &length, &list].concat();
}

/// A block of one extension, with its length.
fn extensions_block(extension: ExtensionType, body: &[u8]) -> Vec<u8> {
    written(|w| w.vec_u16(|w| w.extension(extension, |w| w.bytes(body))))
}

/// What a peer of this role does if it breaks no rule: the handshake, and a question to the target's application.
pub fn legal(role: Role) -> Vec<Step> {
    use HandshakeType as H;
    match role {
        Role::Client => vec![
            Step::Send(H::CLIENT_HELLO),
            Step::Await(H::FINISHED),
            Step::Send(H::CERTIFICATE),
            Step::Send(H::CERTIFICATE_VERIFY),
            Step::Send(H::FINISHED),
            Step::Ask,
        ],
        Role::Server => vec![
            Step::Await(H::CLIENT_HELLO),
            Step::Send(H::SERVER_HELLO),
            Step::Send(H::ENCRYPTED_EXTENSIONS),
            Step::Send(H::CERTIFICATE_REQUEST),
            Step::Send(H::CERTIFICATE),
            Step::Send(H::CERTIFICATE_VERIFY),
            Step::Send(H::FINISHED),
            Step::Await(H::FINISHED),
            Step::Ask,
        ],
    }
}

/// The same with a HelloRetryRequest in it. A client forces one by a ClientHello without shares.
pub fn legal_with_retry(role: Role) -> Vec<Step> {
    use HandshakeType as H;
    let mut script = legal(role);
    let retry = match role {
        Role::Client => vec![
            Step::Changed(H::CLIENT_HELLO, vec![Change::Set(ExtensionType::KEY_SHARE, vec![0, 0])]),
            Step::Await(H::HELLO_RETRY_REQUEST),
            Step::Send(SECOND_CLIENT_HELLO),
        ],
        Role::Server => {
            vec![Step::Await(H::CLIENT_HELLO), Step::Send(H::HELLO_RETRY_REQUEST), Step::Await(SECOND_CLIENT_HELLO)]
        }
    };
    script.splice(..1, retry);
    script
}

/// The script with these steps in place of the one that sends this message.
pub fn instead(mut script: Vec<Step>, of: HandshakeType, steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    if let Some(at) = place(&script, of) {
        script.splice(at..=at, steps);
    }
    script
}

/// The script with these steps before the one that sends this message.
pub fn before(mut script: Vec<Step>, of: HandshakeType, steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    if let Some(at) = place(&script, of) {
        script.splice(at..at, steps);
    }
    script
}

/// The script with these steps after the one that sends this message.
pub fn after(mut script: Vec<Step>, of: HandshakeType, steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    if let Some(at) = place(&script, of) {
        let at = at.saturating_add(1);
        script.splice(at..at, steps);
    }
    script
}

fn place(script: &[Step], of: HandshakeType) -> Option<usize> {
    script
        .iter()
        .position(|step| matches!(step, Step::Send(typ) | Step::Changed(typ, _) | Step::SendWith(typ, _) if *typ == of))
}
