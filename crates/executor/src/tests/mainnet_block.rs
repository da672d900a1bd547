//! A real Ethereum block with its state, through our handler with Ethereum's fee rules, against stock revm.
//!
//! The file holds recovered senders instead of signatures, so transactions enter as revm's own type. Its one blob
//! transaction is left out on both sides: this chain has none.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Signature, TxKind, U256, keccak256};
use protocol::Transaction;
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext,
    context::{BlockEnv, CfgEnv, TxEnv},
    context_interface::{block::BlobExcessGasAndPrice, either::Either},
    primitives::hardfork::SpecId,
};
use serde_json::Value;
use state::{Account, AccountDiff, MemoryState, StateDiff};
use std::path::Path;

use super::{
    stock_revm::{assert_same_result, assert_same_state, stock_database},
    vectors::{number, path, small, text},
};
use crate::{
    Evm, RecoveredTransaction,
    evm::{Checks, Environment, Payment, Rewards, Terms},
    fees::FeeRouting,
};

/// `BLOB_BASE_FEE_UPDATE_FRACTION` at the time of the block (BPO2).
const UPDATE_FRACTION: u64 = 11_684_671;

#[test]
fn mainnet_block_25323281() {
    let Some(folder) = path("mainnet-blocks/25323281") else { return };
    let read = |name| -> Value {
        serde_json::from_slice(&std::fs::read(Path::new(&folder).join(name)).unwrap()).unwrap()
    };
    let state = pre_state(&read("pre_state.json"));
    let block = block_env(&read("block.json"));
    let txs = read("txs.json");
    let txs = txs.as_array().unwrap();
    let txs: Vec<TxEnv> = txs.iter().filter(|tx| small(&tx["tx_type"]) != 3).map(tx_env).collect();
    assert_eq!(txs.len(), 169);

    let mut stock = Context::mainnet()
        .with_db(stock_database(&state))
        .with_block(block.clone())
        .modify_cfg_chained(|cfg| *cfg = CfgEnv::new_with_spec(SpecId::PRAGUE))
        .build_mainnet();
    let environment = Environment {
        spec: SpecId::PRAGUE,
        p256verify: false,
        chain_id: 1,
        block,
        routing: FeeRouting::ETHEREUM,
        l1_fees: None,
    };
    let terms = Terms {
        payment: Payment::User { l1_fee: U256::ZERO, operator_fees: None },
        routing: FeeRouting::ETHEREUM,
        gas_left: u64::MAX,
        checks: Checks::All,
        rewards: Rewards::Paid,
    };
    let mut ours = Evm::with_environment(environment, state, ());
    let (mut gas_used, mut failed) = (0, 0);
    for tx in txs {
        let expected = stock.transact_commit(tx.clone()).expect("valid");
        let executed = ours.execute(tx, &terms).expect("valid");
        gas_used += executed.result.tx_gas_used();
        failed += usize::from(!executed.result.is_success());
        assert_same_result(&executed.result, expected);
        ours.state_mut().apply(&executed.diff());
    }
    // The blob transaction used 21,000 of the 18,887,171 that were measured for the whole block.
    assert_eq!((gas_used, failed), (18_866_171, 11));
    assert_same_state(&stock.ctx.journaled_state.database, ours.state());
}

/// State, rules and transactions of the block, for an engine that takes signed transactions. Nobody looks at the
/// signatures, which the file does not have.
pub(crate) fn read() -> Option<(MemoryState, Environment, Vec<RecoveredTransaction>)> {
    let folder = path("mainnet-blocks/25323281")?;
    let read = |name| -> Value {
        serde_json::from_slice(&std::fs::read(Path::new(&folder).join(name)).unwrap()).unwrap()
    };
    let block = block_env(&read("block.json"));
    let txs = read("txs.json");
    let txs = txs.as_array().unwrap().iter().filter(|tx| small(&tx["tx_type"]) != 3);
    let txs = txs.map(|tx| recovered(tx_env(tx))).collect();
    let rules = Environment {
        spec: SpecId::PRAGUE,
        p256verify: false,
        chain_id: 1,
        block,
        routing: FeeRouting::ETHEREUM,
        l1_fees: None,
    };
    Some((pre_state(&read("pre_state.json")), rules, txs))
}

