//! What the sides of a dispute spend on gas, and that the oracle has every bond that it was given and has not paid out.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, U256},
    rpc::types::TransactionReceipt,
};

/// Money that goes to the oracle and comes from it, and the gas of each account's transactions to it.
#[derive(Debug, Default)]
pub(super) struct Purse {
    spent: BTreeMap<Address, Spent>,
    /// What the oracle had in the beginning, in wei.
    before: U256,
    put_down: U256,
    paid_out: U256,
}

/// What one account spent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) transactions: u64,
    pub(super) gas: u64,
    /// In wei.
    pub(super) cost: U256,
}

impl Purse {
    /// When the oracle has this much.
    pub(super) fn new(before: U256) -> Self {
        Self { before, ..Self::default() }
    }

    /// A transaction put down a bond.
    pub(super) fn put_down(&mut self, amount: U256) {
        self.put_down = self.put_down.saturating_add(amount);
    }

    /// The oracle has paid somebody.
    pub(super) fn pay_out(&mut self, amount: U256) {
        self.paid_out = self.paid_out.saturating_add(amount);
    }

    /// Bonds that were put down, and what was paid out of them.
    pub(super) const fn bonds(&self) -> [U256; 2] {
        [self.put_down, self.paid_out]
    }

    /// What the oracle must have now; `None` if it has paid more than it was given.
    pub(super) fn held(&self) -> Option<U256> {
        self.before.checked_add(self.put_down)?.checked_sub(self.paid_out)
    }

    pub(super) fn pay(&mut self, receipt: &TransactionReceipt) {
        let spent = self.spent.entry(receipt.from).or_default();
        spent.transactions += 1;
        spent.gas = spent.gas.saturating_add(receipt.gas_used);
        let cost = U256::from(receipt.gas_used) * U256::from(receipt.effective_gas_price);
        spent.cost = spent.cost.saturating_add(cost);
    }

    pub(super) fn of(&self, account: Address) -> Spent {
        self.spent.get(&account).copied().unwrap_or_default()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Address, Spent)> + '_ {
        self.spent.iter().map(|(account, spent)| (*account, *spent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_down_is_held_until_it_is_paid_out() {
        let mut purse = Purse::new(U256::from(10));
        assert_eq!(purse.held(), Some(U256::from(10)));
        purse.put_down(U256::from(5));
        purse.put_down(U256::from(2));
        purse.pay_out(U256::from(9));
        assert_eq!((purse.held(), purse.bonds()), (Some(U256::from(8)), [7, 9].map(U256::from)));
        purse.pay_out(U256::from(9));
        assert_eq!(purse.held(), None);
    }
}
