//! Transactions one after the other on the caller's thread: no notes, no versions.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_consensus::Transaction as _;
use state::StateReader;

use super::{
    Choice, Execution, ParallelExecutor, PreparedTransaction,
    calls::{Called, PRELOADED},
    lane::{Ran, Valid},
    native::Transfer,
    plan::Outlook,
    report::RunReport,
    run::Verdict,
    transfers::Transfers,
    view::ViewError,
};
use crate::{RecoveredTransaction, TransactionOutcome};

/// Time that transactions are watched in one block, and so run twice: so long, and one part in so many of the time that
/// those take of which nothing is known. It bounds what somebody costs who never does the same again.
const WATCHED_TIME_MIN: Duration = Duration::from_micros(200);
const WATCHED_SHARE: u32 = 12;

impl<R: StateReader + Send + Sync + 'static> ParallelExecutor<R> {
    /// Executes transactions one after the other on the caller's thread.
    pub(super) fn execute_serially<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        outlook: Outlook,
        go_on: impl Fn() -> bool,
        execution: &mut Execution<R::Error>,
    ) {
        let (started, gas_before) = (Instant::now(), self.gas_used);
        let Execution { verdicts, failure, report } = execution;
        let before = verdicts.len();
        self.lane.begin_in_turn();
        let mut preloaded = 0;
        while verdicts.len() - before < txs.len() && go_on() {
            let done = verdicts.len() - before;
            if done >= preloaded {
                match txs[done].as_ref().prediction.is_known() {
                    true => {
                        self.lane.preload_in_turn(&txs[done..]);
                        preloaded = done + PRELOADED;
                    }
                    false => self.lane.settle(),
                }
            }
            if let Err(error) = self.execute_some(&txs[done..], verdicts) {
                *failure = Some(error);
                break;
            }
        }
        self.lane.settle();
        let gas = self.gas_used - gas_before;
        report.add(&RunReport {
            in_turn: (verdicts.len() - before) as u64,
            gas,
            critical_gas: gas,
            expected: Duration::from_nanos(outlook.total),
            busy: started.elapsed(),
            available: started.elapsed(),
            hot: outlook.bottleneck,
            ..RunReport::default()
        });
    }

    /// Executes transactions from the front on: plain transfers together, or else one.
    pub(super) fn execute_some<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), R::Error> {
        let Some(first) = txs.first() else { return Ok(()) };
        let PreparedTransaction { tx, prediction } = first.as_ref();
        if !prediction.is_known()
            && let Some(transfer) = Transfer::of(tx)
        {
            let before = verdicts.len();
            match self.lane.is_settled() {
                true => self.execute_transfers(txs, verdicts)?,
                false => self.transfer(&transfer, verdicts)?,
            }
            if verdicts.len() > before {
                return Ok(());
            }
        }
        if !prediction.is_known() && self.engine.choice != Choice::Called {
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
        let called = match self.lane.call(tx, self.gas_left()) {
            Ok(called) => called,
            Err(ViewError::Vault | ViewError::Met) => Called::Refused,
            Err(ViewError::Store(error)) => return Err(error),
        };
        match called {
            Called::Made(executed) => {
                self.lane.settle_if_due();
                if tx.as_deposit().is_none() {
                    self.fees.add(&executed.fees);
                }
                let outcome = TransactionOutcome::new(&tx.tx, executed, self.gas_used);
                self.gas_used = self.gas_used.saturating_add(outcome.gas_used);
                verdicts.push(Ok(outcome));
            }
            Called::Invalid(reason) => verdicts.push(Err(reason)),
            Called::Refused => verdicts.push(self.run_in_turn(tx)?),
        }
        Ok(())
    }

    /// Makes a plain transfer among calls, if it is one.
    fn transfer(
        &mut self,
        transfer: &Transfer<'_>,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), R::Error> {
        if transfer.tx.tx.gas_limit() > self.gas_left() {
            return Ok(());
        }
        match self.lane.transfer_in_place(transfer) {
            Ok(Some(done)) => {
                self.lane.settle_if_due();
                self.fees.add(&done.fees);
                let mut outcome = transfer.outcome(&done);
                self.place(&mut outcome);
                verdicts.push(Ok(outcome));
                Ok(())
            }
            Ok(None) | Err(ViewError::Vault | ViewError::Met) => Ok(()),
            Err(ViewError::Store(error)) => Err(error),
        }
    }

    fn execute_transfers<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), R::Error> {
        self.with_transfers(|transfers| transfers.run(txs, verdicts))
    }

    /// Makes transfers on what stands, which nobody else is looking at.
    pub(super) fn with_transfers<T>(&mut self, make: impl FnOnce(&mut Transfers<'_, R>) -> T) -> T {
        self.lane.settle();
        self.lane.detach();
        let mut transfers = Transfers {
            memory: Arc::get_mut(&mut self.memory).expect("no run is going on"),
            rules: &self.rules,
            fees: &mut self.fees,
            gas_used: &mut self.gas_used,
            gas_limit: self.gas_limit,
            together: &mut self.together,
        };
        let made = make(&mut transfers);
        self.lane.attach(&self.memory);
        made
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
        self.lane.settle();
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
    pub(super) fn run_in_turn(&mut self, tx: &RecoveredTransaction) -> Result<Verdict, R::Error> {
        self.lane.settle();
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
}
