//! `codec_roundtrip`: every message that is parsed and written again is unchanged. Every getter of an extension or key
//! survives any bytes.

use super::bytes::honest;
use super::end::pki;
use super::wire::{HEADER, records, written};
use countersign::Role;
use countersign::internals::asn1::Spki;
use countersign::internals::codec::{
    Alert, Certificate, CertificateRequest, CertificateVerify, CheckedExtensions, ClientHello, EncryptedExtensions,
    ExtensionType, Extensions, Finished, HandshakeType, KeyUpdate, MESSAGE_HEADER, Message, NewSessionTicket, Place,
    ServerHello, Writer,
};

/// The first byte is the message's type, the rest its body.
pub fn codec_roundtrip(data: &[u8]) {
    let Some((&typ, body)) = data.split_first() else { return };
    match HandshakeType(typ) {
        HandshakeType::CLIENT_HELLO => {
            if let Ok(hello) = ClientHello::parse(body) {
                same(body, &|w| hello.write(w));
                extensions(&hello.extensions);
            }
        }
        HandshakeType::SERVER_HELLO => {
            if let Ok(hello) = ServerHello::parse(body) {
                same(body, &|w| hello.write(w));
                assert!(!(hello.is_hello_retry_request() && hello.is_downgrade()));
                extensions(&hello.extensions);
            }
        }
        HandshakeType::ENCRYPTED_EXTENSIONS => {
            if let Ok(message) = EncryptedExtensions::parse(body) {
                same(body, &|w| message.write(w));
                extensions(&message.extensions);
            }
        }
        HandshakeType::CERTIFICATE_REQUEST => {
            if let Ok(message) = CertificateRequest::parse(body) {
                same(body, &|w| message.write(w));
                extensions(&message.extensions);
            }
        }
        HandshakeType::CERTIFICATE => {
            if let Ok(message) = Certificate::parse(body) {
                same(body, &|w| message.write(w));
                for entry in message.certificate_list.iter() {
                    assert!(!entry.cert_data.is_empty());
                    extensions(&entry.extensions);
                    let _ = Spki::of_certificate(entry.cert_data);
                }
            }
        }
        HandshakeType::CERTIFICATE_VERIFY => {
            if let Ok(message) = CertificateVerify::parse(body) {
                same(body, &|w| message.write(w));
            }
        }
        HandshakeType::FINISHED => {
            if let Ok(message) = Finished::parse(body) {
                same(body, &|w| message.write(w));
            }
        }
        HandshakeType::KEY_UPDATE => {
            if let Ok(message) = KeyUpdate::parse(body) {
                same(body, &|w| message.write(w));
            }
        }
        HandshakeType::NEW_SESSION_TICKET => {
            if let Ok(message) = NewSessionTicket::parse(body) {
                same(body, &|w| message.write(w));
                extensions(&message.extensions);
            }
        }
        // Other inputs: keys, an alert, and a stream of messages.
        HandshakeType(250) => {
            if let Ok(key) = Spki::of_certificate(body) {
                let again = Spki::from_der(key.raw).expect("a leaf's key stands by itself");
                assert_eq!(again.raw, key.raw);
            }
        }
        HandshakeType(251) => {
            if let Ok(key) = Spki::from_der(body) {
                assert_eq!(key.raw, body);
            }
        }
        HandshakeType(252) => {
            if let Ok(alert) = Alert::parse(body) {
                assert_eq!(alert.bytes(), body);
            }
        }
        _ => {
            let mut rest = body;
            while let Some((message, after)) = Message::split(rest) {
                assert_eq!(message.raw.len(), MESSAGE_HEADER + message.body.len());
                assert_eq!(message.raw.len() + after.len(), rest.len());
                rest = after;
            }
        }
    }
}

