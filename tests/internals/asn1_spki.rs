//! From a leaf to its key: the supported kinds of key, the refused forms, and damaged input.

use countersign::internals::asn1::{PublicKey, Spki};
use countersign::internals::codec::Certificate;
use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace([' ', '\n'], "")).expect("hex")
}

// Made with OpenSSL 3.
const RSA_2048: &str = "
    30820122300d06092a864886f70d01010105000382010f003082010a0282010100bb6462fdcaf49b64895d0563b5e24f273bd1d3f6cf3835
    686e5721e5a202c499e8811e5dcd00e6316bbd569a3816ac1077ebc04cb2f1c2da1f724c2d1d97a0ed85731b54c8dde49740c07b3a9b7d5b
    58e5df69919d0d72d3ba7c07cc4b28c3a7feda39b063fc9df988e28bc980266db24ac3c76124a6e1f51edc6590a1cf20867aef1e299d10d8
    b5b68f78e8da80c1f10d997ec4897a54306bd81972b5d76f05c2431a5d99ab1fdd2c1dc31eab7d60d0243c3bd25ccb56db68a2189b046707
    f44ae2b4affa84ada53aa1b0d4499a31f98738ab0ac7e804d0bb1b4b42eca0d94339baa60962684e036453e543232dfeb7e2086d309dafbd
    bced6cd2f2baa53fb30203010001";
const RSA_PSS: &str = "
    30819d300b06092a864886f70d01010a03818d0030818902818100c066b3a585591497ceef8465ee84159eaefdafe8ad2fbf12ca304e30ef
    11d90189cef6e928ba3b8b674fd3a18027aacb988526737c88ccefa544c0db19d0489e97daed405c2872c885646868a59542dbab5ba160f8
    07a74fb6f286328c98c44d3129595a2a2542532b20f329df42ee7cc4c9bbd8fbc2fc52a4aef9a83ae014730203010001";
const P521: &str = "
    30819b301006072a8648ce3d020106052b8104002303818600040031b1278fb131981e88db358fca52bf2e6683cfdd03e518ce8282689e20
    3993584acbfe10e3067b43fb832aa092dc399cfdb09c46563e754f0a8dc4cb5a16a7e4ec005dd25f9ccdff858b614ffdd3b9e9a58d1294f7
    574bc59edfaaa28fe6ec46e8e60710038569ce52a689c8639aba6f80ad045412040ed0c9bd3e2f14f06ddbbfcef4";
const P256_COMPRESSED: &str = "
    3039301306072a8648ce3d020106082a8648ce3d03010703220003b8aa205f72fe23acdf85f396ef684ffab548b9d0aac65cc4a26d94ef12
    fd7b62";
const ED448: &str = "
    3043300506032b6571033a009a67b8990204fcb0936d886cd79dfe85b49dae451c985de316017159cab89f79d639b90a5caa550809fbadbb
    24c7d0eb37770d92c147bc6d00";

/// A self-signed certificate, and its key as TLS uses it: a point or bytes.
fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> (Vec<u8>, KeyPair) {
    let key = KeyPair::generate_for(algorithm).expect("a key");
    let params = CertificateParams::new(vec!["peer.example".to_owned()]).expect("a name");
    (params.self_signed(&key).expect("a certificate").der().to_vec(), key)
}

#[test]
fn a_leaf_yields_its_key() {
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let (der, key) = certificate(algorithm);
        let spki = Spki::of_certificate(&der).unwrap();
        assert_eq!(spki.raw, key.subject_public_key_info());
        let raw = key.der_bytes();
        if algorithm == &rcgen::PKCS_ECDSA_P256_SHA256 {
            assert_eq!(spki.key, PublicKey::P256(raw));
        } else if algorithm == &rcgen::PKCS_ECDSA_P384_SHA384 {
            assert_eq!(spki.key, PublicKey::P384(raw));
        } else {
            assert_eq!(spki.key, PublicKey::Ed25519(raw.try_into().unwrap()));
        }
        // RFC 7250: the same structure alone is a raw public key.
        assert_eq!(Spki::from_der(spki.raw), Ok(spki));
    }
}

