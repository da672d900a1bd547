//! Hashes of many messages are those of each alone.

use alloy_primitives::{B256, keccak256};
use proptest::prelude::*;

use super::Hasher;

fn check(messages: &[&[u8]]) {
    let expected: Vec<B256> = messages.iter().map(keccak256).collect();
    for mut hasher in [Hasher::new(), Hasher::portable()] {
        // What is left from before must not show.
        let mut hashes = vec![B256::repeat_byte(1); 3];
        hasher.hash(messages, &mut hashes);
        assert_eq!(hashes, expected);
        hasher.hash(messages, &mut hashes);
        assert_eq!(hashes, expected);
    }
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + len * 13 + (i >> 8)).to_le_bytes()[0]).collect()
}

#[test]
fn a_cpu_without_lanes_is_told() {
    if !Hasher::new().is_wide() {
        println!("SKIPPED: this CPU has no AVX-512 IFMA, so no lanes are tested");
    }
    assert!(!Hasher::portable().is_wide());
}

#[test]
fn every_length() {
    let all: Vec<_> = (0..1_100).map(bytes).collect();
    // Eight of one length; then all lengths at once, whose lanes end at different times.
    for message in &all {
        check(&[&message[..]; 8]);
    }
    check(&all.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

#[test]
fn every_count() {
    let all: Vec<_> = (0..70).map(|i| bytes(i * 37 % 300)).collect();
    for count in 0..all.len() {
        check(&all[..count].iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}

#[test]
fn one_long_message_among_short_ones() {
    let long = bytes(131_072);
    let short = bytes(110);
    for place in [0, 1, 7, 8, 63] {
        let mut messages = vec![&short[..]; 64];
        messages[place] = &long;
        check(&messages);
    }
    check(&[&long, &long, &short]);
}

proptest! {
    #[test]
    fn any_messages(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..40)) {
        check(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}
