//! Ethereum's published state tests (`GeneralStateTests`) through our handler, in its signed form and without our fees:
//! root of the state and hash of the logs after one transaction.
//!
//! The newest fork in the archive is Cancun. Older than Shanghai are rules that no block of ours can have.

use alloy_primitives::{B256, Bytes, U256, keccak256};
use flate2::read::GzDecoder;
use protocol::TransactionError;
use revm::{
    context::BlockEnv, context_interface::block::BlobExcessGasAndPrice,
    primitives::hardfork::SpecId,
};
use serde_json::Value;
use state::{Account, AccountDiff, MemoryState, StateDiff};
use std::{collections::BTreeMap, fs::File, io::Read};

use super::vectors::{number, path, small, text};
use crate::{Evm, ExecuteError, RecoveredTransaction, evm::Environment, fees::FeeRouting};

/// These need an account without nonce and code that has storage (EIP-7610). revm does not look for one, and no block can
/// make one: whoever gets storage has a nonce from then on.
const UNREACHABLE: [&str; 3] = [
    "create2collisionStorageParis",
    "dynamicAccountOverwriteEmpty_Paris",
    "RevertInCreateInInit_Paris",
];

/// What became of the post states of the archive.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    files: usize,
    passed: usize,
    /// Blob transactions, which this chain refuses: nothing else to compare.
    refused: usize,
    /// Of forks whose rules we do not have.
    older: usize,
    /// Of the tests in [`UNREACHABLE`].
    unreachable: usize,
    failed: Vec<String>,
}

#[test]
fn published_state_tests() {
    let mut report = Report::default();
    if !for_each_file(|name, tests| run_file(name, tests, &mut report)) {
        return;
    }
    let failed = std::mem::take(&mut report.failed);
    eprintln!("state tests: {report:?}, {} failed", failed.len());
    assert!(failed.is_empty(), "{} failed: {:#?}", failed.len(), failed.first());
    let expected = Report {
        files: 1_352,
        passed: 9_693,
        refused: 223,
        older: 161,
        unreachable: 5,
        failed: Vec::new(),
    };
    assert_eq!(report, expected, "every post state of the archive is looked at");
}

/// Gives every test of the archive whose rules we have: file, name, state, environment and post states. `false`: the
/// archive is not there.
pub(crate) fn for_each(
    mut run: impl FnMut(&str, &str, &MemoryState, Environment, &[Value]),
) -> bool {
    for_each_file(|file, tests| {
        for (name, test) in tests.as_object().unwrap() {
            let pre = pre_state(&test["pre"]);
            for (fork, posts) in test["post"].as_object().unwrap() {
                let spec = match fork.as_str() {
                    "Cancun" => SpecId::CANCUN,
                    "Shanghai" => SpecId::SHANGHAI,
                    _ => continue,
                };
                let rules = environment(spec, &test["env"]);
                run(file, name, &pre, rules, posts.as_array().unwrap());
            }
        }
    })
}

/// Gives every file of the archive, parsed. `false`: the archive is not there.
fn for_each_file(mut look: impl FnMut(&str, &Value)) -> bool {
    let Some(archive) = path("ethereum-tests/GeneralStateTests.tar.gz") else { return false };
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(archive).unwrap()));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut json = String::new();
        entry.read_to_string(&mut json).unwrap();
        look(&name, &serde_json::from_str(&json).unwrap());
    }
    true
}

fn run_file(file: &str, tests: &Value, report: &mut Report) {
    report.files += 1;
    for (name, test) in tests.as_object().unwrap() {
        let pre = pre_state(&test["pre"]);
        for (fork, posts) in test["post"].as_object().unwrap() {
            let posts = posts.as_array().unwrap();
            let spec = match fork.as_str() {
                "Cancun" => SpecId::CANCUN,
                "Shanghai" => SpecId::SHANGHAI,
                _ => {
                    report.older += posts.len();
                    continue;
                }
            };
            for (index, post) in posts.iter().enumerate() {
                match run_post(&pre, environment(spec, &test["env"]), post) {
                    Ok(Verdict::Passed) => report.passed += 1,
                    Ok(Verdict::Refused) => report.refused += 1,
                    Err(_) if UNREACHABLE.contains(&name.as_str()) => report.unreachable += 1,
                    Err(reason) => {
                        report.failed.push(format!("{file} {name} {fork} {index}: {reason}"));
                    }
                }
            }
        }
    }
}

