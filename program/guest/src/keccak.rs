//! Hashing by host call, for everybody who hashes with `alloy_primitives::keccak256`.

mod long;

use crate::{
    calls,
    scratch::{Buffer, Word},
};

static BUFFER: Buffer = Buffer::new();

/// What `alloy_primitives::keccak256` calls.
///
/// # Safety
/// `bytes` points to `length` bytes, `output` to 32 that may be written.
// SAFETY: the name is that of the hook, and there is no other.
#[unsafe(no_mangle)]
unsafe extern "C" fn native_keccak256(bytes: *const u8, length: usize, output: *mut u8) {
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, length) };
    let hash = hash(bytes);
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(hash.as_ptr(), output, hash.len()) };
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    // The call takes no more at a time.
    if bytes.len() > Buffer::BYTES {
        return long::hash(bytes);
    }
    let mut hash = Word::default();
    calls::keccak256(BUFFER.hold(bytes), bytes.len(), &mut hash);
    hash.0
}
