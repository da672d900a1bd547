//! The bindings against a real node: each test starts its own anvil.

mod deploy;
mod l1;
mod l2;
mod node;
mod trie;
