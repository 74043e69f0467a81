//! The first flight of a server that agrees to TLS 1.2 is in plaintext (RFC 5246 §7.3): does it ask for a certificate?

const HANDSHAKE: u8 = 22;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;

/// Whether the flight has a CertificateRequest. None: it is not here to its end.
pub(crate) fn certificate_requested(mut records: &[u8]) -> Option<bool> {
    let mut messages = Vec::new();
    while let [HANDSHAKE, _, _, high, low, rest @ ..] = records {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        messages.extend_from_slice(rest.get(..len)?);
        records = rest.get(len..)?;
    }
    let (mut messages, mut requested) = (&messages[..], false);
    while let [typ, high, middle, low, rest @ ..] = messages {
        match *typ {
            SERVER_HELLO_DONE => return Some(requested),
            CERTIFICATE_REQUEST => requested = true,
            _ => {}
        }
        messages = rest.get(u32::from_be_bytes([0, *high, *middle, *low]) as usize..)?;
    }
    None
}
