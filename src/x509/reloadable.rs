//! A value that is swapped as a whole while others use it.

use std::sync::{Arc, PoisonError, RwLock};

/// Today's [`Identities`](super::Identities) or [`Trust`](super::Trust): handshakes take the current one, a renewal puts the
/// next. A handshake that has begun to answer keeps what it took.
pub struct Reloadable<T>(RwLock<Arc<T>>);

impl<T> Reloadable<T> {
    /// Starts with `value`.
    pub fn new(value: T) -> Reloadable<T> {
        Reloadable(RwLock::new(Arc::new(value)))
    }

    /// The current value. Held no longer than it takes to count a reference.
    pub fn get(&self) -> Arc<T> {
        // The lock guards one pointer: a panic elsewhere cannot leave it half written.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces it: from now on `get` returns `value`.
    pub fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}
