//! How many may be inside at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A cap on what goes on at the same time. Whoever finds it full waits: in a server that is the one who accepts, so that
/// the system's own queue holds the rest, and nobody is turned away who would have been served a moment later.
pub(crate) struct Gate {
    most: usize,
    inside: Mutex<usize>,
    left: Condvar,
}

/// A place inside; given back when it is dropped.
pub(crate) struct Place(Arc<Gate>);

impl Gate {
    pub(crate) fn new(most: usize) -> Arc<Gate> {
        Arc::new(Gate { most, inside: Mutex::new(0), left: Condvar::new() })
    }

    /// Waits for a place; `full` is called once if there is none.
    pub(crate) fn enter(self: &Arc<Gate>, full: impl FnOnce(usize)) -> Place {
        let mut inside = self.count();
        if *inside >= self.most {
            full(self.most);
        }
        while *inside >= self.most {
            inside = self.left.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        *inside += 1;
        Place(Arc::clone(self))
    }

    fn count(&self) -> MutexGuard<'_, usize> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.count() -= 1;
        self.0.left.notify_one();
    }
}
