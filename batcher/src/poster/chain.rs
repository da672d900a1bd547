//! What the outbox says about posting: how far its records carry the chain, and whether the last block of them is only
//! there in part. Pure.
//!
//! Invariant: a block in parts counts only if the inbox will hold its parts one right after the other; a part never goes
//! on with those of another attempt. A batch counts only behind what carries the blocks before it: derivation does not
//! come back to one that was posted too early.

use db::{Coverage, OutboxEntry, OutboxOutcome};

use crate::part::PartKey;

/// The blocks that open and landed records carry without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain {
    /// The first block behind them.
    pub(super) next: u64,
    /// What is there of that block.
    pub(super) parts: Parts,
    /// Whether what carries the first of them is not under way any more.
    pub(super) settled: bool,
}

/// What the newest attempt at a block in parts has brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    /// There is none.
    None,
    /// All parts up to this one, the last of `count`; the next one can follow.
    UpTo {
        last: PartKey,
        count: usize,
        /// Whether one of them is under way.
        open: bool,
    },
    /// One has failed, or something else was posted after them: the block has to begin again.
    Broken {
        /// Whether one of them is under way. Then it must not begin yet.
        open: bool,
    },
}

/// The newest attempt at one block.
struct Group {
    newest_id: u64,
    parts: Parts,
    settled: bool,
}

/// A record, its key read.
#[derive(Debug, Clone, Copy)]
struct Record<'a> {
    entry: &'a OutboxEntry,
    part: Option<PartKey>,
}

impl Chain {
    /// Follows the records from block `first` on. `entries` are all that post batches and parts, by rising number.
    ///
    /// Batches chain by parent, so one behind a gap counts for nothing.
    pub(super) fn of(entries: &[OutboxEntry], first: u64) -> Self {
        let read = |entry| Record { entry, part: PartKey::parse(&entry.key) };
        let records: Vec<Record<'_>> = entries.iter().map(read).collect();
        let counting: Vec<_> =
            records.iter().copied().filter(|record| may_count(record.entry)).collect();
        let mut chain = Self { next: first, parts: Parts::None, settled: true };
        let mut newest_id = 0;
        loop {
            let is_front = chain.next == first;
            let batch = covering(&counting, chain.next).filter(|(entry, _)| entry.id > newest_id);
            let group = Group::of(&records, &counting, chain.next);
            let group = group.filter(|group| group.newest_id > newest_id);
            let newest_part = group.as_ref().map_or(0, |group| group.newest_id);
            match (batch.filter(|(entry, _)| entry.id > newest_part || group.is_none()), group) {
                (Some((entry, last)), _) => {
                    chain.next = last + 1;
                    newest_id = entry.id;
                    if is_front {
                        chain.settled = entry.outcome.is_some();
                    }
                }
                (None, Some(group)) => {
                    newest_id = group.newest_id;
                    if is_front {
                        chain.settled = group.settled;
                    }
                    match group.parts {
                        Parts::UpTo { last, .. } if last.is_last() => chain.next += 1,
                        parts => return Self { parts, ..chain },
                    }
                }
                (None, None) => return chain,
            }
        }
    }
}

/// The newest batch that carries this block, and its last block; one that is under way before those that have landed.
fn covering<'a>(counting: &[Record<'a>], block: u64) -> Option<(&'a OutboxEntry, u64)> {
    let covers = counting.iter().filter_map(|record| match record.entry.coverage {
        _ if record.part.is_some() => None,
        Coverage::Batch { first, last } if (first..=last).contains(&block) => {
            Some((record.entry, last))
        }
        Coverage::Batch { .. } | Coverage::Proposal { .. } | Coverage::Other => None,
    });
    covers.max_by_key(|(entry, _)| (entry.outcome.is_none(), entry.id))
}

impl Group {
    fn of(records: &[Record<'_>], counting: &[Record<'_>], block: u64) -> Option<Self> {
        let parts = records.iter().filter_map(|record| Some((record.part?, record.entry)));
        let mut parts: Vec<_> = parts.filter(|(part, _)| part.block == block).collect();
        let attempt = parts.iter().map(|(part, _)| part.attempt).max()?;
        parts.retain(|(part, _)| part.attempt == attempt);
        let ((first, first_entry), (last, newest)) = (*parts.first()?, *parts.last()?);
        let open = parts.iter().any(|(_, entry)| entry.outcome.is_none());
        let in_a_row = first.skip == 0
            && parts.windows(2).all(|pair| pair[1].0.follows(&pair[0].0))
            && parts.iter().all(|(_, entry)| may_count(entry));
        // What will be in the inbox between the first and the last of them, and behind them.
        let place = |id: u64| counting.iter().position(|record| record.entry.id == id);
        let adjacent = place(newest.id) == place(first_entry.id).map(|at| at + parts.len() - 1);
        let at_the_end = counting.last().is_some_and(|record| record.entry.id == newest.id);
        let parts = if in_a_row && adjacent && (last.is_last() || at_the_end) {
            Parts::UpTo { last, count: parts.len(), open }
        } else {
            Parts::Broken { open }
        };
        Some(Self { newest_id: newest.id, parts, settled: !open })
    }
}

/// Whether a batch is under way or has landed; a refused, cancelled or reverted one carries nothing.
const fn may_count(entry: &OutboxEntry) -> bool {
    !entry.cancel_requested && matches!(entry.outcome, None | Some(OutboxOutcome::Confirmed(_)))
}

/// The number of the next attempt at a batch that begins with this block, or at its parts.
pub(super) fn attempts(entries: &[OutboxEntry], first: u64) -> usize {
    let attempt = |entry: &OutboxEntry| match (PartKey::parse(&entry.key), entry.coverage) {
        (Some(part), _) if part.block == first => Some(part.attempt),
        (None, Coverage::Batch { first: other, .. }) if other == first => {
            entry.key.rsplit('/').next()?.parse().ok()
        }
        _ => None,
    };
    entries.iter().filter_map(attempt).max().map_or(0, |newest: usize| newest + 1)
}

#[cfg(test)]
mod tests;
