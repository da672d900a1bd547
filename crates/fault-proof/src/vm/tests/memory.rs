//! Memory against a map of its words, hashed from scratch.

use std::{collections::BTreeMap, vec::Vec};

use alloy_primitives::{B256, b256, keccak256};
use proptest::prelude::*;

use super::super::*;

/// The root over the words from `first` on of a tree of this height.
fn root(words: &BTreeMap<u64, B256>, first: u64, height: u32) -> B256 {
    if words.range(first..first + (1 << height)).next().is_none() {
        return (0..height).fold(B256::ZERO, |below, _| keccak256([below, below].concat()));
    }
    if height == 0 {
        return words[&first];
    }
    let half = 1 << (height - 1);
    let halves = [root(words, first, height - 1), root(words, first + half, height - 1)];
    keccak256(halves.concat())
}

fn put(words: &mut BTreeMap<u64, B256>, address: u64, bytes: &[u8]) {
    let at = usize::try_from(address % 32).unwrap();
    words.entry(address / 32).or_default()[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Addresses that meet each other, at the ends of pages, groups and the memory, and anywhere.
fn addresses() -> impl Strategy<Value = u64> {
    let ends = [0, 32, 4_096, 4 << 20, 2 << 30, MEMORY_BYTES];
    let near = (prop::sample::select(ends.to_vec()), 0_u64..96)
        .prop_map(|(end, back)| end.saturating_sub(back) % MEMORY_BYTES);
    prop_oneof![near, 0..4_096_u64, 0..MEMORY_BYTES]
}

#[test]
fn memory_of_zeros_has_the_root_of_zeros() {
    // keccak256 applied 27 times to two copies of what came before, from 32 bytes of zeros on.
    let zeros = (0..27).fold(B256::ZERO, |below, _| keccak256([below, below].concat()));
    assert_eq!(Memory::new().root(), zeros);
    // As published bridges list it at that height.
    assert_eq!(zeros, b256!("0x838c5655cb21c6cb83313b5a631175dff4963772cce9108188b34ac87c81c41e"));
}

#[test]
fn what_is_not_aligned_or_beyond_the_end_is_refused_and_changes_nothing() {
    let mut memory = Memory::new();
    let before = memory.root();
    for address in
        [1, 2, 4, 7, 4_095, MEMORY_BYTES - 4, MEMORY_BYTES, 1 << 63, u64::MAX - 7, u64::MAX]
    {
        assert_eq!(memory.read::<8>(address), None, "{address:#x}");
        assert_eq!(memory.write(address, [1; 8]), None, "{address:#x}");
    }
    assert_eq!(memory.read::<1>(MEMORY_BYTES), None);
    assert_eq!(memory.proof(MEMORY_BYTES), None);
    assert_eq!(memory.root(), before);
    assert_eq!(memory.write(MEMORY_BYTES - 8, [1; 8]), Some(()));
    assert_eq!(memory.read::<2>(MEMORY_BYTES - 2), Some([1; 2]));
    assert_ne!(memory.root(), before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_root_is_that_of_all_bytes_and_proofs_lead_to_it(
        writes in prop::collection::vec((addresses(), 0_u32..4, any::<u64>(), any::<bool>()), 1..40),
    ) {
        let (mut memory, mut words) = (Memory::new(), BTreeMap::new());
        for (address, size, value, look) in &writes {
            let bytes = value.to_le_bytes();
            let address = address >> size << size;
            let written = match size {
                0 => memory.write::<1>(address, [bytes[0]]),
                1 => memory.write::<2>(address, [bytes[0], bytes[1]]),
                2 => memory.write::<4>(address, [bytes[0], bytes[1], bytes[2], bytes[3]]),
                _ => memory.write::<8>(address, bytes),
            };
            prop_assert_eq!(written, Some(()));
            put(&mut words, address, &bytes[..1 << size]);
            if *look {
                memory.root();
            }
        }
        let expected = root(&words, 0, 27);
        prop_assert_eq!(memory.root(), expected);
        let asked: Vec<u64> = writes.iter().map(|write| write.0).chain([0, MEMORY_BYTES / 2 + 64]).collect();
        for address in asked {
            let word = words.get(&(address / 32)).copied().unwrap_or_default();
            prop_assert_eq!(memory.read::<32>(address / 32 * 32), Some(word.0));
            let proof = memory.proof(address).unwrap();
            prop_assert_eq!(root_of(address, word, &proof), expected);
            prop_assert_ne!(root_of(address, keccak256(word), &proof), expected);
            prop_assert_ne!(root_of(address ^ 32, B256::repeat_byte(7), &proof), expected);
        }
    }
}
