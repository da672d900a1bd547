//! Looks at many accounts and slots at once, where nobody runs ahead.

use alloy_primitives::Address;
use state::{Account, StateReader};

use super::{AccountValue, Claimant, Memory, Place, SlotKey};
use alloy_primitives::U256;

impl<R: StateReader> Memory<R> {
    /// Looks at accounts, and says where they are.
    pub(in crate::parallel) fn look(&self, addresses: &[Address]) -> Result<Vec<Place>, R::Error> {
        self.accounts.look(
            addresses,
            None,
            |addresses| self.stored_accounts(addresses),
            |_, _, _| {},
        )
    }

    /// Looks at accounts, for a group if there is one, and tells `seen` of each that may be looked at, by its position.
    pub(in crate::parallel) fn look_at_accounts(
        &self,
        addresses: &[Address],
        by: Option<Claimant>,
        mut seen: impl FnMut(usize, Place, Option<Account>),
    ) -> Result<(), R::Error> {
        let seen = |at, place, value: &AccountValue| seen(at, place, value.account);
        self.accounts
            .look(addresses, by, |addresses| self.stored_accounts(addresses), seen)
            .map(drop)
    }

    /// The same for slots.
    pub(in crate::parallel) fn look_at_slots(
        &self,
        keys: &[SlotKey],
        by: Option<Claimant>,
        mut seen: impl FnMut(usize, Place, U256),
    ) -> Result<(), R::Error> {
        let seen = |at, place, value: &U256| seen(at, place, *value);
        self.slots.look(keys, by, |keys| self.stored_slots(keys), seen).map(drop)
    }

    fn stored_accounts(&self, addresses: &[Address]) -> Result<Vec<AccountValue>, R::Error> {
        let accounts = self.store.accounts(addresses)?.into_iter();
        Ok(accounts.map(|account| AccountValue { account, clears: false }).collect())
    }

    fn stored_slots(&self, keys: &[SlotKey]) -> Result<Vec<U256>, R::Error> {
        let mut values = self.store.slots(keys)?;
        for (value, (address, _)) in values.iter_mut().zip(keys) {
            // Gone with its account.
            if self.is_void(address) {
                *value = U256::ZERO;
            }
        }
        Ok(values)
    }
}
