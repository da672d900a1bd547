//! What connections count, each for itself; added up at the end.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alloy::primitives::map::HashMap;
use serde::Serialize;

use crate::histogram::Histogram;

/// Width of the bins in which throughput over time is counted.
pub const BIN: Duration = Duration::from_millis(100);
/// Most bins: a run of a day.
const BINS_MAX: usize = 864_000;
/// Longest example of an error, in characters.
const EXAMPLE_CHARACTERS_MAX: usize = 200;

/// Errors of one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorCount {
    /// How many.
    pub count: u64,
    /// What was said the first time.
    pub example: String,
}

/// Counts of one connection or of all.
#[derive(Debug)]
pub struct Tally {
    /// Transactions that were taken.
    pub accepted: u64,
    /// Transactions that were refused for good.
    pub refused: u64,
    /// Answers that said to come again later; what they were about was sent again.
    pub retried: u64,
    /// Transactions that were not sent, because one of their sender's before them was refused.
    pub skipped: u64,
    /// Transactions whose answers were errors until the run gave up.
    pub given_up: u64,
    /// From sending, or when it was due, until the answer.
    pub ack: Histogram,
    /// Accepted transactions in each [`BIN`] of time.
    pub bins: Vec<u64>,
    /// All errors, by code.
    pub errors: BTreeMap<String, ErrorCount>,
    /// When the last answer came.
    pub last_answer: Option<Instant>,
    /// How many of a sender's were taken.
    pub accepted_of: HashMap<u32, u32>,
    /// The first of a sender's that was not taken, counted from its first one of this run.
    pub broken: HashMap<u32, u32>,
    /// How many of a sender's were given up that may be there all the same, because a connection broke before their answer.
    pub uncertain: HashMap<u32, u32>,
    /// How many times a connection broke and was opened again.
    pub outages: u64,
}

impl Tally {
    pub(super) fn new(senders: usize) -> Self {
        Self {
            accepted: 0,
            refused: 0,
            retried: 0,
            skipped: 0,
            given_up: 0,
            ack: Histogram::default(),
            bins: Vec::new(),
            errors: BTreeMap::new(),
            last_answer: None,
            accepted_of: HashMap::with_capacity_and_hasher(senders, Default::default()),
            broken: HashMap::default(),
            uncertain: HashMap::default(),
            outages: 0,
        }
    }

    pub(super) fn accept(&mut self, sender: u32, now: Instant, since: Instant, began: Instant) {
        self.accepted += 1;
        self.ack.record(now.saturating_duration_since(since));
        let bin = now.saturating_duration_since(began).as_millis() / BIN.as_millis();
        let bin = std::cmp::min(usize::try_from(bin).unwrap_or(usize::MAX), BINS_MAX - 1);
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] += 1;
        *self.accepted_of.entry(sender).or_default() += 1;
    }

    pub(super) fn break_off(&mut self, sender: u32, ordinal: u32) {
        let first = self.broken.entry(sender).or_insert(ordinal);
        *first = std::cmp::min(*first, ordinal);
    }

    pub(super) fn error(&mut self, code: String, message: &str) {
        let example = || message.chars().take(EXAMPLE_CHARACTERS_MAX).collect();
        let entry = self.errors.entry(code);
        entry.or_insert_with(|| ErrorCount { count: 0, example: example() }).count += 1;
    }

    /// How many of a sender's transactions of this run must be on the chain: those before the first that was not taken.
    pub(super) fn expected_of(&self, sender: u32) -> u32 {
        let accepted = self.accepted_of.get(&sender).copied().unwrap_or_default();
        self.broken.get(&sender).copied().unwrap_or(accepted)
    }

    /// How many may be there at most: what was given up without an answer may have been taken, and then what was taken behind it
    /// was executed, too.
    pub(super) fn possible_of(&self, sender: u32) -> u32 {
        let expected = self.expected_of(sender);
        match self.uncertain.get(&sender) {
            Some(uncertain) => {
                let accepted = self.accepted_of.get(&sender).copied().unwrap_or_default();
                std::cmp::max(accepted, expected) + uncertain
            }
            None => expected,
        }
    }

    /// Transactions that were taken, and wait in vain for one before them.
    pub(super) fn stuck(&self) -> u64 {
        let behind = |(sender, first): (&u32, &u32)| {
            let accepted = self.accepted_of.get(sender).copied().unwrap_or_default();
            u64::from(accepted.saturating_sub(*first))
        };
        self.broken.iter().map(behind).sum()
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.retried += other.retried;
        self.skipped += other.skipped;
        self.given_up += other.given_up;
        self.ack.merge(&other.ack);
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), 0);
        }
        for (mine, theirs) in self.bins.iter_mut().zip(other.bins) {
            *mine += theirs;
        }
        for (code, theirs) in other.errors {
            let entry = self.errors.entry(code);
            let mine =
                entry.or_insert_with(|| ErrorCount { count: 0, example: theirs.example.clone() });
            mine.count += theirs.count;
        }
        self.last_answer = std::cmp::max(self.last_answer, other.last_answer);
        // A sender is of one connection.
        self.accepted_of.extend(other.accepted_of);
        self.broken.extend(other.broken);
        self.uncertain.extend(other.uncertain);
        self.outages += other.outages;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_had_no_answer_may_be_there_with_all_behind_it() {
        let mut tally = Tally::new(2);
        let now = Instant::now();
        for _ in 0..5 {
            tally.accept(0, now, now, now);
            tally.accept(1, now, now, now);
        }
        assert_eq!((tally.expected_of(0), tally.possible_of(0)), (5, 5));
        // The third of both is given up; of one it is known that it was refused.
        tally.break_off(0, 2);
        tally.break_off(1, 2);
        tally.uncertain.insert(1, 1);
        assert_eq!((tally.expected_of(0), tally.possible_of(0)), (2, 2));
        assert_eq!((tally.expected_of(1), tally.possible_of(1)), (2, 6));
    }
}
