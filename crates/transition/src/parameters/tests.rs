//! Parameters as bytes.

use alloy_primitives::b256;

use super::*;

fn parameters() -> ChainParameters {
    ChainParameters {
        l2_chain_id: 1,
        block_time: 2,
        sequencing_window: 3,
        sequencer_drift_max: 4,
        fees: Eip1559Params { elasticity: 5, denominator: 6, base_fee_min: 7 },
        segment_gas: 8,
        genesis_system_config: SystemConfig {
            batcher: Address::repeat_byte(9),
            gas_limit: 10,
            base_fee_scalar: 11,
            blob_base_fee_scalar: 12,
            operator_fee_scalar: 13,
            operator_fee_constant: 14,
        },
        blob_schedule: alloc::vec![
            BlobFee { from_timestamp: 0, update_fraction: 15 },
            BlobFee { from_timestamp: 16, update_fraction: u64::MAX },
        ],
    }
}

#[test]
fn parameters_are_their_bytes() {
    let bytes = parameters().encode();
    assert_eq!(bytes.len(), HEAD_BYTES + 2 * BLOB_FEE_BYTES);
    assert_eq!(ChainParameters::decode(&bytes), Some(parameters()));
    for len in 0..bytes.len() {
        let is_whole = len >= HEAD_BYTES && (len - HEAD_BYTES).is_multiple_of(BLOB_FEE_BYTES);
        assert_eq!(ChainParameters::decode(&bytes[..len]).is_some(), is_whole, "{len}");
    }
    let mut other = bytes;
    other[0] = 1;
    assert_eq!(ChainParameters::decode(&other), None);
}

/// Golden: the dispute contracts hold it.
#[test]
fn their_hash_is_fixed() {
    let hash = b256!("392aff6d86ac449628f23a23c6e8eeb5ed79330e7364d1531546cb3aa2a54bc0");
    assert_eq!(parameters().hash(), hash);
}
