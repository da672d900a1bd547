//! Blocks as readers see them: executed transactions with their outcomes, sealed blocks, the open block.
//!
//! Values only, shared by `Arc`; who moves them is in `store.rs`.

use std::sync::{Arc, OnceLock};

use alloy::{
    eips::Encodable2718,
    primitives::{Address, B256, Bytes},
};
use db::WithdrawalNodes;
use executor::{BlockRules, TransactionOutcome, parallel::RunReport};
use protocol::{BlockOpening, Header, L2BlockRef, Transaction};
use state::StateDiff;

use super::{
    Body, IncludedRef,
    ethereum::{BlobTransaction, EthereumParts},
};

/// A transaction that was executed in its place in a block.
#[derive(Debug, Clone)]
pub struct Included {
    /// The transaction: the L1 attributes, a deposit, or a user's.
    pub transaction: Transaction,
    /// Its hash.
    pub hash: B256,
    /// Its sender.
    pub sender: Address,
    /// Its place in the block.
    pub index: u64,
    /// Place in the block of its first log.
    pub log_index_first: u64,
    /// The transaction as it really is where it carries blobs, which those of a rollup do not; see [`super::ethereum`].
    pub blob: Option<BlobTransaction>,
    /// What came of it. The receipt in it counts gas from the start of the block.
    pub outcome: TransactionOutcome,
}

impl Included {
    /// The bytes that its block holds.
    pub fn raw(&self) -> Bytes {
        match &self.blob {
            Some(blob) => blob.encoded_2718().into(),
            None => self.transaction.encoded_2718().into(),
        }
    }
}

/// A sealed block with everything that followed from executing it.
#[derive(Debug)]
pub struct ChainBlock {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: B256,
    /// Number, hash, parent, time, L1 origin and sequence number.
    pub reference: L2BlockRef,
    /// What was known before its first transaction.
    pub opening: BlockOpening,
    /// All transactions in order; the L1 attributes transaction is the first.
    pub transactions: Body,
    /// What it changed in the state of its parent.
    pub diff: Arc<StateDiff>,
    /// How many user transactions each of its journal rows holds; the opening row is the first and holds none.
    pub sub_block_lengths: Vec<usize>,
    /// Canonical bytes of its user transactions, in order.
    pub raw: Vec<Bytes>,
    /// How its user transactions were executed; empty where that was not here.
    pub execution: RunReport,
    /// What a rollup's block does not have; see [`super::ethereum`].
    pub ethereum: Option<Arc<EthereumParts>>,
    /// The RLP of its access list (EIP-7928), which its check writes; empty before, and where none is written.
    pub access_list: OnceLock<Bytes>,
    /// What proves its withdrawals later, until it is indexed; of a block that was read from the index: nothing.
    pub kept: Arc<WithdrawalNodes>,
}

impl ChainBlock {
    /// Block number.
    pub const fn number(&self) -> u64 {
        self.reference.number
    }

    /// By whose rules it ran.
    pub fn rules(&self) -> BlockRules {
        self.ethereum.as_ref().map_or(BlockRules::Rollup, |parts| BlockRules::Ethereum(parts.rules))
    }

    /// The transaction at a place, with what is known of its block.
    pub fn located(&self, index: usize) -> Option<Located> {
        Some(Located {
            included: self.transactions.share(index)?,
            block_number: self.header.number,
            timestamp: self.header.timestamp,
            base_fee: self.header.base_fee_per_gas.unwrap_or_default(),
            opening: self.opening,
            rules: self.rules(),
            block_hash: Some(self.hash),
        })
    }

    /// Transactions that users sent: those after the L1 attributes and the deposits.
    pub fn user_transactions(&self) -> impl Iterator<Item = &Included> {
        self.transactions
            .iter()
            .filter(|included| !matches!(included.transaction, Transaction::Deposit(_)))
    }
}

/// The open block: all executed sub-blocks so far, and no header yet.
#[derive(Debug)]
pub struct PendingBlock {
    /// What was known before its first transaction.
    pub opening: BlockOpening,
    /// Base fee per gas, in wei.
    pub base_fee: u64,
    /// Gas limit.
    pub gas_limit: u64,
    /// Gas used so far.
    pub gas_used: u64,
    /// Transactions so far.
    pub transactions: Body,
    /// Sub-blocks executed so far, the opening one included.
    pub sub_blocks: u32,
    /// What each sub-block changed, oldest first.
    pub diffs: Vec<Arc<StateDiff>>,
    /// Rises with every executed sub-block, across blocks and restarts of the builder.
    pub version: u64,
}

/// Where a transaction stands.
#[derive(Debug, Clone)]
pub struct Located {
    /// The transaction and its outcome.
    pub included: IncludedRef,
    /// Number of its block.
    pub block_number: u64,
    /// Timestamp of its block.
    pub timestamp: u64,
    /// Base fee of its block, in wei.
    pub base_fee: u64,
    /// What its block was opened with: L1 origin, fee scalars.
    pub opening: BlockOpening,
    /// By whose rules its block ran.
    pub rules: BlockRules,
    /// Hash of its block; `None` while the block is open.
    pub block_hash: Option<B256>,
}
