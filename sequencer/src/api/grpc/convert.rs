//! From the chain's own values to protobuf messages.

use alloy::consensus::TxReceipt as _;
use alloy::eips::Encodable2718;
use bytes::Bytes;
use proto::v1;
use protocol::L2BlockRef;

use crate::{
    chain::{ChainBlock, Included, Located},
    publisher::DurableSubBlock,
};

pub(super) fn copy(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

/// The result of a transaction. `sub_block_index` is known where the answer comes with its sub-block, else 0.
pub(super) fn result(
    included: &Included,
    block_number: u64,
    sub_block_index: u32,
) -> v1::TransactionResult {
    let outcome = &included.outcome;
    v1::TransactionResult {
        block_number,
        transaction_index: u32::try_from(included.index).unwrap_or(u32::MAX),
        sub_block_index,
        success: outcome.receipt.status(),
        gas_used: outcome.gas_used,
        l1_fee: copy(outcome.l1_fee.to_be_bytes_trimmed_vec()),
        contract_address: outcome.created.map(copy).unwrap_or_default(),
        logs: outcome.receipt.logs().iter().map(log).collect(),
    }
}

pub(super) fn log(log: &alloy::primitives::Log) -> v1::Log {
    v1::Log {
        address: copy(log.address),
        topics: log.topics().iter().map(copy).collect(),
        data: log.data.data.0.clone(),
    }
}

pub(super) fn located_result(located: &Located) -> v1::TransactionResult {
    result(&located.included, located.block_number, 0)
}

pub(super) fn reference(reference: &L2BlockRef) -> v1::BlockRef {
    v1::BlockRef {
        number: reference.number,
        hash: copy(reference.hash),
        parent_hash: copy(reference.parent_hash),
        timestamp: reference.timestamp,
    }
}

pub(super) fn block(block: &ChainBlock) -> v1::Block {
    v1::Block {
        reference: Some(reference(&block.reference)),
        header: alloy::rlp::encode(&block.header).into(),
        transaction_hashes: block.transactions.iter().map(|included| copy(included.hash)).collect(),
        gas_used: block.header.gas_used,
    }
}

/// The access list of a block that has one.
pub(super) fn access_list(block: &ChainBlock) -> Option<v1::AccessList> {
    let list = block.access_list.get()?;
    Some(v1::AccessList { block: Some(reference(&block.reference)), list: list.0.clone() })
}

pub(super) fn sub_block(sub_block: &DurableSubBlock) -> v1::SubBlock {
    let number = sub_block.cursor.block;
    let index = sub_block.cursor.sub_block;
    let transactions = sub_block.transactions.iter().map(|tx| executed(tx, number, index));
    v1::SubBlock {
        block_number: number,
        index,
        timestamp: sub_block.opening.timestamp,
        transactions: transactions.collect(),
    }
}

/// The sub-blocks of a sealed block, as they became durable.
pub(super) fn past_sub_blocks(block: &ChainBlock) -> Vec<v1::SubBlock> {
    let users = block.user_transactions().count();
    let forced = block.transactions.len() - users;
    let mut transactions = block.transactions.iter();
    let number = block.number();
    // A block without journal rows is the genesis block.
    let lengths =
        if block.sub_block_lengths.is_empty() { &[0][..] } else { &block.sub_block_lengths };
    let mut sub_blocks = Vec::with_capacity(lengths.len());
    for (index, length) in (0_u32..).zip(lengths) {
        // The opening row brings what L1 forces: the attributes and the deposits.
        let opening = if index == 0 { forced } else { 0 };
        let own = transactions.by_ref().take(opening + length);
        sub_blocks.push(v1::SubBlock {
            block_number: number,
            index,
            timestamp: block.header.timestamp,
            transactions: own.map(|tx| executed(tx, number, index)).collect(),
        });
    }
    sub_blocks
}

fn executed(included: &Included, block_number: u64, index: u32) -> v1::ExecutedTransaction {
    v1::ExecutedTransaction {
        hash: copy(included.hash),
        raw: included.transaction.encoded_2718().into(),
        result: Some(result(included, block_number, index)),
    }
}

/// A stage in the words of the interface.
pub(super) fn stage_of(stage: protocol::LifeCycle) -> v1::TransactionStage {
    match stage {
        protocol::LifeCycle::Received => v1::TransactionStage::Received,
        protocol::LifeCycle::Ordered => v1::TransactionStage::Ordered,
        protocol::LifeCycle::Executed => v1::TransactionStage::Executed,
        protocol::LifeCycle::Durable => v1::TransactionStage::Durable,
        protocol::LifeCycle::Posted => v1::TransactionStage::Posted,
        protocol::LifeCycle::Proposed => v1::TransactionStage::Proposed,
        protocol::LifeCycle::Final => v1::TransactionStage::Final,
    }
}
