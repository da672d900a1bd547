//! When a proposal is made.

use alloy::primitives::B256;
use db::OutboxInclusion;
use protocol::{BlockId, L2BlockRef};

use super::*;
use crate::Disagreement;

const INTERVAL: u64 = 16;

/// Derived to block 40, with everything true up to block 16.
fn status() -> Status {
    let head = L2BlockRef { number: 40, ..L2BlockRef::default() };
    Status {
        l1_processed: BlockId::default(),
        l1_head: None,
        head,
        finalized: L2BlockRef::default(),
        synced: true,
        agreed_to: Some(INTERVAL),
        proposals_pending: 0,
        proposals_underivable: Vec::new(),
        first_bad_block: None,
        disagreements: Vec::new(),
        games: Vec::new(),
    }
}

fn lie() -> Disagreement {
    Disagreement {
        proposal: 2,
        l2_block: 2 * INTERVAL,
        first_bad_block: 2 * INTERVAL,
        agreed_before: INTERVAL,
        l1_block: 9,
        proposer: Address::ZERO,
        claimed_output_root: B256::ZERO,
        derived_output_root: Some(B256::ZERO),
        claimed_segments_root: B256::ZERO,
        derived_segments_root: B256::ZERO,
    }
}

#[test]
fn the_next_interval_is_due_once_it_is_derived() {
    assert!(is_due(&status(), INTERVAL, 2 * INTERVAL));
    let mut early = status();
    early.head.number = 2 * INTERVAL - 1;
    assert!(!is_due(&early, INTERVAL, 2 * INTERVAL));
    let behind = Status { synced: false, ..status() };
    assert!(!is_due(&behind, INTERVAL, 2 * INTERVAL), "L1 may hold more than was looked at");
}

#[test]
fn nothing_is_built_on_what_is_not_known_to_be_true() {
    // L1 has a proposal already that was not read here.
    let unread = Status { head: L2BlockRef { number: 90, ..status().head }, ..status() };
    assert!(!is_due(&unread, 2 * INTERVAL, 3 * INTERVAL));
    let unjudged = Status { proposals_pending: 1, ..status() };
    assert!(!is_due(&unjudged, INTERVAL, 2 * INTERVAL));
    let lied = Status { disagreements: vec![lie()], ..unread };
    for parent in [INTERVAL, 2 * INTERVAL, 3 * INTERVAL] {
        assert!(!is_due(&lied, parent, parent + INTERVAL));
    }
    let nothing = Status { agreed_to: None, ..status() };
    assert!(!is_due(&nothing, 0, INTERVAL), "not even the genesis was looked at");
}

#[test]
fn one_interval_after_the_other_is_proposed_and_all_at_once_after_a_long_time() {
    let target = |head, parent, next| target(head, parent, next, INTERVAL);
    assert_eq!(target(200, 16, 32), 32, "the next multiple, however much is derived");
    assert_eq!(target(200, 21, 32), 32, "behind what a dispute has brought");
    assert_eq!(target(200, 16, 96), 192, "all that is derived");
    assert_eq!(target(90, 16, 96), 96, "what L1 takes is not derived yet");
    let most = 16 + INTERVAL_MAX;
    assert_eq!(target(2 * most, 16, most), most, "no more than a tree has places for");
}

#[test]
fn a_proposal_that_was_taken_away_is_made_again() {
    let entry = |outcome| OutboxEntry {
        id: 1,
        key: proposal_key(48, 64, 0),
        coverage: coverage(&proposal_key(48, 64, 0)),
        nonce: None,
        inclusion: None,
        cancel_requested: false,
        outcome,
    };
    assert_eq!(entry(None).coverage, Coverage::Proposal { block: 64 });
    assert_eq!(coverage("dispute/64/0"), Coverage::Other);
    let block = BlockId { number: 100, hash: B256::ZERO };
    let inclusion = OutboxInclusion { hash: B256::ZERO, block, succeeded: true };
    let confirmed = entry(Some(OutboxOutcome::Confirmed(inclusion)));
    assert!(may_stand(&entry(None), 100));
    assert!(may_stand(&confirmed, 99), "L1 was asked before it was there");
    assert!(!may_stand(&confirmed, 100), "a reorg or a dispute took it");
    assert!(!may_stand(&entry(Some(OutboxOutcome::Reverted(inclusion))), 0));
    let refused = |number| {
        let block = BlockId { number, hash: B256::ZERO };
        entry(Some(OutboxOutcome::Reverted(OutboxInclusion { block, ..inclusion })))
    };
    assert!(!rests(&[], 100) && !rests(&[entry(None)], 100));
    let once = [refused(100)];
    assert!(rests(&once, 101) && !rests(&once, 102));
    let thrice = [refused(100), refused(102), refused(106)];
    assert!(rests(&thrice, 113) && !rests(&thrice, 114));
    let often: Vec<_> = (0..40).map(refused).collect();
    assert!(rests(&often, 39 + 255) && !rests(&often, 39 + 256));
}
