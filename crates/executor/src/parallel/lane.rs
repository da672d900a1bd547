//! One thread's way of running transactions: its EVM on its view of the shared state.

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::Address;
use state::StateReader;

use super::{
    ledger::Ledger,
    memory::{Memory, Read, Stamp, Turn, Written},
    native::{Transfer, Transferred},
    predict::{Sample, Watcher},
    view::{Vaults, View, ViewError, Watch},
};
use crate::{
    Evm, ExecuteError, Fees, InvalidTransaction, RecoveredTransaction, TransactionOutcome,
    evm::{Environment, Rewards},
};
use revm::state::EvmState;

/// An EVM for one block on one thread.
#[derive(Debug)]
pub(super) struct Lane<R: StateReader> {
    evm: Evm<View<R>>,
    /// For calls whose changes stand at once.
    pub(super) calls: Evm<View<R>, (), Ledger<R>>,
    pub(super) rules: Arc<Environment>,
}

/// What came of running a transaction.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are valid, and moved on at once")]
pub(super) enum Ran {
    /// It can be included. Its receipt counts gas from this transaction on.
    Valid(Valid),
    /// It cannot.
    Invalid(InvalidTransaction),
    /// That cannot be known before everything in front of it stands.
    Unknown,
}

/// A transaction that can be included.
#[derive(Debug)]
pub(super) struct Valid {
    pub outcome: TransactionOutcome,
    /// What its receivers have coming.
    pub fees: Option<Fees>,
    pub effects: Effects,
}

/// What a transaction does to the state.
#[derive(Debug)]
pub(super) enum Effects {
    /// A plain transfer, by sender and recipient.
    Transfer { from: Address, to: Address, done: Box<Transferred> },
    /// Whatever the EVM did.
    Evm(EvmState),
    /// Written down already.
    Published,
}

impl<R: StateReader> Lane<R> {
    pub(super) fn new(rules: Arc<Environment>, vaults: Vaults) -> Self {
        Self {
            evm: Evm::with_environment((*rules).clone(), View::new(vaults), ()),
            calls: Evm::with_environment((*rules).clone(), View::new(vaults), ()),
            rules,
        }
    }

    /// The lane that a worker keeps, if it is for the block with these rules; otherwise a new one.
    pub(super) fn kept<'a>(
        kept: &'a mut Option<Self>,
        rules: &Arc<Environment>,
        vaults: Vaults,
    ) -> &'a mut Self {
        if kept.as_ref().is_some_and(|lane| !Arc::ptr_eq(&lane.rules, rules)) {
            *kept = None;
        }
        kept.get_or_insert_with(|| Self::new(rules.clone(), vaults))
    }

    /// Rules of the block.
    pub(super) const fn rules(&self) -> &Arc<Environment> {
        &self.rules
    }

    /// Prepares for runs on this memory.
    pub(super) fn attach(&mut self, memory: &Arc<Memory<R>>) {
        self.evm.state_mut().attach(memory.clone());
        self.calls.state_mut().attach(memory.clone());
    }

    /// Lets go of the memory, so that somebody may have it alone.
    pub(super) fn detach(&mut self) {
        self.evm.state_mut().detach();
        self.calls.state_mut().detach();
    }

    /// The bare EVM, for what is no transaction.
    pub(super) const fn evm(&mut self) -> &mut Evm<View<R>> {
        &mut self.evm
    }

    /// Runs a transaction in front of which everything stands, only to watch it, and keeps nothing of it. `None`: there is
    /// nothing to be learned from it.
    pub(super) fn watch(&self, tx: &RecoveredTransaction, turn: Turn) -> Option<Sample> {
        let to = tx.tx.to()?;
        let vaults = *self.evm.state().vaults();
        let mut view = View::new(vaults);
        view.attach(self.evm.state().memory().clone());
        view.begin(turn, Watch::AtHead);
        let rules = (*self.rules).clone();
        let mut evm = Evm::with_environment(rules, view, Watcher::default());
        let executed = evm.inspect_with(tx, u64::MAX, Rewards::Aside).ok()?;
        let (_, watcher) = evm.into_parts();
        Sample::new(&executed.changes, watcher, to, |address| vaults.contains(address))
    }

    /// Runs a transaction before those in front of it are done, whatever gas the block will have left. Gives what it
    /// looked at as well. A call that is known to be one is not tried as a transfer.
    pub(super) fn run_ahead(
        &mut self,
        tx: &RecoveredTransaction,
        turn: Turn,
        is_call: bool,
    ) -> (Ran, Vec<Read>) {
        self.evm.state().begin(turn, Watch::Ahead);
        let ran = match is_call {
            true => self.run_evm(tx, u64::MAX, Rewards::Aside),
            false => self.run(tx, u64::MAX),
        };
        // A store that fails is asked again when the transaction's turn has come.
        let ran = ran.unwrap_or(Ran::Unknown);
        (ran, self.evm.state().notes().reads().to_vec())
    }

    /// Runs a transaction in front of which everything stands but the vaults. [`Ran::Unknown`]: it needs these too.
    #[inline]
    pub(super) fn run_at_head(
        &mut self,
        tx: &RecoveredTransaction,
        turn: Turn,
        gas_left: u64,
    ) -> Result<Ran, R::Error> {
        self.evm.state().begin(turn, Watch::AtHead);
        self.run(tx, gas_left)
    }

    /// Runs a transaction in front of which everything stands; it pays its fees itself.
    pub(super) fn run_exactly(
        &mut self,
        tx: &RecoveredTransaction,
        turn: Turn,
        gas_left: u64,
    ) -> Result<Ran, R::Error> {
        self.evm.state().begin(turn, Watch::Exact);
        self.run_evm(tx, gas_left, Rewards::Paid)
    }

    #[inline]
    fn run(&mut self, tx: &RecoveredTransaction, gas_left: u64) -> Result<Ran, R::Error> {
        match self.transfer(tx, gas_left)? {
            Some(ran) => Ok(ran),
            None => self.run_evm(tx, gas_left, Rewards::Aside),
        }
    }

    /// The transaction as a plain transfer, if it is one and valid.
    fn transfer(&self, tx: &RecoveredTransaction, gas_left: u64) -> Result<Option<Ran>, R::Error> {
        let Some(transfer) = Transfer::of(tx) else { return Ok(None) };
        let (view, from, to) = (self.evm.state(), transfer.from, transfer.to);
        let is_of_a_vault = view.vaults().contains(&from) || view.vaults().contains(&to);
        if is_of_a_vault || tx.tx.gas_limit() > gas_left {
            return Ok(None);
        }
        let Some(sender) = known(view.account(&from))? else { return Ok(Some(Ran::Unknown)) };
        let recipient = if from == to { Some(sender) } else { known(view.account(&to))? };
        let Some(recipient) = recipient else { return Ok(Some(Ran::Unknown)) };
        let Some(done) = transfer.run(&self.rules, sender, recipient) else { return Ok(None) };
        let outcome = transfer.outcome(&done);
        let fees = Some(done.fees);
        let effects = Effects::Transfer { from, to, done: Box::new(done) };
        Ok(Some(Ran::Valid(Valid { outcome, fees, effects })))
    }

    #[inline]
    fn run_evm(
        &mut self,
        tx: &RecoveredTransaction,
        gas_left: u64,
        rewards: Rewards,
    ) -> Result<Ran, R::Error> {
        match self.evm.run_with(tx, gas_left, rewards) {
            Ok(mut executed) => {
                let effects = Effects::Evm(std::mem::take(&mut executed.changes));
                let is_aside = rewards == Rewards::Aside && tx.as_deposit().is_none();
                let fees = is_aside.then_some(executed.fees);
                let outcome = TransactionOutcome::new(&tx.tx, executed, 0);
                Ok(Ran::Valid(Valid { outcome, fees, effects }))
            }
            Err(ExecuteError::Invalid(reason)) => Ok(Ran::Invalid(reason)),
            Err(ExecuteError::State(ViewError::Vault | ViewError::Met)) => Ok(Ran::Unknown),
            Err(ExecuteError::State(ViewError::Store(error))) => Err(error),
        }
    }
}

