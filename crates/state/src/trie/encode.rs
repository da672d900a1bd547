//! Nodes as RLP (yellow paper, appendix D): leaf and extension `[path, item]`, branch `[16 children, ""]`.
//!
//! Keys all have one length, so no branch ever holds a value.

use alloc::vec::Vec;
use alloy_primitives::B256;
use alloy_rlp::{EMPTY_STRING_CODE, Encodable, Header};

use super::{nibbles::put_path, reference::Reference};

/// Writes a leaf over `out`: the path from nibble `from`, then the value.
pub(super) fn leaf(out: &mut Vec<u8>, key: &B256, from: usize, value: &[u8]) {
    let mut path = Vec::with_capacity(34);
    put_path(&mut path, key, from, super::nibbles::NIBBLES, true);
    begin_list(out, path.len() + value.length());
    out.extend_from_slice(&path);
    value.encode(out);
}

/// Writes an extension over `out`: the nibbles `from..to` of the key, then the branch behind them.
pub(super) fn extension(out: &mut Vec<u8>, key: &B256, from: usize, to: usize, branch: &Reference) {
    let mut payload = Vec::with_capacity(67);
    put_path(&mut payload, key, from, to, false);
    branch.put(&mut payload);
    begin_list(out, payload.len());
    out.extend_from_slice(&payload);
}

/// Writes a branch over `out`; `children` are ascending by nibble.
pub(super) fn branch(out: &mut Vec<u8>, children: impl Iterator<Item = (usize, Reference)>) {
    let mut payload = Vec::with_capacity(16 * 33 + 1);
    let mut next = 0;
    for (nibble, reference) in children {
        payload.resize(payload.len() + nibble - next, EMPTY_STRING_CODE);
        reference.put(&mut payload);
        next = nibble + 1;
    }
    payload.resize(payload.len() + 17 - next, EMPTY_STRING_CODE);
    begin_list(out, payload.len());
    out.extend_from_slice(&payload);
}

fn begin_list(out: &mut Vec<u8>, payload_length: usize) {
    out.clear();
    Header { list: true, payload_length }.encode(out);
}
