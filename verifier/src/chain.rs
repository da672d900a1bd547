//! The derived chain as far as execution needs it: the newest header, the trie, and the state.
//!
//! ```text
//! Overlay     changes of blocks that the state tables may lack
//!   over ReadCache over PgStateReader     the state tables, which follow in chunks
//! ```
//! Everything here runs on blocking threads. Invariant: trie, state and newest header belong to one block; a block that
//! could not be executed has changed none of them.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use alloy::primitives::B256;
use derivation::DerivedBlock;
use executor::{
    BlockAccessList, BlockContext, ChainSpec, ExecuteError, ExecutedBlock, forced_transactions,
    parallel::{ListedError, ListedExecutor, ListedTransaction},
    seal,
};
use protocol::{
    BlockOpening, Header, L2BlockRef, output_root, predeploys::L2_TO_L1_MESSAGE_PASSER,
};
use state::{Mark, Overlay, ReadCache, StateDiff, StateTrie};
use transition::{BlockClaim, SliceClaim};

use crate::{
    VerifierError,
    claims::{BlockClaims, Sliced, block_claim, execute_in_slices},
    metrics,
    transactions::recovered,
};

/// What reading the stored state may fail with.
pub(crate) type ReadState = db::StateReadError;

/// The stored state behind its cache.
pub(crate) type StoredState = Arc<ReadCache<db::PgStateReader>>;

/// Block hashes that are held for `BLOCKHASH` besides those of the index: more than the write queue and its reach.
const HASHES_KEPT: u64 = 1_024;

/// The chain at one block.
#[derive(Debug)]
pub(crate) struct Chain {
    spec: ChainSpec,
    /// Gas of a slice.
    segment_gas: u64,
    header: Header,
    /// What stands after the newest block.
    claim: BlockClaim,
    trie: StateTrie,
    /// Shared with threads while they execute.
    state: Arc<Overlay<StoredState>>,
    listed: ListedExecutor,
    /// Blocks whose changes the state tables may lack, oldest first.
    unstored: VecDeque<Unstored>,
}

#[derive(Debug)]
struct Unstored {
    number: u64,
    /// Where the block's changes begin in the overlay.
    mark: Mark,
    diff: Arc<StateDiff>,
}

/// A block that was executed here.
#[derive(Debug)]
pub(crate) struct Derived {
    pub(crate) reference: L2BlockRef,
    pub(crate) header: Header,
    pub(crate) executed: ExecutedBlock,
    /// What the block did to the state.
    pub(crate) diff: Arc<StateDiff>,
    /// From the state after to the state before.
    pub(crate) undo: StateDiff,
    pub(crate) output_root: B256,
    /// What stands after it, and after its slices.
    pub(crate) claims: BlockClaims,
    /// Number of the L1 block that it was derived from.
    pub(crate) derived_from: u64,
    /// Its access list is right.
    pub(crate) is_by_list: bool,
}

impl Chain {
    /// The chain at a block whose state the tables hold; `trie` is made of it.
    pub(crate) fn new(
        (spec, segment_gas): (ChainSpec, u64),
        (header, claim): (Header, BlockClaim),
        trie: StateTrie,
        stored: StoredState,
        listed: ListedExecutor,
    ) -> Self {
        let state = Arc::new(Overlay::new(stored));
        let unstored = VecDeque::new();
        Self { spec, segment_gas, header, claim, trie, state, listed, unstored }
    }

    /// Executes the next block, by an access list if there is one that is right, and makes it the newest.
    ///
    /// # Errors
    /// When the state cannot be read; then nothing has changed and it may be tried again.
    pub(crate) fn execute(
        &mut self,
        block: &DerivedBlock,
        list: Option<BlockAccessList>,
    ) -> Result<Derived, ExecuteFailed> {
        let started = Instant::now();
        let opening = &block.inputs.opening;
        let number = opening.number;
        let failed = |source| ExecuteFailed::Execute { number, source };
        let by_list = list.map(|list| self.execute_by(list, block)).transpose();
        let by_list = by_list.map_err(|source| failed(ExecuteError::State(source)))?.flatten();
        let is_by_list = by_list.is_some();
        // Of a block that has slices the state between them has to be known, which execution on all cores does not show.
        let sliced = match by_list.filter(|executed| executed.gas_used < self.segment_gas) {
            Some(executed) => Sliced::whole(executed),
            None => {
                let (parent, state) = (&self.header, &*self.state);
                execute_in_slices(&self.spec, parent, &block.inputs, state, self.segment_gas)
                    .map_err(failed)?
            }
        };
        let undo = sliced.executed.diff.undo(&*self.state);
        let undo = undo.map_err(|source| ExecuteFailed::Undo { number, source })?;
        let (header, hash, slices) = self.advance(opening, &sliced);
        let reference = block.reference(hash);
        self.claim = block_claim(&reference, &header, block.cursor);
        let mut executed = sliced.executed;
        let diff = Arc::new(std::mem::take(&mut executed.diff));
        self.hold(number, hash, diff.clone());
        metrics::executed(started.elapsed(), header.gas_used);
        Ok(Derived {
            reference,
            claims: BlockClaims { slices, claim: self.claim },
            output_root: output_of(&header, hash),
            header,
            executed,
            diff,
            undo,
            derived_from: block.derived_from.number,
            is_by_list,
        })
    }

