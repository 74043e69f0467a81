//! The table of §4.3: which extensions a message may have, and the form of their bodies there.

use crate::codec_extensions::{PLACES, block, hex};
use ExtensionType as Ext;
use countersign::internals::codec::*;

/// The table as in RFC 9846 §4.3, for the extensions that this crate knows. The last two are from RFC 8446.
const TABLE: &str = "
    server_name | CH, EE, CR
    status_request | CH, CR, CT
    supported_groups | CH, EE
    signature_algorithms | CH, CR
    use_srtp | CH, EE
    heartbeat | CH, EE
    application_layer_protocol_negotiation | CH, EE
    client_certificate_type | CH, EE
    server_certificate_type | CH, EE
    padding | CH
    compress_certificate | CH, CR
    record_size_limit | CH, EE
    pre_shared_key | CH, SH
    early_data | CH, EE, NST
    supported_versions | CH, SH, HRR
    cookie | CH, HRR
    psk_key_exchange_modes | CH
    certificate_authorities | CH, CR
    oid_filters | CR
    post_handshake_auth | CH
    signature_algorithms_cert | CH, CR
    key_share | CH, SH, HRR
    quic_transport_parameters | CH, EE
    max_fragment_length | CH, EE
    signed_certificate_timestamp | CH, CR, CT";

#[test]
fn extensions_may_stand_where_the_rfc_says_and_nowhere_else() {
    let mut known = 0;
    for typ in (0..=u16::MAX).map(ExtensionType) {
        let row = typ.name().map(|name| {
            let mut rows = TABLE.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
            rows.find(|row| row[0] == name).expect("every named extension has a row")[1]
        });
        for (place, short) in PLACES {
            let expected = row.map(|places| places.split(", ").any(|each| each == short));
            assert_eq!(may_stand(typ, place), expected, "{typ} in {place:?}");
        }
        // A client's authenticator request may have the extensions of CR (RFC 9261 §4).
        assert_eq!(may_stand(typ, Place::ClientCertificateRequest), may_stand(typ, Place::CertificateRequest), "{typ}");
        known += usize::from(row.is_some());
    }
    assert_eq!(known, EXTENSION_TABLE.len());
    assert!(EXTENSION_TABLE.is_sorted_by_key(|(typ, _)| *typ));
}

#[test]
fn the_first_forbidden_extension_is_named_and_unknown_ones_are_not() {
    // cookie, an unknown one, oid_filters, key_share: every body is malformed
    let raw = hex("002c0000 fafa0000 00300000 00330000");
    let extensions = Extensions::parse(&raw).unwrap();
    let forbidden = |extension| Err(BadExtension::Forbidden { extension });
    assert_eq!(extensions.check(Place::ClientHello), forbidden(Ext::OID_FILTERS));
    assert_eq!(extensions.check(Place::EncryptedExtensions), forbidden(Ext::COOKIE));
    assert_eq!(extensions.check(Place::HelloRetryRequest), forbidden(Ext::OID_FILTERS));
    let unknown = hex("fafa0000");
    assert!(Extensions::parse(&unknown).unwrap().check(Place::Certificate).is_ok());
}

#[test]
fn the_first_malformed_extension_is_named_with_what_is_wrong() {
    // server_name and key_share, both empty
    let raw = hex("00000000 00330000");
    let malformed = BadExtension::Malformed { extension: Ext::SERVER_NAME, what: Malformed::Truncated };
    assert_eq!(Extensions::parse(&raw).unwrap().check(Place::ClientHello), Err(malformed));
    assert_eq!(malformed.to_string(), format!("malformed extension server_name: {}", Malformed::Truncated));
}

/// RFC 9846 §4, RFC 9261 §4: an error about an extension names its message.
#[test]
fn each_column_of_the_table_is_a_message() {
    let types = PLACES.map(|(place, short)| (short, place.message().0));
    assert_eq!(types, [("CH", 1), ("SH", 2), ("HRR", 2), ("EE", 8), ("CR", 13), ("CT", 11), ("NST", 4)]);
    assert_eq!(Place::ClientCertificateRequest.message().0, 17);
}

/// The message decides the form of a body. Bodies that we do not use are not checked.
#[test]
fn a_body_is_what_it_must_be_in_its_place() {
    let check = |typ, body: &[u8], place| Extensions::parse(&block(typ, body)).unwrap().check(place).is_ok();
    for (typ, body, place, legal) in [
        (Ext::EARLY_DATA, &[][..], Place::ClientHello, true),
        (Ext::EARLY_DATA, &[], Place::NewSessionTicket, false),
        (Ext::EARLY_DATA, &[0; 4], Place::NewSessionTicket, true),
        (Ext::EARLY_DATA, &[0; 4], Place::EncryptedExtensions, false),
        (Ext::STATUS_REQUEST, &[], Place::CertificateRequest, true),
        (Ext::STATUS_REQUEST, &[], Place::ClientHello, false),
        (Ext::STATUS_REQUEST, &[], Place::Certificate, false),
        (Ext::SIGNED_CERTIFICATE_TIMESTAMP, &[], Place::CertificateRequest, true),
        (Ext::SIGNED_CERTIFICATE_TIMESTAMP, &[], Place::Certificate, false),
        (Ext::KEY_SHARE, &[0, 29], Place::HelloRetryRequest, true),
        (Ext::KEY_SHARE, &[0, 29], Place::ServerHello, false),
        (Ext::SERVER_NAME, &[7], Place::CertificateRequest, true),
        (Ext::PADDING, &[7], Place::ClientHello, true),
    ] {
        assert_eq!(check(typ, body, place), legal, "{typ} {body:?} in {place:?}");
    }
}
