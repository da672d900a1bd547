//! Rows about transactions.

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    primitives::{Address, Bytes, Signature, TxKind, U256, bytes},
    signers::SignerSync,
};
use eyre::{Result, eyre};
use harness::Funded;
use protocol::TRANSACTION_GAS_MAX;
use serde_json::{Value, json};

use super::row;

/// A nonce behind a gap, at which a transaction waits.
const WAITING: u64 = 50;

/// A transfer that is in order, but for what is changed.
fn transaction(chain_id: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id,
        nonce: 1,
        gas_limit: 30_000,
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: TxKind::Call(Address::repeat_byte(7)),
        value: U256::from(1),
        ..TxEip1559::default()
    }
}

fn sign(account: &Funded, tx: &TxEip1559) -> Result<Bytes> {
    let signature = account.signer()?.sign_hash_sync(&tx.signature_hash())?;
    Ok(tx.clone().into_signed(signature).encoded_2718().into())
}

/// Transactions that are refused, in geth's words, and what viem makes of them (`None` where it does not send them).
fn refused(chain_id: u64) -> Vec<(&'static str, TxEip1559, Option<&'static str>)> {
    let with = |change: &dyn Fn(&mut TxEip1559)| {
        let mut tx = transaction(chain_id);
        change(&mut tx);
        tx
    };
    // viem knows no class of its own for it.
    let plain = Some("InvalidInputRpcError");
    vec![
        ("nonce too low", with(&|tx| tx.nonce = 0), Some("NonceTooLowError")),
        ("nonce too high", with(&|tx| tx.nonce = 100_000), Some("NonceTooHighError")),
        ("already known", with(&|tx| tx.nonce = WAITING), Some("NonceTooLowError")),
        (
            "replacement transaction underpriced",
            with(&|tx| (tx.nonce, tx.gas_limit) = (WAITING, 40_000)),
            plain,
        ),
        (
            "insufficient funds for gas * price + value: have ",
            with(&|tx| tx.value = U256::MAX >> 8),
            Some("InsufficientFundsError"),
        ),
        (
            "intrinsic gas too low",
            with(&|tx| tx.gas_limit = 20_999),
            Some("IntrinsicGasTooLowError"),
        ),
        (
            "exceeds block gas limit: gas limit reached",
            with(&|tx| tx.gas_limit = 1 << 40),
            Some("IntrinsicGasTooHighError"),
        ),
        (
            "max fee per gas less than block base fee",
            with(&|tx| (tx.max_fee_per_gas, tx.max_priority_fee_per_gas) = (1, 1)),
            Some("FeeCapTooLowError"),
        ),
        (
            "max priority fee per gas higher than max fee per gas",
            with(&|tx| tx.max_priority_fee_per_gas = tx.max_fee_per_gas + 1),
            None,
        ),
        ("invalid chain id for signer", with(&|tx| tx.chain_id = 1), None),
    ]
}

/// Rows about transactions, as raw bytes; and the same as fields, for clients that sign.
pub(super) fn sendings(accounts: &[Funded], chain_id: u64) -> Result<(Vec<Value>, Vec<Value>)> {
    let [account, poor, quick, ..] = accounts else { return Err(eyre!("too few accounts")) };
    let (mut calls, mut transactions) = (Vec::new(), Vec::new());
    for (text, tx, viem) in refused(chain_id) {
        let raw = sign(account, &tx)?;
        calls.push(row(text, "eth_sendRawTransaction", json!([raw]), -32_000, text));
        let fields = json!({
            "to": tx.to.to(), "nonce": tx.nonce, "gas": tx.gas_limit, "value": tx.value.to_string(),
            "maxFeePerGas": tx.max_fee_per_gas.to_string(), "maxPriorityFeePerGas": tx.max_priority_fee_per_gas.to_string(),
        });
        if let Some(viem) = viem {
            transactions.push(json!({ "name": text, "fields": fields, "viem": viem }));
        }
    }
    let send = "eth_sendRawTransaction";
    let sync = "eth_sendRawTransactionSync";
    let with = |change: &dyn Fn(&mut TxEip1559)| {
        let mut tx = transaction(chain_id);
        change(&mut tx);
        tx
    };
    let last = with(&|tx| tx.nonce = u64::MAX);
    let create = |tx: &mut TxEip1559, bytes: usize| {
        (tx.to, tx.value, tx.gas_limit) = (TxKind::Create, U256::ZERO, 30_000_000);
        tx.input = vec![0; bytes].into();
    };
    let initcode = with(&|tx| create(tx, 49_153));
    let large = with(&|tx| create(tx, 120_000));
    let nobody = Signature::new(U256::ZERO, U256::from(1), false);
    let nobody = Bytes::from(transaction(chain_id).into_signed(nobody).encoded_2718());
    let blob = "transaction type not supported: transaction type not valid";
    let mut refuse = |name: &str, raw: Bytes, text: &str| {
        calls.push(row(name, send, json!([raw]), -32_000, text));
    };
    refuse("highest nonce", sign(account, &last)?, "nonce has max value");
    refuse("blob transaction", Bytes::from_static(&[0x03, 0xc0]), blob);
    refuse("garbage", Bytes::from_static(&[0x02, 0xc0]), "rlp: cannot decode transaction");
    refuse("init code", sign(account, &initcode)?, "max initcode size exceeded");
    refuse("long transaction", sign(account, &large)?, "oversized data: transaction size ");
    refuse("signature", nobody, "invalid sender: signature is invalid");
    calls.push(row("odd digits", send, json!(["0x123"]), -32_602, "invalid argument 0: "));

    let behind = with(&|tx| tx.nonce = WAITING + 1);
    let gap = "The transaction was added to the mempool but wasn't processed due to a nonce gap: expected nonce 1";
    // Above the lowest base fee, and below that of a young chain.
    let cheap = with(&|tx| (tx.nonce, tx.max_fee_per_gas) = (0, 1_100_000));
    let unready = "The transaction was added to the mempool but isn't ready: maxFeePerGas: 1100000, baseFee: ";
    for (name, from, tx, code, text) in
        [("gap", account, behind, 6, gap), ("not ready", poor, cheap, 5, unready)]
    {
        calls.push(row(name, sync, json!([sign(from, &tx)?, 200]), code, text));
    }
    calls.push(late(quick, with(&|_| ()))?);
    Ok((calls, transactions))
}

/// Transactions that run until their gas is used up, which takes longer than anybody waits; one for each client, because it is
/// done when it is sent again.
fn late(from: &Funded, like: TxEip1559) -> Result<Value> {
    let text = "The transaction was added to the mempool but wasn't processed in 1ms";
    let mut row = row("not in time", "eth_sendRawTransactionSync", json!([]), 4, text);
    // In the order in which they come.
    for (nonce, client) in (0..).zip(["alloy", "web3", "cast", "viem", "ethers"]) {
        let (to, input) = (TxKind::Create, bytes!("5b5f56"));
        let endless =
            TxEip1559 { nonce, gas_limit: TRANSACTION_GAS_MAX, to, input, ..like.clone() };
        row["own"][client] = json!([sign(from, &endless)?, 1]);
    }
    Ok(row)
}

/// A transaction that waits behind a gap, which others are about.
pub(super) fn waiting(account: &Funded, chain_id: u64) -> Result<Bytes> {
    sign(account, &TxEip1559 { nonce: WAITING, ..transaction(chain_id) })
}

/// A transaction that any node would take.
pub(super) fn good(account: &Funded, chain_id: u64) -> Result<Bytes> {
    sign(account, &TxEip1559 { nonce: 0, ..transaction(chain_id) })
}
