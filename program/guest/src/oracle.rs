//! What a run reads: local inputs, and the bytes behind hashes.

use alloc::vec::Vec;

use alloy_primitives::{B256, keccak256};

use crate::{calls, scratch::Word};

/// The bytes behind a key. There is no error: a run whose host has them not does not go on.
pub fn preimage(key: B256) -> Vec<u8> {
    let key = Word(key.0);
    let mut word = Word::default();
    let length = calls::preimage(&key, 0, &mut word);
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        if !bytes.is_empty() {
            calls::preimage(&key, bytes.len(), &mut word);
        }
        let rest = length - bytes.len();
        bytes.extend_from_slice(&word.0[..if rest < 32 { rest } else { 32 }]);
    }
    bytes
}

/// The first 32 bytes behind a key, filled up with zeros.
pub fn preimage_head(key: B256) -> B256 {
    let mut word = Word::default();
    calls::preimage(&Word(key.0), 0, &mut word);
    word.0.into()
}

/// A local input; `None` if there is none of that number.
pub fn local(number: u8) -> Option<B256> {
    let mut key = Word::default();
    (key.0[0], key.0[31]) = (1, number);
    let mut word = Word::default();
    (calls::preimage(&key, 0, &mut word) == 32).then_some(word.0.into())
}

/// The 32 bytes of an element of a blob, by the blob's versioned hash and the element's place; `None` beyond the last.
pub fn blob_element(versioned_hash: &B256, index: u32) -> Option<B256> {
    let mut named = [0; 40];
    named[..32].copy_from_slice(versioned_hash.as_slice());
    named[36..].copy_from_slice(&index.to_be_bytes());
    let mut key = Word(keccak256(named).0);
    key.0[0] = 5;
    let mut word = Word::default();
    (calls::preimage(&key, 0, &mut word) == 32).then_some(word.0.into())
}

/// What a precompiled contract of L1 gives when it is called with this gas: its output, or `None` if it fails.
pub fn precompile(address: u16, gas: u64, input: &[u8]) -> Option<Vec<u8>> {
    let opening = [&address.to_be_bytes()[..], &gas.to_be_bytes(), input].concat();
    let mut key = keccak256(opening);
    key.0[0] = 6;
    // 1 and the output, or 0.
    let mut preimage = preimage(key);
    (preimage.first() == Some(&1)).then(|| preimage.split_off(1))
}

/// The key of the bytes with this hash.
pub fn keccak_key(mut hash: B256) -> B256 {
    hash.0[0] = 2;
    hash
}
