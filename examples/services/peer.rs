//! The peer that has sent a request, for handlers.

use axum::extract::FromRequestParts;
use countersign::x509::{Accepted, PeerIdentity, SpiffeId};
use hyper::StatusCode;
use hyper::http::request::Parts;
use std::sync::Arc;

/// The proved peer of the connection on which a request came. [`serve`](crate::serve::serve) puts it into the
/// extensions of each request. A handler of axum takes it as an argument; others call
/// `request.extensions().get::<Peer>()`.
#[derive(Clone, Debug)]
pub struct Peer(Arc<PeerIdentity>);

impl Peer {
    /// `None`: a raw public key has no names.
    pub fn of(accepted: &Accepted) -> Option<Peer> {
        accepted.identity().map(|identity| Peer(Arc::new(identity)))
    }

    /// The contents of the certificate, which its chain proves.
    pub fn identity(&self) -> &PeerIdentity {
        &self.0
    }

    /// The SPIFFE ID, if it has one.
    pub fn spiffe_id(&self) -> Option<&SpiffeId> {
        self.0.spiffe_id.as_ref()
    }

    /// Whether its SPIFFE ID is one of these.
    pub fn is_one_of(&self, allowed: &[SpiffeId]) -> bool {
        self.spiffe_id().is_some_and(|id| allowed.contains(id))
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Peer, Self::Rejection> {
        // Without this value the request is refused, because `serve` does not serve this router.
        let missing = (StatusCode::INTERNAL_SERVER_ERROR, "this request did not come over mutual TLS\n");
        parts.extensions.get().cloned().ok_or(missing)
    }
}
