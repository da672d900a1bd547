//! Nodes as RLP (yellow paper, appendix D): leaf and extension `[path, item]`, branch `[16 children, ""]`.
//!
//! Keys all have one length, so no branch ever holds a value.

use alloc::vec::Vec;
use alloy_primitives::B256;
use alloy_rlp::{EMPTY_STRING_CODE, Encodable, Header};

use super::{
    nibbles::{NIBBLES, path_length, put_path},
    reference::Reference,
};

/// Writes a leaf over `out`: the path from nibble `from`, then the value.
pub(super) fn leaf(out: &mut Vec<u8>, key: &B256, from: usize, value: &[u8]) {
    begin_list(out, path_length(from, NIBBLES) + value.length());
    put_path(out, key, from, NIBBLES, true);
    value.encode(out);
}

/// Writes an extension over `out`: the nibbles `from..to` of the key, then the branch behind them.
pub(super) fn extension(out: &mut Vec<u8>, key: &B256, from: usize, to: usize, branch: &Reference) {
    begin_list(out, path_length(from, to) + branch.length());
    put_path(out, key, from, to, false);
    branch.put(out);
}

/// Writes a branch over `out`; `children` are ascending by nibble.
pub(super) fn branch(
    out: &mut Vec<u8>,
    children: impl Iterator<Item = (usize, Reference)> + Clone,
) {
    let lengths = children.clone().map(|(_, reference)| reference.length() - 1);
    begin_list(out, 17 + lengths.sum::<usize>());
    let mut next = 0;
    for (nibble, reference) in children {
        (next..nibble).for_each(|_| out.push(EMPTY_STRING_CODE));
        reference.put(out);
        next = nibble + 1;
    }
    (next..17).for_each(|_| out.push(EMPTY_STRING_CODE));
}

fn begin_list(out: &mut Vec<u8>, payload_length: usize) {
    out.clear();
    Header { list: true, payload_length }.encode(out);
}
