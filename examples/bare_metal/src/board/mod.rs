//! The parts that a program without an operating system needs from its board: start, console, exit, randomness.

#[cfg(target_arch = "arm")]
#[path = "arm.rs"]
mod this;
#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod this;

pub use this::{exit, say, stack};

#[panic_handler]
fn panic(panic: &core::panic::PanicInfo<'_>) -> ! {
    say(format_args!("{panic}"));
    exit(1)
}
