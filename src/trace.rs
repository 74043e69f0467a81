//! Connections as text.

use core::fmt;

/// One line of a key log (the format that NSS introduced, which Wireshark and others read): label, client_random and
/// secret in lower-case hex, without the line's end.
///
/// It lets its owner read the connection. The secrets come from [`Handshake::expose_secrets`](crate::Handshake) and, for
/// `EXPORTER_SECRET`, from [`Exporter::expose_secret`](crate::Exporter).
///
/// ```
/// use countersign::trace::KeyLogLine;
/// let line = KeyLogLine { label: "CLIENT_TRAFFIC_SECRET_0", client_random: &[0xab; 32], secret: &[1, 2] };
/// assert_eq!(line.to_string(), format!("CLIENT_TRAFFIC_SECRET_0 {} 0102", "ab".repeat(32)));
/// ```
// No Debug: it holds a secret, which only `Display` is asked to show.
#[allow(missing_debug_implementations)]
pub struct KeyLogLine<'a> {
    /// What the secret is: `CLIENT_HANDSHAKE_TRAFFIC_SECRET` and so on.
    pub label: &'a str,
    /// Names the connection.
    pub client_random: &'a [u8; 32],
    /// The secret.
    pub secret: &'a [u8],
}

impl fmt::Display for KeyLogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.label, Hex(self.client_random), Hex(self.secret))
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
