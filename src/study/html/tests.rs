//! What a page shows of a connection that is too long for it.
use super::super::model::{Input, Keys, Level, Message, Record, Space, SpaceKind};
use super::*;
use crate::Role;
use alloc::vec;

const TEXT: Text = Text::new("", "");

/// Two streams of zeros, of a client and a server.
fn connection() -> Connection {
    let stream = |sender| Space { kind: SpaceKind::Stream, sender, bytes: vec![0; 10_000] };
    Connection {
        label: String::new(),
        client_random: None,
        level: Level::Capture,
        summary: Vec::new(),
        spaces: vec![stream(Role::Client), stream(Role::Server)],
        records: Vec::new(),
        messages: Vec::new(),
        fields: Vec::new(),
        hashes: Vec::new(),
        secrets: Vec::new(),
        checks: Vec::new(),
        problems: Vec::new(),
    }
}

fn field(parent: Option<usize>, space: usize, start: usize, len: usize, name: &'static str) -> Field {
    Field { parent, space, start, len, name: name.into(), value: String::new(), text: TEXT, rfc: "" }
}

/// A record in the client's stream.
fn record(start: usize, len: usize, content_type: Option<u8>) -> Record {
    Record {
        sender: Role::Client,
        space: 0,
        start,
        len,
        outer_type: 23,
        content_type,
        keys: Keys::Plaintext,
        sequence_number: None,
        nonce: None,
        plaintext: None,
        unopened: None,
        messages: Vec::new(),
        title: String::new(),
    }
}

fn message(space: usize, start: usize, len: usize, field: usize) -> Message {
    let (sender, keys) = (Role::Client, Keys::Plaintext);
    Message { sender, name: String::new(), keys, space, start, len, field, complete: true, retry: false }
}

/// Where the parts of each space begin, and their lengths.
fn parts_of(connection: &Connection, detail: &Detail) -> Vec<(usize, Vec<(usize, usize)>)> {
    let all = parts(connection, &spaces_shown(connection, connection), detail);
    let number = |json: &Json| if let Json::Number(number) = json { *number } else { panic!("a number") };
    let list = |json: Json| if let Json::List(list) = json { list } else { panic!("a list") };
    let space = |json: Json| {
        let mut pair = list(json);
        let (Some(Json::Object(mut members)), id) = (pair.pop(), number(&pair[0])) else { panic!("an object") };
        let (name, parts) = members.pop().unwrap();
        assert_eq!(name, "parts");
        let part = |json| match &list(json)[..] {
            [from, Json::Text(hex)] => (number(from), hex.len() / 2),
            _ => panic!("a part"),
        };
        (id, list(parts).into_iter().map(part).collect())
    };
    all.into_iter().map(space).collect()
}

fn fields_of(connection: &Connection, detail: &Detail) -> Vec<usize> {
    let spaces = spaces_shown(connection, connection);
    fields_shown(connection, &spaces, detail).into_iter().map(|(id, _)| id).collect()
}

/// A page shows 256 bytes of the data of a record, and of what is no record. Of other things it shows everything, or so
/// much as its detail says. Beyond that it shows 64 bytes.
#[test]
fn of_what_is_too_long_a_page_shows_the_first_64_bytes() {
    let [whole, less, .., least] = &DETAILS;
    for (name, content_type, start, detail, limit) in [
        ("application_data", Some(23), 5, whole, 256),
        ("encrypted_record", Some(23), 5, whole, 256),
        ("encrypted_record", None, 5, whole, 256),
        ("encrypted_record", Some(22), 5, less, 4096),
        ("encrypted_record", Some(23), 6, less, 4096),
        ("not_tls", Some(23), 5, whole, 256),
        ("not_tls", Some(23), 5, least, 64),
        ("cut", Some(23), 5, less, 4096),
        ("key_exchange", Some(23), 5, less, 4096),
        ("key_exchange", Some(23), 5, least, 64),
    ] {
        for len in [limit - 1, limit, limit + 1] {
            let mut connection = connection();
            connection.records.push(record(0, len + 5, content_type));
            connection.fields.push(field(None, 0, start, len, name));
            let after = start + len;
            let parts = if len > limit { vec![(0, start + 64), (after, 10_000 - after)] } else { vec![(0, 10_000)] };
            let expected = vec![(0, parts), (1, vec![(0, 10_000)])];
            assert_eq!(parts_of(&connection, detail), expected, "{name} {content_type:?} {len}");
        }
    }
}

#[test]
fn a_page_without_all_records_has_the_bytes_and_fields_of_those_that_it_shows() {
    let mut whole = connection();
    let opened = |bytes| Space { kind: SpaceKind::Plaintext, sender: Role::Client, bytes };
    whole.spaces.extend([opened(vec![0; 20]), opened(vec![0; 20])]);
    whole.records.extend([record(0, 100, Some(22)), record(100, 50, Some(22))]);
    whole.records[0].plaintext = Some(2);
    whole.records[1].plaintext = Some(3);
    whole.fields = vec![
        field(None, 0, 0, 100, "record"),
        field(Some(0), 0, 100, 0, "an empty list at its end"),
        field(None, 0, 100, 50, "record"),
        field(None, 0, 150, 9850, "cut"),
        field(None, 1, 0, 10_000, "not_tls"),
        field(None, 2, 0, 20, "content"),
        field(None, 3, 0, 20, "content"),
    ];
    assert_eq!(fields_of(&whole, &WHOLE), [0, 1, 2, 3, 4, 5, 6]);
    let mut shown = whole.clone();
    shown.records.truncate(1);
    let spaces = spaces_shown(&whole, &shown);
    let fields: Vec<usize> = fields_shown(&shown, &spaces, &WHOLE).into_iter().map(|(id, _)| id).collect();
    assert_eq!(fields, [0, 1, 5], "not the other record, nor what follows it, nor the other end's bytes");
    assert_eq!(spaces, BTreeMap::from([(0, 100), (2, usize::MAX)]));
}

