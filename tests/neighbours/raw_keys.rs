//! Raw public keys (RFC 7250) with rustls, in both roles. Each end has the other's key, and there are no certificates.

use super::*;
use countersign::CertificateType;
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::ClientCertVerified;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};

const RAW: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY];

/// rustls' verifier, which accepts only one key.
#[derive(Debug)]
struct Known(SubjectPublicKeyInfoDer<'static>);

impl Known {
    fn is(&self, key: &[u8]) -> Result<(), rustls::Error> {
        let unknown = rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        if key == self.0.as_ref() { Ok(()) } else { Err(unknown) }
    }

    fn algorithms() -> WebPkiSupportedAlgorithms {
        ring::default_provider().signature_verification_algorithms
    }

    fn signed(
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = SubjectPublicKeyInfoDer::from(key.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, signature, &Known::algorithms())
    }
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        key: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.is(key).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        unreachable!("TLS 1.3 only")
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Known::signed(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        Known::algorithms().supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Known {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        key: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.is(key).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        unreachable!("TLS 1.3 only")
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Known::signed(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        Known::algorithms().supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// A key pair for either library, from one PKCS#8.
fn pair() -> (Vec<u8>, SigningKey) {
    let key = rcgen::KeyPair::generate().unwrap().serialize_der();
    let ours = SigningKey::from_der(&key).unwrap();
    (key, ours)
}

/// rustls with this key, which accepts the other one.
fn theirs(role: Role, key: &[u8], known: Vec<u8>) -> Connection {
    let signer = provider().key_provider.load_private_key(PrivateKeyDer::try_from(key.to_vec()).unwrap()).unwrap();
    let spki = CertificateDer::from(signer.public_key().unwrap().to_vec());
    let certified = Arc::new(CertifiedKey::new(vec![spki], signer));
    let known = Arc::new(Known(SubjectPublicKeyInfoDer::from(known)));
    match role {
        Role::Client => {
            let config = ClientConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS).unwrap();
            let config = config.dangerous().with_custom_certificate_verifier(known);
            rustls_client(config.with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified))))
        }
        Role::Server => {
            let config = ServerConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS).unwrap();
            let config = config.with_client_cert_verifier(known);
            rustls_server(config.with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(certified))))
        }
    }
}

fn ours(role: Role, key: SigningKey, known: &[u8]) -> Ours {
    let identities = Identities::new(Identity::raw_public_key(key));
    Us {
        role,
        policy: Policy::new().certificate_types(RAW, RAW),
        identities: Arc::new(Reloadable::new(identities)),
        trust: Arc::new(Reloadable::new(Trust::raw_keys_only())),
        expect: vec![Expect::public_key(known)],
    }
    .end()
}

#[test]
fn ends_that_know_each_others_keys_need_no_certificates() {
    for role in [Role::Client, Role::Server] {
        let ((_, our_key), (their_pkcs8, their_key)) = (pair(), pair());
        let mut theirs = theirs(role.peer(), &their_pkcs8, our_key.public_key());
        let our_spki = our_key.public_key();
        let mut ours = ours(role, our_key, &their_key.public_key());
        assert_eq!(exchange(&mut ours, &mut theirs), (Ok(()), Ok(())), "{role}");
        assert_eq!(theirs.peer_certificates().unwrap()[0].as_ref(), our_spki);
        assert_eq!(ours.session().info().peer_certificate_type(), CertificateType::RAW_PUBLIC_KEY);
        talk(&mut ours, &mut theirs);
    }
}

#[test]
fn another_key_is_refused_by_either() {
    for role in [Role::Client, Role::Server] {
        let ((_, our_key), (their_pkcs8, their_key), (_, another)) = (pair(), pair(), pair());
        let mut they = theirs(role.peer(), &their_pkcs8, another.public_key());
        let mut we = ours(role, our_key, &their_key.public_key());
        let (our_end, their_end) = exchange(&mut we, &mut they);
        assert!(matches!(our_end, Err(ErrorKind::PeerRejectedCertificate { .. })), "{our_end:?}");
        assert!(matches!(their_end, Err(rustls::Error::InvalidCertificate(_))), "{their_end:?}");

        let ((_, our_key), (_, another)) = (pair(), pair());
        let mut they = theirs(role.peer(), &their_pkcs8, our_key.public_key());
        let mut we = ours(role, our_key, &another.public_key());
        let (our_end, their_end) = exchange(&mut we, &mut they);
        let alert = our_end.unwrap_err().alert().unwrap();
        assert!(
            matches!(their_end, Err(rustls::Error::AlertReceived(heard)) if u8::from(heard) == alert.0),
            "{their_end:?}"
        );
    }
}
