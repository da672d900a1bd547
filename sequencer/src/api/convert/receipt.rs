//! Receipts with the L1 fee fields of the OP Stack.

use alloy::consensus::TxReceipt as _;
use alloy::{
    consensus::{ReceiptEnvelope, ReceiptWithBloom, Transaction as _},
    eips::Encodable2718,
    primitives::{Address, U256},
    rpc::types::{Log, TransactionReceipt},
};
use executor::BlockRules;
use op_alloy::consensus::OpTxReceipt as _;
use op_alloy::{
    consensus::OpReceipt,
    rpc_types::{L1BlockInfo, OpTransactionReceipt},
};
use protocol::{BlockOpening, DataSize, Transaction, data_size, fees::DATA_SIZE_SHORTCUT_BYTES};
use serde::Serialize;

use super::log::{LogPlace, logs_of};
use crate::chain::{Included, Located};

/// A receipt as clients see it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum RpcReceipt {
    /// Of any transaction of a rollup.
    Rollup(Box<OpTransactionReceipt>),
    /// Of a blob transaction, which a rollup does not have.
    Blob(Box<TransactionReceipt<ReceiptEnvelope<Log>>>),
}

/// The receipt of an executed transaction.
pub(crate) fn receipt(located: &Located) -> RpcReceipt {
    let receipt = rollup_receipt(located);
    match (&located.included.blob, located.rules) {
        (Some(blob), BlockRules::Ethereum(rules)) => {
            let inner = receipt.inner.map_inner(|inner| {
                let logs_bloom = inner.logs_bloom;
                let receipt = inner.receipt.into_receipt();
                ReceiptEnvelope::Eip4844(ReceiptWithBloom { receipt, logs_bloom })
            });
            RpcReceipt::Blob(Box::new(TransactionReceipt {
                blob_gas_used: blob.blob_gas_used(),
                blob_gas_price: Some(rules.blob_base_fee),
                ..inner
            }))
        }
        _ => RpcReceipt::Rollup(Box::new(receipt)),
    }
}

fn rollup_receipt(located: &Located) -> OpTransactionReceipt {
    let included = &located.included;
    let l1_block_info = match located.rules {
        BlockRules::Rollup => l1_block_info(included, &located.opening),
        BlockRules::Ethereum(_) => L1BlockInfo::default(),
    };
    let place = LogPlace {
        block_hash: located.block_hash,
        block_number: located.block_number,
        block_timestamp: located.timestamp,
    };
    OpTransactionReceipt {
        inner: TransactionReceipt {
            inner: with_rpc_logs(included, logs_of(included, place, false)),
            transaction_hash: included.hash,
            transaction_index: Some(included.index),
            block_hash: located.block_hash,
            block_number: Some(located.block_number),
            gas_used: included.outcome.gas_used,
            effective_gas_price: included.outcome.effective_gas_price,
            blob_gas_used: None,
            blob_gas_price: None,
            from: included.sender,
            to: included.transaction.to(),
            contract_address: included.outcome.created.or_else(|| created(included)),
        },
        l1_block_info,
        op_gas_refund: None,
    }
}

/// Where a creation that failed would have put its contract: receipts say it all the same, as in geth.
fn created(included: &Included) -> Option<Address> {
    let tx = &included.transaction;
    let nonce = included.outcome.receipt.deposit_nonce().unwrap_or_else(|| tx.nonce());
    tx.kind().is_create().then(|| included.sender.create(nonce))
}

fn with_rpc_logs(included: &Included, logs: Vec<Log>) -> ReceiptWithBloom<OpReceipt<Log>> {
    let consensus = &included.outcome.receipt;
    let mut logs = logs.into_iter();
    // One for one, in order.
    let receipt = consensus.clone().map_logs(|_| logs.next().unwrap_or_default());
    ReceiptWithBloom { receipt, logs_bloom: consensus.bloom() }
}

/// What the transaction paid for L1 data, and the prices behind it. A deposit pays nothing on L2.
fn l1_block_info(included: &Included, opening: &BlockOpening) -> L1BlockInfo {
    if matches!(included.transaction, Transaction::Deposit(_)) {
        return L1BlockInfo::default();
    }
    let config = &opening.system_config;
    let operator_fee = config.operator_fee_scalar != 0 || config.operator_fee_constant != 0;
    L1BlockInfo {
        l1_gas_price: Some(u128::from(opening.origin.base_fee)),
        l1_gas_used: Some(u128::from(l1_gas_used(&included.transaction))),
        l1_fee: Some(saturate(included.outcome.l1_fee)),
        l1_fee_scalar: None,
        l1_base_fee_scalar: Some(u128::from(config.base_fee_scalar)),
        l1_blob_base_fee: Some(opening.origin.blob_base_fee),
        l1_blob_base_fee_scalar: Some(u128::from(config.blob_base_fee_scalar)),
        operator_fee_scalar: operator_fee.then_some(u128::from(config.operator_fee_scalar)),
        operator_fee_constant: operator_fee.then_some(u128::from(config.operator_fee_constant)),
        da_footprint_gas_scalar: None,
    }
}

/// What the transaction's bytes would cost as calldata on L1.
fn l1_gas_used(transaction: &Transaction) -> u64 {
    let size = if transaction.encode_2718_len() <= DATA_SIZE_SHORTCUT_BYTES {
        DataSize::MIN
    } else {
        data_size(&transaction.encoded_2718())
    };
    size.l1_gas_used()
}

/// The JSON type has 128 bits; no fee that was paid comes near.
fn saturate(value: U256) -> u128 {
    u128::try_from(value).unwrap_or(u128::MAX)
}
