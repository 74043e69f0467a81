//! QEMU's board `virt` with a Cortex-A15: start, semihosting, the stack.

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};

// The stack, zeroed statics, then Rust. A fault (an address that is not ours, an instruction that is none) ends the emulator
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

/// The MMU. Without it all memory is of the kind that devices have, where a word must be aligned; ring's SHA-256 reads
/// words wherever the message has them.
mod memory {
    use core::arch::asm;
    use core::cell::UnsafeCell;

    /// Short descriptors (Arm ARM B3.5): 4,096 sections of 1 MiB.
    #[repr(C, align(16384))]
    struct Table(UnsafeCell<[u32; 4096]>);

    // SAFETY: written once, before there is anything else.
    unsafe impl Sync for Table {}

    static TABLE: Table = Table(UnsafeCell::new([0; 4096]));

    /// A section that all may read and write, of normal memory that is cached.
    const NORMAL: u32 = 0x1c0e;
    /// board.ld's.
    const OURS: core::ops::Range<usize> = 0x402..0x404;

    pub fn enable() {
        let table = TABLE.0.get().cast::<u32>();
        // SAFETY: the addresses that we use stay what they are; nothing else runs. TTBCR, TTBR0, DACR; the TLB is emptied; SCTLR gets
        // M, C and I and loses A.
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

/// The debugger's services (Arm's semihosting specification), which QEMU provides.
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
    // SAFETY: `argument` points to what the operation reads; `read` alone makes it write, into memory that is its own.
    unsafe { asm!("svc 0x123456", inout("r0") operation => result, in("r1") argument, out("lr") _) };
    result
}

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.as_bytes().chunks(63) {
            let mut ended = [0; 64]; // a string of C's
            ended[..part.len()].copy_from_slice(part);
            call(operation::WRITE0, ended.as_ptr().cast());
        }
        Ok(())
    }
}

/// Says something on the console.
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

/// The board has no generator of its own: it is lent that of the machine that debugs it. On yours: the hardware's.
fn random(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    let name = c"/dev/urandom";
    const BINARY: usize = 1;
    let file = call(operation::OPEN, [name.as_ptr() as usize, BINARY, name.to_bytes().len()].as_ptr());
    let unread = call(operation::READ, [file, bytes.as_mut_ptr() as usize, bytes.len()].as_ptr());
    call(operation::CLOSE, [file].as_ptr());
    if unread == 0 { Ok(()) } else { Err(getrandom::Error::UNSUPPORTED) }
}

getrandom::register_custom_getrandom!(random);

/// How deep the stack has been: painted before, looked at afterwards.
pub mod stack {
    use core::arch::asm;

    const PAINT: u32 = 0xa5a5_a5a5;

    unsafe extern "C" {
        static mut _stack_end: u32;
    }

    /// Where the stack was when it was painted.
    pub struct Mark(*const u32);

    /// Paints what is free below us.
    #[inline(never)]
    pub fn paint() -> Mark {
        let pointer: *mut u32;
        // SAFETY: reads a register.
        unsafe { asm!("mov {}, sp", out(reg) pointer) };
        // SAFETY: this function calls nothing, so that from the stack's end up to its pointer nothing is in use.
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
        /// The bytes from the mark to the deepest that was written since.
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
