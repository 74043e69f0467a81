//! QEMU's board `virt` with a Cortex-A15: start, semihosting, the stack.

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};

// Sets up the stack, zeroes the statics, and calls Rust. A fault (an invalid address or instruction) ends the emulator
// with status 2.
global_asm!(
    ".section .text.start, \"ax\"",
    ".arm",
    ".balign 32",
    "vectors:",
    "    b _start",
    ".rept 7",
    "    b 2f",
    ".endr",
    ".global _start",
    "_start:",
    "    ldr sp, =_stack",
    "    ldr r0, =vectors",
    "    mcr p15, 0, r0, c12, c0, 0", // VBAR
    "    ldr r0, =_bss",
    "    ldr r1, =_bss_end",
    "    mov r2, #0",
    "0:  cmp r0, r1",
    "    strlo r2, [r0], #4",
    "    blo 0b",
    "    bl {start}",
    "1:  b 1b",
    "2:  mov r0, #{exit}",
    "    adr r1, 3f",
    "    svc 0x123456",
    "    b 1b",
    "3:  .word {application_exit}, 2",
    start = sym start,
    exit = const operation::EXIT_EXTENDED,
    application_exit = const APPLICATION_EXIT,
);

extern "C" fn start() -> ! {
    memory::enable();
    crate::main()
}

/// Enables the MMU. Without it all memory has the device type, which allows aligned access only. ring's SHA-256 reads
/// words at any address.
mod memory {
    use core::arch::asm;
    use core::cell::UnsafeCell;

    /// Short descriptors (Arm ARM B3.5): 4,096 sections of 1 MiB.
    #[repr(C, align(16384))]
    struct Table(UnsafeCell<[u32; 4096]>);

    // SAFETY: written once, before anything else runs.
    unsafe impl Sync for Table {}

    static TABLE: Table = Table(UnsafeCell::new([0; 4096]));

    /// A section of normal, cached memory that may be read and written.
    const NORMAL: u32 = 0x1c0e;
    /// See board.ld.
    const OURS: core::ops::Range<usize> = 0x402..0x404;

    pub fn enable() {
        let table = TABLE.0.get().cast::<u32>();
        // SAFETY: every address maps to itself, and nothing else runs. It sets TTBCR, TTBR0 and DACR, empties the TLB,
        // sets M, C and I in SCTLR, and clears A.
        unsafe {
            for section in OURS {
                table.add(section).write_volatile((section as u32) << 20 | NORMAL);
            }
            asm!(
                "dsb",
                "mcr p15, 0, {zero}, c2, c0, 2",
                "mcr p15, 0, {table}, c2, c0, 0",
                "mcr p15, 0, {one}, c3, c0, 0",
                "mcr p15, 0, {zero}, c8, c7, 0",
                "dsb",
                "isb",
                "mrc p15, 0, {control}, c1, c0, 0",
                "orr {control}, {control}, #0x1000",
                "orr {control}, {control}, #5",
                "bic {control}, {control}, #2",
                "mcr p15, 0, {control}, c1, c0, 0",
                "isb",
                zero = in(reg) 0,
                one = in(reg) 1,
                table = in(reg) table,
                control = out(reg) _,
            );
        }
    }
}

/// Calls a semihosting service (Arm's specification), which QEMU provides.
mod operation {
    pub const OPEN: usize = 0x01;
    pub const CLOSE: usize = 0x02;
    pub const WRITE0: usize = 0x04;
    pub const READ: usize = 0x06;
    pub const EXIT_EXTENDED: usize = 0x20;
}

const APPLICATION_EXIT: usize = 0x20026;

fn call(operation: usize, argument: *const usize) -> usize {
    let result;
    // SAFETY: `argument` points to the arguments of the operation. Only `read` writes, into memory of its own.
    unsafe { asm!("svc 0x123456", inout("r0") operation => result, in("r1") argument, out("lr") _) };
    result
}

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.as_bytes().chunks(63) {
            let mut ended = [0; 64]; // a C string
            ended[..part.len()].copy_from_slice(part);
            call(operation::WRITE0, ended.as_ptr().cast());
        }
        Ok(())
    }
}

/// Writes to the console.
pub fn say(text: fmt::Arguments<'_>) {
    let _ = writeln!(Console, "{text}");
}

/// Ends the emulator, with its exit status.
pub fn exit(status: usize) -> ! {
    call(operation::EXIT_EXTENDED, [APPLICATION_EXIT, status].as_ptr());
    loop {
        core::hint::spin_loop();
    }
}

/// Random bytes. This board has no generator, so it uses that of the host. Use your hardware's generator instead.
fn random(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    let name = c"/dev/urandom";
    const BINARY: usize = 1;
    let file = call(operation::OPEN, [name.as_ptr() as usize, BINARY, name.to_bytes().len()].as_ptr());
    let unread = call(operation::READ, [file, bytes.as_mut_ptr() as usize, bytes.len()].as_ptr());
    call(operation::CLOSE, [file].as_ptr());
    if unread == 0 { Ok(()) } else { Err(getrandom::Error::UNSUPPORTED) }
}

getrandom::register_custom_getrandom!(random);

/// Measures the depth of the stack: the free part is filled with a mark before, and searched afterwards.
pub mod stack {
    use core::arch::asm;

    const PAINT: u32 = 0xa5a5_a5a5;

    unsafe extern "C" {
        static mut _stack_end: u32;
    }

    /// The stack pointer when the mark was written.
    pub struct Mark(*const u32);

    /// Fills the free part of the stack with the mark.
    #[inline(never)]
    pub fn paint() -> Mark {
        let pointer: *mut u32;
        // SAFETY: reads a register.
        unsafe { asm!("mov {}, sp", out(reg) pointer) };
        // SAFETY: this function calls nothing, so the memory between the stack's end and its pointer is not in use.
        unsafe {
            let mut at = &raw mut _stack_end;
            while at < pointer {
                at.write_volatile(PAINT);
                at = at.add(1);
            }
        }
        Mark(pointer)
    }

    impl Mark {
        /// The number of bytes that have been used since.
        pub fn used(&self) -> usize {
            let mut at = (&raw const _stack_end).cast::<u32>();
            // SAFETY: reads the memory of the stack.
            unsafe {
                while at < self.0 && at.read_volatile() == PAINT {
                    at = at.add(1);
                }
                self.0.offset_from_unsigned(at) * size_of::<u32>()
            }
        }
    }
}
