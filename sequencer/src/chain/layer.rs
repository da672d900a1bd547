//! A diff on top of a state, found by hash: a read goes through a diff for each block that Postgres does not have, and nearly all
//! of them say no. The sorted maps of a diff say so after half a dozen places in memory, a table of hashes after one.
//!
//! Invariant: the answers are those of the diff.

use std::{
    hash::BuildHasher,
    sync::{Arc, LazyLock},
};

use alloy::primitives::{Address, B256, Bytes, U256, map::DefaultHashBuilder};
use hashbrown::HashTable;
use state::{Account, StateDiff};

/// Bits of the filter for each address: one stranger in sixty is taken for known, and then looked for in vain.
const BITS_PER_ADDRESS: usize = 16;

/// One for all layers, so that a key is hashed once for all of them; it has a seed of its own, which nobody outside knows.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// What a block or a sub-block changed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Layer {
    tables: Arc<Tables>,
}

/// An address or a slot, hashed.
#[derive(Debug, Clone, Copy)]
pub struct Hashed<K> {
    key: K,
    hash: u64,
}

#[derive(Debug)]
struct Tables {
    diff: Arc<StateDiff>,
    /// Two bits in one word for each address; as many words as a power of two. Most addresses are strangers, and this is a tenth
    /// of the table that would say so.
    filter: Vec<u64>,
    /// In their order.
    accounts: Vec<Changed>,
    slots: Vec<Written>,
    /// Where they are, by hash.
    account_places: HashTable<u32>,
    slot_places: HashTable<u32>,
}

/// A changed account.
#[derive(Debug)]
struct Changed {
    address: Address,
    account: Option<Account>,
    /// All its older slots are gone.
    clears_storage: bool,
    /// Some of its slots were written.
    has_slots: bool,
}

/// A slot with its value.
#[derive(Debug)]
struct Written {
    key: (Address, U256),
    value: U256,
}

impl<K: std::hash::Hash> Hashed<K> {
    /// For any number of layers.
    pub fn new(key: K) -> Self {
        let hash = HASHER.hash_one(&key);
        Self { key, hash }
    }
}

impl Layer {
    /// The same diff, looked at once.
    pub fn new(diff: Arc<StateDiff>) -> Self {
        let slots = diff.accounts.values().map(|change| change.storage.len()).sum();
        let words = (diff.accounts.len() * BITS_PER_ADDRESS).div_ceil(64).next_power_of_two();
        let mut tables = Tables {
            filter: vec![0; words],
            accounts: Vec::with_capacity(diff.accounts.len()),
            slots: Vec::with_capacity(slots),
            account_places: HashTable::with_capacity(diff.accounts.len()),
            slot_places: HashTable::with_capacity(slots),
            diff: diff.clone(),
        };
        for (address, change) in &diff.accounts {
            tables.add_account(Changed {
                address: *address,
                account: change.account,
                clears_storage: change.clears_storage(),
                has_slots: !change.storage.is_empty(),
            });
            for (slot, value) in &change.storage {
                tables.add_slot(Written { key: (*address, *slot), value: *value });
            }
        }
        Self { tables: Arc::new(tables) }
    }

    /// The account afterwards, if it changed.
    pub fn account(&self, address: Hashed<&Address>) -> Option<Option<Account>> {
        self.tables.changed(address).map(|changed| changed.account)
    }

    /// The slot afterwards, if it changed. Most layers have nothing of an account, so `slot` is asked for only where it matters.
    pub fn slot(
        &self,
        address: Hashed<&Address>,
        slot: impl FnOnce() -> Hashed<(Address, U256)>,
    ) -> Option<U256> {
        let changed = self.tables.changed(address)?;
        let written = changed.has_slots.then(|| self.tables.written(slot())).flatten();
        written.or_else(|| changed.clears_storage.then_some(U256::ZERO))
    }

    /// Code that is new.
    pub fn code(&self, hash: &B256) -> Option<&Bytes> {
        self.tables.diff.codes.get(hash)
    }

    /// All that changed.
    pub fn diff(&self) -> &Arc<StateDiff> {
        &self.tables.diff
    }
}

impl Tables {
    fn add_account(&mut self, changed: Changed) {
        let hash = changed.hash();
        let (word, bits) = place(hash, self.filter.len());
        self.filter[word] |= bits;
        let (accounts, at) = (&self.accounts, number(self.accounts.len()));
        self.account_places.insert_unique(hash, at, |at| accounts[*at as usize].hash());
        self.accounts.push(changed);
    }

