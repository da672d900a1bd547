//! Lays out a run: what each transaction is expected to touch, who therefore waits for whom, and whether more than one
//! worker pays at all.
//!
//! A prediction may be wrong: then time is lost, and nothing else.

use alloy_consensus::Transaction as _;
use alloy_primitives::map::{AddressMap, HashMap};
use state::StateReader;

use super::{
    Key, Prediction, Predictor, PreparedTransaction,
    memory::{Memory, Turn, Write},
    report::HotPlace,
    schedule::{Cost, Graph},
    scout,
    view::Vaults,
};

/// What running a transaction ahead costs more than running it in its turn: notes, versions, a place in the schedule.
pub(super) const AHEAD_COST: Cost = 3_000;

/// What it costs to wake workers and to wait for the last one.
pub(super) const START_COST: Cost = 60_000;

/// Transactions of a plan that are left to the head to be watched there, and those that are looked through for them.
pub(super) const WATCHED_MAX: u32 = 4;
const LOOKED_AT_MAX: usize = 256;

/// What can be said without planning. Costs little and looks at little.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Whether it is worth while to plan at all.
    pub is_worth_while: bool,
    /// Whether most are plain transfers, and it is worth while to look for their accounts first.
    pub is_worth_scouting: bool,
    /// Whether it is worth while to look for groups that touch nothing in common.
    pub is_worth_grouping: bool,
    /// Expected time of all, one after the other.
    pub total: Cost,
    /// What most of the time goes to in calls that all wait for one another, if most of it does: the slots that they are
    /// expected to write, or else the contract.
    pub bottleneck: Vec<HotPlace>,
}

impl Outlook {
    pub(super) fn new<T: AsRef<PreparedTransaction>>(txs: &[T], workers: usize) -> Self {
        let (mut total, mut transfers) = (0, 0);
        let mut chains = HashMap::<u64, (Cost, u64, usize, usize)>::default();
        for (index, tx) in txs.iter().enumerate() {
            let prediction = &tx.as_ref().prediction;
            let Prediction { cost, bottleneck, .. } = prediction;
            total += cost;
            transfers += usize::from(prediction.is_transfer());
            if let Some(number) = bottleneck {
                let (chain, length, _, last) =
                    chains.entry(*number).or_insert((0, 0, index, index));
                *chain += cost;
                *length += 1;
                *last = index;
            }
        }
        let (longest, count, first, last) = chains.into_values().max().unwrap_or_default();
        let is_worth_while = workers > 1 && pays(total, longest, txs.len(), workers);
        let is_worth_grouping =
            workers > 1 && expected_apart(total, longest, txs.len(), workers).is_ok();
        let is_bottleneck = count > 1 && longest * 2 > total;
        let bottleneck = match is_bottleneck {
            true => bottleneck(txs[first].as_ref(), txs[last].as_ref(), count),
            false => Vec::new(),
        };
        Self {
            is_worth_while,
            is_worth_scouting: scout::is_worth_while(transfers, txs.len(), workers),
            is_worth_grouping,
            total,
            bottleneck,
        }
    }
}

/// Where so many calls of one kind wait for one another, shown by two of them.
fn bottleneck(one: &PreparedTransaction, other: &PreparedTransaction, count: u64) -> Vec<HotPlace> {
    let place = |address, slot| HotPlace { address, slot, waits: count - 1, aborts: 0 };
    let in_both = one.prediction.keys.iter().filter(|key| other.prediction.keys.contains(key));
    let slots = in_both.filter_map(|key| match *key {
        Key::Slot { address, slot, writes: true } => Some(place(address, Some(slot))),
        _ => None,
    });
    let slots: Vec<_> = slots.collect();
    match one.tx.tx.to() {
        Some(address) if slots.is_empty() => vec![place(address, None)],
        _ => slots,
    }
}

/// What planning costs, for a transaction.
pub(super) const PLAN_COST: Cost = 250;

/// Whether workers gain more than running ahead costs. `longest`: what has to be done one after the other.
fn pays(total: Cost, longest: Cost, count: usize, workers: usize) -> bool {
    expected(total, longest, count, workers) * 20 < total * 19
}

fn expected(total: Cost, longest: Cost, count: usize, workers: usize) -> Cost {
    let (count, workers) = (count as u64, workers as u64);
    let shared = (total + AHEAD_COST * count) / workers;
    std::cmp::max(shared, longest) + PLAN_COST * count + START_COST
}

/// What grouping costs, for a transaction, and what it costs more to run it in a group than in its turn: places that other
/// threads have used.
pub(super) const GROUP_COST: Cost = 170;
pub(super) const APART_COST: Cost = 600;

