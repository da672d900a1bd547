//! The front of a run: what is committed, one transaction after the other.

use std::{sync::atomic::Ordering, time::Instant};

use alloy_primitives::map::HashMap;
use state::StateReader;

use super::{Attempt, Run, handoff::Look};
use crate::{
    InvalidTransaction, TransactionOutcome,
    parallel::{
        PreparedTransaction,
        fees::PendingFees,
        lane::{Lane, Ran, Valid},
        memory::{Memory, Read, Stamp, Turn, Write},
        plan::WATCHED_MAX,
        report::RunReport,
    },
};
use alloy_consensus::Transaction as _;

/// Transactions that may be run ahead in vain before the rest is run in turn: so many, and one in so many of those that
/// are committed.
const IN_VAIN_MIN: u64 = 4;
const IN_VAIN_SHARE: u64 = 32;

/// What one transaction came to: included with an outcome, or refused.
pub(in crate::parallel) type Verdict = Result<TransactionOutcome, InvalidTransaction>;

/// What is committed.
#[derive(Debug)]
pub(in crate::parallel) struct Head<R: StateReader> {
    verdicts: Vec<Verdict>,
    fees: PendingFees,
    /// By the whole block so far.
    gas_used: u64,
    gas_left: u64,
    /// From here on plans are not to be trusted: an earlier transaction wrote what no plan said, or wrote late.
    is_off_plan: bool,
    failure: Option<R::Error>,
    report: RunReport,
    meetings: Meetings,
    /// Transactions that were watched.
    watched: u32,
}

/// Where committed transactions met others.
#[derive(Debug, Default)]
struct Meetings {
    /// For each transaction the gas of the longest chain that ends with it, itself included.
    chains: Vec<u64>,
    longest: u64,
    /// Looks at what others had written, and how many of them were in vain.
    places: HashMap<Write, (u64, u64)>,
}

impl Meetings {
    /// A transaction that ran ahead used so much gas, after these looks.
    fn ahead(&mut self, reads: &[Read], gas: u64) {
        let mut before = 0;
        for read in reads {
            let writer = read.writer();
            if let Some(chain) = writer.checked_sub(1).and_then(|i| self.chains.get(i as usize)) {
                before = std::cmp::max(before, *chain);
                self.places.entry(read.place()).or_default().0 += 1;
            }
        }
        self.push(before.saturating_add(gas));
    }

    /// A transaction that ran in its turn has waited for all before it.
    fn in_turn(&mut self, gas: u64) {
        self.push(self.longest.saturating_add(gas));
    }

    fn push(&mut self, chain: u64) {
        self.longest = std::cmp::max(self.longest, chain);
        self.chains.push(chain);
    }
}

/// How a run ended.
#[derive(Debug)]
pub(in crate::parallel) struct Ended<E> {
    /// One for each transaction from the first on, as far as the run came.
    pub verdicts: Vec<Verdict>,
    pub fees: PendingFees,
    pub failure: Option<E>,
    pub report: RunReport,
}

impl<R: StateReader> Head<R> {
    /// `gas`: what the block has used, and what it has left.
    pub(super) fn new(len: usize, fees: PendingFees, gas: (u64, u64)) -> Self {
        let (gas_used, gas_left) = gas;
        Self {
            verdicts: Vec::with_capacity(len),
            fees,
            gas_used,
            gas_left,
            is_off_plan: false,
            failure: None,
            report: RunReport::default(),
            meetings: Meetings::default(),
            watched: 0,
        }
    }

    pub(super) fn end(self, memory: &Memory<R>) -> Ended<R::Error> {
        let Self { verdicts, fees, failure, mut report, meetings, .. } = self;
        report.critical_gas = meetings.longest;
        report.gas = verdicts.iter().flatten().map(|outcome| outcome.gas_used).sum();
        let places = meetings.places.into_iter();
        report.hot = places.map(|(place, met)| memory.hot_place(place, met)).collect();
        report.rank();
        Ended { verdicts, fees, failure, report }
    }

    fn include(&mut self, valid: Valid) {
        let Valid { mut outcome, fees, .. } = valid;
        if let Some(fees) = fees {
            self.fees.add(&fees);
        }
        self.gas_left = self.gas_left.saturating_sub(outcome.gas_used);
        self.gas_used = self.gas_used.saturating_add(outcome.gas_used);
        outcome.receipt.as_receipt_mut().cumulative_gas_used = self.gas_used;
        self.verdicts.push(Ok(outcome));
    }
}

