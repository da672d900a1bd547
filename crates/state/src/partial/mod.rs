//! A state of which only some bytes are known, by their hashes: what a witness shows, or what a host is asked for one by
//! one. Enough to execute a block and to find the root after it.
//!
//! Invariant: nothing is believed. Whatever is read hangs on the root by hashes; what is not shown is an error, never zero.

mod node;

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::TrieAccount;

use self::node::{Node, nibbles};
use crate::{Account, AccountDiff, EMPTY_ROOT, StateDiff, StateReader};

/// Gives trie nodes and codes by their keccak256. Whoever implements it answers for the bytes having that hash.
pub trait ByHash {
    /// The bytes, if they are known.
    fn by_hash(&self, hash: &B256) -> Option<Bytes>;
}

impl ByHash for BTreeMap<B256, Bytes> {
    fn by_hash(&self, hash: &B256) -> Option<Bytes> {
        self.get(hash).cloned()
    }
}

impl<P: ByHash + ?Sized> ByHash for &P {
    fn by_hash(&self, hash: &B256) -> Option<Bytes> {
        (**self).by_hash(hash)
    }
}

/// What is not in the witness, or is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartialError {
    /// A trie node.
    #[error("node {0} is not in the witness")]
    Node(B256),
    /// A code.
    #[error("code {0} is not in the witness")]
    Code(B256),
    /// The hash of an earlier block.
    #[error("the hash of block {0} is not in the witness")]
    BlockHash(u64),
    /// A node or an account does not decode.
    #[error("a node of the witness is malformed")]
    Malformed,
}

/// A state by its root, as far as it is known.
#[derive(Clone, Debug)]
pub struct PartialState<P = BTreeMap<B256, Bytes>> {
    root: B256,
    /// Nodes and codes.
    bytes: P,
    block_hashes: BTreeMap<u64, B256>,
}

impl PartialState {
    /// What of the state with this root is known: trie nodes and codes, in any order, and hashes of earlier blocks.
    pub fn new(
        root: B256,
        nodes: impl IntoIterator<Item = Bytes>,
        codes: impl IntoIterator<Item = Bytes>,
        block_hashes: BTreeMap<u64, B256>,
    ) -> Self {
        let by_hash = |bytes: Bytes| (keccak256(&bytes), bytes);
        let bytes = nodes.into_iter().chain(codes).map(by_hash).collect();
        Self { root, bytes, block_hashes }
    }
}

impl<P: ByHash> PartialState<P> {
    /// The state with this root, of which `bytes` shows the rest. It knows the hash of no earlier block.
    pub const fn over(root: B256, bytes: P) -> Self {
        Self { root, bytes, block_hashes: BTreeMap::new() }
    }

    /// The root after a diff.
    ///
    /// # Errors
    /// When it depends on what is not known.
    pub fn root_after(&self, diff: &StateDiff) -> Result<B256, PartialError> {
        Ok(self.after(diff)?.0)
    }

    /// The root after a diff, and that of the storage of one account.
    ///
    /// # Errors
    /// When they depend on what is not known.
    pub fn roots_after(
        &self,
        diff: &StateDiff,
        of: &Address,
    ) -> Result<(B256, B256), PartialError> {
        let (root, storage_roots) = self.after(diff)?;
        let changed = storage_roots.get(of).copied();
        Ok((root, changed.map_or_else(|| self.storage_root(of), Ok)?))
    }

    /// The root after a diff, and those of the storage of all changed accounts.
    fn after(&self, diff: &StateDiff) -> Result<(B256, BTreeMap<Address, B256>), PartialError> {
        let mut accounts = Node::Hash(self.root);
        let mut storage_roots = BTreeMap::new();
        for (address, change) in &diff.accounts {
            let key = nibbles(keccak256(address).as_slice());
            let Some(Account { nonce, balance, code_hash }) = change.account else {
                accounts = accounts.without(&self.bytes, &key)?;
                storage_roots.insert(*address, EMPTY_ROOT);
                continue;
            };
            let storage_root = self.storage_root_after(address, change)?;
            storage_roots.insert(*address, storage_root);
            let account = TrieAccount { nonce, balance, storage_root, code_hash };
            accounts = accounts.with(&self.bytes, &key, alloy_rlp::encode(account))?;
        }
        Ok((accounts.root(), storage_roots))
    }

    fn storage_root_after(
        &self,
        address: &Address,
        change: &AccountDiff,
    ) -> Result<B256, PartialError> {
        let before = self.trie_account(address)?.filter(|_| !change.clears_storage());
        let storage_root = before.map_or(EMPTY_ROOT, |account| account.storage_root);
        let mut storage = Node::Hash(storage_root);
        for (slot, value) in &change.storage {
            let key = nibbles(keccak256(slot.to_be_bytes::<32>()).as_slice());
            storage = if value.is_zero() {
                storage.without(&self.bytes, &key)?
            } else {
                storage.with(&self.bytes, &key, alloy_rlp::encode(value))?
            };
        }
        Ok(storage.root())
    }

    /// The root of an account's storage; that of an empty one where there is no account.
    ///
    /// # Errors
    /// When the way to the account is not known.
    pub fn storage_root(&self, address: &Address) -> Result<B256, PartialError> {
        Ok(self.trie_account(address)?.map_or(EMPTY_ROOT, |account| account.storage_root))
    }

    fn trie_account(&self, address: &Address) -> Result<Option<TrieAccount>, PartialError> {
        self.value(self.root, &keccak256(address))
    }

    /// The bytes at a key of any trie whose root this is and none of whose keys begins another.
    ///
    /// # Errors
    /// When the way to the key is not known.
    pub fn trie_value(&self, root: B256, key: &[u8]) -> Result<Option<Vec<u8>>, PartialError> {
        Node::Hash(root).get(&self.bytes, &nibbles(key))
    }

    fn value<T: Decodable>(&self, root: B256, key: &B256) -> Result<Option<T>, PartialError> {
        let found = self.trie_value(root, key.as_slice())?;
        let decode = |bytes: Vec<u8>| T::decode(&mut &bytes[..]);
        found.map(decode).transpose().map_err(|_| PartialError::Malformed)
    }
}

impl<P: ByHash> StateReader for PartialState<P> {
    type Error = PartialError;

    fn account(&self, address: &Address) -> Result<Option<Account>, PartialError> {
        let found = self.trie_account(address)?;
        Ok(found.map(|found| Account {
            nonce: found.nonce,
            balance: found.balance,
            code_hash: found.code_hash,
        }))
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, PartialError> {
        let root = self.storage_root(address)?;
        let value = self.value(root, &keccak256(slot.to_be_bytes::<32>()))?;
        Ok(value.unwrap_or_default())
    }

    fn code(&self, hash: &B256) -> Result<Bytes, PartialError> {
        self.bytes.by_hash(hash).ok_or(PartialError::Code(*hash))
    }

    fn block_hash(&self, number: u64) -> Result<B256, PartialError> {
        self.block_hashes.get(&number).copied().ok_or(PartialError::BlockHash(number))
    }
}
