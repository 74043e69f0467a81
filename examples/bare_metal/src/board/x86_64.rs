//! No board: this only shows that the program links without a heap and without an operating system.

use core::fmt;

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    crate::main()
}

/// There is no console.
pub fn say(_: fmt::Arguments<'_>) {}

/// There is nothing to return to.
pub fn exit(_: usize) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Measured only on the other board.
pub mod stack {
    pub struct Mark;

    pub fn paint() -> Mark {
        Mark
    }

    impl Mark {
        pub fn used(&self) -> usize {
            0
        }
    }
}
