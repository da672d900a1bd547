//! A ledger as revm's journal.

use alloy_primitives::{
    Address, B256, Log, U256,
    map::{AddressMap, AddressSet, HashSet},
};
use revm::{
    bytecode::Bytecode,
    context::{
        JournalTr,
        journaled_state::{
            AccountInfoLoad, AccountLoad, JournalCheckpoint, JournalLoadError, TransferError,
            account::JournaledAccountTr as _,
        },
    },
    context_interface::context::{SStoreResult, SelfDestructResult, StateLoad},
    primitives::{KECCAK_EMPTY, hardfork::SpecId},
    state::Account,
};
use state::StateReader;

use super::{Change, Kept, Ledger, LoadError, StoreError, account::OneAccount};
use crate::{StateDatabase, parallel::view::View};

impl<R: StateReader> Ledger<R> {
    /// Looks at a slot and changes it.
    pub(super) fn store_slot(
        &mut self,
        of: usize,
        key: &U256,
        new: U256,
        skip_cold: bool,
    ) -> Result<StateLoad<SStoreResult>, LoadError<R>> {
        self.touch(of);
        let (number, is_cold) = self.load_slot(of, key, skip_cold)?;
        let slot = &mut self.kept.slots[number].now;
        let (original_value, present_value) = (slot.original_value, slot.present_value);
        if present_value != new {
            slot.present_value = new;
            self.changes.push(Change::Slot(number, present_value));
        }
        let stored = SStoreResult { original_value, present_value, new_value: new };
        Ok(StateLoad::new(stored, is_cold))
    }

    /// Somebody has raised a nonce behind the ledger's back.
    fn note_raised_nonce(&mut self, number: usize) {
        let before = self.kept.accounts[number].now.info.nonce.saturating_sub(1);
        self.changes.push(Change::Nonce(number, before));
    }

    fn one(&mut self, (number, is_cold): (usize, bool)) -> StateLoad<OneAccount<'_, R>> {
        StateLoad::new(OneAccount { ledger: self, number }, is_cold)
    }
}

impl<R: StateReader> JournalTr for Ledger<R> {
    type Database = StateDatabase<View<R>>;
    type State = Kept;
    type JournaledAccount<'a>
        = OneAccount<'a, R>
    where
        R: 'a;

    fn new(database: Self::Database) -> Self {
        Self {
            database,
            kept: Kept::default(),
            wanted: Default::default(),
            number: 1,
            changes: Vec::new(),
            transient: Default::default(),
            logs: Vec::new(),
            depth: 0,
            warm: Default::default(),
            spec: SpecId::default(),
            is_odd: false,
        }
    }

    fn db_and_state(&self) -> (&Self::Database, &Self::State) {
        (&self.database, &self.kept)
    }

    fn db_and_state_mut(&mut self) -> (&mut Self::Database, &mut Self::State) {
        (&mut self.database, &mut self.kept)
    }

    #[inline]
    fn sload_skip_cold_load(
        &mut self,
        address: Address,
        key: U256,
        skip_cold_load: bool,
    ) -> Result<StateLoad<U256>, LoadError<R>> {
        let (of, _) = self.load(&address, false)?;
        let (number, is_cold) = self.load_slot(of, &key, skip_cold_load)?;
        Ok(StateLoad::new(self.kept.slots[number].now.present_value, is_cold))
    }

    #[inline]
    fn sstore_skip_cold_load(
        &mut self,
        address: Address,
        key: U256,
        value: U256,
        skip_cold_load: bool,
    ) -> Result<StateLoad<SStoreResult>, LoadError<R>> {
        let (of, _) = self.load(&address, false)?;
        self.store_slot(of, &key, value, skip_cold_load)
    }

    fn tload(&mut self, address: Address, key: U256) -> U256 {
        self.transient.get(&(address, key)).copied().unwrap_or_default()
    }

    fn tstore(&mut self, address: Address, key: U256, value: U256) {
        let before = self.transient.insert((address, key), value).unwrap_or_default();
        if before != value {
            self.changes.push(Change::Transient(Box::new((address, key, before))));
        }
    }

