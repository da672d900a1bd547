//! A [`StateReader`] as revm wants to read it. Not a cache of state: every read goes to the reader.
//!
//! Invariant: only analysed code is kept, under the hash that it was read by, and code of a hash never changes.

use alloy_primitives::{Address, B256, U256, map::B256Map};
use revm::{
    Database, DatabaseRef,
    database_interface::DBErrorMarker,
    state::{AccountInfo, Bytecode},
};
use state::{Account, StateReader};

use crate::codes::analysed;

/// A state reader inside the EVM.
#[derive(Debug)]
pub struct StateDatabase<R> {
    /// Where every read goes.
    pub reader: R,
    /// Jump destinations are found once per code. Lives as long as one block, so block gas bounds it.
    analysed: B256Map<Bytecode>,
}

impl<R> StateDatabase<R> {
    /// Reads through `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, analysed: B256Map::default() }
    }
}

impl<R: StateReader> Database for StateDatabase<R> {
    type Error = ReadError<R::Error>;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        self.basic_ref(address)
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Self::Error> {
        if let Some(code) = self.analysed.get(&hash) {
            return Ok(code.clone());
        }
        let code = self.code_by_hash_ref(hash)?;
        self.analysed.insert(hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        self.reader.storage(&address, &slot).map_err(ReadError)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Self::Error> {
        self.reader.block_hash(number).map_err(ReadError)
    }
}

/// For tracers, which look at the state behind the back of the EVM.
impl<R: StateReader> DatabaseRef for StateDatabase<R> {
    type Error = ReadError<R::Error>;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        let account = self.reader.account(&address).map_err(ReadError)?;
        Ok(account.map(account_info))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Self::Error> {
        let raw = self.reader.code(&hash).map_err(ReadError)?;
        Ok(analysed(hash, raw))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        self.reader.storage(&address, &slot).map_err(ReadError)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Self::Error> {
        self.reader.block_hash(number).map_err(ReadError)
    }
}

/// An account as revm wants it, without its code.
pub(crate) const fn account_info(account: Account) -> AccountInfo {
    let Account { nonce, balance, code_hash } = account;
    AccountInfo { balance, nonce, code_hash, account_id: None, code: None }
}

/// A failed read on its way through revm, which asks for a marker on its error type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct ReadError<E: core::error::Error>(pub E);

impl<E: core::error::Error + Send + Sync + 'static> DBErrorMarker for ReadError<E> {}
