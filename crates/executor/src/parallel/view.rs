//! The state as one transaction sees it, and the notes of what it looked at.

use std::{
    cell::{Cell, Ref, RefCell},
    sync::Arc,
};

use alloy_primitives::{Address, B256, Bytes, U256};
use state::{Account, StateReader};

use super::memory::{Claimant, Memory, Notes, Place, Read, SlotKey, Turn};

/// Everybody whom fees go to. Fees are summed up aside, so what stands at these accounts is not what a transaction is to
/// see of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vaults(pub [Address; 4]);

impl Vaults {
    pub(super) fn contains(&self, address: &Address) -> bool {
        self.0.contains(address)
    }
}

/// A reader for one thread, which runs one transaction after the other on it.
#[derive(Debug)]
pub(super) struct View<R> {
    /// `None` between runs.
    memory: Option<Arc<Memory<R>>>,
    vaults: Vaults,
    turn: Cell<Turn>,
    watch: Cell<Watch>,
    notes: RefCell<Notes>,
}

/// How closely a view looks at its reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// The transaction runs ahead of others; no read of a vault is answered.
    Ahead,
    /// Everything before the transaction stands, but vaults are not up to date and not answered for.
    AtHead,
    /// Vaults are up to date as well.
    Exact,
    /// The transaction runs in a group, with nothing of others in front of it; no read of a vault is answered, nor one of
    /// what another group has written.
    Apart(Claimant),
}

/// Why a read was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ViewError<E: core::error::Error + 'static> {
    /// The store failed.
    #[error(transparent)]
    Store(E),
    /// The transaction looks at an account that fees go to.
    #[error("the balance of a fee vault is not known yet")]
    Vault,
    /// The transaction looks at what another group of transactions has written.
    #[error("another group of transactions writes there")]
    Met,
}

impl<R: StateReader> View<R> {
    pub(super) fn new(vaults: Vaults) -> Self {
        Self {
            memory: None,
            vaults,
            turn: Cell::new(0),
            watch: Cell::new(Watch::Exact),
            notes: RefCell::default(),
        }
    }

    /// The next transaction runs at `turn`.
    pub(super) fn begin(&self, turn: Turn, watch: Watch) {
        self.turn.set(turn);
        self.watch.set(watch);
        self.notes.borrow_mut().clear();
    }

    /// What was read since [`Self::begin`].
    pub(super) fn notes(&self) -> Ref<'_, Notes> {
        self.notes.borrow()
    }

    pub(super) fn memory(&self) -> &Arc<Memory<R>> {
        self.memory.as_ref().expect("attached before anything is run")
    }

    /// From now on it shows this memory.
    pub(super) fn attach(&mut self, memory: Arc<Memory<R>>) {
        self.memory = Some(memory);
    }

    /// Lets go of the memory.
    pub(super) fn detach(&mut self) {
        self.memory = None;
    }

    /// The group that it is for.
    pub(super) fn claimant(&self) -> Option<Claimant> {
        match self.watch.get() {
            Watch::Apart(by) => Some(by),
            _ => None,
        }
    }

    pub(super) const fn vaults(&self) -> &Vaults {
        &self.vaults
    }
}

impl<R: StateReader> View<R> {
    /// The account, and where it is, without a note.
    pub(super) fn look_account(
        &self,
        address: &Address,
    ) -> Result<(Option<Account>, Place), ViewError<R::Error>> {
        let (account, read) = self.read_account(address)?;
        Ok((account, read.at()))
    }

    /// The slot, and where it is, without a note.
    pub(super) fn look_slot(
        &self,
        address: &Address,
        slot: &U256,
    ) -> Result<(U256, Place), ViewError<R::Error>> {
        let (value, read) = self.read_slot(&(*address, *slot))?;
        Ok((value, read.at()))
    }

    fn read_account(
        &self,
        address: &Address,
    ) -> Result<(Option<Account>, Read), ViewError<R::Error>> {
        if self.watch.get() != Watch::Exact && self.vaults.contains(address) {
            return Err(ViewError::Vault);
        }
        match self.watch.get() {
            Watch::Apart(by) => {
                let found = self.memory().account_claimed(address, by);
                found.map_err(ViewError::Store)?.ok_or(ViewError::Met)
            }
            _ => self.memory().account(address, self.turn.get()).map_err(ViewError::Store),
        }
    }

    fn read_slot(&self, key: &SlotKey) -> Result<(U256, Read), ViewError<R::Error>> {
        match self.watch.get() {
            Watch::Apart(by) => {
                let found = self.memory().slot_claimed(key, by);
                found.map_err(ViewError::Store)?.ok_or(ViewError::Met)
            }
            _ => self.memory().slot(key, self.turn.get()).map_err(ViewError::Store),
        }
    }
}

impl<R: StateReader> StateReader for View<R> {
    type Error = ViewError<R::Error>;

    fn account(&self, address: &Address) -> Result<Option<Account>, Self::Error> {
        let (account, read) = self.read_account(address)?;
        self.notes.borrow_mut().note_account(*address, read);
        Ok(account)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Self::Error> {
        let key = (*address, *slot);
        let (value, read) = self.read_slot(&key)?;
        self.notes.borrow_mut().note_slot(key, read);
        Ok(value)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Self::Error> {
        self.memory().code(hash).map_err(ViewError::Store)
    }

    fn block_hash(&self, number: u64) -> Result<B256, Self::Error> {
        self.memory().block_hash(number).map_err(ViewError::Store)
    }
}