    fn add_slot(&mut self, written: Written) {
        let (slots, at) = (&self.slots, number(self.slots.len()));
        self.slot_places.insert_unique(written.hash(), at, |at| slots[*at as usize].hash());
        self.slots.push(written);
    }

    fn changed(&self, address: Hashed<&Address>) -> Option<&Changed> {
        let (word, bits) = place(address.hash, self.filter.len());
        if self.filter[word] & bits != bits {
            return None;
        }
        let is_it = |at: &u32| self.accounts[*at as usize].address == *address.key;
        let at = self.account_places.find(address.hash, is_it)?;
        Some(&self.accounts[*at as usize])
    }

    fn written(&self, slot: Hashed<(Address, U256)>) -> Option<U256> {
        let is_it = |at: &u32| self.slots[*at as usize].key == slot.key;
        let at = self.slot_places.find(slot.hash, is_it)?;
        Some(self.slots[*at as usize].value)
    }
}

impl Changed {
    fn hash(&self) -> u64 {
        Hashed::new(&self.address).hash
    }
}

impl Written {
    fn hash(&self) -> u64 {
        Hashed::new(self.key).hash
    }
}

/// A block would need more memory than there is for more.
fn number(place: usize) -> u32 {
    u32::try_from(place).expect("fewer than 2^32 changes in a block")
}

/// The word of an address, and its bits there.
const fn place(hash: u64, words: usize) -> (usize, u64) {
    let bits = (1 << (hash & 63)) | (1 << (hash >> 6 & 63));
    // A number of words fits an index, and the mask keeps it one of them.
    ((hash >> 12) as usize & (words - 1), bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use state::AccountDiff;

    use super::*;

    fn account(layer: &Layer, address: &Address) -> Option<Option<Account>> {
        layer.account(Hashed::new(address))
    }

    fn slot(layer: &Layer, address: &Address, slot: U256) -> Option<U256> {
        layer.slot(Hashed::new(address), || Hashed::new((*address, slot)))
    }

    /// Few addresses and few slots, so that all kinds of changes meet.
    fn change() -> impl Strategy<Value = (Address, AccountDiff)> {
        let account = proptest::option::of(0_u64..3);
        let account =
            account.prop_map(|nonce| Some(Account { nonce: nonce?, ..Account::default() }));
        let storage = proptest::collection::btree_map(0_u64..6, 0_u64..3, 0..4);
        (0_u8..40, account, any::<bool>(), storage).prop_map(
            |(address, account, cleared, storage)| {
                let storage =
                    storage.into_iter().map(|(slot, value)| (U256::from(slot), U256::from(value)));
                let change = match account {
                    Some(_) => AccountDiff {
                        account,
                        storage_cleared: cleared,
                        storage: storage.collect(),
                    },
                    None => AccountDiff::gone(),
                };
                (Address::repeat_byte(address), change)
            },
        )
    }

    proptest! {
        #[test]
        fn the_answers_are_those_of_the_diff(
            changes in proptest::collection::btree_map(any::<u8>(), change(), 0..60),
        ) {
            let diff = StateDiff { accounts: changes.into_values().collect(), ..StateDiff::default() };
            let layer = Layer::new(Arc::new(diff.clone()));
            for address in (0_u8..42).map(Address::repeat_byte) {
                let change = diff.accounts.get(&address);
                prop_assert_eq!(account(&layer, &address), change.map(|change| change.account));
                for key in (0_u64..7).map(U256::from) {
                    let expected = change.and_then(|change| {
                        let cleared = change.clears_storage().then_some(U256::ZERO);
                        change.storage.get(&key).copied().or(cleared)
                    });
                    prop_assert_eq!(slot(&layer, &address, key), expected);
                }
            }
        }
    }

    #[test]
    fn strangers_are_seldom_looked_for() {
        let address = |number: u64| Address::left_padding_from(&number.to_be_bytes());
        let accounts = (0..10_000).map(|number| (address(number), AccountDiff::gone())).collect();
        let layer = Layer::new(Arc::new(StateDiff { accounts, ..StateDiff::default() }));
        let mistaken = (10_000..110_000).filter(|number| {
            let (word, bits) =
                place(Hashed::new(&address(*number)).hash, layer.tables.filter.len());
            layer.tables.filter[word] & bits == bits
        });
        let mistaken = mistaken.count();
        assert!(mistaken < 100_000 / 20, "{mistaken}");
        assert_eq!(account(&Layer::new(Arc::default()), &Address::ZERO), None);
    }
}
