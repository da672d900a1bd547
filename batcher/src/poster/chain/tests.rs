//! What records of the outbox mean for what to post next.

use super::*;
use crate::{Carrier, keys::batch_key};

fn entry(first: u64, last: u64, outcome: Option<OutboxOutcome>) -> OutboxEntry {
    OutboxEntry {
        id: first,
        key: batch_key(first, last, 0),
        coverage: Coverage::Batch { first, last },
        nonce: None,
        inclusion: None,
        cancel_requested: false,
        outcome,
    }
}

fn landed() -> Option<OutboxOutcome> {
    let block = protocol::BlockId::default();
    let hash = alloy::primitives::B256::ZERO;
    Some(OutboxOutcome::Confirmed(db::OutboxInclusion { hash, block, succeeded: true }))
}

fn refused() -> Option<OutboxOutcome> {
    Some(OutboxOutcome::Refused { reason: "no".into() })
}

/// A part of block 5, which has 30 transactions.
fn key(attempt: usize, skip: u32, end: u32) -> PartKey {
    let carrier = Carrier::Blobs;
    PartKey { block: 5, attempt, skip, end, total: 30, content: 7, carrier }
}

fn part(id: u64, key: PartKey, outcome: Option<OutboxOutcome>) -> OutboxEntry {
    let coverage = crate::keys::coverage(&key.to_string());
    OutboxEntry { id, key: key.to_string(), coverage, ..entry(5, 5, outcome) }
}

fn up_to(last: PartKey, count: usize, open: bool) -> Parts {
    Parts::UpTo { last, count, open }
}

#[test]
fn batches_count_as_far_as_they_chain() {
    let entries = [entry(1, 4, landed()), entry(5, 9, None), entry(12, 15, None)];
    let chain = |next, settled| Chain { next, parts: Parts::None, settled };
    // Whether it is settled is said of the first one alone: there is always one under way at the end.
    assert_eq!(Chain::of(&entries, 1), chain(10, true));
    assert_eq!(Chain::of(&entries, 3), chain(10, true));
    assert_eq!(Chain::of(&entries, 5), chain(10, false));
    assert_eq!(Chain::of(&entries[..1], 1), chain(5, true));
    assert_eq!(Chain::of(&[], 7), chain(7, true));
    let again = OutboxEntry { id: 20, ..entry(1, 4, None) };
    assert_eq!(Chain::of(&[entry(1, 4, landed()), again], 1), chain(5, false));
}

#[test]
fn what_was_posted_before_its_parent_carries_nothing() {
    let lost = [entry(1, 4, landed()), entry(5, 9, landed()), entry(10, 12, None)];
    assert_eq!(Chain::of(&lost, 1).next, 13);
    // The first was lost, and is posted again: those behind it are on L1 before it.
    let again = OutboxEntry { id: 20, ..entry(1, 6, None) };
    let entries = [&lost[..], &[again]].concat();
    assert_eq!(Chain::of(&entries, 1), Chain { next: 7, parts: Parts::None, settled: false });
    let next = OutboxEntry { id: 21, ..entry(7, 12, None) };
    assert_eq!(Chain::of(&[&entries[..], &[next]].concat(), 1).next, 13);
    // Nor do parts that are older.
    let parts = [part(2, key(0, 0, 12), landed()), part(3, key(0, 12, 30), landed())];
    let before = OutboxEntry { id: 20, ..entry(1, 4, landed()) };
    assert_eq!(Chain::of(&[&parts[..], &[before]].concat(), 1).next, 5);
}

#[test]
fn what_failed_or_is_no_longer_wanted_carries_nothing() {
    let mut cancelled = entry(1, 4, None);
    cancelled.cancel_requested = true;
    cancelled.key = batch_key(1, 4, 1);
    let entries = [entry(1, 4, refused()), cancelled];
    assert_eq!(Chain::of(&entries, 1).next, 1);
    assert_eq!(attempts(&entries, 1), 2);
    assert_eq!(attempts(&entries, 2), 0);
}

