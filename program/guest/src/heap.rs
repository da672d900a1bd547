//! The heap: blocks of a few sizes, handed out again once they are given back.
//!
//! Memory that is not given back is bounded by what is in use at a time and not by the length of the run, because a run has
//! to end as the same code does on any other machine. Invariant: every block stands at a multiple of 32, and fresh
//! ones hold zeros, because the machine's memory does.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr,
};

/// Where the heap begins; the stack ends there.
pub(crate) const FIRST: usize = 0x1000_0000;
/// Where the machine's memory ends.
const LAST: usize = 1 << 32;
/// Blocks up to this many bytes come in multiples of `STEP`, larger ones in powers of two.
const SMALL: usize = 1024;
const STEP: usize = 32;
const SMALL_CLASSES: usize = SMALL / STEP;
/// Powers of two above `SMALL` and below the size of the memory.
const LARGE_CLASSES: usize = 22;

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Blocks {
    fresh: FIRST,
    free: [ptr::null_mut(); SMALL_CLASSES + LARGE_CLASSES],
}));

struct Heap(UnsafeCell<Blocks>);

struct Blocks {
    /// Where nothing was handed out yet.
    fresh: usize,
    /// Of each class the block that was given back last; its first word points to the one before.
    free: [*mut Block; SMALL_CLASSES + LARGE_CLASSES],
}

struct Block {
    next: *mut Self,
}

// SAFETY: there is one hart.
unsafe impl Sync for Heap {}

/// The class of a size and the bytes of its blocks.
#[inline]
const fn class(size: usize) -> (usize, usize) {
    if size <= SMALL {
        let steps = if size == 0 { 1 } else { size.div_ceil(STEP) };
        (steps - 1, steps * STEP)
    } else {
        let bytes = size.next_power_of_two();
        ((bytes / SMALL).trailing_zeros() as usize - 1 + SMALL_CLASSES, bytes)
    }
}

impl Blocks {
    /// A block, and whether it is fresh; null if there is no room.
    #[inline]
    fn take(&mut self, layout: Layout) -> (*mut u8, bool) {
        if layout.size() > LAST - FIRST {
            return (ptr::null_mut(), false);
        }
        let (class, bytes) = class(layout.size());
        let free = self.free[class];
        // A block that stands at a multiple of more is always a fresh one.
        if layout.align() <= STEP && !free.is_null() {
            // SAFETY: only blocks that were given back are listed, and nobody uses them.
            self.free[class] = unsafe { (*free).next };
            return (free.cast(), false);
        }
        let at = if layout.align() <= STEP {
            self.fresh
        } else {
            self.fresh.next_multiple_of(layout.align())
        };
        if at > LAST || bytes > LAST - at {
            return (ptr::null_mut(), false);
        }
        self.fresh = at + bytes;
        (ptr::with_exposed_provenance_mut(at), true)
    }

    #[inline]
    fn give_back(&mut self, block: *mut u8, layout: Layout) {
        let (class, _) = class(layout.size());
        let block = block.cast::<Block>();
        // SAFETY: the block is nobody's now, and holds a pointer at least.
        unsafe { (*block).next = self.free[class] };
        self.free[class] = block;
    }
}

// SAFETY: blocks do not overlap, are as large and as aligned as asked for, and belong to one owner at a time.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one hart, and nothing below calls back.
        unsafe { &mut *self.0.get() }.take(layout).0
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one hart, and nothing below calls back.
        unsafe { &mut *self.0.get() }.give_back(block, layout);
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one hart, and nothing below calls back.
        let (block, is_fresh) = unsafe { &mut *self.0.get() }.take(layout);
        if !is_fresh && !block.is_null() {
            // SAFETY: the block has that many bytes.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size <= LAST - FIRST && class(size).1 == class(layout.size()).1 {
            return block;
        }
        let kept = if size < layout.size() { size } else { layout.size() };
        // SAFETY: the caller's promises about size and alignment; the two blocks do not overlap.
        unsafe {
            let other = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !other.is_null() {
                ptr::copy_nonoverlapping(block, other, kept);
                self.dealloc(block, layout);
            }
            other
        }
    }
}