impl<R, T> Run<R, T>
where
    R: StateReader,
    T: AsRef<PreparedTransaction>,
{
    /// Commits what is ready at the front, unless somebody else is at it.
    pub(super) fn commit(&self, lane: &mut Lane<R>) {
        let next = |head: &Head<R>| {
            let next = head.verdicts.len();
            (next < self.txs.len() && head.failure.is_none()).then_some(next)
        };
        self.line.advance(next, |head, attempt| self.commit_next(head, lane, attempt));
    }

    fn commit_next(&self, head: &mut Head<R>, lane: &mut Lane<R>, attempt: Attempt) -> Look {
        let index = head.verdicts.len();
        let turn = Turn::try_from(index + 1).expect("as many turns as transactions");
        if !self.holds(head, &attempt, turn) {
            return self.run_again(head, lane, turn, &attempt);
        }
        head.is_off_plan |= !self.writes_as_planned(turn, &attempt.written.places);
        head.report.ahead += 1;
        head.report.unexpected += u64::from(!attempt.as_planned);
        if let Some(knowledge) = &self.prediction(turn).knowledge {
            knowledge.was_right(attempt.as_planned);
        }
        head.meetings.ahead(&attempt.reads, attempt.gas_used());
        self.memory.keep_codes(&attempt.written.codes);
        match *attempt.ran {
            Ran::Valid(valid) => head.include(valid),
            Ran::Invalid(reason) => head.verdicts.push(Err(reason)),
            Ran::Unknown => unreachable!("does not hold"),
        }
        Look::On
    }

    /// Whether an attempt gave what the transaction gives in its turn.
    fn holds(&self, head: &Head<R>, attempt: &Attempt, turn: Turn) -> bool {
        // It ran as if the block were empty; these two checks come before the one of the block's gas.
        let tx = self.tx(turn);
        let fits = tx.tx.gas_limit() <= head.gas_left || tx.as_deposit().is_some();
        let is_refused_first = matches!(
            *attempt.ran,
            Ran::Invalid(InvalidTransaction::Type(_) | InvalidTransaction::ChainId { .. })
        );
        if matches!(*attempt.ran, Ran::Unknown) || !(fits || is_refused_first) {
            return false;
        }
        (attempt.as_planned && !head.is_off_plan)
            || attempt.reads.iter().all(|read| self.memory.still_holds(read, turn))
    }

    /// Runs a transaction where everything in front of it stands, unless the store fails or time is over.
    fn run_again(
        &self,
        head: &mut Head<R>,
        lane: &mut Lane<R>,
        turn: Turn,
        before: &Attempt,
    ) -> Look {
        if !(self.go_on)() {
            self.stop();
            return Look::Stop;
        }
        let was_ahead = !matches!(*before.ran, Ran::Unknown);
        if was_ahead {
            self.blame(head, before, turn);
        }
        head.report.at_head += u64::from(!was_ahead);
        head.report.again += u64::from(was_ahead);
        let mut ran = match self.run_watched(head, lane, turn, was_ahead) {
            Ok(ran) => ran,
            Err(error) => {
                head.failure = Some(error);
                self.stop();
                return Look::Stop;
            }
        };
        let written = match &mut ran {
            Ran::Valid(valid) => lane.publish(&mut valid.effects, Stamp { turn, incarnation: 1 }),
            Ran::Invalid(_) | Ran::Unknown => Default::default(),
        };
        self.memory.retract(turn, &before.written.places, &written.places);
        // Some of those that wait for it, or rely on what it wrote before, may have run already.
        head.is_off_plan = true;
        self.memory.keep_codes(&written.codes);
        head.meetings.in_turn(match &ran {
            Ran::Valid(valid) => valid.outcome.gas_used,
            Ran::Invalid(_) | Ran::Unknown => 0,
        });
        match ran {
            Ran::Valid(valid) => head.include(valid),
            Ran::Invalid(reason) => head.verdicts.push(Err(reason)),
            Ran::Unknown => unreachable!("an exact run knows everything"),
        }
        if !was_ahead {
            self.work.done(turn);
        }
        Look::On
    }

    /// A transaction was run ahead in vain: whose guess was wrong must hear of it, and too much of it ends running ahead.
    fn blame(&self, head: &mut Head<R>, attempt: &Attempt, turn: Turn) {
        let stale = attempt.reads.iter().find(|read| !self.memory.still_holds(read, turn));
        if let Some(read) = stale {
            let met = head.meetings.places.entry(read.place()).or_default();
            *met = (met.0 + 1, met.1 + 1);
        }
        let writer = stale.map_or(0, |read| self.memory.writer(read, turn));
        // One that looked where nobody expected it has itself to blame; else the one that wrote there.
        let wrong = if attempt.as_planned { writer } else { turn };
        if wrong > 0
            && let Some(knowledge) = &self.prediction(wrong).knowledge
        {
            knowledge.failed();
        }
        if head.report.again > IN_VAIN_MIN + head.verdicts.len() as u64 / IN_VAIN_SHARE {
            self.is_in_vain.store(true, Ordering::Relaxed);
        }
    }

    /// Runs a transaction in its turn, and learns from it if it was left for that.
    fn run_watched(
        &self,
        head: &mut Head<R>,
        lane: &mut Lane<R>,
        turn: Turn,
        was_ahead: bool,
    ) -> Result<Ran, R::Error> {
        let tx = self.tx(turn);
        let is_known = self.prediction(turn).is_known();
        if was_ahead || is_known || head.watched == WATCHED_MAX || !self.predictor.wants(tx) {
            return self.run_in_turn(head, lane, turn);
        }
        head.watched += 1;
        let sample = lane.watch(tx, turn);
        let started = Instant::now();
        let ran = self.run_in_turn(head, lane, turn)?;
        if let Some(sample) = sample {
            self.predictor.learn(tx, &sample.with_time(started.elapsed()));
        }
        Ok(ran)
    }

    fn run_in_turn(
        &self,
        head: &mut Head<R>,
        lane: &mut Lane<R>,
        turn: Turn,
    ) -> Result<Ran, R::Error> {
        let (tx, gas_left) = (self.tx(turn), head.gas_left);
        match lane.run_at_head(tx, turn, gas_left)? {
            Ran::Unknown => {
                head.fees.pay_out(&self.memory, Some(turn));
                lane.run_exactly(tx, turn, gas_left)
            }
            ran => Ok(ran),
        }
    }
}
