//! Looks at many accounts and slots at once, where nobody runs ahead.

use alloy_primitives::Address;
use state::{Account, StateReader};

use super::{AccountValue, Claimant, Memory, Place, SlotKey};
use alloy_primitives::U256;

impl<R: StateReader> Memory<R> {
    /// Looks at accounts, and says where they are.
    pub(in crate::parallel) fn look(&self, addresses: &[Address]) -> Result<Vec<Place>, R::Error> {
        self.accounts.look(addresses, None, |address| self.stored_account(address), |_, _, _| {})
    }

    /// Looks at accounts, for a group if there is one, and tells `seen` of each that may be looked at, by its position.
    pub(in crate::parallel) fn look_at_accounts(
        &self,
        addresses: &[Address],
        by: Option<Claimant>,
        mut seen: impl FnMut(usize, Place, Option<Account>),
    ) -> Result<(), R::Error> {
        let seen = |at, place, value: &AccountValue| seen(at, place, value.account);
        self.accounts.look(addresses, by, |address| self.stored_account(address), seen).map(drop)
    }

    /// The same for slots.
    pub(in crate::parallel) fn look_at_slots(
        &self,
        keys: &[SlotKey],
        by: Option<Claimant>,
        mut seen: impl FnMut(usize, Place, U256),
    ) -> Result<(), R::Error> {
        let seen = |at, place, value: &U256| seen(at, place, *value);
        self.slots.look(keys, by, |key| self.stored_slot(key), seen).map(drop)
    }

    fn stored_account(&self, address: &Address) -> Result<AccountValue, R::Error> {
        Ok(AccountValue { account: self.store.account(address)?, clears: false })
    }
}
