//! What a simulation pretends about state and block.

use alloc::collections::BTreeMap;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use revm::context::BlockEnv;
use state::{Account, AccountDiff, Overlay, StateDiff, StateReader};

/// Accounts to change before a simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateOverrides {
    /// By address.
    pub accounts: BTreeMap<Address, AccountOverride>,
}

/// What to pretend about one account; absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountOverride {
    /// Balance in wei.
    pub balance: Option<U256>,
    /// Nonce.
    pub nonce: Option<u64>,
    /// Code.
    pub code: Option<Bytes>,
    /// Replaces the whole storage.
    pub storage: Option<BTreeMap<U256, U256>>,
    /// Replaces single slots, after `storage`.
    pub storage_diff: BTreeMap<U256, U256>,
}

impl StateOverrides {
    /// Lays the overrides over `state`.
    pub(super) fn apply<R: StateReader>(&self, state: &mut Overlay<R>) -> Result<(), R::Error> {
        let mut diff = StateDiff::default();
        for (address, change) in &self.accounts {
            let mut account: Account = state.account(address)?.unwrap_or_default();
            account.balance = change.balance.unwrap_or(account.balance);
            account.nonce = change.nonce.unwrap_or(account.nonce);
            if let Some(code) = &change.code {
                account.code_hash = if code.is_empty() { KECCAK256_EMPTY } else { keccak256(code) };
                diff.codes.insert(account.code_hash, code.clone());
            }
            let mut storage = change.storage.clone().unwrap_or_default();
            storage.extend(&change.storage_diff);
            let account = Some(account);
            let storage_cleared = change.storage.is_some();
            diff.accounts.insert(*address, AccountDiff { account, storage_cleared, storage });
        }
        state.apply(&diff);
        Ok(())
    }
}

/// Block values to pretend; absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockOverrides {
    /// Block number.
    pub number: Option<u64>,
    /// Timestamp, in seconds.
    pub timestamp: Option<u64>,
    /// Gas limit.
    pub gas_limit: Option<u64>,
    /// Base fee, in wei.
    pub base_fee: Option<u64>,
    /// Fee recipient.
    pub fee_recipient: Option<Address>,
    /// `PREVRANDAO`.
    pub prev_randao: Option<B256>,
    /// Hashes that `BLOCKHASH` answers.
    pub block_hashes: BTreeMap<u64, B256>,
}

impl BlockOverrides {
    pub(super) fn apply(&self, block: &mut BlockEnv) {
        block.number = self.number.map_or(block.number, U256::from);
        block.timestamp = self.timestamp.map_or(block.timestamp, U256::from);
        block.gas_limit = self.gas_limit.unwrap_or(block.gas_limit);
        block.basefee = self.base_fee.unwrap_or(block.basefee);
        block.beneficiary = self.fee_recipient.unwrap_or(block.beneficiary);
        block.prevrandao = self.prev_randao.or(block.prevrandao);
    }

    pub(super) fn apply_hashes<R>(&self, state: &mut Overlay<R>) {
        for (number, hash) in &self.block_hashes {
            state.set_block_hash(*number, *hash);
        }
    }
}
