//! How servers and clients compare names: rightly, and as is wrong.

use countersign::AlertDescription;
use countersign::internals::asn1::{Certificate, GeneralName};

/// The name of the client that is served, of both kinds.
pub const DNS: &str = "client.example.org";
pub const SPIFFE: &str = "spiffe://example.org/client";

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compares {
    Rightly,
    /// All that begins so is right.
    TheBeginning,
    /// All that ends so is right.
    TheEnd,
    /// Paths in other case are right.
    WithoutCase,
    /// The text counts, wherever it stands.
    WithoutKind,
    /// Every name below the same trust domain or parent domain is right, as an operator may want it.
    TheDomain,
    Nothing,
}

impl Compares {
    fn alike(self, presented: &str, right: &str) -> bool {
        let domain = |name: &str| match name.strip_prefix("spiffe://") {
            Some(id) => id.split('/').next().map(String::from),
            None => name.split_once('.').map(|(_, domain)| domain.to_string()),
        };
        match self {
            Compares::Rightly | Compares::WithoutKind => presented == right,
            Compares::TheBeginning => presented.starts_with(right),
            Compares::TheEnd => presented.ends_with(right),
            Compares::WithoutCase => presented.eq_ignore_ascii_case(right),
            Compares::TheDomain => {
                presented.starts_with("spiffe:") == right.starts_with("spiffe:") && domain(presented) == domain(right)
            }
            Compares::Nothing => true,
        }
    }

    /// Whether the certificate has the right name, of one kind or the other.
    pub fn judge(self, leaf: &[u8], dns: &str, spiffe: &str) -> Result<(), AlertDescription> {
        let leaf = Certificate::from_der(leaf).map_err(|_| AlertDescription::BAD_CERTIFICATE)?;
        let right = leaf.names().any(|name| match name {
            GeneralName::Dns(name) => self.alike(name, dns) || self == Compares::WithoutKind && name == spiffe,
            GeneralName::Uri(id) => self.alike(id, spiffe) || self == Compares::WithoutKind && id == dns,
            GeneralName::Email(name) => self == Compares::WithoutKind && [dns, spiffe].contains(&name),
            _ => self == Compares::Nothing,
        });
        if right || self == Compares::Nothing { Ok(()) } else { Err(AlertDescription::ACCESS_DENIED) }
    }
}
