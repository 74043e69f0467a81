//! No heap, proved by the linker.
//!
//! ring 0.17.14 names `alloc` in a helper of its tests, and so Rust wants an allocator of every program with ring in it.
//! This one calls a function that is nowhere: a program in which anything can reach it is not linked.

use core::alloc::{GlobalAlloc, Layout};

unsafe extern "C" {
    fn this_program_must_not_allocate() -> *mut u8;
}

struct NoHeap;

#[global_allocator]
static NO_HEAP: NoHeap = NoHeap;

// SAFETY: never called, since what it calls does not exist.
unsafe impl GlobalAlloc for NoHeap {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { this_program_must_not_allocate() }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        // SAFETY: as above.
        unsafe { this_program_must_not_allocate() };
    }
}
