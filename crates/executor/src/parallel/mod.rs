//! Executes the transactions of an open block on several threads, with the result of serial execution.
//!
//! ```text
//!  prepare (admission)      Plan ──▶ Schedule ◀──┐ take, done
//!   predicted keys  ─────▶  graph               workers: run ahead, show versions
//!                                                │
//!                            Memory ◀────────────┤
//!                             versions           ▼
//!                                              Head: check, commit in order, run again what is stale
//! ```
//! Where workers would not pay, transactions run one after the other on the caller's thread: no notes, no versions.
//!
//! Invariant: verdicts, receipts, gas and diffs equal those of [`crate::SerialExecutor`], whatever was predicted and
//! however threads were scheduled.

mod engine;
mod fees;
mod forecast;
mod lane;
mod listed;
mod memory;
mod native;
mod plan;
mod predict;
mod report;
mod run;
mod schedule;
mod transfers;
mod view;
mod workers;

#[cfg(test)]
pub(crate) mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use state::{StateDiff, StateReader};

use crate::{
    BlockContext, ExecuteError, InvalidTransaction, RecoveredTransaction, TransactionOutcome,
    evm::Environment, system,
};
pub use engine::{Choice, Engine};
use fees::PendingFees;
use lane::{Lane, Ran, Valid};
pub use listed::{ListedError, ListedExecutor, ListedTransaction, Unusable};
use memory::Memory;
use native::Transfer;
use plan::{Outlook, Plan};
pub use predict::{Key, Prediction, Predictor, PreparedTransaction, StoredError};
pub use report::{HotPlace, RunReport};
use revm::state::EvmState;
use run::{Ended, Run, Verdict};
use transfers::{TOGETHER, Transfers};
use view::View;

/// Time that transactions are watched in one block, and so run twice: so long, and one part in so many of the time that
/// those take of which nothing is known. It bounds what somebody costs who never does the same again.
const WATCHED_TIME_MIN: Duration = Duration::from_micros(200);
const WATCHED_SHARE: u32 = 12;

/// What came of transactions that were to be executed in order.
#[derive(Debug)]
pub struct Execution<E> {
    /// One for each transaction from the first on, as far as execution came: included, or refused and skipped.
    pub verdicts: Vec<Result<TransactionOutcome, InvalidTransaction>>,
    /// The state could not be read, so it ended early.
    pub failure: Option<E>,
    /// How it went.
    pub report: RunReport,
}

/// Executes the transactions of one open block as they come.
///
/// Not `Send`, because revm shares its memory buffer through an `Rc`.
#[derive(Debug)]
pub struct ParallelExecutor<R: StateReader> {
    engine: Arc<Engine<R>>,
    rules: Arc<Environment>,
    memory: Arc<Memory<R>>,
    lane: Lane<R>,
    fees: PendingFees,
    gas_used: u64,
    gas_limit: u64,
    plans: u32,
    /// Time that transactions of this block took of which nothing was known, and that some of them were watched.
    unknown_time: Duration,
    watched_time: Duration,
    /// Plain transfers that go through the stages together.
    together: usize,
}