    fn log(&mut self, log: Log) {
        self.logs.push(log);
    }

    fn take_logs(&mut self) -> Vec<Log> {
        std::mem::take(&mut self.logs)
    }

    fn logs(&self) -> &[Log] {
        &self.logs
    }

    fn selfdestruct(
        &mut self,
        address: Address,
        target: Address,
        skip_cold_load: bool,
    ) -> Result<StateLoad<SelfDestructResult>, LoadError<R>> {
        let (to, is_cold) = self.load(&target, skip_cold_load)?;
        let target_exists = !self.kept.accounts[to].now.is_empty();
        let from = self.loaded(&address);
        let account = &self.kept.accounts[from];
        let (balance, previously_destroyed) = (account.now.info.balance, account.is_destroyed);
        let is_destroyed = account.is_created || !self.spec.is_enabled_in(SpecId::CANCUN);
        if from != to {
            // Ether is far too little to overflow.
            let sum = self.kept.accounts[to].now.info.balance.wrapping_add(balance);
            self.touch(to);
            self.change_balance(to, sum);
        }
        if from != to || is_destroyed {
            self.change_balance(from, U256::ZERO);
        }
        if is_destroyed && !previously_destroyed {
            self.kept.accounts[from].is_destroyed = true;
            self.changes.push(Change::Destroyed(from));
        }
        let had_value = !balance.is_zero();
        let done = SelfDestructResult {
            had_value,
            target_exists,
            previously_destroyed: is_destroyed && previously_destroyed,
        };
        Ok(StateLoad::new(done, is_cold))
    }

    fn warm_access_list(&mut self, access_list: AddressMap<HashSet<U256>>) {
        self.warm.set_access_list(access_list);
    }

    fn warm_coinbase_account(&mut self, address: Address) {
        self.warm.set_coinbase(address);
    }

    fn warm_precompiles(&mut self, addresses: &AddressSet) {
        self.warm.set_precompile_addresses(addresses);
    }

    fn precompile_addresses(&self) -> &AddressSet {
        self.warm.precompiles()
    }

    fn set_spec_id(&mut self, spec_id: SpecId) {
        self.spec = spec_id;
    }

    fn set_eip7708_config(&mut self, _: bool, _: bool) {
        debug_assert!(Self::knows(self.spec), "both are of rules that are not known here");
    }

    fn touch_account(&mut self, address: Address) {
        if let Some(number) = self.kept.account(&address) {
            self.touch(number);
        }
    }

    fn transfer(
        &mut self,
        from: Address,
        to: Address,
        balance: U256,
    ) -> Result<Option<TransferError>, StoreError<R>> {
        self.load_account(from)?;
        self.load_account(to)?;
        Ok(self.transfer_loaded(from, to, balance))
    }

    fn transfer_loaded(
        &mut self,
        from: Address,
        to: Address,
        balance: U256,
    ) -> Option<TransferError> {
        let (from, to) = (self.loaded(&from), self.loaded(&to));
        self.move_value(from, to, balance)
    }

    fn caller_accounting_journal_entry(&mut self, address: Address, old: U256, bumps_nonce: bool) {
        let number = self.loaded(&address);
        self.changes.push(Change::Balance(number, old));
        self.touch(number);
        if bumps_nonce {
            self.note_raised_nonce(number);
        }
    }

    fn balance_incr(&mut self, address: Address, balance: U256) -> Result<(), StoreError<R>> {
        self.load_account_mut(address)?.incr_balance(balance);
        Ok(())
    }

    fn nonce_bump_journal_entry(&mut self, address: Address) {
        let number = self.loaded(&address);
        self.note_raised_nonce(number);
    }

    fn load_account(&mut self, address: Address) -> Result<StateLoad<&Account>, StoreError<R>> {
        Ok(self.load_account_mut(address)?.map(OneAccount::into_account))
    }

    fn load_account_with_code(
        &mut self,
        address: Address,
    ) -> Result<StateLoad<&Account>, StoreError<R>> {
        Ok(self.load_account_with_code_mut(address)?.map(OneAccount::into_account))
    }

