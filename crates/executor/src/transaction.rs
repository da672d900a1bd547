//! A transaction whose sender is known, and how the EVM sees it.

use alloy_consensus::Transaction as _;
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes};
use protocol::{
    DataSize, TRANSACTION_GAS_MAX, Transaction, TransactionError, TxDeposit, data_size,
};
use revm::{context::TxEnv, context_interface::either::Either};

use crate::InvalidTransaction;

/// A decoded transaction with everything that needs to be computed from its bytes only once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveredTransaction {
    /// The transaction.
    pub tx: Transaction,
    /// Who signed it; for a deposit, who sent it.
    pub sender: Address,
    /// Its hash.
    pub hash: B256,
    /// What the L1 data fee is computed from; not used for a deposit.
    pub data_size: DataSize,
}

impl RecoveredTransaction {
    /// Decodes and recovers a user's transaction, unless it asks for more gas than one may.
    pub fn decode(raw: &Bytes) -> Result<Self, TransactionError> {
        let tx = protocol::decode_user_transaction(raw)?;
        let gas_limit = tx.gas_limit();
        if gas_limit > TRANSACTION_GAS_MAX {
            return Err(TransactionError::Gas(gas_limit));
        }
        let sender = protocol::recover(&tx)?;
        let hash = tx.tx_hash();
        Ok(Self { tx, sender, hash, data_size: data_size(raw) })
    }

    /// Recovers the sender of a decoded transaction.
    pub fn new(tx: Transaction) -> Result<Self, TransactionError> {
        let sender = protocol::recover(&tx)?;
        Ok(Self::from_parts(tx, sender))
    }

    /// Trusts the caller about the sender, as where it was recovered in bulk before.
    pub fn from_parts(tx: Transaction, sender: Address) -> Self {
        let hash = tx.tx_hash();
        let data_size = match &tx {
            Transaction::Deposit(_) => DataSize::MIN,
            _ => data_size(&tx.encoded_2718()),
        };
        Self { tx, sender, hash, data_size }
    }

    /// A deposit needs no signature: its sender stands in it.
    pub fn deposit(deposit: TxDeposit) -> Self {
        let sender = deposit.from;
        Self::from_parts(deposit.into(), sender)
    }

    /// The deposit, if it is one.
    pub fn as_deposit(&self) -> Option<&TxDeposit> {
        match &self.tx {
            Transaction::Deposit(deposit) => Some(deposit.inner()),
            _ => None,
        }
    }

    /// The transaction as revm takes it. A deposit keeps its own type there, so that revm applies no fee rule to it.
    pub fn tx_env(&self) -> Result<TxEnv, InvalidTransaction> {
        let tx = &self.tx;
        let authorizations = match tx {
            Transaction::PostExec(_) => return Err(InvalidTransaction::Type(protocol_type(tx))),
            _ => tx.authorization_list().unwrap_or_default(),
        };
        Ok(TxEnv {
            tx_type: protocol_type(tx),
            caller: self.sender,
            gas_limit: tx.gas_limit(),
            gas_price: tx.max_fee_per_gas(),
            kind: tx.kind(),
            value: tx.value(),
            data: tx.input().clone(),
            nonce: tx.nonce(),
            chain_id: tx.chain_id(),
            access_list: tx.access_list().cloned().unwrap_or_default(),
            gas_priority_fee: tx.max_priority_fee_per_gas(),
            blob_hashes: Default::default(),
            max_fee_per_blob_gas: 0,
            authorization_list: authorizations.iter().cloned().map(Either::Left).collect(),
        })
    }
}

/// The EIP-2718 type byte.
fn protocol_type(tx: &Transaction) -> u8 {
    tx.tx_type() as u8
}
