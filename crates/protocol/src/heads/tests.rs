//! Tests of [`super`].

use alloy_primitives::B256;

use super::*;

fn block(number: u64, fork: u8) -> L2BlockRef {
    L2BlockRef { number, hash: B256::repeat_byte(fork), ..L2BlockRef::default() }
}

#[test]
fn heads_stay_in_order() {
    let mut heads = Heads::at(block(0, 1));
    heads.set_unsafe(block(10, 1)).unwrap();
    heads.set_safe(block(6, 1)).unwrap();
    heads.set_finalized(block(3, 1)).unwrap();
    assert_eq!(heads, Heads::new(block(10, 1), block(6, 1), block(3, 1)).unwrap());
    assert_eq!(heads.level_of(3), Some(SafetyLevel::Finalized));
    assert_eq!(heads.level_of(4), Some(SafetyLevel::Safe));
    assert_eq!(heads.level_of(7), Some(SafetyLevel::Unsafe));
    assert_eq!(heads.level_of(11), None);

    let before = heads;
    let below_safe = heads.set_unsafe(block(5, 1));
    assert!(matches!(below_safe, Err(HeadsError::OutOfOrder { below_number: 5, .. })));
    let above_safe = heads.set_finalized(block(7, 1));
    assert!(matches!(above_safe, Err(HeadsError::OutOfOrder { above_number: 7, .. })));
    let back = heads.set_finalized(block(2, 1));
    assert_eq!(back, Err(HeadsError::FinalizedBack { from: 3, to: 2 }));
    let below_finalized = heads.unwind(block(2, 1));
    assert!(matches!(below_finalized, Err(HeadsError::OutOfOrder { .. })));
    assert_eq!(heads, before, "a refused move changes nothing");
}

#[test]
fn the_derived_block_wins() {
    let mut heads = Heads::at(block(0, 1));
    heads.set_unsafe(block(10, 1)).unwrap();
    // Derivation passes the unsafe head, or has another block in its place.
    heads.set_safe(block(12, 1)).unwrap();
    assert_eq!(heads.unsafe_head(), block(12, 1));
    heads.set_safe(block(12, 2)).unwrap();
    assert_eq!(heads.unsafe_head(), block(12, 2));
    heads.unwind(block(4, 2)).unwrap();
    assert_eq!((heads.unsafe_head(), heads.safe_head()), (block(4, 2), block(4, 2)));
    assert_eq!(heads.head(SafetyLevel::Finalized), block(0, 1));
}

#[test]
fn two_blocks_of_one_number_are_a_fork() {
    let fork = Heads::new(block(5, 1), block(5, 2), block(0, 1));
    let expected =
        HeadsError::Fork { upper: SafetyLevel::Safe, lower: SafetyLevel::Unsafe, number: 5 };
    assert_eq!(fork, Err(expected));
}

#[test]
fn words_are_ordered_and_written_in_lower_case() {
    assert!(SafetyLevel::Unsafe < SafetyLevel::Safe && SafetyLevel::Safe < SafetyLevel::Finalized);
    assert!(LifeCycle::Durable < LifeCycle::Posted && LifeCycle::Proposed < LifeCycle::Final);
    for word in [LifeCycle::Received, LifeCycle::Ordered, LifeCycle::Executed, LifeCycle::Final] {
        let json = serde_json::to_value(word).unwrap();
        assert_eq!(json, alloc::format!("{word}"));
    }
    assert_eq!(serde_json::to_value(SafetyLevel::Safe).unwrap(), "safe");
}
