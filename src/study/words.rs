//! Texts about the two ends.

use super::model::Text;
use crate::Role;
use alloc::format;

/// The label of a secret in a key log.
pub(super) fn label(role: Role, what: &str) -> &'static str {
    match (role, what) {
        (Role::Client, "HANDSHAKE_TRAFFIC_SECRET") => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        (Role::Server, "HANDSHAKE_TRAFFIC_SECRET") => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        (Role::Client, _) => "CLIENT_TRAFFIC_SECRET_0",
        (Role::Server, _) => "SERVER_TRAFFIC_SECRET_0",
    }
}

pub(super) const fn in_spanish(role: Role) -> &'static str {
    match role {
        Role::Client => "cliente",
        Role::Server => "servidor",
    }
}

/// Why a record cannot be opened although there is a key.
pub(super) fn does_not_open(role: Role, number: u64, early_data: bool) -> Text {
    if early_data && number == 0 {
        return Text::new(
            "early data (0-RTT), which is not opened here",
            "datos tempranos (0-RTT), que aquí no se abren",
        );
    }
    Text::made(
        format!(
            "the {role}'s record number {number} does not open: it was changed on the way, or the secret is another's"
        ),
        format!(
            "el registro número {number} del {} no se abre: fue alterado en el camino, o el secreto es de otra conexión",
            in_spanish(role)
        ),
    )
}
