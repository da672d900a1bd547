//! Conservation of ether: what a transaction makes and destroys, and what the state holds.

use alloy_primitives::U256;
use protocol::Transaction;
use state::MemoryState;

use crate::{Executed, RecoveredTransaction};

/// Sum of all balances.
pub(crate) fn total(state: &MemoryState) -> U256 {
    state.accounts().map(|(_, account)| account.balance).sum()
}

/// What a transaction mints: only a deposit does, and it keeps the mint even when it fails.
pub(crate) fn minted(tx: &RecoveredTransaction) -> U256 {
    match &tx.tx {
        Transaction::Deposit(deposit) => U256::from(deposit.mint),
        _ => U256::ZERO,
    }
}

/// What a transaction burns: the balance of contracts that it destroyed, if they got some after their SELFDESTRUCT.
pub(crate) fn burned(executed: &Executed) -> U256 {
    let destroyed = executed.changes.values().filter(|account| account.is_selfdestructed());
    destroyed.map(|account| account.info.balance).sum()
}
