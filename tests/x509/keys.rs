//! Private keys are read in every form that OpenSSL writes, and their signatures verify with their public key.

use crate::pki::der;
#[cfg(feature = "aws-lc-rs")]
use crate::pki::extension;
use countersign::SignatureScheme;
use countersign::x509::{Expect, Identity, IdentityError, KeyError, PeerIdentity, SignError, SigningKey, Trust, pem};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use std::path::PathBuf;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/keys").join(name)).unwrap()
}

fn load(name: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pem_or_der(&file(name))
}

#[test]
fn every_form_of_a_key_has_the_public_key_that_openssl_says() {
    for (private, public) in [
        ("p256.pkcs8.pem", "p256.public.pem"),
        ("p256.sec1.pem", "p256.public.pem"),
        ("p384.pkcs8.pem", "p384.public.pem"),
        ("p384.sec1.pem", "p384.public.pem"),
        ("ed25519.pkcs8.pem", "ed25519.public.pem"),
        ("rsa2048.pkcs8.pem", "rsa2048.public.pem"),
        ("rsa2048.pkcs1.pem", "rsa2048.public.pem"),
        ("rsa4096.pkcs8.pem", "rsa4096.public.pem"),
    ] {
        let expected = SubjectPublicKeyInfoDer::from_pem_slice(&file(public)).unwrap();
        assert_eq!(load(private).unwrap().public_key(), expected.as_ref(), "{private}");
        let der = PrivateKeyDer::from_pem_slice(&file(private)).unwrap();
        assert_eq!(SigningKey::try_from(&der).unwrap().public_key(), expected.as_ref(), "{private} by pki-types");
        let bytes = SigningKey::from_pem_or_der(der.secret_der()).unwrap();
        assert_eq!(bytes.public_key(), expected.as_ref(), "{private} as DER");
    }
}

#[test]
fn each_scheme_of_a_key_signs_what_its_public_key_verifies() {
    let algorithm = |scheme| -> &'static dyn VerificationAlgorithm {
        match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => &signature::ECDSA_P256_SHA256_ASN1,
            SignatureScheme::ECDSA_SECP384R1_SHA384 => &signature::ECDSA_P384_SHA384_ASN1,
            SignatureScheme::ED25519 => &signature::ED25519,
            SignatureScheme::RSA_PSS_RSAE_SHA256 => &signature::RSA_PSS_2048_8192_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384 => &signature::RSA_PSS_2048_8192_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512 => &signature::RSA_PSS_2048_8192_SHA512,
            other => panic!("{other}"),
        }
    };
    // The public key itself is at the end of the SubjectPublicKeyInfo.
    for (name, schemes, public_len) in [
        ("p256.sec1.pem", 1, 65),
        ("p384.sec1.pem", 1, 97),
        ("ed25519.pkcs8.pem", 1, 32),
        ("rsa2048.pkcs1.pem", 3, 270),
    ] {
        let key = load(name).unwrap();
        assert_eq!(key.schemes().len(), schemes);
        for scheme in key.schemes() {
            let signature = key.sign(*scheme, b"to be signed").unwrap();
            let spki = key.public_key();
            let public = UnparsedPublicKey::new(algorithm(*scheme), &spki[spki.len() - public_len..]);
            assert!(public.verify(b"to be signed", &signature).is_ok(), "{name} {scheme}");
            assert!(public.verify(b"to be singed", &signature).is_err(), "{name} {scheme}");
        }
        let foreign = SignatureScheme::RSA_PKCS1_SHA256;
        assert_eq!(key.sign(foreign, b"").unwrap_err(), SignError::SchemeDoesNotFitKey);
    }
}

/// Only aws-lc-rs has P-521.
#[cfg(feature = "aws-lc-rs")]
#[test]
fn a_p521_key_signs_what_its_public_key_verifies() {
    use countersign::internals::{asn1::Spki, crypto::CryptoMode, crypto::verify};
    let key = load("unsupported.p521.pem").unwrap();
    let scheme = SignatureScheme::ECDSA_SECP521R1_SHA512;
    assert_eq!(key.schemes(), [scheme]);
    let signature = key.sign(scheme, b"to be signed").unwrap();
    let spki = key.public_key();
    let public = Spki::from_der(&spki).unwrap().key;
    assert_eq!(verify(scheme, &public, b"to be signed", &signature, CryptoMode::Real), Ok(()));
    assert!(verify(scheme, &public, b"to be singed", &signature, CryptoMode::Real).is_err());
}