    fn load_account_delegated(
        &mut self,
        address: Address,
    ) -> Result<StateLoad<AccountLoad>, StoreError<R>> {
        let StateLoad { data: account, is_cold } = self.load_account_with_code(address)?;
        let is_empty = account.is_empty();
        let target = account.info.code.as_ref().and_then(Bytecode::eip7702_address);
        let target = target.filter(|_| self.spec.is_enabled_in(SpecId::PRAGUE));
        let is_delegate_account_cold = match target {
            Some(target) => Some(self.load_account_with_code(target)?.is_cold),
            None => None,
        };
        Ok(StateLoad::new(AccountLoad { is_delegate_account_cold, is_empty }, is_cold))
    }

    #[inline]
    fn load_account_mut_skip_cold_load(
        &mut self,
        address: Address,
        skip_cold_load: bool,
    ) -> Result<StateLoad<OneAccount<'_, R>>, LoadError<R>> {
        let loaded = self.load(&address, skip_cold_load)?;
        Ok(self.one(loaded))
    }

    #[inline]
    fn load_account_mut_optional_code(
        &mut self,
        address: Address,
        load_code: bool,
    ) -> Result<StateLoad<OneAccount<'_, R>>, StoreError<R>> {
        let loaded = match load_code {
            true => self.load_with_code(&address, false),
            false => self.load(&address, false),
        };
        let loaded = loaded.map_err(JournalLoadError::unwrap_db_error)?;
        Ok(self.one(loaded))
    }

    fn set_code_with_hash(&mut self, address: Address, code: Bytecode, hash: B256) {
        let number = self.loaded(&address);
        self.set_code(number, hash, code);
    }

    fn checkpoint(&mut self) -> JournalCheckpoint {
        self.depth += 1;
        let (log_i, journal_i) = (self.logs.len(), self.changes.len());
        JournalCheckpoint { log_i, journal_i, selfdestructed_i: 0 }
    }

    fn checkpoint_commit(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn checkpoint_revert(&mut self, checkpoint: JournalCheckpoint) {
        self.depth = self.depth.saturating_sub(1);
        self.logs.truncate(checkpoint.log_i);
        if checkpoint.journal_i < self.changes.len() {
            self.undo(checkpoint.journal_i);
        }
    }

    fn create_account_checkpoint(
        &mut self,
        caller: Address,
        address: Address,
        balance: U256,
        _: SpecId,
    ) -> Result<JournalCheckpoint, TransferError> {
        let checkpoint = self.checkpoint();
        let (from, to) = (self.loaded(&caller), self.loaded(&address));
        let account = &mut self.kept.accounts[to];
        if account.now.info.code_hash != KECCAK_EMPTY || account.now.info.nonce != 0 {
            self.checkpoint_revert(checkpoint);
            return Err(TransferError::CreateCollision);
        }
        account.is_created = true;
        account.now.info.code = None;
        self.changes.push(Change::Created(to));
        // A contract starts with nonce 1 (EIP-161).
        OneAccount { ledger: self, number: to }.set_nonce(1);
        match self.move_value(from, to, balance) {
            Some(error) => {
                self.checkpoint_revert(checkpoint);
                Err(error)
            }
            None => Ok(checkpoint),
        }
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn commit_tx(&mut self) {
        self.close();
    }

    fn discard_tx(&mut self) {
        self.undo(0);
        self.end();
    }

    /// Gives everything up that is kept.
    fn finalize(&mut self) -> Self::State {
        self.discard_tx();
        let kept = std::mem::take(&mut self.kept);
        self.forget();
        kept
    }

    #[inline]
    fn load_account_info_skip_cold_load(
        &mut self,
        address: Address,
        load_code: bool,
        skip_cold_load: bool,
    ) -> Result<AccountInfoLoad<'_>, LoadError<R>> {
        let (number, is_cold) = match load_code {
            true => self.load_with_code(&address, skip_cold_load)?,
            false => self.load(&address, skip_cold_load)?,
        };
        let account = &self.kept.accounts[number].now;
        Ok(AccountInfoLoad::new(&account.info, is_cold, account.is_empty()))
    }
}
