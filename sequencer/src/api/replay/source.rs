//! Which blocks can be executed again: every sealed one but genesis, and the open one as far as it has come.

use std::sync::Arc;

use alloy::{eips::BlockId, primitives::B256};
use executor::{BlockContext, BlockRules};
use jsonrpsee::core::RpcResult;

use crate::{
    api::{Api, errors},
    chain::{Body, ChainBlock, PendingBlock},
};

/// What is needed to execute a block again, besides the state before it.
#[derive(Debug)]
pub(crate) struct Replayable {
    /// `None`: the block is open.
    pub(crate) hash: Option<B256>,
    pub(crate) context: BlockContext,
    pub(crate) transactions: Body,
}

impl Replayable {
    /// Block number.
    pub(crate) const fn number(&self) -> u64 {
        self.context.opening.number
    }
}

impl Api {
    /// A block to execute again; `None` if there is none.
    pub(crate) async fn replayable(&self, id: BlockId) -> RpcResult<Option<Arc<Replayable>>> {
        if id.is_pending()
            && let Some(open) = self.open_block()
        {
            return Ok(Some(Arc::new(self.replayable_open(&open))));
        }
        let Some(block) = self.block(id).await? else { return Ok(None) };
        self.replayable_sealed(&block).map(Some)
    }

    /// Whether a block is the first, where nothing was executed.
    pub(crate) async fn is_genesis(&self, id: BlockId) -> RpcResult<bool> {
        Ok(!id.is_pending() && self.block(id).await?.is_some_and(|block| block.number() == 0))
    }

    /// A block to execute again. One that is not there is an error.
    pub(crate) async fn require_replayable(&self, id: BlockId) -> RpcResult<Arc<Replayable>> {
        self.replayable(id).await?.ok_or_else(|| self.absent(id))
    }

    /// A sealed block to execute again. Nothing can be asked about genesis: it has no parent.
    pub(crate) fn replayable_sealed(&self, block: &ChainBlock) -> RpcResult<Arc<Replayable>> {
        if block.number() == 0 {
            return Err(errors::server("genesis is not traceable"));
        }
        let base_fee = block.header.base_fee_per_gas.unwrap_or_default();
        let context = self.context(&block.opening, base_fee, block.rules());
        let (hash, transactions) = (Some(block.hash), block.transactions.clone());
        Ok(Arc::new(Replayable { hash, context, transactions }))
    }

    /// The block of a transaction, and its place there; `None` if the chain does not have it.
    pub(crate) async fn replayable_of(
        &self,
        hash: B256,
    ) -> RpcResult<Option<(Arc<Replayable>, usize)>> {
        let Some(located) = self.transaction(hash).await? else { return Ok(None) };
        let number = located.block_number;
        let block = match self.view.store().sealed(number) {
            Some(block) => self.replayable_sealed(&block)?,
            None => match self.view.pending().filter(|open| open.opening.number == number) {
                Some(open) => Arc::new(self.replayable_open(&open)),
                None => self.require_replayable(number.into()).await?,
            },
        };
        let place = block.transactions.iter().position(|included| included.hash == hash);
        Ok(place.map(|place| (block, place)))
    }

    fn replayable_open(&self, open: &PendingBlock) -> Replayable {
        let context = self.context(&open.opening, open.base_fee, BlockRules::Rollup);
        Replayable { hash: None, context, transactions: open.transactions.clone() }
    }
}
