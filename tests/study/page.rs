//! The page is self-contained, has a limited size, and is safe for any bytes of a peer.

use crate::end::End;
use crate::heard::{handshake, key_log, study, talk};
use crate::identity::Pki;
use countersign::study::{Conversation, KeyLog, Text, explain, html, json};
use countersign::{Policy, Role};

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

/// A host name with markup appears as JSON in HTML, and never as markup.
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
        conversation.add(Role::Client, &record);
    }
    let study = explain(&[conversation], &KeyLog::parse(b""));
    let page = html::render(&study.connections[0], &TITLE, &TITLE);
    assert!(page.len() <= html::MAX_PAGE, "{}", page.len());
    assert!(page.contains("later records are left out"));
}

/// Also if something follows that is no record.
#[test]
fn a_page_is_bounded_however_many_the_records() {
    for rest in [&b""[..], &[21, 3, 3], b"no TLS"] {
        let mut bytes = [21, 3, 3, 0, 2, 1, 90].repeat(20_000);
        bytes.extend(rest);
        let page = page(Conversation::of_streams("alerts", &bytes, &[]), "");
        assert!(page.len() <= html::MAX_PAGE, "{} with {rest:?}", page.len());
        assert!(page.contains("later records are left out"));
    }
}

/// Each has its plaintext, and fields in it.
#[test]
fn a_page_is_bounded_however_many_the_opened_records() {
    let pki = Pki::new();
    let issued = |name| pki.issue(name, &rcgen::PKCS_ED25519);
    let (client_is, server_is) = (issued("client.test"), issued("server.test"));
    let mut ends =
        [End::new(Role::Client, Policy::new(), &client_is), End::new(Role::Server, Policy::new(), &server_is)];
    let mut heard = Conversation::new("long");
    talk(&mut ends, &mut heard);
    let mut session = ends[0].hs.finish().unwrap();
    for _ in 0..10_000 {
        session.write(b"?", &mut ends[0].tx).unwrap();
        heard.add(Role::Client, &ends[0].sends());
    }
    let page = page(heard, &key_log(&ends));
    assert!(page.len() <= html::MAX_PAGE, "{}", page.len());
    assert!(page.contains("later records are left out"));
}

/// Four bytes each, in two full records, and as what a hash of the transcript is made of.
#[test]
fn a_page_is_bounded_however_many_the_messages() {
    let (conversation, _) = handshake(Policy::new(), Policy::new());
    let [(_, hello), (_, answer)] = [0, 1].map(|place| conversation.pieces().nth(place).unwrap());
    let junk = [&[22, 3, 3, 0x40, 0][..], &[2, 0, 0, 0].repeat(4096)].concat().repeat(2);
    let conversation = Conversation::of_streams("messages", hello, &[&junk, answer].concat());
    let page = page(conversation, "");
    assert!(page.len() <= html::MAX_PAGE, "{}", page.len());
    let said = page.split("this page would be too long: ").nth(1).and_then(|rest| rest.split(" messages").next());
    assert_eq!(said, Some("0 later records are left out, 7994"), "all but 200");
}

#[test]
fn an_ordinary_handshake_fits_whole() {
    let (conversation, log) = handshake(Policy::new(), Policy::new());
    let page = page(conversation, &log);
    assert!(page.len() < html::MAX_PAGE / 2 && !page.contains("later records are left out"), "{}", page.len());
}

/// Names of 2,000 bytes with markup in a certificate: on the page, in its heading, in an index.
#[test]
fn a_page_is_bounded_however_long_the_names() {
    let name: String = "<b onclick=alert(1)>".repeat(100);
    let mut params =
        rcgen::CertificateParams::new(vec![format!("{}.test", vec!["a".repeat(60); 33].join("."))]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name.clone());
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "\u{202e}".repeat(3));
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let der = certificate.der();
    let size = |len: usize| u32::to_be_bytes(len as u32)[1..].to_vec();
    let message = [&[0][..], &size(der.len() + 5), &size(der.len()), der, &[0, 0]].concat();
    let message = [&[11][..], &size(message.len()), &message].concat();
    let record = [&[22, 3, 3][..], &u16::to_be_bytes(message.len() as u16), &message].concat();
    let study = study(Conversation::of_streams("", &[], &record), "");
    let connection = &study.connections[0];
    let said = connection.summary.iter().find(|fact| fact.name == "server").unwrap().value.clone();
    assert!(said.len() >= 2000, "{said}");
    let text = Text { en: said.clone().into(), es: said.into() };
    let page = html::render(connection, &text, &text);
    assert!(page.len() < html::MAX_PAGE / 2, "{}", page.len());
    let index = html::index(&text, &text, &[("a.html".into(), text.clone(), text.clone())]);
    assert!(index.len() < 20_000, "{}", index.len());
    for page in [page, index] {
        assert!(!page.contains("<b ") && page.contains("onclick") && !page.contains('\u{202e}'));
    }
}
