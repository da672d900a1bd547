//! The vectors in `contracts/test/vectors/`, which Solidity writes and checks: both sides must agree on every
//! byte that both compute.

use alloc::{format, string::String, vec::Vec};
use std::path::PathBuf;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use op_alloy_flz::flz_compress_len;
use serde_json::Value;

use crate::{
    Carrier, ConfigUpdate, DataSize, DepositMessage, InboxEntry, L1Attributes, L1FeeParams,
    L1Message, Withdrawal, inbox_accumulator_next, message_chain_next,
};

/// One case of a file.
struct Case(Value);

impl Case {
    fn u64(&self, key: &str) -> u64 {
        self.0[key].as_u64().unwrap_or_else(|| panic!("{key} of {}", self.0))
    }

    fn u32(&self, key: &str) -> u32 {
        u32::try_from(self.u64(key)).unwrap()
    }

    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_else(|| panic!("{key} of {}", self.0))
    }

    /// A number beyond 64 bits, in decimals.
    fn large(&self, key: &str) -> U256 {
        U256::from_str_radix(self.text(key), 10).unwrap()
    }

    fn hash(&self, key: &str) -> B256 {
        self.text(key).parse().unwrap()
    }

    fn address(&self, key: &str) -> Address {
        self.text(key).parse().unwrap()
    }

    fn bytes(&self, key: &str) -> Bytes {
        self.text(key).parse().unwrap()
    }
}

fn cases(name: &str) -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/test/vectors");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!cases.is_empty());
    cases.into_iter().map(Case).collect()
}

#[test]
fn inbox() {
    let mut acc = B256::ZERO;
    for case in cases("inbox") {
        let (carrier, data_hash) = match case.u64("carrier") {
            0 => (Carrier::Calldata, keccak256(case.bytes("data"))),
            _ => {
                let hashes: Vec<B256> =
                    serde_json::from_value(case.0["blobHashes"].clone()).unwrap();
                (Carrier::Blobs, InboxEntry::blobs_hash(&hashes))
            }
        };
        assert_eq!(data_hash, case.hash("dataHash"));
        let entry = InboxEntry {
            carrier,
            data_hash,
            first_block: case.u64("firstBlock"),
            last_block: case.u64("lastBlock"),
            l1_number: case.u64("l1Number"),
            l1_timestamp: case.u64("l1Timestamp"),
            l1_parent_hash: case.hash("l1ParentHash"),
        };
        assert_eq!(acc, case.hash("accumulator"));
        acc = inbox_accumulator_next(acc, &entry);
        assert_eq!(acc, case.hash("next"));
    }
}

#[test]
fn messages() {
    let mut acc = B256::ZERO;
    for case in cases("messages") {
        let bytes = case.bytes("message");
        let message = if case.u64("kind") == 0 {
            let message = DepositMessage {
                from: case.address("from"),
                to: case.address("to"),
                opaque_data: case.bytes("opaqueData"),
            };
            let deposit = message.to_deposit(B256::ZERO).unwrap();
            assert_eq!(U256::from(deposit.mint), case.large("mint"));
            assert_eq!(deposit.value, case.large("value"));
            assert_eq!(deposit.gas_limit, case.u64("gasLimit"));
            assert_eq!(deposit.to.is_create(), case.u64("creation") == 1);
            assert_eq!(deposit.input, case.bytes("data"));
            L1Message::Deposit(message)
        } else {
            let update_type = u8::try_from(case.u64("updateType")).unwrap();
            let update = ConfigUpdate::decode(update_type, &case.bytes("data")).unwrap();
            L1Message::Config(update)
        };
        assert_eq!(message.encode(), bytes);
        assert_eq!(L1Message::decode(&bytes), Ok(message));
        assert_eq!(acc, case.hash("accumulator"));
        acc = message_chain_next(acc, case.u64("l1Number"), case.u64("l1Timestamp"), &bytes);
        assert_eq!(acc, case.hash("next"));
    }
}

#[test]
fn withdrawals() {
    for case in cases("withdrawals") {
        let withdrawal = Withdrawal {
            nonce: case.large("nonce"),
            sender: case.address("sender"),
            target: case.address("target"),
            value: case.large("value"),
            gas_limit: case.large("gasLimit"),
            data: case.bytes("data"),
        };
        assert_eq!(withdrawal.hash(), case.hash("hash"));
        assert_eq!(Withdrawal::storage_slot(withdrawal.hash()), case.hash("slot"));
    }
}

fn attributes(case: &Case) -> L1Attributes {
    let attributes = L1Attributes {
        base_fee_scalar: case.u32("baseFeeScalar"),
        blob_base_fee_scalar: case.u32("blobBaseFeeScalar"),
        sequence_number: case.u64("sequenceNumber"),
        timestamp: case.u64("l1Timestamp"),
        number: case.u64("l1Number"),
        base_fee: case.large("baseFee"),
        blob_base_fee: case.large("blobBaseFee"),
        hash: case.hash("l1Hash"),
        batcher_hash: case.address("batcher").into_word(),
        operator_fee_scalar: case.u32("operatorFeeScalar"),
        operator_fee_constant: case.u64("operatorFeeConstant"),
    };
    assert_eq!(attributes.encode(), case.bytes("calldata"));
    assert_eq!(L1Attributes::decode(&case.bytes("calldata")), Ok(attributes));
    attributes
}

#[test]
fn l1_attributes() {
    cases("l1-attributes").iter().for_each(|case| {
        attributes(case);
    });
}

/// The oracle sees unsigned transactions and adds 68 bytes for the signature to the FastLZ length.
const UNSIGNED_MARGIN_BYTES: u32 = 68;

#[test]
fn fees() {
    for case in cases("fees") {
        let params = L1FeeParams::from_attributes(&attributes(&case));
        let data = case.bytes("data");
        assert_eq!(flz_compress_len(&data), case.u32("fastLzSize"), "{}", excerpt(&data));
        let size = DataSize::from_fastlz_len(case.u32("fastLzSize") + UNSIGNED_MARGIN_BYTES);
        assert_eq!(size.l1_gas_used(), case.u64("l1GasUsed"));
        assert_eq!(params.l1_fee(size), case.large("l1Fee"));
        let operator_fee = params.operator_fee(case.u64("gas"));
        assert_eq!(operator_fee, case.large("operatorFee"));
    }
}

fn excerpt(data: &Bytes) -> String {
    format!("{}…", data.slice(..core::cmp::min(data.len(), 40)))
}
