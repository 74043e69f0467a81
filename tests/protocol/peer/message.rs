//! Messages that can be changed, and short names for the extensions that most tests change.

use countersign::ExtensionType;
pub use countersign::adversary::peer::{
    GREASE, Msg, certificate, certificate_verify, extensions, numbers, shares, written,
};

pub const SERVER_NAME: ExtensionType = ExtensionType::SERVER_NAME;
pub const GROUPS: ExtensionType = ExtensionType::SUPPORTED_GROUPS;
pub const SCHEMES: ExtensionType = ExtensionType::SIGNATURE_ALGORITHMS;
pub const VERSIONS: ExtensionType = ExtensionType::SUPPORTED_VERSIONS;
pub const KEY_SHARE: ExtensionType = ExtensionType::KEY_SHARE;
pub const ALPN: ExtensionType = ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
