//! What a verdict takes besides roots and rules.

use super::memo::SignatureMemo;
use crate::x509::expectations::Expect;
use rustls_pki_types::{CertificateDer, UnixTime};

/// What a peer is judged by, besides the [`Trust`](crate::x509::Trust).
#[derive(Clone, Copy)]
pub struct JudgeOptions<'a> {
    /// Who the peer may be; one must match. Empty: nobody.
    pub expect: &'a [Expect],
    /// The moment of the verdict.
    pub now: UnixTime,
    /// Our own leaves (or raw public keys), DER: a peer that presents one of them is refused.
    pub own: &'a [CertificateDer<'a>],
    /// Where signatures are remembered that have been verified, if anywhere.
    pub memo: Option<&'a SignatureMemo>,
}

impl<'a> JudgeOptions<'a> {
    /// With no own leaves to watch for, and no memo.
    pub const fn new(expect: &'a [Expect], now: UnixTime) -> JudgeOptions<'a> {
        JudgeOptions { expect, now, own: &[], memo: None }
    }
}
