//! Executes a block by its access list: every transaction at once, each on what the list claims of those before it.
//!
//! There is no graph, no versions and no second run. The list may come from anybody: a wrong one is found out, and the
//! block is then to be executed serially.
//!
//! Invariant: a block that is executed by a list equals its serial execution, whatever the list says.

mod claims;
mod view;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use alloy_consensus::Transaction as _;
use alloy_eip7928::validation::BlockAccessListValidationError;
use alloy_primitives::{Address, Bytes};
use parking_lot::Mutex;
use protocol::Transaction;
use state::{Overlay, StateReader};

use super::workers::{Job, Workers};
use crate::{
    BlockAccessList, BlockContext, Evm, ExecuteError, ExecutedBlock, RecoveredTransaction,
    TransactionOutcome, access_list::AccessRecorder, changes::state_diff, evm::Environment, system,
};
use claims::{Claims, ClaimsError, Clearing};
use view::ClaimedView;

/// Executes blocks by their access lists, on threads that live as long as it does.
#[derive(Debug)]
pub struct ListedExecutor {
    workers: Workers<()>,
}

/// A transaction of a block that is to be executed by a list.
#[derive(Clone, Debug)]
pub enum ListedTransaction {
    /// Decoded already.
    Recovered(Box<RecoveredTransaction>),
    /// A user's, as it stands in a batch: whoever executes it recovers its sender.
    Raw(Bytes),
}

/// Why a block cannot be executed by a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The list does not keep to its form.
    #[error("malformed access list")]
    Malformed(#[source] BlockAccessListValidationError),
    /// The list does not name a place that a transaction looked at.
    #[error("a place that is looked at is missing from the access list at index {index}")]
    Unlisted {
        /// Where in the list.
        index: u64,
    },
    /// Something left more, less or something else than the list claims.
    #[error("what the access list claims of index {index} is wrong")]
    Differs {
        /// Where in the list.
        index: u64,
    },
    /// A transaction cannot be included after those before it, or as the list claims they left the state.
    #[error("the transaction at index {index} cannot be included")]
    Excluded {
        /// Where in the list.
        index: u64,
    },
    /// An account that had slots was cleared, which a list cannot say.
    #[error("storage of {address} was cleared at index {index}")]
    Cleared {
        /// Where in the list.
        index: u64,
        /// Whose storage.
        address: Address,
    },
}

/// Why a block was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ListedError<E: core::error::Error + 'static> {
    /// The state could not be read.
    #[error("cannot read the state")]
    State(#[source] E),
    /// Not by this list.
    #[error(transparent)]
    Unusable(Unusable),
}

/// What is claimed of one place at one index: a new value or none; `None`: the place is not named at all.
type Claim<T> = Option<Option<T>>;

impl ListedExecutor {
    /// With so many workers, the caller's thread included.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn start(workers: usize) -> std::io::Result<Self> {
        Ok(Self { workers: Workers::start(workers.saturating_sub(1))? })
    }

    /// Executes all of a block, on the state after its parent. All of its transactions must be included.
    ///
    /// # Errors
    /// When the state cannot be read, or the block cannot be executed by this list.
    pub fn execute<R: StateReader + Send + Sync + 'static>(
        &self,
        context: &BlockContext,
        state: R,
        txs: Vec<ListedTransaction>,
        list: BlockAccessList,
    ) -> Result<ExecutedBlock, ListedError<R::Error>> {
        let run = Self::prepare(context.gas_limit, Environment::of(context), state, txs, list)?;
        open(context, &run)?;
        self.run(run)
    }

    /// The same without system calls, and with other rules than those of our blocks.
    #[cfg(test)]
    pub(super) fn execute_with_rules<R: StateReader + Send + Sync + 'static>(
        &self,
        (gas_limit, rules): (u64, Environment),
        state: R,
        txs: Vec<ListedTransaction>,
        list: BlockAccessList,
    ) -> Result<ExecutedBlock, ListedError<R::Error>> {
        let run = Self::prepare(gas_limit, rules, state, txs, list)?;
        let agrees = run.claims.agree_with_list(0, &[]);
        agrees.then_some(()).ok_or(ListedError::Unusable(Unusable::Differs { index: 0 }))?;
        self.run(run)
    }

    fn prepare<R: StateReader>(
        gas_limit: u64,
        rules: Environment,
        state: R,
        txs: Vec<ListedTransaction>,
        list: BlockAccessList,
    ) -> Result<Run<R>, ListedError<R::Error>> {
        let claims = Claims::new(state, list, txs.len()).map_err(ListedError::Unusable)?;
        Ok(Run {
            claims: Arc::new(claims),
            rules,
            gas_limit,
            done: txs.iter().map(|_| OnceLock::new()).collect(),
            txs,
            next: AtomicUsize::new(0),
            failed: Mutex::default(),
        })
    }

    fn run<R: StateReader + Send + Sync + 'static>(
        &self,
        run: Run<R>,
    ) -> Result<ExecutedBlock, ListedError<R::Error>> {
        let run = Arc::new(run);
        self.workers.run(&run, |run| run.work());
        let run = Arc::into_inner(run).expect("all workers have ended");
        run.finish()
    }
}

