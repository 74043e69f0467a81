//! Every byte has its field; what `codec` accepts is explained without a problem and with equal values; no bytes cause
//! a panic.

use crate::heard::{assert_tiled, handshake, study};
use countersign::internals::codec::{
    Certificate, CertificateRequest, CertificateVerify, ClientHello, EncryptedExtensions, Extensions, Finished,
    HandshakeType, KeyUpdate, Message, NewSessionTicket, Place, ServerHello,
};
use countersign::study::{Connection, Conversation, Field, KeyLog, Study, Text, explain, html, json, mermaid, text};
use countersign::{Policy, Role};
use proptest::prelude::*;

/// A message in plaintext records of one end.
fn said(from: Role, message: &[u8]) -> Conversation {
    let mut conversation = Conversation::new("");
    for piece in message.chunks(16_384) {
        let mut record = vec![22, 3, 3];
        record.extend(u16::to_be_bytes(piece.len() as u16));
        record.extend(piece);
        conversation.add(from, &record);
    }
    conversation
}

fn values(connection: &Connection, name: &str) -> Vec<Vec<u8>> {
    let of = |field: &countersign::study::Field| {
        connection.spaces[field.space].bytes[field.start..field.start + field.len].to_vec()
    };
    connection.fields.iter().filter(|field| field.name == name).map(of).collect()
}

