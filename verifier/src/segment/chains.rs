//! The links of both hash chains from a pinned value back to the head's origin, found again from the logs of L1.
//!
//! A link holds the accumulator before it, which no log says, and an old state of L1 is not to be had from most nodes. So
//! the chain is folded forward from a value that is known: that which an earlier proposal pinned, or zero, with which the
//! contracts began. Invariant: what is given leads to the pinned value hash by hash; logs that do not are an error.

use alloy::primitives::{B256, Bytes, keccak256};
use l1::{L1Evidence, PostedEntry, SentMessage};

use super::{Pins, SegmentError};

/// L1 blocks before the rollup's first origin in which its contracts may have been deployed and used.
const DEPLOYED_WITHIN_L1_BLOCKS: u64 = 1_000;

/// What of one chain a run can ask for.
#[derive(Debug, Default)]
pub(super) struct Chain<T> {
    /// Preimages of the links.
    pub(super) links: Vec<Bytes>,
    /// What they are of, among others.
    pub(super) items: Vec<T>,
}

/// What a hash chain consists of.
pub(super) trait Link {
    /// The L1 block that brought it.
    fn l1_number(&self) -> u64;
    /// What follows the accumulator in the preimage of its link.
    fn tail(&self) -> Vec<u8>;
}

impl Link for PostedEntry {
    fn l1_number(&self) -> u64 {
        self.entry.l1_number
    }

    fn tail(&self) -> Vec<u8> {
        self.entry.encode().to_vec()
    }
}

impl Link for SentMessage {
    fn l1_number(&self) -> u64 {
        self.l1_number
    }

    fn tail(&self) -> Vec<u8> {
        let (number, timestamp) = (self.l1_number.to_be_bytes(), self.l1_timestamp.to_be_bytes());
        [&number[..], &timestamp, keccak256(self.message.encode()).as_slice()].concat()
    }
}

/// Where a chain can be folded from.
#[derive(Debug, Clone, Copy)]
struct Start {
    accumulator: B256,
    l1_number: u64,
    /// The chain began here, so nothing is missing before it.
    is_beginning: bool,
}

/// The places to begin from, nearest first: earlier proposals at or below L1 block `below`, each twice as far back as the
/// one before, and at last the beginning of the chain.
fn starts(
    earlier: &[Pins],
    below: u64,
    genesis_l1: u64,
    of: impl Fn(&Pins) -> B256,
) -> impl Iterator<Item = Start> {
    let mut known: Vec<&Pins> = earlier.iter().filter(|pins| pins.l1_number <= below).collect();
    known.sort_by_key(|pins| std::cmp::Reverse(pins.l1_number));
    let doubling = std::iter::successors(Some(0_usize), |at| Some(2 * at + 1));
    let known: Vec<Start> = doubling
        .map_while(|at| known.get(at))
        .map(|pins| Start { accumulator: of(pins), l1_number: pins.l1_number, is_beginning: false })
        .collect();
    let beginning = Start {
        accumulator: B256::ZERO,
        l1_number: genesis_l1.saturating_sub(DEPLOYED_WITHIN_L1_BLOCKS),
        is_beginning: true,
    };
    known.into_iter().chain([beginning])
}

/// The links from a start to the pinned value, whose items are in order from the start's L1 block on. A start that was
/// pinned within its L1 block is behind some of that block's items. `None` if they do not lead there, or, unless the chain
/// began there, not from an item at or below L1 block `after` on.
fn fold<T: Link>(start: Start, items: &[T], pinned: B256, after: u64) -> Option<Vec<Bytes>> {
    let of_start = items.iter().take_while(|item| item.l1_number() == start.l1_number).count();
    let candidates = if start.is_beginning { 0..=0 } else { 0..=of_start };
    for skipped in candidates {
        let items = items.get(skipped..).unwrap_or_default();
        let reaches_back = items.first().is_some_and(|item| item.l1_number() <= after);
        if !start.is_beginning && !reaches_back {
            continue;
        }
        let (mut accumulator, mut links) = (start.accumulator, Vec::new());
        for item in items {
            // Nothing is behind the beginning's zero, and a link before the pinned one is one more that nobody asks for.
            if accumulator == pinned {
                break;
            }
            let link = [accumulator.as_slice(), &item.tail()].concat();
            accumulator = keccak256(&link);
            links.push(Bytes::from(link));
        }
        if accumulator == pinned && (start.is_beginning || !links.is_empty()) {
            return Some(links);
        }
    }
    None
}

/// Where the two chains are read from, and how far back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach<'a> {
    pub(super) evidence: &'a L1Evidence,
    pub(super) pins: &'a Pins,
    pub(super) earlier: &'a [Pins],
    /// Number of the head's origin: a link at or below it ends the walk.
    pub(super) origin: u64,
    pub(super) genesis_l1: u64,
}

impl Reach<'_> {
    /// The chain of postings.
    pub(super) async fn inbox(&self) -> Result<Chain<PostedEntry>, SegmentError> {
        let pinned = self.pins.batch_accumulator;
        for start in starts(self.earlier, self.origin, self.genesis_l1, |p| p.batch_accumulator) {
            let items = self.evidence.entries(start.l1_number, self.pins.l1_number).await;
            let items = items.map_err(SegmentError::L1)?;
            if let Some(links) = fold(start, &items, pinned, self.origin) {
                return Ok(Chain { links, items });
            }
        }
        Err(SegmentError::Chain { chain: "batch", pinned })
    }

    /// The chain of messages.
    pub(super) async fn messages(&self) -> Result<Chain<SentMessage>, SegmentError> {
        let pinned = self.pins.message_accumulator;
        for start in starts(self.earlier, self.origin, self.genesis_l1, |p| p.message_accumulator) {
            let items = self.evidence.messages(start.l1_number, self.pins.l1_number).await;
            let items = items.map_err(SegmentError::L1)?;
            if let Some(links) = fold(start, &items, pinned, self.origin) {
                return Ok(Chain { links, items });
            }
        }
        Err(SegmentError::Chain { chain: "message", pinned })
    }
}

#[cfg(test)]
mod tests;