fn same(body: &[u8], write: &dyn Fn(&mut Writer<'_>)) {
    let again = written(write);
    let (message, rest) = Message::split(&again).expect("what is written is a whole message");
    assert_eq!(message.body, body, "what is written is what was read");
    assert!(rest.is_empty());
}

fn extensions(extensions: &Extensions<'_>) {
    for (position, extension) in extensions.iter().enumerate() {
        let first = extensions.iter().position(|each| each.extension_type == extension.extension_type);
        assert_eq!(first, Some(position), "no extension stands twice");
        assert_eq!(extensions.get(extension.extension_type), Some(extension.extension_data));
    }
    let _ = (extensions.supported_versions(), extensions.selected_version(), extensions.last());
    for place in [
        Place::ClientHello,
        Place::ServerHello,
        Place::HelloRetryRequest,
        Place::EncryptedExtensions,
        Place::CertificateRequest,
        Place::Certificate,
        Place::NewSessionTicket,
    ] {
        if let Ok(checked) = extensions.check(place) {
            what_is_checked_can_be_read(&checked, place);
        }
    }
}

/// For each extension that is present its getter returns a value.
fn what_is_checked_can_be_read(extensions: &CheckedExtensions<'_>, place: Place) {
    let there = |extension, getter: bool| assert_eq!(extensions.has(extension), getter, "{extension} in {place:?}");
    match place {
        Place::ClientHello => {
            there(ExtensionType::SERVER_NAME, extensions.server_name().is_some());
            there(ExtensionType::COOKIE, extensions.cookie().is_some());
            there(ExtensionType::PSK_KEY_EXCHANGE_MODES, extensions.psk_key_exchange_modes().is_some());
            there(ExtensionType::SUPPORTED_GROUPS, extensions.supported_groups().is_some());
            there(ExtensionType::SIGNATURE_ALGORITHMS, extensions.signature_algorithms().is_some());
            there(ExtensionType::SIGNATURE_ALGORITHMS_CERT, extensions.signature_algorithms_cert().is_some());
            there(ExtensionType::CERTIFICATE_AUTHORITIES, extensions.certificate_authorities().is_some());
            there(ExtensionType::CLIENT_CERTIFICATE_TYPE, extensions.client_certificate_types().is_some());
            there(ExtensionType::SERVER_CERTIFICATE_TYPE, extensions.server_certificate_types().is_some());
            there(ExtensionType::RECORD_SIZE_LIMIT, extensions.record_size_limit().is_some());
            there(ExtensionType::KEY_SHARE, extensions.client_shares().is_some());
            there(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, extensions.protocols().is_some());
            if let Some(schemes) = extensions.signature_algorithms() {
                assert_eq!(2 * schemes.iter().count(), schemes.raw().len());
            }
            if let Some(shares) = extensions.client_shares() {
                assert!(shares.iter().all(|share| !share.key_exchange.is_empty()));
            }
            if let Some(names) = extensions.protocols() {
                assert!(names.iter().all(|name| !name.0.is_empty()));
            }
            if let Some(names) = extensions.certificate_authorities() {
                assert!(names.iter().all(|name| !name.0.is_empty()));
            }
            if let Some(types) = extensions.client_certificate_types() {
                assert!(!types.is_empty());
            }
            let _ = (extensions.early_data(), extensions.status_request(), extensions.sct_request());
        }
        Place::ServerHello => there(ExtensionType::KEY_SHARE, extensions.server_share().is_some()),
        Place::HelloRetryRequest => {
            there(ExtensionType::KEY_SHARE, extensions.selected_group().is_some());
            there(ExtensionType::COOKIE, extensions.cookie().is_some());
        }
        Place::EncryptedExtensions => {
            there(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, extensions.selected_protocol().is_some());
            there(ExtensionType::CLIENT_CERTIFICATE_TYPE, extensions.client_certificate_type().is_some());
            there(ExtensionType::SERVER_CERTIFICATE_TYPE, extensions.server_certificate_type().is_some());
            there(ExtensionType::SUPPORTED_GROUPS, extensions.supported_groups().is_some());
            there(ExtensionType::RECORD_SIZE_LIMIT, extensions.record_size_limit().is_some());
            let _ = extensions.server_name_used();
        }
        Place::CertificateRequest | Place::ClientCertificateRequest => {
            there(ExtensionType::SIGNATURE_ALGORITHMS, extensions.signature_algorithms().is_some());
            there(ExtensionType::SIGNATURE_ALGORITHMS_CERT, extensions.signature_algorithms_cert().is_some());
            there(ExtensionType::CERTIFICATE_AUTHORITIES, extensions.certificate_authorities().is_some());
            let _ = (extensions.status_request_of_server(), extensions.sct_request());
        }
        Place::Certificate => {
            there(ExtensionType::STATUS_REQUEST, extensions.ocsp_response().is_some());
            there(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, extensions.sct_list().is_some());
        }
        Place::NewSessionTicket => there(ExtensionType::EARLY_DATA, extensions.max_early_data_size().is_some()),
    }
}

/// Every message of honest connections with null cryptography, and keys.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![[&[250], &pki().client.chain[0][..]].concat(), vec![252, 2, 40]];
    seeds.push([&[251], &pki().client.key.public_key()[..]].concat());
    for (role, number) in
        [(Role::Client, 0), (Role::Server, 0), (Role::Client, 1), (Role::Server, 1), (Role::Client, 2)]
    {
        let sent = honest(role, number);
        for record in records(&sent).0 {
            let mut rest = &record[HEADER..];
            while let Some((message, after)) = Message::split(rest) {
                seeds.push([&[message.typ.0], message.body].concat());
                rest = after;
            }
        }
    }
    seeds.sort();
    seeds.dedup();
    seeds
}
