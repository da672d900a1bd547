//! What happened when transactions were executed: how many ran ahead, in turn and in vain, and what they waited for.

use std::time::Duration;

use alloy_primitives::{Address, U256};

/// Places that a report names.
pub(super) const HOT_MAX: usize = 32;

/// Numbers of one run, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Transactions that were run in their turn by one thread, because more would not have paid.
    pub in_turn: u64,
    /// Transactions that were run side by side in groups that touch nothing in common.
    pub apart: u64,
    /// Transactions that were run ahead of their turn and held.
    pub ahead: u64,
    /// Transactions of a parallel run that were left to their turn.
    pub at_head: u64,
    /// Transactions that were run ahead in vain, and again in their turn.
    pub again: u64,
    /// Transactions that were run ahead and touched a place that nobody had expected.
    pub unexpected: u64,
    /// Gas used by all of them.
    pub gas: u64,
    /// Gas of the longest chain in which each transaction read what the one before it wrote, or was run in turn.
    pub critical_gas: u64,
    /// Time that workers spent executing, all together.
    pub busy: Duration,
    /// Time from the beginning to the end.
    pub wall: Duration,
    /// The same as it was expected when it was decided how to run.
    pub expected: Duration,
    /// Threads, times the time that they were there for.
    pub available: Duration,
    /// Where transactions met, the busiest place first.
    pub hot: Vec<HotPlace>,
}

/// A place at which transactions met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotPlace {
    /// Whose.
    pub address: Address,
    /// Which slot; `None`: the account, or the contract as a whole.
    pub slot: Option<U256>,
    /// Transactions that read there what another one had just written.
    pub waits: u64,
    /// Transactions that had to be run again because of that.
    pub aborts: u64,
}

impl RunReport {
    /// Adds another run.
    pub fn add(&mut self, other: &Self) {
        self.in_turn += other.in_turn;
        self.apart += other.apart;
        self.ahead += other.ahead;
        self.at_head += other.at_head;
        self.again += other.again;
        self.unexpected += other.unexpected;
        self.gas = self.gas.saturating_add(other.gas);
        self.critical_gas = self.critical_gas.saturating_add(other.critical_gas);
        self.busy += other.busy;
        self.wall += other.wall;
        self.expected += other.expected;
        self.available += other.available;
        for place in &other.hot {
            self.add_hot(*place);
        }
        self.rank();
    }

    /// All transactions.
    pub const fn transactions(&self) -> u64 {
        self.in_turn + self.apart + self.ahead + self.at_head + self.again
    }

    pub(super) fn add_hot(&mut self, place: HotPlace) {
        let is_same =
            |known: &&mut HotPlace| (known.address, known.slot) == (place.address, place.slot);
        match self.hot.iter_mut().find(is_same) {
            Some(known) => {
                known.waits += place.waits;
                known.aborts += place.aborts;
            }
            None => self.hot.push(place),
        }
    }

    /// Puts the busiest places first and forgets those that are not.
    pub(super) fn rank(&mut self) {
        self.hot.sort_unstable_by_key(|place| {
            (std::cmp::Reverse((place.aborts, place.waits)), place.address, place.slot)
        });
        self.hot.truncate(HOT_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u8, waits: u64, aborts: u64) -> HotPlace {
        HotPlace { address: Address::repeat_byte(number), slot: None, waits, aborts }
    }

    #[test]
    fn the_same_place_is_named_once_and_the_busiest_first() {
        let mut report = RunReport { ahead: 3, hot: vec![place(1, 2, 0)], ..RunReport::default() };
        let other = RunReport {
            in_turn: 4,
            again: 1,
            hot: vec![place(2, 1, 1), place(1, 5, 0)],
            ..RunReport::default()
        };
        report.add(&other);
        assert_eq!(report.transactions(), 8);
        assert_eq!(report.hot, [place(2, 1, 1), place(1, 7, 0)]);
    }

    #[test]
    fn a_report_stays_short() {
        let mut report = RunReport::default();
        for number in 0..100 {
            let hot = vec![place(number, u64::from(number), 0)];
            report.add(&RunReport { hot, ..RunReport::default() });
        }
        assert_eq!(report.hot.len(), HOT_MAX);
        assert_eq!(report.hot[0].waits, 99);
    }
}
