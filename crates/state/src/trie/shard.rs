//! A sixteenth of the state trie: the accounts whose hashed address begins with one nibble, with their storage tries.
//! Shards share nothing, so they are built and changed side by side.
//!
//! Invariant: an account has an entry in `contracts` exactly if it has code or storage.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_rlp::{Encodable, Header};
use alloy_trie::HashBuilder;

use super::{
    EMPTY_ROOT,
    forest::{Change, Forest, Node, Touches},
    reference::Reference,
};
use crate::{Account, AccountDiff, keccak::Batch};

/// Accounts by hashed address.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    pub(super) accounts: Forest<AccountLeaf>,
    pub(super) top: Node,
    pub(super) storage: Forest<U256>,
    pub(super) contracts: Contracts,
    /// How the branch at the root of the state trie names this shard; `None`: it is empty.
    reference: Option<Reference>,
}

/// What a leaf of the account trie holds; most accounts have neither code nor storage, and `NO_CONTRACT` here.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccountLeaf {
    balance: U256,
    nonce: u64,
    pub(super) contract: u32,
}

const NO_CONTRACT: u32 = u32::MAX;

/// Accounts that are looked up and then changed together, while the nodes above them are still in the processor's cache.
const NEAR_CHANGES: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contract {
    code_hash: B256,
    pub(super) storage_root: B256,
    pub(super) storage: Node,
}

impl Contract {
    const NONE: Self =
        Self { code_hash: KECCAK256_EMPTY, storage_root: EMPTY_ROOT, storage: Node::NONE };
}

#[derive(Clone, Debug, Default)]
pub(super) struct Contracts {
    pub(super) entries: Vec<Contract>,
    free: Vec<u32>,
}

/// One account's part of a batch, with its old contract entry while the batch is worked on.
struct Touched<'a> {
    key: B256,
    change: &'a AccountDiff,
    old: Option<AccountLeaf>,
    contract: Contract,
}

impl Default for AccountLeaf {
    fn default() -> Self {
        Self { balance: U256::ZERO, nonce: 0, contract: NO_CONTRACT }
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self {
            accounts: Forest::default(),
            top: Node::NONE,
            storage: Forest::default(),
            contracts: Contracts::default(),
            reference: None,
        }
    }
}

impl Shard {
    /// Applies changes by hashed address, strictly ascending, and settles all hashes.
    pub(super) fn apply(&mut self, changes: &[(B256, &AccountDiff)]) {
        changes.chunks(NEAR_CHANGES).for_each(|near| self.change(near));
        self.settle();
    }

    fn change(&mut self, changes: &[(B256, &AccountDiff)]) {
        let found = self.accounts.get_all(self.top, changes.iter().map(|(key, _)| key));
        let touched = changes.iter().zip(found).map(|((key, change), old)| {
            let old = old.copied();
            let contract = self.contract_of(old);
            Touched { key: *key, change, old, contract }
        });
        let mut touched: Vec<_> = touched.collect();
        self.change_storage(&mut touched);
        let mut changes: Vec<Change<AccountLeaf>> = Vec::with_capacity(touched.len());
        for account in touched {
            changes.extend(self.change_of(account));
        }
        self.top = self.accounts.update(self.top, &mut changes);
    }

    /// How the root names this shard; `None` where it is empty.
    pub(super) const fn reference(&self) -> Option<Reference> {
        self.reference
    }

    /// Writes the top node as it is seen `from` nibbles deep.
    pub(super) fn encode_top(&self, out: &mut Vec<u8>, from: usize) {
        let contracts = &self.contracts;
        self.accounts.encode(out, self.top, from, |leaf, out| contracts.put_account(leaf, out));
    }

    /// The account of a hashed address.
    pub(super) fn account(&self, key: &B256) -> Option<(Account, B256)> {
        let leaf = self.accounts.get(self.top, key)?;
        let Contract { code_hash, storage_root, .. } = self.contracts.get(leaf.contract);
        Some((Account { nonce: leaf.nonce, balance: leaf.balance, code_hash }, storage_root))
    }

