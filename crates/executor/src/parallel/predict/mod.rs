//! Guesses what transactions will touch, from what others of their kind have touched.
//!
//! A kind is a code and a selector. For each a few transactions are watched: what they look at and write is put in terms of
//! the caller, the words of the call data and mappings of these ([`template`]). Guesses are for the schedule only.
//!
//! Bounds: so many kinds and places, forgotten all at once when they are full. Whoever makes guesses fail on purpose
//! loses them: a template that fails is dropped, and each time it takes twice as many transactions until another is made.

mod prepare;
mod sample;
mod stored;
mod template;

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, FixedBytes, KECCAK256_EMPTY, U256, map::HashMap};
use parking_lot::RwLock;

use super::{native::Transfer, schedule::Cost};
use crate::RecoveredTransaction;
pub use prepare::{Key, Prediction, PreparedTransaction};
pub(super) use sample::{Sample, Watcher};
pub use stored::StoredError;
use template::Template;

/// Expected cost of a plain transfer.
pub(super) const TRANSFER_COST: Cost = 400;

/// Expected cost of a transaction about which nothing is known.
const UNKNOWN_COST: Cost = 10_000;

/// Kinds of calls that are known at a time, and contracts.
const KINDS_MAX: usize = 4_096;
const CONTRACTS_MAX: usize = 65_536;

/// Variants of one kind: the same call by way of other contracts.
const VARIANTS_MAX: usize = 1_024;

/// Transactions of a kind that are passed over after its first template has failed, and the most after many have.
const PATIENCE_MIN: u32 = 64;
const PATIENCE_MAX: u32 = 1 << 20;

/// One in so many transactions is timed.
const TIMED_SHARE: u32 = 16;

/// The share of the last time in what is expected, and the least that is.
const COST_WEIGHT: Cost = 4;
const COST_MIN: Cost = 500;

/// Stale runs by which a template is given up.
const FAILURES_MAX: u32 = 3;

/// Transactions one after the other that touched something else than was guessed, by which it is given up too.
const MISSES_MAX: u32 = 32;

/// Guesses what transactions will do, and learns from what they did.
#[derive(Debug, Default)]
pub struct Predictor {
    contracts: RwLock<HashMap<Address, B256>>,
    kinds: RwLock<HashMap<KindKey, Arc<Kind>>>,
}

/// A code and what is called in it.
type KindKey = (B256, FixedBytes<4>);

/// What is known of a kind of calls.
#[derive(Debug, Default)]
struct Kind {
    /// Words of the call data that name contracts on the way: what they lead to is learned for each by itself.
    routes: RwLock<Vec<u16>>,
    variants: RwLock<HashMap<Route, Arc<Knowledge>>>,
}

/// The contracts that a call goes by: the one that is called, and those that its call data name.
type Route = (Option<Address>, Vec<U256>);

/// What is known of one variant.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    template: RwLock<Option<Arc<Template>>>,
    cost: AtomicU64,
    /// Transactions seen without a template since the last one.
    seen: AtomicU32,
    /// How many of them it takes until the next is watched.
    patience: AtomicU32,
    failures: AtomicU32,
    /// Transactions one after the other that touched something else.
    misses: AtomicU32,
    /// The template is not to be relied on from now on.
    is_off: AtomicBool,
    /// Tells it from others.
    number: u64,
}

impl Predictor {
    /// Computes what can be known of a transaction before its turn comes.
    pub fn prepare(&self, tx: RecoveredTransaction) -> PreparedTransaction {
        let prediction = self.predict(&tx);
        PreparedTransaction { tx, prediction }
    }

    /// The same as it is known now, if more is known than when the transaction was prepared.
    pub(super) fn predict(&self, tx: &RecoveredTransaction) -> Prediction {
        let mut keys = vec![Key::Account { address: tx.sender, writes: true }];
        let Some(to) = tx.tx.to() else {
            let address = tx.sender.create(tx.tx.nonce());
            keys.push(Key::Account { address, writes: true });
            return Prediction { keys, cost: UNKNOWN_COST, ..Prediction::default() };
        };
        if Transfer::of(tx).is_some() && !self.contracts.read().contains_key(&to) {
            keys.push(Key::Account { address: to, writes: true });
            return Prediction { keys, cost: TRANSFER_COST, ..Prediction::default() };
        }
        let knowledge = self.knowledge(tx, to);
        let template = knowledge.as_ref().and_then(|knowledge| knowledge.template());
        if let (Some(knowledge), Some(template)) = (&knowledge, template)
            && template.keys(tx, &mut keys)
        {
            let cost = knowledge.cost.load(Ordering::Relaxed);
            let bottleneck = template.is_bottleneck().then_some(knowledge.number);
            return Prediction { keys, cost, bottleneck, knowledge: Some(knowledge.clone()) };
        }
        let cost = knowledge.as_ref().map_or(0, |knowledge| knowledge.cost.load(Ordering::Relaxed));
        let cost = if cost == 0 { UNKNOWN_COST } else { cost };
        keys.truncate(1);
        let is_paid = !tx.tx.value().is_zero();
        keys.extend([Key::Account { address: to, writes: is_paid }, Key::Contract { address: to }]);
        let bottleneck = Some(contract_number(&to));
        Prediction { keys, cost, bottleneck, knowledge: None }
    }

    /// Whether a transaction is to be watched when it runs next.
    pub(super) fn wants(&self, tx: &RecoveredTransaction) -> bool {
        let Some(to) = tx.tx.to() else { return false };
        if tx.as_deposit().is_some() {
            return false;
        }
        match self.knowledge(tx, to) {
            None => true,
            Some(knowledge) => knowledge.wants(),
        }
    }

