//! Batches against single hashes, for every length around the ends of blocks.

use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};

use super::Batch;

fn message(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|i| seed.wrapping_mul(31).wrapping_add(i.to_le_bytes()[0])).collect()
}

fn assert_all_hashed(messages: &[Vec<u8>]) {
    let mut batch = Batch::new();
    let mut hashes: Vec<Option<B256>> = alloc::vec![None; messages.len()];
    let mut done = |index: usize, hash| assert!(hashes[index].replace(hash).is_none(), "once");
    for (index, message) in messages.iter().enumerate() {
        batch.push(message, index, &mut done);
    }
    batch.flush(&mut done);
    batch.flush(|_, _| panic!("nothing is left"));
    for (message, hash) in messages.iter().zip(hashes) {
        assert_eq!(hash, Some(keccak256(message)), "{} bytes", message.len());
    }
}

#[test]
fn test_every_length_hashes_as_alone() {
    let lengths = 0..700;
    assert_all_hashed(&lengths.clone().map(|length| message(length, 1)).collect::<Vec<_>>());
    for length in lengths {
        let few = (0u8..3).map(|seed| message(length, seed));
        assert_all_hashed(&few.collect::<Vec<_>>());
    }
}

#[test]
fn test_lanes_do_not_mix_whatever_was_hashed_in_them_before() {
    let mut messages = Vec::new();
    for round in 0u8..40 {
        let lengths = [0, 1, 7, 8, 31, 32, 135, 136, 137, 271, 272, 407, 408, 543, 544, 600];
        messages.extend(lengths.map(|length| message(length, round)));
        messages.push(message(usize::from(round) * 13, round));
    }
    assert_all_hashed(&messages);
}
