//! The lines for a terminal.

use crate::heard::{fixed, study};
use countersign::study::text::{self, Language};
use countersign::study::{Conversation, Study, Value};
use countersign::{Policy, Verdict};

/// A ServerHello with an extension that nobody knows, of this length; and a key log with a line that cannot be read.
fn hello(len: u16) -> Study {
    let extension = [&[0x2a, 0x2b][..], &len.to_be_bytes(), &vec![0xee; len.into()]].concat();
    let extensions = [&[0, 43, 0, 2, 3, 4][..], &extension].concat();
    let fixed = [&[3, 3][..], &[7; 32], &[0, 0x13, 1, 0]].concat();
    let body = [&fixed[..], &(extensions.len() as u16).to_be_bytes(), &extensions].concat();
    let message = [&[2, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    let record = [&[22, 3, 3][..], &(message.len() as u16).to_be_bytes(), &message].concat();
    study(Conversation::of_streams("a\u{1b}b", &[], &record), "?")
}

#[test]
fn a_connection_is_rendered_line_by_line() {
    let mut study = hello(9);
    let connection = &mut study.connections[0];
    connection.secrets.truncate(2);
    connection.secrets[0].value = Value::Known(vec![0xab; 3]);
    connection.hashes.clear();
    connection.checks.truncate(3);
    for (check, ok) in connection.checks.iter_mut().zip([None, Some(true), Some(false)]) {
        check.ok = ok;
    }
    let head = "\
! line 1 of the key log is not `label client_random secret` in hex

=== a\\u{1b}b
Version                      TLS 1.3 (0x0304)
Cipher suite                 TLS_AES_128_GCM_SHA256 (0x1301)

◀── server: server_hello (68 bytes, plaintext)
      0                             record = handshake
      0  16                           type = handshake (22)
      1  03 03                        legacy_record_version = TLS 1.2 (0x0303)
      3  00 3f                        fragment length = 63
      5  02 00 00 3b 03 03 07 07      fragment = 0200003b0303\
0707070707070707070707070707070707070707070707070707070707070707001301000013002b000203042a2b0009eeeeeeeeeeeeeeeeee
     13  07 07 07 07 07 07 07 07
     21  07 07 07 07 07 07 07 07
     29  07 07 07 07 07 07 07 07
     37  07 07 07 07 07 07 00 13
     45  01 00 00 13 00 2b 00 02
     53  03 04 2a 2b 00 09 ee ee
     61  ee ee ee ee ee ee ee
";
    let message = "      0                             server_hello = 63 bytes
      0  02                           msg_type = server_hello (2)
      1  00 00 3b                     message length = 59
      4  03 03                        legacy_version = TLS 1.2 (0x0303)
      6  07 07 07 07 07 07 07 07      random = 0707070707070707070707070707070707070707070707070707070707070707
     14  07 07 07 07 07 07 07 07
     22  07 07 07 07 07 07 07 07
     30  07 07 07 07 07 07 07 07
     38  00                           legacy_session_id_echo length = 0
     39                               legacy_session_id_echo
     39  13 01                        cipher_suite = TLS_AES_128_GCM_SHA256 (0x1301)
     41  00                           legacy_compression_method = null (0x00)
     42  00 13                        extensions length = 19
     44                               extensions = 2
     44                                 supported_versions = TLS 1.3 (0x0304)
     44  00 2b                            extension_type = supported_versions (0x002b)
     46  00 02                            extension_data length = 2
     48  03 04                            selected_version = TLS 1.3 (0x0304)
     50                                 unknown_extension = eeeeeeeeeeeeeeeeee
     50  2a 2b                            extension_type = unknown_extension (0x2a2b)
     52  00 09                            extension_data length = 9
     54  ee ee ee ee ee ee ee ee          extension_data = eeeeeeeeeeeeeeeeee
     62  ee
";
    let tail = "
--- secrets
client_private_key [live]
    = random
    = ababab
server_private_key [live]
    = random
    = (missing) needs a private key share; a capture and a key log do not hold it

--- proofs
server CertificateVerify: not known
    verify(public key, signed content, signature)
server Finished: holds
    HMAC(server_finished_key, ?)
client CertificateVerify: DOES NOT HOLD
    verify(public key, signed content, signature)

--- what is wrong or missing
! there is no ClientHello: this is not TLS, or the capture began too late
";
    assert_eq!(text::render(&study, Language::English), [head, message, tail].concat());

    // A message by itself is not indented.
    let connection = &study.connections[0];
    let outdent = |line: &str| match line.get(36..) {
        Some(rest) => format!("{}{rest}\n", &line[..34]),
        None => format!("{line}\n"),
    };
    let out: String = message.lines().map(outdent).collect();
    assert_eq!(text::message(connection, &connection.messages[0]), out);

    let spanish = text::render(&study, Language::Spanish);
    for line in [
        "! la línea 1 del registro de claves no es `label client_random secret` en hexadecimal",
        "Versión                      TLS 1.3 (0x0304)",
        "--- secretos",
        "    = (falta) necesita la mitad privada de una clave; ni la captura ni el registro de claves la contienen",
        "--- pruebas",
        "server CertificateVerify: no se sabe",
        "server Finished: correcto",
        "client CertificateVerify: NO ES CORRECTO",
        "--- lo que falla o falta",
        "! no hay ClientHello: esto no es TLS, o la captura empezó demasiado tarde",
    ] {
        assert!(spanish.lines().any(|each| each == line), "{line}: {spanish}");
    }
}

#[test]
fn of_a_long_field_256_bytes_are_shown() {
    for (len, lines, more) in [(8, 0, None), (9, 1, None), (256, 31, None), (257, 31, Some("         ... 1 bytes"))] {
        let study = hello(len);
        let rendered = text::message(&study.connections[0], &study.connections[0].messages[0]);
        let mut rendered = rendered.lines().skip_while(|line| !line.contains("  extension_data = ee")).skip(1);
        let below = rendered.by_ref().take_while(|line| line.trim_start().contains("  ee")).count();
        assert_eq!(below, lines, "{len}");
        let rendered = text::message(&study.connections[0], &study.connections[0].messages[0]);
        assert_eq!(rendered.lines().find(|line| line.contains("...") && line.starts_with("         ")), more);
    }
}

#[test]
fn an_opened_record_is_rendered_with_its_plaintext() {
    let policy = || Policy::new().published_key_exchange();
    let study = fixed(policy(), policy(), Verdict::Accept);
    let rendered = text::render(&study, Language::English);
    let alert = rendered.split("──▶ client: close_notify (0x00) (24 bytes, application)\n").nth(1).unwrap();
    let shown: Vec<_> =
        alert.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.get(36..).map(str::trim)).collect();
    let sealed =
        ["record = application_data", "type = application_data (23)", "legacy_record_version = TLS 1.2 (0x0303)"];
    assert_eq!(shown[..3], sealed);
    let opened = ["alert = close_notify (0x00)", "level = warning (0x01)", "description = close_notify (0x00)"];
    assert_eq!(shown[shown.len() - 4..], [opened[0], opened[1], opened[2], "inner_type = alert (21)"]);
    assert!(rendered.ends_with("--- what is wrong or missing\nnothing\n"));
    assert!(!rendered.contains("not opened") && rendered.contains("◀── server: server_hello ("));
}
