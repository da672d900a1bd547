//! A lane's way of making calls and transfers in place: what they change stands for those after them, and is written down
//! for everybody else from time to time.

use alloy_consensus::Transaction as _;
use state::StateReader;

use super::{
    PreparedTransaction,
    lane::Lane,
    ledger::Ledger,
    memory::{Claimant, Turn, Undo},
    native::{Transfer, Transferred},
    view::{ViewError, Watch},
};
use crate::{ExecuteError, Executed, InvalidTransaction, RecoveredTransaction, evm::Rewards};

/// So many transactions are looked through for what they are expected to touch before the first of them is made.
pub(super) const PRELOADED: usize = 32;

/// What came of a call.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are made, and moved on at once")]
pub(super) enum Called {
    /// It can be included.
    Made(Executed<()>),
    /// It cannot.
    Invalid(InvalidTransaction),
    /// It has to be run in another way, and nothing has happened.
    Refused,
}

impl<R: StateReader> Lane<R> {
    /// Calls and transfers see a state in which everything stands but the vaults.
    pub(super) fn begin_in_turn(&self) {
        self.calls.state().begin(Turn::MAX, Watch::AtHead);
    }

    /// They see what the group may see.
    pub(super) fn begin_apart(&self, by: Claimant) {
        self.calls.state().begin(0, Watch::Apart(by));
    }

    /// Looks at what the next transactions in turn are expected to touch.
    pub(super) fn preload_in_turn<T: AsRef<PreparedTransaction>>(&mut self, next: &[T]) {
        if self.calls.journal_mut().is_half_full() {
            self.settle();
        }
        self.preload(next.iter().take(PRELOADED).map(AsRef::as_ref));
    }

    /// The same for those of a group. `false`: what they did may not be written down.
    pub(super) fn preload_apart<'a>(
        &mut self,
        next: impl Iterator<Item = &'a PreparedTransaction>,
        by: Claimant,
        undo: &mut Undo,
    ) -> bool {
        let is_settled = !self.calls.journal_mut().is_half_full() || self.settle_apart(by, undo);
        self.preload(next.take(PRELOADED));
        is_settled
    }

    fn preload<'a>(&mut self, next: impl Iterator<Item = &'a PreparedTransaction>) {
        let keys = next.flat_map(|prepared| &prepared.prediction.keys);
        self.calls.journal_mut().preload(keys);
    }

    /// Makes a call.
    #[inline]
    pub(super) fn call(
        &mut self,
        tx: &RecoveredTransaction,
        gas_left: u64,
    ) -> Result<Called, ViewError<R::Error>> {
        let brings_code = tx.tx.authorization_list().is_some_and(|list| !list.is_empty());
        if brings_code || !Ledger::<R>::knows(self.rules().spec) {
            return Ok(Called::Refused);
        }
        let deposit_nonce = match tx.as_deposit() {
            Some(_) => Some(self.calls.journal_mut().nonce(&tx.sender)?),
            None => None,
        };
        match self.calls.run_in_journal(tx, gas_left, Rewards::Aside, deposit_nonce) {
            Ok(executed) => Ok(Called::Made(executed)),
            Err(ExecuteError::Invalid(reason)) => Ok(Called::Invalid(reason)),
            Err(ExecuteError::State(error)) => Err(error),
        }
    }

    /// Makes a plain transfer. `None`: it is for the EVM to decide.
    pub(super) fn transfer_in_place(
        &mut self,
        transfer: &Transfer<'_>,
    ) -> Result<Option<Transferred>, ViewError<R::Error>> {
        let Self { calls, rules, .. } = self;
        calls.journal_mut().transfer(rules, transfer)
    }

    /// Whether nothing is to be written down.
    pub(super) fn is_settled(&mut self) -> bool {
        self.calls.journal_mut().is_empty()
    }

    /// Writes everything down, if it is time for that.
    #[inline]
    pub(super) fn settle_if_due(&mut self) {
        if self.calls.journal_mut().is_due() {
            self.settle();
        }
    }

    /// Writes everything down.
    pub(super) fn settle(&mut self) {
        self.calls.journal_mut().settle(|kept, view| view.memory().write_kept(kept));
    }

    /// The same for a group, if it is time for that. `false`: it may not.
    #[inline]
    pub(super) fn settle_apart_if_due(&mut self, by: Claimant, undo: &mut Undo) -> bool {
        !self.calls.journal_mut().is_due() || self.settle_apart(by, undo)
    }

    /// Writes everything down for a group. `false`: it may not, and some of it may be written.
    pub(super) fn settle_apart(&mut self, by: Claimant, undo: &mut Undo) -> bool {
        let write =
            |kept: &_, view: &super::view::View<R>| view.memory().write_claimed(kept, by, undo);
        self.calls.journal_mut().settle(write)
    }

    /// Forgets what was not written down.
    pub(super) fn forget(&mut self) {
        self.calls.journal_mut().forget();
    }
}
