//! Tests of [`super`]: bytes of an OP chain with Isthmus, and of one of its blocks.

use alloy_primitives::{b256, hex};
use proptest::prelude::*;

use super::*;

/// From an Isthmus devnet, as op-reth's tests have it.
const CALLDATA: [u8; L1_ATTRIBUTES_BYTES] = hex!(
    "098999be00000558000c5fc500000000000000030000000067a9f765000000000000002900000000000000000000000000000000000000000000000000000000006a6d09000000000000000000000000000000000000000000000000000000000000000172fcc8e8886636bdbe96ba0e4baab67ea7e7811633f52b52e8cf7a5123213b6f000000000000000000000000d3f2c5afb2d76f5579f326b0cd7da5f5a4126c3500004e2000000000000001f4"
);

fn expected() -> L1Attributes {
    L1Attributes {
        base_fee_scalar: 1_368,
        blob_base_fee_scalar: 810_949,
        sequence_number: 3,
        timestamp: 1_739_192_165,
        number: 41,
        base_fee: U256::from(6_974_729),
        blob_base_fee: U256::from(1),
        hash: b256!("72fcc8e8886636bdbe96ba0e4baab67ea7e7811633f52b52e8cf7a5123213b6f"),
        batcher_hash: b256!("000000000000000000000000d3f2c5afb2d76f5579f326b0cd7da5f5a4126c35"),
        operator_fee_scalar: 20_000,
        operator_fee_constant: 500,
    }
}

#[test]
fn calldata_of_an_op_chain() {
    assert_eq!(L1Attributes::decode(&CALLDATA), Ok(expected()));
    assert_eq!(expected().encode()[..], CALLDATA);
    assert_eq!(expected().origin().number, 41);
}

#[test]
fn selector_is_that_of_the_function() {
    let hash = alloy_primitives::keccak256("setL1BlockValuesIsthmus()");
    assert_eq!(hash[..4], L1_ATTRIBUTES_SELECTOR);
}

#[test]
fn deposit_is_the_one_of_the_specification() {
    let deposit = expected().to_deposit();
    assert_eq!(deposit.from, DEPOSITOR);
    assert_eq!(deposit.to, TxKind::Call(L1_BLOCK));
    assert_eq!((deposit.mint, deposit.value), (0, U256::ZERO));
    assert_eq!(deposit.gas_limit, 1_000_000);
    assert!(!deposit.is_system_transaction);
}

#[test]
fn other_calldata_is_refused() {
    assert_eq!(L1Attributes::decode(&CALLDATA[..175]), Err(AttributesError::Length(175)));
    let mut ecotone = CALLDATA;
    ecotone[..4].copy_from_slice(&hex!("440a5e20"));
    let refused = Err(AttributesError::Selector(hex!("440a5e20")));
    assert_eq!(L1Attributes::decode(&ecotone), refused);
}

proptest! {
    #[test]
    fn any_calldata_with_the_selector_round_trips(tail in prop::collection::vec(any::<u8>(), 172)) {
        let calldata = [&L1_ATTRIBUTES_SELECTOR[..], &tail].concat();
        let attributes = L1Attributes::decode(&calldata).unwrap();
        prop_assert_eq!(attributes.encode().to_vec(), calldata);
    }
}
