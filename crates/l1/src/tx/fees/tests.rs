//! Replacement rules and caps hold for any fees.

use proptest::prelude::*;

use super::*;

const GWEI: u128 = 1_000_000_000;

fn quote() -> impl Strategy<Value = FeeQuote> {
    (0..u128::from(u64::MAX), 0..100 * GWEI, 0..u128::from(u64::MAX))
        .prop_map(|(base_fee, tip, blob_base_fee)| FeeQuote { base_fee, tip, blob_base_fee })
}

fn policy() -> impl Strategy<Value = FeePolicy> {
    (1..GWEI, GWEI..u128::from(u64::MAX), 1..u128::from(u64::MAX)).prop_map(
        |(tip_per_gas_min, fee_per_gas_cap, fee_per_blob_gas_cap)| FeePolicy {
            tip_per_gas_min,
            fee_per_gas_cap,
            fee_per_blob_gas_cap,
            ..FeePolicy::default()
        },
    )
}

fn kind() -> impl Strategy<Value = PoolKind> {
    prop_oneof![Just(PoolKind::Plain), Just(PoolKind::Blob)]
}

/// The rule of geth's and reth's pools, in exact arithmetic.
fn replaces(new: u128, old: u128, percent: u128) -> bool {
    new > old && new * 100 >= old * (100 + percent)
}

proptest! {
    #[test]
    fn first_offer_is_includable_and_below_the_cap(q in quote(), p in policy(), kind in kind()) {
        match p.first(&q, kind) {
            Ok(fees) => {
                prop_assert!(!p.is_underpriced(&fees, &q, kind));
                prop_assert!(fees.fee_per_gas <= p.fee_per_gas_cap);
                prop_assert!(fees.fee_per_blob_gas <= p.fee_per_blob_gas_cap);
                prop_assert!(fees.tip_per_gas <= fees.fee_per_gas);
                prop_assert!(fees.tip_per_gas >= p.tip_per_gas_min);
                prop_assert_eq!(fees.fee_per_blob_gas == 0, kind == PoolKind::Plain);
            }
            Err(reached) => prop_assert!(reached.needed > reached.cap),
        }
    }

    #[test]
    fn replacement_obeys_the_pool(q in quote(), later in quote(), p in policy(), kind in kind()) {
        let Ok(last) = p.first(&q, kind) else { return Ok(()) };
        let Ok(next) = p.replacement(&last, &later, kind) else { return Ok(()) };
        let percent = if kind == PoolKind::Blob { 100 } else { 10 };
        prop_assert!(replaces(next.fee_per_gas, last.fee_per_gas, percent));
        prop_assert!(replaces(next.tip_per_gas, last.tip_per_gas, percent));
        if kind == PoolKind::Blob {
            prop_assert!(replaces(next.fee_per_blob_gas, last.fee_per_blob_gas, percent));
        }
        prop_assert!(!p.is_underpriced(&next, &later, kind));
        prop_assert!(next.fee_per_gas <= p.fee_per_gas_cap);
        prop_assert!(next.fee_per_blob_gas <= p.fee_per_blob_gas_cap);
        prop_assert!(next.tip_per_gas <= next.fee_per_gas);
    }
}

#[test]
fn five_replacements_outbid_a_tenfold_blob_fee() {
    let policy = FeePolicy::default();
    let mut quote = FeeQuote { base_fee: GWEI, tip: GWEI, blob_base_fee: GWEI };
    let mut fees = policy.first(&quote, PoolKind::Blob).unwrap();
    assert_eq!(fees.fee_per_blob_gas, 2 * GWEI);
    quote.blob_base_fee = 10 * GWEI;
    let mut replacements = 0;
    while policy.is_underpriced(&fees, &quote, PoolKind::Blob) {
        fees = policy.replacement(&fees, &quote, PoolKind::Blob).unwrap();
        replacements += 1;
    }
    assert_eq!(replacements, 1, "the quote is taken into account, not only the smallest raise");
    assert_eq!(fees.fee_per_blob_gas, 20 * GWEI);
}

#[test]
fn the_cap_says_what_is_missing() {
    let policy = FeePolicy { fee_per_gas_cap: 10 * GWEI, ..FeePolicy::default() };
    let quote = FeeQuote { base_fee: 20 * GWEI, tip: 0, blob_base_fee: 1 };
    let error = policy.first(&quote, PoolKind::Plain).unwrap_err();
    assert_eq!(error.to_string(), "L1 asks 20100000000 wei per gas, the cap is 10000000000");
}

#[test]
fn between_need_and_wish_the_cap_decides() {
    let policy = FeePolicy { fee_per_gas_cap: 25 * GWEI, ..FeePolicy::default() };
    let quote = FeeQuote { base_fee: 20 * GWEI, tip: GWEI, blob_base_fee: 1 };
    assert_eq!(policy.first(&quote, PoolKind::Plain).unwrap().fee_per_gas, 25 * GWEI);
}

#[test]
fn quote_takes_the_median_tip_of_blocks_with_transactions() {
    let history = FeeHistory {
        base_fee_per_gas: vec![1, 2, 3],
        reward: Some(vec![vec![0], vec![9], vec![5], vec![7]]),
        base_fee_per_blob_gas: vec![1, 4],
        ..FeeHistory::default()
    };
    let quote = FeeQuote::from_history(&history).unwrap();
    assert_eq!(quote, FeeQuote { base_fee: 3, tip: 7, blob_base_fee: 4 });
    assert!(FeeQuote::from_history(&FeeHistory::default()).is_err());
}
