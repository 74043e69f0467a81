//! A ladder diagram, line by line.

use countersign::{Role, State, Transition, TransitionEvent};
use std::io::{IsTerminal, stdout};

/// Whether something is sent, received, or stays here.
pub(crate) enum Way {
    Out,
    In,
    Here,
}

/// One line: the client at the left, the server at the right.
pub(crate) fn show(role: Role, way: Way, text: &str, state: State) {
    let (client, server) = match way {
        Way::Out => ("●──▶", "◀──●"),
        Way::In => ("●◀──", "──▶●"),
        Way::Here => ("●   ", "   ●"),
    };
    let line = match role {
        Role::Client => format!("{state:>23}  {client} {text:<40}"),
        Role::Server => format!("{:23}       {text:<40} {server}  {state}", ""),
    };
    println!("{}", in_colour(role, line.trim_end()));
}

/// A transition of the handshake.
pub(crate) fn transition(role: Role, did: &Transition) {
    let line = |name: &dyn ToString| format!("{:<20} {:>5}  {}", name.to_string(), did.len, did.epoch);
    let (way, text) = match did.event {
        TransitionEvent::Sent(message) => (Way::Out, line(&message)),
        TransitionEvent::Received(message) => (Way::In, line(&message)),
        TransitionEvent::Presented => (Way::Here, "shows its certificate".into()),
        TransitionEvent::Signed => (Way::Here, "signs the transcript".into()),
        TransitionEvent::Accepted => (Way::Here, "accepts the peer".into()),
    };
    show(role, way, &text, did.state);
}

/// The records on the wire (RFC 9846 §5.1).
pub(crate) fn records(from: Role, mut wire: &[u8]) {
    while let [content_type, _, _, high, low, rest @ ..] = wire {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let name = match content_type {
            20 => "change_cipher_spec",
            21 => "alert",
            22 => "handshake",
            _ => "application_data", // every protected record looks like it (§5.2)
        };
        let (left, right) =
            if from == Role::Client { (" ═══", "══▶") } else { (" ◀══", "═══") };
        println!("{}", paint("2", format!("{:23}  {left} {:<40} {right}", "", format!("{name:<20} {len:>5}  record"))));
        wire = rest.get(len..).unwrap_or_default();
    }
}

pub(crate) fn heading() {
    let message = "message              bytes  keys";
    println!("\n{}", paint("1", format!("{:>23}       {message:<40}       SERVER then awaits", "CLIENT then awaits")));
}

/// Each end has its own colour.
pub(crate) fn in_colour(role: Role, text: impl std::fmt::Display) -> String {
    paint(if role == Role::Client { "36" } else { "33" }, text)
}

/// Coloured, on a terminal.
fn paint(code: &str, text: impl std::fmt::Display) -> String {
    let plain = !stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some();
    if plain { text.to_string() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}
