//! `eth_getProof`: account and storage proofs against the newest state root.
//!
//! The node keeps the trie of the newest block only; a proof for an older block is refused with the code for
//! history that is not there.

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
use state::AccountProof;

use crate::api::{
    Api, errors,
    limits::{PROOF_SLOTS_MAX, PROOF_WAIT_MAX},
};

/// Proofs.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthProof {
    /// Proves an account and slots of it in the newest block (EIP-1186).
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
        let block = block.unwrap_or_default();
        let Some(wanted) = self.0.block(block).await? else {
            return Err(errors::unknown_block(block_text(block)));
        };
        let slots = keys.iter().map(|key| U256::from_be_bytes(key.as_b256().0)).collect();
        let proving = tokio::time::timeout(PROOF_WAIT_MAX, self.0.view.prove(address, slots));
        let Ok(Ok((number, proof))) = proving.await else {
            return Err(errors::overloaded("rate limit exceeded: no proof can be made now"));
        };
        // A tag means "now", and the newest block may have moved on while the proof was made.
        let moves = block.is_latest() || block.is_pending();
        if !moves && number != wanted.number() {
            return Err(errors::pruned());
        }
        Ok(response(proof, keys))
    }
}

fn block_text(block: BlockId) -> String {
    match block {
        BlockId::Hash(hash) => hash.block_hash.to_string(),
        BlockId::Number(tag) => tag.to_string(),
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
