//! Why a transport takes nothing more, to be said as often as somebody asks.

use core::fmt;
use std::sync::Arc;
use std::{error, io};

/// The transport's own error. It is the source of each error that is made of it.
#[derive(Clone, Debug)]
pub(super) struct Broken(Arc<io::Error>);

impl Broken {
    pub(super) fn new(error: io::Error) -> Broken {
        Broken(Arc::new(error))
    }

    /// Of the same kind, with the same words.
    pub(super) fn error(&self) -> io::Error {
        io::Error::new(self.0.kind(), self.clone())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for Broken {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&*self.0)
    }
}
