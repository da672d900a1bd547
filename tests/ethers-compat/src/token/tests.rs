//! abigen's bytes against literal ones, from the ERC-20 and ABI standards.

use ethers_contract::{EthCall, EthEvent, parse_log};
use ethers_core::{
    abi::{AbiDecode, AbiEncode},
    types::{Address, Log, U256},
    utils::hex,
};

use super::*;

fn account(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

#[test]
fn selectors() {
    assert_eq!(hex::encode(TransferCall::selector()), "a9059cbb");
    assert_eq!(hex::encode(BalanceOfCall::selector()), "70a08231");
    assert_eq!(hex::encode(TotalSupplyCall::selector()), "18160ddd");
    assert_eq!(hex::encode(DecimalsCall::selector()), "313ce567");
    assert_eq!(hex::encode(NameCall::selector()), "06fdde03");
}

#[test]
fn calldata() {
    let call = TransferCall { to: account(0x11), value: U256::from(0x0102) };
    let bytes = concat!(
        "a9059cbb",
        "0000000000000000000000001111111111111111111111111111111111111111",
        "0000000000000000000000000000000000000000000000000000000000000102",
    );
    assert_eq!(hex::encode(call.clone().encode()), bytes);
    assert_eq!(TransferCall::decode(hex::decode(bytes).unwrap()).unwrap(), call);
    assert_eq!(hex::encode(TotalSupplyCall.encode()), "18160ddd");
}

#[test]
fn returned_data() {
    let bytes = concat!(
        "0000000000000000000000000000000000000000000000000000000000000020",
        "0000000000000000000000000000000000000000000000000000000000000005",
        "4272616964000000000000000000000000000000000000000000000000000000",
    );
    assert_eq!(
        NameReturn::decode(hex::decode(bytes).unwrap()).unwrap(),
        NameReturn("Braid".to_owned())
    );
}

#[test]
fn event() {
    let topic0 = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
    assert_eq!(hex::encode(TransferFilter::signature()), topic0);
    assert_eq!(TransferFilter::abi_signature(), "Transfer(address,address,uint256)");
    let log = Log {
        topics: vec![TransferFilter::signature(), account(0x11).into(), account(0x22).into()],
        data: U256::from(5).encode().into(),
        ..Log::default()
    };
    let expected = TransferFilter { from: account(0x11), to: account(0x22), value: 5.into() };
    assert_eq!(parse_log::<TransferFilter>(log.clone()).unwrap(), expected);
    let unindexed = Log { topics: log.topics[..2].to_vec(), ..log };
    assert!(parse_log::<TransferFilter>(unindexed).is_err(), "a topic is missing");
}
