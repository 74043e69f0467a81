//! Alert (RFC 9846 §6).

use super::{AlertDescription, AlertLevel, Malformed, Reader, reader::whole};

/// ```text
/// struct {
///     AlertLevel level;
///     AlertDescription description;
/// } Alert;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Ignored on receipt: the description alone tells how grave it is (§6).
    pub level: AlertLevel,
    /// What happened.
    pub description: AlertDescription,
}

impl Alert {
    /// An alert as we send it: close_notify and user_canceled as warnings, everything else as fatal (§6).
    pub const fn new(description: AlertDescription) -> Alert {
        let level = match description {
            AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED => AlertLevel::WARNING,
            _ => AlertLevel::FATAL,
        };
        Alert { level, description }
    }

    /// Reads the content of an alert record: exactly one alert.
    pub fn parse(content: &[u8]) -> Result<Alert, Malformed> {
        whole(content, |r: &mut Reader<'_>| {
            Ok(Alert { level: AlertLevel(r.u8()?), description: AlertDescription(r.u8()?) })
        })
    }

    /// The alert's two bytes.
    pub const fn bytes(self) -> [u8; 2] {
        [self.level.0, self.description.0]
    }
}
