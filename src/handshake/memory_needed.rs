//! How large an outbox must be for what a policy makes us send.

use super::carrier::Carry;
use super::records::Records;
use crate::engine::question::Credential;
use crate::engine::{plan_longest_flight, plan_longest_hello};
use crate::error::ErrorKind;
use crate::policy::Policy;
use crate::record::Plan;
use crate::role::Role;

impl Policy {
    /// The outbox, in bytes, in which every handshake has room that shows this credential under this policy, whatever the
    /// peer chooses; also the second hello of a client, with a cookie of 4,096 bytes, or as long as
    /// [`max_flight`](Self::max_flight) lets a HelloRetryRequest be. A session goes on in it, with shorter records than TLS
    /// allows where it has less than 16,454 bytes.
    ///
    /// A signature takes up to `signature_len` bytes: as many as an RSA key's modulus, 64 with Ed25519, 72 with P-256, 104
    /// with P-384. Not counted: an opaque extension, with 4 bytes more than its body has; and, of peers that take short
    /// records only (RFC 8449), 22 bytes for each record more that it makes. If it does not do after all, the outbox is
    /// asked to grow: `Misuse::NoRoom`.
    ///
    /// ```
    /// use countersign::{Credential, Policy, Role};
    /// let chain = [vec![0; 700].into(), vec![0; 600].into()]; // a leaf, an intermediate
    /// let needed = Policy::new().outbox_needed(Role::Server, &Credential::new(&chain), 72).unwrap();
    /// # #[cfg(not(feature = "aws-lc-rs"))] // which has a scheme more to name
    /// assert_eq!(needed, 1_787);
    /// ```
    ///
    /// # Errors
    /// `OwnMessageTooLong` if TLS cannot carry the credential at all.
    pub fn outbox_needed(
        &self,
        role: Role,
        credential: &Credential<'_>,
        signature_len: usize,
    ) -> Result<usize, ErrorKind> {
        let planned = |plan: &dyn Fn(&mut Plan) -> Result<(), ErrorKind>| {
            let mut planned = Records::new(role, self).plan_in_empty_outbox();
            plan(&mut planned).map(|()| planned.capacity())
        };
        let flight = planned(&|plan| plan_longest_flight(role, self, credential, signature_len, plan))?;
        if role == Role::Server {
            return Ok(flight);
        }
        let hello = |second| planned(&|plan| plan_longest_hello(self, second, self.middlebox_compatibility, plan));
        Ok(flight.max(hello(false)?).max(hello(true)?))
    }
}