    /// Appends the nodes towards a hashed address, from the top seen `from` nibbles deep.
    pub(super) fn account_path(&self, nodes: &mut Vec<Bytes>, from: usize, key: &B256) {
        let contracts = &self.contracts;
        self.accounts
            .path(nodes, self.top, from, key, |leaf, out| contracts.put_account(leaf, out));
    }

    /// Feeds the accounts as they would be after changes.
    pub(super) fn feed_accounts(&self, builder: &mut HashBuilder, touches: &Touches) {
        let put_account =
            |leaf: &AccountLeaf, out: &mut Vec<u8>| self.contracts.put_account(leaf, out);
        self.accounts.feed(builder, self.top, touches, &put_account);
    }

    /// The value of a hashed slot of a hashed address, and the nodes towards it.
    pub(super) fn slot_path(&self, key: &B256, slot: &B256) -> (U256, Vec<Bytes>) {
        let leaf = self.accounts.get(self.top, key);
        let storage = leaf.map_or(Node::NONE, |leaf| self.contracts.get(leaf.contract).storage);
        let mut nodes = Vec::new();
        self.storage.path(&mut nodes, storage, 0, slot, put_slot);
        (self.storage.get(storage, slot).copied().unwrap_or_default(), nodes)
    }

    /// The nodes that adding or changing a hashed slot of a hashed address may have made; some of them twice.
    pub(super) fn slot_nodes(&self, key: &B256, slot: &B256) -> Vec<Bytes> {
        let leaf = self.accounts.get(self.top, key);
        let storage = leaf.map_or(Node::NONE, |leaf| self.contracts.get(leaf.contract).storage);
        let mut nodes = Vec::new();
        self.storage.path_and_beside(&mut nodes, storage, slot, put_slot);
        nodes
    }

    /// What is known of a hashed address.
    pub(super) fn find(&self, key: &B256) -> (Option<AccountLeaf>, Contract) {
        let old = self.accounts.get(self.top, key).copied();
        (old, self.contract_of(old))
    }

    fn contract_of(&self, account: Option<AccountLeaf>) -> Contract {
        account.map_or(Contract::NONE, |leaf| self.contracts.get(leaf.contract))
    }

    /// Changes the storage tries of all accounts touched, and settles them together.
    fn change_storage(&mut self, touched: &mut [Touched<'_>]) {
        let mut changed = Vec::new();
        for account in touched.iter_mut() {
            if account.change.clears_storage() && account.contract.storage != Node::NONE {
                self.storage.remove_all(account.contract.storage);
                account.contract.storage = Node::NONE;
                account.contract.storage_root = EMPTY_ROOT;
            }
        }
        for (index, mut slots) in hashed_slots(touched) {
            let top = self.storage.update(touched[index].contract.storage, &mut slots);
            touched[index].contract.storage = top;
            changed.push((index, top));
        }
        self.storage.settle(changed.iter().map(|(_, top)| *top), put_slot);
        self.storage.hash_tops(changed.into_iter(), put_slot, |index: usize, root| {
            touched[index].contract.storage_root = root;
        });
    }

    /// The change of the account trie, if there is one.
    fn change_of(&mut self, touched: Touched<'_>) -> Option<Change<AccountLeaf>> {
        let Touched { key, change, old, contract } = touched;
        let Some(account) = change.account else {
            let old = old?;
            self.contracts.set(old.contract, Contract::NONE);
            return Some((key, None));
        };
        let same = old.is_some_and(|old| {
            let known = Account { nonce: old.nonce, balance: old.balance, ..account };
            let contract = Contract { code_hash: account.code_hash, ..contract };
            known == account && self.contracts.get(old.contract) == contract
        });
        (!same).then(|| (key, Some(self.leaf_of(old, contract, account))))
    }

    /// The leaf of an account, with its contract put where the old one was.
    pub(super) fn leaf_of(
        &mut self,
        old: Option<AccountLeaf>,
        contract: Contract,
        account: Account,
    ) -> AccountLeaf {
        let Account { nonce, balance, code_hash } = account;
        let place = old.map_or(NO_CONTRACT, |leaf| leaf.contract);
        let contract = self.contracts.set(place, Contract { code_hash, ..contract });
        AccountLeaf { balance, nonce, contract }
    }

    /// Makes every hash of the account trie right, and the name of the shard.
    pub(super) fn settle(&mut self) {
        let contracts = &self.contracts;
        let put_account = |leaf: &AccountLeaf, out: &mut Vec<u8>| contracts.put_account(leaf, out);
        self.accounts.settle(core::iter::once(self.top), put_account);
        let mut node = Vec::new();
        self.accounts.encode(&mut node, self.top, 1, put_account);
        self.reference = (self.top != Node::NONE).then(|| Reference::of(&node));
    }

    /// Accounts, slots, and the bytes of memory they take.
    pub(super) const fn size(&self) -> (usize, usize, usize) {
        let contracts = self.contracts.entries.capacity() * size_of::<Contract>()
            + self.contracts.free.capacity() * size_of::<u32>();
        let bytes = self.accounts.memory_bytes() + self.storage.memory_bytes() + contracts;
        (self.accounts.len(), self.storage.len(), bytes)
    }
}

impl Contracts {
    fn get(&self, place: u32) -> Contract {
        if place == NO_CONTRACT { Contract::NONE } else { self.entries[place as usize] }
    }

