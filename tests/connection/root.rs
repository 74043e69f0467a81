//! The types in signatures of the stable API can be imported from the root. So a program needs neither `internals` nor
//! our version of rustls-pki-types.

use countersign::flow::{ExposedSecret, FlowSession};
use countersign::pki_types::{CertificateDer, UnixTime};
use countersign::{
    AlertDescription, CertificateType, CipherSuite, ContentType, Credential, CryptoFailed, EcdsaSigValue, ErrorKind,
    Exporter, ExtensionType, HandshakeType, Malformed, MessageDigest, NamedGroup, Offered, Pair, SignQuestion,
    SignatureScheme, Suite, x509::Answerer,
};

#[test]
fn what_signatures_name_is_at_the_root() {
    let _: fn(&FlowSession) -> (&Suite, &Pair<ExposedSecret>) = |session| (&session.suite, &session.secrets);
    let _: fn(&Exporter) -> Result<[u8; 32], CryptoFailed> = Exporter::tls_exporter;
    let _: fn(&SignQuestion) -> Option<MessageDigest> = SignQuestion::digest;
    let _: fn(&mut EcdsaSigValue) = |_| ();
    let _: fn(&mut Answerer, UnixTime) = |_, _| ();
    let _: fn(&'static [CertificateDer<'static>]) -> Credential<'static> = Credential::new;
    let _: fn(CertificateType, ContentType, ExtensionType) = |_, _, _| ();
    let _ = |kind: ErrorKind| -> Option<(HandshakeType, Malformed)> {
        let ErrorKind::Malformed { message, what } = kind else { return None };
        Some((message, what))
    };
    let _ = |kind: ErrorKind| -> Option<(Offered<CipherSuite>, Option<AlertDescription>)> {
        let ErrorKind::NoCommonCipherSuite { offered } = kind else { return None };
        Some((offered, kind.alert()))
    };
    let _: fn(Offered<NamedGroup>, Offered<SignatureScheme>) = |_, _| ();
}
