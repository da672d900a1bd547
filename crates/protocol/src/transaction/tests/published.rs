//! Ethereum's published transaction tests (`TransactionTests`): which bytes are a transaction of chain 1, who signed it,
//! and which are none. What only admission can refuse (gas, nonce, init code) decodes here; `sequencer` has those.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use alloy_primitives::{Address, B256, Bytes, keccak256};
use serde_json::Value;

use super::*;
use crate::{Batch, BatchBlock, published::archive};

/// Chain of the tests.
const CHAIN_ID: u64 = 1;

/// Forks from the newest on; the newest that a test names is the one whose rules we have. Those that do not name Cancun
/// are refused in every fork that they name.
const FORKS: [&str; 3] = ["Cancun", "Shanghai", "London"];

/// Valid for Ethereum, whose fees have 256 bits. Ours have 128: nobody has the 2^128 wei that one unit of such gas costs.
const FEE_BEYOND_128_BITS: [&str; 3] =
    ["GasLimitPriceProductOverflowtMinusOne", "TransactionWithHighGasPrice", "V_equals38"];

/// Which of our checks refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Check {
    Decoding,
    Chain,
    Signature,
}

/// The checks that may refuse what Ethereum refuses so; none where that is not for this crate to see.
fn checks(exception: &str) -> &'static [Check] {
    let name = exception.strip_prefix("TransactionException.").unwrap_or(exception);
    match name {
        "ADDRESS_TOO_LONG"
        | "ADDRESS_TOO_SHORT"
        | "GASLIMIT_OVERFLOW"
        | "GASPRICE_OVERFLOW"
        | "NONCE_OVERFLOW"
        | "PRIORITY_OVERFLOW"
        | "RLP_ERROR_EOF"
        | "RLP_ERROR_SIZE"
        | "RLP_ERROR_SIZE_LEADING_ZEROS"
        | "RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_LONG"
        | "RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_SHORT"
        | "RLP_INVALID_ACCESS_LIST_STORAGE_TOO_LONG"
        | "RLP_INVALID_ACCESS_LIST_STORAGE_TOO_SHORT"
        | "RLP_INVALID_DATA"
        | "RLP_INVALID_GASLIMIT"
        | "RLP_INVALID_HEADER"
        | "RLP_INVALID_NONCE"
        | "RLP_INVALID_SIGNATURE_R"
        | "RLP_INVALID_SIGNATURE_S"
        | "RLP_INVALID_TO"
        | "RLP_LEADING_ZEROS_BASEFEE"
        | "RLP_LEADING_ZEROS_DATA_SIZE"
        | "RLP_LEADING_ZEROS_GASLIMIT"
        | "RLP_LEADING_ZEROS_GASPRICE"
        | "RLP_LEADING_ZEROS_NONCE"
        | "RLP_LEADING_ZEROS_NONCE_SIZE"
        | "RLP_LEADING_ZEROS_PRIORITY_FEE"
        | "RLP_LEADING_ZEROS_R"
        | "RLP_LEADING_ZEROS_S"
        | "RLP_LEADING_ZEROS_V"
        | "RLP_LEADING_ZEROS_VALUE"
        | "RLP_TOO_FEW_ELEMENTS"
        | "RLP_TOO_MANY_ELEMENTS"
        | "TYPE_NOT_SUPPORTED"
        | "VALUE_OVERFLOW"
        // With fees below 2^128 and gas below 2^64 no product overflows: the fee itself does not decode.
        | "GASLIMIT_PRICE_PRODUCT_OVERFLOW"
        | "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2" => &[Check::Decoding],
        // `r` or `s` beyond 256 bits and a `v` that is none do not decode; the rest is nobody's signature.
        "INVALID_SIGNATURE_VRS" | "EC_RECOVERY_FAIL" => &[Check::Decoding, Check::Signature],
        // A `v` that is neither 27 nor 28 and below 35 does not decode; from 35 on it names a chain.
        "INVALID_CHAINID" => &[Check::Decoding, Check::Chain],
        "INITCODE_SIZE_EXCEEDED" | "INTRINSIC_GAS_TOO_LOW" | "NONCE_TOO_BIG" => &[],
        other => panic!("unknown exception {other}"),
    }
}

fn check(raw: &[u8]) -> Result<(Address, B256), (Check, TransactionError)> {
    let tx = decode_user_transaction(raw).map_err(|error| (Check::Decoding, error))?;
    assert_eq!(tx.encoded_2718(), raw, "what decodes is canonical");
    check_chain_id(&tx, CHAIN_ID).map_err(|error| (Check::Chain, error))?;
    let sender = recover(&tx).map_err(|error| (Check::Signature, error))?;
    Ok((sender, tx.tx_hash()))
}

/// Whether a batch takes it.
fn is_carried(raw: &Bytes) -> bool {
    let block = BatchBlock { transactions: alloc::vec![raw.clone()], ..BatchBlock::default() };
    Batch { blocks: alloc::vec![block], ..Batch::default() }.encode(CHAIN_ID).is_ok()
}

/// What was found, by name.
type Report = BTreeMap<String, usize>;

fn run(name: &str, test: &Value, report: &mut Report) {
    let raw: Bytes = test["txbytes"].as_str().unwrap().parse().unwrap();
    let results = &test["result"];
    let fork = FORKS.into_iter().find(|fork| results.get(*fork).is_some());
    let expected = &results[fork.unwrap_or_else(|| panic!("{name} names no fork that we know"))];
    let checked = check(&raw);
    let decodes = !matches!(checked, Err((Check::Decoding | Check::Chain, _)));
    assert_eq!(is_carried(&raw), decodes, "{name}: a batch carries what decodes for its chain");

    let found = match (expected["exception"].as_str(), &checked) {
        (None, Err((Check::Decoding, _))) if FEE_BEYOND_128_BITS.contains(&name) => {
            "valid, fee beyond 128 bits".into()
        }
        (None, Ok((sender, hash))) => {
            assert_eq!(expected["sender"], alloc::format!("{sender:?}"), "{name}");
            assert_eq!(expected["hash"], alloc::format!("{hash:?}"), "{name}");
            assert_eq!(*hash, keccak256(&raw), "{name}");
            "valid".into()
        }
        (Some(exception), Ok(_)) if checks(exception).is_empty() => "left to admission".into(),
        (Some(exception), Err((check, _))) if checks(exception).contains(check) => {
            alloc::format!("refused by {check:?}")
        }
        (exception, _) => panic!("{name}: {checked:?}, should be {exception:?}"),
    };
    *report.entry(found).or_default() += 1;
}

#[test]
fn published_transaction_tests() {
    let Some(files) = archive("ethereum-tests/TransactionTests.tar.gz") else { return };
    let mut report = Report::new();
    for (path, json) in &files {
        let tests: BTreeMap<String, Value> = serde_json::from_slice(json).unwrap();
        assert!(!tests.is_empty(), "{path} holds no test");
        tests.iter().for_each(|(name, test)| run(name, test, &mut report));
    }
    let tests: Vec<usize> = report.values().copied().collect();
    eprintln!("transaction tests: {} files, {report:?}", files.len());
    assert!(!files.is_empty(), "the archive is empty");
    assert!(tests.iter().sum::<usize>() >= files.len(), "every file has a test");
}
