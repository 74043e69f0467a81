//! The state diagrams of docs/DESIGN.md are drawn from the transition tables.
//!
//! After a change of the table: `COUNTERSIGN_BLESS=1 cargo test --test project`.

use countersign::authenticator;
use countersign::table::{Cause, Row, TABLE};
use countersign::{HandshakeType, Role, State};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const DOCUMENT: &str = "docs/DESIGN.md";
const BEGIN: &str = "<!-- diagrams:begin -->\n";
const END: &str = "<!-- diagrams:end -->\n";

/// There is at most one HelloRetryRequest.
fn retries(row: &Row) -> bool {
    let wait = matches!(row.state, State::WaitServerHello | State::WaitClientHello);
    wait && matches!(row.next, State::SendClientHello | State::SendHelloRetryRequest)
}

/// HelloRetryRequest is a server_hello in the table, as on the wire. Its next state distinguishes it.
fn name(row: &Row, message: HandshakeType) -> HandshakeType {
    let retry = matches!(row.next, State::SendClientHello) || matches!(row.state, State::SendHelloRetryRequest);
    if retry && message == HandshakeType::SERVER_HELLO { HandshakeType::HELLO_RETRY_REQUEST } else { message }
}

fn names(row: &Row, messages: &[HandshakeType]) -> String {
    messages.iter().map(|each| name(row, *each).to_string()).collect::<Vec<_>>().join(", ")
}

fn label(row: &Row) -> String {
    match row.cause {
        Cause::Receive { message, boundary } => {
            let boundary = if boundary { ", ends its record" } else { "" };
            let once = if retries(row) { ", once" } else { "" };
            format!("receive {} ({}{boundary}{once})", name(row, message), row.epoch)
        }
        Cause::Send(messages) => format!("send {}", names(row, messages)),
        Cause::Answer([]) => "answered".to_owned(),
        Cause::Answer(messages) => format!("answered, send {}", names(row, messages)),
    }
}

/// One role's states as a mermaid diagram.
fn diagram(role: Role) -> String {
    let mut out = format!("### {role}\n\n```mermaid\nstateDiagram-v2\n");
    let rows = TABLE.iter().filter(|row| row.role == role);
    if let Some(first) = rows.clone().next() {
        let _ = writeln!(out, "    [*] --> {}", first.state);
    }
    for row in rows {
        let _ = writeln!(out, "    {} --> {}: {}", row.state, row.next, label(row));
    }
    out.push_str("    Connected --> [*]\n```\n");
    out
}

fn authenticator_label(row: &authenticator::Row) -> String {
    let all = |messages: &[HandshakeType]| messages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match row.cause {
        authenticator::Cause::Receive(messages) => format!("receive {}", all(messages)),
        authenticator::Cause::Call([]) if row.next == authenticator::State::Done => "cancelled".to_owned(),
        authenticator::Cause::Call([]) => "unasked".to_owned(),
        authenticator::Cause::Call(messages) => format!("send {}", all(messages)),
        authenticator::Cause::Answer([]) => "answered".to_owned(),
        authenticator::Cause::Answer(messages) => format!("answered, send {}", all(messages)),
        authenticator::Cause::Decline(messages) => format!("declined, send {}", all(messages)),
    }
}

/// The states of one authenticator at this end.
fn authenticator_diagram(role: Role) -> String {
    let mut out = format!("### authenticators, {role}\n\n```mermaid\nstateDiagram-v2\n    [*] --> Idle\n");
    for row in authenticator::TABLE.iter().filter(|row| row.role == role) {
        let _ = writeln!(out, "    {} --> {}: {}", row.state, row.next, authenticator_label(row));
    }
    out.push_str("    Done --> [*]\n```\n");
    out
}

fn diagrams() -> String {
    let mut out = String::from(
        "\nWritten by `tests/project/diagrams.rs` from the transition table (`src/engine/table.rs`), which is also what the machine\n\
         itself asks. `Wait`: the peer's message is awaited. `Ask`: the caller's answer is. `Send`: there was no room. In\n\
         brackets: the keys that protect the message; one that *ends its record* may have nothing behind it, because the\n\
         key changes (5.1). Whatever has no arrow is an error, and ends the connection with one alert.\n\n",
    );
    for role in [Role::Client, Role::Server] {
        out.push_str(&diagram(role));
        out.push('\n');
    }
    out.push_str(
        "An authenticator (RFC 9261) has a table of its own (`src/engine/authenticator/table.rs`): the states are those of one\n\
         authenticator, of which a session has any number at a time. Its messages, written on one arrow, come together.\n\
         Whatever has no arrow is an error, and ends nothing.\n\n",
    );
    for role in [Role::Client, Role::Server] {
        out.push_str(&authenticator_diagram(role));
        out.push('\n');
    }
    out
}

#[test]
fn the_diagrams_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let committed = fs::read_to_string(&path).expect("a readable document").replace("\r\n", "\n");
    let (before, rest) = committed.split_once(BEGIN).expect("the begin marker");
    let (_, after) = rest.split_once(END).expect("the end marker");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", diagrams());
    if env::var_os("COUNTERSIGN_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&path, &wanted).expect("a writable document");
    } else {
        assert!(committed == wanted, "{DOCUMENT} is stale, set COUNTERSIGN_BLESS=1 to write it");
    }
}

/// Every state except the two ends of a connection is drawn, and every message of the handshake.
#[test]
fn the_diagrams_show_every_state_and_message() {
    let drawn = diagrams();
    for row in TABLE {
        assert!(drawn.contains(row.state.name()) && drawn.contains(row.next.name()));
    }
    for message in [
        HandshakeType::CLIENT_HELLO,
        HandshakeType::SERVER_HELLO,
        HandshakeType::HELLO_RETRY_REQUEST,
        HandshakeType::ENCRYPTED_EXTENSIONS,
        HandshakeType::CERTIFICATE_REQUEST,
        HandshakeType::CERTIFICATE,
        HandshakeType::CERTIFICATE_VERIFY,
        HandshakeType::FINISHED,
    ] {
        assert!(drawn.contains(&format!("receive {message}")), "{message}");
        assert!(drawn.contains(&message.to_string()));
    }
    for row in authenticator::TABLE {
        let arrow = format!("    {} --> {}: {}\n", row.state, row.next, authenticator_label(row));
        let drawn = authenticator_diagram(row.role);
        assert_eq!(drawn.matches(&arrow).count(), 1, "each transition is one arrow: {arrow}");
    }
    assert!(drawn.contains("send hello_retry_request") && drawn.contains("receive hello_retry_request"));
}
