//! Fees that were paid and have not reached their receivers: sums, so that paying them orders no two transactions.
//!
//! Invariant: once they are paid out, every receiver is as if it had been paid by each transaction in turn.

use alloy_primitives::{Address, U256};
use state::{Account, StateReader};

use super::{
    memory::{Memory, Stamp, Turn},
    view::Vaults,
};
use crate::{Fees, changes::AccountChange, evm::Environment};

/// What the receivers have coming.
#[derive(Clone, Debug)]
pub(super) struct PendingFees {
    /// The beneficiary, and then those who get something other than the tip.
    receivers: [Option<Address>; 4],
    sums: [U256; 4],
    /// A transaction touches the beneficiary even with a tip of zero, and an empty account that is touched goes away.
    is_beneficiary_touched: bool,
}

impl PendingFees {
    pub(super) fn new(rules: &Environment) -> Self {
        let routing = &rules.routing;
        let receivers =
            [Some(rules.block.beneficiary), routing.base, Some(routing.l1), Some(routing.operator)];
        Self { receivers, sums: [U256::ZERO; 4], is_beneficiary_touched: false }
    }

    /// Everybody who may be paid.
    pub(super) fn vaults(&self) -> Vaults {
        let beneficiary = self.receivers[0].unwrap_or_default();
        Vaults(self.receivers.map(|receiver| receiver.unwrap_or(beneficiary)))
    }

    /// A user transaction has paid.
    pub(super) fn add(&mut self, fees: &Fees) {
        self.is_beneficiary_touched = true;
        let paid = [fees.tip, fees.base, fees.l1, fees.operator];
        for (sum, fee) in self.sums.iter_mut().zip(paid) {
            // The wei that exist fit.
            *sum = sum.saturating_add(fee);
        }
    }

    /// Others have paid so much.
    pub(super) fn add_all(&mut self, others: &Self) {
        self.is_beneficiary_touched |= others.is_beneficiary_touched;
        for (sum, fees) in self.sums.iter_mut().zip(others.sums) {
            *sum = sum.saturating_add(fees);
        }
    }

    /// Looks at everybody once, so that paying needs no store.
    pub(super) fn look<R: StateReader>(&self, memory: &Memory<R>) -> Result<(), R::Error> {
        for receiver in self.receivers.iter().flatten() {
            memory.account(receiver, Turn::MAX)?;
        }
        Ok(())
    }

    /// Pays everybody, before the transaction at `turn` runs; `None`: nothing is in flight.
    pub(super) fn pay_out<R: StateReader>(&mut self, memory: &Memory<R>, turn: Option<Turn>) {
        for (index, receiver) in self.receivers.into_iter().enumerate() {
            let is_touched = index == 0 && self.is_beneficiary_touched;
            let Some(receiver) = receiver else { continue };
            if self.sums[index].is_zero() && !is_touched {
                continue;
            }
            let (account, place) = memory.known_account(&receiver, turn.unwrap_or(Turn::MAX));
            let change = paid(account, self.sums[index]);
            match (change, turn) {
                (None, _) => {}
                (Some(change), None) => memory.write_account(&receiver, place, change),
                (Some(change), Some(turn)) => {
                    // As the last thing that the transaction before did; nobody ahead has read it.
                    let stamp = Stamp { turn: turn - 1, incarnation: u32::MAX };
                    memory.publish_account(place, stamp, change);
                }
            }
            self.sums[index] = U256::ZERO;
        }
        self.is_beneficiary_touched = false;
    }
}

/// What being paid does to an account; `None`: nothing.
fn paid(account: Option<Account>, sum: U256) -> Option<AccountChange> {
    if sum.is_zero() {
        let gone = AccountChange { after: None, clears_storage: true };
        return account.is_some_and(|account| account.is_empty()).then_some(gone);
    }
    let account = account.unwrap_or_default();
    let balance = account.balance.checked_add(sum)?;
    let after = Some(Account { balance, ..account });
    Some(AccountChange { after, clears_storage: false })
}
