//! From an executed block to its header. The two roots that need the trie come from outside.

use alloy_consensus::{
    Header,
    constants::EMPTY_OMMER_ROOT_HASH,
    proofs::{calculate_transaction_root, ordered_trie_root_with_encoder},
};
use alloy_eips::{Encodable2718, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{B64, B256, Bloom, Bytes, U256};
use protocol::predeploys;

use crate::{BlockContext, ExecutedBlock};

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
    let opening = &context.opening;
    let blooms = executed.outcomes.iter().map(|outcome| *outcome.receipt.logs_bloom());
    let header = Header {
        parent_hash: opening.parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: predeploys::SEQUENCER_FEE_VAULT,
        state_root,
        transactions_root: calculate_transaction_root(&executed.transactions),
        receipts_root: ordered_trie_root_with_encoder(&executed.outcomes, |outcome, out| {
            outcome.receipt.encode_2718(out);
        }),
        logs_bloom: blooms.fold(Bloom::ZERO, |block, bloom| block | bloom),
        difficulty: U256::ZERO,
        number: opening.number,
        gas_limit: context.gas_limit,
        gas_used: executed.gas_used,
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
