//! Tests of [`super`].

use alloc::vec::Vec;

use alloy_primitives::hex;
use op_alloy_flz::tx_estimated_size_fjord;
use proptest::{collection::vec, prelude::*};

use super::*;

/// The Fjord size, always through FastLZ.
fn by_fastlz(raw: &[u8]) -> u64 {
    tx_estimated_size_fjord(raw)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The shortcut is exact: no bytes of up to 164 pay for more than the least size.
    #[test]
    fn shortcut_of_random_bytes(raw in vec(any::<u8>(), 0..=DATA_SIZE_SHORTCUT_BYTES)) {
        prop_assert_eq!(data_size(&raw).scaled(), by_fastlz(&raw));
    }

    /// The same for bytes with repeats, which make FastLZ write matches.
    #[test]
    fn shortcut_of_repeating_bytes(
        pieces in vec((vec(0u8..4, 1..9), 1usize..8), 1..20),
        len in 0..=DATA_SIZE_SHORTCUT_BYTES,
    ) {
        let mut raw: Vec<u8> = pieces.iter().flat_map(|(unit, times)| unit.repeat(*times)).collect();
        raw.truncate(len);
        prop_assert_eq!(data_size(&raw).scaled(), by_fastlz(&raw));
    }

    #[test]
    fn size_agrees_with_op_alloy(raw in vec(0u8..12, 0..2_000)) {
        prop_assert_eq!(data_size(&raw).scaled(), by_fastlz(&raw));
    }
}

/// FastLZ makes bytes longest when it finds no match: one byte per 32. Even then 164 bytes stay at the floor,
/// and the floor holds up to a FastLZ length of 170.
#[test]
fn shortcut_by_arithmetic() {
    let longest = DATA_SIZE_SHORTCUT_BYTES + DATA_SIZE_SHORTCUT_BYTES.div_ceil(32);
    assert_eq!(longest, 170);
    assert_eq!(DataSize::from_fastlz_len(170), DataSize::MIN);
    assert!(DataSize::from_fastlz_len(171) > DataSize::MIN);
}

#[test]
fn length_of_fastlz_without_overflow() {
    let size = DataSize::from_fastlz_len(u32::MAX);
    assert_eq!(size.scaled(), u64::from(u32::MAX) * 836_500 - 42_585_600);
    assert_eq!(size.l1_gas_used(), size.scaled() * 16 / 1_000_000);
}

/// The numbers of op-geth's Fjord test: FastLZ length, base fee 1 gwei, blob base fee 10 gwei.
#[test]
fn l1_fee_of_known_sizes() {
    let params = L1FeeParams {
        base_fee: U256::from(1_000_000_000u64),
        blob_base_fee: U256::from(10_000_000_000u64),
        base_fee_scalar: 2,
        blob_base_fee_scalar: 3,
        ..L1FeeParams::default()
    };
    // (2 · 16 · 1e9 + 3 · 1e10) · 100e6 / 1e12
    assert_eq!(params.l1_fee(DataSize::MIN), U256::from(6_200_000));
    assert_eq!(DataSize::MIN.l1_gas_used(), 1_600);
    let size = DataSize::from_fastlz_len(235);
    assert_eq!(size.scaled(), 153_991_900);
    assert_eq!(params.l1_fee(size), U256::from(9_547_497));
    assert_eq!(size.l1_gas_used(), 2_463);
}

#[test]
fn l1_fee_is_rounded_down_and_cannot_overflow() {
    let tiny =
        L1FeeParams { base_fee: U256::from(1), base_fee_scalar: 1, ..L1FeeParams::default() };
    assert_eq!(tiny.l1_fee(DataSize::MIN), U256::ZERO);
    let huge = L1FeeParams {
        base_fee: U256::MAX,
        blob_base_fee: U256::MAX,
        base_fee_scalar: u32::MAX,
        blob_base_fee_scalar: u32::MAX,
        operator_fee_scalar: u32::MAX,
        operator_fee_constant: u64::MAX,
    };
    let bound = U256::MAX / U256::from(1_000_000_000_000u64);
    assert_eq!(huge.l1_fee(DataSize::from_fastlz_len(u32::MAX)), bound);
    let most = u128::from(u64::MAX) * u128::from(u32::MAX) / 1_000_000 + u128::from(u64::MAX);
    assert_eq!(huge.operator_fee(u64::MAX), U256::from(most));
}

