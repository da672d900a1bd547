//! Executes a sealed block again, one transaction after the other, before it is indexed and can be posted.
//!
//! Serial execution is the definition of a block: what differs from it must never leave. Everything is compared, not
//! the root alone: two different results can have equal roots.

use std::{
    num::NonZeroU64,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256};
use executor::{
    BlockAccessList, BlockContext, ChainSpec, ExecuteError, RecoveredTransaction, SerialExecutor,
};
use protocol::{DataSize, Transaction, data_size};

use crate::{
    chain::{ChainBlock, ChainStore, ReadError},
    metrics,
};

/// Where a block differs from its serial execution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Difference {
    /// An outcome: receipt, logs, gas, fees, output, or whether it can be included at all.
    #[error("outcome of transaction {index} ({hash})")]
    Outcome {
        /// Its place in the block.
        index: u64,
        /// Its hash.
        hash: B256,
    },
    /// The block's gas.
    #[error("gas used: {serial} serially, {sealed} in the block")]
    GasUsed {
        /// The right number.
        serial: u64,
        /// The block's.
        sealed: u64,
    },
    /// The state after it.
    #[error("state after the block, at {address:?} and maybe elsewhere")]
    State {
        /// The first account that differs; `None`: only the codes do.
        address: Option<Address>,
    },
}

/// The block could not be executed again, now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    /// The state before it could not be read.
    #[error("cannot read the state before block {number}")]
    Read {
        /// The block.
        number: u64,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// Its parent is not in memory any more.
    #[error("the parent of block {number} is not in memory")]
    ParentUnknown {
        /// The block.
        number: u64,
    },
}

/// What came of a check.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// `None`: the block is what serial execution makes of it.
    pub(crate) difference: Option<Difference>,
    /// Its access list, if one was asked for and there is no difference.
    pub(crate) access_list: Option<BlockAccessList>,
}

impl From<Difference> for Checked {
    fn from(difference: Difference) -> Self {
        Self { difference: Some(difference), access_list: None }
    }
}

/// Which blocks are checked where not all of them can be: one whenever what the last ones took of the allowed rate has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckPace {
    /// Transactions a second; `None`: all blocks.
    rate_max: Option<NonZeroU64>,
    /// From then on the next block is checked.
    free: Option<Instant>,
}

impl CheckPace {
    /// No more than so many transactions a second, over time.
    pub(crate) const fn new(rate_max: Option<NonZeroU64>) -> Self {
        Self { rate_max, free: None }
    }

    /// Whether a block with so many transactions is checked now.
    pub(crate) fn takes(&mut self, transactions: usize, now: Instant) -> bool {
        let Some(rate_max) = self.rate_max else { return true };
        if self.free.is_some_and(|free| now < free) {
            return false;
        }
        let millis = (transactions as u64).saturating_mul(1_000) / rate_max;
        self.free = now.checked_add(Duration::from_millis(millis));
        true
    }
}

/// Compares a block with its serial execution on the state of its parent, and writes its access list on the way.
pub(crate) fn check(
    spec: &ChainSpec,
    store: &ChainStore,
    block: &ChainBlock,
    lists: bool,
) -> Result<Checked, CheckError> {
    let started = Instant::now();
    let number = block.number();
    let parent = number.checked_sub(1).and_then(|parent| store.block(parent));
    let state = number.checked_sub(1).and_then(|parent| store.state_after(parent));
    let (Some(parent), Some(state)) = (parent, state) else {
        return Err(CheckError::ParentUnknown { number });
    };
    let read = |source| CheckError::Read { number, source };
    let context = BlockContext::new(spec, &parent.header, &block.opening);
    let open = if lists { SerialExecutor::recording } else { SerialExecutor::new };
    let mut serial = match open(context, state) {
        Ok(serial) => serial,
        Err(ExecuteError::State(source)) => return Err(read(source)),
        Err(ExecuteError::Invalid(_)) => unreachable!("system calls are not transactions"),
    };
    let users = block.transactions.len() - block.raw.len();
    for (place, included) in block.transactions.iter().enumerate() {
        let size = match place.checked_sub(users).and_then(|user| block.raw.get(user)) {
            Some(raw) => data_size(raw),
            None => DataSize::MIN,
        };
        match serial.execute(&recovered(included, size)) {
            Ok(outcome) if outcome == included.outcome => {}
            Err(ExecuteError::State(source)) => return Err(read(source)),
            Ok(_) | Err(ExecuteError::Invalid(_)) => {
                let (index, hash) = (included.index, included.hash);
                return Ok(Difference::Outcome { index, hash }.into());
            }
        }
    }
    let access_list = lists.then(|| serial.take_access_list());
    let serial = serial.finish();
    metrics::checked(started.elapsed(), block.transactions.len());
    let sealed = block.header.gas_used;
    if serial.gas_used != sealed {
        return Ok(Difference::GasUsed { serial: serial.gas_used, sealed }.into());
    }
    if serial.diff == *block.diff {
        return Ok(Checked { difference: None, access_list });
    }
    let (ours, theirs) = (&block.diff.accounts, &serial.diff.accounts);
    let mut addresses = ours.keys().chain(theirs.keys());
    let address = addresses.find(|address| ours.get(*address) != theirs.get(*address)).copied();
    Ok(Difference::State { address }.into())
}

fn recovered(included: &crate::chain::Included, data_size: DataSize) -> RecoveredTransaction {
    let tx: Transaction = included.transaction.clone();
    RecoveredTransaction { tx, sender: included.sender, hash: included.hash, data_size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_large_blocks_and_all_small_ones_are_checked() {
        let start = Instant::now();
        let checked = |rate_max: Option<u64>, transactions| {
            let mut pace = CheckPace::new(rate_max.and_then(NonZeroU64::new));
            let blocks = 0..100;
            let now = |second| start + Duration::from_secs(second);
            blocks.filter(|second| pace.takes(transactions, now(*second))).count()
        };
        assert_eq!(checked(None, 100_000), 100);
        assert_eq!(checked(Some(10_000), 10_000), 100);
        assert_eq!(checked(Some(10_000), 25_000), 34);
        assert_eq!(checked(Some(10_000), 100_000), 10);
    }
}
