//! Executes a block of the journal again, as the builder did.

use std::sync::Arc;

use db::SubBlock;
use executor::{BlockContext, ChainSpec};
use protocol::{BlockOpening, TxDeposit};
use state::StateTrie;

use crate::{
    SequencerError,
    builder::{BlockEngine, GrowingBlock, OpenBlock, WithdrawalKeeper},
    chain::{ChainBlock, ChainStore},
};

/// What it takes.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) spec: ChainSpec,
    pub(super) keeper: WithdrawalKeeper,
    pub(super) store: Arc<ChainStore>,
    pub(super) engine: Arc<BlockEngine>,
}

impl Replay {
    /// Executes a block on the newest one, whose trie is given and comes back as that of the block.
    pub(super) fn block(
        &self,
        mut trie: StateTrie,
        opening: BlockOpening,
        deposits: &[TxDeposit],
        rows: &[SubBlock],
    ) -> Result<(StateTrie, ChainBlock), SequencerError> {
        let number = opening.number;
        let parent = self.store.newest();
        let context = BlockContext::new(&self.spec, &parent.header, &opening);
        let state = self
            .store
            .state_after(parent.number())
            .ok_or(SequencerError::Lost { what: "state of the newest block" })?;
        let opened = OpenBlock::open(context, state, deposits, &self.engine);
        let (mut open, first) =
            opened.map_err(|source| SequencerError::Reopen { number, source })?;
        let mut growing = GrowingBlock::default();
        trie.apply(&first.diff);
        growing.add(first.diff.clone(), &first.transactions);
        for row in &rows[1..] {
            let transactions = row.transactions().map_err(SequencerError::ReadJournal)?;
            let replayed = open.replay(&transactions);
            let sub_block = replayed.map_err(|source| SequencerError::Replay { number, source })?;
            trie.apply(&sub_block.diff);
            growing.add(sub_block.diff.clone(), &sub_block.transactions);
        }
        let block = growing.seal(&trie, open.close(), self.keeper);
        Ok((trie, block))
    }
}