    /// Executes the next block by an access list. `None`: not by this one.
    fn execute_by(
        &self,
        list: BlockAccessList,
        block: &DerivedBlock,
    ) -> Result<Option<ExecutedBlock>, ReadState> {
        let inputs = &block.inputs;
        let context = BlockContext::new(&self.spec, &self.header, &inputs.opening);
        let forced = forced_transactions(&inputs.opening, &inputs.deposits);
        let forced = forced.map(|tx| ListedTransaction::Recovered(Box::new(tx)));
        let users = recovered(&inputs.transactions).into_iter().zip(&inputs.transactions);
        let users = users.map(|(tx, raw)| match tx {
            Some(tx) => ListedTransaction::Recovered(Box::new(tx)),
            // It says itself that it was not executed.
            None => ListedTransaction::Raw(raw.clone()),
        });
        let txs = forced.chain(users);
        match self.listed.execute(&context, self.state.clone(), txs.collect(), list) {
            Ok(executed) => {
                metrics::listed(true);
                Ok(Some(executed))
            }
            Err(ListedError::Unusable(reason)) => {
                let (number, reason) = (inputs.opening.number, service::error_chain(&reason));
                tracing::warn!(number, reason, "not executed by its access list, but serially");
                metrics::listed(false);
                Ok(None)
            }
            Err(ListedError::State(error)) => Err(error),
        }
    }

    fn state_mut(&mut self) -> &mut Overlay<StoredState> {
        Arc::get_mut(&mut self.state).expect("nobody executes now")
    }

    /// Seals the block on top of the newest.
    fn advance(
        &mut self,
        opening: &BlockOpening,
        block: &Sliced,
    ) -> (Header, B256, Vec<SliceClaim>) {
        let context = BlockContext::new(&self.spec, &self.header, opening);
        let slices = block.apply(self.claim.hash(), &mut self.trie);
        let state_root = self.trie.root();
        let withdrawals_root = self.trie.storage_root(&L2_TO_L1_MESSAGE_PASSER);
        let sealed = seal(&context, &block.executed, state_root, withdrawals_root);
        self.header = sealed.header.clone();
        (sealed.header, sealed.hash, slices)
    }

    /// Lays the newest block's changes over the stored state.
    fn hold(&mut self, number: u64, hash: B256, diff: Arc<StateDiff>) {
        let state = self.state_mut();
        let mark = state.mark();
        state.apply(&diff);
        state.set_block_hash(number, hash);
        state.forget_block_hashes_before(number.saturating_sub(HASHES_KEPT));
        self.unstored.push_back(Unstored { number, mark, diff });
    }

    /// The state tables hold everything up to this block now, so it need not be held here.
    pub(crate) fn stored_to(&mut self, number: u64) {
        let stored = self.unstored.partition_point(|block| block.number <= number);
        if stored == 0 {
            return;
        }
        // The cache first: until it has a change, the overlay must show it.
        for block in self.unstored.drain(..stored) {
            self.state.base().apply(&block.diff);
        }
        let mark = match self.unstored.front() {
            Some(oldest) => oldest.mark,
            None => self.state_mut().mark(),
        };
        self.state_mut().forget_before(mark);
    }

    /// Goes back to an older block. The state tables hold exactly its state; `undo` leads there from the newest.
    pub(crate) fn unwind(&mut self, (header, claim): (Header, BlockClaim), undo: &StateDiff) {
        self.trie.apply(undo);
        let stored = self.state.base().clone();
        stored.clear();
        self.state = Arc::new(Overlay::new(stored));
        self.unstored.clear();
        (self.header, self.claim) = (header, claim);
    }

    /// The state root, as computed and as the newest header says it.
    pub(crate) const fn roots(&self) -> (B256, B256) {
        (self.trie.root(), self.header.state_root)
    }
}

/// The output root of a block.
pub(crate) fn output_of(header: &Header, hash: B256) -> B256 {
    output_root(header.state_root, header.withdrawals_root.unwrap_or_default(), hash)
}

/// Why a block was not executed.
#[derive(Debug)]
pub(crate) enum ExecuteFailed {
    Execute { number: u64, source: ExecuteError<ReadState> },
    Undo { number: u64, source: state::UndoError<ReadState> },
}

impl ExecuteFailed {
    /// Whether the state could not be read for a reason that passes.
    pub(crate) fn is_temporary(&self) -> bool {
        let read = match self {
            Self::Execute { source: ExecuteError::State(read), .. }
            | Self::Undo { source: state::UndoError::Read(read), .. } => read,
            Self::Execute { .. } | Self::Undo { .. } => return false,
        };
        db::Classify::severity(read) == db::Severity::Temporary
    }
}

impl From<ExecuteFailed> for VerifierError {
    fn from(failed: ExecuteFailed) -> Self {
        match failed {
            ExecuteFailed::Execute { number, source } => {
                Self::Execute { number, source: Box::new(source) }
            }
            ExecuteFailed::Undo { number, source } => {
                Self::Undo { number, source: Box::new(source) }
            }
        }
    }
}