    /// Learns from a transaction that was watched.
    pub(super) fn learn(&self, tx: &RecoveredTransaction, sample: &Sample) {
        let (Some(to), Some(code_hash)) = (tx.tx.to(), sample.code_hash) else { return };
        if code_hash == KECCAK256_EMPTY {
            return;
        }
        let mut contracts = self.contracts.write();
        if contracts.len() >= CONTRACTS_MAX {
            contracts.clear();
        }
        contracts.insert(to, code_hash);
        drop(contracts);
        let mut kinds = self.kinds.write();
        if kinds.len() >= KINDS_MAX {
            kinds.clear();
        }
        let kind = kinds.entry((code_hash, selector(tx))).or_default().clone();
        drop(kinds);
        kind.learn(tx, to, sample);
    }

    fn knowledge(&self, tx: &RecoveredTransaction, to: Address) -> Option<Arc<Knowledge>> {
        let code_hash = *self.contracts.read().get(&to)?;
        let kind = self.kinds.read().get(&(code_hash, selector(tx)))?.clone();
        kind.variant(tx, to)
    }
}

impl Kind {
    /// What is known of the way that a transaction takes.
    fn variant(&self, tx: &RecoveredTransaction, to: Address) -> Option<Arc<Knowledge>> {
        let variants = self.variants.read();
        if let Some(common) = variants.get(&(None, Vec::new())) {
            return Some(common.clone());
        }
        let route = route(tx, to, &self.routes.read())?;
        variants.get(&route).cloned()
    }

    fn learn(&self, tx: &RecoveredTransaction, to: Address, sample: &Sample) {
        let template = Template::new(tx, to, sample);
        let route = if template.is_general() {
            (None, Vec::new())
        } else {
            let mut routes = self.routes.write();
            for word in sample.contract_words(tx) {
                if !routes.contains(&word) {
                    routes.push(word);
                    routes.sort_unstable();
                    // What was learned along shorter routes is looked up by longer ones from now on.
                    self.variants.write().clear();
                }
            }
            let Some(route) = route(tx, to, &routes) else { return };
            route
        };
        let mut variants = self.variants.write();
        if variants.len() >= VARIANTS_MAX {
            variants.clear();
        }
        let number = contract_number(&to) ^ (variants.len() as u64) << 48;
        let new = || Arc::new(Knowledge { number, ..Knowledge::default() });
        variants.entry(route).or_insert_with(new).renew(template, sample.cost);
    }
}

impl Knowledge {
    fn template(&self) -> Option<Arc<Template>> {
        if self.is_off.load(Ordering::Relaxed) {
            return None;
        }
        self.template.read().clone()
    }

    fn wants(&self) -> bool {
        if self.template().is_some() {
            return false;
        }
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        seen >= self.patience.load(Ordering::Relaxed)
    }

    fn renew(&self, template: Template, cost: Cost) {
        *self.template.write() = Some(Arc::new(template));
        self.cost.store(cost, Ordering::Relaxed);
        self.seen.store(0, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
        self.misses.store(0, Ordering::Relaxed);
        self.is_off.store(false, Ordering::Relaxed);
    }

    /// A transaction that was guessed by this was stale when its turn came, or made another one stale.
    pub(super) fn failed(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES_MAX {
            self.give_up();
        }
    }

    /// A transaction touched what was guessed, or something else.
    pub(super) fn was_right(&self, is_right: bool) {
        if !is_right {
            if self.misses.fetch_add(1, Ordering::Relaxed) + 1 == MISSES_MAX {
                self.give_up();
            }
        } else if self.misses.load(Ordering::Relaxed) != 0 {
            self.misses.store(0, Ordering::Relaxed);
        }
    }

    fn give_up(&self) {
        self.is_off.store(true, Ordering::Relaxed);
        let patience = self.patience.load(Ordering::Relaxed);
        let next = (patience * 2).clamp(PATIENCE_MIN, PATIENCE_MAX);
        self.patience.store(next, Ordering::Relaxed);
    }

    /// A transaction took so long. Costs are those of the first run otherwise, which found nothing in the caches.
    pub(super) fn took(&self, elapsed: Duration) {
        let now = Cost::try_from(elapsed.as_nanos()).unwrap_or(Cost::MAX);
        let before = self.cost.load(Ordering::Relaxed);
        // A thread that lost its core for a while says nothing about the transaction.
        let now = std::cmp::min(now, before.saturating_mul(2));
        let after = before - before / COST_WEIGHT + now / COST_WEIGHT;
        self.cost.store(std::cmp::max(after, COST_MIN), Ordering::Relaxed);
    }

    /// Whether it has failed too often.
    pub(super) fn is_off(&self) -> bool {
        self.is_off.load(Ordering::Relaxed)
    }
}

/// A number for a contract. Two may share one, which only makes a plan look worse than it is.
fn contract_number(address: &Address) -> u64 {
    u64::from_le_bytes(*address.0.last_chunk().unwrap_or(&[0; 8]))
}

/// The first four bytes of the call data; zeros where there are fewer.
fn selector(tx: &RecoveredTransaction) -> FixedBytes<4> {
    tx.tx.input().first_chunk().copied().unwrap_or_default().into()
}

fn route(tx: &RecoveredTransaction, to: Address, words: &[u16]) -> Option<Route> {
    let words = words.iter().map(|word| template::input_word(tx, *word));
    Some((Some(to), words.collect::<Option<_>>()?))
}
