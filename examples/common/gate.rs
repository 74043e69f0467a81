//! A limit on concurrent work.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Limits how many run at the same time. If it is full, `enter` waits. A server calls it before it accepts a
/// connection, so other connections wait in the system's queue.
pub(crate) struct Gate {
    most: usize,
    inside: Mutex<usize>,
    left: Condvar,
}

/// One place, which is free again when this is dropped.
pub(crate) struct Place(Arc<Gate>);

impl Gate {
    pub(crate) fn new(most: usize) -> Arc<Gate> {
        Arc::new(Gate { most, inside: Mutex::new(0), left: Condvar::new() })
    }

    /// Waits for a place. Calls `full` once if there is none.
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
