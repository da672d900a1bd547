//! Roots and proofs of a state that differs from the trie's: of one that is only thought of, or of an older one.
//!
//! Nothing in the trie changes, so whoever builds on it is not disturbed. The cost goes with the diff.
//!
//! Invariant: root and proofs are those that the trie would give after `apply` of the same diff.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};

use super::{
    AccountProof, StateTrie, StorageProof,
    forest::{Node, Touch},
    reference::HASHED_FROM_BYTES,
    shard::put_slot,
    shard_of,
};
use crate::{Account, AccountDiff, StateDiff};

impl StateTrie {
    /// The root after a diff, which is not applied.
    pub fn root_with(&self, diff: &StateDiff) -> B256 {
        let mut builder = HashBuilder::default();
        self.feed(&mut builder, diff, None);
        builder.root()
    }

    /// The storage root of an account after a diff, which is not applied.
    pub fn storage_root_with(&self, diff: &StateDiff, address: &Address) -> B256 {
        match diff.accounts.get(address) {
            Some(change) if change.account.is_some() => {
                self.storage(&keccak256(address), Some(change), &[]).root
            }
            Some(_) => super::EMPTY_ROOT,
            None => self.storage_root(address),
        }
    }

    /// Proves an account and slots of it, present or absent, after a diff, which is not applied.
    pub fn proof_with(&self, diff: &StateDiff, address: &Address, slots: &[U256]) -> AccountProof {
        let key = keccak256(address);
        let retainer = ProofRetainer::from_iter([Nibbles::unpack(key)]);
        let mut builder = HashBuilder::default().with_proof_retainer(retainer);
        self.feed(&mut builder, diff, Some(key));
        builder.root();
        let change = diff.accounts.get(address);
        let account = match change {
            Some(change) => change.account,
            None => self.shards[shard_of(&key)].account(&key).map(|(account, _)| account),
        };
        let Storage { root, proofs } = self.storage(&key, change, slots);
        AccountProof {
            address: *address,
            account,
            storage_root: root,
            proof: nodes_of(&mut builder, &key),
            storage: proofs,
        }
    }

    /// Feeds the account trie as it is after a diff, with the ways to `looks` opened.
    pub(super) fn feed(
        &self,
        builder: &mut HashBuilder,
        diff: &StateDiff,
        looks: impl IntoIterator<Item = B256>,
    ) {
        let mut touches: BTreeMap<B256, Touch> = BTreeMap::new();
        touches.extend(looks.into_iter().map(|key| (key, Touch::Look)));
        for (address, change) in &diff.accounts {
            let key = keccak256(address);
            let touch = change.account.map_or(Touch::Remove, |account| {
                Touch::Set(encode(account, self.storage(&key, Some(change), &[]).root))
            });
            touches.insert(key, touch);
        }
        let touches: Vec<_> = touches.into_iter().collect();
        let mut rest = &touches[..];
        for (index, shard) in self.shards.iter().enumerate() {
            let count = rest.partition_point(|(key, _)| shard_of(key) <= index);
            let (own, others) = rest.split_at(count);
            shard.feed_accounts(builder, own);
            rest = others;
        }
    }

    /// The storage of a hashed address after a change, with proofs of slots.
    fn storage(&self, key: &B256, change: Option<&AccountDiff>, slots: &[U256]) -> Storage {
        let hashed = |slot: &U256| keccak256(slot.to_be_bytes::<32>());
        let shard = &self.shards[shard_of(key)];
        let is_kept = change.is_none_or(|change| !change.clears_storage());
        let written = written(change);
        if slots.is_empty() && is_kept && written.is_none_or(BTreeMap::is_empty) {
            return Storage { root: shard.find(key).1.storage_root, proofs: Vec::new() };
        }
        let targets = slots.iter().map(|slot| Nibbles::unpack(hashed(slot)));
        let retainer = ProofRetainer::from_iter(targets);
        let mut builder = HashBuilder::default().with_proof_retainer(retainer);
        let node = self.feed_storage(&mut builder, key, change, slots.iter().map(hashed));
        let root = builder.root();
        let nodes = builder.take_proof_nodes();
        let proofs = slots.iter().map(|slot| {
            let key = hashed(slot);
            let stored = || shard.storage.get(node, &key).copied();
            let value = written.and_then(|written| written.get(slot).copied()).or_else(stored);
            let path = nodes.matching_nodes_sorted(&Nibbles::unpack(key));
            let proof = listed(path);
            StorageProof { slot: *slot, value: value.unwrap_or_default(), proof }
        });
        Storage { root, proofs: proofs.collect() }
    }

    /// Feeds the storage of a hashed address as it is after a change, with the ways to `looks` opened; what of the trie it
    /// was made from.
    pub(super) fn feed_storage(
        &self,
        builder: &mut HashBuilder,
        key: &B256,
        change: Option<&AccountDiff>,
        looks: impl IntoIterator<Item = B256>,
    ) -> Node {
        let shard = &self.shards[shard_of(key)];
        let is_kept = change.is_none_or(|change| !change.clears_storage());
        let node = if is_kept { shard.find(key).1.storage } else { Node::NONE };
        let mut touches: BTreeMap<B256, Touch> =
            looks.into_iter().map(|slot| (slot, Touch::Look)).collect();
        for (slot, value) in written(change).into_iter().flatten() {
            let touch = if value.is_zero() { Touch::Remove } else { Touch::Set(rlp(value)) };
            touches.insert(keccak256(slot.to_be_bytes::<32>()), touch);
        }
        let touches: Vec<_> = touches.into_iter().collect();
        shard.storage.feed(builder, node, &touches, &put_slot);
        node
    }
}

/// The slots that a change writes and that are there afterwards.
fn written(change: Option<&AccountDiff>) -> Option<&BTreeMap<U256, U256>> {
    change.filter(|change| change.account.is_some()).map(|change| &change.storage)
}

struct Storage {
    root: B256,
    proofs: Vec<StorageProof>,
}

/// `[nonce, balance, storage root, code hash]`.
fn encode(account: Account, storage_root: B256) -> Vec<u8> {
    let Account { nonce, balance, code_hash } = account;
    let mut out = Vec::with_capacity(112);
    let payload_length = nonce.length() + balance.length() + 2 * 33;
    alloy_rlp::Header { list: true, payload_length }.encode(&mut out);
    nonce.encode(&mut out);
    balance.encode(&mut out);
    storage_root.encode(&mut out);
    code_hash.encode(&mut out);
    out
}

fn rlp(value: &U256) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

fn nodes_of(builder: &mut HashBuilder, key: &B256) -> Vec<Bytes> {
    listed(builder.take_proof_nodes().matching_nodes_sorted(&Nibbles::unpack(key)))
}

/// The nodes of a path that stand for themselves: short ones are inside their parents, and an empty trie has none.
pub(super) fn listed(path: Vec<(Nibbles, Bytes)>) -> Vec<Bytes> {
    let is_listed = |(place, node): &(Nibbles, Bytes)| {
        node.len() >= HASHED_FROM_BYTES || (place.is_empty() && node.len() > 1)
    };
    path.into_iter().filter(is_listed).map(|(_, node)| node).collect()
}
