//! One account of a ledger, as revm wants to change it.

use alloy_primitives::{Address, B256, U256};
use revm::{
    bytecode::Bytecode,
    context::{
        ErasedError,
        journaled_state::{JournalLoadErasedError, account::JournaledAccountTr},
    },
    context_interface::context::{SStoreResult, StateLoad},
    primitives::KECCAK_EMPTY,
    state::{Account, EvmStorageSlot},
};
use state::StateReader;

use super::Ledger;

/// An account that the running transaction has looked at.
#[derive(Debug)]
pub(in crate::parallel) struct OneAccount<'a, R: StateReader> {
    pub(super) ledger: &'a mut Ledger<R>,
    pub(super) number: usize,
}

impl<'a, R: StateReader> OneAccount<'a, R> {
    pub(super) fn into_account(self) -> &'a Account {
        &self.ledger.kept.accounts[self.number].now
    }
}

impl<R: StateReader> JournaledAccountTr for OneAccount<'_, R> {
    fn account(&self) -> &Account {
        &self.ledger.kept.accounts[self.number].now
    }

    fn sload(
        &mut self,
        key: U256,
        skip_cold_load: bool,
    ) -> Result<StateLoad<&mut EvmStorageSlot>, JournalLoadErasedError> {
        let loaded = self.ledger.load_slot(self.number, &key, skip_cold_load);
        let (number, is_cold) = loaded.map_err(|error| error.map(ErasedError::new))?;
        Ok(StateLoad::new(&mut self.ledger.kept.slots[number].now, is_cold))
    }

    fn sstore(
        &mut self,
        key: U256,
        new: U256,
        skip_cold_load: bool,
    ) -> Result<StateLoad<SStoreResult>, JournalLoadErasedError> {
        let stored = self.ledger.store_slot(self.number, &key, new, skip_cold_load);
        stored.map_err(|error| error.map(ErasedError::new))
    }

    fn load_code(&mut self) -> Result<&Bytecode, JournalLoadErasedError> {
        let code = self.ledger.load_code(self.number);
        code.map_err(|error| JournalLoadErasedError::from(ErasedError::new(error)))
    }

    fn balance(&self) -> &U256 {
        &self.account().info.balance
    }

    fn nonce(&self) -> u64 {
        self.account().info.nonce
    }

    fn code_hash(&self) -> &B256 {
        &self.account().info.code_hash
    }

    fn code(&self) -> Option<&Bytecode> {
        self.account().info.code.as_ref()
    }

    fn touch(&mut self) {
        self.ledger.touch(self.number);
    }

    fn unsafe_mark_cold(&mut self) {
        self.ledger.kept.accounts[self.number].looked = 0;
    }

    fn set_balance(&mut self, balance: U256) {
        self.touch();
        self.ledger.change_balance(self.number, balance);
    }

    fn incr_balance(&mut self, balance: U256) -> bool {
        self.touch();
        let sum = self.balance().checked_add(balance);
        sum.map(|sum| self.ledger.change_balance(self.number, sum)).is_some()
    }

    fn decr_balance(&mut self, balance: U256) -> bool {
        self.touch();
        let left = self.balance().checked_sub(balance);
        left.map(|left| self.ledger.change_balance(self.number, left)).is_some()
    }

    fn bump_nonce(&mut self) -> bool {
        self.touch();
        let next = self.nonce().checked_add(1);
        next.map(|next| self.ledger.set_nonce(self.number, next)).is_some()
    }

    fn set_nonce(&mut self, nonce: u64) {
        self.ledger.set_nonce(self.number, nonce);
    }

    fn unsafe_set_nonce(&mut self, nonce: u64) {
        self.ledger.kept.accounts[self.number].now.info.nonce = nonce;
    }

    fn set_code(&mut self, code_hash: B256, code: Bytecode) {
        self.ledger.set_code(self.number, code_hash, code);
    }

    fn set_code_and_hash_slow(&mut self, code: Bytecode) {
        self.set_code(code.hash_slow(), code);
    }

    fn delegate(&mut self, address: Address) {
        if address.is_zero() {
            self.set_code(KECCAK_EMPTY, Bytecode::default());
        } else {
            self.set_code_and_hash_slow(Bytecode::new_eip7702(address));
        }
        self.bump_nonce();
    }
}
