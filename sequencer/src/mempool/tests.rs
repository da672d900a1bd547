//! The pool: the cases that were wrong elsewhere.

mod model;
mod published;
mod take;

use std::{collections::BTreeMap, sync::Arc};

use alloy::{
    consensus::{Signed, TxEip1559},
    primitives::{Address, B256, Bytes, Signature, TxKind, U256},
};
use executor::{
    RecoveredTransaction,
    parallel::{Prediction, PreparedTransaction},
};
use protocol::{DataSize, Transaction};
use state::{Account, AccountDiff, StateDiff};

use super::{
    Admitted, Cost, Fees, Left, MempoolLimits, NotInserted, Pool, PriorityFee, Rejection,
    SenderState, TakeLimits,
};

const GAS: u64 = 21_000;
const RICH: U256 = U256::from_limbs([0, 1 << 32, 0, 0]);

fn sender(number: u8) -> Address {
    Address::repeat_byte(number)
}

fn tx_with(from: u8, nonce: u64, tip: u128, cap: u128, gas_limit: u64) -> Admitted {
    let tx = TxEip1559 {
        nonce,
        gas_limit,
        max_fee_per_gas: cap,
        max_priority_fee_per_gas: tip,
        to: TxKind::Call(Address::ZERO),
        ..TxEip1559::default()
    };
    let mut seed = [0_u8; 32];
    seed[0] = from;
    seed[1..9].copy_from_slice(&nonce.to_be_bytes());
    seed[9..17].copy_from_slice(&u64::try_from(tip).unwrap().to_be_bytes());
    seed[17..25].copy_from_slice(&u64::try_from(cap).unwrap().to_be_bytes());
    seed[25..29].copy_from_slice(&u32::try_from(gas_limit).unwrap().to_be_bytes());
    let hash = B256::from(seed);
    let tx = Signed::new_unchecked(tx, Signature::test_signature(), hash);
    let tx = RecoveredTransaction {
        tx: Transaction::Eip1559(tx),
        sender: sender(from),
        hash,
        data_size: DataSize::MIN,
    };
    Admitted {
        tx: Arc::new(PreparedTransaction { tx, prediction: Prediction::default() }),
        raw: Bytes::from(vec![0; bytes_of(gas_limit)]),
        fees: Fees { cap, tip },
        cost: Cost { gas: U256::from(cap) * U256::from(gas_limit), ..Cost::default() },
    }
}

/// Length of a transaction with this gas limit.
fn bytes_of(gas_limit: u64) -> usize {
    usize::try_from(110 * gas_limit / GAS).unwrap()
}

fn tx(from: u8, nonce: u64, tip: u128) -> Admitted {
    tx_with(from, nonce, tip, tip + 1_000, GAS)
}

const fn account(nonce: u64) -> SenderState {
    SenderState { nonce, balance: RICH, version: u64::MAX }
}

fn pool(limits: MempoolLimits) -> Pool {
    Pool::new(limits, Arc::new(PriorityFee), 0)
}

const fn all() -> TakeLimits {
    let (block_gas_left, gas_max) = (u64::MAX, u64::MAX);
    let (bytes_left, transactions_max) = (usize::MAX, usize::MAX);
    TakeLimits { block_gas_left, bytes_left, gas_max, transactions_max }
}

fn nonces(taken: &[Arc<Admitted>]) -> Vec<(u8, u64)> {
    taken.iter().map(|tx| (tx.sender()[0], tx.nonce())).collect()
}

/// What executing these transactions does to their senders.
fn diff_of(taken: &[Arc<Admitted>]) -> Arc<StateDiff> {
    let mut accounts = BTreeMap::new();
    for tx in taken {
        let account = Account { nonce: tx.nonce() + 1, balance: RICH, ..Account::default() };
        accounts.insert(tx.sender(), AccountDiff { account: Some(account), ..Default::default() });
    }
    Arc::new(StateDiff { accounts, codes: BTreeMap::new() })
}

#[test]
fn best_tip_first_and_nonces_in_order() {
    let mut pool = pool(MempoolLimits::default());
    pool.insert(tx(1, 1, 900), account(0)).unwrap();
    pool.insert(tx(2, 0, 20), account(0)).unwrap();
    pool.insert(tx(3, 0, 20), account(0)).unwrap();
    assert_eq!(nonces(&pool.take(all())), [(2, 0), (3, 0)], "sender 1 has a gap");
    pool.insert(tx(1, 0, 10), account(0)).unwrap();
    assert_eq!(nonces(&pool.take(all())), [(1, 0), (1, 1)], "the gap is filled");
    assert!(pool.take(all()).is_empty(), "what is taken is not taken twice");
}

