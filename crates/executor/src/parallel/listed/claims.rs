//! What an access list claims: the state that each transaction finds, and what it leaves.
//!
//! Nothing here is believed. Every transaction runs on what the list claims of those before it, and must leave just what
//! the list claims of itself. The first one finds the state of the parent; so if all leave what is claimed, each has
//! found what serial execution would have shown it.

use std::sync::OnceLock;

use alloy_eip7928::{AccountChanges, BlockAccessIndex, validation::validate_block_access_list};
use alloy_primitives::{
    Address, B256, Bytes, U256, keccak256,
    map::{AddressMap, B256Map},
};
use revm::state::{Account as EvmAccount, EvmState};
use state::{Account, AccountDiff, StateDiff, StateReader};

use super::{Claim, Unusable};
use crate::{BlockAccessList, access_list::Left};

/// A list, made ready for looks, above the state of the parent.
#[derive(Debug)]
pub(super) struct Claims<R> {
    store: R,
    accounts: Vec<Claimed>,
    by_address: AddressMap<u32>,
    codes: B256Map<Bytes>,
    /// How many changes are claimed of each index.
    counts: Vec<u32>,
}

#[derive(Debug)]
struct Claimed {
    changes: AccountChanges,
    /// Of the code changes.
    code_hashes: Vec<B256>,
    /// What the parent's state has there, once somebody has looked.
    base: OnceLock<Option<Account>>,
    /// The same for the slots: those that are changed, and then those that are only read.
    slots: Vec<OnceLock<U256>>,
}

/// The account's storage was cleared at an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clearing {
    pub index: u64,
    pub address: Address,
    /// The account went away; else it was created.
    pub is_gone: bool,
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ClaimsError<E: core::error::Error + 'static> {
    /// The store failed.
    #[error(transparent)]
    Store(E),
    /// The list does not name the place.
    #[error("a place that the access list does not name")]
    Unlisted,
}

impl<R: StateReader> Claims<R> {
    /// For a block of so many transactions on top of `store`.
    pub(super) fn new(
        store: R,
        list: BlockAccessList,
        transactions: usize,
    ) -> Result<Self, Unusable> {
        validate_block_access_list(&list, transactions).map_err(Unusable::Malformed)?;
        let mut claims = Self {
            store,
            accounts: Vec::with_capacity(list.len()),
            by_address: AddressMap::default(),
            codes: B256Map::default(),
            counts: vec![0; transactions + 2],
        };
        claims.by_address.reserve(list.len());
        for (number, changes) in (0..).zip(list) {
            claims.by_address.insert(changes.address, number);
            claims.add(changes);
        }
        // No transaction stands behind the last one.
        if claims.counts[transactions + 1] > 0 {
            return Err(Unusable::Differs { index: transactions as u64 + 1 });
        }
        Ok(claims)
    }

    fn add(&mut self, changes: AccountChanges) {
        let indices = changes.balance_changes.iter().map(|change| change.block_access_index);
        let indices = indices.chain(changes.nonce_changes.iter().map(|c| c.block_access_index));
        let indices = indices.chain(changes.code_changes.iter().map(|c| c.block_access_index));
        let slots = changes.storage_changes.iter().flat_map(|slot| &slot.changes);
        for index in indices.chain(slots.map(|change| change.block_access_index)) {
            // Validated to be in range.
            self.counts[usize::try_from(index.get()).unwrap_or(usize::MAX)] += 1;
        }
        let codes = changes.code_changes.iter();
        let code_hashes: Vec<_> = codes.map(|change| keccak256(&change.new_code)).collect();
        for (hash, change) in code_hashes.iter().zip(&changes.code_changes) {
            self.codes.insert(*hash, change.new_code.clone());
        }
        let slots = changes.storage_changes.len() + changes.storage_reads.len();
        let slots = (0..slots).map(|_| OnceLock::new()).collect();
        self.accounts.push(Claimed { changes, code_hashes, base: OnceLock::new(), slots });
    }

    fn claimed(&self, address: &Address) -> Option<&Claimed> {
        self.accounts.get(*self.by_address.get(address)? as usize)
    }

    /// The account as what runs at `index` finds it.
    pub(super) fn account(
        &self,
        address: &Address,
        index: u64,
    ) -> Result<Option<Account>, ClaimsError<R::Error>> {
        let claimed = self.claimed(address).ok_or(ClaimsError::Unlisted)?;
        let base = self.base(claimed).map_err(ClaimsError::Store)?;
        Ok(claimed.after(base, index))
    }

    fn base(&self, claimed: &Claimed) -> Result<Option<Account>, R::Error> {
        if let Some(base) = claimed.base.get() {
            return Ok(*base);
        }
        let base = self.store.account(&claimed.changes.address)?;
        Ok(*claimed.base.get_or_init(|| base))
    }

