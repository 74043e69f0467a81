//! Transcript, key schedule, record protection and signatures against the traces of RFC 8448.

use crate::vectors::Vectors;
use countersign::internals::asn1::{PublicKey, Spki};
use countersign::internals::codec::{Certificate, CertificateVerify, Message};
use countersign::internals::crypto::{
    AeadKey, CryptoMode, Hash, HashAlgorithm, Label, Prk, Secret, SharedSecret, Suite, TrafficKey, VerifyError,
};
use countersign::internals::schedule::{
    BadFinished, Early, ExporterSecret, HandshakeSecret, OpenTranscript, Pair, SignedContent, TrafficSecret,
    Transcript, at,
};

const SUITE: Suite = Suite::Aes128GcmSha256;
const REAL: CryptoMode = CryptoMode::Real;

fn traces() -> [Vectors; 4] {
    [
        include_str!("../../vectors/rfc8448/section_3_simple.txt"),
        include_str!("../../vectors/rfc8448/section_5_hello_retry_request.txt"),
        include_str!("../../vectors/rfc8448/section_6_client_authentication.txt"),
        include_str!("../../vectors/rfc8448/section_7_compatibility_mode.txt"),
    ]
    .map(Vectors::parse)
}

/// Every secret of one trace, derived through the typestates as in the engine.
struct Derived {
    server_hello: Hash,
    server_certificate: Hash,
    server_certificate_verify: Hash,
    server_finished: Hash,
    client_certificate: Hash,
    client_certificate_verify: Hash,
    handshake: Pair<HandshakeSecret>,
    application: Pair<TrafficSecret>,
    exporter: ExporterSecret,
}

/// The client's derivation, up to the first position that both share.
fn client_hellos(trace: &Vectors) -> Transcript<at::ClientHello> {
    let mut open = OpenTranscript::new([HashAlgorithm::Sha256, HashAlgorithm::Sha384]);
    match trace.find("hello_retry_request") {
        None => {
            open.append(trace.value("client_hello"));
            open.choose(SUITE.hash()).unwrap()
        }
        Some(retry) => {
            open.append(trace.value("client_hello_1"));
            open.retry(SUITE.hash()).unwrap().append(retry).append(trace.value("client_hello"))
        }
    }
}

/// The server's derivation.
fn server_hellos(trace: &Vectors) -> Transcript<at::ClientHello> {
    match trace.find("hello_retry_request") {
        None => Transcript::<at::ClientHello>::start(SUITE.hash(), trace.value("client_hello")),
        Some(retry) => Transcript::<at::MessageHash>::start_retry(SUITE.hash(), trace.value("client_hello_1"))
            .append(retry)
            .append(trace.value("client_hello")),
    }
}

fn derive(trace: &Vectors, transcript: Transcript<at::ClientHello>) -> Derived {
    // Traces without client authentication lack some messages. These leave the hash unchanged.
    let optional = |name| trace.find(name).unwrap_or_default();

    let transcript = transcript.append(trace.value("server_hello"));
    let server_hello = transcript.hash();
    let stage = Early::new(SUITE.hash()).handshake(SharedSecret::of_vector(trace.value("shared_secret")));
    let handshake = stage.traffic(&server_hello);
    let main = stage.main();

    let transcript = transcript.append(trace.value("encrypted_extensions")).append(optional("certificate_request"));
    let transcript = transcript.append(trace.value("server_certificate"));
    let server_certificate = transcript.hash();
    let transcript = transcript.append(trace.value("server_certificate_verify"));
    let server_certificate_verify = transcript.hash();
    let transcript = transcript.append(trace.value("server_finished"));
    let server_finished = transcript.hash();
    let (application, exporter) = main.application(&server_finished);

    let transcript = transcript.append(optional("client_certificate"));
    let client_certificate = transcript.hash();
    let transcript = transcript.append(optional("client_certificate_verify"));
    Derived {
        server_hello,
        server_certificate,
        server_certificate_verify,
        server_finished,
        client_certificate,
        client_certificate_verify: transcript.hash(),
        handshake,
        application,
        exporter,
    }
}

fn derived(trace: &Vectors) -> Derived {
    derive(trace, client_hellos(trace))
}

