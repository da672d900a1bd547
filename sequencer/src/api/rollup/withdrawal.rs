//! The proof of a withdrawal: that the message passer holds it in the state that an output root stands for.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U64, U256},
};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use protocol::{output_root, predeploys::L2_TO_L1_MESSAGE_PASSER};
use serde::Serialize;
use state::StorageProof;

use crate::{
    api::{
        Api, errors,
        eth::proof_fault,
        proposals::ProposalsError,
        read::{Fault, id_text},
    },
    chain::{ChainBlock, State, StateOutlook},
    quota::Client,
};

const NAME: &str = "rollup_getWithdrawalProof";

/// The part of the namespace that is about withdrawals.
#[rpc(server, namespace = "rollup")]
pub(crate) trait Withdrawal {
    /// Proves a withdrawal against a block; `null` if it was not initiated by then.
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

/// What was initiated: the first argument of the Portal's functions.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Initiated {
    nonce: U256,
    sender: Address,
    target: Address,
    value: U256,
    gas_limit: U256,
    data: Bytes,
}

impl From<protocol::Withdrawal> for Initiated {
    fn from(withdrawal: protocol::Withdrawal) -> Self {
        let protocol::Withdrawal { nonce, sender, target, value, gas_limit, data } = withdrawal;
        Self { nonce, sender, target, value, gas_limit, data }
    }
}

/// A withdrawal with its proof: all that `Portal.proveWithdrawalTransaction` takes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WithdrawalProof {
    withdrawal_hash: B256,
    /// `null` for as long as the index does not have the block that initiated it, and memory no more.
    withdrawal: Option<Initiated>,
    block_number: U64,
    /// The place in the oracle of the proposal that claims `output_root` for this very block; `null` if none is known to
    /// stand.
    l2_output_index: Option<U64>,
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
        Client::current().call().map_err(|refused| errors::quota(&refused))?;
        let id = block.unwrap_or_default();
        let (storage_slot, slot) = slot_of(withdrawal_hash);
        let Some(block) = self.0.block(id).await? else {
            return Err(errors::unknown_block(id_text(id)));
        };
        let running = self.0.running(NAME).await?;
        let kept = self.0.view.kept_slot(&block, slot).await;
        drop(running);
        let sent = match kept.map_err(|error| errors::read(NAME, &error))? {
            Some(kept) => kept,
            None => self.proof_of_trie(&block, slot).await?,
        };
        let (state_root, storage_root) = (block.header.state_root, block.header.withdrawals_root);
        let (Some(storage_root), false) = (storage_root, sent.value.is_zero()) else {
            return Ok(None);
        };
        let withdrawal = self.0.view.withdrawal(withdrawal_hash).await;
        let withdrawal = withdrawal.map_err(|error| errors::read(NAME, &error))?;
        let output_root = output_root(state_root, storage_root, block.hash);
        Ok(Some(WithdrawalProof {
            withdrawal_hash,
            withdrawal: withdrawal.map(Initiated::from),
            block_number: U64::from(block.number()),
            l2_output_index: self.index_of(block.number(), output_root).await,
            output_root,
            output_root_proof: OutputRootProof {
                version: B256::ZERO,
                state_root,
                message_passer_storage_root: storage_root,
                latest_blockhash: block.hash,
            },
            storage_slot,
            withdrawal_proof: sent.proof,
        }))
    }
}

impl WithdrawalMethods {
    /// Where the proposal of this root for this block stands. The proof is good without it, so it is left out where L1
    /// cannot be read now.
    async fn index_of(&self, block: u64, output_root: B256) -> Option<U64> {
        let covering = self.0.proposals.covering(block).await;
        if let Err(error @ ProposalsError::Read(_)) = &covering {
            tracing::warn!(
                request = NAME,
                cause = service::error_chain(error),
                "cannot read L1 now"
            );
        }
        let proposal = covering.ok().flatten()?.proposal;
        let is_same = (proposal.l2_block, proposal.output_root) == (block, output_root);
        is_same.then_some(U64::from(proposal.index))
    }

    /// A slot of the message passer after a recent block.
    async fn proof_of_trie(&self, block: &ChainBlock, slot: U256) -> RpcResult<StorageProof> {
        let work = move |_: &State, block: &Arc<ChainBlock>, outlook: &StateOutlook| {
            let proof = outlook.proof(L2_TO_L1_MESSAGE_PASSER, &[slot]).map_err(proof_fault)?;
            if block.header.withdrawals_root != Some(proof.storage_root) {
                let text = format!("block {} has another withdrawals root", block.number());
                return Err(Fault::Answer(errors::server(text)));
            }
            let absent = StorageProof { slot, value: U256::ZERO, proof: Vec::new() };
            Ok(proof.storage.into_iter().next().unwrap_or(absent))
        };
        self.0.with_outlook(NAME, BlockId::from(block.hash), work).await
    }
}

/// Where the message passer notes a withdrawal: as bytes and as a number.
fn slot_of(withdrawal_hash: B256) -> (B256, U256) {
    let slot = protocol::Withdrawal::storage_slot(withdrawal_hash);
    (slot, U256::from_be_bytes(slot.0))
}
