//! Which transactions may run now, and which first: a graph of those that have to wait for others.
//!
//! A plain value without threads; the run puts it behind a lock. It decides about time only: any order it gives
//! leads to the same result. Invariant: a transaction is given out once, after all those it waits for are done.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use super::memory::Turn;

/// Expected duration, in nanoseconds.
pub(super) type Cost = u64;

/// How much work a worker takes at a time, in expected nanoseconds: long against a look at the schedule, short against
/// the wait of others for what it has.
const BATCH_COST: Cost = 20_000;

/// Batches that a worker takes at least, if all take the same.
const BATCHES_MIN: u64 = 8;

/// Transactions by turn, 1 to `len`, with what they wait for.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    costs: Vec<Cost>,
    /// From the earlier to the later one.
    edges: Vec<(Turn, Turn)>,
}

/// What is left to do.
#[derive(Debug)]
pub(super) struct Schedule {
    costs: Vec<Cost>,
    /// Where the followers of each transaction begin in `followers`.
    starts: Vec<u32>,
    followers: Vec<Turn>,
    /// How many that are not done each one waits for.
    waits_for: Vec<u32>,
    /// Those that a long chain begins with, the longest first.
    urgent: BinaryHeap<(Cost, Reverse<Turn>)>,
    /// All others, as they became ready.
    ready: VecDeque<Turn>,
    urgency: Vec<Cost>,
    is_given_out: Vec<bool>,
    given_out: usize,
    is_stopped: bool,
}

impl Graph {
    pub(super) fn with_capacity(len: usize) -> Self {
        Self { costs: Vec::with_capacity(len), edges: Vec::with_capacity(len * 2) }
    }

    /// Adds the next transaction.
    pub(super) fn push(&mut self, cost: Cost) {
        self.costs.push(cost);
    }

    /// `later` waits for `earlier`.
    pub(super) fn wait(&mut self, earlier: Turn, later: Turn) {
        debug_assert!(0 < earlier && earlier < later, "edges go forward");
        self.edges.push((earlier, later));
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.costs.len()
    }

    /// What each of them is expected to cost.
    pub(super) fn costs(&self) -> &[Cost] {
        &self.costs
    }

    /// All costs together.
    pub(super) fn total(&self) -> Cost {
        self.costs.iter().sum()
    }

    /// How much each of so many workers is to take at a time.
    pub(super) fn batch_cost(&self, workers: usize) -> Cost {
        let share = self.total() / (BATCHES_MIN * std::cmp::max(workers as u64, 1));
        std::cmp::min(BATCH_COST, share)
    }

    /// For each transaction the cost of the longest chain that begins with it, and the longest of all.
    pub(super) fn tails(&self) -> (Vec<Cost>, Cost) {
        let mut tails = self.costs.clone();
        // Edges are in the order of their later end, so backwards every tail is complete before it is used.
        for (earlier, later) in self.edges.iter().rev() {
            let (earlier, later) = (*earlier as usize - 1, *later as usize - 1);
            tails[earlier] = std::cmp::max(tails[earlier], self.costs[earlier] + tails[later]);
        }
        let longest = tails.iter().copied().max().unwrap_or(0);
        (tails, longest)
    }

    /// The schedule for a number of workers.
    pub(super) fn schedule(self, workers: usize) -> Schedule {
        let (tails, _) = self.tails();
        let len = self.costs.len();
        let (mut starts, mut waits_for) = (vec![0u32; len + 1], vec![0u32; len]);
        for (earlier, later) in &self.edges {
            starts[*earlier as usize] += 1;
            waits_for[*later as usize - 1] += 1;
        }
        for index in 0..len {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut followers = vec![0; self.edges.len()];
        for (earlier, later) in &self.edges {
            let at = &mut next[*earlier as usize - 1];
            followers[*at as usize] = *later;
            *at += 1;
        }
        // A chain that alone takes long goes first; everything else in order, so that the front of the block is soon
        // complete.
        let share = self.total() / std::cmp::max(workers as u64, 1);
        let urgency = tails.iter().map(|tail| if tail * 2 > share { *tail } else { 0 }).collect();
        let mut schedule = Schedule {
            costs: self.costs,
            starts,
            followers,
            waits_for,
            urgent: BinaryHeap::new(),
            ready: VecDeque::with_capacity(len),
            urgency,
            is_given_out: vec![false; len],
            given_out: 0,
            is_stopped: false,
        };
        for index in 0..len {
            if schedule.waits_for[index] == 0 {
                schedule.make_ready(index);
            }
        }
        schedule
    }
}

impl Schedule {
    /// Gives out transactions that are expected to take about `budget`, at least one if any is ready. They are to be run
    /// in this order: a chain is given out link by link, so that its next link need not be asked for.
    pub(super) fn take(&mut self, budget: Cost, batch: &mut Vec<Turn>) {
        let (mut cost, mut next) = (0, 0);
        while cost < budget && !self.is_stopped {
            if let Some(turn) = batch.get(next) {
                next += 1;
                for at in self.followers_of(*turn) {
                    let follower = self.followers[at];
                    // Waits for nothing but this one, which the same worker will have run by then.
                    if self.waits_for[follower as usize - 1] == 1 && cost < budget {
                        cost += self.give_out(follower, batch);
                    }
                }
            } else if let Some((_, Reverse(turn))) = self.urgent.pop() {
                cost += self.give_out(turn, batch);
            } else if let Some(turn) = self.ready.pop_front() {
                cost += self.give_out(turn, batch);
            } else {
                break;
            }
        }
    }

    fn give_out(&mut self, turn: Turn, batch: &mut Vec<Turn>) -> Cost {
        let index = turn as usize - 1;
        self.is_given_out[index] = true;
        self.given_out += 1;
        batch.push(turn);
        self.costs[index]
    }

    /// These have run.
    pub(super) fn done(&mut self, batch: &[Turn]) {
        for turn in batch {
            for at in self.followers_of(*turn) {
                let follower = self.followers[at] as usize - 1;
                self.waits_for[follower] -= 1;
                if self.waits_for[follower] == 0 && !self.is_given_out[follower] {
                    self.make_ready(follower);
                }
            }
        }
    }

    fn followers_of(&self, turn: Turn) -> std::ops::Range<usize> {
        let index = turn as usize - 1;
        self.starts[index] as usize..self.starts[index + 1] as usize
    }

    /// Whether somebody else could take something now.
    pub(super) fn has_ready(&self) -> bool {
        let is_empty = self.urgent.is_empty() && self.ready.is_empty();
        !(self.is_stopped || is_empty)
    }

    /// Gives out nothing any more.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Whether nothing will be given out any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_stopped || self.given_out == self.costs.len()
    }

    fn make_ready(&mut self, index: usize) {
        let turn = Turn::try_from(index + 1).expect("as many turns as transactions");
        match self.urgency[index] {
            0 => self.ready.push_back(turn),
            urgency => self.urgent.push((urgency, Reverse(turn))),
        }
    }
}

#[cfg(test)]
mod tests;
