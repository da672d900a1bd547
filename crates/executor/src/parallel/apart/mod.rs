//! Transactions that are expected to touch nothing in common, run side by side: each worker takes a group of them and
//! runs it in order, and what they change stands at once. No versions, and nothing is checked afterwards.
//!
//! Invariant: whoever comes to a place that another group has written, or would write where another one has looked, ends
//! the run, and everything that was written goes back. So a run that comes through equals serial execution, and one that
//! does not has not been. Runs are short, so that little is lost.

mod groups;
mod lane;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use alloy_consensus::Transaction as _;
use parking_lot::Mutex;
use state::StateReader;

use super::{
    Choice, Execution, Key, ParallelExecutor, PreparedTransaction,
    calls::PRELOADED,
    fees::PendingFees,
    lane::Lane,
    memory::{Claimant, Memory, Undo},
    plan::{self, Outlook},
    report::RunReport,
    run::Verdict,
    schedule::Cost,
    view::Vaults,
    workers::Job,
};
use crate::evm::Environment;
use groups::Groups;

/// Expected time of what is run at a time, on one thread: what is lost at most if groups meet, and the least that pays for
/// waking workers.
pub(super) const WINDOW_COST: Cost = 20_000_000;
const WINDOW_COST_MIN: Cost = 2_500_000;

/// How many transactions make a run where it is not to pay, but to be tested.
const FORCED_WINDOW: usize = 12;

/// So many times after one another that no run is worth while end the search for groups.
const MISSES_MAX: u32 = 3;

/// Groups for each worker: a worker that is held up leaves some to the others.
const GROUPS_EACH: usize = 16;

/// One run.
struct Apart<R: StateReader, T> {
    memory: Arc<Memory<R>>,
    rules: Arc<Environment>,
    vaults: Vaults,
    txs: Arc<Vec<T>>,
    /// Where its transactions begin.
    first: usize,
    groups: Groups,
    number: u32,
    /// The group that is taken next.
    next: AtomicUsize,
    /// Groups have met, or something else keeps them from being run apart.
    is_over: AtomicBool,
    parts: Vec<Mutex<Option<Part>>>,
    /// Time that workers were at it.
    busy: Mutex<Duration>,
}

/// What came of one group.
#[derive(Debug)]
struct Part {
    /// As if each transaction were the first of its block.
    verdicts: Vec<Verdict>,
    fees: PendingFees,
    undo: Undo,
}

