//! Executes blocks again, for tracers: from the state of the parent, through the opening, one transaction after the
//! other.
//!
//! Invariant: what is shown is what happened. A replay that differs from the stored receipt is a fault of ours, and
//! nothing of it is shown.

mod source;
mod turn;
mod unstarted;
mod watched;

use alloy::consensus::{Eip658Value, TxReceipt as _};
use executor::{
    EvmContext, ExecuteError, Executed, HaltReason, RecoveredTransaction, SerialExecutor,
    TransactionOutcome,
};
use protocol::Receipt;
use revm::{
    Inspector, context::TxEnv, context_interface::result::ResultAndState,
    interpreter::interpreter::EthInterpreter,
};
use state::Overlay;

pub(crate) use self::{
    source::Replayable,
    turn::Turn,
    watched::{Allowance, Recording, Watched},
};
use super::{errors, read::Fault};
use crate::chain::{Included, ReadError, State};

/// Whoever can watch a transaction of a replay.
pub(crate) trait Watcher:
    for<'a> Inspector<EvmContext<&'a Overlay<State>>, EthInterpreter>
{
}

impl<I> Watcher for I where I: for<'a> Inspector<EvmContext<&'a Overlay<State>>, EthInterpreter> {}

/// A transaction of a block ran differently than when the block was built.
#[derive(Debug, thiserror::Error)]
#[error("replay of transaction {index} of block {number} differs from its receipt")]
struct Differs {
    number: u64,
    index: u64,
}

/// A block that is being executed again. Lives on one thread.
#[derive(Debug)]
pub(crate) struct Replay<'a> {
    block: &'a Replayable,
    serial: SerialExecutor<State>,
    allowance: Allowance,
    next: usize,
}

/// A transaction that was executed again, before its changes are applied.
#[derive(Debug)]
pub(crate) struct Traced<'a, I> {
    pub(crate) included: &'a Included,
    pub(crate) tx: TxEnv,
    pub(crate) result: &'a ResultAndState<HaltReason>,
    /// The state before it.
    pub(crate) before: &'a Overlay<State>,
    /// Who watched.
    pub(crate) inspector: I,
}

impl<'a> Replay<'a> {
    fn open(block: &'a Replayable, state: State, allowance: Allowance) -> Result<Self, Fault> {
        let serial = SerialExecutor::new(block.context, state).map_err(unreadable)?;
        Ok(Self { block, serial, allowance, next: 0 })
    }

    /// The block.
    pub(crate) const fn block(&self) -> &'a Replayable {
        self.block
    }

    /// The state as executed so far.
    pub(crate) fn state(&self) -> &Overlay<State> {
        self.serial.pending()
    }

    /// What tracers may still take.
    pub(crate) const fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// Executes the transactions before place `index`, unwatched.
    pub(crate) fn skip_to(&mut self, index: usize) -> Result<(), Fault> {
        while self.next < index {
            self.allowance.check()?;
            let included = &self.block.transactions[self.next];
            let outcome = self.serial.execute(&recovered(included)).map_err(unreadable)?;
            self.finish(included, &outcome)?;
        }
        Ok(())
    }

    /// Executes the next transaction under the eyes of `inspector`; `read` says what to show of it.
    pub(crate) fn trace<I: Watcher, T>(
        &mut self,
        inspector: I,
        recording: Recording,
        read: impl FnOnce(Traced<'_, I>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.allowance.check()?;
        let block = self.block;
        let included = &block.transactions[self.next];
        let recovered = recovered(included);
        let watched = Watched::new(inspector, self.allowance.clone(), recording);
        let (executed, watched) = self.serial.inspect(&recovered, watched).map_err(unreadable)?;
        let Executed { result, changes, fees, effective_gas_price, deposit_nonce } = executed;
        let result = ResultAndState { result, state: changes };
        let tx = recovered.tx_env().map_err(|invalid| errors::server(invalid.to_string()))?;
        let entered = watched.entered;
        let (mut inspector, allowance) = watched.into_parts();
        self.allowance = allowance;
        self.allowance.check()?;
        if !entered {
            unstarted::show(&mut inspector, &tx, &result.result, self.serial.pending());
        }
        let before = self.serial.pending();
        let shown = read(Traced { included, tx, result: &result, before, inspector })?;
        let ResultAndState { result, state: changes } = result;
        let executed = Executed { result, changes, fees, effective_gas_price, deposit_nonce };
        let outcome = self.serial.keep(&recovered, executed);
        self.finish(included, &outcome)?;
        Ok(shown)
    }

    /// Makes sure that the transaction did what its receipt says.
    fn finish(&mut self, included: &Included, outcome: &TransactionOutcome) -> Result<(), Fault> {
        let stored = &included.outcome;
        let same = is_same(&outcome.receipt, &stored.receipt)
            && outcome.gas_used == stored.gas_used
            && outcome.created == stored.created
            && outcome.l1_fee == stored.l1_fee
            && outcome.operator_fee == stored.operator_fee
            && outcome.effective_gas_price == stored.effective_gas_price;
        if !same {
            let differs = Differs { number: self.block.number(), index: included.index };
            return Err(errors::internal("replay", &differs).into());
        }
        self.next += 1;
        Ok(())
    }
}

/// Whether two receipts say the same. One from before Byzantium, which only test chains have, says nothing of success.
fn is_same(new: &Receipt, stored: &Receipt) -> bool {
    if let Eip658Value::PostState(_) = stored.status_or_post_state() {
        return new.cumulative_gas_used() == stored.cumulative_gas_used()
            && new.logs() == stored.logs();
    }
    new == stored
}

pub(crate) fn recovered(included: &Included) -> RecoveredTransaction {
    RecoveredTransaction::from_parts(included.transaction.clone(), included.sender)
}

/// A transaction of a block is valid there; what it cannot do is be read.
pub(crate) fn unreadable(error: ExecuteError<ReadError>) -> Fault {
    match error {
        ExecuteError::State(error) => Fault::Read(error),
        ExecuteError::Invalid(invalid) => errors::internal("replay", &invalid).into(),
    }
}