fn recovered(env: TxEnv) -> RecoveredTransaction {
    let signature = Signature::test_signature();
    let (nonce, gas_limit, value, to) = (env.nonce, env.gas_limit, env.value, env.kind);
    let (chain_id, input, access_list) = (1, env.data, env.access_list);
    let (max_fee, tip) = (env.gas_price, env.gas_priority_fee.unwrap_or_default());
    let authorizations = env.authorization_list.into_iter().map(|entry| match entry {
        Either::Left(signed) => signed,
        Either::Right(_) => unreachable!("read with its signature"),
    });
    let tx = match env.tx_type {
        0 => {
            let (gas_price, chain_id) = (max_fee, Some(chain_id));
            let tx = TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input };
            Transaction::Legacy(tx.into_signed(signature))
        }
        1 => {
            let gas_price = max_fee;
            let tx =
                TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input };
            Transaction::Eip2930(tx.into_signed(signature))
        }
        2 => Transaction::Eip1559(
            TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: max_fee,
                max_priority_fee_per_gas: tip,
                to,
                value,
                access_list,
                input,
            }
            .into_signed(signature),
        ),
        4 => Transaction::Eip7702(
            TxEip7702 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: max_fee,
                max_priority_fee_per_gas: tip,
                to: *to.to().unwrap(),
                value,
                access_list,
                authorization_list: authorizations.collect(),
                input,
            }
            .into_signed(signature),
        ),
        other => panic!("type {other}"),
    };
    RecoveredTransaction::from_parts(tx, env.caller)
}

fn pre_state(json: &Value) -> MemoryState {
    let mut diff = StateDiff::default();
    for (address, account) in json.as_object().unwrap() {
        let code: Bytes =
            account["code"].as_str().map_or_else(Bytes::new, |code| code.parse().unwrap());
        let code_hash = if code.is_empty() { KECCAK256_EMPTY } else { keccak256(&code) };
        let storage = account["storage"].as_object().into_iter().flatten();
        let storage = storage.map(|(slot, value)| (slot.parse().unwrap(), number(value))).collect();
        let account = Account {
            nonce: small(&account["nonce"]),
            balance: number(&account["balance"]),
            code_hash,
        };
        // An account that the block makes is listed as an empty one.
        if !account.is_empty() {
            let change = AccountDiff { account: Some(account), storage_cleared: false, storage };
            diff.accounts.insert(address.parse().unwrap(), change);
        }
        diff.codes.insert(code_hash, code);
    }
    let mut state = MemoryState::new();
    state.apply(&diff);
    state
}

fn block_env(block: &Value) -> BlockEnv {
    let blobs = BlobExcessGasAndPrice::new(small(&block["excess_blob_gas"]), UPDATE_FRACTION);
    BlockEnv {
        number: number(&block["number"]),
        beneficiary: text(&block["coinbase"]),
        timestamp: number(&block["timestamp"]),
        gas_limit: small(&block["gas_limit"]),
        basefee: small(&block["basefee"]),
        difficulty: U256::ZERO,
        prevrandao: Some(text(&block["prevrandao"])),
        blob_excess_gas_and_price: Some(blobs),
        slot_num: 0,
    }
}

fn tx_env(tx: &Value) -> TxEnv {
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let access_list = items(&tx["access_list"]).iter().map(access_list_item).collect();
    let authorizations = items(&tx["authorization_list"]);
    TxEnv {
        tx_type: u8::try_from(small(&tx["tx_type"])).unwrap(),
        caller: text(&tx["caller"]),
        gas_limit: small(&tx["gas_limit"]),
        gas_price: number(&tx["gas_price"]).to(),
        kind: tx["to"].as_str().map_or(TxKind::Create, |to| TxKind::Call(to.parse().unwrap())),
        value: number(&tx["value"]),
        data: text(&tx["data"]),
        nonce: small(&tx["nonce"]),
        chain_id: Some(1),
        access_list: AccessList(access_list),
        gas_priority_fee: (!tx["gas_priority_fee"].is_null())
            .then(|| number(&tx["gas_priority_fee"]).to()),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: authorizations.iter().map(authorization).map(Either::Left).collect(),
    }
}

fn access_list_item(item: &Value) -> AccessListItem {
    let keys = item["storage_keys"].as_array().or_else(|| item["storageKeys"].as_array());
    AccessListItem {
        address: text(&item["address"]),
        storage_keys: keys.unwrap().iter().map(text::<B256>).collect(),
    }
}

fn authorization(value: &Value) -> SignedAuthorization {
    let inner = Authorization {
        chain_id: number(&value["chain_id"]),
        address: text::<Address>(&value["address"]),
        nonce: small(&value["nonce"]),
    };
    let y_parity = u8::try_from(small(&value["y_parity"])).unwrap();
    SignedAuthorization::new_unchecked(inner, y_parity, number(&value["r"]), number(&value["s"]))
}
