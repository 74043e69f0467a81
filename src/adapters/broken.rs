//! Why a transport takes nothing more. Every later call gets this error.

use core::fmt;
use std::sync::Arc;
use std::{error, io};

/// The error of the transport. It is the source of each error that is made from it.
#[derive(Clone, Debug)]
pub(super) struct Broken(Arc<io::Error>);

impl Broken {
    pub(super) fn new(error: io::Error) -> Broken {
        Broken(Arc::new(error))
    }

    /// An error of the same kind with the same text.
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
