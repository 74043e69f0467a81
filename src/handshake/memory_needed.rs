//! How large an outbox must be for what a policy makes us send.

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
    /// The outbox, in bytes, in which every handshake has room that shows this credential under this policy, whatever the
    /// peer chooses; also the second hello of a client, with a cookie of 4,096 bytes, or as long as
    /// [`max_flight`](Self::max_flight) lets a HelloRetryRequest be. A session goes on in it, with shorter records than TLS
    /// allows where it has less than 16,454 bytes.
    ///
    /// A signature takes up to `signature_len` bytes: as many as an RSA key's modulus, 64 with Ed25519, 72 with P-256, 104
    /// with P-384, 2,420, 3,309 and 4,627 with ML-DSA-44, 65 and 87. `extension` is the body of the connection's opaque
    /// extension, if it has one ([`Handshake::with_extension`](crate::Handshake::with_extension)). `peers_limit` is the peer's record_size_limit
    /// (RFC 8449), where it is known; `None` reckons with every peer: the lowest limit, 64, makes a flight a third longer.
    /// (A client meets a limit only if its policy has a [`record_size_limit`](Self::record_size_limit) itself.)
    ///
    /// This is the worst case, and exact: one byte less is too little for some peer.
    ///
    /// ```
    /// use countersign::{Credential, Policy, Role};
    /// let chain = [vec![0; 700].into(), vec![0; 600].into()]; // a leaf, an intermediate
    /// let needed = |peers_limit| {
    ///     Policy::new().outbox_needed(Role::Server, &Credential::new(&chain), 72, None, peers_limit).unwrap()
    /// };
    /// # #[cfg(not(any(feature = "aws-lc-rs", feature = "mlkem", feature = "mldsa")))] // which have more to say
    /// assert_eq!((needed(None), needed(Some(16_385))), (2_315, 1_787));
    /// ```
    ///
    /// # Errors
    /// `OwnMessageTooLong` if TLS cannot carry the credential or the extension at all.
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
