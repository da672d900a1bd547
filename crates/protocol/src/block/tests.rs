//! Tests of [`super`].

use alloy_eips::eip1559::{BaseFeeParams, calc_next_block_base_fee};
use alloy_primitives::{Address, hex};
use proptest::prelude::*;
use serde_json::json;

use super::*;

prop_compose! {
    fn openings()(
        numbers in any::<[u64; 6]>(),
        hashes in any::<[[u8; 32]; 4]>(),
        blob_base_fee: u128,
        batcher in any::<[u8; 20]>(),
        gas_limit: u64,
        scalars in any::<[u32; 3]>(),
    ) -> BlockOpening {
        BlockOpening {
            number: numbers[0],
            parent_hash: B256::new(hashes[0]),
            timestamp: numbers[1],
            origin: L1Origin {
                number: numbers[2],
                hash: B256::new(hashes[1]),
                timestamp: numbers[3],
                base_fee: numbers[4],
                blob_base_fee,
                prev_randao: B256::new(hashes[2]),
                parent_beacon_block_root: B256::new(hashes[3]),
            },
            sequence_number: numbers[5],
            system_config: SystemConfig {
                batcher: Address::new(batcher),
                gas_limit,
                base_fee_scalar: scalars[0],
                blob_base_fee_scalar: scalars[1],
                operator_fee_scalar: scalars[2],
                operator_fee_constant: !numbers[5],
            },
        }
    }
}

proptest! {
    #[test]
    fn opening_round_trips(opening in openings()) {
        let bytes = opening.encode();
        prop_assert_eq!(bytes.len(), OPENING_BYTES);
        prop_assert_eq!(BlockOpening::decode(&bytes), Ok(opening));
    }

    #[test]
    fn opening_of_random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(opening) = BlockOpening::decode(&bytes) {
            prop_assert_eq!(opening.encode(), bytes);
        }
    }

    /// The chain carries what the next block needs: fee scalars and batcher in the attributes, gas limit in
    /// the header, origin and sequence number in the attributes.
    #[test]
    fn attributes_carry_the_opening_over(opening in openings()) {
        let attributes = L1Attributes::decode(&opening.attributes().input).unwrap();
        prop_assert_eq!(attributes, opening.l1_attributes());
        let gas_limit = opening.system_config.gas_limit;
        let system_config = SystemConfig::from_attributes(&attributes, gas_limit);
        prop_assert_eq!(system_config, opening.system_config);
        let header = Header {
            number: opening.number,
            timestamp: opening.timestamp,
            parent_hash: opening.parent_hash,
            ..Header::default()
        };
        let expected = L2BlockRef {
            number: opening.number,
            hash: B256::repeat_byte(7),
            parent_hash: opening.parent_hash,
            timestamp: opening.timestamp,
            origin: opening.origin.id(),
            sequence_number: opening.sequence_number,
        };
        let found = block_ref(&header, B256::repeat_byte(7), &opening.attributes());
        prop_assert_eq!(found, Ok(expected));
    }

    /// Equal to alloy's function wherever that one does not overflow, floor apart.
    #[test]
    fn base_fee_agrees_with_eip_1559(
        base_fee in 0u64..=u64::MAX / 16,
        gas_limit in 1u64..=u64::MAX >> 20,
        used_share in 0u64..=1_000,
        elasticity in 1u64..=12,
        denominator in 1u64..=500,
        base_fee_min in 0u64..=2_000_000_000,
    ) {
        let gas_used = gas_limit / 1_000 * used_share;
        let parent = Header { gas_limit, gas_used, base_fee_per_gas: Some(base_fee), ..Header::default() };
        let params = Eip1559Params { elasticity, denominator, base_fee_min };
        let theirs = calc_next_block_base_fee(
            gas_used,
            gas_limit,
            base_fee,
            BaseFeeParams::new(u128::from(denominator), u128::from(elasticity)),
        );
        prop_assert_eq!(next_base_fee(&parent, &params), core::cmp::max(theirs, base_fee_min));
    }

    #[test]
    fn base_fee_never_panics(values in any::<[u64; 6]>(), known: bool) {
        let parent = Header {
            gas_limit: values[0],
            gas_used: values[1],
            base_fee_per_gas: known.then_some(values[2]),
            ..Header::default()
        };
        let params = Eip1559Params {
            elasticity: values[3] % 5,
            denominator: values[4] % 5,
            base_fee_min: values[5],
        };
        prop_assert!(next_base_fee(&parent, &params) >= params.base_fee_min);
    }
}

#[test]
fn base_fee_of_known_blocks() {
    let params = Eip1559Params { elasticity: 2, denominator: 8, base_fee_min: 0 };
    let next = |gas_used, base_fee, params: &Eip1559Params| {
        let parent = Header {
            gas_limit: 30_000_000,
            gas_used,
            base_fee_per_gas: Some(base_fee),
            ..Header::default()
        };
        next_base_fee(&parent, params)
    };
    assert_eq!(next(15_000_000, 1_000, &params), 1_000);
    assert_eq!(next(30_000_000, 1_000_000_000, &params), 1_125_000_000);
    assert_eq!(next(0, 1_000_000_000, &params), 875_000_000);
    // It rises by at least one, and stays where one part in eight is nothing.
    assert_eq!(next(15_000_001, 1, &params), 2);
    assert_eq!(next(0, 7, &params), 7);
    let floored = Eip1559Params { base_fee_min: 900_000_000, ..params };
    assert_eq!(next(0, 1_000_000_000, &floored), 900_000_000);
    assert_eq!(next(15_000_000, 1, &floored), 900_000_000);
}

#[test]
fn opening_has_its_bytes() {
    let opening = BlockOpening {
        number: 5,
        parent_hash: B256::repeat_byte(0x11),
        timestamp: 1_700_000_005,
        origin: L1Origin {
            number: 12,
            hash: B256::repeat_byte(0x22),
            timestamp: 1_700_000_000,
            base_fee: 1_000_000_007,
            blob_base_fee: 1 << 70,
            prev_randao: B256::repeat_byte(0x33),
            parent_beacon_block_root: B256::repeat_byte(0x44),
        },
        sequence_number: 3,
        system_config: crate::config::tests::sample().genesis.system_config,
    };
    let attributes = opening.attributes();
    let mut raw = Vec::new();
    alloy_eips::eip2718::Encodable2718::encode_2718(&attributes, &mut raw);
    crate::golden::check(
        "block.json",
        &json!({
            "opening": hex::encode_prefixed(opening.encode()),
            "attributesCalldata": attributes.input,
            "attributesSourceHash": attributes.source_hash,
            "attributesTransaction": hex::encode_prefixed(&raw),
            "attributesHash": attributes.tx_hash(),
        }),
    );
    let mut other = opening.encode();
    other[0] = 1;
    assert_eq!(BlockOpening::decode(&other), Err(OpeningError::Version(1)));
    assert_eq!(BlockOpening::decode(&other[1..]), Err(OpeningError::Length(OPENING_BYTES - 1)));
}

#[test]
fn header_without_attributes_is_no_block() {
    let deposit = TxDeposit::default();
    let refused = block_ref(&Header::default(), B256::ZERO, &deposit);
    assert_eq!(refused, Err(AttributesError::Length(0)));
}
