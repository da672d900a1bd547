//! What the doors read: memory first, then Postgres.
//!
//! Not here: encodings of RPC answers. Invariant: nothing that is not durable is shown as part of a block; only
//! the open block shows what is executed and not durable yet.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256};
use protocol::{Heads, SafetyLevel};
use state::{Account, AccountProof, StateReader};

use super::{ChainBlock, ChainStore, Located, PendingBlock, ReadError, StateView};
use crate::builder::RootHandle;

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

/// The chain as the doors see it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChainView {
    pub(crate) store: Arc<ChainStore>,
    pub(crate) index: db::Index,
    pub(crate) root: RootHandle,
}

/// A state to execute calls on; reading it may block the thread, so never on the async runtime.
#[derive(Debug, Clone)]
pub enum State {
    /// A recent one.
    Recent(StateView),
    /// One that only Postgres has.
    Historic(HistoricState),
}

impl ChainView {
    /// All heads.
    pub fn heads(&self) -> Heads {
        self.store.heads()
    }

    /// The newest durable block.
    pub fn latest(&self) -> Arc<ChainBlock> {
        self.store.latest()
    }

    /// The open block, if one is open. It is built on [`ChainStore::newest`], which may be one ahead of latest.
    pub fn pending(&self) -> Option<Arc<PendingBlock>> {
        self.store.pending()
    }

    /// The recent chain in memory.
    pub const fn store(&self) -> &Arc<ChainStore> {
        &self.store
    }

    /// The index in Postgres: for logs, history and whatever else is not in memory.
    pub const fn index(&self) -> &db::Index {
        &self.index
    }
}
