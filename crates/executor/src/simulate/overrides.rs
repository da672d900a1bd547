//! What a simulation pretends about state and block.

use alloc::collections::BTreeMap;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use revm::{context::BlockEnv, context_interface::block::BlobExcessGasAndPrice};
use state::{Account, AccountDiff, Overlay, StateDiff, StateReader};

use crate::{env::NO_BLOBS, evm::MovedPrecompiles};

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
    /// Moves the precompiled contract that is here to this address; only where whole blocks are simulated.
    pub move_precompile_to: Option<Address>,
}

/// Overrides that contradict one another, or one that cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// Only precompiled contracts can be moved.
    #[error("account {0} is not a precompile")]
    NotPrecompile(Address),
    /// The place to which a precompiled contract is to move is overridden too.
    #[error("account {0} is already overridden")]
    Occupied(Address),
}

impl StateOverrides {
    /// Where the overrides leave the precompiled contracts: whoever overrides the account of one replaces or moves it.
    pub(crate) fn moved_precompiles(
        &self,
        is_precompile: impl Fn(&Address) -> bool,
    ) -> Result<MovedPrecompiles, OverrideError> {
        let mut moved = MovedPrecompiles::new();
        for (address, change) in &self.accounts {
            if let Some(target) = change.move_precompile_to {
                if !is_precompile(address) {
                    return Err(OverrideError::NotPrecompile(*address));
                }
                if self.accounts.contains_key(&target) {
                    return Err(OverrideError::Occupied(target));
                }
                moved.insert(target, Some(*address));
            }
            if is_precompile(address) {
                moved.insert(*address, None);
            }
        }
        Ok(moved)
    }

    /// Lays the overrides over `state`.
    pub(super) fn apply<R: StateReader>(&self, state: &mut Overlay<R>) -> Result<(), R::Error> {
        let mut diff = StateDiff::default();
        for (address, change) in &self.accounts {
            if change.changes_nothing() {
                continue;
            }
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

impl AccountOverride {
    fn changes_nothing(&self) -> bool {
        *self == Self { move_precompile_to: self.move_precompile_to, ..Self::default() }
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
    /// Blob base fee, in wei.
    pub blob_base_fee: Option<u128>,
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
        if let Some(blob_gasprice) = self.blob_base_fee {
            let blobs = BlobExcessGasAndPrice { blob_gasprice, ..NO_BLOBS };
            block.blob_excess_gas_and_price = Some(blobs);
        }
    }

    pub(super) fn apply_hashes<R>(&self, state: &mut Overlay<R>) {
        for (number, hash) in &self.block_hashes {
            state.set_block_hash(*number, *hash);
        }
    }
}
