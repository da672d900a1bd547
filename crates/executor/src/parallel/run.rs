//! One run: transactions executed ahead of their turn by several workers, and committed in order.
//!
//! A worker takes what may run now, runs it on what is written so far, and shows its writes to those behind. Whoever
//! comes by commits from the front: a transaction is valid there if everything that it looked at is still what it
//! would find. If not, it is run again on the spot, where nothing in front of it can change any more. So each one is
//! executed at most twice, and the result is that of serial execution.
//!
//! Nobody holds a lock while executing but the one who commits, and nobody waits for that one: the others go on with
//! what is ready, and sleep when nothing is.

#[cfg(test)]
mod forced;
mod handoff;
mod head;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use state::StateReader;

use super::{
    Prediction, Predictor, PreparedTransaction,
    fees::PendingFees,
    lane::{Lane, Ran},
    memory::{Memory, Read, Stamp, Turn, Write, Written},
    plan::Plan,
    view::Vaults,
    workers::Job,
};
use crate::evm::Environment;
use handoff::{Line, ParkingLot, Work};
use head::Head;
pub(super) use head::{Ended, Verdict};

/// Shared by the workers of one run.
pub(super) struct Run<R: StateReader, T> {
    pub memory: Arc<Memory<R>>,
    pub rules: Arc<Environment>,
    pub vaults: Vaults,
    txs: Vec<T>,
    plan: Plan,
    work: Work<ParkingLot>,
    line: Line<ParkingLot, Attempt, Head<R>>,
    predictor: Arc<Predictor>,
    /// Too much was run ahead in vain: the rest is run in turn.
    is_in_vain: AtomicBool,
    /// Time that workers were executing, and that they were there.
    time: Mutex<(Duration, Duration)>,
    go_on: Box<dyn Fn() -> bool + Send + Sync>,
}

/// A transaction that was run ahead, or is left to the head.
#[derive(Debug)]
struct Attempt {
    ran: Box<Ran>,
    reads: Vec<Read>,
    written: Written,
    /// It looked at nothing and wrote nothing but what the plan says.
    as_planned: bool,
}

/// A worker keeps its EVM for as long as it works on the same block.
impl<R, T> Job<Option<Lane<R>>> for Run<R, T>
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
        Self::stop(self);
    }
}

impl<R, T> Run<R, T>
where
    R: StateReader,
    T: AsRef<PreparedTransaction>,
{
    #[expect(clippy::too_many_arguments, reason = "the one place where a run is put together")]
    pub(super) fn new(
        memory: Arc<Memory<R>>,
        rules: Arc<Environment>,
        txs: Vec<T>,
        mut plan: Plan,
        workers: usize,
        fees: PendingFees,
        gas: (u64, u64),
        predictor: Arc<Predictor>,
        go_on: Box<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        let graph = std::mem::take(&mut plan.graph);
        let batch_cost = graph.batch_cost(workers);
        Self {
            memory,
            rules,
            vaults: fees.vaults(),
            line: Line::new(txs.len(), Head::new(txs.len(), fees, gas)),
            work: Work::new(graph.schedule(workers), batch_cost),
            txs,
            plan,
            predictor,
            is_in_vain: AtomicBool::new(false),
            time: Mutex::default(),
            go_on,
        }
    }

    /// Works until there is nothing left to take.
    pub(super) fn work(&self, lane: &mut Lane<R>) {
        let (started, mut idle) = (Instant::now(), Duration::ZERO);
        let (mut batch, mut done) = (Vec::new(), Vec::new());
        while self.work.take(&done, &mut batch, &mut idle) {
            done.clear();
            // Those left to the head are done when they are committed.
            done.extend(batch.drain(..).filter(|turn| self.run_ahead(lane, *turn)));
            self.commit(lane);
            if !(self.go_on)() {
                self.stop();
            }
        }
        let (there, busy) = (started.elapsed(), started.elapsed().saturating_sub(idle));
        let mut time = self.time.lock();
        *time = (time.0 + busy, time.1 + there);
    }

    /// Commits what is left once nobody works any more, and gives the result.
    pub(super) fn finish(&self, lane: &mut Lane<R>) -> Ended<R::Error> {
        self.commit(lane);
        let nothing = Head::new(0, PendingFees::new(&self.rules), (0, 0));
        let mut ended = self.line.take_head(nothing).end(&self.memory);
        (ended.report.busy, ended.report.available) = *self.time.lock();
        ended
    }

    /// Runs a transaction before its turn. `false`: it is left to the head.
    fn run_ahead(&self, lane: &mut Lane<R>, turn: Turn) -> bool {
        let attempt = if self.is_left_to_head(turn) {
            Attempt::left_to_head()
        } else {
            let prediction = self.prediction(turn);
            let is_call = prediction.is_known();
            let run = || lane.run_ahead(self.tx(turn), turn, is_call);
            let (ran, reads) = prediction.timed(turn, run);
            self.show(lane, turn, ran, reads)
        };
        let is_done = !matches!(*attempt.ran, Ran::Unknown);
        self.line.put(turn, attempt);
        is_done
    }

    /// Whether a transaction is not worth being run ahead.
    fn is_left_to_head(&self, turn: Turn) -> bool {
        let knowledge = &self.prediction(turn).knowledge;
        self.plan.is_at_head(turn)
            || self.is_in_vain.load(Ordering::Relaxed)
            || knowledge.as_ref().is_some_and(|knowledge| knowledge.is_off())
    }

    /// Shows those behind what an attempt wrote.
    fn show(&self, lane: &Lane<R>, turn: Turn, mut ran: Ran, reads: Vec<Read>) -> Attempt {
        let written = match &mut ran {
            Ran::Valid(valid) => lane.publish(&mut valid.effects, Stamp { turn, incarnation: 0 }),
            Ran::Invalid(_) | Ran::Unknown => Written::default(),
        };
        let as_planned = reads.iter().all(|read| self.plan.expects(turn, read.place(), false))
            && self.writes_as_planned(turn, &written.places);
        Attempt { ran: Box::new(ran), reads, written, as_planned }
    }

    fn writes_as_planned(&self, turn: Turn, places: &[Write]) -> bool {
        places.iter().all(|place| self.plan.expects(turn, *place, true))
    }

    /// Makes everybody end, once they are done with what they have taken.
    pub(super) fn stop(&self) {
        self.work.stop();
    }

    fn prediction(&self, turn: Turn) -> &Prediction {
        &self.txs[turn as usize - 1].as_ref().prediction
    }

    fn tx(&self, turn: Turn) -> &crate::RecoveredTransaction {
        &self.txs[turn as usize - 1].as_ref().tx
    }
}

impl Attempt {
    fn gas_used(&self) -> u64 {
        match &*self.ran {
            Ran::Valid(valid) => valid.outcome.gas_used,
            Ran::Invalid(_) | Ran::Unknown => 0,
        }
    }

    fn left_to_head() -> Self {
        let (reads, written) = (Vec::new(), Written::default());
        Self { ran: Box::new(Ran::Unknown), reads, written, as_planned: false }
    }
}

impl<R: StateReader, T> core::fmt::Debug for Run<R, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Run").field("transactions", &self.txs.len()).finish_non_exhaustive()
    }
}
