//! The name that a client asks for.

/// A DNS name or IP address as text.
#[derive(Clone)]
pub(crate) struct ServerName {
    /// The name, then zeros. No name contains zeros.
    text: [u8; 253],
}

impl ServerName {
    /// No name.
    pub(crate) const NONE: ServerName = ServerName { text: [0; 253] };

    /// A name of the greatest length, for plans.
    pub(crate) const LONGEST: ServerName = ServerName { text: [b'a'; 253] };

    /// `None`: the text is neither a DNS name nor an IP address.
    pub(crate) fn new(text: &str) -> Option<ServerName> {
        rustls_pki_types::ServerName::try_from(text).ok()?;
        // RFC 6066 §3: a host name is sent without a trailing dot.
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut name = ServerName::NONE;
        name.text.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(name)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        let text = self.text.split(|byte| *byte == 0).next()?;
        core::str::from_utf8(text).ok().filter(|text| !text.is_empty())
    }

    /// The name for the extension server_name, which allows DNS names only (RFC 6066 §3).
    pub(crate) fn as_dns_name(&self) -> Option<&str> {
        self.as_str().filter(|text| rustls_pki_types::IpAddr::try_from(*text).is_err())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn the_longest_name_fits() {
        let label = vec!["a"; 63].concat();
        let longest = [&label[..], &label, &label, &label[..61]].join(".");
        assert_eq!(longest.len(), 253);
        assert_eq!(ServerName::new(&longest).unwrap().as_str(), Some(&longest[..]));
        assert!(ServerName::new(&["a", &longest].concat()).is_none());
    }

    #[test]
    fn addresses_are_names_but_not_for_server_name() {
        assert_eq!(ServerName::NONE.as_str(), None);
        assert!(ServerName::new("").is_none() && ServerName::new("a b").is_none());
        for (text, is_dns) in [("server.test", true), ("10.0.0.1", false), ("::1", false), ("1.example", true)] {
            let name = ServerName::new(text).unwrap();
            assert_eq!(name.as_str(), Some(text));
            assert_eq!(name.as_dns_name().is_some(), is_dns, "{text}");
        }
    }
}
