//! The part of a build that happens inside a shard: values and shape first, all hashes at the end.

use alloc::vec::Vec;

use super::{
    build::{HashedAccount, HashedSlot},
    forest::{Change, Node},
    shard::{Shard, put_slot},
};

impl Shard {
    /// Adds accounts; of several with one address the last counts.
    pub(super) fn load_accounts(&mut self, mut accounts: Vec<HashedAccount>) {
        accounts.sort_by_key(|(key, _)| *key);
        accounts.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                *kept = *later;
            }
            same
        });
        let leaves = accounts.into_iter().map(|(key, account)| {
            let (old, contract) = self.find(&key);
            (key, Some(self.leaf_of(old, contract, account)))
        });
        let mut changes: Vec<Change<_>> = leaves.collect();
        self.top = self.accounts.update(self.top, &mut changes);
    }

    /// Adds slots to accounts that are there, and leaves out those of others.
    pub(super) fn load_slots(&mut self, mut slots: Vec<HashedSlot>) {
        slots.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        for group in slots.chunk_by(|a, b| a.0 == b.0) {
            let key = group[0].0;
            let (Some(leaf), mut contract) = self.find(&key) else { continue };
            let mut changes: Vec<Change<_>> = group
                .chunk_by(|a, b| a.1 == b.1)
                .filter_map(|same| same.last())
                .map(|(_, slot, value)| (*slot, (!value.is_zero()).then_some(*value)))
                .collect();
            contract.storage = self.storage.update(contract.storage, &mut changes);
            let contract = self.contracts.set(leaf.contract, contract);
            if let Some(leaf) = self.accounts.get_mut(self.top, &key) {
                leaf.contract = contract;
            }
        }
    }

    /// Hashes everything.
    pub(super) fn finish_load(&mut self) {
        let entries = &self.contracts.entries;
        let with_storage =
            entries.iter().enumerate().filter(|(_, entry)| entry.storage != Node::NONE);
        let tops: Vec<_> = with_storage.map(|(place, entry)| (place, entry.storage)).collect();
        self.storage.settle(tops.iter().map(|(_, top)| *top), put_slot);
        let entries = &mut self.contracts.entries;
        self.storage.hash_tops(tops.into_iter(), put_slot, |place: usize, root| {
            entries[place].storage_root = root;
        });
        self.settle();
        self.accounts.shrink();
        self.storage.shrink();
        self.contracts.shrink();
    }
}