/// A name, and the bytes of every field with this name.
type Values = (&'static str, Vec<Vec<u8>>);

/// `None`: `codec` refuses the message. Otherwise its values with the study's names.
fn accepted(message: &[u8]) -> Option<Vec<Values>> {
    let (Message { typ, body, .. }, []) = Message::split(message)? else { return None };
    let block = |extensions: &Extensions<'_>, place| extensions.check(place).is_ok().then_some(());
    let numbers = |list: Vec<u16>| list.into_iter().map(|number| number.to_be_bytes().to_vec()).collect();
    let types =
        |extensions: &Extensions<'_>| numbers(extensions.iter().map(|extension| extension.extension_type.0).collect());
    Some(match typ {
        HandshakeType::CLIENT_HELLO => {
            let hello = ClientHello::parse(body).ok()?;
            block(&hello.extensions, Place::ClientHello)?;
            vec![
                ("random", vec![hello.random.to_vec()]),
                ("legacy_session_id", vec![hello.legacy_session_id.to_vec()]),
                ("cipher_suite", numbers(hello.cipher_suites.iter().map(|suite| suite.0).collect())),
                ("extension_type", types(&hello.extensions)),
            ]
        }
        HandshakeType::SERVER_HELLO => {
            let hello = ServerHello::parse(body).ok()?;
            let retry = hello.is_hello_retry_request();
            block(&hello.extensions, if retry { Place::HelloRetryRequest } else { Place::ServerHello })?;
            vec![
                ("random", vec![hello.random.to_vec()]),
                ("cipher_suite", numbers(vec![hello.cipher_suite.0])),
                ("extension_type", types(&hello.extensions)),
            ]
        }
        HandshakeType::ENCRYPTED_EXTENSIONS => {
            let message = EncryptedExtensions::parse(body).ok()?;
            block(&message.extensions, Place::EncryptedExtensions)?;
            vec![("extension_type", types(&message.extensions))]
        }
        HandshakeType::CERTIFICATE_REQUEST => {
            let message = CertificateRequest::parse(body).ok()?;
            block(&message.extensions, Place::CertificateRequest)?;
            vec![("extension_type", types(&message.extensions))]
        }
        HandshakeType::CERTIFICATE => {
            let message = Certificate::parse(body).ok()?;
            let entries: Vec<_> = message.certificate_list.iter().collect();
            for entry in &entries {
                block(&entry.extensions, Place::Certificate)?;
            }
            vec![("cert_data", entries.iter().map(|entry| entry.cert_data.to_vec()).collect())]
        }
        HandshakeType::CERTIFICATE_VERIFY => {
            let message = CertificateVerify::parse(body).ok()?;
            vec![("signature", vec![message.signature.to_vec()]), ("algorithm", numbers(vec![message.algorithm.0]))]
        }
        HandshakeType::FINISHED => vec![("verify_data", vec![Finished::parse(body).ok()?.verify_data.to_vec()])],
        HandshakeType::NEW_SESSION_TICKET => {
            let message = NewSessionTicket::parse(body).ok()?;
            block(&message.extensions, Place::NewSessionTicket)?;
            vec![("ticket", vec![message.ticket.to_vec()])]
        }
        HandshakeType::KEY_UPDATE => {
            vec![("request_update", vec![vec![KeyUpdate::parse(body).ok()?.request_update.0]])]
        }
        _ => return None,
    })
}

/// What `codec` accepts is explained without a problem of grammar, and with the values of `codec`.
fn agrees(message: &[u8]) {
    let from = if message.first() == Some(&2) { Role::Server } else { Role::Client };
    let study = study(said(from, message), "");
    assert_tiled(&study);
    let connection = &study.connections[0];
    let Some(read) = accepted(message) else { return };
    for (name, expected) in read {
        assert_eq!(values(connection, name), expected, "{name} in {}", hex::encode(message));
    }
    let about_fields = connection.problems.iter().filter_map(|problem| Some((problem.field?, problem)));
    // `codec` does not check DER, nor the bodies of extensions that it does not use.
    let unread = ["cert_data", "renegotiation_info", "ec_point_formats", "pre_shared_key", "compress_certificate"];
    let inside = |mut field: usize| loop {
        match &connection.fields[field] {
            known if unread.contains(&&*known.name) => break true,
            Field { parent: Some(parent), .. } => field = *parent,
            _ => break false,
        }
    };
    let grammar: Vec<_> = about_fields.filter(|(field, _)| !inside(*field)).collect();
    assert!(grammar.is_empty(), "{grammar:?} in {}", hex::encode(message));
}

fn published() -> Vec<Vec<u8>> {
    let text = include_str!("../../vectors/codec/rfc8448-messages.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| hex::decode(line.rsplit(' ').next().unwrap()).unwrap()).collect()
}

#[test]
fn the_published_messages_are_explained_as_codec_reads_them() {
    for message in published() {
        assert!(accepted(&message).is_some(), "{}", hex::encode(&message));
        agrees(&message);
    }
}

/// All renderers accept any study.
fn render(study: &Study) {
    let empty = Text::new("", "");
    json::render(study);
    let lines = text::render(study, text::Language::Spanish);
    assert!(lines.chars().all(|c| c == '\n' || !c.is_control()), "a terminal obeys nothing that a peer says");
    for connection in &study.connections {
        html::render(connection, &empty, &empty);
        mermaid::render(connection);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Published messages with one changed byte, cut, or with additional bytes: `codec` and the study agree.
    #[test]
    fn changed_messages_are_explained_as_codec_reads_them(
        choice in 0..26_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(), how in 0..3
    ) {
        let all = published();
        let mut message = all[choice % all.len()].clone();
        match how {
            0 => { let at = at.index(message.len()); message[at] = byte; }
            1 => message.truncate(cut.index(message.len()) + 1),
            _ => { message.push(byte); if let Some(len) = message.get_mut(3) { *len = len.wrapping_add(1); } }
        }
        agrees(&message);
    }

    #[test]
    fn arbitrary_streams_are_tiled_and_rendered(
        client in prop::collection::vec(any::<u8>(), 0..300), server in prop::collection::vec(any::<u8>(), 0..300),
        log in prop::collection::vec(any::<u8>(), 0..200)
    ) {
        let study = explain(&[Conversation::of_streams("", &client, &server)], &KeyLog::parse(&log));
        assert_tiled(&study);
        render(&study);
    }

    #[test]
    fn arbitrary_messages_are_tiled(message_type in 0..26_u8, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut message = vec![message_type, 0, 0, body.len() as u8];
        message.extend(body);
        agrees(&message);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A real connection with one changed byte anywhere, and its real key log.
    #[test]
    fn a_changed_connection_is_tiled_and_rendered(at in any::<prop::sample::Index>(), byte in any::<u8>(), piece in 0..4_usize) {
        let (heard, log) = handshake(Policy::new(), Policy::new());
        let mut changed = Conversation::new("");
        for (number, (from, bytes)) in heard.pieces().enumerate() {
            let mut bytes = bytes.to_vec();
            if number == piece { let at = at.index(bytes.len()); bytes[at] = byte; }
            changed.add(from, &bytes);
        }
        let study = study(changed, &log);
        assert_tiled(&study);
        render(&study);
    }
}
