//! From a record and its fees to signed bytes. Deterministic: the same record and attempt give the same hash.

use std::sync::Arc;

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEip4844, TxEip4844WithSidecar},
    eips::{eip2718::Encodable2718, eip7594::BlobTransactionSidecarVariant},
    primitives::{Address, B256, Bytes, TxKind, U256},
};

use super::{fees::Fees, record::TxRequest};
use crate::signer::{LocalSigner, SignerError};

/// Gas of a transfer of nothing, which is how a nonce is taken away.
pub(super) const TRANSFER_GAS: u64 = 21_000;

/// Everything of an attempt but its hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) chain_id: u64,
    pub(super) nonce: u64,
    pub(super) gas_limit: u64,
    pub(super) fees: Fees,
}

/// A transaction ready to be broadcast.
pub(super) struct Signed {
    pub(super) hash: B256,
    pub(super) raw: Vec<u8>,
}

/// What a cancelling attempt does: nothing, to the sender itself, in the same pool.
pub(super) fn cancelling(request: &TxRequest, sender: Address) -> TxRequest {
    TxRequest {
        to: sender,
        value: U256::ZERO,
        input: Bytes::new(),
        gas_limit: Some(TRANSFER_GAS),
        blob_data: request.blob_data.as_ref().map(|_| Bytes::new()),
    }
}

/// Signs an ordinary transaction.
pub(super) fn plain(
    signer: &LocalSigner,
    request: &TxRequest,
    terms: Terms,
) -> Result<Signed, SignerError> {
    let mut tx = TxEip1559 {
        chain_id: terms.chain_id,
        nonce: terms.nonce,
        gas_limit: terms.gas_limit,
        max_fee_per_gas: terms.fees.fee_per_gas,
        max_priority_fee_per_gas: terms.fees.tip_per_gas,
        to: TxKind::Call(request.to),
        value: request.value,
        access_list: Default::default(),
        input: request.input.clone(),
    };
    let signature = signer.sign(&mut tx)?;
    let signed = tx.into_signed(signature);
    Ok(Signed { hash: *signed.hash(), raw: signed.encoded_2718() })
}

/// Signs a blob transaction and puts the sidecar beside it, as nodes expect it in their pool.
pub(super) fn blob(
    signer: &LocalSigner,
    request: &TxRequest,
    terms: Terms,
    sidecar: &Arc<BlobTransactionSidecarVariant>,
) -> Result<Signed, SignerError> {
    let mut tx = TxEip4844 {
        chain_id: terms.chain_id,
        nonce: terms.nonce,
        gas_limit: terms.gas_limit,
        max_fee_per_gas: terms.fees.fee_per_gas,
        max_priority_fee_per_gas: terms.fees.tip_per_gas,
        to: request.to,
        value: request.value,
        access_list: Default::default(),
        blob_versioned_hashes: sidecar.versioned_hashes().collect(),
        max_fee_per_blob_gas: terms.fees.fee_per_blob_gas,
        input: request.input.clone(),
    };
    let signature = signer.sign(&mut tx)?;
    let with_sidecar = TxEip4844WithSidecar::from_tx_and_sidecar(tx, sidecar.as_ref().clone());
    let signed = with_sidecar.into_signed(signature);
    Ok(Signed { hash: *signed.hash(), raw: signed.encoded_2718() })
}