    /// The slot as what runs at `index` finds it.
    pub(super) fn slot(
        &self,
        address: &Address,
        slot: &U256,
        index: u64,
    ) -> Result<U256, ClaimsError<R::Error>> {
        let claimed = self.claimed(address).ok_or(ClaimsError::Unlisted)?;
        let number = claimed.slot(slot).ok_or(ClaimsError::Unlisted)?;
        if let Some(changed) = claimed.changes.storage_changes.get(number)
            && let Some(last) = last(&changed.changes, index, |change| change.block_access_index)
        {
            return Ok(last.new_value);
        }
        self.slot_base(claimed, number, slot).map_err(ClaimsError::Store)
    }

    fn slot_base(&self, claimed: &Claimed, number: usize, slot: &U256) -> Result<U256, R::Error> {
        let known = &claimed.slots[number];
        if let Some(value) = known.get() {
            return Ok(*value);
        }
        let value = self.store.storage(&claimed.changes.address, slot)?;
        Ok(*known.get_or_init(|| value))
    }

    pub(super) fn code(&self, hash: &B256) -> Result<Bytes, ClaimsError<R::Error>> {
        match self.codes.get(hash) {
            Some(code) => Ok(code.clone()),
            None => self.store.code(hash).map_err(ClaimsError::Store),
        }
    }

    pub(super) fn block_hash(&self, number: u64) -> Result<B256, ClaimsError<R::Error>> {
        self.store.block_hash(number).map_err(ClaimsError::Store)
    }

    /// Whether what ran at `index` left what is claimed, and nothing else. Gives what it cleared.
    pub(super) fn agree(&self, index: u64, changes: &EvmState) -> Option<Vec<Clearing>> {
        let (mut agreed, mut cleared) = (0, Vec::new());
        for (address, account) in changes {
            let left = Left::of(account);
            agreed += self.claimed(address)?.agree(index, account, &left)?;
            if left.clears_storage {
                cleared.push(Clearing { index, address: *address, is_gone: left.is_gone });
            }
        }
        (Some(&agreed) == self.counts.get(usize::try_from(index).ok()?)).then_some(cleared)
    }

    /// Whether a list of what happened at one index, and nowhere else, is what is claimed of it.
    pub(super) fn agree_with_list(&self, index: u64, list: &[AccountChanges]) -> bool {
        let at = Some(BlockAccessIndex::new(index));
        let mut agreed = 0;
        for other in list {
            let Some(claimed) = self.claimed(&other.address) else { return false };
            let claim = |slot| claimed.slot_claim(slot, index);
            let mut slots = other.storage_changes.iter();
            let slots_agree =
                slots.all(|slot| {
                    claim(&slot.slot) == Some(slot.changes.last().map(|change| change.new_value))
                }) && other.storage_reads.iter().all(|slot| claim(slot) == Some(None));
            let ours = claimed.changes.clone();
            let only = |mut changes: AccountChanges| {
                changes.balance_changes.retain(|change| Some(change.block_access_index) == at);
                changes.nonce_changes.retain(|change| Some(change.block_access_index) == at);
                changes.code_changes.retain(|change| Some(change.block_access_index) == at);
                (changes.balance_changes, changes.nonce_changes, changes.code_changes)
            };
            let (balances, nonces, codes) = only(ours);
            agreed += balances.len() + nonces.len() + codes.len() + other.storage_changes.len();
            if !slots_agree || (balances, nonces, codes) != only(other.clone()) {
                return false;
            }
        }
        usize::try_from(index).ok().and_then(|index| self.counts.get(index))
            == u32::try_from(agreed).ok().as_ref()
    }

    /// What the whole block changed, once everybody has agreed. `cleared` in the order of the transactions.
    pub(super) fn diff(
        &self,
        cleared: &[Clearing],
    ) -> Result<Result<StateDiff, Unusable>, R::Error> {
        let mut clearings = AddressMap::<Clearing>::default();
        for clearing in cleared {
            if let Some(unusable) = self.shows_through(clearing)? {
                return Ok(Err(unusable));
            }
            clearings.insert(clearing.address, *clearing);
        }
        let mut diff = StateDiff::default();
        for claimed in &self.accounts {
            let cleared = clearings.get(&claimed.changes.address);
            if !claimed.has_changes() && cleared.is_none() {
                continue;
            }
            let account = claimed.after(self.base(claimed)?, u64::MAX);
            let change = match account {
                None => AccountDiff::gone(),
                Some(_) => AccountDiff {
                    account,
                    storage_cleared: cleared.is_some(),
                    storage: claimed.storage_after(cleared),
                },
            };
            diff.accounts.insert(claimed.changes.address, change);
            let codes = claimed.code_hashes.iter().zip(&claimed.changes.code_changes);
            let codes = codes.filter(|(_, change)| !change.new_code.is_empty());
            diff.codes.extend(codes.map(|(hash, change)| (*hash, change.new_code.clone())));
        }
        Ok(Ok(diff))
    }

