//! The fuzzer's bytes as a sequence of choices. Each byte is one choice, so people can write seeds, and a changed byte
//! changes one thing.

/// The bytes that are left.
#[derive(Clone)]
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub fn new(data: &'a [u8]) -> Choices<'a> {
        Choices(data)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte; 0 when there is none.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// A number from 0 to 65,535.
    pub fn word(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// One of these.
    pub fn of<'t, T>(&mut self, these: &'t [T]) -> &'t T {
        &these[usize::from(self.byte()) % these.len()]
    }

    /// At most `n` bytes.
    pub fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A few bytes, after a byte that says how many.
    pub fn few(&mut self) -> &'a [u8] {
        let n = usize::from(self.byte());
        self.take(n)
    }

    /// Everything.
    pub fn rest(&mut self) -> &'a [u8] {
        self.take(usize::MAX)
    }
}
