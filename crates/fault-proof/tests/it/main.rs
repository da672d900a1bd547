//! Real programs in the machine.

extern crate alloc;

mod exercise;