    /// Whether a slot of an account that was cleared had something that the list would still show afterwards. Under
    /// EIP-6780 only an account that genesis made by hand can have slots when it is created or goes away.
    fn shows_through(&self, clearing: &Clearing) -> Result<Option<Unusable>, R::Error> {
        let Clearing { index, address, .. } = *clearing;
        let Some(claimed) = self.claimed(&address) else { return Ok(None) };
        let changed = claimed.changes.storage_changes.iter().map(|changed| changed.slot);
        let slots = changed.chain(claimed.changes.storage_reads.iter().copied());
        for (number, slot) in slots.enumerate() {
            let changed = claimed.changes.storage_changes.get(number);
            let before = changed
                .and_then(|changed| last(&changed.changes, index, |c| c.block_access_index))
                .map(|change| change.new_value);
            let before = match before {
                Some(value) => value,
                None => self.slot_base(claimed, number, &slot)?,
            };
            if !before.is_zero() {
                return Ok(Some(Unusable::Cleared { index, address }));
            }
        }
        Ok(None)
    }
}

impl Claimed {
    /// The account as what runs at `index` finds it.
    fn after(&self, base: Option<Account>, index: u64) -> Option<Account> {
        let AccountChanges { balance_changes, nonce_changes, code_changes, .. } = &self.changes;
        let balance = last(balance_changes, index, |change| change.block_access_index);
        let nonce = last(nonce_changes, index, |change| change.block_access_index);
        let codes = changes_before(code_changes, index, |change| change.block_access_index);
        let code = codes.checked_sub(1).map(|last| self.code_hashes[last]);
        if balance.is_none() && nonce.is_none() && code.is_none() {
            return base;
        }
        let base = base.unwrap_or_default();
        let account = Account {
            balance: balance.map_or(base.balance, |change| change.post_balance),
            nonce: nonce.map_or(base.nonce, |change| change.new_nonce),
            code_hash: code.unwrap_or(base.code_hash),
        };
        // Nobody leaves an empty account (EIP-161).
        (!account.is_empty()).then_some(account)
    }

    /// The number of a slot.
    fn slot(&self, slot: &U256) -> Option<usize> {
        let AccountChanges { storage_changes, storage_reads, .. } = &self.changes;
        match storage_changes.binary_search_by_key(slot, |changed| changed.slot) {
            Ok(number) => Some(number),
            Err(_) => storage_reads.binary_search(slot).ok().map(|n| storage_changes.len() + n),
        }
    }

    /// What is claimed to have been left at a slot at `index`: a value or nothing. `None`: the slot is not named.
    fn slot_claim(&self, slot: &U256, index: u64) -> Claim<U256> {
        let changed = self.changes.storage_changes.get(self.slot(slot)?);
        let change =
            changed.and_then(|changed| at(&changed.changes, index, |c| c.block_access_index));
        Some(change.map(|change| change.new_value))
    }

    /// How many changes a transaction made at this account, if they are those that are claimed.
    fn agree(&self, index: u64, account: &EvmAccount, left: &Left) -> Option<u32> {
        let AccountChanges { balance_changes, nonce_changes, code_changes, .. } = &self.changes;
        let balance = at(balance_changes, index, |change| change.block_access_index);
        let nonce = at(nonce_changes, index, |change| change.block_access_index);
        let code = changes_before(code_changes, index, |change| change.block_access_index);
        let code_hash = code_changes
            .get(code)
            .filter(|change| change.block_access_index.get() == index)
            .map(|_| self.code_hashes[code]);
        let is_claimed = left.balance == balance.map(|change| change.post_balance)
            && left.nonce == nonce.map(|change| change.new_nonce)
            && left.code.as_ref().map(|(hash, _)| *hash) == code_hash;
        let mut agreed = u32::from(left.balance.is_some())
            + u32::from(left.nonce.is_some())
            + u32::from(left.code.is_some());
        for (slot, value) in left.slots(account) {
            if self.slot_claim(&slot, index)? != value {
                return None;
            }
            agreed += u32::from(value.is_some());
        }
        is_claimed.then_some(agreed)
    }

    fn has_changes(&self) -> bool {
        self.changes.has_changes()
    }

    /// What the slots hold after the block, as far as it changed them since they were cleared.
    fn storage_after(&self, cleared: Option<&Clearing>) -> std::collections::BTreeMap<U256, U256> {
        let from = cleared.map_or(0, |cleared| cleared.index + u64::from(cleared.is_gone));
        let slots = self.changes.storage_changes.iter();
        let last = slots.filter_map(|slot| Some((slot.slot, slot.changes.last()?)));
        last.filter(|(_, change)| change.block_access_index.get() >= from)
            .map(|(slot, change)| (slot, change.new_value))
            .collect()
    }
}

/// How many changes were made before `index`.
fn changes_before<C>(changes: &[C], index: u64, of: impl Fn(&C) -> BlockAccessIndex) -> usize {
    changes.partition_point(|change| of(change).get() < index)
}

/// The last change before `index`.
fn last<C>(changes: &[C], index: u64, of: impl Fn(&C) -> BlockAccessIndex) -> Option<&C> {
    changes_before(changes, index, of).checked_sub(1).map(|last| &changes[last])
}

/// The change at `index`.
fn at<C>(changes: &[C], index: u64, of: impl Fn(&C) -> BlockAccessIndex) -> Option<&C> {
    let change = changes.get(changes_before(changes, index, &of))?;
    (of(change).get() == index).then_some(change)
}
