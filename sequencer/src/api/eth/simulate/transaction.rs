//! The transaction that a simulated call would be, which nobody signed: its signature is zero.

use alloy::{
    consensus::{
        EthereumTxEnvelope, Signed, TxEip1559, TxEip4844, TxEip4844Variant, TxEip7702, TxLegacy,
        Typed2718 as _,
        transaction::{Recovered, TransactionInfo},
    },
    eips::Encodable2718,
    primitives::{Address, B256, Bytes, Signature, U256, keccak256},
    rlp::Encodable,
    rpc::types::Transaction as RpcTransaction,
};
use executor::Call;

/// A call in the form of a transaction.
#[derive(Debug, Clone)]
pub(super) struct Unsigned {
    envelope: EthereumTxEnvelope<TxEip4844Variant>,
    sender: Address,
    /// What the transactions root commits to.
    pub(super) encoded: Bytes,
    /// Its hash.
    pub(super) hash: B256,
}

impl Unsigned {
    /// The transaction of a call with this nonce. One with a plain gas price is of the oldest type, all else at least of
    /// the type of EIP-1559.
    pub(super) fn new(call: &Call, nonce: u64, chain_id: u64, has_gas_price: bool) -> Self {
        let none = Signature::new(U256::ZERO, U256::ZERO, false);
        if has_gas_price {
            return Self::legacy(call, nonce);
        }
        let max_priority_fee_per_gas = call.max_priority_fee_per_gas.unwrap_or(0);
        let to = call.to.to().copied().unwrap_or_default();
        let access_list = call.access_list.clone().unwrap_or_default();
        let envelope = if !call.authorizations.is_empty() {
            let tx = TxEip7702 {
                chain_id,
                nonce,
                gas_limit: call.gas_limit,
                max_fee_per_gas: call.max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value: call.value,
                access_list,
                authorization_list: call.authorizations.clone(),
                input: call.input.clone(),
            };
            EthereumTxEnvelope::Eip7702(Signed::new_unhashed(tx, none))
        } else if !call.blob_hashes.is_empty() {
            let tx = TxEip4844 {
                chain_id,
                nonce,
                gas_limit: call.gas_limit,
                max_fee_per_gas: call.max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value: call.value,
                access_list,
                blob_versioned_hashes: call.blob_hashes.clone(),
                max_fee_per_blob_gas: call.max_fee_per_blob_gas,
                input: call.input.clone(),
            };
            EthereumTxEnvelope::Eip4844(Signed::new_unhashed(tx.into(), none))
        } else {
            let tx = TxEip1559 {
                chain_id,
                nonce,
                gas_limit: call.gas_limit,
                max_fee_per_gas: call.max_fee_per_gas,
                max_priority_fee_per_gas,
                to: call.to,
                value: call.value,
                access_list,
                input: call.input.clone(),
            };
            EthereumTxEnvelope::Eip1559(Signed::new_unhashed(tx, none))
        };
        let (encoded, hash) = (envelope.encoded_2718().into(), *envelope.hash());
        Self { envelope, sender: call.from, encoded, hash }
    }

    /// A signature of zero has a `v` of zero here, which no signed transaction of this type has.
    fn legacy(call: &Call, nonce: u64) -> Self {
        let tx = TxLegacy {
            chain_id: None,
            nonce,
            gas_price: call.max_fee_per_gas,
            gas_limit: call.gas_limit,
            to: call.to,
            value: call.value,
            input: call.input.clone(),
        };
        let zero = U256::ZERO;
        let fields: [&dyn Encodable; 9] = [
            &tx.nonce,
            &tx.gas_price,
            &tx.gas_limit,
            &tx.to,
            &tx.value,
            &tx.input,
            &zero,
            &zero,
            &zero,
        ];
        let payload_length = fields.iter().map(|field| field.length()).sum();
        let mut encoded = Vec::new();
        alloy::rlp::Header { list: true, payload_length }.encode(&mut encoded);
        fields.iter().for_each(|field| field.encode(&mut encoded));
        let hash = keccak256(&encoded);
        let none = Signature::new(zero, zero, false);
        let envelope = EthereumTxEnvelope::Legacy(Signed::new_unchecked(tx, none, hash));
        Self { envelope, sender: call.from, encoded: encoded.into(), hash }
    }

    /// The type byte.
    pub(super) fn kind(&self) -> u8 {
        self.envelope.ty()
    }

    /// Bytes in the RLP of a block.
    pub(super) fn length_in_block(&self) -> usize {
        if self.kind() == 0 { self.encoded.len() } else { self.encoded[..].length() }
    }

    /// The transaction as clients see it, in its block.
    pub(super) fn json(&self, info: TransactionInfo) -> serde_json::Result<serde_json::Value> {
        let recovered = Recovered::new_unchecked(self.envelope.clone(), self.sender);
        let mut json = serde_json::to_value(RpcTransaction::from_transaction(recovered, info))?;
        json["v"] = "0x0".into();
        Ok(json)
    }
}