#[test]
fn an_rsa_key_comes_with_the_size_of_its_modulus() {
    let raw = hex(RSA_2048);
    let spki = Spki::from_der(&raw).unwrap();
    assert_eq!(spki.raw, raw);
    assert_eq!(spki.key, PublicKey::Rsa { pkcs1: &raw[24..], modulus_bits: 2048 });

    // The first byte of the modulus has its highest bit set.
    for (first, bits) in [(0x80, 2048), (0xff, 2048)] {
        let mut raw = raw.clone();
        raw[33] = first;
        assert!(
            matches!(Spki::from_der(&raw).unwrap().key, PublicKey::Rsa { modulus_bits, .. } if modulus_bits == bits)
        );
    }
    // With the highest bit clear, the zero before it is not DER.
    let mut long = raw.clone();
    long[33] = 0x7f;
    assert!(Spki::from_der(&long).is_err());
    // A negative modulus.
    let mut negative = raw.clone();
    negative[32] = 0x80;
    assert!(Spki::from_der(&negative).is_err());
}

#[test]
fn odd_sizes_of_moduli_are_counted_in_bits() {
    for (modulus, bits) in [("0101", 1), ("017f", 7), ("020080", 8), ("0201ff", 9), ("0100", 0)] {
        let numbers = hex(&format!("02{modulus} 0203010001"));
        let mut raw = hex("300d06092a864886f70d0101010500");
        raw.extend([0x03, numbers.len() as u8 + 3, 0, 0x30, numbers.len() as u8]);
        raw.extend(&numbers);
        raw.splice(0..0, [0x30, raw.len() as u8]);
        match Spki::from_der(&raw).unwrap().key {
            PublicKey::Rsa { modulus_bits, .. } => assert_eq!(modulus_bits, bits, "{modulus}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_certificates_of_rfc_8448_yield_their_keys() {
    let lines = include_str!("../../vectors/codec/rfc8448-messages.txt").lines();
    let messages = lines.filter_map(|line| line.split_once(" Certificate ")).map(|(_, bytes)| hex(bytes));
    let sizes = messages.map(|raw| {
        let message = Certificate::parse(&raw[4..]).unwrap();
        let leaf = message.certificate_list.iter().next().unwrap().cert_data;
        match Spki::of_certificate(leaf).unwrap().key {
            PublicKey::Rsa { modulus_bits, .. } => modulus_bits,
            PublicKey::P256(point) => point.len(),
            other => panic!("{other:?}"),
        }
    });
    // §3: RSA; §6: the server's P-256, the client's RSA.
    assert_eq!(sizes.collect::<Vec<_>>(), [1024, 65, 1024]);
}

#[test]
fn keys_of_other_kinds_and_forms_are_unsupported_and_told_as_what_they_are() {
    let unsupported = |raw: &[u8]| match Spki::from_der(raw).unwrap().key {
        PublicKey::Unsupported(what) => what.to_string(),
        other => panic!("{other:?}"),
    };
    for (says, raw) in [
        ("RSASSA-PSS", RSA_PSS),
        ("P-256 with its point compressed", P256_COMPRESSED),
        ("Ed448", ED448),
        ("1.2.3", "300a 3004 0602 2a03 0302 0000"),
    ] {
        assert_eq!(unsupported(&hex(raw)), says);
    }
    let p521 = if cfg!(feature = "aws-lc-rs") { "P-521" } else { "ECDSA on P-521" };
    assert_eq!(Spki::from_der(&hex(P521)).unwrap().key.to_string(), p521);
    // Ed25519 keys that are too short, or have parameters (RFC 8410 §3: they must be absent).
    let form = "Ed25519 in a form that it cannot have";
    assert_eq!(unsupported(&hex(&format!("3029 3005 0603 2b6570 0320 00 {}", "11".repeat(31)))), form);
    assert_eq!(unsupported(&hex(&format!("302c 3007 0603 2b6570 0500 0321 00 {}", "11".repeat(32)))), form);
    // ML-DSA keys of another length, or with parameters (RFC 9881 §3: they must be absent).
    for (set, name, len) in [(17, "ML-DSA-44", 1312), (18, "ML-DSA-65", 1952), (19, "ML-DSA-87", 2592)] {
        let key = |parameters: &str, len: usize| {
            let algorithm = hex(&format!("0609 6086480165030403 {set:02x} {parameters}"));
            let algorithm = [&[0x30, algorithm.len() as u8], &algorithm[..]].concat();
            let key = [&[0x03, 0x82][..], &(len as u16 + 1).to_be_bytes(), &[0], &vec![0x11; len]].concat();
            let len = (algorithm.len() + key.len()) as u16;
            [&[0x30, 0x82], &len.to_be_bytes()[..], &algorithm, &key].concat()
        };
        assert_eq!(Spki::from_der(&key("", len)).unwrap().key.to_string(), name);
        for raw in [key("", len - 1), key("", len + 1), key("0500", len), key("0500", len + 1)] {
            assert_eq!(unsupported(&raw), format!("{name} in a form that it cannot have"));
        }
    }
    // rsaEncryption without its NULL (RFC 3279 §2.3.1: it must be present).
    let mut rsa = hex(RSA_2048);
    rsa.drain(17..19);
    (rsa[3], rsa[5]) = (0x20, 0x0b);
    assert_eq!(unsupported(&rsa), "rsaEncryption in a form that it cannot have");
    // A compressed point with the length of an uncompressed one.
    let (der, _) = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    let mut raw = Spki::of_certificate(&der).unwrap().raw.to_vec();
    raw[26] = 2;
    assert_eq!(unsupported(&raw), "P-256 in a form that it cannot have");
    // A curve with explicit or inherited parameters.
    for (parameters, says) in [
        ("3003 020101", "ECDSA on a curve that is given by explicit parameters instead of its name"),
        ("0500", "id-ecPublicKey in a form that it cannot have"),
    ] {
        let mut raw = hex(&format!("3000 0607 2a8648ce3d0201 {parameters} 0302 0004"));
        (raw[1], raw[0]) = (raw.len() as u8 - 6, 0x30);
        raw.splice(0..0, [0x30, raw.len() as u8]);
        assert_eq!(unsupported(&raw), says);
    }
}

/// RFC 5480 §2.2: uncompressed or compressed, and each curve has one length for either.
#[test]
fn a_point_has_the_length_of_its_form_and_curve() {
    let point = |curve: &str, form: u8, len: usize| {
        let mut raw = hex(&format!("3010 0607 2a8648ce3d0201 {curve}"));
        raw[1] = raw.len() as u8 - 2;
        let content = [&[0, form][..], &vec![0x11; len - 1]].concat();
        match content.len() {
            len @ ..0x80 => raw.extend([0x03, len as u8]),
            len => raw.extend([0x03, 0x81, len as u8]),
        }
        raw.extend(content);
        let header = if raw.len() < 0x80 { vec![0x30, raw.len() as u8] } else { vec![0x30, 0x81, raw.len() as u8] };
        Spki::from_der(&[header, raw].concat()).unwrap().key.to_string()
    };
    let curves =
        [("P-256", "0608 2a8648ce3d030107", 32), ("P-384", "0605 2b81040022", 48), ("P-521", "0605 2b81040023", 66)];
    for (name, curve, width) in curves {
        for form in [0, 2, 3, 4, 6] {
            for len in
                curves.iter().flat_map(|(.., width)| [width + 1, 2 * width + 1]).flat_map(|len| len - 1..=len + 1)
            {
                let says = match form {
                    _ if name == "P-521" && !cfg!(feature = "aws-lc-rs") => "ECDSA on P-521".to_owned(),
                    4 if len == 2 * width + 1 => name.to_owned(),
                    2 | 3 if len == width + 1 => format!("{name} with its point compressed"),
                    _ => format!("{name} in a form that it cannot have"),
                };
                assert_eq!(point(curve, form, len), says, "{form} {len}");
            }
        }
    }
}

#[test]
fn a_public_key_that_is_not_whole_bytes_is_refused() {
    let mut raw = hex(RSA_2048);
    raw[23] = 1; // one unused bit
    assert!(Spki::from_der(&raw).is_err());
}

#[test]
fn a_certificate_cut_short_or_drawn_out_is_refused() {
    let (der, _) = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    for cut in 0..der.len() {
        assert!(Spki::of_certificate(&der[..cut]).is_err(), "cut at {cut}");
    }
    assert!(Spki::of_certificate(&[&der[..], &[0]].concat()).is_err());
    let raw = hex(RSA_2048);
    for cut in 0..raw.len() {
        assert!(Spki::from_der(&raw[..cut]).is_err(), "cut at {cut}");
    }
    assert!(Spki::from_der(&[&raw[..], &[0]].concat()).is_err());
}

#[test]
fn a_bare_key_is_no_certificate_and_a_certificate_no_bare_key() {
    let (der, _) = certificate(&rcgen::PKCS_ED25519);
    assert!(Spki::of_certificate(Spki::of_certificate(&der).unwrap().raw).is_err());
    assert!(Spki::from_der(&der).is_err());
}

#[test]
fn every_field_before_the_key_must_have_its_type() {
    // The smallest certificate: empty fields around an Ed25519 key.
    let spki = format!("302a 3005 0603 2b6570 0321 00 {}", "11".repeat(32));
    let fields = ["a003020102", "020101", "3000", "3000", "3000", "3000", &spki];
    let build = |fields: &[&str], tail: &str| {
        let tbs = hex(&fields.concat());
        let body = [&[0x30, tbs.len() as u8][..], &tbs, &hex(tail)].concat();
        [&[0x30, body.len() as u8][..], &body].concat()
    };
    let ok = build(&fields, "3000 0301 00");
    assert_eq!(Spki::of_certificate(&ok).unwrap().raw, hex(&spki));
    // The version is optional.
    assert!(Spki::of_certificate(&build(&fields[1..], "3000 0301 00")).is_ok());
    // The fields after the key in tbsCertificate are not read, but they must be whole elements.
    let with = |more: &'static str| build(&[&fields[..], &[more]].concat(), "3000 0301 00");
    assert!(Spki::of_certificate(&with("8101ff a3023000")).is_ok());
    assert!(Spki::of_certificate(&with("a3023000 a3")).is_err());
    assert!(Spki::of_certificate(&with("a3033000")).is_err());
    for i in 1..fields.len() {
        let mut wrong = fields;
        wrong[i] = "0500";
        assert!(Spki::of_certificate(&build(&wrong, "3000 0301 00")).is_err(), "field {i}");
        let without = [&fields[..i], &fields[i + 1..]].concat();
        assert!(Spki::of_certificate(&build(&without, "3000 0301 00")).is_err(), "without field {i}");
    }
    for tail in ["", "3000", "3000 0400", "0500 0301 00", "3000 0301 00 0500"] {
        assert!(Spki::of_certificate(&build(&fields, tail)).is_err(), "{tail}");
    }
}

proptest! {
    /// Damaged input never causes a panic, and the result is never longer than the input.
    #[test]
    fn any_damage_is_survived(at: prop::sample::Index, to: u8, garbage in prop::collection::vec(any::<u8>(), 0..80)) {
        let lines = include_str!("../../vectors/codec/rfc8448-messages.txt").lines();
        for (_, bytes) in lines.filter_map(|line| line.split_once(" Certificate ")) {
            let raw = hex(bytes);
            let message = Certificate::parse(&raw[4..]).unwrap();
            let mut leaf = message.certificate_list.iter().next().unwrap().cert_data.to_vec();
            let at = at.index(leaf.len());
            leaf[at] = to;
            if let Ok(spki) = Spki::of_certificate(&leaf) {
                prop_assert_eq!(Spki::from_der(spki.raw), Ok(spki));
            }
        }
        prop_assert!(Spki::of_certificate(&garbage).is_err());
        if let Ok(spki) = Spki::from_der(&garbage) {
            prop_assert_eq!(spki.raw, &garbage);
        }
    }
}
