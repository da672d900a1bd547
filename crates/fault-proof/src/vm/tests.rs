//! The machine's parts against definitions that are short, slow and written apart.

mod calls;
mod instructions;
mod machine;
mod memory;
mod runner;