impl<R: StateReader> Lane<R> {
    /// Shows the effects of the transaction that was run last to those behind, and keeps nothing of them.
    pub(super) fn publish(&self, effects: &mut Effects, stamp: Stamp) -> Written {
        let (memory, notes) = (self.evm.state().memory(), self.evm.state().notes());
        match std::mem::replace(effects, Effects::Published) {
            Effects::Transfer { from, to, done } => {
                let publish = |address: &Address, change| {
                    let place = memory.account_place(address, &notes);
                    memory.publish_account(place, stamp, change)
                };
                let mut places = vec![publish(&from, done.sender_change())];
                places.extend(done.recipient.map(|change| publish(&to, change)));
                Written { places, codes: Vec::new() }
            }
            Effects::Evm(changes) => memory.publish(&changes, stamp, &notes),
            Effects::Published => Written::default(),
        }
    }

    /// Makes the effects of the transaction that was run last stand.
    pub(super) fn write(&self, effects: Effects) {
        let (memory, notes) = (self.evm.state().memory(), self.evm.state().notes());
        match effects {
            Effects::Transfer { from, to, done } => {
                let write = |address: &Address, change| {
                    let place = memory.account_place(address, &notes);
                    memory.write_account(address, place, change);
                };
                write(&from, done.sender_change());
                if let Some(change) = done.recipient {
                    write(&to, change);
                }
            }
            Effects::Evm(changes) => memory.write(&changes, &notes),
            Effects::Published => {}
        }
    }
}

/// `None`: what was to be read is not known yet.
fn known<T, E: core::error::Error>(read: Result<T, ViewError<E>>) -> Result<Option<T>, E> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(ViewError::Store(error)) => Err(error),
        Err(ViewError::Vault | ViewError::Met) => Ok(None),
    }
}

/// The same for an execution that never looks at a vault, because a vault is up to date.
pub(super) fn store_error<E: core::error::Error>(
    error: ExecuteError<ViewError<E>>,
) -> ExecuteError<E> {
    match error {
        ExecuteError::Invalid(reason) => ExecuteError::Invalid(reason),
        ExecuteError::State(ViewError::Store(error)) => ExecuteError::State(error),
        ExecuteError::State(ViewError::Vault | ViewError::Met) => {
            unreachable!("the view answers for everything")
        }
    }
}
