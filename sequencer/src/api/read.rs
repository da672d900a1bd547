//! What the methods ask of the chain, in the terms of JSON-RPC: block parameters, unknown blocks, states to run on.

use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256},
};
use executor::{BlockContext, BlockRules, ChainSpec};
use jsonrpsee::{core::RpcResult, types::ErrorObjectOwned};
use protocol::{BlockOpening, L1FeeParams, LifeCycle, SafetyLevel, next_base_fee};
use state::{Account, StateReader as _};

use tokio::sync::OwnedSemaphorePermit;

use super::{Api, errors};
use crate::{
    chain::{At, ChainBlock, Located, PendingBlock, ReadError, State, StateOutlook},
    quota::Client,
};

/// How often a state is taken anew because the index went past it while it was being read.
pub(super) const PASSED_RETRIES_MAX: usize = 5;

/// Why work on a state gave no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The state could not be read.
    Read(ReadError),
    /// The caller gets this error.
    Answer(ErrorObjectOwned),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<ErrorObjectOwned> for Fault {
    fn from(error: ErrorObjectOwned) -> Self {
        Self::Answer(error)
    }
}

impl Api {
    /// A sealed block; `None` if there is none. `pending` means the newest one here.
    pub(crate) async fn block(&self, id: BlockId) -> RpcResult<Option<Arc<ChainBlock>>> {
        let found = match id {
            BlockId::Hash(hash) => self.view.block_by_hash(hash.block_hash).await,
            BlockId::Number(tag) => self.view.block(self.number(tag)).await,
        };
        found.map_err(|error| errors::read("block", &error))
    }

    /// A sealed block by number.
    pub(crate) async fn block_numbered(
        &self,
        number: u64,
    ) -> Result<Option<Arc<ChainBlock>>, ReadError> {
        self.view.block(number).await
    }

    /// Why there is nothing to read of a block that is not there. One that was taken back has no state any more, whether
    /// the caller wants a canonical one or any.
    pub(crate) fn absent(&self, id: BlockId) -> ErrorObjectOwned {
        match id {
            BlockId::Hash(hash) if self.view.store().was_removed(&hash.block_hash) => {
                errors::not_canonical()
            }
            _ => errors::unknown_block(id_text(id)),
        }
    }

    /// The number that a tag means now.
    pub(crate) fn number(&self, tag: BlockNumberOrTag) -> u64 {
        let heads = self.view.heads();
        match tag {
            BlockNumberOrTag::Number(number) => number,
            BlockNumberOrTag::Earliest => 0,
            BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => heads.unsafe_head().number,
            BlockNumberOrTag::Safe => heads.safe_head().number,
            BlockNumberOrTag::Finalized => heads.finalized_head().number,
        }
    }

    /// A durable transaction, in a sealed block or in the open one.
    pub(crate) async fn transaction(&self, hash: B256) -> RpcResult<Option<Located>> {
        self.view.transaction(hash).await.map_err(|error| errors::read("transaction", &error))
    }

    /// The open block, as long as it is ahead of the newest sealed one that is shown.
    pub(crate) fn open_block(&self) -> Option<Arc<PendingBlock>> {
        let latest = self.view.heads().unsafe_head().number;
        self.view.pending().filter(|open| open.opening.number > latest)
    }

    /// Base fee of the block after `block`.
    pub(crate) fn base_fee_after(&self, block: &ChainBlock) -> u64 {
        next_base_fee(&block.header, &self.config.fees)
    }

    /// Runs `work` on the state after a block, on a thread that may block. `pending` is the open
    /// block. The work starts again on the same block if its state moved from memory to Postgres meanwhile.
    pub(crate) async fn with_state<T, F>(
        &self,
        request: &'static str,
        id: BlockId,
        work: F,
    ) -> RpcResult<T>
    where
        T: Send + 'static,
        F: Fn(&State, &BlockContext) -> Result<T, Fault> + Send + Sync + 'static,
    {
        self.with_state_held(request, id, |_, _| None, work).await
    }

    /// The same for work that may be needless: `held` gives the result without blocking, if memory has it.
    pub(super) async fn with_state_held<T, F>(
        &self,
        request: &'static str,
        id: BlockId,
        held: impl Fn(&State, &BlockContext) -> Option<T> + Send + Sync,
        work: F,
    ) -> RpcResult<T>
    where
        T: Send + 'static,
        F: Fn(&State, &BlockContext) -> Result<T, Fault> + Send + Sync + 'static,
    {
        Client::current().call().map_err(|refused| errors::quota(&refused))?;
        let work = Arc::new(work);
        let mut retries = 0;
        loop {
            let done = match self.state(id).await {
                Ok((state, context)) => {
                    if let Some(done) = held(&state, &context) {
                        return Ok(done);
                    }
                    let work = work.clone();
                    self.run(request, move || work(&state, &context)).await?
                }
                Err(fault) => Err(fault),
            };
            match done {
                Ok(done) => return Ok(done),
                Err(Fault::Read(ReadError::Passed { .. })) if retries < PASSED_RETRIES_MAX => {
                    retries += 1;
                }
                Err(Fault::Read(error)) => return Err(errors::read(request, &error)),
                Err(Fault::Answer(error)) => return Err(error),
            }
        }
    }

