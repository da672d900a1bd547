//! The open block: executes sub-blocks one after the other and keeps what has been executed.
//!
//! It decides nothing: which transactions, when, and for how long come from the driver, and at a restart from
//! the journal. Invariant: executing the same openings and sub-blocks again gives the same block.

use std::sync::{Arc, OnceLock};

use alloy::consensus::TxReceipt as _;
use alloy::primitives::{B256, Bytes};
use db::WithdrawalNodes;
use executor::{
    BlockContext, ExecuteError, InvalidTransaction, RecoveredTransaction, SealedBlock,
    TransactionOutcome, forced_transactions,
    parallel::{Execution, RunReport},
};
use protocol::{BlockOpening, TxDeposit};
use recovery::Decoded;
use state::StateDiff;

use super::{BlockEngine, engine::BlockExecutor};
use crate::{
    chain::{Body, BodyBuilder, ChainBlock, Included, PendingBlock, ReadError, StateView},
    mempool::{Admitted, Left, Rejection},
};

/// A block that takes sub-blocks.
#[derive(Debug)]
pub struct OpenBlock {
    context: BlockContext,
    engine: Arc<BlockEngine>,
    executor: BlockExecutor,
    transactions: Body,
    raw: Vec<Bytes>,
    diffs: Vec<Arc<StateDiff>>,
    lengths: Vec<usize>,
    /// Transactions so far, with those of a sub-block that is not finished.
    included: u64,
    logs: u64,
    execution: RunReport,
}

/// What one sub-block did.
#[derive(Debug)]
pub struct ExecutedSubBlock {
    /// Its number in the block.
    pub index: u32,
    /// Its transactions, in order.
    pub transactions: Body,
    /// Canonical bytes of its user transactions, in order.
    pub raw: Vec<Bytes>,
    /// What it changed.
    pub diff: Arc<StateDiff>,
}

/// What came of an attempt to execute transactions from the mempool.
#[derive(Debug, Default)]
pub struct Attempt {
    /// The sub-block, unless nothing was included.
    pub sub_block: Option<ExecutedSubBlock>,
    /// Transactions that can never be executed, and why.
    pub dropped: Left,
    /// The state could not be read, so the attempt ended early.
    pub interrupted: Option<ReadError>,
}

/// A block that takes no more sub-blocks and has no header yet.
#[derive(Debug)]
pub struct ClosedBlock {
    /// What it was executed in.
    pub context: BlockContext,
    /// Gas used by all its transactions.
    pub gas_used: u64,
    /// Its transactions in order.
    pub transactions: Body,
    raw: Vec<Bytes>,
    lengths: Vec<usize>,
    execution: RunReport,
}

/// A journaled transaction could not be executed again.
#[derive(Debug, thiserror::Error)]
pub enum Replayed {
    /// Execution failed, or refuses what it once included.
    #[error("cannot execute transaction {hash} of the journal again")]
    Execute {
        /// Which.
        hash: B256,
        /// Why.
        #[source]
        source: ExecuteError<ReadError>,
    },
    /// It cannot even be decoded.
    #[error("cannot decode transaction {index} of a journaled sub-block")]
    Decode {
        /// Its place in the sub-block.
        index: usize,
        /// Why.
        #[source]
        source: protocol::TransactionError,
    },
}

impl OpenBlock {
    /// Opens a block on the state after its parent: system calls, L1 attributes, deposits. That is sub-block 0.
    ///
    /// # Errors
    /// When the state cannot be read; nothing has happened then.
    pub fn open(
        context: BlockContext,
        state: StateView,
        deposits: &[TxDeposit],
        engine: &Arc<BlockEngine>,
    ) -> Result<(Self, ExecutedSubBlock), ExecuteError<ReadError>> {
        let mut open = Self {
            executor: BlockExecutor::open(&context, state, engine)?,
            context,
            engine: engine.clone(),
            transactions: Body::default(),
            included: 0,
            raw: Vec::new(),
            diffs: Vec::new(),
            lengths: Vec::new(),
            logs: 0,
            execution: RunReport::default(),
        };
        let mut included = BodyBuilder::default();
        for deposit in forced_transactions(&context.opening, deposits) {
            let outcome = open.executor.execute(&deposit)?;
            included.push(open.include(&deposit, outcome));
        }
        let sub_block = open.finish_sub_block(included, Vec::new());
        Ok((open, sub_block))
    }

