//! Many Keccak-256 hashes at a time, each with a tag that says what it is for.
//!
//! Invariant: every message pushed comes out once, with its hash, at the latest at `flush`.

use alloy_primitives::{B256, keccak256};
use core::marker::PhantomData;

/// Messages waiting to be hashed together.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    tags: PhantomData<T>,
}

impl<T> Batch<T> {
    /// Nothing waiting.
    pub(crate) fn new() -> Self {
        Self { tags: PhantomData }
    }

    /// Adds a message; `done` gets whatever is hashed on this occasion.
    pub(crate) fn push(&mut self, message: &[u8], tag: T, mut done: impl FnMut(T, B256)) {
        done(tag, keccak256(message));
    }

    /// Hashes what is waiting.
    pub(crate) fn flush(&mut self, _done: impl FnMut(T, B256)) {}
}
