//! Where the waiting transactions lie: numbered places in one vector, found again by hash.
//!
//! Numbers instead of pointers and keys: what refers to a transaction costs four bytes. Invariant: a place is in the index of
//! hashes exactly while a transaction lies in it.

use std::{hash::BuildHasher, sync::Arc};

use alloy::primitives::{B256, U256, map::DefaultHashBuilder};
use hashbrown::HashTable;

use super::senders::SenderId;
use crate::mempool::{Admitted, price::PriceClass};

/// Number of a place.
pub(in crate::mempool) type SlotId = u32;

/// A transaction in the pool. What is asked of it often is copied here.
#[derive(Debug)]
pub(in crate::mempool) struct Slot {
    /// What admission let in.
    pub(in crate::mempool) admitted: Arc<Admitted>,
    /// Rises with every transaction that is let in.
    pub(in crate::mempool) arrival: u64,
    pub(in crate::mempool) nonce: u64,
    pub(in crate::mempool) gas_limit: u64,
    /// What it may cost at most, in wei.
    pub(in crate::mempool) cost: U256,
    /// Length of the raw transaction.
    pub(in crate::mempool) bytes: usize,
    pub(in crate::mempool) sender: SenderId,
    /// Its place in the index, so that moving it there does not look at the transaction.
    pub(super) key: u64,
    /// In which list of equal price it stands.
    pub(in crate::mempool) class: PriceClass,
    /// Its neighbours in that list.
    pub(in crate::mempool) before: Option<SlotId>,
    pub(in crate::mempool) after: Option<SlotId>,
}

/// All places.
#[derive(Default)]
pub(in crate::mempool) struct Slots {
    places: Vec<Option<Slot>>,
    free: Vec<SlotId>,
    by_hash: HashTable<SlotId>,
    hasher: DefaultHashBuilder,
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slots").field("places", &self.places).finish_non_exhaustive()
    }
}

impl Slots {
    pub(in crate::mempool) fn len(&self) -> usize {
        self.by_hash.len()
    }

    pub(in crate::mempool) fn get(&self, id: SlotId) -> Option<&Slot> {
        self.places.get(id as usize)?.as_ref()
    }

    pub(in crate::mempool) fn get_mut(&mut self, id: SlotId) -> Option<&mut Slot> {
        self.places.get_mut(id as usize)?.as_mut()
    }

    /// The place of a transaction.
    pub(super) fn find(&self, hash: &B256) -> Option<SlotId> {
        let is_it = |id: &SlotId| self.get(*id).is_some_and(|slot| slot.admitted.hash() == *hash);
        self.by_hash.find(self.hasher.hash_one(hash), is_it).copied()
    }

    /// Lays a transaction down that is not here yet.
    pub(super) fn insert(&mut self, mut slot: Slot) -> SlotId {
        let key = self.hasher.hash_one(slot.admitted.hash());
        slot.key = key;
        let id = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            SlotId::try_from(self.places.len() - 1).expect("fewer than 2^32 transactions wait")
        });
        self.places[id as usize] = Some(slot);
        let places = &self.places;
        self.by_hash
            .insert_unique(key, id, |id| places[*id as usize].as_ref().map_or(0, |slot| slot.key));
        id
    }

    /// Takes a transaction out.
    pub(super) fn remove(&mut self, id: SlotId) -> Option<Slot> {
        let slot = self.places.get_mut(id as usize)?.take()?;
        if let Ok(entry) = self.by_hash.find_entry(slot.key, |found| *found == id) {
            entry.remove();
        }
        self.free.push(id);
        Some(slot)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.places.iter().flatten()
    }
}