impl<R: StateReader + Send + Sync + 'static> ParallelExecutor<R> {
    /// Opens the block on top of `state`, the state after its parent, and makes the system calls.
    pub fn new(
        context: &BlockContext,
        state: R,
        engine: Arc<Engine<R>>,
    ) -> Result<Self, ExecuteError<R::Error>> {
        let rules = Environment::of(context);
        let mut open = Self::with_rules(rules, context.gas_limit, state, engine)
            .map_err(ExecuteError::State)?;
        let write = |view: &mut View<R>, changes: &EvmState| {
            view.memory().write(changes, &view.notes());
        };
        system::open_block(context, open.lane.evm(), write).map_err(lane::store_error)?;
        Ok(open)
    }

    fn with_rules(
        rules: Environment,
        gas_limit: u64,
        state: R,
        engine: Arc<Engine<R>>,
    ) -> Result<Self, R::Error> {
        let rules = Arc::new(rules);
        let memory = Arc::new(Memory::new(state, engine.spare.clone()));
        let fees = PendingFees::new(&rules);
        fees.look(&memory)?;
        let mut lane = Lane::new(rules.clone(), fees.vaults());
        lane.attach(&memory);
        Ok(Self {
            engine,
            rules,
            memory,
            lane,
            fees,
            gas_used: 0,
            gas_limit,
            plans: 0,
            unknown_time: Duration::ZERO,
            watched_time: Duration::ZERO,
            together: TOGETHER,
        })
    }

    /// Executes and includes one transaction. On an error nothing has changed.
    pub fn execute(
        &mut self,
        tx: &RecoveredTransaction,
    ) -> Result<TransactionOutcome, ExecuteError<R::Error>> {
        self.run_in_turn(tx).map_err(ExecuteError::State)?.map_err(ExecuteError::Invalid)
    }

    /// Executes transactions in order for as long as `go_on` says so. Those that are refused are skipped.
    pub fn execute_all<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: Vec<T>,
        go_on: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Execution<R::Error> {
        let started = Instant::now();
        let mut execution = self.execute_somehow(txs, go_on);
        let report = &mut execution.report;
        report.wall = started.elapsed();
        if report.in_turn > 0 {
            (report.busy, report.available) = (report.wall, report.wall);
        }
        execution
    }

    fn execute_somehow<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: Vec<T>,
        go_on: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Execution<R::Error> {
        let (choice, workers) = (self.engine.choice, self.engine.workers.count());
        let outlook = match choice {
            Choice::Serial => Outlook::default(),
            Choice::ByCost => Outlook::new(&txs, workers),
            Choice::Parallel => Outlook { is_worth_while: txs.len() > 1, ..Outlook::default() },
        };
        if !outlook.is_worth_while || (choice == Choice::ByCost && self.engine.rests()) {
            return self.execute_serially(&txs, outlook, go_on);
        }
        self.plans += 1;
        let vaults = self.fees.vaults();
        let plan = Plan::new(&self.memory, &vaults, &self.engine.predictor, self.plans, &txs);
        let expected = plan.expected(workers);
        let pays = choice != Choice::ByCost || expected.is_ok();
        self.engine.planned(pays);
        if !pays {
            return self.execute_serially(&txs, outlook, go_on);
        }
        let mut execution = self.execute_planned(txs, plan, go_on);
        let (Ok(expected) | Err(expected)) = expected;
        execution.report.expected = Duration::from_nanos(expected);
        execution
    }

    /// How long the transactions are expected to take, one after the other, and then with each number of workers: the
    /// schedule is played with expected costs instead of threads.
    pub fn forecast<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        workers: &[usize],
    ) -> (Duration, Vec<Duration>) {
        self.plans += 1;
        let vaults = self.fees.vaults();
        let plan = Plan::new(&self.memory, &vaults, &self.engine.predictor, self.plans, txs);
        let graph = plan.graph;
        let played = workers.iter().map(|workers| forecast::play(graph.clone(), *workers));
        let played = played.map(Duration::from_nanos).collect();
        (Duration::from_nanos(graph.total()), played)
    }

    fn execute_serially<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        outlook: Outlook,
        go_on: impl Fn() -> bool,
    ) -> Execution<R::Error> {
        let mut verdicts = Vec::with_capacity(txs.len());
        let mut failure = None;
        while verdicts.len() < txs.len() && go_on() {
            if let Err(error) = self.execute_some(&txs[verdicts.len()..], &mut verdicts) {
                failure = Some(error);
                break;
            }
        }
        let gas = verdicts.iter().flatten().map(|outcome| outcome.gas_used).sum();
        let in_turn = verdicts.len() as u64;
        let expected = Duration::from_nanos(outlook.total);
        let mut report =
            RunReport { in_turn, gas, critical_gas: gas, expected, ..RunReport::default() };
        report.hot.extend(outlook.bottleneck);
        Execution { verdicts, failure, report }
    }

    /// Executes transactions from the front on: plain transfers together, or else one.
    fn execute_some<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), R::Error> {
        let Some(first) = txs.first() else { return Ok(()) };
        let PreparedTransaction { tx, prediction } = first.as_ref();
        if !prediction.is_known() && Transfer::of(tx).is_some() {
            let before = verdicts.len();
            self.execute_transfers(txs, verdicts)?;
            if verdicts.len() > before {
                return Ok(());
            }
        }
        if !prediction.is_known() {
            verdicts.push(self.run_watched(tx)?);
            return Ok(());
        }
        let turn = u32::try_from(verdicts.len()).unwrap_or(u32::MAX);
        prediction.timed(turn, || self.call(tx, verdicts))
    }

    /// Makes a call after all others.
    #[inline]
    fn call(
        &mut self,
        tx: &RecoveredTransaction,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), R::Error> {
        match self.lane.call_in_turn(tx, self.gas_left())? {
            Some(Ok(executed)) => {
                if tx.as_deposit().is_none() {
                    self.fees.add(&executed.fees);
                }
                let outcome = TransactionOutcome::new(&tx.tx, executed, self.gas_used);
                self.gas_used = self.gas_used.saturating_add(outcome.gas_used);
                verdicts.push(Ok(outcome));
            }
            Some(Err(reason)) => verdicts.push(Err(reason)),
            None => verdicts.push(self.run_in_turn(tx)?),
        }
        Ok(())
    }

    fn execute_transfers<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), R::Error> {
        self.lane.detach();
        let mut transfers = Transfers {
            memory: Arc::get_mut(&mut self.memory).expect("no run is going on"),
            rules: &self.rules,
            fees: &mut self.fees,
            gas_used: &mut self.gas_used,
            gas_limit: self.gas_limit,
            together: &mut self.together,
        };
        let transferred = transfers.run(txs, verdicts);
        self.lane.attach(&self.memory);
        transferred
    }

    fn execute_planned<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: Vec<T>,
        plan: Plan,
        go_on: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Execution<R::Error> {
        let (gas_left, workers) = (self.gas_left(), &self.engine.workers);
        let run = Arc::new(Run::new(
            self.memory.clone(),
            self.rules.clone(),
            txs,
            plan,
            workers.count(),
            self.fees.clone(),
            (self.gas_used, gas_left),
            self.engine.predictor.clone(),
            Box::new(go_on),
        ));
        workers.run(&run, |run| run.work(&mut self.lane));
        let Ended { verdicts, fees, failure, report } = run.finish(&mut self.lane);
        self.fees = fees;
        let end = u32::try_from(verdicts.len() + 1).expect("as many turns as transactions");
        self.memory.collapse(end);
        self.gas_used = self.gas_used.saturating_add(report.gas);
        Execution { verdicts, failure, report }
    }

    /// Runs one transaction of which nothing is known after all others, and learns from it if it is time for that.
    fn run_watched(&mut self, tx: &RecoveredTransaction) -> Result<Verdict, R::Error> {
        let started = Instant::now();
        let is_time = self.watched_time <= WATCHED_TIME_MIN + self.unknown_time / WATCHED_SHARE;
        if !is_time || !self.engine.predictor.wants(tx) {
            let verdict = self.run_in_turn(tx)?;
            self.unknown_time += started.elapsed();
            return Ok(verdict);
        }
        let sample = self.lane.watch(tx, u32::MAX);
        let watched = started.elapsed();
        let verdict = self.run_in_turn(tx)?;
        let took = started.elapsed().saturating_sub(watched);
        self.watched_time += watched;
        self.unknown_time += took;
        if let Some(sample) = sample {
            self.engine.predictor.learn(tx, &sample.with_time(took));
        }
        Ok(verdict)
    }

    /// Runs one transaction after all others.
    fn run_in_turn(&mut self, tx: &RecoveredTransaction) -> Result<Verdict, R::Error> {
        let gas_left = self.gas_left();
        let ran = match self.lane.run_at_head(tx, u32::MAX, gas_left)? {
            Ran::Unknown => {
                self.fees.pay_out(&self.memory, None);
                self.lane.run_exactly(tx, u32::MAX, gas_left)?
            }
            ran => ran,
        };
        match ran {
            Ran::Valid(valid) => {
                let Valid { mut outcome, fees, effects } = valid;
                self.lane.write(effects);
                if let Some(fees) = fees {
                    self.fees.add(&fees);
                }
                self.place(&mut outcome);
                Ok(Ok(outcome))
            }
            Ran::Invalid(reason) => Ok(Err(reason)),
            Ran::Unknown => unreachable!("an exact run knows everything"),
        }
    }

    /// Puts an outcome in its place in the block.
    fn place(&mut self, outcome: &mut TransactionOutcome) {
        self.gas_used = self.gas_used.saturating_add(outcome.gas_used);
        outcome.receipt.as_receipt_mut().cumulative_gas_used = self.gas_used;
    }

    /// Gas that user transactions can still ask for.
    pub const fn gas_left(&self) -> u64 {
        self.gas_limit.saturating_sub(self.gas_used)
    }

    /// Gas used so far.
    pub const fn gas_used(&self) -> u64 {
        self.gas_used
    }

    /// What changed since the last call: the diff of one sub-block. The first one holds the system calls.
    pub fn take_diff(&mut self) -> StateDiff {
        self.fees.pay_out(&self.memory, None);
        self.memory.take_diff()
    }
}
