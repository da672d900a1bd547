//! Writing down what a ledger keeps.

use state::StateReader;

use super::{KEPT_ACCOUNTS_MAX, KEPT_SLOTS_MAX, Kept, Ledger};
use crate::parallel::view::View;

impl<R: StateReader> Ledger<R> {
    /// Whether what is kept has to be written down before the next transaction.
    pub(in crate::parallel) const fn is_due(&self) -> bool {
        self.is_odd
            || self.kept.accounts.len() > KEPT_ACCOUNTS_MAX
            || self.kept.slots.len() > KEPT_SLOTS_MAX
    }

    /// Whether it had better be before more is looked at.
    pub(in crate::parallel) const fn is_half_full(&self) -> bool {
        self.kept.accounts.len() * 2 > KEPT_ACCOUNTS_MAX
            || self.kept.slots.len() * 2 > KEPT_SLOTS_MAX
    }

    /// Lets `write` write everything down, and keeps nothing.
    pub(in crate::parallel) fn settle<T>(&mut self, write: impl FnOnce(&Kept, &View<R>) -> T) -> T {
        let written = write(&self.kept, &self.database.reader);
        self.forget();
        written
    }

    /// Keeps nothing.
    pub(in crate::parallel) fn forget(&mut self) {
        debug_assert!(self.changes.is_empty(), "no transaction is running");
        self.kept.clear();
        self.number = 1;
        self.is_odd = false;
    }
}
