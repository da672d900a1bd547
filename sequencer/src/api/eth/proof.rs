//! `eth_getProof`: account and storage proofs against the state root of any recent block.
//!
//! The node keeps the trie of the newest block only, and finds the way back from there; how far that may be is limited.

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
        let work = move |_: &State, _: &Arc<ChainBlock>, outlook: &StateOutlook| {
            outlook.proof(address, &slots).map_err(proof_fault)
        };
        let proof = self.0.with_outlook("eth_getProof", block.unwrap_or_default(), work).await?;
        Ok(response(proof, keys))
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