/// How long so many workers are expected to take for groups that touch nothing in common. `longest`: what cannot be
/// taken apart. `Err`: longer than one thread that goes through in order.
pub(super) fn expected_apart(
    total: Cost,
    longest: Cost,
    count: usize,
    workers: usize,
) -> Result<Cost, Cost> {
    let (count, workers) = (count as u64, workers as u64);
    let shared = std::cmp::max((total + APART_COST * count) / workers, longest);
    let expected = shared + GROUP_COST * count + START_COST;
    if expected * 20 < total * 19 { Ok(expected) } else { Err(expected) }
}

/// The layout of one run.
#[derive(Debug)]
pub(super) struct Plan {
    pub graph: Graph,
    /// Where transactions are expected to look, and whether they are expected to write there.
    places: Vec<(Write, bool)>,
    /// Where those of each transaction begin.
    starts: Vec<u32>,
    /// Transactions that can only run when everything before them stands.
    at_head: Vec<bool>,
}

impl Plan {
    /// Plans the transactions in their order. `number` is not that of an earlier plan over the same memory.
    pub(super) fn new<R: StateReader, T: AsRef<PreparedTransaction>>(
        memory: &Memory<R>,
        vaults: &Vaults,
        predictor: &Predictor,
        number: u32,
        txs: &[T],
    ) -> Self {
        let mut plan = Self {
            graph: Graph::with_capacity(txs.len()),
            places: Vec::with_capacity(txs.len() * 4),
            starts: Vec::with_capacity(txs.len() + 1),
            at_head: Vec::with_capacity(txs.len()),
        };
        let mut exclusive = AddressMap::<Turn>::default();
        for (tx, turn) in txs.iter().map(AsRef::as_ref).zip(1..) {
            plan.add(memory, vaults, number, turn, tx, &mut exclusive);
        }
        plan.starts.push(plan.places_len());
        plan.watch_some(predictor, txs);
        plan
    }

    /// Leaves a few transactions of which nothing is known to the head, where they can be watched.
    fn watch_some<T: AsRef<PreparedTransaction>>(&mut self, predictor: &Predictor, txs: &[T]) {
        let unknown = |tx: &&T| {
            tx.as_ref().prediction.bottleneck.is_some() && !tx.as_ref().prediction.is_known()
        };
        let mut left = WATCHED_MAX;
        let places = self.at_head.iter_mut().zip(txs).filter(|(_, tx)| unknown(tx));
        for (at_head, tx) in places.take(LOOKED_AT_MAX) {
            if left > 0 && predictor.wants(&tx.as_ref().tx) {
                *at_head = true;
                left -= 1;
            }
        }
    }

    fn add<R: StateReader>(
        &mut self,
        memory: &Memory<R>,
        vaults: &Vaults,
        number: u32,
        turn: Turn,
        tx: &PreparedTransaction,
        exclusive: &mut AddressMap<Turn>,
    ) {
        self.starts.push(self.places_len());
        self.graph.push(tx.prediction.cost);
        let mut at_head = false;
        // Mostly the same one several times.
        let mut earlier = [0; 2];
        for key in &tx.prediction.keys {
            let (place, last) = match *key {
                Key::Account { address, .. } if vaults.contains(&address) => {
                    at_head = true;
                    continue;
                }
                Key::Account { address, writes } => {
                    let (place, last) = memory.plan_account(&address, number, turn, writes);
                    (Some((Write::Account(place), writes)), last)
                }
                Key::Slot { address, slot, writes } => {
                    let (place, last) = memory.plan_slot(&(address, slot), number, turn, writes);
                    (Some((Write::Slot(place), writes)), last)
                }
                Key::Contract { address } => (None, exclusive.insert(address, turn).unwrap_or(0)),
            };
            self.places.extend(place);
            if last > 0 && last != turn && !earlier.contains(&last) {
                self.graph.wait(last, turn);
                earlier = [last, earlier[0]];
            }
        }
        self.at_head.push(at_head);
    }

    /// Whether a transaction has to be run in its turn.
    pub(super) fn is_at_head(&self, turn: Turn) -> bool {
        self.at_head[turn as usize - 1]
    }

    /// Whether a transaction is expected to look at a place, and to write there if that is asked.
    pub(super) fn expects(&self, turn: Turn, place: Write, write: bool) -> bool {
        let index = turn as usize - 1;
        let of_tx = self.starts[index] as usize..self.starts[index + 1] as usize;
        self.places[of_tx]
            .iter()
            .any(|(expected, writes)| *expected == place && (*writes || !write))
    }

    /// How long so many workers are expected to take. `Err`: longer than one thread that goes through in order.
    pub(super) fn expected(&self, workers: usize) -> Result<Cost, Cost> {
        let (_, longest) = self.graph.tails();
        let (total, count) = (self.graph.total(), self.at_head.len());
        let expected = expected(total, longest, count, workers);
        if pays(total, longest, count, workers) { Ok(expected) } else { Err(expected) }
    }

    fn places_len(&self) -> u32 {
        u32::try_from(self.places.len()).expect("block gas bounds what a run can touch")
    }
}
