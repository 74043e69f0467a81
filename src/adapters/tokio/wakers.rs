//! One waker for writing to the transport. It wakes both halves.

use core::task::{Context, Waker};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

/// Which half polls.
#[derive(Clone, Copy)]
pub(super) enum Half {
    Read,
    Write,
}

/// The wakers of the tasks that poll the two halves.
///
/// A transport keeps one waker for writing. Either half may write: the reading half an owed KeyUpdate, the writing half
/// data. If each registered its own waker, the later one would replace the other, whose task would sleep for ever.
pub(super) struct Wakers {
    both: Waker,
    tasks: Arc<Tasks>,
}

#[derive(Default)]
struct Tasks(Mutex<[Option<Waker>; 2]>);

impl Wakers {
    pub(super) fn new() -> Wakers {
        let tasks = Arc::new(Tasks::default());
        Wakers { both: Waker::from(Arc::clone(&tasks)), tasks }
    }

    /// The waker for writing, while this half is polled by this task.
    pub(super) fn writing(&self, half: Half, cx: &Context<'_>) -> &Waker {
        let mut tasks = self.tasks.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [read, write] = &mut *tasks;
        let task = match half {
            Half::Read => read,
            Half::Write => write,
        };
        match task {
            Some(waker) => waker.clone_from(cx.waker()),
            None => *task = Some(cx.waker().clone()),
        }
        &self.both
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        tasks.into_iter().flatten().for_each(Waker::wake);
    }
}
