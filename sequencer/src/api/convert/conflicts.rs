//! The report of how blocks were executed, as `rollup_getConflictReport` gives it.

use alloy::primitives::{Address, U64, U256};
use executor::parallel::{HotPlace, RunReport};
use serde::Serialize;

use crate::chain::ChainStore;

/// Blocks that one report may cover: those that a node keeps in memory by default.
const WINDOW_BLOCKS_MAX: u64 = 512;

/// How the user transactions of some blocks were executed, and where they met.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConflictReport {
    from_block: U64,
    to_block: U64,
    /// All that were executed, refused ones included.
    transactions: U64,
    /// One after the other, because several workers would not have paid.
    in_turn: U64,
    /// Side by side with others, in groups that touch nothing in common.
    apart: U64,
    /// Ahead of their turn, and right.
    ahead: U64,
    /// Left to their turn by a parallel run.
    at_head: U64,
    /// Ahead of their turn in vain, and once more.
    again: U64,
    /// Ahead of their turn, and they touched what nobody had expected.
    unexpected: U64,
    gas_used: U64,
    /// Of the longest chain in which each waited for the one before, block by block.
    critical_gas: U64,
    /// In microseconds.
    execution_time_us: U64,
    /// The same as it was expected beforehand.
    expected_time_us: U64,
    /// Time that workers executed, in microseconds, all together.
    worker_time_us: U64,
    /// In percent of the time that they were there.
    worker_utilisation: U64,
    /// Where transactions met, the busiest place first.
    hot: Vec<Hot>,
}

/// A place at which transactions met.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Hot {
    address: Address,
    /// `null`: the account, or the contract as a whole.
    slot: Option<U256>,
    waits: U64,
    aborts: U64,
}

impl ConflictReport {
    /// Over the block `last` and those before it. `None`: it is not in memory any more, or not there yet.
    pub(crate) fn over(store: &ChainStore, last: u64, window: u64) -> Option<Self> {
        let newest = store.block(last)?;
        let (mut sum, mut first) = (newest.execution.clone(), last);
        for _ in 1..std::cmp::min(window, WINDOW_BLOCKS_MAX) {
            let Some(block) = first.checked_sub(1).and_then(|number| store.block(number)) else {
                break;
            };
            sum.add(&block.execution);
            first = block.number();
        }
        Some(Self::new(first, last, &sum))
    }

    fn new(first: u64, last: u64, sum: &RunReport) -> Self {
        let micros = |time: std::time::Duration| {
            U64::from(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
        };
        let available = std::cmp::max(sum.available.as_micros(), 1);
        let utilisation = u64::try_from(sum.busy.as_micros() * 100 / available).unwrap_or(100);
        let hot = |place: &HotPlace| Hot {
            address: place.address,
            slot: place.slot,
            waits: U64::from(place.waits),
            aborts: U64::from(place.aborts),
        };
        Self {
            from_block: U64::from(first),
            to_block: U64::from(last),
            transactions: U64::from(sum.transactions()),
            in_turn: U64::from(sum.in_turn),
            apart: U64::from(sum.apart),
            ahead: U64::from(sum.ahead),
            at_head: U64::from(sum.at_head),
            again: U64::from(sum.again),
            unexpected: U64::from(sum.unexpected),
            gas_used: U64::from(sum.gas),
            critical_gas: U64::from(sum.critical_gas),
            execution_time_us: micros(sum.wall),
            expected_time_us: micros(sum.expected),
            worker_time_us: micros(sum.busy),
            worker_utilisation: U64::from(utilisation),
            hot: sum.hot.iter().map(hot).collect(),
        }
    }
}