    /// Executes transactions in order as long as `go_on` says so, as one sub-block.
    pub fn execute(
        &mut self,
        taken: &[Arc<Admitted>],
        go_on: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Attempt {
        let mut included = BodyBuilder::default();
        let mut raw = Vec::with_capacity(taken.len());
        let mut attempt = Attempt::default();
        let txs = taken.iter().map(|admitted| admitted.tx.clone()).collect();
        let Execution { verdicts, failure, report } = self.executor.execute_all(txs, go_on);
        self.execution.add(&report);
        attempt.interrupted = failure;
        for (admitted, verdict) in taken.iter().zip(verdicts) {
            match verdict {
                Ok(outcome) => {
                    included.push(self.include(&admitted.tx.tx, outcome));
                    raw.push(admitted.raw.clone());
                }
                Err(reason) if may_fit_later(&reason) => {}
                Err(reason) => {
                    attempt.dropped.push((admitted.hash(), Rejection::Unexecutable(reason)));
                }
            }
        }
        if !raw.is_empty() {
            attempt.sub_block = Some(self.finish_sub_block(included, raw));
        }
        attempt
    }

    /// Executes a journaled sub-block again. All of it was included once, so all of it must be now.
    ///
    /// # Errors
    /// When that is not so.
    pub fn replay(&mut self, raws: &[Bytes]) -> Result<ExecutedSubBlock, Replayed> {
        let prepare = |(index, (decoded, raw)): (_, (Result<_, _>, _))| {
            let decoded = decoded.map_err(|source| Replayed::Decode { index, source })?;
            Ok(Arc::new(self.engine.predictor().prepare(recovered(decoded, raw))))
        };
        let decoded = recovery::decode(raws).into_iter().zip(raws);
        let txs: Vec<_> = decoded.enumerate().map(prepare).collect::<Result<_, _>>()?;
        let Execution { verdicts, failure, report } =
            self.executor.execute_all(txs.clone(), || true);
        self.execution.add(&report);
        let mut included = BodyBuilder::default();
        let mut verdicts = verdicts.into_iter();
        for tx in txs {
            let hash = tx.tx.hash;
            let refused = |source| Replayed::Execute { hash, source };
            match (verdicts.next(), &failure) {
                (Some(Ok(outcome)), _) => included.push(self.include(&tx.tx, outcome)),
                (Some(Err(reason)), _) => return Err(refused(ExecuteError::Invalid(reason))),
                (None, Some(error)) => return Err(refused(ExecuteError::State(error.clone()))),
                (None, None) => unreachable!("execution ends early for no other reason"),
            }
        }
        Ok(self.finish_sub_block(included, raws.to_vec()))
    }

    /// Executes the transactions of derived block inputs, skipping by rule what cannot be included. `None` if
    /// nothing is left. Where the state cannot be read, `failed` is told and pauses, and execution goes on where it was.
    pub fn execute_derived(
        &mut self,
        raws: &[Bytes],
        mut failed: impl FnMut(&ReadError),
    ) -> Option<ExecutedSubBlock> {
        let prepare = |(decoded, raw): (Result<_, _>, &Bytes)| {
            let tx = recovered(decoded.ok()?, raw);
            Some((Arc::new(self.engine.predictor().prepare(tx)), raw.clone()))
        };
        let decoded = recovery::decode(raws).into_iter().zip(raws);
        let mut left: Vec<_> = decoded.filter_map(prepare).collect();
        let (mut included, mut kept) = (BodyBuilder::default(), Vec::new());
        while !left.is_empty() {
            let txs = left.iter().map(|(tx, _)| tx.clone()).collect();
            let Execution { verdicts, failure, report } = self.executor.execute_all(txs, || true);
            self.execution.add(&report);
            let done = verdicts.len();
            for ((tx, raw), verdict) in left.drain(..done).zip(verdicts) {
                if let Ok(outcome) = verdict {
                    included.push(self.include(&tx.tx, outcome));
                    kept.push(raw);
                }
            }
            if let Some(error) = failure {
                failed(&error);
            }
        }
        (!kept.is_empty()).then(|| self.finish_sub_block(included, kept))
    }

    /// What the block was opened with.
    pub const fn opening(&self) -> &BlockOpening {
        &self.context.opening
    }

    /// The block's context.
    pub const fn context(&self) -> &BlockContext {
        &self.context
    }

    /// Gas that user transactions can still ask for.
    pub const fn gas_left(&self) -> u64 {
        self.context.gas_limit.saturating_sub(self.executor.gas_used())
    }

    /// How many user transactions it has.
    pub const fn user_transactions(&self) -> usize {
        self.raw.len()
    }

    /// How many sub-blocks it has, the opening one included.
    pub fn sub_blocks(&self) -> u32 {
        u32::try_from(self.diffs.len()).unwrap_or(u32::MAX)
    }

    /// The block as readers see it now.
    pub fn pending(&self, version: u64) -> PendingBlock {
        let context = &self.context;
        PendingBlock {
            opening: context.opening,
            base_fee: context.base_fee,
            gas_limit: context.gas_limit,
            gas_used: self.executor.gas_used(),
            transactions: self.transactions.clone(),
            sub_blocks: self.sub_blocks(),
            diffs: self.diffs.clone(),
            version,
        }
    }

    /// Closes the block.
    pub fn close(self) -> ClosedBlock {
        ClosedBlock {
            context: self.context,
            gas_used: self.executor.gas_used(),
            transactions: self.transactions,
            raw: self.raw,
            lengths: self.lengths,
            execution: self.execution,
        }
    }

    fn include(&mut self, tx: &RecoveredTransaction, outcome: TransactionOutcome) -> Included {
        let index = self.included;
        self.included += 1;
        let log_index_first = self.logs;
        self.logs += u64::try_from(outcome.receipt.logs().len()).unwrap_or(u64::MAX);
        let (transaction, hash, sender) = (tx.tx.clone(), tx.hash, tx.sender);
        Included { transaction, hash, sender, index, log_index_first, blob: None, outcome }
    }

    fn finish_sub_block(&mut self, included: BodyBuilder, raw: Vec<Bytes>) -> ExecutedSubBlock {
        let index = self.sub_blocks();
        let transactions = included.finish();
        self.transactions.append(&transactions);
        let diff = Arc::new(self.executor.take_diff());
        self.diffs.push(diff.clone());
        self.lengths.push(raw.len());
        self.raw.extend(raw.iter().cloned());
        ExecutedSubBlock { index, transactions, raw, diff }
    }
}

impl ClosedBlock {
    /// The block with its header, and with what all of it changed.
    pub fn sealed(
        self,
        sealed: SealedBlock,
        diff: StateDiff,
        kept: Arc<WithdrawalNodes>,
    ) -> ChainBlock {
        let opening = self.context.opening;
        let SealedBlock { header, hash } = sealed;
        ChainBlock {
            reference: derivation::DerivedHead::after(&opening, hash).block,
            header,
            hash,
            opening,
            transactions: self.transactions,
            diff: Arc::new(diff),
            sub_block_lengths: self.lengths,
            raw: self.raw,
            execution: self.execution,
            ethereum: None,
            access_list: OnceLock::new(),
            kept,
        }
    }
}

/// Whether a transaction that is refused here and now may be included in a later block.
const fn may_fit_later(reason: &InvalidTransaction) -> bool {
    matches!(reason, InvalidTransaction::BlockGas { .. } | InvalidTransaction::FeeCapTooLow { .. })
}

fn recovered(decoded: Decoded, raw: &Bytes) -> RecoveredTransaction {
    let Decoded { tx, sender, hash } = decoded;
    RecoveredTransaction { tx, sender, hash, data_size: protocol::data_size(raw) }
}
