//! The name that a client asks for.

/// A DNS name or IP address as text, inline.
#[derive(Clone)]
pub(crate) struct ServerName {
    text: [u8; 255],
    len: u8,
    /// Whether it may go into server_name: DNS names only (RFC 6066 §3).
    pub(crate) is_dns: bool,
}

impl ServerName {
    /// No name.
    pub(crate) const NONE: ServerName = ServerName { text: [0; 255], len: 0, is_dns: false };

    /// None if it is neither a DNS name nor an IP address.
    pub(crate) fn new(text: &str) -> Option<ServerName> {
        let is_dns = match rustls_pki_types::ServerName::try_from(text).ok()? {
            rustls_pki_types::ServerName::DnsName(_) => true,
            rustls_pki_types::ServerName::IpAddress(_) => false,
            _ => return None,
        };
        let mut name = ServerName { text: [0; 255], len: u8::try_from(text.len()).ok()?, is_dns };
        name.text.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(name)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        let text = self.text.get(..usize::from(self.len))?;
        core::str::from_utf8(text).ok().filter(|text| !text.is_empty())
    }
}
