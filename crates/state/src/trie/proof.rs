//! What `eth_getProof` answers (EIP-1186): the nodes that lead from a root to an account, and from there to slots.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

use super::{EMPTY_ROOT, StateTrie, shard_of};
use crate::Account;

/// An account with the nodes that prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// Whose.
    pub address: Address,
    /// The account, or `None`: then the nodes show that it does not exist.
    pub account: Option<Account>,
    /// The root of its storage trie.
    pub storage_root: B256,
    /// The nodes from the state root to the account, or to where it would be.
    pub proof: Vec<Bytes>,
    /// One proof per slot, in the order asked for.
    pub storage: Vec<StorageProof>,
}

/// A slot with the nodes that prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageProof {
    /// Which.
    pub slot: U256,
    /// Its value; zero where the nodes show that it is not there.
    pub value: U256,
    /// The nodes from the storage root to the slot, or to where it would be.
    pub proof: Vec<Bytes>,
}

impl StateTrie {
    /// Proves an account and slots of it, present or absent.
    pub fn proof(&self, address: &Address, slots: &[U256]) -> AccountProof {
        let key = keccak256(address);
        let shard = &self.shards[shard_of(&key)];
        let found = shard.account(&key);
        let storage = slots.iter().map(|slot| {
            let (value, proof) = shard.slot_path(&key, &keccak256(slot.to_be_bytes::<32>()));
            StorageProof { slot: *slot, value, proof }
        });
        AccountProof {
            address: *address,
            account: found.map(|(account, _)| account),
            storage_root: found.map_or(EMPTY_ROOT, |(_, root)| root),
            proof: self.account_path(&key),
            storage: storage.collect(),
        }
    }

    /// All nodes, by hash, that writing these slots of an account may have made. Who keeps them after each change of an
    /// account that never loses a slot can go from each of its storage roots to every slot ([`super::SlotWalk`]).
    pub fn slot_nodes(&self, address: &Address, slots: &[U256]) -> BTreeMap<B256, Bytes> {
        let key = keccak256(address);
        let shard = &self.shards[shard_of(&key)];
        let of_slot = |slot: &U256| shard.slot_nodes(&key, &keccak256(slot.to_be_bytes::<32>()));
        slots.iter().flat_map(of_slot).map(|node| (keccak256(&node), node)).collect()
    }

    fn account_path(&self, key: &B256) -> Vec<Bytes> {
        let mut nodes = Vec::new();
        if let Some(only) = self.only_shard() {
            only.account_path(&mut nodes, 0, key);
        } else if self.live_shards().next().is_some() {
            let mut root = Vec::new();
            self.encode_root(&mut root);
            nodes.push(root.into());
            self.shards[shard_of(key)].account_path(&mut nodes, 1, key);
        }
        nodes
    }
}