#[test]
fn what_was_not_executed_comes_back_and_what_was_is_gone() {
    let mut pool = pool(MempoolLimits::default());
    for nonce in 0..3 {
        pool.insert(tx(1, nonce, 5), account(0)).unwrap();
    }
    let taken = pool.take(all());
    let left = pool.settle(1, &diff_of(&taken[..1]), Left::new());
    assert!(left.is_empty());
    assert_eq!(pool.size(), (2, 2, 220));
    assert_eq!(nonces(&pool.take(all())), [(1, 1), (1, 2)]);
}

#[test]
fn a_dropped_transaction_parks_those_behind_it() {
    let mut pool = pool(MempoolLimits::default());
    for nonce in 0..3 {
        pool.insert(tx(1, nonce, 5), account(0)).unwrap();
    }
    let taken = pool.take(all());
    let dropped = vec![(taken[0].hash(), Rejection::Evicted)];
    let left = pool.settle(1, &Arc::default(), dropped);
    assert_eq!(left.len(), 1);
    assert_eq!(pool.size(), (2, 0, 220));
    assert!(pool.take(all()).is_empty());
    assert_eq!(pool.pending_nonce(&sender(1)), Some(0));
    pool.insert(tx(1, 0, 6), account(0)).unwrap();
    assert_eq!(nonces(&pool.take(all())), [(1, 0), (1, 1), (1, 2)]);
}

#[test]
fn a_nonce_used_up_from_inside_drops_the_transaction() {
    let mut pool = pool(MempoolLimits::default());
    pool.insert(tx(1, 0, 5), account(0)).unwrap();
    pool.insert(tx(1, 1, 5), account(0)).unwrap();
    let other = Arc::new(tx(1, 0, 99));
    let left = pool.settle(1, &diff_of(std::slice::from_ref(&other)), Left::new());
    assert!(matches!(left[..], [(_, Rejection::NonceTooLow { nonce: 0, expected: 1 })]));
    assert_eq!(nonces(&pool.take(all())), [(1, 1)]);
}

#[test]
fn a_replacement_must_raise_both_fees_by_the_bump() {
    let mut pool = pool(MempoolLimits::default());
    pool.insert(tx_with(1, 0, 100, 1_000, GAS), account(0)).unwrap();
    for (tip, cap) in [(109, 2_000), (200, 1_099), (100, 1_000)] {
        let result = pool.insert(tx_with(1, 0, tip, cap, GAS + 1), account(0));
        let expected = (1_100, 110);
        assert!(
            matches!(result, Err(NotInserted::Rejected(Rejection::ReplacementUnderpriced {
                fee_cap_min, tip_min,
            })) if (fee_cap_min, tip_min) == expected),
            "{tip} {cap}"
        );
    }
    let left = pool.insert(tx_with(1, 0, 110, 1_100, GAS), account(0)).unwrap();
    assert!(matches!(left[..], [(_, Rejection::Replaced { .. })]));
    assert_eq!(pool.size().0, 1);
    let taken = pool.take(all());
    let result = pool.insert(tx_with(1, 0, 900, 9_000, GAS), account(0));
    assert!(
        matches!(
            result,
            Err(NotInserted::Rejected(Rejection::NonceTooLow { nonce: 0, expected: 1 }))
        ),
        "what the builder holds is not replaced"
    );
    assert_eq!(taken.len(), 1);
}

#[test]
fn a_full_pool_evicts_the_tail_behind_the_cheapest() {
    let limits = MempoolLimits { transactions_max: 4, ..MempoolLimits::default() };
    let mut pool = pool(limits);
    pool.insert(tx(1, 0, 1), account(0)).unwrap();
    pool.insert(tx(1, 1, 500), account(0)).unwrap();
    pool.insert(tx(2, 0, 50), account(0)).unwrap();
    pool.insert(tx(3, 0, 50), account(0)).unwrap();
    let rejected = pool.insert(tx(4, 0, 1), account(0));
    assert!(matches!(
        rejected,
        Err(NotInserted::Rejected(Rejection::PoolFull { transactions: 4, .. }))
    ));
    let left = pool.insert(tx(4, 0, 2), account(0)).unwrap();
    assert_eq!(left[0].0, tx(1, 1, 500).hash(), "it cannot go before the cheapest anyway");
    let left = pool.insert(tx(5, 0, 2), account(0)).unwrap();
    assert_eq!(left[0].0, tx(1, 0, 1).hash());
    assert_eq!(pool.size().0, 4);
    let gapped = pool.insert(tx(6, 7, 9_000), account(0));
    assert!(
        matches!(gapped, Err(NotInserted::Rejected(Rejection::PoolFull { .. }))),
        "what cannot be executed evicts nothing that can"
    );
}

