//! The size of an outbox for the longest flight that we send under a policy.

use super::carrier::Carry;
use super::records::Records;
use crate::engine::question::Credential;
use crate::engine::{plan_longest_flight, plan_longest_hello};
use crate::error::ErrorKind;
use crate::limits::MIN_RECORD_SIZE_LIMIT;
use crate::policy::{Bytes, Policy};
use crate::record::Plan;
use crate::role::Role;

impl Policy {
    /// The outbox size in bytes for every handshake with this credential under this policy, whatever the peer chooses. It
    /// is exact: for some peer one byte less is too little. A session can use the same outbox. If it has less than 16,454
    /// bytes, its records are shorter than TLS allows.
    ///
    /// * `signature_len`: the longest signature. It is the length of the modulus for RSA, 64 for Ed25519, 72 for P-256, 104
    ///   for P-384, and 2,420, 3,309 or 4,627 for ML-DSA-44, 65 or 87.
    /// * `extension`: the body of the connection's opaque extension, if it has one
    ///   ([`Handshake::with_extension`](crate::Handshake::with_extension)).
    /// * `peers_limit`: the peer's record_size_limit (RFC 8449), if it is known. `None` means the lowest limit, 64, which
    ///   makes a flight a third longer. (A client gets a limit only if its policy has a
    ///   [`record_size_limit`](Self::record_size_limit).)
    ///
    /// The size includes a client's second hello, with a cookie of up to 4,096 bytes (fewer if
    /// [`max_flight`](Self::max_flight) does not allow a HelloRetryRequest of that length).
    ///
    /// ```
    /// use countersign::{Credential, Policy, Role};
    /// let chain = [vec![0; 700].into(), vec![0; 600].into()]; // a leaf, an intermediate
    /// let needed = |peers_limit| {
    ///     Policy::new().outbox_needed(Role::Server, &Credential::new(&chain), 72, None, peers_limit).unwrap()
    /// };
    /// # #[cfg(not(any(feature = "aws-lc-rs", feature = "mlkem", feature = "mldsa")))] // these send more
    /// assert_eq!((needed(None), needed(Some(16_385))), (2_315, 1_787));
    /// ```
    ///
    /// # Errors
    /// `OwnMessageTooLong`: TLS cannot carry the credential or the extension.
    pub fn outbox_needed(
        &self,
        role: Role,
        credential: &Credential<'_>,
        signature_len: usize,
        extension: Option<&Bytes>,
        peers_limit: Option<u16>,
    ) -> Result<usize, ErrorKind> {
        let limit = peers_limit.unwrap_or(MIN_RECORD_SIZE_LIMIT);
        let planned = |plan: &dyn Fn(&mut Plan) -> Result<(), ErrorKind>| {
            let mut planned = Records::new(role, self).plan_in_empty_outbox();
            plan(&mut planned).map(|()| planned.capacity())
        };
        let flight =
            planned(&|plan| plan_longest_flight(role, self, extension, limit, credential, signature_len, plan))?;
        if role == Role::Server {
            return Ok(flight);
        }
        let hello = |second| planned(&|plan| plan_longest_hello(self, extension, second, plan));
        Ok(flight.max(hello(false)?).max(hello(true)?))
    }
}