#[test]
fn parameters_and_certificates_before_the_key_are_passed_over() {
    assert!(load("p256.params-and-sec1.pem").is_ok());
    let mut combined = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    combined.extend(file("ed25519.pkcs8.pem"));
    assert!(SigningKey::from_pem_or_der(&combined).is_ok());
}

fn only(blocks: &str) -> KeyError {
    KeyError::OtherKind(format!("the file holds only {blocks}"))
}

fn unsupported(kind: &str) -> KeyError {
    KeyError::Unsupported(kind.to_string())
}

const P12: &str = "it is PKCS#12 (openssl pkcs12 -in FILE -nocerts -nodes -out PLAIN)";

#[test]
fn unusable_keys_say_why() {
    for (name, error) in [
        ("unsupported.rsa1024.pem", unsupported("RSA of 1024 bits")),
        ("unsupported.ed448.pem", unsupported("Ed448")),
        ("forms/rsapss.key", unsupported("RSASSA-PSS")),
        ("encrypted.pkcs8.pem", KeyError::Encrypted),
        ("encrypted.pkcs1.pem", KeyError::Encrypted),
        ("p256.no-public.pem", KeyError::NoPublicKey),
        ("p256.public.pem", only("PUBLIC KEY (line 1)")),
        ("forms/enc.key", KeyError::Encrypted),
        ("forms/proctype.key", KeyError::Encrypted),
        ("forms/sec1-nopub.key", KeyError::NoPublicKey),
        ("forms/java-ec.key", KeyError::NoPublicKey),
        ("forms/sec1-compressed.key", KeyError::CompressedPoint),
        ("forms/explicit.key", KeyError::ExplicitParameters),
        ("forms/explicit8.key", KeyError::ExplicitParameters),
        ("forms/bundle.p12", KeyError::OtherKind(P12.into())),
        ("forms/chain.p7b", only("PKCS7 (line 1)")),
        ("forms/cert-as-key.pem", only("CERTIFICATE (line 1)")),
    ] {
        assert_eq!(load(name).err(), Some(error), "{name}");
    }
    // Kinds that only one provider has.
    for (name, key) in [("unsupported.p521.pem", "ECDSA on P-521"), ("forms/rsa8192.key", "RSA of 8192 bits")] {
        let refused = (!cfg!(feature = "aws-lc-rs")).then(|| unsupported(key));
        assert_eq!(load(name).err(), refused, "{name}");
    }
    assert_eq!(SigningKey::from_pem_or_der(b"").err(), Some(KeyError::NoKey));
    let cut = "# comment\n-----BEGIN PRIVATE KEY-----\nMC4CAQ";
    let error = SigningKey::from_pem_or_der(cut.as_bytes()).err().unwrap();
    assert_eq!(error.to_string(), "the private key at line 2: it has no END line");
}

fn identity(leaf: &str, key: &str) -> Result<Identity, IdentityError> {
    Identity::from_pem_or_der(&file(leaf), &file(key))
}

/// Keys as tools have written them, each with the certificate of its public key.
#[test]
fn a_key_is_read_in_every_form_that_its_certificate_completes() {
    for key in ["plain", "trad", "withparams", "sec1-nopub", "java-ec", "sec1-compressed"] {
        let ours = identity("forms/leaf.pem", &format!("forms/{key}.key")).unwrap();
        let leaf = PeerIdentity::read(&ours.chain()[0]).unwrap();
        let public = ours.key().unwrap().public_key();
        assert_eq!(Expect::public_key(&public), Expect::Spki(leaf.spki_sha256), "{key}");
        assert!(ours.sign(SignatureScheme::ECDSA_SECP256R1_SHA256, b"message").is_ok());
    }
    assert!(identity("forms/leaf.pem", "forms/key.der").is_ok());
    for key in ["ed-v1", "ed-v2", "ed-ring-old", "ed-v1-attrs"] {
        assert!(identity("forms/ed.pem", &format!("forms/{key}.key")).is_ok(), "{key}");
    }
    // In one file, in any order.
    for key in ["plain", "sec1-nopub", "sec1-compressed"] {
        let (leaf, key) = (file("forms/leaf.pem"), file(&format!("forms/{key}.key")));
        let root = file("forms/roots.pem");
        for bundle in [[&*root, &*leaf, &*key].concat(), [&*key, &*root, &*leaf].concat()] {
            assert_eq!(Identity::from_pem(&bundle).unwrap().chain().len(), 2);
        }
    }
}

