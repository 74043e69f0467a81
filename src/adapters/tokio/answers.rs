//! Answers that take time: a signature by a key that is elsewhere, a second opinion on the peer.

use crate::adapters::failure::BoxError;
use crate::x509::{Accepted, Identity};
use crate::{Rejection, SignQuestion};
use core::future::Future;
use core::pin::Pin;
use std::boxed::Box;
use std::{sync::Arc, vec::Vec};

/// Signs with a key that is elsewhere: an HSM, a KMS, an agent. It is asked for identities that were made by
/// [`Identity::external`]; others sign for themselves.
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
    /// The signature, in the form that [`SignQuestion::scheme`] says. An error declines the question, and is inside of
    /// the connection's error.
    fn sign(
        &self,
        identity: Arc<Identity>,
        question: SignQuestion,
    ) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send;
}

/// A second opinion on the peer: a policy service, a ban list. It is asked after the local judgement has accepted, and can
/// only refuse: whom our trust refuses, nothing accepts.
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
    /// `Ok` agrees. The peer is told an error by its alert.
    fn judge(&self, peer: Accepted) -> impl Future<Output = Result<(), Rejection>> + Send;
}

/// Who answers what is not answered at once.
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
