//! Filters that clients install and poll: logs, blocks, pending transactions.
//!
//! One task feeds all filters from the published events, so removed logs come too. Each keeps a bounded list of
//! what happened since the last poll; one that overflows or is not asked for is forgotten, and the client, told
//! `filter not found`, makes a new one. Invariant: nothing is skipped in a filter that still answers.

use std::{sync::Arc, time::Instant};

use alloy::{
    primitives::{B256, U128, map::HashMap},
    rpc::types::{Filter, FilterChanges, FilterId, Log},
};
use parking_lot::Mutex;

use super::{
    convert::{RpcTransaction, block_logs, log_filter_matches},
    limits::{FILTER_IDLE_MAX, FILTERS_MAX, LOG_RESULTS_MAX},
};
use crate::{chain::ChainBlock, publisher::Published};

/// What a filter collects.
#[derive(Debug, Clone)]
pub(crate) enum FilterKind {
    /// Logs that match.
    Logs(Box<Filter>),
    /// Hashes of new blocks.
    Blocks,
    /// Hashes of transactions that entered the mempool.
    PendingTransactions,
}

#[derive(Debug)]
struct Entry {
    kind: FilterKind,
    hashes: Vec<B256>,
    logs: Vec<Log>,
    polled: Instant,
}

/// All installed filters. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters {
    entries: Arc<Mutex<HashMap<U128, Entry>>>,
}

/// More filters exist than are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{FILTERS_MAX} filters exist already")]
pub(crate) struct TooManyFilters;

impl Filters {
    /// Installs a filter; it collects from now on.
    pub(crate) fn install(&self, kind: FilterKind) -> Result<FilterId, TooManyFilters> {
        let mut entries = self.entries.lock();
        if entries.len() >= FILTERS_MAX {
            entries.retain(|_, entry| entry.polled.elapsed() <= FILTER_IDLE_MAX);
        }
        if entries.len() >= FILTERS_MAX {
            return Err(TooManyFilters);
        }
        let id = U128::from(rand::random::<u128>());
        let entry = Entry { kind, hashes: Vec::new(), logs: Vec::new(), polled: Instant::now() };
        entries.insert(id, entry);
        // As a quantity: there are clients that read a number, and write it without leading zeros.
        Ok(FilterId::Str(format!("{id:#x}")))
    }

    /// Forgets a filter; whether there was one.
    pub(crate) fn uninstall(&self, id: &FilterId) -> bool {
        key(id).is_some_and(|key| self.entries.lock().remove(&key).is_some())
    }

    /// What the filter collected since it was last asked; `None` if there is no such filter.
    pub(crate) fn changes(&self, id: &FilterId) -> Option<FilterChanges<RpcTransaction>> {
        let key = key(id)?;
        let mut entries = self.entries.lock();
        let entry = entries.get_mut(&key)?;
        if entry.polled.elapsed() > FILTER_IDLE_MAX {
            entries.remove(&key);
            return None;
        }
        entry.polled = Instant::now();
        Some(match entry.kind {
            FilterKind::Logs(_) => FilterChanges::Logs(std::mem::take(&mut entry.logs)),
            FilterKind::Blocks | FilterKind::PendingTransactions => {
                FilterChanges::Hashes(std::mem::take(&mut entry.hashes))
            }
        })
    }

    /// The log filter of that id, for `eth_getFilterLogs`.
    pub(crate) fn log_filter(&self, id: &FilterId) -> Option<Filter> {
        let key = key(id)?;
        let mut entries = self.entries.lock();
        let entry = entries.get_mut(&key)?;
        entry.polled = Instant::now();
        match &entry.kind {
            FilterKind::Logs(filter) => Some((**filter).clone()),
            FilterKind::Blocks | FilterKind::PendingTransactions => None,
        }
    }

    /// Forgets all filters: events were missed, so none of them is complete any more.
    pub(crate) fn clear(&self) {
        self.entries.lock().clear();
    }

    /// Takes in an event, and forgets the filters that are full or were not asked for too long.
    pub(crate) fn feed(&self, event: &Published) {
        let mut entries = self.entries.lock();
        if entries.is_empty() {
            return;
        }
        entries.retain(|_, entry| {
            entry.take(event);
            entry.hashes.len() <= LOG_RESULTS_MAX
                && entry.logs.len() <= LOG_RESULTS_MAX
                && entry.polled.elapsed() <= FILTER_IDLE_MAX
        });
    }
}

impl Entry {
    fn take(&mut self, event: &Published) {
        match (&self.kind, event) {
            (FilterKind::Blocks, Published::Block(block)) => self.hashes.push(block.hash),
            (FilterKind::PendingTransactions, Published::Received(hashes)) => {
                self.hashes.extend_from_slice(hashes);
            }
            (FilterKind::Logs(filter), Published::Block(block)) => {
                self.logs.extend(matching(block, filter, false));
            }
            (FilterKind::Logs(filter), Published::Removed(blocks)) => {
                for block in blocks.iter() {
                    self.logs.extend(matching(block, filter, true));
                }
            }
            _ => {}
        }
    }
}

fn matching(block: &ChainBlock, filter: &Filter, removed: bool) -> Vec<Log> {
    if !filter.matches_bloom(block.header.logs_bloom) {
        return Vec::new();
    }
    let mut logs = block_logs(block, removed);
    logs.retain(|log| log_filter_matches(filter, &log.inner));
    logs
}

fn key(id: &FilterId) -> Option<U128> {
    match id {
        FilterId::Str(text) => U128::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        FilterId::Num(number) => Some(U128::from(*number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collects_hashes_between_polls() {
        let filters = Filters::default();
        let id = filters.install(FilterKind::PendingTransactions).unwrap();
        let (first, second) = (B256::repeat_byte(1), B256::repeat_byte(2));
        filters.feed(&Published::Received([first].into()));
        filters.feed(&Published::Received([second].into()));
        let FilterChanges::Hashes(hashes) = filters.changes(&id).unwrap() else { panic!("hashes") };
        assert_eq!(hashes, [first, second]);
        let FilterChanges::Hashes(hashes) = filters.changes(&id).unwrap() else { panic!("hashes") };
        assert!(hashes.is_empty());
        assert!(filters.uninstall(&id));
        assert!(!filters.uninstall(&id));
        assert!(filters.changes(&id).is_none());
    }

    #[test]
    fn a_filter_that_overflows_is_forgotten() {
        let filters = Filters::default();
        let id = filters.install(FilterKind::PendingTransactions).unwrap();
        for _ in 0..=LOG_RESULTS_MAX {
            filters.feed(&Published::Received([B256::ZERO].into()));
        }
        assert!(filters.changes(&id).is_none());
    }

    #[test]
    fn numbers_and_strangers_are_no_filters() {
        let filters = Filters::default();
        assert!(filters.changes(&FilterId::Num(1)).is_none());
        for text in ["0x1", "1", "0x", "", "0xx", "0x100000000000000000000000000000000"] {
            assert!(filters.changes(&FilterId::Str(text.into())).is_none(), "{text}");
        }
    }

    /// geth writes ids without leading zeros, and some clients write them as numbers.
    #[test]
    fn leading_zeros_make_no_difference() {
        let filters = Filters::default();
        for _ in 0..200 {
            let id = filters.install(FilterKind::Blocks).unwrap();
            let FilterId::Str(text) = &id else { panic!("text") };
            assert!(!text.starts_with("0x0"), "{text}");
            let padded = format!("0x{:0>32}", text.trim_start_matches("0x"));
            assert!(filters.changes(&FilterId::Str(padded)).is_some());
            assert!(filters.uninstall(&id));
        }
    }
}