/// One block.
#[derive(Debug)]
struct Run<R: StateReader> {
    claims: Arc<Claims<R>>,
    rules: Environment,
    gas_limit: u64,
    txs: Vec<ListedTransaction>,
    next: AtomicUsize,
    done: Vec<OnceLock<Done>>,
    /// The first of the failures that somebody came upon.
    failed: Mutex<Option<ListedError<R::Error>>>,
}

/// A transaction that ran and left what is claimed.
#[derive(Debug)]
struct Done {
    tx: Transaction,
    /// As if it were alone in its block.
    outcome: TransactionOutcome,
    cleared: Vec<Clearing>,
}

impl<R: StateReader + Send + Sync> Job<()> for Run<R> {
    fn work(&self, (): &mut ()) {
        Self::work(self);
    }

    fn stop(&self) {
        self.next.store(self.txs.len(), Ordering::SeqCst);
    }
}

impl<R: StateReader> Run<R> {
    fn work(&self) {
        let view = ClaimedView::new(self.claims.clone());
        let mut evm = Evm::with_environment(self.rules.clone(), view, ());
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(tx), Some(done)) = (self.txs.get(next), self.done.get(next)) else { return };
            match self.execute(&mut evm, tx, next as u64 + 1) {
                // Nobody else has this number.
                Ok(executed) => drop(done.set(executed)),
                Err(failed) => {
                    self.next.store(self.txs.len(), Ordering::SeqCst);
                    self.failed.lock().get_or_insert(failed);
                    return;
                }
            }
        }
    }

    fn execute(
        &self,
        evm: &mut Evm<ClaimedView<R>>,
        tx: &ListedTransaction,
        index: u64,
    ) -> Result<Done, ListedError<R::Error>> {
        let unusable = |unusable| Err(ListedError::Unusable(unusable));
        let recovered;
        let tx = match tx {
            ListedTransaction::Recovered(tx) => &**tx,
            ListedTransaction::Raw(raw) => match RecoveredTransaction::decode(raw) {
                Ok(tx) => {
                    recovered = tx;
                    &recovered
                }
                Err(_) => return unusable(Unusable::Excluded { index }),
            },
        };
        evm.state_mut().begin(index);
        // The gas that the block has left is looked at when everybody is done.
        let executed = match evm.run(tx, u64::MAX) {
            Ok(executed) => executed,
            Err(ExecuteError::Invalid(_)) => return unusable(Unusable::Excluded { index }),
            Err(ExecuteError::State(ClaimsError::Unlisted)) => {
                return unusable(Unusable::Unlisted { index });
            }
            Err(ExecuteError::State(ClaimsError::Store(error))) => {
                return Err(ListedError::State(error));
            }
        };
        let Some(cleared) = self.claims.agree(index, &executed.changes) else {
            return unusable(Unusable::Differs { index });
        };
        Ok(Done {
            tx: tx.tx.clone(),
            outcome: TransactionOutcome::new(&tx.tx, executed, 0),
            cleared,
        })
    }

    /// Puts the outcomes in order.
    fn finish(self) -> Result<ExecutedBlock, ListedError<R::Error>> {
        if let Some(failed) = self.failed.into_inner() {
            return Err(failed);
        }
        let mut block = ExecutedBlock::default();
        let mut cleared = Vec::new();
        for (index, done) in (1..).zip(self.done) {
            let Done { tx, mut outcome, cleared: of_tx } =
                done.into_inner().expect("all were executed, or one failed");
            let gas_left = self.gas_limit.saturating_sub(block.gas_used);
            if tx.gas_limit() > gas_left && !matches!(tx, Transaction::Deposit(_)) {
                return Err(ListedError::Unusable(Unusable::Excluded { index }));
            }
            block.gas_used = block.gas_used.saturating_add(outcome.gas_used);
            outcome.receipt.as_receipt_mut().cumulative_gas_used = block.gas_used;
            block.transactions.push(tx);
            block.outcomes.push(outcome);
            cleared.extend(of_tx);
        }
        let diff = self.claims.diff(&cleared).map_err(ListedError::State)?;
        block.diff = diff.map_err(ListedError::Unusable)?;
        Ok(block)
    }
}

/// Makes the system calls, which must leave what is claimed of index 0.
fn open<R: StateReader>(context: &BlockContext, run: &Run<R>) -> Result<(), ListedError<R::Error>> {
    let view = ClaimedView::new(run.claims.clone());
    let mut evm = Evm::with_environment(run.rules.clone(), Overlay::new(view), ());
    let mut accesses = AccessRecorder::default();
    let opened = system::open_block(context, &mut evm, |state, changes| {
        accesses.record(0, changes);
        state.apply(&state_diff(changes));
    });
    match opened {
        Ok(()) => {}
        Err(ExecuteError::State(ClaimsError::Store(error))) => {
            return Err(ListedError::State(error));
        }
        Err(_) => return Err(ListedError::Unusable(Unusable::Unlisted { index: 0 })),
    }
    let agrees = run.claims.agree_with_list(0, &accesses.into_list());
    let differs = ListedError::Unusable(Unusable::Differs { index: 0 });
    if agrees { Ok(()) } else { Err(differs) }
}
