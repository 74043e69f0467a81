//! `explain`: the study with any capture and key log. Every byte belongs to one field, and every renderer escapes
//! everything.

use countersign::study::text::Language;
use countersign::study::{Conversation, KeyLog, Study, Text, capture, explain as study_of, html, json, mermaid, text};

/// The first byte selects a capture file with its embedded secrets, or two streams and a key log, whose lengths follow.
pub fn explain(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let study = if kind.is_multiple_of(2) {
        let Ok(capture) = capture::read(data) else { return };
        study_of(&capture.conversations, &KeyLog::parse(&capture.key_log))
    } else {
        let Some((lengths, data)) = data.split_first_chunk::<4>() else { return };
        let [a, b, c, d] = *lengths;
        let take = |data: &'_ [u8], length: [u8; 2]| usize::from(u16::from_be_bytes(length)).min(data.len());
        let (client, rest) = data.split_at(take(data, [a, b]));
        let (server, log) = rest.split_at(take(rest, [c, d]));
        study_of(&[Conversation::of_streams("", client, server)], &KeyLog::parse(log))
    };
    tiled(&study);
    rendered(&study);
}

fn tiled(study: &Study) {
    for connection in &study.connections {
        let mut is_leaf = vec![true; connection.fields.len()];
        for parent in connection.fields.iter().filter_map(|field| field.parent) {
            is_leaf[parent] = false;
        }
        let mut leaves: Vec<_> = (connection.fields.iter().zip(is_leaf))
            .filter(|(field, is_leaf)| *is_leaf && field.len > 0)
            .map(|(field, _)| (field.space, field.start, field.len))
            .collect();
        leaves.sort_unstable();
        let mut ends = vec![0; connection.spaces.len()];
        for (space, start, len) in leaves {
            assert_eq!(ends[space], start, "a byte of space {space} belongs to no field, or to two");
            ends[space] += len;
        }
        let lengths: Vec<_> = connection.spaces.iter().map(|space| space.bytes.len()).collect();
        assert_eq!(ends, lengths);
    }
}

fn rendered(study: &Study) {
    let json = json::render(study);
    assert!(!json.contains(['<', '>', '&']) && !json.chars().any(char::is_control));
    let text = text::render(study, Language::English);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    let nothing = Text::new("", "");
    for connection in &study.connections {
        let page = html::render(connection, &nothing, &nothing);
        assert!(page.len() <= html::MAX_PAGE, "a page of {} bytes", page.len());
        assert_eq!(page.matches("<script").count(), 2);
        mermaid::render(connection);
    }
}

/// A real handshake of two ends (in fuzz/seeds, with its secrets), and simpler inputs.
pub fn seeds() -> Vec<Vec<u8>> {
    let streams = |client: &[u8], server: &[u8], log: &[u8]| {
        let length = |bytes: &[u8]| (bytes.len() as u16).to_be_bytes();
        [&[1][..], &length(client), &length(server), client, server, log].concat()
    };
    let log = [b"CLIENT_RANDOM ".as_slice(), &[b'0'; 64], b" 00\n# a comment\nno line"].concat();
    let capture = capture::pcapng(&Conversation::of_streams("", &[22, 3, 1, 0, 1, 1], &[21, 3, 3, 0, 2, 2, 40]), "");
    vec![
        streams(&[22, 3, 1, 0, 5, 1, 0, 0, 1, 3], &[21, 3, 3, 0, 2, 2, 40], &log),
        streams(&[23, 3, 3, 0, 17], b"HTTP/1.1 200", b""),
        [&[0][..], &capture].concat(),
    ]
}
