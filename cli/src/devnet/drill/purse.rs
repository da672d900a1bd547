//! What the sides of a dispute spend on gas.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, U256},
    rpc::types::TransactionReceipt,
};

/// Gas of each account's transactions to the oracle.
#[derive(Debug, Default)]
pub(super) struct Purse {
    spent: BTreeMap<Address, Spent>,
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
