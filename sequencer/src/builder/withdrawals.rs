//! What is kept of a block, so that its withdrawals can be proved when the trie has long gone on.
//!
//! The Portal takes a proof against the storage root of the message passer in a proposed block. That account only ever
//! gains slots, so the nodes that each block makes lead from all of its roots to all of their slots.

use std::sync::Arc;

use db::WithdrawalNodes;
use protocol::predeploys::L2_TO_L1_MESSAGE_PASSER;
use state::{StateDiff, StateTrie};

/// Picks what to keep.
#[derive(Debug, Clone, Copy)]
pub struct WithdrawalKeeper {
    proposal_interval: u64,
}

impl WithdrawalKeeper {
    /// For a chain whose proposals are for multiples of `proposal_interval`, but for what a dispute may leave: nobody knows
    /// that block beforehand, and its slots are proven all the same.
    pub const fn new(proposal_interval: u64) -> Self {
        Self { proposal_interval }
    }

    /// What to keep of block `number`, which changed `diff`; `trie` is that of the state after it.
    pub fn keep(&self, trie: &StateTrie, diff: &StateDiff, number: u64) -> Arc<WithdrawalNodes> {
        let passer = &L2_TO_L1_MESSAGE_PASSER;
        let is_proposed = number.is_multiple_of(self.proposal_interval);
        let changed = diff.accounts.get(passer).map(|change| &change.storage);
        let changed: Vec<_> = changed.into_iter().flatten().map(|(slot, _)| *slot).collect();
        Arc::new(WithdrawalNodes {
            account: is_proposed.then(|| trie.proof(passer, &[]).proof),
            storage: trie.slot_nodes(passer, &changed),
        })
    }
}
