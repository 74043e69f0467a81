//! Stub until codec lands.
/// Stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {}
impl core::fmt::Display for Malformed {
    fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {}
    }
}
