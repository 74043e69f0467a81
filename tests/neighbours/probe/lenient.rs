//! A verifier for rustls that leaves one check out.

use countersign::internals::asn1;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use std::sync::Arc;
use std::time::Duration;

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// That there is a certificate. (rustls has that built in.)
    NoCertificate,
    TheChain,
    TheSignature,
    TheTime,
    ThePurpose,
}

#[derive(Debug)]
pub struct Lenient {
    inner: Arc<dyn ClientCertVerifier>,
    root: CertificateDer<'static>,
    leaves: Leaves,
}

impl Lenient {
    pub fn new(inner: Arc<dyn ClientCertVerifier>, root: CertificateDer<'static>, leaves: Leaves) -> Lenient {
        Lenient { inner, root, leaves }
    }

    /// For either role.
    fn any_purpose(&self, leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>], now: UnixTime) -> bool {
        let anchors = [webpki::anchor_from_trusted_cert(&self.root).unwrap()];
        let Ok(leaf) = webpki::EndEntityCert::try_from(leaf) else { return false };
        let good = |usage| {
            leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, chain, now, usage, None, None).is_ok()
        };
        good(webpki::KeyUsage::client_auth()) || good(webpki::KeyUsage::server_auth())
    }
}

impl ClientCertVerifier for Lenient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.leaves {
            Leaves::TheChain => Ok(ClientCertVerified::assertion()),
            Leaves::TheTime => {
                let read = asn1::Certificate::from_der(leaf).map_err(|error| Error::General(error.to_string()))?;
                let then = UnixTime::since_unix_epoch(Duration::from_secs(read.not_before.unix() + 1));
                self.inner.verify_client_cert(leaf, chain, then)
            }
            Leaves::ThePurpose if self.any_purpose(leaf, chain, now) => Ok(ClientCertVerified::assertion()),
            _ => self.inner.verify_client_cert(leaf, chain, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.leaves {
            Leaves::TheSignature => Ok(HandshakeSignatureValid::assertion()),
            _ => self.inner.verify_tls13_signature(message, leaf, signed),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
