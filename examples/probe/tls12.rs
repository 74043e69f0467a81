//! The first flight of a server that agrees to an older version is in plaintext (RFC 5246 §7.3): which version, and does
//! it ask for a certificate?

const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
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

/// The version of ServerHello, with which the flight begins.
pub(crate) fn agreed(records: &[u8]) -> &'static str {
    match records {
        [HANDSHAKE, _, _, _, _, SERVER_HELLO, _, _, _, 3, minor @ 0..=3, ..] => {
            ["SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2"][usize::from(*minor)]
        }
        _ => "an older version of TLS",
    }
}

/// What is left to the operator where this version was agreed.
pub(crate) fn not_tried(agreed: &str) -> String {
    let option = match agreed {
        "TLS 1.0" => "-tls1",
        "TLS 1.1" => "-tls1_1",
        _ => "-tls1_2",
    };
    format!(
        "the target agreed to {agreed}, which this program does not speak to the end: see whether `openssl s_client {option}` is \
         served, without a certificate and with one of another CA"
    )
}
