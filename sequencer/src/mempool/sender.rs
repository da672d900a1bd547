//! The waiting transactions of one sender, by nonce.
//!
//! ```text
//!  nonce ──▶ taken ──▶ cursor ──▶ executable ──▶ end ── gap ──▶ parked behind the gap
//! ```
//! Invariant: `account nonce ≤ cursor ≤ end`, every nonce from the account's to `end` is here, `end` is not.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::U256;

use super::{Admitted, transaction::Pooled};

#[derive(Debug)]
pub(super) struct Sender {
    /// Next nonce of the account in the pending state.
    pub(super) nonce: u64,
    /// Balance in the pending state, in wei.
    pub(super) balance: U256,
    /// Next nonce to hand out; above `nonce` while the builder holds transactions.
    pub(super) cursor: u64,
    /// First nonce that is missing.
    pub(super) end: u64,
    pub(super) transactions: BTreeMap<u64, Pooled>,
    /// Arrival of the transaction that stands in the ready set.
    pub(super) ready: Option<u64>,
    /// Its next transaction needs more gas than the open block has left.
    pub(super) deferred: bool,
}

impl Sender {
    pub(super) const fn new(nonce: u64, balance: U256) -> Self {
        Self {
            nonce,
            balance,
            cursor: nonce,
            end: nonce,
            transactions: BTreeMap::new(),
            ready: None,
            deferred: false,
        }
    }

    /// Whether the transaction with this nonce could be executed after those before it.
    pub(super) const fn is_executable(&self, nonce: u64) -> bool {
        nonce < self.end
    }

    /// Finds `end` again after a change, and returns the nonces that changed sides.
    pub(super) fn find_end(&mut self) -> std::ops::Range<u64> {
        let old = self.end;
        let mut end = self.nonce;
        for nonce in self.transactions.range(self.nonce..).map(|(nonce, _)| *nonce) {
            if nonce != end {
                break;
            }
            end += 1;
        }
        self.end = end;
        std::cmp::min(old, end)..std::cmp::max(old, end)
    }

    /// What the transactions before this nonce may cost, in wei.
    pub(super) fn queued_cost(&self, nonce: u64) -> U256 {
        let before = self.transactions.range(..nonce);
        before.fold(U256::ZERO, |sum, (_, pooled)| sum.saturating_add(pooled.admitted.cost.total()))
    }

    /// The transaction that goes next, if it is here.
    pub(super) fn head(&self) -> Option<&Pooled> {
        self.transactions.get(&self.cursor)
    }

    pub(super) fn last(&self) -> Option<&Arc<Admitted>> {
        self.transactions.last_key_value().map(|(_, pooled)| &pooled.admitted)
    }
}
