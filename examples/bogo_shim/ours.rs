//! The credentials of the shim, and the choice among them.

use countersign::internals::codec::{List, Reader, SerializedSct};
use countersign::x509::{Identity, IdentityError, KeyError, SignError, SigningKey};
use countersign::{CertificateType, Credential, Offer, SignQuestion, SignatureScheme};

/// One credential of the command line.
#[derive(Default)]
pub(crate) struct Ours {
    /// PEM files.
    pub(crate) chain: Vec<u8>,
    pub(crate) key: Vec<u8>,
    /// The signature schemes in order. Empty: those that fit the key.
    pub(crate) prefers: Vec<SignatureScheme>,
    pub(crate) ocsp_staple: Option<Vec<u8>>,
    pub(crate) scts: Option<Vec<u8>>,
    /// Only for peers whose certificate_authorities contain an issuer of the chain.
    pub(crate) must_match_issuer: bool,
    /// A raw public key (RFC 7250): a key and no chain.
    pub(crate) is_raw_key: bool,
    identity: Option<Identity>,
}

impl Ours {
    /// Reads chain and key, if there are any. The error says why they are not supported.
    pub(crate) fn load(&mut self) -> Result<(), String> {
        if self.chain.is_empty() && self.key.is_empty() {
            return Ok(());
        }
        let identity = if self.is_raw_key {
            SigningKey::from_pem_or_der(&self.key).map(Identity::raw_public_key).map_err(IdentityError::Key)
        } else {
            Identity::from_pem_or_der(&self.chain, &self.key)
        };
        let mut identity = match identity {
            Ok(identity) => identity,
            Err(IdentityError::Key(KeyError::Unsupported(_))) => return Err("this kind of private key".into()),
            Err(error) => return Err(error.to_string()),
        };
        if let Some(response) = self.ocsp_staple.take() {
            identity = identity.with_ocsp_staple(response);
        }
        if let Some(list) = self.scts.take() {
            identity = identity.with_scts(list);
        }
        let can = identity.key().map_or(&[][..], |key| key.schemes());
        if self.prefers.is_empty() {
            self.prefers = can.to_vec();
        }
        self.prefers.retain(|scheme| can.contains(scheme));
        self.identity = Some(identity);
        Ok(())
    }

    /// X.509 or a raw public key, if it has either.
    pub(crate) fn certificate_type(&self) -> Option<CertificateType> {
        Some(self.identity.as_ref()?.credential().certificate_type)
    }

    /// The answer to `Credential`.
    pub(crate) fn credential(&self) -> Option<Credential<'_>> {
        let credential = self.identity.as_ref()?.credential();
        Some(Credential { schemes: &self.prefers, ..credential })
    }

    /// The answer to `Sign`.
    pub(crate) fn sign(&self, question: &SignQuestion) -> Result<Vec<u8>, SignError> {
        let identity = self.identity.as_ref().ok_or(SignError::SchemeDoesNotFitKey)?;
        identity.sign(question.scheme(), question.message())
    }

    /// Whether the peer accepts it. If not, the runner's token for the reason.
    fn suits(&self, offer: &Offer<'_>) -> Result<(), &'static str> {
        let Some(identity) = &self.identity else { return Err("NO_CERTIFICATE_SET") };
        if identity.credential().certificate_type != offer.certificate_type() {
            return Err("UNKNOWN_CERTIFICATE_TYPE");
        }
        if identity.credential().scts.is_some_and(|list| !is_sct_list(list)) {
            return Err("INVALID_SCT_LIST");
        }
        if self.must_match_issuer && !identity.is_issued_by(offer.certificate_authorities()) {
            return Err("NO_MATCHING_ISSUER");
        }
        if !offer.signature_schemes().any(|scheme| self.prefers.contains(&scheme)) {
            return Err("NO_COMMON_SIGNATURE_ALGORITHMS");
        }
        Ok(())
    }
}

/// SignedCertificateTimestampList (RFC 6962 §3.3).
fn is_sct_list(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let list = reader.vec_u16().and_then(List::<SerializedSct<'_>>::parse);
    list.is_ok_and(|list| !list.is_empty()) && reader.is_empty()
}

/// The index of the first credential that fits the peer. Otherwise the error of the last one.
pub(crate) fn choose(ours: &[Ours], offer: &Offer<'_>) -> Result<usize, &'static str> {
    let mut why = "NO_CERTIFICATE_SET";
    for (place, each) in ours.iter().enumerate() {
        match each.suits(offer) {
            Ok(()) => return Ok(place),
            Err("NO_CERTIFICATE_SET") => {}
            Err(reason) => why = reason,
        }
    }
    Err(why)
}
