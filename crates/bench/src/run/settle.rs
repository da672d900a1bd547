//! Whether all that was acknowledged is on the chain: once, and in order.
//!
//! A nonce is used once, and only after the one before it. So a sender's nonce says it all: if it has grown by as many as were
//! acknowledged, each of them is there exactly once, in the order they were signed in. Receipts of the samples are looked at
//! beside it, because a nonce does not say whose transactions they were.

use std::time::{Duration, Instant};

use alloy::primitives::Address;
use serde::Serialize;

use super::{RunError, tally::Tally, watch::Watched};
use crate::{file::Workload, rpc::Rpc};

/// Pause between two looks.
const POLL: Duration = Duration::from_millis(50);
/// Senders that are named.
const NAMED_MAX: usize = 5;

/// A sender whose nonce is not what was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsettled {
    /// Who.
    pub sender: Address,
    /// What its nonce should be.
    pub expected: u64,
    /// What it is.
    pub found: u64,
}

/// The nonce that a sender should have.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    sender: Address,
    /// With all that was acknowledged.
    least: u64,
    /// With what had no answer, too, and what was acknowledged behind it.
    most: u64,
}

impl Wanted {
    const fn unsettled(self, found: u64) -> Unsettled {
        Unsettled { sender: self.sender, expected: self.least, found }
    }
}

/// Whether all is there.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// From the first transaction until all senders had their nonces.
    pub after: Duration,
    /// Acknowledged transactions that must be there.
    pub expected: u64,
    /// Of them, those that are not.
    pub missing: u64,
    /// Acknowledged transactions that cannot be executed, because one before them was refused.
    pub stuck: u64,
    /// Some of the senders that are not where they should be.
    pub unsettled: Vec<Unsettled>,
    /// How many there are.
    pub unsettled_count: u64,
    /// Samples whose receipt is wrong: of another sender, or before an earlier one of the same sender.
    pub misplaced: u64,
}

impl Settled {
    /// Whether all that was acknowledged is there once and in order.
    #[must_use]
    pub const fn is_right(&self) -> bool {
        self.unsettled_count == 0 && self.misplaced == 0
    }

    /// Looks at the receipts of the samples.
    pub(super) fn check_samples(&mut self, watched: &Watched) {
        let mut found = watched.found.clone();
        found.sort_unstable_by_key(|found| (found.sample.sender, found.sample.ordinal));
        self.misplaced = found.iter().filter(|found| !found.is_own).count() as u64;
        self.misplaced += found
            .windows(2)
            .filter(|pair| {
                let (left, right) = (&pair[0], &pair[1]);
                let place =
                    |found: &super::watch::Found| (found.receipt.block, found.receipt.index);
                left.sample.sender == right.sample.sender && place(left) >= place(right)
            })
            .count() as u64;
    }
}

/// Waits until all senders' nonces are right, or for as long as `patience`.
pub(super) async fn settle(
    workload: &Workload,
    rpc: &Rpc,
    before: &[u64],
    tally: &Tally,
    patience: Duration,
) -> Result<Settled, RunError> {
    let mut open: Vec<Wanted> = Vec::new();
    let mut expected_all = 0;
    for (index, (sender, before)) in (0..).zip(workload.senders.iter().zip(before)) {
        let expected = u64::from(tally.expected_of(index));
        expected_all += expected;
        let most = before + u64::from(tally.possible_of(index));
        open.push(Wanted { sender: sender.address, least: before + expected, most });
    }
    let deadline = Instant::now() + patience;
    let mut settled =
        Settled { expected: expected_all, stuck: tally.stuck(), ..Settled::default() };
    loop {
        let addresses: Vec<Address> = open.iter().map(|one| one.sender).collect();
        let nonces = match rpc.nonces(&addresses, "latest").await {
            Ok(nonces) => nonces,
            Err(error) if Instant::now() >= deadline => return Err(RunError::Rpc(error)),
            // An endpoint under load may leave a question unanswered.
            Err(_) => {
                tokio::time::sleep(POLL).await;
                continue;
            }
        };
        let wrong: Vec<(Wanted, u64)> = std::mem::take(&mut open)
            .into_iter()
            .zip(nonces)
            .filter(|(wanted, found)| !(wanted.least..=wanted.most).contains(found))
            .collect();
        // More than there should be does not become less.
        let is_hopeless = wrong.iter().any(|(wanted, found)| *found > wanted.most);
        if wrong.is_empty() || is_hopeless || Instant::now() >= deadline {
            let missing = wrong.iter().map(|(wanted, found)| wanted.least.saturating_sub(*found));
            settled.missing = missing.sum();
            settled.unsettled_count = wrong.len() as u64;
            let named = wrong.into_iter().take(NAMED_MAX);
            settled.unsettled = named.map(|(wanted, found)| wanted.unsettled(found)).collect();
            return Ok(settled);
        }
        open = wrong.into_iter().map(|(wanted, _)| wanted).collect();
        tokio::time::sleep(POLL).await;
    }
}
