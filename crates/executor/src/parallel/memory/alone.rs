//! Accounts for somebody who has the memory alone: no run is going on, and nothing is locked.

use alloy_primitives::Address;
use state::{Account, StateReader};

use super::{AccountValue, Memory, Place};
use crate::changes::AccountChange;

impl<R: StateReader> Memory<R> {
    /// Where an account is.
    pub(in crate::parallel) fn place_alone(&mut self, address: &Address) -> Place {
        self.accounts.place_mut(address)
    }

    /// Makes sure that it is known what stands at an account.
    pub(in crate::parallel) fn read_alone(
        &mut self,
        address: &Address,
        place: Place,
    ) -> Result<(), R::Error> {
        let standing = self.accounts.standing_mut(place);
        if standing.is_none() {
            let account = self.store.account(address)?;
            *standing = Some(AccountValue { account, clears: false });
        }
        Ok(())
    }

    /// Whether it is known what stands at an account.
    pub(in crate::parallel) fn is_known_alone(&mut self, place: Place) -> bool {
        self.accounts.standing_mut(place).is_some()
    }

    /// What stands at an account that was read.
    pub(in crate::parallel) fn standing_alone(&mut self, place: Place) -> Option<Account> {
        self.accounts.standing_mut(place).expect("read before").account
    }

    /// Makes the change of an account stand.
    pub(in crate::parallel) fn write_alone(
        &mut self,
        address: &Address,
        place: Place,
        change: AccountChange,
    ) {
        if change.clears_storage {
            self.write_account(address, place, change);
            return;
        }
        let standing = self.accounts.standing_mut(place);
        let clears = standing.is_some_and(|before| before.clears);
        *standing = Some(AccountValue { account: change.after, clears });
        self.accounts.written_mut(place);
    }
}