enum Verdict {
    Passed,
    Refused,
}

fn run_post(pre: &MemoryState, environment: Environment, post: &Value) -> Result<Verdict, String> {
    let raw: Bytes = text(&post["txbytes"]);
    let exception = post["expectException"].as_str();
    let gas_left = environment.block.gas_limit;
    let mut after = pre.clone();
    let mut logs = Vec::new();
    // Ethereum has no bound on the gas of a transaction.
    let tx = protocol::decode_user_transaction(&raw).and_then(RecoveredTransaction::new);
    let outcome = match tx {
        Err(TransactionError::Type(3)) => return Ok(Verdict::Refused),
        Err(error) => Err(format!("{error}")),
        Ok(tx) => match Evm::with_environment(environment, pre, ()).run(&tx, gas_left) {
            Ok(executed) => {
                after.apply(&executed.diff());
                logs = executed.result.into_logs();
                Ok(())
            }
            Err(ExecuteError::Invalid(reason)) => Err(format!("{reason}")),
            Err(error) => return Err(format!("{error:?}")),
        },
    };
    match (&outcome, exception) {
        (Ok(()), Some(expected)) => return Err(format!("should be {expected}")),
        (Err(reason), None) => return Err(format!("rejected: {reason}")),
        _ => {}
    }
    let logs_hash = keccak256(rlp_list(&logs));
    if logs_hash != text::<B256>(&post["logs"]) {
        return Err("logs differ".into());
    }
    let root = after.trie().root();
    let expected: B256 = text(&post["hash"]);
    if root == expected { Ok(Verdict::Passed) } else { Err(format!("root {root}, not {expected}")) }
}

fn rlp_list(logs: &[alloy_primitives::Log]) -> Vec<u8> {
    let mut out = Vec::new();
    alloy_rlp::encode_list(logs, &mut out);
    out
}

fn environment(spec: SpecId, env: &Value) -> Environment {
    let blobs = (spec >= SpecId::CANCUN).then(|| {
        BlobExcessGasAndPrice::new(small(&env["currentExcessBlobGas"]), CANCUN_UPDATE_FRACTION)
    });
    Environment {
        spec,
        p256verify: true,
        chain_id: 1,
        block: BlockEnv {
            number: number(&env["currentNumber"]),
            beneficiary: text(&env["currentCoinbase"]),
            timestamp: number(&env["currentTimestamp"]),
            gas_limit: small(&env["currentGasLimit"]),
            basefee: small(&env["currentBaseFee"]),
            difficulty: U256::ZERO,
            prevrandao: Some(B256::from(number(&env["currentRandom"]))),
            blob_excess_gas_and_price: blobs,
            slot_num: 0,
        },
        routing: FeeRouting::ETHEREUM,
        l1_fees: None,
    }
}

/// `BLOB_BASE_FEE_UPDATE_FRACTION` of Cancun.
const CANCUN_UPDATE_FRACTION: u64 = 3_338_477;

fn pre_state(pre: &Value) -> MemoryState {
    let mut diff = StateDiff::default();
    for (address, account) in pre.as_object().unwrap() {
        let code: Bytes = text(&account["code"]);
        let code_hash = keccak256(&code);
        let storage: BTreeMap<_, _> = account["storage"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(slot, value)| (slot.parse().unwrap(), number(value)))
            .collect();
        let account = Account {
            nonce: small(&account["nonce"]),
            balance: number(&account["balance"]),
            code_hash,
        };
        let change = AccountDiff { account: Some(account), storage_cleared: false, storage };
        diff.accounts.insert(address.parse().unwrap(), change);
        diff.codes.insert(code_hash, code);
    }
    let mut state = MemoryState::new();
    state.apply(&diff);
    // The tests define BLOCKHASH as the hash of the number in decimal.
    for block in 0..=256u64 {
        state.set_block_hash(block, keccak256(block.to_string()));
    }
    state
}