    /// An account at a block: at once where memory has it, or else on a thread that may block.
    pub(crate) async fn account(
        &self,
        request: &'static str,
        address: Address,
        id: BlockId,
    ) -> RpcResult<Option<Account>> {
        let held = |state: &State, _: &BlockContext| state.held_account(&address);
        let work = move |state: &State, _: &BlockContext| Ok(state.account(&address)?);
        self.with_state_held(request, id, held, work).await
    }

    /// Runs `work` on the state after a sealed block, with the trie of that block at hand, on a thread that may block.
    pub(crate) async fn with_outlook<T, F>(
        &self,
        request: &'static str,
        id: BlockId,
        work: F,
    ) -> RpcResult<T>
    where
        T: Send + 'static,
        F: Fn(&State, &Arc<ChainBlock>, &StateOutlook) -> Result<T, Fault> + Send + Sync + 'static,
    {
        Client::current().call().map_err(|refused| errors::quota(&refused))?;
        let Some(block) = self.block(id).await? else { return Err(self.absent(id)) };
        let work = Arc::new(work);
        let mut retries = 0;
        loop {
            let state = self.view.state(At::Number(block.number())).await;
            let state = state.map_err(|error| errors::read(request, &error))?;
            let outlook = self.view.outlook(block.number());
            let (work, block) = (work.clone(), block.clone());
            match self.run(request, move || work(&state, &block, &outlook)).await? {
                Ok(done) => return Ok(done),
                Err(Fault::Read(ReadError::Passed { .. })) if retries < PASSED_RETRIES_MAX => {
                    retries += 1;
                }
                Err(Fault::Read(error)) => return Err(errors::read(request, &error)),
                Err(Fault::Answer(error)) => return Err(error),
            }
        }
    }

    /// Waits for its turn among what runs at a time.
    pub(crate) async fn running(&self, request: &'static str) -> RpcResult<OwnedSemaphorePermit> {
        let permit = self.calls.clone().acquire_owned().await;
        permit.map_err(|error| errors::internal(request, &error))
    }

    async fn run<T: Send + 'static>(
        &self,
        request: &'static str,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> RpcResult<Result<T, Fault>> {
        let client = Client::current();
        let permit = self.running(request).await?;
        let done = tokio::task::spawn_blocking(move || {
            let done = client.spend(work);
            drop(permit);
            done
        });
        done.await.map_err(|error| errors::internal(request, &error))
    }

    /// The state after a block, and the block as a call on that state sees it: the block itself, as in geth.
    async fn state(&self, id: BlockId) -> Result<(State, BlockContext), Fault> {
        if id.is_pending() {
            let context = match self.open_block() {
                Some(open) => self.context(&open.opening, open.base_fee, BlockRules::Rollup),
                None => self.next_context(),
            };
            return Ok((self.view.state(At::Pending).await?, context));
        }
        let Some(block) = self.block(id).await? else { return Err(self.absent(id).into()) };
        let base_fee = block.header.base_fee_per_gas.unwrap_or_default();
        let context = self.context(&block.opening, base_fee, block.rules());
        Ok((self.view.state(At::Number(block.number())).await?, context))
    }

    /// The block after the newest, before it is open. An estimate for it must not be made at the time of the newest: what
    /// contracts do once per block would be missing.
    fn next_context(&self) -> BlockContext {
        let newest = self.view.store().newest();
        let opening = BlockOpening {
            number: newest.number() + 1,
            parent_hash: newest.hash,
            timestamp: newest.header.timestamp + self.config.block_time,
            sequence_number: newest.opening.sequence_number + 1,
            ..newest.opening
        };
        self.context(&opening, self.base_fee_after(&newest), newest.rules())
    }

    /// A block as its transactions see it.
    pub(super) fn context(
        &self,
        opening: &BlockOpening,
        base_fee: u64,
        rules: BlockRules,
    ) -> BlockContext {
        let spec = ChainSpec::from(&*self.config);
        BlockContext {
            chain_id: spec.chain_id,
            opening: *opening,
            base_fee,
            gas_limit: opening.system_config.gas_limit,
            l1_fees: L1FeeParams::from_opening(opening),
            rules,
        }
    }

    /// How far a transaction has come, as far as the sequencer itself knows.
    pub(crate) async fn life_cycle(
        &self,
        hash: B256,
    ) -> Result<(Option<LifeCycle>, Option<Located>), ReadError> {
        // The mempool first: what leaves it is in the chain by the time the chain is asked.
        let waiting = self.submitter.mempool().contains(&hash);
        let Some(located) = self.view.transaction(hash).await? else {
            return Ok((waiting.then_some(LifeCycle::Received), None));
        };
        let posted = located.block_number <= self.view.heads().head(SafetyLevel::Safe).number;
        let stage = if posted && located.block_hash.is_some() {
            LifeCycle::Posted
        } else {
            LifeCycle::Durable
        };
        Ok((Some(stage), Some(located)))
    }
}

/// A block parameter in words, for errors.
pub(crate) fn id_text(id: BlockId) -> String {
    match id {
        BlockId::Hash(hash) => hash.block_hash.to_string(),
        BlockId::Number(BlockNumberOrTag::Number(number)) => format!("{number:#x}"),
        BlockId::Number(tag) => tag.to_string(),
    }
}
