//! How a run begins and how it ends.

use core::{arch::global_asm, panic::PanicInfo};

use alloy_primitives::B256;

use crate::{calls, scratch::Word};

// The stack grows down from where the heap begins.
global_asm!(
    ".section .text.entry, \"ax\"",
    ".globl _start",
    "_start:",
    "li sp, {top}",
    "call guest_main",
    "unimp",
    top = const crate::heap::FIRST,
);

/// Names the function that a run consists of: `fn() -> Result<B256, E>`.
#[macro_export]
macro_rules! entry {
    ($run:path) => {
        // SAFETY: the name is that which `_start` calls, and there is one such function in a program.
        #[unsafe(no_mangle)]
        extern "C" fn guest_main() -> ! {
            $crate::finish($run())
        }
    };
}

/// Ends the run with its output, or with code 1.
pub fn finish<E>(result: Result<B256, E>) -> ! {
    match result {
        Ok(output) => {
            calls::commit(&Word(output.0));
            calls::exit(0)
        }
        Err(_) => calls::exit(1),
    }
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    calls::exit(1)
}