impl<R, T> Job<Option<Lane<R>>> for Apart<R, T>
where
    R: StateReader + Send + Sync,
    T: AsRef<PreparedTransaction> + Send + Sync,
{
    fn work(&self, kept: &mut Option<Lane<R>>) {
        let lane = Lane::kept(kept, &self.rules, self.vaults);
        lane.attach(&self.memory);
        Self::work(self, lane);
        lane.detach();
    }

    fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl<R, T> Apart<R, T>
where
    R: StateReader,
    T: AsRef<PreparedTransaction>,
{
    /// Runs groups until none is left.
    fn work(&self, lane: &mut Lane<R>) {
        let started = Instant::now();
        loop {
            let group = self.next.fetch_add(1, Ordering::Relaxed);
            if group >= self.groups.count() || self.is_over.load(Ordering::Relaxed) {
                break;
            }
            *self.parts[group].lock() = Some(self.run_group(lane, group));
        }
        *self.busy.lock() += started.elapsed();
    }

    fn run_group(&self, lane: &mut Lane<R>, group: usize) -> Part {
        let members = self.groups.members(group);
        let verdicts = Vec::with_capacity(members.len());
        let (fees, undo) = (PendingFees::new(&self.rules), Undo::with_capacity(members.len()));
        let mut part = Part { verdicts, fees, undo };
        let group = u32::try_from(group).expect("a few for each worker");
        let by = Claimant { run: self.number, group };
        lane.begin_apart(by);
        let prepared = |index: &u32| self.txs[self.first + *index as usize].as_ref();
        for (at, index) in members.iter().enumerate() {
            let PreparedTransaction { tx, prediction } = prepared(index);
            let next = members[at..].iter().map(prepared);
            let is_ready = at % PRELOADED != 0 || lane.preload_apart(next, by, &mut part.undo);
            let run = || {
                is_ready
                    && lane.run_apart(tx, prediction.is_known(), &mut part)
                    && lane.settle_apart_if_due(by, &mut part.undo)
            };
            if self.is_over.load(Ordering::Relaxed) || !prediction.timed(*index, run) {
                self.is_over.store(true, Ordering::Relaxed);
                lane.forget();
                break;
            }
        }
        if !lane.settle_apart(by, &mut part.undo) {
            self.is_over.store(true, Ordering::Relaxed);
        }
        part
    }
}

impl<R: StateReader + Send + Sync + 'static> ParallelExecutor<R> {
    /// Executes transactions from the front on for as long as they can be taken apart and that pays, and gives the rest.
    /// `None`: it is not to go on.
    pub(super) fn execute_apart<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: Vec<T>,
        go_on: &impl Fn() -> bool,
        execution: &mut Execution<R::Error>,
    ) -> Option<Vec<T>> {
        let workers = self.engine.workers.count();
        let txs = Arc::new(txs);
        let mut misses = 0;
        loop {
            let rest = &txs[execution.verdicts.len()..];
            if !go_on() || execution.failure.is_some() {
                return None;
            }
            let window = &rest[..self.window(rest)];
            if window.len() < 2 {
                let odd = &rest[..self.odd(rest)];
                if odd.is_empty() || !self.pass_over(odd, &mut misses, go_on, execution) {
                    break;
                }
                continue;
            }
            let started = Instant::now();
            let groups = Groups::new(window, workers * GROUPS_EACH);
            if self.is_too_long(&groups, workers) {
                continue;
            }
            let expected =
                plan::expected_apart(groups.total, groups.longest, window.len(), workers);
            if self.engine.choice == Choice::ByCost && expected.is_err() {
                if !self.pass_over(window, &mut misses, go_on, execution) {
                    break;
                }
                continue;
            }
            misses = 0;
            self.engine.groups.was_of_use(true);
            let (Ok(expected) | Err(expected)) = expected;
            if !self.run_apart(&txs, groups, execution) {
                self.engine.apart.was_of_use(false);
                if self.engine.choice != Choice::Apart {
                    break;
                }
                self.execute_serially(window, Outlook::default(), go_on, execution);
                continue;
            }
            self.engine.apart.was_of_use(true);
            let report = &mut execution.report;
            report.expected += Duration::from_nanos(expected);
            report.available += started.elapsed() * u32::try_from(workers).unwrap_or(u32::MAX);
        }
        let done = execution.verdicts.len();
        Some(Arc::into_inner(txs).expect("workers let go of it").split_off(done))
    }

    /// Executes in turn what is not worth a run. `false`: there has been too much of that, and nothing is executed.
    fn pass_over<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        misses: &mut u32,
        go_on: &impl Fn() -> bool,
        execution: &mut Execution<R::Error>,
    ) -> bool {
        *misses += 1;
        let goes_on = *misses < MISSES_MAX;
        match goes_on {
            true => self.execute_serially(txs, Outlook::default(), go_on, execution),
            false => self.engine.groups.was_of_use(false),
        }
        goes_on
    }

    /// Runs groups side by side. `false`: they have met, and nothing has happened.
    fn run_apart<T: AsRef<PreparedTransaction> + Send + Sync + 'static>(
        &mut self,
        txs: &Arc<Vec<T>>,
        groups: Groups,
        execution: &mut Execution<R::Error>,
    ) -> bool {
        self.plans += 1;
        let job = Arc::new(Apart {
            memory: self.memory.clone(),
            rules: self.rules.clone(),
            vaults: self.fees.vaults(),
            txs: txs.clone(),
            first: execution.verdicts.len(),
            parts: (0..groups.count()).map(|_| Mutex::default()).collect(),
            groups,
            number: self.plans,
            next: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            busy: Mutex::default(),
        });
        self.engine.workers.run(&job, |job| Apart::work(job, &mut self.lane));
        let Apart { parts, groups, is_over, busy, .. } =
            Arc::into_inner(job).expect("workers let go of it");
        let parts = parts.into_iter().filter_map(Mutex::into_inner);
        if is_over.into_inner() {
            parts.for_each(|part| self.memory.take_back(part.undo));
            return false;
        }
        let mut verdicts: Vec<_> = parts
            .map(|part| {
                self.fees.add_all(&part.fees);
                part.verdicts.into_iter()
            })
            .collect();
        let gas_before = self.gas_used;
        let mut gas_of_kin = vec![0; groups.len()];
        for (kin, group) in groups.kin_and_group() {
            let mut verdict = verdicts[group].next().expect("each one was run");
            if let Ok(outcome) = &mut verdict {
                self.place(outcome);
                gas_of_kin[kin] += outcome.gas_used;
            }
            execution.verdicts.push(verdict);
        }
        let report = RunReport {
            apart: groups.len() as u64,
            gas: self.gas_used - gas_before,
            critical_gas: gas_of_kin.into_iter().max().unwrap_or(0),
            busy: busy.into_inner(),
            hot: groups.hot,
            ..RunReport::default()
        };
        execution.report.add(&report);
        true
    }

    /// Whether a shorter run is to be tried, because too much hangs together in this one: the fewer transactions, the fewer
    /// pairs that have a place in common. Runs grow again as long as that goes well.
    fn is_too_long(&mut self, groups: &Groups, workers: usize) -> bool {
        let hangs_together = groups.longest * workers as Cost > groups.total;
        let is_too_long = hangs_together && self.window_cost > WINDOW_COST_MIN;
        self.window_cost = match is_too_long {
            true => std::cmp::max(self.window_cost / 2, WINDOW_COST_MIN),
            false => std::cmp::min(self.window_cost + self.window_cost / 8, WINDOW_COST),
        };
        is_too_long
    }

    /// How many transactions from the front on make the next run.
    fn window<T: AsRef<PreparedTransaction>>(&self, txs: &[T]) -> usize {
        let is_forced = self.engine.choice == Choice::Apart;
        let vaults = self.fees.vaults();
        let (mut cost, mut gas_left) = (0, self.gas_left());
        let fits = |prepared: &&T| {
            let PreparedTransaction { tx, prediction } = prepared.as_ref();
            cost += prediction.cost;
            let left = gas_left.checked_sub(tx.tx.gas_limit());
            // A deposit runs however full the block is, and takes from what is left for others.
            let left = left.or_else(|| tx.as_deposit().map(|_| 0));
            gas_left = left.unwrap_or(0);
            left.is_some()
                && (is_forced
                    || cost <= self.window_cost && is_suitable(prepared.as_ref(), &vaults))
        };
        let most = if is_forced { FORCED_WINDOW } else { txs.len() };
        txs.iter().take(most).take_while(fits).count()
    }

    /// How many transactions from the front on are for no group, the first one in any case.
    fn odd<T: AsRef<PreparedTransaction>>(&self, txs: &[T]) -> usize {
        let vaults = self.fees.vaults();
        let odd = txs.iter().take_while(|tx| !is_suitable(tx.as_ref(), &vaults)).count();
        odd.clamp(std::cmp::min(1, txs.len()), txs.len())
    }
}

