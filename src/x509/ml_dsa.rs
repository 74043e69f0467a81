//! ML-DSA in certificates and CRLs (RFC 9881), for webpki.

use crate::asn1::MlDsa;
use crate::crypto::provider::ml_dsa;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

#[derive(Debug)]
pub(super) struct MlDsaAlgorithm(MlDsa);

pub(super) const ML_DSA_44: &dyn SignatureVerificationAlgorithm = &MlDsaAlgorithm(MlDsa::MlDsa44);
pub(super) const ML_DSA_65: &dyn SignatureVerificationAlgorithm = &MlDsaAlgorithm(MlDsa::MlDsa65);
pub(super) const ML_DSA_87: &dyn SignatureVerificationAlgorithm = &MlDsaAlgorithm(MlDsa::MlDsa87);

impl SignatureVerificationAlgorithm for MlDsaAlgorithm {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        ml_dsa::verify(self.0, public_key, message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.signature_alg_id()
    }

    /// One identifier stands for the key and for what it signs.
    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self.0 {
            MlDsa::MlDsa44 => alg_id::ML_DSA_44,
            MlDsa::MlDsa65 => alg_id::ML_DSA_65,
            MlDsa::MlDsa87 => alg_id::ML_DSA_87,
        }
    }
}
