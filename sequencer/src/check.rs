//! Executes a sealed block again, one transaction after the other, before it is indexed and can be posted.
//!
//! Serial execution is the definition of a block: what differs from it must never leave. Everything is compared, not
//! the root alone: two different results can have equal roots.

use std::time::Instant;

use alloy::primitives::{Address, B256};
use executor::{BlockContext, ChainSpec, ExecuteError, RecoveredTransaction, SerialExecutor};
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

/// Compares a block with its serial execution on the state of its parent.
pub(crate) fn check(
    spec: &ChainSpec,
    store: &ChainStore,
    block: &ChainBlock,
) -> Result<Option<Difference>, CheckError> {
    let started = Instant::now();
    let number = block.number();
    let parent = number.checked_sub(1).and_then(|parent| store.block(parent));
    let state = number.checked_sub(1).and_then(|parent| store.state_after(parent));
    let (Some(parent), Some(state)) = (parent, state) else {
        return Err(CheckError::ParentUnknown { number });
    };
    let read = |source| CheckError::Read { number, source };
    let context = BlockContext::new(spec, &parent.header, &block.opening);
    let mut serial = match SerialExecutor::new(context, state) {
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
                return Ok(Some(Difference::Outcome { index, hash }));
            }
        }
    }
    let serial = serial.finish();
    metrics::checked(started.elapsed(), block.transactions.len());
    let sealed = block.header.gas_used;
    if serial.gas_used != sealed {
        return Ok(Some(Difference::GasUsed { serial: serial.gas_used, sealed }));
    }
    if serial.diff == *block.diff {
        return Ok(None);
    }
    let (ours, theirs) = (&block.diff.accounts, &serial.diff.accounts);
    let mut addresses = ours.keys().chain(theirs.keys());
    let address = addresses.find(|address| ours.get(*address) != theirs.get(*address)).copied();
    Ok(Some(Difference::State { address }))
}

fn recovered(included: &crate::chain::Included, data_size: DataSize) -> RecoveredTransaction {
    let tx: Transaction = included.transaction.clone();
    RecoveredTransaction { tx, sender: included.sender, hash: included.hash, data_size }
}
