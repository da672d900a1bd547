//! `eth_getProof`: account and storage proofs against the state root of any recent block.
//!
//! The node keeps the trie of the newest block only, and finds the way back from there; how far that may be is limited.
//! Of the message passer it keeps the nodes as well, for each block that is proposed.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::{Address, KECCAK256_EMPTY, U256},
    rpc::types::{EIP1186AccountProofResponse, EIP1186StorageProof},
    serde::JsonStorageKey,
};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use protocol::predeploys::L2_TO_L1_MESSAGE_PASSER;
use state::AccountProof;

use crate::{
    api::{Api, errors, limits::PROOF_SLOTS_MAX, read::Fault},
    chain::{ChainBlock, OutlookError, State, StateOutlook},
};

/// Proofs.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthProof {
    /// Proves an account and slots of it in a recent block (EIP-1186).
    #[method(name = "getProof")]
    async fn proof(
        &self,
        address: Address,
        keys: Vec<JsonStorageKey>,
        block: Option<BlockId>,
    ) -> RpcResult<EIP1186AccountProofResponse>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct ProofMethods(pub(crate) Api);

#[async_trait]
impl EthProofServer for ProofMethods {
    async fn proof(
        &self,
        address: Address,
        keys: Vec<JsonStorageKey>,
        block: Option<BlockId>,
    ) -> RpcResult<EIP1186AccountProofResponse> {
        if keys.len() > PROOF_SLOTS_MAX {
            return Err(errors::argument(1, format!("more than {PROOF_SLOTS_MAX} slots")));
        }
        let slots: Vec<_> = keys.iter().map(|key| U256::from_be_bytes(key.as_b256().0)).collect();
        let block = block.unwrap_or_default();
        if address == L2_TO_L1_MESSAGE_PASSER
            && let Some(proof) = self.0.kept_proof(block, &slots).await?
        {
            return Ok(response(proof, keys));
        }
        let work = move |_: &State, _: &Arc<ChainBlock>, outlook: &StateOutlook| {
            outlook.proof(address, &slots).map_err(proof_fault)
        };
        let proof = self.0.with_outlook("eth_getProof", block, work).await?;
        Ok(response(proof, keys))
    }
}

impl Api {
    /// The message passer and slots of it from the nodes that the index keeps; `None` where it does not.
    async fn kept_proof(&self, id: BlockId, slots: &[U256]) -> RpcResult<Option<AccountProof>> {
        const NAME: &str = "eth_getProof";
        let unreadable = |error| errors::read(NAME, &error);
        let Some(block) = self.block(id).await? else { return Ok(None) };
        let kept = self.view.kept_account(&block).await.map_err(unreadable)?;
        let (Some(nodes), Some(storage_root)) = (kept, block.header.withdrawals_root) else {
            return Ok(None);
        };
        let _running = self.running(NAME).await?;
        let mut storage = Vec::with_capacity(slots.len());
        for slot in slots {
            let kept = self.view.kept_slot(&block, *slot).await.map_err(unreadable)?;
            let Some(proof) = kept else { return Ok(None) };
            storage.push(proof);
        }
        let at = BlockId::number(block.number());
        let account = self.account(NAME, L2_TO_L1_MESSAGE_PASSER, at).await?;
        Ok(Some(AccountProof {
            address: L2_TO_L1_MESSAGE_PASSER,
            account,
            storage_root,
            proof: nodes,
            storage,
        }))
    }
}

/// Why a proof cannot be made.
pub(crate) fn proof_fault(error: OutlookError) -> Fault {
    match error {
        OutlookError::Read(error) => Fault::Read(error),
        OutlookError::TooLarge => errors::pruned().into(),
        OutlookError::Gone | OutlookError::Busy => {
            errors::overloaded("rate limit exceeded: no proof can be made now").into()
        }
    }
}

fn response(proof: AccountProof, keys: Vec<JsonStorageKey>) -> EIP1186AccountProofResponse {
    let account = proof.account.unwrap_or_default();
    let storage_proof = keys.into_iter().zip(proof.storage);
    EIP1186AccountProofResponse {
        address: proof.address,
        balance: account.balance,
        code_hash: if proof.account.is_some() { account.code_hash } else { KECCAK256_EMPTY },
        nonce: account.nonce,
        storage_hash: proof.storage_root,
        account_proof: proof.proof,
        storage_proof: storage_proof
            .map(|(key, slot)| EIP1186StorageProof { key, value: slot.value, proof: slot.proof })
            .collect(),
    }
}
