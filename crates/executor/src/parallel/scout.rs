//! Blocks of plain transfers: all workers look for the accounts, and then one thread makes the transfers. Looking is what
//! takes time, because it waits for memory or for the store; it changes nothing and can be done in any order.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use alloy_primitives::Address;
use parking_lot::Mutex;
use state::StateReader;

use super::{
    Execution, ParallelExecutor, PreparedTransaction,
    lane::Lane,
    memory::{Memory, Place},
    native::Transfer,
    plan::START_COST,
    predict::TRANSFER_COST,
    report::RunReport,
    run::Verdict,
    schedule::Cost,
    view::Vaults,
    workers::Job,
};

/// Transactions that a worker takes at a time.
const CHUNK: usize = 256;

/// Transactions whose accounts are looked for before the first of them is made: the accounts are to stay in the cache.
const WINDOW: usize = 4_096;

/// Fewer do not pay for waking workers.
const SCOUTED_MIN: usize = 1_024;

/// So many parts of the transactions in one that is something else: more of those are better off side by side.
const SCOUTED_SHARE: usize = 8;

/// What of a transfer's cost it takes to find its accounts.
const LOOK_COST: Cost = 300;

/// Where the sender and the recipient of a plain transfer are.
pub(super) type Ends = Option<[Place; 2]>;

/// Whether it is worth while to look for the accounts first, where so many of the transactions are plain transfers.
pub(super) const fn is_worth_while(transfers: usize, all: usize, workers: usize) -> bool {
    workers > 1 && transfers >= SCOUTED_MIN && (all - transfers) * SCOUTED_SHARE <= all
}

/// The accounts of a run of transfers.
struct Scout<R, T> {
    memory: Arc<Memory<R>>,
    vaults: Vaults,
    txs: Arc<Vec<T>>,
    /// Which of them.
    window: Range<usize>,
    /// The chunk that is taken next.
    next: AtomicUsize,
    is_over: AtomicBool,
    /// Of each transaction of each chunk. Empty: nobody could look.
    found: Vec<Mutex<Vec<Ends>>>,
    /// Time that workers were at it.
    busy: Mutex<Duration>,
}

impl<R, T> Job<Option<Lane<R>>> for Scout<R, T>
where
    R: StateReader + Send + Sync,
    T: AsRef<PreparedTransaction> + Send + Sync,
{
    fn work(&self, _: &mut Option<Lane<R>>) {
        Self::work(self);
    }

    fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl<R: StateReader, T: AsRef<PreparedTransaction>> Scout<R, T> {
    /// Looks until nothing is left to look for.
    fn work(&self) {
        let started = Instant::now();
        while !self.is_over.load(Ordering::Relaxed) {
            let chunk = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(found) = self.found.get(chunk) else { break };
            let first = self.window.start + chunk * CHUNK;
            let end = std::cmp::min(first + CHUNK, self.window.end);
            match self.look(&self.txs[first..end]) {
                Some(places) => *found.lock() = places,
                // Whoever makes the transfers will meet the store's failure where it belongs.
                None => self.is_over.store(true, Ordering::Relaxed),
            }
        }
        *self.busy.lock() += started.elapsed();
    }

    fn look(&self, txs: &[T]) -> Option<Vec<Ends>> {
        let transfers: Vec<_> = txs.iter().map(|tx| self.transfer(tx)).collect();
        let addresses: Vec<_> = transfers.iter().flatten().copied().flatten().collect();
        let places = self.memory.look(&addresses).ok()?;
        let mut places = places.as_chunks().0.iter();
        let ends = transfers.iter().map(|transfer| transfer.and_then(|_| places.next().copied()));
        Some(ends.collect())
    }

    /// Sender and recipient, if it is for nobody else to look for them.
    fn transfer(&self, tx: &T) -> Option<[Address; 2]> {
        let Transfer { from, to, .. } = Transfer::of(&tx.as_ref().tx)?;
        let is_paid = |address| self.vaults.contains(address);
        (!is_paid(&from) && !is_paid(&to)).then_some([from, to])
    }
}

impl<R: StateReader + Send + Sync + 'static> ParallelExecutor<R> {
    /// Executes transactions of which most are plain transfers, in order, and those that are not one by one.
    pub(super) fn execute_scouted<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: Vec<T>,
        go_on: &impl Fn() -> bool,
        execution: &mut Execution<R::Error>,
    ) {
        let txs = Arc::new(txs);
        while execution.verdicts.len() < txs.len() && execution.failure.is_none() && go_on() {
            let first = execution.verdicts.len();
            let end = std::cmp::min(first + WINDOW, txs.len());
            self.execute_window(&txs, first..end, execution);
        }
    }

    fn execute_window<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: &Arc<Vec<T>>,
        window: Range<usize>,
        execution: &mut Execution<R::Error>,
    ) {
        let (started, gas_before) = (Instant::now(), self.gas_used);
        let job = Arc::new(Scout {
            memory: self.memory.clone(),
            vaults: self.fees.vaults(),
            txs: txs.clone(),
            window: window.clone(),
            next: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            found: window.clone().step_by(CHUNK).map(|_| Mutex::default()).collect(),
            busy: Mutex::default(),
        });
        self.engine.workers.run(&job, |job| Scout::work(job));
        let Scout { found, busy, .. } = Arc::into_inner(job).expect("workers let go of it");
        let looked = Instant::now();
        self.lane.begin_in_turn();
        for (txs, found) in txs[window.clone()].chunks(CHUNK).zip(found) {
            let made = self.execute_chunk(txs, &found.into_inner(), &mut execution.verdicts);
            if let Err(error) = made {
                execution.failure = Some(error);
                break;
            }
        }
        self.lane.settle();
        let gas = self.gas_used - gas_before;
        let (count, workers) = (window.len(), self.engine.workers.count());
        execution.report.add(&RunReport {
            in_turn: (execution.verdicts.len() - window.start) as u64,
            gas,
            critical_gas: gas,
            expected: Duration::from_nanos(expected(count, workers)),
            busy: busy.into_inner() + looked.elapsed(),
            available: started.elapsed() * u32::try_from(workers).unwrap_or(u32::MAX),
            ..RunReport::default()
        });
    }

    /// Executes transactions whose ends were looked for, as far as they have any.
    fn execute_chunk<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        ends: &[Ends],
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), R::Error> {
        let mut done = 0;
        while done < txs.len() {
            let ends = ends.get(done..).unwrap_or_default();
            done +=
                self.with_transfers(|transfers| transfers.make_all(&txs[done..], ends, verdicts));
            if let Some(tx) = txs.get(done..=done) {
                self.execute_some(tx, verdicts)?;
                done += 1;
            }
        }
        Ok(())
    }
}

/// Expected time of these transactions with so many workers. `None`: they are something else than plain transfers.
pub(super) fn forecast<T: AsRef<PreparedTransaction>>(txs: &[T], workers: usize) -> Option<Cost> {
    let is_transfer = |tx: &T| tx.as_ref().prediction.is_transfer();
    txs.iter().all(is_transfer).then(|| expected(txs.len(), workers))
}

/// Expected time of so many transfers, with so many workers.
fn expected(count: usize, workers: usize) -> Cost {
    let (count, workers) = (count as u64, workers as u64);
    let windows = count.div_ceil(WINDOW as u64);
    count * (LOOK_COST / workers + TRANSFER_COST - LOOK_COST) + windows * START_COST
}

impl<R, T> core::fmt::Debug for Scout<R, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Scout").field("window", &self.window).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
