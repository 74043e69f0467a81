//! What was seen, in words.

use countersign::adversary::run::{End, Outcome};

pub(crate) fn end(outcome: &Outcome) -> String {
    let how = match outcome.end {
        End::Alert(epoch, alert) => format!("alert {alert} ({})", under(epoch)),
        End::Closed => "closed without an alert".into(),
        End::Reset => "connection reset, no alert".into(),
        End::Silent => "said nothing more".into(),
        End::Answered => format!("answered {:?}", beginning(&outcome.answer)),
        End::Trouble(trouble) => trouble.to_string(),
        End::Left => "we closed".into(),
    };
    match outcome.unasked.is_empty() {
        true => how,
        false => format!("{how}; unasked it said {:?}", beginning(&outcome.unasked)),
    }
}

/// The same, where it was not seen on the first connection of a command, or not under TLS.
pub(crate) fn of_connection(number: usize, plaintext: bool, outcome: &Outcome) -> String {
    let end = if plaintext { format!("in plaintext it {}", end(outcome)) } else { end(outcome) };
    match number {
        0 | 1 => end,
        2 => format!("on its second connection: {end}"),
        3 => format!("on its third connection: {end}"),
        _ => format!("on its {number}th connection: {end}"),
    }
}

fn under(epoch: countersign::Epoch) -> &'static str {
    match epoch {
        countersign::Epoch::Plaintext => "in plaintext",
        countersign::Epoch::Handshake => "under its handshake key",
        countersign::Epoch::Application => "under its application key",
    }
}

/// The first line, or what there is of it.
pub(crate) fn beginning(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    text.lines().next().unwrap_or_default().chars().take(60).collect()
}

/// For XML and for JSON.
pub(crate) fn escaped(text: &str, table: &[(char, &str)]) -> String {
    text.chars()
        .map(|letter| match table.iter().find(|(from, _)| *from == letter) {
            Some((_, to)) => (*to).to_string(),
            None if letter.is_control() => " ".to_string(),
            None => letter.to_string(),
        })
        .collect()
}
