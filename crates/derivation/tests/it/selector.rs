//! The sequencer's choice of origins.

use derivation::{OriginChoice, OriginSelector};
use protocol::{L1Origin, L2BlockRef};

use crate::{
    l1::L1,
    l2::{DRIFT, config},
};

const STAYS: OriginChoice = OriginChoice { advances: false, user_transactions: true };
const ADVANCES: OriginChoice = OriginChoice { advances: true, user_transactions: true };
const WAITS: OriginChoice = OriginChoice { advances: false, user_transactions: false };

/// The choice for a block with this timestamp, over an origin at time 1000 and a next one, if any.
fn choose(timestamp: u64, next: Option<u64>) -> OriginChoice {
    let selector = OriginSelector::new(&config(&L1::new()));
    let head = L2BlockRef { timestamp: timestamp - 2, ..Default::default() };
    let current = L1Origin { number: 7, timestamp: 1_000, ..Default::default() };
    let next = next.map(|timestamp| L1Origin { number: 8, timestamp, ..Default::default() });
    selector.choose(&head, &current, next.as_ref())
}

#[test]
fn it_advances_as_soon_as_the_next_origin_is_old_enough() {
    assert_eq!(choose(1_010, None), STAYS);
    assert_eq!(choose(1_011, Some(1_012)), STAYS);
    assert_eq!(choose(1_012, Some(1_012)), ADVANCES);
    assert_eq!(choose(1_090, Some(1_012)), ADVANCES);
}

#[test]
fn beyond_the_drift_there_are_no_user_transactions_until_it_advances() {
    assert_eq!(choose(1_000 + DRIFT, None), STAYS);
    assert_eq!(choose(1_001 + DRIFT, None), WAITS);
    assert_eq!(choose(1_001 + DRIFT, Some(1_002 + DRIFT)), WAITS);
    assert_eq!(choose(1_001 + DRIFT, Some(1_001 + DRIFT)), ADVANCES);
}

#[test]
fn it_never_skips_an_origin() {
    let selector = OriginSelector::new(&config(&L1::new()));
    let head = L2BlockRef { timestamp: 1_018, ..Default::default() };
    let current = L1Origin { number: 7, timestamp: 1_000, ..Default::default() };
    for number in [6, 7, 9] {
        let other = L1Origin { number, timestamp: 1_012, ..Default::default() };
        assert_eq!(selector.choose(&head, &current, Some(&other)), STAYS);
    }
}
