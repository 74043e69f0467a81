//! A value that can be replaced while others use it.

use std::sync::{Arc, PoisonError, RwLock};

/// The current [`Identities`](super::Identities) or [`Trust`](super::Trust). A question is answered with the value of
/// that moment, and signed with the identity that was shown. So a renewal does not disturb running handshakes.
pub struct Reloadable<T>(RwLock<Arc<T>>);

impl<T> Reloadable<T> {
    /// Begins with `value`.
    pub fn new(value: T) -> Reloadable<T> {
        Reloadable(RwLock::new(Arc::new(value)))
    }

    /// The current value. It is locked only to clone the `Arc`.
    pub fn get(&self) -> Arc<T> {
        // The lock guards one pointer, so a poisoned lock still has a valid value.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the value: from now on `get` returns `value`.
    pub fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}
