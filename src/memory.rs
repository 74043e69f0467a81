//! The trait of memory for inboxes and outboxes.

/// Memory of the caller for inboxes and outboxes: `[u8; N]`, `&mut [u8]`, `Vec<u8>`, `Box<[u8]>`, or any
/// other type that gives access to its bytes. There is nothing to implement.
pub trait Memory: AsRef<[u8]> + AsMut<[u8]> + sealed::Sealed {}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Memory for M {}

mod sealed {
    pub trait Sealed {}

    impl<M: AsRef<[u8]> + AsMut<[u8]>> Sealed for M {}
}
