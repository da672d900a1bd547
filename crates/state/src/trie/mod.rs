//! The state trie.
pub(crate) mod oracle;

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, b256, keccak256};
use alloy_rlp::{Encodable, Header};

use crate::{Account, StateDiff};

/// The root of a trie without entries.
pub const EMPTY_ROOT: B256 =
    b256!("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// What `eth_getProof` answers (EIP-1186).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// Whose.
    pub address: Address,
    /// The account, or `None`: then the proof shows that it does not exist.
    pub account: Option<Account>,
    /// The root of its storage trie.
    pub storage_root: B256,
    /// The nodes from the state root to the account, or to where it would be.
    pub proof: Vec<Bytes>,
    /// One proof per slot, in the order asked for.
    pub storage: Vec<StorageProof>,
}

/// The proof of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageProof {
    /// Which.
    pub slot: U256,
    /// Its value; zero where the proof shows that it is not there.
    pub value: U256,
    /// The nodes from the storage root to the slot, or to where it would be.
    pub proof: Vec<Bytes>,
}

/// Trie.
#[derive(Clone, Debug, Default)]
pub struct StateTrie {
    accounts: BTreeMap<B256, Account>,
    storage: BTreeMap<B256, BTreeMap<B256, U256>>,
}

impl StateTrie {
    /// Builds the trie of a state.
    pub fn from_state(
        accounts: impl Iterator<Item = (Address, Account)>,
        storage: impl Iterator<Item = (Address, U256, U256)>,
    ) -> Self {
        let accounts = accounts.map(|(a, v)| (keccak256(a), v)).collect();
        let mut slots = BTreeMap::<B256, BTreeMap<B256, U256>>::new();
        for (a, k, v) in storage {
            slots.entry(keccak256(a)).or_default().insert(keccak256(k.to_be_bytes::<32>()), v);
        }
        Self { accounts, storage: slots }
    }

    /// Makes the changes of a diff and gives the new root.
    pub fn apply(&mut self, diff: &StateDiff) -> B256 {
        for (address, change) in &diff.accounts {
            let key = keccak256(address);
            if change.clears_storage() {
                self.storage.remove(&key);
            }
            let Some(account) = change.account else {
                self.accounts.remove(&key);
                continue;
            };
            self.accounts.insert(key, account);
            let slots = self.storage.entry(key).or_default();
            for (slot, value) in &change.storage {
                let slot = keccak256(slot.to_be_bytes::<32>());
                if value.is_zero() {
                    slots.remove(&slot)
                } else {
                    slots.insert(slot, *value)
                };
            }
        }
        self.root()
    }

    /// The root.
    pub fn root(&mut self) -> B256 {
        oracle::root(&self.pairs())
    }

    /// The storage root of an account.
    pub fn storage_root(&mut self, address: &Address) -> B256 {
        oracle::root(&self.slot_pairs(&keccak256(address)))
    }

    fn slot_pairs(&self, key: &B256) -> Vec<(Vec<u8>, Vec<u8>)> {
        let slots = self.storage.get(key).into_iter().flatten();
        oracle::pairs(&slots.map(|(k, v)| (*k, alloy_rlp::encode(v))).collect())
    }

    fn pairs(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let encoded = self.accounts.iter().map(|(key, account)| {
            let root = oracle::root(&self.slot_pairs(key));
            let mut payload = Vec::new();
            account.nonce.encode(&mut payload);
            account.balance.encode(&mut payload);
            root.encode(&mut payload);
            account.code_hash.encode(&mut payload);
            let mut out = Vec::new();
            Header { list: true, payload_length: payload.len() }.encode(&mut out);
            out.extend(payload);
            (*key, out)
        });
        oracle::pairs(&encoded.collect())
    }

    /// Proves an account and slots of it, present or absent.
    pub fn proof(&mut self, address: &Address, slots: &[U256]) -> AccountProof {
        let key = keccak256(address);
        let bytes = |nodes: Vec<Vec<u8>>| nodes.into_iter().map(Bytes::from).collect::<Vec<_>>();
        let pairs = self.slot_pairs(&key);
        let storage = slots.iter().map(|slot| {
            let hashed = keccak256(slot.to_be_bytes::<32>());
            let value = self.storage.get(&key).and_then(|s| s.get(&hashed));
            let proof = bytes(oracle::proof(&pairs, &oracle::nibbles(hashed.as_slice())));
            StorageProof { slot: *slot, value: value.copied().unwrap_or_default(), proof }
        });
        AccountProof {
            address: *address,
            account: self.accounts.get(&key).copied(),
            storage_root: oracle::root(&pairs),
            proof: bytes(oracle::proof(&self.pairs(), &oracle::nibbles(key.as_slice()))),
            storage: storage.collect(),
        }
    }
}
