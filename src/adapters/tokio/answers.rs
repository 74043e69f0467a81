//! Answers that take time: a signature by an external key, and a judge's decision about the peer.

use crate::adapters::failure::BoxError;
use crate::x509::{Accepted, Identity};
use crate::{Rejection, SignQuestion};
use core::future::Future;
use core::pin::Pin;
use std::boxed::Box;
use std::{sync::Arc, vec::Vec};

/// Signs with an external key, for example in an HSM, a KMS or an agent. It is asked for identities made by
/// [`Identity::external`]; others sign themselves.
///
/// ```
/// use countersign::{SignQuestion, adapters::{BoxError, tokio::Signer}, x509::Identity};
/// use std::sync::Arc;
///
/// struct Kms;
/// # impl Kms { async fn call(&self, _: &[u8]) -> Result<Vec<u8>, BoxError> { Ok(vec![]) } }
///
/// impl Signer for Kms {
///     async fn sign(&self, _: Arc<Identity>, question: SignQuestion) -> Result<Vec<u8>, BoxError> {
///         self.call(question.message()).await
///     }
/// }
/// ```
pub trait Signer: Send + Sync + 'static {
    /// The signature, in the form of [`SignQuestion::scheme`]. An error declines the question, and is inside the error of
    /// the connection.
    fn sign(
        &self,
        identity: Arc<Identity>,
        question: SignQuestion,
    ) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send;
}

/// An additional decision about the peer, for example by a policy service or a ban list. It is asked after the local
/// verdict has accepted the peer, and can only refuse it: nothing accepts a peer that our trust refuses.
///
/// ```
/// use countersign::{Rejection, adapters::tokio::Judge, x509::Accepted};
///
/// struct Policies;
/// # impl Policies { async fn allows(&self, _: [u8; 32]) -> bool { true } }
///
/// impl Judge for Policies {
///     async fn judge(&self, peer: Accepted) -> Result<(), Rejection> {
///         if self.allows(peer.fingerprint()).await { Ok(()) } else { Err(Rejection::AccessDenied) }
///     }
/// }
/// ```
pub trait Judge: Send + Sync + 'static {
    /// `Ok` accepts the peer. An error refuses it, with the alert of this error.
    fn judge(&self, peer: Accepted) -> impl Future<Output = Result<(), Rejection>> + Send;
}

/// The signer and the judge, if there are any.
#[derive(Clone, Default)]
pub(super) struct Answers {
    pub(super) signer: Option<Arc<dyn AnySigner>>,
    pub(super) judge: Option<Arc<dyn AnyJudge>>,
}

pub(super) type Answer<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// [`Signer`] without a type parameter.
pub(super) trait AnySigner: Send + Sync {
    fn sign(self: Arc<Self>, identity: Arc<Identity>, question: SignQuestion) -> Answer<Vec<u8>, BoxError>;
}

impl<S: Signer> AnySigner for S {
    fn sign(self: Arc<Self>, identity: Arc<Identity>, question: SignQuestion) -> Answer<Vec<u8>, BoxError> {
        Box::pin(async move { Signer::sign(&*self, identity, question).await })
    }
}

/// [`Judge`] without a type parameter.
pub(super) trait AnyJudge: Send + Sync {
    fn judge(self: Arc<Self>, peer: Accepted) -> Answer<(), Rejection>;
}

impl<J: Judge> AnyJudge for J {
    fn judge(self: Arc<Self>, peer: Accepted) -> Answer<(), Rejection> {
        Box::pin(async move { Judge::judge(&*self, peer).await })
    }
}
