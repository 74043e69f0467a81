//! The longest flight that we send under a policy, whatever the peer chooses. The plans of the sending code compute it.

use super::authenticate::{plan_certificate, plan_proof};
use super::effects::Plan;
use super::peer_preferences::PeerPreferences;
use super::question::Credential;
use super::server::plan_longest_present;
use crate::codec::SignatureScheme;
use crate::crypto::Suite;
use crate::error::ErrorKind;
use crate::policy::{Bytes, Policy};
use crate::role::Role;

/// No signature is longer, except those of RSA keys with more than 65,536 bits.
static ANY_SIGNATURE: [u8; 8192] = [0; 8192];

/// Plans the flight that holds our Certificate, CertificateVerify and Finished.
pub(crate) fn plan_longest_flight(
    role: Role,
    policy: &Policy,
    extension: Option<&Bytes>,
    peers_limit: u16,
    credential: &Credential<'_>,
    signature_len: usize,
    out: &mut impl Plan,
) -> Result<(), ErrorKind> {
    match role {
        Role::Client => {
            out.write_key();
            if policy.record_size_limit.is_some() {
                out.peer_record_size_limit(peers_limit); // only if we have sent one, a server may answer with its own
            }
            if policy.middlebox_compatibility {
                out.change_cipher_spec();
            }
            plan_certificate(out, &PeerPreferences::all(), credential)?;
        }
        Role::Server => plan_longest_present(policy, extension, peers_limit, credential, out)?,
    }
    let suites = policy.cipher_suites.as_slice().iter().filter_map(|suite| Suite::from(*suite));
    let suite = suites.max_by_key(|suite| suite.hash().output_len()).ok_or(ErrorKind::Bug)?;
    let signature = ANY_SIGNATURE.get(..signature_len).unwrap_or(&ANY_SIGNATURE);
    plan_proof(out, suite, SignatureScheme::ED25519, signature)
}
