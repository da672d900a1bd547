//! What a transaction left, as a diff, by the rules of its fork.

use alloy::primitives::{Address, U256};
use executor::SpecId;
use revm::state::EvmState;
use state::{Account, AccountDiff, MemoryState, StateDiff, StateReader as _};

/// The changes of one journal. Before Spurious Dragon an account that was touched stays, or comes to be, though empty.
pub(super) fn diff_of(changes: &EvmState, spec: SpecId) -> StateDiff {
    let mut diff = executor::state_diff(changes);
    if spec >= SpecId::SPURIOUS_DRAGON {
        return diff;
    }
    for (address, account) in changes {
        if account.is_touched() && account.is_empty() && !account.is_selfdestructed() {
            let storage = account.changed_storage_slots();
            let storage = storage.map(|(slot, value)| (*slot, value.present_value)).collect();
            let change = AccountDiff {
                account: Some(Account::default()),
                storage_cleared: account.is_created(),
                storage,
            };
            diff.accounts.insert(*address, change);
        }
    }
    diff
}

/// The change that adds to a balance.
pub(super) fn credit(state: &MemoryState, address: Address, wei: U256) -> StateDiff {
    let mut account = state.account(&address).unwrap().unwrap_or_default();
    account.balance += wei;
    let change = AccountDiff { account: Some(account), ..AccountDiff::default() };
    StateDiff { accounts: [(address, change)].into(), ..StateDiff::default() }
}
