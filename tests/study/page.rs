//! The page: self-contained, bounded, and safe whatever a peer says.

use crate::heard::{handshake, study};
use countersign::Policy;
use countersign::study::{Conversation, KeyLog, Text, explain, html, json};

const TITLE: Text = Text::new("A title", "Un título");

fn page(conversation: Conversation, log: &str) -> String {
    html::render(&study(conversation, log).connections[0], &TITLE, &TITLE)
}

#[test]
fn a_page_names_no_other_resource_and_allows_none() {
    let (conversation, log) = handshake(Policy::new(), Policy::new());
    let page = page(conversation, &log);
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    for word in ["http://", "https://", " src=", "url(", "@import", "fetch(", "XMLHttpRequest", "eval(", "innerHTML"] {
        assert!(!page.contains(word), "{word}");
    }
}

/// A host name full of markup: as JSON in HTML, and nowhere as markup.
#[test]
fn what_a_peer_says_is_never_markup() {
    let mut hello = vec![0x03, 0x03];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
    let name = b"</script><img src=x onerror=alert(1)>&\x1b[31m\xe2\x80\xae";
    let mut extension = vec![0, 0];
    extension.extend(u16::to_be_bytes(name.len() as u16 + 5));
    extension.extend(u16::to_be_bytes(name.len() as u16 + 3));
    extension.push(0);
    extension.extend(u16::to_be_bytes(name.len() as u16));
    extension.extend(name);
    hello.extend(u16::to_be_bytes(extension.len() as u16));
    hello.extend(extension);
    let mut message = vec![1, 0];
    message.extend(u16::to_be_bytes(hello.len() as u16));
    message.extend(hello);
    let mut record = vec![22, 3, 1];
    record.extend(u16::to_be_bytes(message.len() as u16));
    record.extend(message);
    let conversation = || Conversation::of_streams("<b>\u{1b}", &record, &[]);
    let page = page(conversation(), "");
    assert!(page.contains("onerror"), "the name is shown");
    assert!(!page.contains("<img") && !page.contains("\u{1b}") && !page.contains("<b>"));
    assert_eq!(page.matches("</script>").count(), 2, "the data's own end and the script's own end");
    let json = json::render(&study(conversation(), ""));
    assert!(!json.contains(|c: char| c.is_control() || c == '\u{202e}' || c == '<'), "escaped in JSON, too");
}

#[test]
fn a_page_is_bounded_however_long_the_conversation() {
    let mut conversation = Conversation::new("long");
    let (hello, _) = handshake(Policy::new(), Policy::new());
    for (from, bytes) in hello.pieces() {
        conversation.add(from, bytes);
    }
    for number in 0..2000_u32 {
        let mut record = vec![23, 3, 3, 0x40, 0x11];
        record.extend(std::iter::repeat_n(number as u8, 0x4011));
        conversation.add(countersign::Role::Client, &record);
    }
    let study = explain(&[conversation], &KeyLog::parse(b""));
    let page = html::render(&study.connections[0], &TITLE, &TITLE);
    assert!(page.len() <= html::MAX_PAGE, "{}", page.len());
    assert!(page.contains("later records are left out"));
}

#[test]
fn an_ordinary_handshake_fits_whole() {
    let (conversation, log) = handshake(Policy::new(), Policy::new());
    let page = page(conversation, &log);
    assert!(page.len() < html::MAX_PAGE / 2 && !page.contains("later records are left out"), "{}", page.len());
}
