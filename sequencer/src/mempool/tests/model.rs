//! The pool against a naive model that looks at everything every time: what is taken, in which order, who has to leave.

use proptest::prelude::*;

use super::*;
use crate::mempool::{FirstCome, Ordering, price::PriceClass};

/// Everything that is known, looked at in full each time.
#[derive(Debug, Default)]
struct Model {
    waiting: Vec<(u64, Admitted)>,
    nonces: BTreeMap<u8, u64>,
    arrivals: u64,
}

impl Model {
    fn nonce(&self, from: u8) -> u64 {
        self.nonces.get(&from).copied().unwrap_or(0)
    }

    fn insert(&mut self, tx: Admitted) -> bool {
        let from = tx.sender()[0];
        if tx.nonce() < self.nonce(from) {
            return false;
        }
        let same =
            |(_, old): &(u64, Admitted)| old.sender() == tx.sender() && old.nonce() == tx.nonce();
        if let Some((_, old)) = self.waiting.iter().find(|old| same(old)) {
            let least = old.fees.bumped(10);
            if old.hash() == tx.hash() || tx.fees.cap < least.cap || tx.fees.tip < least.tip {
                return false;
            }
        }
        self.waiting.retain(|old| !same(old));
        self.arrivals += 1;
        self.waiting.push((self.arrivals, tx));
        true
    }

    /// The order in which all that can be executed must be taken.
    fn order(&self, ordering: &dyn Ordering, base_fee: u64) -> Vec<(u8, u64)> {
        let mut next = self.nonces.clone();
        let mut order = Vec::new();
        loop {
            let heads = self.waiting.iter().filter(|(_, tx)| {
                tx.fees.cap >= u128::from(base_fee)
                    && tx.nonce() == next.get(&tx.sender()[0]).copied().unwrap_or(0)
            });
            let rank = |(arrival, tx): &&(u64, Admitted)| {
                (u128::MAX - ordering.weight_now(&tx.fees, base_fee), *arrival)
            };
            let Some((_, best)) = heads.min_by_key(rank) else { return order };
            order.push((best.sender()[0], best.nonce()));
            next.insert(best.sender()[0], best.nonce() + 1);
        }
    }

    fn at(&self, from: u8, nonce: u64) -> Option<&Admitted> {
        let mut all = self.waiting.iter().map(|(_, tx)| tx);
        all.find(|tx| tx.sender() == sender(from) && tx.nonce() == nonce)
    }

    /// Whether all nonces before a transaction's are here.
    fn is_executable(&self, tx: &Admitted) -> bool {
        let from = tx.sender()[0];
        (self.nonce(from)..tx.nonce()).all(|nonce| self.at(from, nonce).is_some())
    }

    fn executed(&mut self, taken: &[Arc<Admitted>]) {
        for tx in taken {
            self.nonces.insert(tx.sender()[0], tx.nonce() + 1);
        }
        let nonces = self.nonces.clone();
        self.waiting
            .retain(|(_, tx)| tx.nonce() >= nonces.get(&tx.sender()[0]).copied().unwrap_or(0));
    }
}

