//! Block 0: the state that the configuration allocates.
//!
//! Invariant: its hash follows from `rollup.json` alone, so every node of the chain has the same.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::Address;
use derivation::DerivedHead;
use protocol::{BlockOpening, GenesisAccount, predeploys::L2_TO_L1_MESSAGE_PASSER};
use state::{AccountDiff, MemoryState, PackedDiff, StateDiff, StateTrie};

use super::Loader;
use crate::{SequencerError, builder::WithdrawalKeeper, chain::ChainBlock, indexer::packed};

impl Loader {
    /// Writes block 0 and its state; gives its number.
    pub(super) async fn write_genesis(&self) -> Result<u64, SequencerError> {
        let (block, undo) = genesis_block(&self.rollup);
        let packed = packed(&block, PackedDiff::from(&undo)).map_err(SequencerError::Index)?;
        let written = self.index.write(self.fence, &packed, &block.kept).await;
        written.map_err(SequencerError::Index)?;
        tracing::info!(hash = %block.hash, "genesis written");
        Ok(0)
    }
}

/// Block 0, and the way back from it to the empty state.
pub(super) fn genesis_block(rollup: &protocol::RollupConfig) -> (ChainBlock, StateDiff) {
    let diff = allocated(&rollup.genesis.alloc);
    let mut trie = StateTrie::new();
    let root = trie.apply(&diff);
    let header = rollup.genesis_header(root, trie.storage_root(&L2_TO_L1_MESSAGE_PASSER));
    let hash = header.hash_slow();
    let kept = WithdrawalKeeper::new(rollup.proposal_interval).keep(&trie, &diff, 0);
    let gone = diff.accounts.keys().map(|address| (*address, AccountDiff::gone())).collect();
    let undo = StateDiff { accounts: gone, ..StateDiff::default() };
    let block = ChainBlock {
        reference: DerivedHead::genesis(rollup, hash).block,
        opening: genesis_opening(rollup),
        header,
        hash,
        transactions: Default::default(),
        diff: Arc::new(diff),
        sub_block_lengths: Vec::new(),
        raw: Vec::new(),
        execution: Default::default(),
        ethereum: None,
        access_list: Default::default(),
        kept,
    };
    (block, undo)
}

/// The state of block 0 as a diff from the empty one.
fn allocated(alloc: &BTreeMap<Address, GenesisAccount>) -> StateDiff {
    let state = MemoryState::from_genesis(alloc);
    let mut diff = StateDiff::default();
    for (address, account) in state.accounts() {
        let change = AccountDiff { account: Some(account), ..AccountDiff::default() };
        diff.accounts.insert(address, change);
    }
    for (address, slot, value) in state.slots() {
        diff.accounts.entry(address).or_default().storage.insert(slot, value);
    }
    diff.codes = state.codes().map(|(hash, code)| (hash, code.clone())).collect();
    diff
}

/// Block 0 was not opened; this is what the block after it needs to know of it.
pub(super) fn genesis_opening(rollup: &protocol::RollupConfig) -> BlockOpening {
    let genesis = &rollup.genesis;
    let mut opening = BlockOpening {
        timestamp: genesis.timestamp,
        system_config: genesis.system_config,
        ..BlockOpening::default()
    };
    (opening.origin.number, opening.origin.hash) = (genesis.l1.number, genesis.l1.hash);
    opening
}
