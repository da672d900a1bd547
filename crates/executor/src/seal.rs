//! From an executed block to its header. The two roots that need the trie come from outside.

use alloy_consensus::{Header, constants::EMPTY_OMMER_ROOT_HASH};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{B64, B256, Bytes, U256};
use protocol::predeploys;

use crate::{BlockContext, BodyRoots, ExecutedBlock};

/// A block with its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBlock {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: B256,
}

/// Seals a block. `state_root` is the root after the block, `withdrawals_root` the storage root of the message passer
/// in the same state.
pub fn seal(
    context: &BlockContext,
    executed: &ExecutedBlock,
    state_root: B256,
    withdrawals_root: B256,
) -> SealedBlock {
    let mut body = BodyRoots::default();
    for (transaction, outcome) in executed.transactions.iter().zip(&executed.outcomes) {
        body.push(transaction, outcome);
    }
    seal_with_roots(context, body, executed.gas_used, state_root, withdrawals_root)
}

/// The same where the roots of transactions and receipts were followed during execution.
pub fn seal_with_roots(
    context: &BlockContext,
    body: BodyRoots,
    gas_used: u64,
    state_root: B256,
    withdrawals_root: B256,
) -> SealedBlock {
    let opening = &context.opening;
    let body = body.finish();
    let header = Header {
        parent_hash: opening.parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: predeploys::SEQUENCER_FEE_VAULT,
        state_root,
        transactions_root: body.transactions,
        receipts_root: body.receipts,
        logs_bloom: body.bloom,
        difficulty: U256::ZERO,
        number: opening.number,
        gas_limit: context.gas_limit,
        gas_used,
        timestamp: opening.timestamp,
        extra_data: Bytes::new(),
        mix_hash: opening.origin.prev_randao,
        nonce: B64::ZERO,
        base_fee_per_gas: Some(context.base_fee),
        withdrawals_root: Some(withdrawals_root),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(context.parent_beacon_block_root()),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Default::default()
    };
    let hash = header.hash_slow();
    SealedBlock { header, hash }
}

#[cfg(test)]
mod tests;