proptest! {
    #[test]
    fn both_ways_to_the_l1_fee_agree(
        base_fee in any::<u64>(),
        blob_base_fee in any::<u64>(),
        base_fee_scalar in any::<u32>(),
        blob_base_fee_scalar in any::<u32>(),
        shift in 0_u32..64,
        length in any::<u32>(),
    ) {
        let params = L1FeeParams {
            base_fee: U256::from(base_fee >> shift),
            blob_base_fee: U256::from(blob_base_fee >> shift),
            base_fee_scalar: base_fee_scalar >> (shift / 2),
            blob_base_fee_scalar: blob_base_fee_scalar >> (shift / 2),
            ..L1FeeParams::default()
        };
        let size = DataSize::from_fastlz_len(length >> (shift / 2));
        prop_assert_eq!(params.l1_fee(size), params.l1_fee_in_256_bits(size));
    }

    #[test]
    fn the_operator_fee_is_the_same_for_any_length(gas in any::<u64>(), scalar in any::<u32>()) {
        let params = L1FeeParams { operator_fee_scalar: scalar, ..L1FeeParams::default() };
        let expected = U256::from(gas) * U256::from(scalar) / U256::from(1_000_000);
        prop_assert_eq!(params.operator_fee(gas), expected);
    }
}

#[test]
fn operator_fee_is_that_of_isthmus() {
    let params = L1FeeParams {
        operator_fee_scalar: 20_000,
        operator_fee_constant: 500,
        ..L1FeeParams::default()
    };
    assert_eq!(params.operator_fee(0), U256::from(500));
    assert_eq!(params.operator_fee(21_000), U256::from(420 + 500));
    assert_eq!(params.operator_fee(49), U256::from(500));
    assert_eq!(L1FeeParams::default().operator_fee(u64::MAX), U256::ZERO);
}

#[test]
fn parameters_come_from_the_opening() {
    let mut opening = BlockOpening::default();
    opening.origin.base_fee = 5;
    opening.origin.blob_base_fee = u128::MAX;
    opening.system_config = crate::config::tests::sample().genesis.system_config;
    let params = L1FeeParams::from_opening(&opening);
    assert_eq!(params.base_fee, U256::from(5));
    assert_eq!(params.blob_base_fee, U256::from(u128::MAX));
    assert_eq!((params.base_fee_scalar, params.blob_base_fee_scalar), (1_368, 810_949));
}

/// A contract call of more than 164 bytes, whose FastLZ length is computed.
#[test]
fn size_of_a_longer_transaction() {
    let raw = hex!(
        "02f901550a758302df1483be21b88304743f94f80e51afb613d764fa61751affd3313c190a86bb870151bd62fd12adb8"
        "e41ef24f3f000000000000000000000000000000000000000000000000000000000000006e000000000000000000000000"
        "af88d065e77c8cc2239327c5edb3a432268e5831000000000000000000000000000000000000000000000000000000000003c1e5"
        "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000148c89ed219d02f1a5be012c689b4f5b731827bebe0"
        "00000000000000000000000000000000c001a033fd89cb37c31b2cba46b6466e040c61fc9b2a3675a7f5f493ebd5ad77c497f8a0"
        "7cdf65680e238392693019b4092f610222e71b7cec06449cb922b93b6a12744e"
    );
    assert!(raw.len() > DATA_SIZE_SHORTCUT_BYTES);
    assert_eq!(data_size(&raw).scaled(), by_fastlz(&raw));
    assert!(data_size(&raw) > DataSize::MIN);
}