#[test]
fn client_and_server_come_to_the_transcript_hashes_of_the_trace() {
    for trace in &traces() {
        for way in [client_hellos, server_hellos] {
            let derived = derive(trace, way(trace));
            assert_eq!(derived.server_hello.as_ref(), trace.value("transcript_hash_server_hello"));
            assert_eq!(derived.server_finished.as_ref(), trace.value("transcript_hash_server_finished"));
        }
    }
}

#[test]
fn every_secret_is_that_of_the_trace() {
    for trace in &traces() {
        let Derived { handshake, application, exporter, .. } = derived(trace);
        assert_eq!(handshake.client.expose(), trace.value("client_handshake_traffic_secret"));
        assert_eq!(handshake.server.expose(), trace.value("server_handshake_traffic_secret"));
        assert_eq!(application.client.expose(), trace.value("client_application_traffic_secret_0"));
        assert_eq!(application.server.expose(), trace.value("server_application_traffic_secret_0"));
        assert_eq!(exporter.expose(), trace.value("exporter_secret"));
    }
}

/// §7.1's figure, derived with its two functions alone, secret after secret.
#[test]
fn every_secret_on_the_way_down_is_that_of_the_trace() {
    for trace in &traces() {
        let zeros = [0; 32];
        let derive = |secret: &Secret| {
            let label = Label::new(b"derived").unwrap();
            Prk::new(secret).derive_secret(label, Some(&HashAlgorithm::Sha256.hash_of_nothing()))
        };
        let extract = |salt: &[u8], ikm: &[u8]| Secret::extract(HashAlgorithm::Sha256, salt, ikm);

        let early = extract(&zeros, &zeros);
        assert_eq!(early.expose(), trace.value("early_secret"));
        let salt = derive(&early);
        assert_eq!(salt.expose(), trace.value("early_derived_secret"));
        let handshake = extract(salt.expose(), trace.value("shared_secret"));
        assert_eq!(handshake.expose(), trace.value("handshake_secret"));
        let salt = derive(&handshake);
        assert_eq!(salt.expose(), trace.value("handshake_derived_secret"));
        assert_eq!(extract(salt.expose(), &zeros).expose(), trace.value("main_secret"));
    }
}

#[test]
fn every_write_key_and_iv_is_that_of_the_trace() {
    for trace in &traces() {
        for (name, ours) in keys(&derived(trace)) {
            assert_eq!(ours.nonce(0), trace.value(&format!("{name}_write_iv")), "{name}");
            let key = trace.value(&format!("{name}_write_key"));
            let theirs = AeadKey::new(SUITE, key, REAL).unwrap();
            assert_eq!(ours.seal(7, b"aad", &mut []), theirs.seal_in_place(ours.nonce(7), b"aad", &mut []), "{name}");
        }
    }
}

/// Every protected record of the four traces is sealed and opened, so nonces after the first are tested, too (§5.3).
#[test]
fn every_record_seals_and_opens_as_in_the_trace() {
    let mut records = 0;
    for trace in &traces() {
        for (key_name, key) in keys(&derived(trace)) {
            for sequence_number in 0.. {
                let name = format!("{key_name}_record_{sequence_number}");
                let Some(record) = trace.find(&name) else { break };
                let (header, ciphertext) = record.split_at(5);
                let inner =
                    [trace.value(&format!("{name}_content")), trace.value(&format!("{name}_inner_type"))].concat();

                let mut sealed = inner.clone();
                let tag = key.seal(sequence_number, header, &mut sealed).unwrap();
                sealed.extend(tag);
                assert_eq!(sealed, ciphertext, "{name}");

                let mut opened = record.to_vec();
                let length = key.open_within(sequence_number, header, &mut opened, 5).unwrap();
                assert_eq!(opened[..length], inner, "{name}");

                let mut wrong = record.to_vec();
                assert!(key.open_within(sequence_number + 1, header, &mut wrong, 5).is_err(), "{name}");
                records += 1;
            }
        }
    }
    assert_eq!(records, 7 + 3 * 4, "the traces hold that many");
}