#[derive(Debug, Clone)]
enum Act {
    Insert {
        from: u8,
        nonce: u64,
        tip: u128,
        slack: u128,
        gas: u64,
    },
    OpenBlock {
        base_fee: u64,
        bytes_max: Option<usize>,
    },
    /// The builder takes so many and executes some of them; the first of the rest is dropped, or not.
    SubBlock {
        take: usize,
        execute: usize,
        drops: bool,
    },
    /// The operator removes one.
    Remove {
        place: usize,
    },
    /// An account's next nonce is used up from inside (EIP-7702).
    UseUp {
        from: u8,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let insert = (0..6_u8, 0..8_u64, 0..60_u128, 0..60_u128, 1..4_u64);
    prop_oneof![
        8 => insert.prop_map(|(from, nonce, tip, slack, gas)| {
            Act::Insert { from, nonce, tip, slack, gas: gas * GAS }
        }),
        1 => (0..100_u64, prop::option::weighted(0.2, 0..2_000_usize))
            .prop_map(|(base_fee, bytes_max)| Act::OpenBlock { base_fee, bytes_max }),
        2 => (0..12_usize, 0..12_usize, any::<bool>())
            .prop_map(|(take, execute, drops)| Act::SubBlock { take, execute, drops }),
        1 => (0..40_usize).prop_map(|place| Act::Remove { place }),
        1 => (0..6_u8).prop_map(|from| Act::UseUp { from }),
    ]
}

/// A pool and the model of it.
struct Pair {
    pool: Pool,
    model: Model,
    ordering: Arc<dyn Ordering>,
    base_fee: u64,
    version: u64,
}

impl Pair {
    fn new(limits: MempoolLimits, ordering: Arc<dyn Ordering>) -> Self {
        let pool = Pool::new(limits, ordering.clone(), 0);
        Self { pool, model: Model::default(), ordering, base_fee: 0, version: 0 }
    }

    fn act(&mut self, act: Act) -> Result<(), TestCaseError> {
        match act {
            Act::Insert { from, nonce, tip, slack, gas } => {
                self.insert(tx_with(from, nonce, tip, tip + slack, gas))?;
            }
            Act::OpenBlock { base_fee, bytes_max } => {
                self.base_fee = base_fee;
                self.pool.open_block(base_fee, bytes_max);
            }
            Act::SubBlock { take, execute, drops } => self.sub_block(take, execute, drops)?,
            Act::Remove { place } => {
                let Some((_, tx)) = self.model.waiting.get(place) else { return Ok(()) };
                let hash = tx.hash();
                prop_assert_eq!(self.pool.remove(&[hash]), vec![hash]);
                prop_assert!(self.pool.remove(&[hash]).is_empty());
                self.model.waiting.remove(place);
            }
            Act::UseUp { from } => {
                let nonce = self.model.nonce(from);
                let other = Arc::new(tx(from, nonce, 1_000));
                let expected = self.model.at(from, nonce).map(|tx| tx.hash());
                self.model.executed(std::slice::from_ref(&other));
                self.version += 1;
                let diff = diff_of(std::slice::from_ref(&other));
                let left = self.pool.settle(self.version, &diff, Left::new());
                prop_assert_eq!(left.first().map(|(hash, _)| *hash), expected);
            }
        }
        self.compare()
    }

    fn insert(&mut self, tx: Admitted) -> Result<(), TestCaseError> {
        let state =
            SenderState { version: self.version, ..account(self.model.nonce(tx.sender()[0])) };
        let class =
            |model: &Model, tx: &Admitted| PriceClass::of(model.is_executable(tx), tx.fees.tip);
        let floor = self.pool.floor();
        let hopeless = floor.is_some_and(|floor| floor.check(tx.raw.len(), tx.fees.tip).is_err());
        let bytes = self.pool.size().2;
        match self.pool.insert(tx.clone(), state) {
            Ok(left) => {
                prop_assert!(!hopeless, "what a full pool refuses at once, it would refuse");
                prop_assert!(self.pool.size().2 <= std::cmp::max(bytes, self.pool.bytes_max()));
                let evicted = left.iter().filter(|(_, why)| matches!(why, Rejection::Evicted));
                let new = class(&self.model, &tx);
                for (hash, _) in evicted {
                    let cheapest =
                        self.model.waiting.iter().map(|(_, tx)| class(&self.model, tx)).min();
                    prop_assert!(cheapest.is_some_and(|cheapest| cheapest < new));
                    self.model.waiting.retain(|(_, tx)| tx.hash() != *hash);
                }
                prop_assert!(self.model.insert(tx));
            }
            Err(NotInserted::Rejected(
                Rejection::PoolFull { .. } | Rejection::SenderFull { .. },
            )) => {}
            Err(_) => prop_assert!(!self.model.insert(tx)),
        }
        Ok(())
    }

