//! Compares the key schedule with HKDF by ring::hkdf: both hashes, all labels, any input.

use countersign::internals::crypto::{CryptoFailed, CryptoMode, HashAlgorithm, SharedSecret, Suite};
use countersign::internals::schedule::{Early, ExporterSecret, Pair, SignedContent, TrafficSecret};
use proptest::prelude::*;
use ring::{digest, hkdf};

/// The reference of RFC 9846 §7.1.
#[derive(Clone, Copy)]
struct Reference {
    hkdf: hkdf::Algorithm,
    digest: &'static digest::Algorithm,
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Reference {
    fn of(algorithm: HashAlgorithm) -> Reference {
        match algorithm {
            HashAlgorithm::Sha256 => Reference { hkdf: hkdf::HKDF_SHA256, digest: &digest::SHA256 },
            HashAlgorithm::Sha384 => Reference { hkdf: hkdf::HKDF_SHA384, digest: &digest::SHA384 },
        }
    }

    fn length(self) -> usize {
        self.digest.output_len()
    }

    fn hash(self, data: &[u8]) -> Vec<u8> {
        digest::digest(self.digest, data).as_ref().to_vec()
    }

    fn expand_label(self, secret: &hkdf::Prk, label: &[u8], context: &[u8], length: usize) -> Vec<u8> {
        let mut info = (length as u16).to_be_bytes().to_vec();
        info.push(6 + label.len() as u8);
        info.extend(b"tls13 ");
        info.extend(label);
        info.push(context.len() as u8);
        info.extend(context);
        let mut out = vec![0; length];
        secret.expand(&[&info], Length(length)).unwrap().fill(&mut out).unwrap();
        out
    }

    fn derive(self, secret: &hkdf::Prk, label: &[u8], hash: &[u8]) -> Vec<u8> {
        self.expand_label(secret, label, hash, self.length())
    }

    fn extract(self, salt: &[u8], ikm: &[u8]) -> hkdf::Prk {
        hkdf::Salt::new(self.hkdf, salt).extract(ikm)
    }

    fn keyed(self, secret: &[u8]) -> hkdf::Prk {
        hkdf::Prk::new_less_safe(self.hkdf, secret)
    }

    /// Handshake Secret and Main Secret.
    fn stages(self, shared_secret: &[u8]) -> (hkdf::Prk, hkdf::Prk) {
        let zeros = vec![0; self.length()];
        let early = self.extract(&zeros, &zeros);
        let handshake = self.extract(&self.derive(&early, b"derived", &self.hash(b"")), shared_secret);
        let main = self.extract(&self.derive(&handshake, b"derived", &self.hash(b"")), &zeros);
        (handshake, main)
    }
}

fn application(
    algorithm: HashAlgorithm,
    shared_secret: &[u8],
    server_finished: &[u8],
) -> (Pair<TrafficSecret>, ExporterSecret) {
    let handshake = Early::new(algorithm).handshake(SharedSecret::of_vector(shared_secret));
    handshake.main().application(&algorithm.hash(server_finished))
}

fn algorithms() -> impl Strategy<Value = HashAlgorithm> {
    prop_oneof![Just(HashAlgorithm::Sha256), Just(HashAlgorithm::Sha384)]
}

proptest! {
    #[test]
    fn handshake_secrets_and_finished_follow_the_figure(
        algorithm in algorithms(),
        shared_secret in prop_oneof![prop::collection::vec(any::<u8>(), 32), prop::collection::vec(any::<u8>(), 48)],
        messages: [Vec<u8>; 2],
    ) {
        let reference = Reference::of(algorithm);
        let server_hello = algorithm.hash(&messages[0]);
        let certificate_verify = algorithm.hash(&messages[1]);
        let (handshake_secret, _) = reference.stages(&shared_secret);
        let ours = Early::new(algorithm).handshake(SharedSecret::of_vector(&shared_secret)).traffic(&server_hello);
        for (ours, label) in [(&ours.client, b"c hs traffic"), (&ours.server, b"s hs traffic")] {
            let theirs = reference.derive(&handshake_secret, label, server_hello.as_ref());
            prop_assert_eq!(ours.expose(), &theirs);

            let finished_key = reference.derive(&reference.keyed(&theirs), b"finished", b"");
            // HKDF-Extract is HMAC: verify_data = HMAC(finished_key, hash).
            let verify_data = reference.extract(&finished_key, certificate_verify.as_ref());
            let probe = reference.derive(&verify_data, b"probe", b"");
            let ours = reference.keyed(ours.finished(&certificate_verify).as_ref());
            prop_assert_eq!(reference.derive(&ours, b"probe", b""), probe);
        }
    }

    #[test]
    fn application_secrets_follow_the_figure_through_key_updates(
        algorithm in algorithms(),
        shared_secret in prop::collection::vec(any::<u8>(), 32),
        messages: Vec<u8>,
    ) {
        let reference = Reference::of(algorithm);
        let hash = reference.hash(&messages);
        let (_, main_secret) = reference.stages(&shared_secret);
        let (traffic, exporter) = application(algorithm, &shared_secret, &messages);
        prop_assert_eq!(exporter.expose(), reference.derive(&main_secret, b"exp master", &hash));
        for (mut ours, label) in [(traffic.client, b"c ap traffic"), (traffic.server, b"s ap traffic")] {
            let mut theirs = reference.derive(&main_secret, label, &hash);
            for _generation in 0..3 {
                prop_assert_eq!(ours.expose(), &theirs);
                theirs = reference.derive(&reference.keyed(&theirs), b"traffic upd", b"");
                ours = ours.next();
            }
        }
    }

    #[test]
    fn traffic_keys_are_expanded_from_their_secret(shared_secret in prop::collection::vec(any::<u8>(), 32), seq: u64) {
        for (suite, aead) in [
            (Suite::Aes128GcmSha256, &ring::aead::AES_128_GCM),
            (Suite::Aes256GcmSha384, &ring::aead::AES_256_GCM),
            (Suite::ChaCha20Poly1305Sha256, &ring::aead::CHACHA20_POLY1305),
        ] {
            let reference = Reference::of(suite.hash());
            let (traffic, _) = application(suite.hash(), &shared_secret, b"");
            let secret = reference.keyed(traffic.server.expose());
            let key = reference.expand_label(&secret, b"key", b"", aead.key_len());
            let iv = reference.expand_label(&secret, b"iv", b"", 12);
            // §5.3: padded on the left to the IV's length, and XORed.
            let padded = u128::from(seq).to_be_bytes();
            let nonce: Vec<u8> = iv.iter().zip(&padded[4..]).map(|(iv, seq)| iv ^ seq).collect();

            let ours = traffic.server.key(suite, CryptoMode::Real).unwrap();
            prop_assert_eq!(ours.nonce(seq).to_vec(), nonce.clone());
            let theirs = ring::aead::LessSafeKey::new(ring::aead::UnboundKey::new(aead, &key).unwrap());
            let nonce = ring::aead::Nonce::try_assume_unique_for_key(&nonce).unwrap();
            let mut content = *b"content";
            let tag = theirs.seal_in_place_separate_tag(nonce, ring::aead::Aad::from(b"aad"), &mut content).unwrap();
            let mut ours_content = *b"content";
            let ours_tag = ours.seal(seq, b"aad", &mut ours_content).unwrap();
            prop_assert_eq!(&ours_tag, tag.as_ref());
            prop_assert_eq!(ours_content, content);
        }
    }

    #[test]
    fn the_exporter_is_that_of_section_7_5(
        algorithm in algorithms(),
        label in prop::collection::vec(any::<u8>(), 0..=249),
        context: Vec<u8>,
        length in 0usize..200,
    ) {
        let reference = Reference::of(algorithm);
        let (_, exporter) = application(algorithm, &[1; 32], b"messages");
        let derived = reference.derive(&reference.keyed(exporter.expose()), &label, &reference.hash(b""));
        let derived = reference.keyed(&derived);
        let expected = reference.expand_label(&derived, b"exporter", &reference.hash(&context), length);
        let mut out = vec![0; length];
        exporter.export(&label, &context, &mut out).unwrap();
        prop_assert_eq!(out, expected);
    }
}

#[test]
fn the_exporter_takes_any_label_that_an_hkdf_label_can_hold() {
    for algorithm in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
        let (_, exporter) = application(algorithm, &[1; 32], b"messages");
        let mut out = [0; 32];
        assert_eq!(exporter.export(b"", b"", &mut out), Ok(()));
        assert_eq!(exporter.export(&[b'l'; 250], b"", &mut out), Err(CryptoFailed));
        assert_eq!(exporter.export(&[b'l'; 249], b"", &mut out), Ok(()));
        let mut longest = vec![0; 255 * algorithm.output_len()];
        assert_eq!(exporter.export(b"label", b"", &mut longest), Ok(()));
        longest.push(0);
        let before = longest.clone();
        assert_eq!(exporter.export(b"label", b"", &mut longest), Err(CryptoFailed));
        assert_eq!(longest, before, "nothing is written");
    }
}

/// The example of RFC 9846 §4.5.2.
#[test]
fn the_signed_content_is_that_of_the_rfc_and_differs_by_role() {
    for algorithm in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
        let hash = algorithm.hash(b"transcript");
        let content = |context: &[u8]| [&[0x20; 64], context, &[0], hash.as_ref()].concat();
        assert_eq!(SignedContent::server(&hash).as_ref(), content(b"TLS 1.3, server CertificateVerify"));
        assert_eq!(SignedContent::client(&hash).as_ref(), content(b"TLS 1.3, client CertificateVerify"));
    }
}