fn keys(derived: &Derived) -> [(&'static str, TrafficKey); 4] {
    [
        ("client_handshake", derived.handshake.client.key(SUITE, REAL).unwrap()),
        ("server_handshake", derived.handshake.server.key(SUITE, REAL).unwrap()),
        ("client_application", derived.application.client.key(SUITE, REAL).unwrap()),
        ("server_application", derived.application.server.key(SUITE, REAL).unwrap()),
    ]
}

#[test]
fn finished_is_computed_and_accepted_as_in_the_trace() {
    for trace in &traces() {
        let derived = derived(trace);
        for (name, secret, hash) in [
            ("server", &derived.handshake.server, &derived.server_certificate_verify),
            ("client", &derived.handshake.client, &derived.client_certificate_verify),
        ] {
            let verify_data = trace.value(&format!("{name}_verify_data"));
            assert_eq!(secret.finished(hash).as_ref(), verify_data);
            assert_eq!(&trace.value(&format!("{name}_finished"))[4..], verify_data);
            assert!(secret.verify_finished(hash, verify_data, REAL).is_ok());
        }
    }
}

/// §4.5.3: other bits, another length, the other side's key, another transcript: all are refused.
#[test]
fn a_finished_that_differs_in_anything_is_refused() {
    for trace in &traces() {
        let derived = derived(trace);
        let secret = &derived.handshake.server;
        let hash = &derived.server_certificate_verify;
        let verify_data = trace.value("server_verify_data");
        let refused = |secret: &HandshakeSecret, hash, received: &[u8]| {
            assert_eq!(secret.verify_finished(hash, received, REAL).err(), Some(BadFinished));
        };
        for bit in 0..verify_data.len() * 8 {
            let mut flipped = verify_data.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refused(secret, hash, &flipped);
        }
        for length in 0..verify_data.len() {
            refused(secret, hash, &verify_data[..length]);
        }
        refused(secret, hash, &[verify_data, &[0]].concat());
        refused(&derived.handshake.client, hash, verify_data);
        refused(secret, &derived.server_finished, verify_data);
    }
}

/// RFC 8448 §6 is mutual: the server has an ECDSA key. The client's RSA key is too short for us.
#[test]
fn possession_is_proved_over_the_right_transcript_by_the_right_role() {
    let trace = &traces()[2];
    let derived = derived(trace);
    let (_, body) = trace.value("server_certificate_verify").split_at(4);
    let proof = CertificateVerify::parse(body).unwrap();
    let key = leaf_key(trace.value("server_certificate"));
    let check = |content: SignedContent, signature: &[u8]| {
        content.verify(proof.algorithm, &key, signature, REAL).map(|_proved| ())
    };

    assert_eq!(check(SignedContent::server(&derived.server_certificate), proof.signature), Ok(()));
    // The other role's context, another position of the transcript, a damaged signature.
    let bad = Err(VerifyError::BadSignature);
    assert_eq!(check(SignedContent::client(&derived.server_certificate), proof.signature), bad);
    assert_eq!(check(SignedContent::server(&derived.server_certificate_verify), proof.signature), bad);
    for byte in 0..proof.signature.len() {
        let mut damaged = proof.signature.to_vec();
        damaged[byte] ^= 1;
        assert_eq!(check(SignedContent::server(&derived.server_certificate), &damaged), bad);
    }

    let (_, body) = trace.value("client_certificate_verify").split_at(4);
    let proof = CertificateVerify::parse(body).unwrap();
    let key = leaf_key(trace.value("client_certificate"));
    assert!(matches!(key, PublicKey::Rsa { modulus_bits: 1024, .. }));
    let content = SignedContent::client(&derived.client_certificate);
    assert_eq!(
        content.verify(proof.algorithm, &key, proof.signature, REAL).err(),
        Some(VerifyError::UnsupportedKey),
        "1024 bits are too few"
    );
}

fn leaf_key(certificate: &[u8]) -> PublicKey<'_> {
    let (message, rest) = Message::split(certificate).unwrap();
    assert!(rest.is_empty());
    let leaf = Certificate::parse(message.body).unwrap().certificate_list.iter().next().unwrap();
    Spki::of_certificate(leaf.cert_data).unwrap().key
}