/// The certificate completes a key only if they fit: the provider computes the public key again.
#[test]
fn a_key_is_not_completed_by_the_certificate_of_another() {
    let ours = |leaf: &str, key: &str| identity(leaf, key).err().unwrap();
    for key in ["sec1-nopub", "java-ec", "sec1-compressed"] {
        let key = format!("forms/{key}.key");
        // A key of another curve, and another key of the same curve.
        for leaf in ["forms/ed.pem", "forms/roots.pem"] {
            assert_eq!(ours(leaf, &key), IdentityError::KeyOfAnother, "{leaf} {key}");
        }
        let bundle = [file("forms/roots.pem"), file(&key)].concat();
        assert_eq!(Identity::from_pem(&bundle).err(), Some(IdentityError::NoCertificateOfKey));
    }
    assert_eq!(ours("forms/roots.pem", "forms/plain.key"), IdentityError::KeyOfAnother);
    assert_eq!(ours("forms/leaf.pem", "forms/explicit.key"), IdentityError::Key(KeyError::ExplicitParameters));
}

/// The last bit of the compressed point selects one of two points.
#[test]
fn a_compressed_point_is_that_of_the_certificate() {
    let der = PrivateKeyDer::from_pem_slice(&file("forms/sec1-compressed.key")).unwrap();
    let mut key = der.secret_der().to_vec();
    let at = key.windows(4).position(|four| matches!(four, [0x03, 0x22, 0x00, 2 | 3])).unwrap() + 3;
    assert!(Identity::from_pem_or_der(&file("forms/leaf.pem"), &key).is_ok());
    for place in [at, at + 1, at + 32] {
        key[place] ^= 1;
        let error = Identity::from_pem_or_der(&file("forms/leaf.pem"), &key).err();
        assert_eq!(error, Some(IdentityError::KeyOfAnother), "octet {place}");
        key[place] ^= 1;
    }
}

#[test]
fn a_public_part_of_another_key_is_refused() {
    let der = PrivateKeyDer::from_pem_slice(&file("p256.sec1.pem")).unwrap();
    let mut key = der.secret_der().to_vec();
    // The scalar is the OCTET STRING at 5: another private key, with the old public key.
    key[7] ^= 1;
    assert_eq!(SigningKey::from_der(&key).err(), Some(KeyError::Inconsistent));
}

/// RFC 8410 §7, RFC 5958 §2: PKCS#8 has the public key again. Old releases of *ring* tagged it otherwise.
#[test]
fn an_ed25519_key_with_the_public_part_of_another_is_refused() {
    for name in ["forms/ed-v2.key", "forms/ed-ring-old.key"] {
        let der = PrivateKeyDer::from_pem_slice(&file(name)).unwrap();
        let mut key = der.secret_der().to_vec();
        assert!(SigningKey::from_der(&key).is_ok());
        *key.last_mut().unwrap() ^= 1;
        assert_eq!(SigningKey::from_der(&key).err(), Some(KeyError::Inconsistent), "{name}");
    }
}

/// RFC 5915 §3, RFC 5958 §2: the curve may stand twice, but not two curves.
#[test]
fn an_ec_key_that_names_two_curves_is_refused() {
    const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
    let sec1 = PrivateKeyDer::from_pem_slice(&file("p256.sec1.pem")).unwrap();
    let (scalar, point) = (&sec1.secret_der()[7..39], &sec1.secret_der()[51..]);
    for (outer, inner, read) in
        [(P256, P256, None), (P384, P256, Some(KeyError::Malformed)), (P256, P384, Some(KeyError::Malformed))]
    {
        let curve = der(0xa0, &der(0x06, inner));
        let key = der(0x30, &[&[2, 1, 1], &der(0x04, scalar)[..], &curve, point].concat());
        let algorithm = der(0x30, &[der(0x06, EC_PUBLIC_KEY), der(0x06, outer)].concat());
        let pkcs8 = der(0x30, &[der(0x02, &[0]), algorithm, der(0x04, &key)].concat());
        assert_eq!(SigningKey::from_der(&pkcs8).err(), read);
    }
}

#[test]
fn an_encrypted_key_in_der_is_told_as_such() {
    let encrypted = pem::sections(&file("encrypted.pkcs8.pem"))[0].der().unwrap();
    assert_eq!(SigningKey::from_pem_or_der(&encrypted).err(), Some(KeyError::Encrypted));
}

