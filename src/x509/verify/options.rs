//! The inputs of a verdict in addition to roots and rules.

use super::memo::SignatureMemo;
use crate::x509::expectations::Expect;
use rustls_pki_types::{CertificateDer, UnixTime};

/// The options of a verdict, in addition to the [`Trust`](crate::x509::Trust).
#[derive(Clone, Copy)]
pub struct JudgeOptions<'a> {
    /// The expected identities; one must match. Empty: nobody is accepted.
    pub expect: &'a [Expect],
    /// The time of the verdict.
    pub now: UnixTime,
    /// Our own leaves (or raw public keys), DER: a peer that presents one of them is refused.
    pub own: &'a [CertificateDer<'a>],
    /// The memo for verified signatures, if there is one.
    pub memo: Option<&'a SignatureMemo>,
}

impl<'a> JudgeOptions<'a> {
    /// Without own leaves and without a memo.
    pub const fn new(expect: &'a [Expect], now: UnixTime) -> JudgeOptions<'a> {
        JudgeOptions { expect, now, own: &[], memo: None }
    }
}
