//! No heap, proved by the linker.
//!
//! ring 0.17.14 uses `alloc` in a helper of its tests, so Rust requires an allocator in every program with ring. This
//! allocator calls a function that does not exist: if any code can reach it, the program does not link.

use core::alloc::{GlobalAlloc, Layout};

unsafe extern "C" {
    fn this_program_must_not_allocate() -> *mut u8;
}

struct NoHeap;

#[global_allocator]
static NO_HEAP: NoHeap = NoHeap;

// SAFETY: never called, because the function that it calls does not exist.
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
