//! Blocks: sealed ones, and the open one, which has no hash yet.

use alloy::consensus::TxReceipt as _;
use alloy::{
    consensus::{EMPTY_OMMER_ROOT_HASH, Header as ConsensusHeader, Sealable},
    eips::{Encodable2718, eip4895::Withdrawals},
    primitives::{B64, B256, Bloom, U256},
    rlp::{Encodable, Header as RlpHeader},
    rpc::types::{Block, BlockTransactions, Header},
};
use protocol::predeploys;
use serde_json::Value;

use super::transaction::{RpcTransaction, TransactionPlace, placed_transaction};
use crate::chain::{Body, ChainBlock, PendingBlock};

/// A block as clients see it.
pub(crate) type RpcBlock = Block<RpcTransaction>;

/// The header alone, as `newHeads` shows it.
pub(crate) fn header(block: &ChainBlock) -> Header {
    Header { hash: block.hash, inner: block.header.clone(), total_difficulty: None, size: None }
}

/// Bytes of the block's RLP.
fn size_bytes(block: &ChainBlock) -> usize {
    let list = |payload_length| RlpHeader { list: true, payload_length }.length_with_payload();
    let transactions = block.transactions.iter().map(|tx| match &tx.blob {
        Some(blob) => blob.network_len(),
        None => tx.transaction.network_len(),
    });
    let transactions: usize = transactions.sum();
    // A rollup's block has two empty lists behind its transactions: no uncles and no withdrawals.
    let (ommers, withdrawals) = block.ethereum.as_ref().map_or((0, Some(0)), |parts| {
        let ommers = parts.ommers.iter().map(Encodable::length).sum();
        let withdrawals = parts.withdrawals.as_ref();
        (ommers, withdrawals.map(|list| list.iter().map(Encodable::length).sum()))
    });
    list(block.header.length() + list(transactions) + list(ommers) + withdrawals.map_or(0, list))
}

/// A sealed block, with whole transactions or their hashes.
pub(crate) fn sealed_block(block: &ChainBlock, full: bool) -> RpcBlock {
    let place = TransactionPlace {
        block_hash: Some(block.hash),
        block_number: block.header.number,
        block_timestamp: block.header.timestamp,
        base_fee: block.header.base_fee_per_gas.unwrap_or_default(),
    };
    let header = Header { size: Some(U256::from(size_bytes(block))), ..header(block) };
    Block {
        header,
        uncles: block
            .ethereum
            .iter()
            .flat_map(|parts| &parts.ommers)
            .map(Sealable::hash_slow)
            .collect(),
        transactions: transactions(&block.transactions, place, full),
        withdrawals: match &block.ethereum {
            Some(parts) => parts.withdrawals.clone(),
            None => Some(Withdrawals::default()),
        },
    }
}

/// The open block: `hash`, `nonce` and `miner` are null, as geth shows it, and the roots are not known.
///
/// # Errors
/// When the block has no JSON form, which no value of these types is known to cause.
pub(crate) fn pending_block(block: &PendingBlock, full: bool) -> serde_json::Result<Value> {
    let opening = &block.opening;
    let place = TransactionPlace {
        block_hash: None,
        block_number: opening.number,
        block_timestamp: opening.timestamp,
        base_fee: block.base_fee,
    };
    let logs_bloom = block
        .transactions
        .iter()
        .fold(Bloom::ZERO, |bloom, included| bloom | included.outcome.receipt.bloom());
    let header = ConsensusHeader {
        parent_hash: opening.parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: predeploys::SEQUENCER_FEE_VAULT,
        logs_bloom,
        number: opening.number,
        gas_limit: block.gas_limit,
        gas_used: block.gas_used,
        timestamp: opening.timestamp,
        mix_hash: opening.origin.prev_randao,
        nonce: B64::ZERO,
        base_fee_per_gas: Some(block.base_fee),
        withdrawals_root: Some(B256::ZERO),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(opening.origin.parent_beacon_block_root),
        ..Default::default()
    };
    let header = Header { hash: B256::ZERO, inner: header, total_difficulty: None, size: None };
    let block = RpcBlock {
        header,
        uncles: Vec::new(),
        transactions: transactions(&block.transactions, place, full),
        withdrawals: Some(Withdrawals::default()),
    };
    let mut json = serde_json::to_value(block)?;
    for unknown in ["hash", "nonce", "miner"] {
        json[unknown] = Value::Null;
    }
    Ok(json)
}

fn transactions(
    included: &Body,
    place: TransactionPlace,
    full: bool,
) -> BlockTransactions<RpcTransaction> {
    if full {
        let whole = included.iter().map(|included| placed_transaction(included, place));
        BlockTransactions::Full(whole.collect())
    } else {
        BlockTransactions::Hashes(included.iter().map(|included| included.hash).collect())
    }
}
