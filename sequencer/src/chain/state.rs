//! The state after a block, wherever it is: in memory above Postgres, or in the history tables.

use alloy::primitives::{Address, B256, Bytes, U256};
use protocol::SafetyLevel;
use state::{Account, StateReader};

use super::{ReadError, StateView};

/// Which block's state is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The open block as executed so far.
    Pending,
    /// A head.
    Head(SafetyLevel),
    /// A block by number.
    Number(u64),
}

/// A state to execute calls on. Reading it may block the thread: never on the async runtime.
#[derive(Debug, Clone)]
pub enum State {
    /// A recent one. After a few seconds its reads may fail with [`ReadError::Passed`]; then ask again.
    Recent(StateView),
    /// One that only Postgres has.
    Historic(Box<db::BlockingHistory>),
}

impl State {
    /// The account, if it is in memory: this never blocks. `None` says nothing about it.
    pub fn held_account(&self, address: &Address) -> Option<Option<Account>> {
        match self {
            Self::Recent(view) => view.held_account(address),
            Self::Historic(history) => history.state().held_account(address),
        }
    }

    /// The slot, if it is in memory.
    pub fn held_storage(&self, address: &Address, slot: &U256) -> Option<U256> {
        match self {
            Self::Recent(view) => view.held_storage(address, slot),
            Self::Historic(history) => history.state().held_storage(address, slot),
        }
    }

    /// The code, if it is in memory.
    pub fn held_code(&self, hash: &B256) -> Option<Bytes> {
        match self {
            Self::Recent(view) => view.held_code(hash),
            Self::Historic(history) => history.state().held_code(hash),
        }
    }
}

impl StateReader for State {
    type Error = ReadError;

    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        match self {
            Self::Recent(view) => view.account(address),
            Self::Historic(history) => history.account(address).map_err(ReadError::history),
        }
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        match self {
            Self::Recent(view) => view.storage(address, slot),
            Self::Historic(history) => history.storage(address, slot).map_err(ReadError::history),
        }
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        match self {
            Self::Recent(view) => view.code(hash),
            Self::Historic(history) => history.code(hash).map_err(ReadError::history),
        }
    }

    fn block_hash(&self, number: u64) -> Result<B256, ReadError> {
        match self {
            Self::Recent(view) => view.block_hash(number),
            Self::Historic(history) => history.block_hash(number).map_err(ReadError::history),
        }
    }
}
