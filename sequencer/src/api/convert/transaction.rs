//! Transactions with their place in the chain, or without one while they wait.

use alloy::{
    consensus::{
        EthereumTxEnvelope,
        transaction::{Recovered, TransactionInfo},
    },
    primitives::{Address, B256},
    rpc::types::Transaction as EthereumRpcTransaction,
};
use op_alloy::consensus::OpTxReceipt as _;
use op_alloy::{
    consensus::transaction::{OpDepositInfo, OpTransactionInfo},
    rpc_types::Transaction as OpRpcTransaction,
};
use protocol::Transaction;
use serde::Serialize;

use crate::chain::{Included, Located};

/// A transaction as clients see it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum RpcTransaction {
    /// Any of a rollup.
    Rollup(Box<OpRpcTransaction>),
    /// One with blobs, which a rollup does not have.
    Blob(Box<EthereumRpcTransaction>),
}

/// Where a transaction stands in the chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TransactionPlace {
    pub(crate) block_hash: Option<B256>,
    pub(crate) block_number: u64,
    pub(crate) block_timestamp: u64,
    pub(crate) base_fee: u64,
}

/// An executed transaction. While its block is open it is shown as pending: clients take a block number to mean
/// that the block can be asked for.
pub(crate) fn located_transaction(located: &Located) -> RpcTransaction {
    if located.block_hash.is_none() {
        let included = &located.included;
        return pooled_transaction(included.transaction.clone(), included.sender);
    }
    let place = TransactionPlace {
        block_hash: located.block_hash,
        block_number: located.block_number,
        block_timestamp: located.timestamp,
        base_fee: located.base_fee,
    };
    placed_transaction(&located.included, place)
}

pub(super) fn placed_transaction(included: &Included, place: TransactionPlace) -> RpcTransaction {
    let info = TransactionInfo {
        hash: Some(included.hash),
        index: Some(included.index),
        block_hash: place.block_hash,
        block_number: Some(place.block_number),
        base_fee: Some(place.base_fee),
        block_timestamp: Some(place.block_timestamp),
    };
    if let Some(blob) = &included.blob {
        let blob = EthereumTxEnvelope::Eip4844((**blob).clone()).map_eip4844(Into::into);
        let recovered = Recovered::new_unchecked(blob, included.sender);
        let tx = EthereumRpcTransaction::from_transaction(recovered, info);
        return RpcTransaction::Blob(Box::new(tx));
    }
    let receipt = &included.outcome.receipt;
    let deposit = OpDepositInfo {
        deposit_nonce: receipt.deposit_nonce(),
        deposit_receipt_version: receipt.deposit_receipt_version(),
    };
    let recovered = Recovered::new_unchecked(included.transaction.clone(), included.sender);
    let tx = OpRpcTransaction::from_transaction(recovered, OpTransactionInfo::new(info, deposit));
    RpcTransaction::Rollup(Box::new(tx))
}

/// A transaction that waits in the mempool.
pub(crate) fn pooled_transaction(transaction: Transaction, sender: Address) -> RpcTransaction {
    let recovered = Recovered::new_unchecked(transaction, sender);
    let tx = OpRpcTransaction::from_transaction(recovered, OpTransactionInfo::default());
    RpcTransaction::Rollup(Box::new(tx))
}