    fn sub_block(&mut self, take: usize, execute: usize, drops: bool) -> Result<(), TestCaseError> {
        let limits = TakeLimits { transactions_max: take, ..all() };
        let taken = self.pool.take(limits);
        let mut expected = self.model.order(self.ordering.as_ref(), self.base_fee);
        expected.truncate(take);
        prop_assert_eq!(nonces(&taken), expected);
        let executed = &taken[..std::cmp::min(execute, taken.len())];
        let dropped =
            taken.get(execute).filter(|_| drops).map(|tx| (tx.hash(), Rejection::Removed));
        self.model.executed(executed);
        self.model
            .waiting
            .retain(|(_, tx)| dropped.as_ref().is_none_or(|(hash, _)| tx.hash() != *hash));
        self.version += 1;
        let dropped: Left = dropped.into_iter().collect();
        let count = dropped.len();
        let left = self.pool.settle(self.version, &diff_of(executed), dropped);
        prop_assert_eq!(left.len(), count);
        Ok(())
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        self.pool.check();
        let (pool, model) = (&mut self.pool, &self.model);
        prop_assert_eq!(pool.size().0, model.waiting.len());
        prop_assert_eq!(pool.size().1, model.order(self.ordering.as_ref(), 0).len());
        prop_assert_eq!(
            pool.has_ready(),
            !model.order(self.ordering.as_ref(), self.base_fee).is_empty()
        );
        let order: Vec<_> = pool.in_arrival_order().iter().map(|tx| tx.hash()).collect();
        let expected: Vec<_> = model.waiting.iter().map(|(_, tx)| tx.hash()).collect();
        prop_assert_eq!(order, expected);
        Ok(())
    }
}

fn check(
    limits: MempoolLimits,
    ordering: Arc<dyn Ordering>,
    acts: Vec<Act>,
) -> Result<(), TestCaseError> {
    let mut pair = Pair::new(limits, ordering);
    acts.into_iter().try_for_each(|act| pair.act(act))
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 0..80)
}

proptest! {
    #[test]
    fn the_pool_is_the_model_by_priority_fee(acts in acts()) {
        check(MempoolLimits::default(), Arc::new(PriorityFee), acts)?;
    }

    #[test]
    fn the_pool_is_the_model_by_arrival(acts in acts()) {
        check(MempoolLimits::default(), Arc::new(FirstCome), acts)?;
    }

    #[test]
    fn a_small_pool_keeps_the_dearest(acts in acts()) {
        let limits = MempoolLimits {
            transactions_max: 9,
            sender_transactions_max: 4,
            ..MempoolLimits::default()
        };
        check(limits, Arc::new(PriorityFee), acts)?;
    }

    #[test]
    fn a_pool_of_few_bytes_keeps_the_dearest(acts in acts()) {
        let limits = MempoolLimits { bytes_max: bytes_of(12 * GAS), ..MempoolLimits::default() };
        check(limits, Arc::new(PriorityFee), acts)?;
    }
}

/// Entries of those who left do not pile up, whatever stays at the top.
#[test]
fn the_ready_set_forgets_who_left() {
    let mut pool = pool(MempoolLimits::default());
    pool.insert(tx(1, 0, 1_000_000), account(0)).unwrap();
    pool.insert(tx_with(2, 0, 5, 1_500, GAS), account(0)).unwrap();
    let mut tip = 5;
    for _ in 0..200 {
        tip += tip / 10 + 1;
        pool.insert(tx_with(2, 0, tip, 300 * tip, GAS), account(0)).unwrap();
        for round in 0..20 {
            let version = pool.version() + 1;
            assert_eq!(pool.take(all()).len(), 2, "{round}");
            pool.settle(version, &Arc::default(), Left::new());
        }
        pool.check();
    }
}
