//! A state of which only what a witness shows is known: enough to execute one block and to find the root after it.
//!
//! Invariant: nothing is believed. Whatever is read hangs on the root by hashes; what is not shown is an error, never zero.

mod node;

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::TrieAccount;

use self::node::{Node, Nodes, nibbles};
use crate::{Account, EMPTY_ROOT, StateDiff, StateReader};

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
pub struct PartialState {
    root: B256,
    nodes: Nodes,
    codes: BTreeMap<B256, Bytes>,
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
        Self {
            root,
            nodes: nodes.into_iter().map(by_hash).collect(),
            codes: codes.into_iter().map(by_hash).collect(),
            block_hashes,
        }
    }

    /// The root after a diff.
    ///
    /// # Errors
    /// When it depends on what is not known.
    pub fn root_after(&self, diff: &StateDiff) -> Result<B256, PartialError> {
        let mut accounts = Node::Hash(self.root);
        for (address, change) in &diff.accounts {
            let key = nibbles(&keccak256(address));
            let Some(Account { nonce, balance, code_hash }) = change.account else {
                accounts = accounts.without(&self.nodes, &key)?;
                continue;
            };
            let before = self.trie_account(address)?.filter(|_| !change.clears_storage());
            let storage_root = before.map_or(EMPTY_ROOT, |account| account.storage_root);
            let mut storage = Node::Hash(storage_root);
            for (slot, value) in &change.storage {
                let key = nibbles(&keccak256(slot.to_be_bytes::<32>()));
                storage = if value.is_zero() {
                    storage.without(&self.nodes, &key)?
                } else {
                    storage.with(&self.nodes, &key, alloy_rlp::encode(value))?
                };
            }
            let account = TrieAccount { nonce, balance, storage_root: storage.root(), code_hash };
            accounts = accounts.with(&self.nodes, &key, alloy_rlp::encode(account))?;
        }
        Ok(accounts.root())
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

    fn value<T: Decodable>(&self, root: B256, key: &B256) -> Result<Option<T>, PartialError> {
        let found: Option<Vec<u8>> = Node::Hash(root).get(&self.nodes, &nibbles(key))?;
        let decode = |bytes: Vec<u8>| T::decode(&mut &bytes[..]);
        found.map(decode).transpose().map_err(|_| PartialError::Malformed)
    }
}

impl StateReader for PartialState {
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
        self.codes.get(hash).cloned().ok_or(PartialError::Code(*hash))
    }

    fn block_hash(&self, number: u64) -> Result<B256, PartialError> {
        self.block_hashes.get(&number).copied().ok_or(PartialError::BlockHash(number))
    }
}
