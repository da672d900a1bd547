//! The proof of a withdrawal: that the message passer holds it in the state that an output root stands for.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::{B256, Bytes, U64, U256, keccak256},
};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use protocol::{output_root, predeploys::L2_TO_L1_MESSAGE_PASSER};
use serde::Serialize;

use crate::{
    api::{Api, errors, eth::proof_fault, read::Fault},
    chain::{ChainBlock, State, StateOutlook},
};

/// The part of the namespace that is about withdrawals.
#[rpc(server, namespace = "rollup")]
pub(crate) trait Withdrawal {
    /// Proves a withdrawal against a recent block; `null` if it was not initiated by then.
    #[method(name = "getWithdrawalProof")]
    async fn withdrawal_proof(
        &self,
        withdrawal_hash: B256,
        block: Option<BlockId>,
    ) -> RpcResult<Option<WithdrawalProof>>;
}

/// What an output root is made of, in the order in which it is hashed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutputRootProof {
    version: B256,
    state_root: B256,
    message_passer_storage_root: B256,
    latest_blockhash: B256,
}

/// A withdrawal with its proof.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WithdrawalProof {
    withdrawal_hash: B256,
    block_number: U64,
    output_root: B256,
    output_root_proof: OutputRootProof,
    storage_slot: B256,
    /// Nodes of the message passer's trie, from its root to the slot.
    withdrawal_proof: Vec<Bytes>,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct WithdrawalMethods(pub(crate) Api);

#[async_trait]
impl WithdrawalServer for WithdrawalMethods {
    async fn withdrawal_proof(
        &self,
        withdrawal_hash: B256,
        block: Option<BlockId>,
    ) -> RpcResult<Option<WithdrawalProof>> {
        // `sentMessages` is slot 0 of the message passer.
        let storage_slot = keccak256([withdrawal_hash, B256::ZERO].concat());
        let work = move |_: &State, block: &Arc<ChainBlock>, outlook: &StateOutlook| {
            let slot = U256::from_be_bytes(storage_slot.0);
            let proof = outlook.proof(L2_TO_L1_MESSAGE_PASSER, &[slot]).map_err(proof_fault)?;
            let Some(sent) = proof.storage.into_iter().find(|sent| !sent.value.is_zero()) else {
                return Ok(None);
            };
            let (state_root, storage_root) = (block.header.state_root, proof.storage_root);
            if block.header.withdrawals_root != Some(storage_root) {
                let text = format!("block {} has another withdrawals root", block.number());
                return Err(Fault::Answer(errors::server(text)));
            }
            Ok(Some(WithdrawalProof {
                withdrawal_hash,
                block_number: U64::from(block.number()),
                output_root: output_root(state_root, storage_root, block.hash),
                output_root_proof: OutputRootProof {
                    version: B256::ZERO,
                    state_root,
                    message_passer_storage_root: storage_root,
                    latest_blockhash: block.hash,
                },
                storage_slot,
                withdrawal_proof: sent.proof,
            }))
        };
        self.0.with_outlook("rollup_getWithdrawalProof", block.unwrap_or_default(), work).await
    }
}