/// A long message is shown with its type and length only.
#[test]
fn a_message_that_is_too_long_is_not_divided() {
    let least = &DETAILS[5];
    for (len, expected) in [(128, vec![0, 1, 2, 3, 4, 5, 6, 7]), (129, vec![0, 1, 2, 6, 7])] {
        let mut connection = connection();
        connection.records.push(record(0, 500, Some(22)));
        connection.messages.push(message(0, 10, len, 0));
        connection.fields = vec![
            field(None, 0, 10, len, "message"),
            field(Some(0), 0, 10, 1, "msg_type"),
            field(Some(0), 0, 11, 3, "length"),
            field(Some(0), 0, 14, len - 4, "body"),
            field(Some(3), 0, 14, 2, "version"),
            field(Some(4), 0, 14, 1, "major"),
            field(None, 1, 14, 2, "in another space"),
            field(None, 0, 10 + len, 5, "what follows"),
        ];
        assert_eq!(fields_of(&connection, least), expected);
        assert_eq!(fields_of(&connection, &WHOLE), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}

/// The lists of the last detail, and the sentence that says how much of them is left out.
#[test]
fn a_page_says_what_it_leaves_out() {
    let derived = || super::super::model::Derived {
        name: String::new(),
        formula: String::new(),
        inputs: vec![Input::Named(String::new()); 31],
        value: Value::Known(vec![0; 48]),
        level: Level::Capture,
        text: TEXT,
        rfc: "",
    };
    let check = |len| super::super::model::Check {
        name: String::new(),
        expected: Value::Known(vec![0; 256]),
        got: Value::Known(vec![0; len]),
        ok: Some(true),
        inputs: vec![Input::Named(String::new()); 31],
        formula: String::new(),
        level: Level::Capture,
        text: TEXT,
        rfc: "",
    };
    let last = &DETAILS[5];
    let mut connection = connection();
    connection.label = "x".repeat(301);
    for number in 0..10 {
        connection.records.push(record(100 * number, 100, Some(22)));
        connection.records[number].title = "x".repeat(301);
    }
    for number in 0..8 {
        connection.messages.push(message(0, 10 * number, 10, 0));
        connection.records[number].messages.push(number);
    }
    connection.problems = vec![Problem { field: None, text: Text::made("x".repeat(301), "y".repeat(300)) }; 30];
    connection.checks = vec![check(256); 7];
    connection.hashes = vec![derived(); 31];
    connection.secrets = vec![derived(); 31];

    let page = shown(&connection, last);
    assert_eq!([page.records.len(), page.messages.len(), page.problems.len(), page.checks.len()], [10, 8, 31, 7]);
    assert!(shown(&connection, &WHOLE).problems.len() == 30, "a page with everything says nothing of that kind");
    assert_eq!(
        [page.hashes.len(), page.secrets.len(), page.hashes[0].inputs.len(), page.checks[0].inputs.len()],
        [30; 4]
    );
    for cut in [&page.label, &page.records[9].title, &*page.problems[0].text.en] {
        assert_eq!(*cut, "x".repeat(300) + "...");
    }
    assert_eq!(page.problems[0].text.es, "y".repeat(300));
    assert_eq!(page.checks[0].got, Value::Known(vec![0; 256]));

    let said = |connection: &Connection| {
        let page = shown(connection, last);
        let text = page.problems.last().unwrap().text.en.to_string();
        let text =
            text.strip_prefix("this page would be too long: ").unwrap().replace(" later records are left out", "");
        text.strip_suffix(", and details of long ones; --json has everything").unwrap().to_string()
    };
    // One secret, one hash, and inputs of each: also if nothing else is missing, it is said.
    assert_eq!(said(&connection), "0, 0 messages, 0 problems, 0 proofs, 2 secrets and hashes");
    connection.messages.push(message(0, 200, 10, 0));
    connection.records[9].messages.push(8);
    assert_eq!(said(&connection), "0, 1 messages, 0 problems, 0 proofs, 2 secrets and hashes");
    connection.checks.push(check(257));
    assert_eq!(said(&connection), "0, 1 messages, 0 problems, 1 proofs, 2 secrets and hashes");
    connection.records.push(record(1000, 100, Some(22)));
    connection.problems.push(connection.problems[0].clone());
    assert_eq!(said(&connection), "1, 1 messages, 1 problems, 1 proofs, 2 secrets and hashes");
    let page = shown(&connection, last);
    assert!(page.records[9].messages.is_empty(), "of what is left out nothing is said");
    assert!(page.messages.iter().zip(&connection.messages).all(|(here, there)| here.start == there.start));

    // A message that begins in a later record goes with it, even if there is room.
    connection.messages.truncate(8);
    connection.records[9].messages.clear();
    let seventh = connection.records[7].messages.pop().unwrap();
    connection.records[10].messages.push(seventh);
    assert_eq!(shown(&connection, last).messages.len(), 7);
    connection.checks = vec![check(257)];
    let page = shown(&connection, last);
    let Value::Missing(text) = &page.checks[0].got else { panic!("257 bytes") };
    assert_eq!(text.en, "257 bytes, which are too long for this page");
    assert_eq!(page.checks[0].expected, connection.checks[0].expected);
}

/// The digests of the standard (FIPS 180-4) for the empty text and "abc", in Base64.
#[test]
fn a_source_is_named_by_its_hash() {
    assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert_eq!(hash("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

#[test]
fn text_is_escaped() {
    assert_eq!(escape("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c&#39;");
}