/// A P-521 key whose public part only the certificate has, whole or compressed.
#[cfg(feature = "aws-lc-rs")]
#[test]
fn a_p521_key_is_completed_by_its_certificate() {
    let pkcs8 = PrivateKeyDer::from_pem_slice(&file("unsupported.p521.pem")).unwrap();
    let find = |part: &[u8]| pkcs8.secret_der().windows(part.len()).position(|each| each == part).unwrap() + part.len();
    let scalar = &pkcs8.secret_der()[find(&[0x04, 0x42])..][..66];
    let spki = load("unsupported.p521.pem").unwrap().public_key();
    let point = &spki[spki.len() - 133..];
    let algorithm = der(0x30, &der(0x06, &[0x2b, 0x65, 112]));
    let time = |year: &str| der(0x17, format!("{year}0101000000Z").as_bytes());
    let name = der(0x30, &der(0x31, &der(0x30, &[der(0x06, &[0x55, 4, 3]), der(0x0c, b"a")].concat())));
    let certificate = |spki: &[u8]| {
        let fields = [
            der(0xa0, &der(0x02, &[2])),
            der(0x02, &[1]),
            algorithm.clone(),
            name.clone(),
            der(0x30, &[time("26"), time("27")].concat()),
            name.clone(),
            spki.to_vec(),
            der(0xa3, &der(0x30, &extension(15, true, &der(0x03, &[7, 0x80])))),
        ];
        der(0x30, &[der(0x30, &fields.concat()), algorithm.clone(), der(0x03, &[0; 65])].concat())
    };
    let compressed = [&[2 | point[132] & 1], &point[1..67]].concat();
    for point in [None, Some(compressed)] {
        let curve = der(0xa0, &der(0x06, &[0x2b, 0x81, 4, 0, 35]));
        let point = point.map_or(Vec::new(), |point| der(0xa1, &der(0x03, &[&[0], &point[..]].concat())));
        let key = der(0x30, &[der(0x02, &[1]), der(0x04, scalar), curve, point].concat());
        let ours = Identity::from_pem_or_der(&certificate(&spki), &key).unwrap();
        assert_eq!(ours.key().unwrap().public_key(), spki);
        let other = SubjectPublicKeyInfoDer::from_pem_slice(&file("p384.public.pem")).unwrap();
        let refused = Identity::from_pem_or_der(&certificate(&other), &key).err();
        assert_eq!(refused, Some(IdentityError::KeyOfAnother));
    }
}

#[test]
fn cut_and_flipped_keys_are_refused_or_still_consistent_and_never_panic() {
    for name in ["p256.sec1.pem", "p384.pkcs8.pem", "ed25519.pkcs8.pem", "rsa2048.pkcs1.pem"] {
        let der = PrivateKeyDer::from_pem_slice(&file(name)).unwrap();
        let der = der.secret_der();
        for cut in 0..der.len() {
            assert!(SigningKey::from_der(&der[..cut]).is_err(), "{name} cut at {cut}");
        }
        for index in 0..der.len().min(150) {
            let mut broken = der.to_vec();
            broken[index] ^= 1;
            if let Ok(key) = SigningKey::from_der(&broken) {
                let _ = key.sign(key.schemes()[0], b"message");
            }
        }
    }
}

/// A damaged BEGIN or END line may contain a part of the key as its label.
#[test]
fn an_error_shows_no_part_of_a_key() {
    let body = "MFECAQEwBQYDK2VwBCIEIxMr7VvwggfS8aaBBcc";
    for label in [format!("RSA PRIVATE K{body}"), format!("{body} KEY"), body.to_owned()] {
        for file in [
            format!("-----BEGIN RSA PRIVATE KEY-----\nMFE=\n-----END {label}-----\n"),
            format!("-----BEGIN {label}-----\nMFE=\n-----END {label}-----\n"),
            format!("-----BEGIN {label}-----\nMFE=\n-----END PRIVATE KEY-----\n"),
            format!("MFE=\n-----END {label}-----\n"),
        ] {
            for error in [
                SigningKey::from_pem_or_der(file.as_bytes()).err().unwrap().to_string(),
                Identity::from_pem(file.as_bytes()).err().unwrap().to_string(),
                Trust::from_roots("ca.pem", file.as_bytes()).err().unwrap().to_string(),
            ] {
                let parts = body.as_bytes().windows(12);
                let shown = parts.filter(|part| error.as_bytes().windows(12).any(|said| said == *part)).count();
                assert_eq!(shown, 0, "{file}: {error}");
            }
        }
    }
}
