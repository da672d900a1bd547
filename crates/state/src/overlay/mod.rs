//! Changed state in memory above a reader: what was executed but is not in the store yet.
//!
//! It remembers when each place last changed, so that the changes since a [`Mark`] can be taken as a diff (a block's,
//! after many sub-blocks), and those before a mark can be forgotten once the base has them.
//! It is not a cache: what is read through it is not kept. The cache stands below it.
//!
//! Invariant: a read gives what the base would give had every applied diff been written to it.

#[cfg(test)]
mod tests;

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressMap, B256Map, U256Map},
};

use crate::{Account, AccountDiff, PrecompileResult, StateDiff, StateReader};

/// A moment in the life of an overlay; later marks compare greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// Hash maps of changes above the reader `R`.
#[derive(Clone, Debug)]
pub struct Overlay<R> {
    base: R,
    accounts: AddressMap<Changed>,
    codes: B256Map<(Bytes, Mark)>,
    block_hashes: BTreeMap<u64, B256>,
    /// Addresses by the mark at which they changed, so that a diff need not look at all of them.
    touched: BTreeMap<Mark, Vec<Address>>,
    now: Mark,
}

#[derive(Clone, Debug)]
struct Changed {
    account: Option<Account>,
    at: Mark,
    /// When all older slots went away, if ever; newer ones are in `storage`.
    cleared: Option<Mark>,
    storage: U256Map<(U256, Mark)>,
}

impl<R> Overlay<R> {
    /// An overlay without changes.
    pub fn new(base: R) -> Self {
        Self {
            base,
            accounts: AddressMap::default(),
            codes: B256Map::default(),
            block_hashes: BTreeMap::new(),
            touched: BTreeMap::new(),
            now: Mark::default(),
        }
    }

    /// The reader below.
    pub const fn base(&self) -> &R {
        &self.base
    }

    /// The number of changed accounts that are held in memory.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.codes.is_empty()
    }

    /// Lays a diff over what is there.
    pub fn apply(&mut self, diff: &StateDiff) {
        for (address, change) in &diff.accounts {
            self.apply_account(*address, change);
        }
        for (hash, code) in &diff.codes {
            self.codes.insert(*hash, (code.clone(), self.now));
        }
    }

    fn apply_account(&mut self, address: Address, change: &AccountDiff) {
        let now = self.now;
        let mut is_new = false;
        let known = self.accounts.entry(address).or_insert_with(|| {
            is_new = true;
            Changed { account: None, at: now, cleared: None, storage: U256Map::default() }
        });
        if is_new || known.at != now {
            self.touched.entry(now).or_default().push(address);
        }
        known.account = change.account;
        known.at = now;
        if change.clears_storage() {
            known.cleared = Some(now);
            known.storage.clear();
        }
        if change.account.is_some() {
            known.storage.extend(change.storage.iter().map(|(slot, value)| (*slot, (*value, now))));
        }
    }

    /// Gives `BLOCKHASH` the hash of a block that the base does not know yet.
    pub fn set_block_hash(&mut self, number: u64, hash: B256) {
        self.block_hashes.insert(number, hash);
    }

    /// Marks this moment: [`Self::diff_since`] it gives whatever is applied from here on.
    pub fn mark(&mut self) -> Mark {
        self.now.0 += 1;
        self.now
    }

    /// All changes that are held.
    pub fn diff(&self) -> StateDiff {
        self.diff_since(Mark::default())
    }

    /// The changes since a mark, as one diff. The cost goes with the accounts changed since, and with all the
    /// changed slots that the overlay holds of them.
    pub fn diff_since(&self, mark: Mark) -> StateDiff {
        let mut accounts = BTreeMap::new();
        for address in self.touched.range(mark..).flat_map(|(_, addresses)| addresses) {
            if let Some(known) = self.accounts.get(address) {
                accounts.entry(*address).or_insert_with(|| known.since(mark));
            }
        }
        let codes = self.codes.iter().filter(|(_, (_, at))| *at >= mark);
        let codes = codes.map(|(hash, (code, _))| (*hash, code.clone())).collect();
        StateDiff { accounts, codes }
    }

    /// Forgets what changed before a mark and not since, because the base now has it. Marks before it are void.
    pub fn forget_before(&mut self, mark: Mark) {
        let newer = self.touched.split_off(&mark);
        let older = core::mem::replace(&mut self.touched, newer);
        for address in older.into_values().flatten() {
            let Some(known) = self.accounts.get_mut(&address) else { continue };
            if known.at < mark {
                self.accounts.remove(&address);
                continue;
            }
            known.storage.retain(|_, (_, at)| *at >= mark);
            known.cleared = known.cleared.filter(|at| *at >= mark);
        }
        self.codes.retain(|_, (_, at)| *at >= mark);
    }

    /// Forgets block hashes below `number`.
    pub fn forget_block_hashes_before(&mut self, number: u64) {
        self.block_hashes = self.block_hashes.split_off(&number);
    }

    /// All changes, without the base.
    pub fn into_diff(self) -> StateDiff {
        self.diff()
    }

    /// The base and all changes.
    pub fn into_parts(self) -> (R, StateDiff) {
        let diff = self.diff();
        (self.base, diff)
    }
}

impl Changed {
    fn since(&self, mark: Mark) -> AccountDiff {
        let storage = self.storage.iter().filter(|(_, (_, at))| *at >= mark);
        AccountDiff {
            account: self.account,
            storage_cleared: self.cleared.is_some_and(|at| at >= mark),
            storage: storage.map(|(slot, (value, _))| (*slot, *value)).collect(),
        }
    }
}

impl<R: StateReader> StateReader for Overlay<R> {
    type Error = R::Error;

    fn account(&self, address: &Address) -> Result<Option<Account>, Self::Error> {
        match self.accounts.get(address) {
            Some(known) => Ok(known.account),
            None => self.base.account(address),
        }
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Self::Error> {
        if let Some(known) = self.accounts.get(address) {
            if let Some((value, _)) = known.storage.get(slot) {
                return Ok(*value);
            }
            if known.cleared.is_some() {
                return Ok(U256::ZERO);
            }
        }
        self.base.storage(address, slot)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Self::Error> {
        match self.codes.get(hash) {
            Some((code, _)) => Ok(code.clone()),
            None => self.base.code(hash),
        }
    }

    fn block_hash(&self, number: u64) -> Result<B256, Self::Error> {
        match self.block_hashes.get(&number) {
            Some(hash) => Ok(*hash),
            None => self.base.block_hash(number),
        }
    }

    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
        self.base.precompile(address, gas, input)
    }
}