#[test]
fn who_finds_no_place_costs_nobody_theirs() {
    let limits = MempoolLimits { bytes_max: bytes_of(4 * GAS), ..MempoolLimits::default() };
    let mut pool = pool(limits);
    let small = [tx(1, 0, 10), tx(2, 0, 20), tx(3, 0, 30), tx(4, 0, 400)];
    for tx in &small {
        pool.insert(tx.clone(), account(0)).unwrap();
    }
    let large = |tip| tx_with(5, 0, tip, 1_000, 4 * GAS);
    let full = |result| matches!(result, Err(NotInserted::Rejected(Rejection::PoolFull { .. })));
    assert!(full(pool.insert(large(100), account(0))), "three may leave, that is one too few");
    assert_eq!(pool.size().0, 4);
    let longer = tx_with(1, 0, 15, 2_000, 2 * GAS);
    assert!(full(pool.insert(longer, account(0))), "nobody pays less: it may not grow");
    let longer = tx_with(4, 0, 500, 2_000, 2 * GAS);
    let left: Vec<_> = pool.insert(longer, account(0)).unwrap().iter().map(|left| left.0).collect();
    assert_eq!(left, [small[0].hash(), small[3].hash()], "the cheapest, and the one before it");
    let left = pool.insert(large(900), account(0)).unwrap();
    assert_eq!((left.len(), pool.size().0), (3, 1));
    pool.check();
}

#[test]
fn funds_count_everything_queued_before() {
    let mut pool = pool(MempoolLimits::default());
    let cost = tx(1, 0, 10).cost.total();
    let have = SenderState { nonce: 0, balance: cost * U256::from(2), version: u64::MAX };
    pool.insert(tx(1, 0, 10), have).unwrap();
    pool.insert(tx(1, 1, 10), have).unwrap();
    let result = pool.insert(tx(1, 2, 10), have);
    assert!(matches!(
        result,
        Err(NotInserted::Rejected(Rejection::InsufficientFunds { queued, .. }))
            if queued == cost * U256::from(2)
    ));
}

#[test]
fn an_account_read_before_a_sub_block_is_brought_up_to_date() {
    let mut pool = pool(MempoolLimits::default());
    let executed = [Arc::new(tx(1, 0, 5))];
    pool.settle(7, &Arc::default(), Left::new());
    pool.settle(8, &diff_of(&executed), Left::new());
    let stale = SenderState { version: 7, ..account(0) };
    let result = pool.insert(tx(1, 0, 5), stale);
    assert!(matches!(
        result,
        Err(NotInserted::Rejected(Rejection::NonceTooLow { expected: 1, .. }))
    ));
    pool.insert(tx(1, 1, 5), stale).unwrap();
    assert_eq!(nonces(&pool.take(all())), [(1, 1)]);
    let too_old = SenderState { version: 5, ..account(0) };
    assert!(matches!(pool.insert(tx(2, 0, 5), too_old), Err(NotInserted::Stale)));
}

#[test]
fn a_higher_base_fee_parks_and_a_lower_one_brings_back() {
    let mut pool = pool(MempoolLimits::default());
    pool.insert(tx_with(1, 0, 50, 100, GAS), account(0)).unwrap();
    pool.insert(tx_with(2, 0, 30, 200, GAS), account(0)).unwrap();
    pool.open_block(80, None);
    assert_eq!(nonces(&pool.take(all())), [(2, 0), (1, 0)], "20 is left of the first tip");
    pool.settle(1, &Arc::default(), Left::new());
    pool.open_block(150, None);
    assert!(pool.has_ready(), "one is parked, one is not");
    pool.open_block(201, None);
    assert!(!pool.has_ready());
    assert!(pool.take(all()).is_empty());
    pool.open_block(10, None);
    assert_eq!(nonces(&pool.take(all())), [(1, 0), (2, 0)]);
}

#[test]
fn drained_transactions_come_in_order_of_arrival() {
    let mut pool = pool(MempoolLimits::default());
    for (from, nonce) in [(3, 0), (1, 5), (2, 0), (3, 1)] {
        pool.insert(tx(from, nonce, u128::from(from)), account(0)).unwrap();
    }
    assert_eq!(nonces(&pool.drain(4)), [(3, 0), (1, 5), (2, 0), (3, 1)]);
    assert_eq!(pool.size(), (0, 0, 0));
    assert_eq!(pool.version(), 4);
}
