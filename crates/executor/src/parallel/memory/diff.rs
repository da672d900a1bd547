//! From versions to what stands, and from what was written to a diff.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use alloy_primitives::{U256, map::AddressMap};
use state::{AccountDiff, StateDiff, StateReader};

use super::{AccountValue, Memory, Turn, table::Version};

impl<R: StateReader> Memory<R> {
    /// Makes what the transactions before `end` have written stand, and forgets what those after it have.
    pub(in crate::parallel) fn collapse(&self, end: Turn) {
        let mut cleared = AddressMap::<(Turn, bool)>::default();
        self.accounts.collapse(end, |address, standing, versions| {
            let before = standing.unwrap_or_default();
            let clears = versions.iter().rfind(|version| version.value.clears);
            if let Some(clearing) = clears {
                cleared.insert(*address, (clearing.stamp.turn, before.may_have_storage()));
            }
            let account = versions.last().map_or(before.account, |version| version.value.account);
            (AccountValue { account, clears: clears.is_some() || before.clears }, true)
        });
        for (address, (_, had_storage)) in &cleared {
            self.set_void(*address, *had_storage);
        }
        self.slots.collapse(end, |(address, _), standing, versions| {
            let cleared = cleared.get(address).map_or(0, |(turn, _)| *turn);
            slot_after(standing, versions, cleared)
        });
        self.any_clears.store(false, Ordering::SeqCst);
    }

    /// What was written since the last time.
    pub(in crate::parallel) fn take_diff(&self) -> StateDiff {
        let (mut accounts, mut slots) = (BTreeMap::new(), Vec::new());
        self.accounts.drain(|address, value| {
            let storage_cleared = std::mem::take(&mut value.clears);
            let AccountValue { account, .. } = *value;
            let change = match account {
                Some(_) => AccountDiff { account, storage_cleared, ..AccountDiff::default() },
                None => AccountDiff::gone(),
            };
            accounts.insert(address, change);
        });
        self.slots.drain(|key, value| slots.push((key, *value)));
        slots.sort_unstable_by_key(|(key, _)| *key);
        for of_account in slots.chunk_by(|((one, _), _), ((other, _), _)| one == other) {
            let address = of_account[0].0.0;
            let change = accounts.entry(address).or_insert_with(|| {
                let (account, _) = self.known_account(&address, Turn::MAX);
                AccountDiff { account, ..AccountDiff::default() }
            });
            if change.account.is_some() {
                change.storage =
                    of_account.iter().map(|((_, slot), value)| (*slot, *value)).collect();
            }
        }
        let mut diff = StateDiff { accounts, ..StateDiff::default() };
        let mut codes = self.codes.lock();
        let fresh = std::mem::take(&mut codes.fresh);
        diff.codes = fresh.into_iter().map(|hash| (hash, codes.all[&hash].clone())).collect();
        diff
    }
}

/// What a slot holds after all its versions, and whether a diff has to say so: not if it went away with its account.
fn slot_after(standing: Option<U256>, versions: &[Version<U256>], cleared: Turn) -> (U256, bool) {
    match versions.last() {
        Some(last) if last.stamp.turn >= cleared => (last.value, true),
        _ if cleared > 0 => (U256::ZERO, false),
        _ => (standing.unwrap_or_default(), false),
    }
}