    /// Puts a contract where it was, or where there is room; gives the place back where there is nothing to keep.
    pub(super) fn set(&mut self, place: u32, contract: Contract) -> u32 {
        let keep = contract != Contract::NONE;
        match (place == NO_CONTRACT, keep) {
            (true, false) => NO_CONTRACT,
            (false, false) => {
                self.entries[place as usize] = contract;
                self.free.push(place);
                NO_CONTRACT
            }
            (false, true) => {
                self.entries[place as usize] = contract;
                place
            }
            (true, true) => match self.free.pop() {
                Some(place) => {
                    self.entries[place as usize] = contract;
                    place
                }
                None => {
                    self.entries.push(contract);
                    let place = u32::try_from(self.entries.len() - 1).ok();
                    place.expect("fewer contracts than leaves, which are counted in 31 bits")
                }
            },
        }
    }

    /// Gives unused memory back.
    pub(super) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
        self.free.shrink_to_fit();
    }

    /// `[nonce, balance, storage root, code hash]`.
    fn put_account(&self, leaf: &AccountLeaf, out: &mut Vec<u8>) {
        let contract = self.get(leaf.contract);
        let payload_length = leaf.nonce.length() + leaf.balance.length() + 2 * 33;
        Header { list: true, payload_length }.encode(out);
        leaf.nonce.encode(out);
        leaf.balance.encode(out);
        contract.storage_root.encode(out);
        contract.code_hash.encode(out);
    }
}

pub(super) fn put_slot(value: &U256, out: &mut Vec<u8>) {
    value.encode(out);
}

/// The slots written, by hash, of every account that has some; with its place in `touched`.
fn hashed_slots(touched: &[Touched<'_>]) -> Vec<(usize, Vec<Change<U256>>)> {
    let mut all: Vec<(usize, Vec<Change<U256>>)> = Vec::new();
    let mut hashes = Batch::new();
    for (index, Touched { change, .. }) in touched.iter().enumerate() {
        if change.account.is_none() || change.storage.is_empty() {
            continue;
        }
        let place = all.len();
        all.push((index, Vec::with_capacity(change.storage.len())));
        for (slot, value) in &change.storage {
            let value = (!value.is_zero()).then_some(*value);
            hashes.push(&slot.to_be_bytes::<32>(), (place, value), |(place, value), key| {
                all[place].1.push((key, value));
            });
        }
    }
    hashes.flush(|(place, value): (usize, _), key| all[place].1.push((key, value)));
    for (_, slots) in &mut all {
        slots.sort_unstable_by_key(|(key, _)| *key);
    }
    all
}
