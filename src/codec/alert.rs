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
    /// level: ignored on receipt, since the description alone decides the severity (§6).
    pub level: AlertLevel,
    /// description
    pub description: AlertDescription,
}

impl Alert {
    /// An alert to send. The level of close_notify and user_canceled is warning, that of all others fatal (§6).
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

    /// The two bytes of the alert.
    pub const fn bytes(self) -> [u8; 2] {
        [self.level.0, self.description.0]
    }
}