#[test]
fn parts_are_gone_on_with_until_the_block_is_whole() {
    let mut entries = vec![entry(1, 4, landed())];
    assert_eq!(Chain::of(&entries, 1).parts, Parts::None);
    entries.push(part(10, key(0, 0, 12), landed()));
    let first = Chain { next: 5, parts: up_to(key(0, 0, 12), 1, false), settled: true };
    assert_eq!(Chain::of(&entries, 1), first);
    entries.push(part(11, key(0, 12, 29), None));
    let second = Chain { next: 5, parts: up_to(key(0, 12, 29), 2, true), settled: true };
    assert_eq!(Chain::of(&entries, 1), second);
    assert!(!Chain::of(&entries, 5).settled);
    entries.push(part(12, key(0, 29, 30), None));
    assert_eq!(Chain::of(&entries, 1), Chain { next: 6, parts: Parts::None, settled: true });
    entries.push(OutboxEntry { id: 13, ..entry(6, 8, None) });
    assert_eq!(Chain::of(&entries, 1), Chain { next: 9, parts: Parts::None, settled: true });
    assert_eq!(attempts(&entries, 5), 1);
}

#[test]
fn a_block_that_has_lost_a_part_begins_again_when_the_others_are_settled() {
    let broken = |entries: &[OutboxEntry]| {
        let chain = Chain::of(entries, 5);
        assert_eq!(chain.next, 5);
        chain.parts
    };
    let (open, settled) = (Parts::Broken { open: true }, Parts::Broken { open: false });
    let first = part(10, key(0, 0, 12), landed());
    let lost = part(11, key(0, 12, 29), refused());
    assert_eq!(broken(&[first.clone(), lost.clone(), part(12, key(0, 29, 30), None)]), open);
    let all = [first.clone(), lost, part(12, key(0, 29, 30), landed())];
    assert_eq!(broken(&all), settled);
    assert_eq!(attempts(&all, 5), 1);
    // The next attempt goes on with its own parts only.
    let again = part(13, key(1, 0, 20), None);
    assert_eq!(broken(&[&all[..], &[again]].concat()), up_to(key(1, 0, 20), 1, true));
    let mut unwanted = first.clone();
    unwanted.cancel_requested = true;
    unwanted.outcome = None;
    assert_eq!(broken(&[unwanted]), open);
    assert_eq!(broken(&[first, part(11, key(0, 13, 29), landed())]), settled);
}

#[test]
fn something_else_between_or_behind_parts_breaks_them() {
    let (first, last) = (part(10, key(0, 0, 12), landed()), part(12, key(0, 12, 30), landed()));
    let other = OutboxEntry { id: 11, ..entry(1, 4, landed()) };
    let mut entries = [first.clone(), other.clone(), last.clone()];
    assert_eq!(Chain::of(&entries, 5).parts, Parts::Broken { open: false });
    assert_eq!(Chain::of(&entries[..2], 5).parts, Parts::Broken { open: false });
    // What never gets to L1 is between nothing.
    entries[1].outcome = refused();
    assert_eq!(Chain::of(&entries, 5).next, 6);
    // And what comes after a whole block is no matter.
    let behind = OutboxEntry { id: 13, ..other };
    assert_eq!(Chain::of(&[first, last, behind], 5).next, 6);
}

#[test]
fn parts_of_another_content_or_carrier_do_not_go_together() {
    let first = part(10, key(0, 0, 12), landed());
    for other in [
        PartKey { content: 8, ..key(0, 12, 30) },
        PartKey { carrier: Carrier::Calldata, ..key(0, 12, 30) },
        PartKey { total: 31, ..key(0, 12, 30) },
    ] {
        let entries = [first.clone(), part(11, other, landed())];
        assert_eq!(Chain::of(&entries, 5).parts, Parts::Broken { open: false });
    }
}

#[test]
fn whatever_is_newer_counts() {
    let mut newer = [part(10, key(0, 0, 30), landed()), entry(5, 7, landed())];
    newer[1].id = 11;
    assert_eq!(Chain::of(&newer, 5).next, 8, "the block came again in a batch");
    let again = [entry(5, 7, landed()), part(10, key(1, 0, 12), None)];
    assert_eq!(Chain::of(&again, 5).parts, up_to(key(1, 0, 12), 1, true));
    assert_eq!(attempts(&again, 5), 2);
}
