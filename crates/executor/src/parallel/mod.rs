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
//! What is expected to touch nothing in common needs none of this and runs in groups, side by side ([`apart`]). Of plain
//! transfers, workers only look for the accounts ([`scout`]). Where workers would not pay, transactions run one after the
//! other on the caller's thread ([`in_turn`]).
//!
//! Invariant: verdicts, receipts, gas and diffs equal those of [`crate::SerialExecutor`], whatever was predicted and
//! however threads were scheduled.

mod apart;
mod calls;
mod engine;
mod fees;
mod forecast;
mod in_turn;
mod lane;
mod ledger;
mod listed;
mod memory;
mod native;
mod plan;
mod predict;
mod report;
mod run;
mod schedule;
mod scout;
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
use lane::Lane;
pub use listed::{ListedError, ListedExecutor, ListedTransaction, Unusable};
use memory::Memory;
use plan::{Outlook, Plan};
pub use predict::{Key, Prediction, Predictor, PreparedTransaction, StoredError};
pub use report::{HotPlace, RunReport};
use revm::state::EvmState;
use run::{Ended, Run};
use schedule::Cost;
use transfers::TOGETHER;
use view::View;

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

impl<E> Execution<E> {
    fn with_capacity(len: usize) -> Self {
        let verdicts = Vec::with_capacity(len);
        Self { verdicts, failure: None, report: RunReport::default() }
    }
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
    /// Expected time of the next run of groups, on one thread.
    window_cost: Cost,
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
            window_cost: apart::WINDOW_COST,
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
        execution.report.wall = started.elapsed();
        execution
    }

    fn execute_somehow<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: Vec<T>,
        go_on: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Execution<R::Error> {
        let (choice, workers) = (self.engine.choice, self.engine.workers.count());
        let outlook = match choice {
            Choice::Serial | Choice::Called => Outlook::default(),
            Choice::ByCost => Outlook::new(&txs, workers),
            Choice::Parallel => Outlook { is_worth_while: txs.len() > 1, ..Outlook::default() },
            Choice::Scouted => Outlook { is_worth_scouting: true, ..Outlook::default() },
            Choice::Apart => Outlook { is_worth_grouping: true, ..Outlook::default() },
        };
        let mut execution = Execution::with_capacity(txs.len());
        if outlook.is_worth_scouting {
            self.execute_scouted(txs, &go_on, &mut execution);
            return execution;
        }
        let is_forced = choice == Choice::Apart;
        let rests = || self.engine.groups.is_on() || self.engine.apart.is_on();
        let txs = if is_forced || (outlook.is_worth_grouping && !rests()) {
            match self.execute_apart(txs, &go_on, &mut execution) {
                Some(rest) if !rest.is_empty() => rest,
                _ => return execution,
            }
        } else {
            txs
        };
        if !outlook.is_worth_while || (choice == Choice::ByCost && self.engine.ahead.is_on()) {
            self.execute_serially(&txs, outlook, go_on, &mut execution);
            return execution;
        }
        self.plans += 1;
        let vaults = self.fees.vaults();
        let plan = Plan::new(&self.memory, &vaults, &self.engine.predictor, self.plans, &txs);
        let expected = plan.expected(workers);
        let pays = choice != Choice::ByCost || expected.is_ok();
        self.engine.ahead.was_of_use(pays);
        if !pays {
            self.execute_serially(&txs, outlook, go_on, &mut execution);
            return execution;
        }
        let (Ok(expected) | Err(expected)) = expected;
        execution.report.expected += Duration::from_nanos(expected);
        self.execute_planned(txs, plan, go_on, &mut execution);
        execution
    }

    /// How long the transactions are expected to take, one after the other, and then with each number of workers: the
    /// schedule, or groups where there can be some, played with expected costs instead of threads.
    pub fn forecast<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        workers: &[usize],
    ) -> (Duration, Vec<Duration>) {
        self.plans += 1;
        let vaults = self.fees.vaults();
        let plan = Plan::new(&self.memory, &vaults, &self.engine.predictor, self.plans, txs);
        let graph = plan.graph;
        let played = workers.iter().map(|workers| {
            let ahead = forecast::play(graph.clone(), *workers);
            let apart = apart::forecast(txs, &vaults, *workers);
            let scouted = scout::forecast(txs, *workers);
            [apart, scouted].into_iter().flatten().fold(ahead, std::cmp::min)
        });
        let played = played.map(Duration::from_nanos).collect();
        (Duration::from_nanos(graph.total()), played)
    }

    fn execute_planned<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: Vec<T>,
        plan: Plan,
        go_on: impl Fn() -> bool + Send + Sync + 'static,
        execution: &mut Execution<R::Error>,
    ) {
        let run = Arc::new(self.run(txs, plan, go_on));
        self.engine.workers.run(&run, |run| run.work(&mut self.lane));
        self.end_run(&run, execution);
    }

    fn run<T: AsRef<PreparedTransaction>>(
        &self,
        txs: Vec<T>,
        plan: Plan,
        go_on: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Run<R, T> {
        Run::new(
            self.memory.clone(),
            self.rules.clone(),
            txs,
            plan,
            self.engine.workers.count(),
            self.fees.clone(),
            (self.gas_used, self.gas_left()),
            self.engine.predictor.clone(),
            Box::new(go_on),
        )
    }

    /// Makes what a run has committed stand.
    fn end_run<T: AsRef<PreparedTransaction>>(
        &mut self,
        run: &Run<R, T>,
        execution: &mut Execution<R::Error>,
    ) {
        let Ended { verdicts, fees, failure, report } = run.finish(&mut self.lane);
        self.fees = fees;
        let end = u32::try_from(verdicts.len() + 1).expect("as many turns as transactions");
        self.memory.collapse(end);
        self.gas_used = self.gas_used.saturating_add(report.gas);
        execution.verdicts.extend(verdicts);
        execution.failure = failure;
        execution.report.add(&report);
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
