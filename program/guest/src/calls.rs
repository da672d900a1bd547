//! The host calls, as the machine defines them: a7 says which, a0 to a2 are the arguments, a0 gets the result.

use core::arch::asm;

use crate::scratch::{Four, Word};

/// Call 1: 32 bytes of the preimage of a key from an offset on; gives its length.
pub(crate) fn preimage(key: &Word, offset: usize, destination: &mut Word) -> usize {
    let destination = core::ptr::from_mut(destination) as usize;
    // SAFETY: the destination is a word that may be written.
    unsafe { call(1, core::ptr::from_ref(key) as usize, offset, destination) }
}

/// Call 2: the hash of bytes that stand at a multiple of the smallest power of two that holds them.
pub(crate) fn keccak256(from: usize, length: usize, destination: &mut Word) {
    // SAFETY: the destination is a word that may be written.
    unsafe { call(2, from, length, core::ptr::from_mut(destination) as usize) };
}

/// Call 3: the signer of a hash with a signature, in four words; 1 if there is one.
pub(crate) fn recover(from: &Four, destination: &mut Word) -> usize {
    let from = core::ptr::from_ref(from) as usize;
    // SAFETY: the destination is a word that may be written.
    unsafe { call(3, from, core::ptr::from_mut(destination) as usize, 0) }
}

/// Call 4: sets the output.
pub(crate) fn commit(output: &Word) {
    // SAFETY: nothing of the program's memory changes.
    unsafe { call(4, core::ptr::from_ref(output) as usize, 0, 0) };
}

/// Call 93: ends the run.
pub(crate) fn exit(code: usize) -> ! {
    loop {
        // SAFETY: nothing of the program's memory changes.
        unsafe { call(93, code, 0, 0) };
    }
}

/// # Safety
/// Where the call writes, nothing else is.
#[inline(always)]
unsafe fn call(number: usize, first: usize, second: usize, third: usize) -> usize {
    let result;
    // SAFETY: a call changes a0 and the word that it is told, which is the caller's to give.
    unsafe {
        asm!(
            "ecall",
            in("a7") number,
            inlateout("a0") first => result,
            in("a1") second,
            in("a2") third,
            options(nostack),
        );
    }
    result
}
