//! Memory for the arguments of host calls: aligned as they demand, whatever the caller has.

use core::cell::UnsafeCell;

/// A word of the machine's memory tree.
#[repr(C, align(32))]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Word(pub(crate) [u8; 32]);

/// Four words, where four can stand.
#[repr(C, align(128))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Four(pub(crate) [[u8; 32]; 4]);

/// A buffer of 64 KiB at a multiple of that, so that each power of two up to it is aligned at its beginning.
#[repr(C, align(65536))]
pub(crate) struct Buffer(UnsafeCell<[u8; Buffer::BYTES]>);

// SAFETY: there is one hart, and who uses a buffer is done with it before anything else runs.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Its size.
    pub(crate) const BYTES: usize = 1 << 16;

    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new([0; Self::BYTES]))
    }

    /// Copies bytes to the beginning; where that is. `bytes` are no part of it and no more than fit.
    pub(crate) fn hold(&self, bytes: &[u8]) -> usize {
        assert!(bytes.len() <= Self::BYTES);
        let place = self.0.get().cast::<u8>();
        // SAFETY: within the buffer, and nobody else has a reference into it.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
        place as usize
    }
}
