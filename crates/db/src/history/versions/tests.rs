//! Spans hold for their blocks and no others, in their round alone, and within the bytes.

use super::*;

fn span(from: u64, until: u64, value: u64) -> Span<U256> {
    Span { from, until, value: U256::from(value) }
}

#[test]
fn a_span_holds_for_its_blocks_and_in_its_round() {
    let versions = Versions::new(1 << 20);
    let (of, slot) = (Address::repeat_byte(1), U256::from(2));
    versions.keep_slot(7, of, slot, span(10, 20, 1));
    versions.keep_slot(7, of, slot, span(30, 31, 3));
    let value = |round, block| versions.slot(round, of, slot, block).map(|value| value.to::<u64>());
    assert_eq!(
        [9, 10, 19, 20, 30, 31].map(|block| value(7, block)),
        [None, Some(1), Some(1), None, Some(3), None]
    );
    assert_eq!(value(8, 10), None);
    // The newest of a slot holds longer once more is projected.
    versions.keep_slot(7, of, slot, span(30, 90, 3));
    assert_eq!(value(7, 60), Some(3));
    versions.keep_slot(8, of, slot, span(0, 90, 4));
    assert_eq!((value(8, 60), value(7, 60)), (Some(4), Some(3)));
}

#[test]
fn what_is_known_is_of_the_newest_round() {
    let versions = Versions::new(1 << 20);
    assert_eq!(versions.known(0), None);
    for (round, newest) in [(0, 5), (0, 4), (1, 3), (0, 9)] {
        versions.learn(round, newest);
    }
    assert_eq!((versions.known(0), versions.known(1)), (None, Some(3)));
}

#[test]
fn it_keeps_within_its_bytes_and_its_spans() {
    let (versions, bytes_max) = (Versions::new(64 << 10), 64 << 10);
    for number in 0..10_000_u64 {
        let of = Address::left_padding_from(&number.to_be_bytes());
        versions.keep_slot(0, of, U256::ZERO, span(0, 1, number));
        versions.keep_code(0, B256::from(U256::from(number)), vec![0; 1_000].into());
        assert!(versions.bytes() <= bytes_max, "{}", versions.bytes());
    }
    assert!(versions.bytes() > bytes_max / 2);
    // What is larger than all of it is not kept.
    versions.keep_code(0, B256::repeat_byte(9), vec![0; 100_000].into());
    assert_eq!(versions.code(0, B256::repeat_byte(9)), None);
    let versions = Versions::new(1 << 20);
    for block in 0..100 {
        versions.keep_slot(0, Address::ZERO, U256::ZERO, span(block, block + 1, block));
    }
    let held = |block| versions.slot(0, Address::ZERO, U256::ZERO, block).is_some();
    let spans = u64::try_from(SPANS_MAX).unwrap();
    assert_eq!([0, 99 - spans, 100 - spans, 99].map(held), [false, false, true, true]);
}