/// Expected time of a run of these transactions side by side with so many workers, grouping included. `None`: some of
/// them are not suitable.
pub(super) fn forecast<T: AsRef<PreparedTransaction>>(
    txs: &[T],
    vaults: &Vaults,
    workers: usize,
) -> Option<Cost> {
    if !txs.iter().all(|tx| is_suitable(tx.as_ref(), vaults)) {
        return None;
    }
    let groups = Groups::new(txs, workers * GROUPS_EACH);
    let cost = |tx: &u32| txs[*tx as usize].as_ref().prediction.cost + plan::APART_COST;
    let mut busy = vec![0; workers];
    for group in 0..groups.count() {
        let first_free = busy.iter_mut().min().expect("at least one worker");
        *first_free += groups.members(group).iter().map(cost).sum::<Cost>();
    }
    let longest = busy.into_iter().max().unwrap_or(0);
    Some(longest + plan::GROUP_COST * txs.len() as Cost + plan::START_COST)
}

/// Whether it can be expected that a transaction touches what is predicted, and only changes what there is.
fn is_suitable(prepared: &PreparedTransaction, vaults: &Vaults) -> bool {
    let PreparedTransaction { tx, prediction } = prepared;
    let is_suitable = |key: &Key| match key {
        Key::Account { address, .. } => !vaults.contains(address),
        Key::Slot { .. } => true,
        Key::Contract { .. } => false,
    };
    tx.tx.to().is_some()
        && tx.as_deposit().is_none()
        && tx.tx.authorization_list().is_none_or(<[_]>::is_empty)
        && prediction.keys.iter().all(is_suitable)
}

impl<R: StateReader, T> core::fmt::Debug for Apart<R, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Apart").field("groups", &self.groups).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
