//! Which raw bytes are a transaction, who signed it and for which chain. Not whether it can be executed:
//! nonce, balance and gas are the executor's.
//!
//! Invariant: bytes that decode are canonical, so a transaction and its raw bytes have one hash.

use alloy_consensus::{Signed, Transaction as _, TxEip4844, transaction::SignerRecoverable};
use alloy_eips::eip2718::{Decodable2718, Eip2718Error, Encodable2718};
use alloy_primitives::Address;

use crate::Transaction;

/// Longest raw transaction, in bytes; as in the pools of L1 nodes.
pub const TRANSACTION_BYTES_MAX: usize = 131_072;
/// Most gas that a user's transaction may ask for: a segment of a dispute holds whole transactions, and its run must not be longer
/// than the machine's (`docs/spec/blocks.md`, section 7).
pub const TRANSACTION_GAS_MAX: u64 = 30_000_000;

/// Type byte of a blob transaction.
const TYPE_BLOB: u8 = 0x03;
/// Type byte of op-alloy's synthetic transaction that Braid does not have.
const TYPE_POST_EXEC: u8 = 0x7d;
/// Type byte of a deposit.
const TYPE_DEPOSIT: u8 = 0x7e;
/// First byte of an RLP list, which begins a legacy transaction.
const RLP_LIST: u8 = 0xc0;

/// Why bytes are not a transaction of this chain, or not one that anybody signed.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// No bytes.
    #[error("empty transaction")]
    Empty,
    /// More bytes than allowed.
    #[error("transaction of {0} bytes is too large, at most {TRANSACTION_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// Type byte that the chain does not have, or that users may not send.
    #[error("transaction type {0:#04x} is not supported")]
    Type(u8),
    /// Not the canonical encoding of a transaction.
    #[error("transaction does not decode")]
    Decode(#[source] Eip2718Error),
    /// Bytes after the transaction.
    #[error("{0} bytes follow the transaction")]
    Trailing(usize),
    /// The bytes decode, but are not the ones that the transaction encodes to.
    #[error("transaction is not canonically encoded")]
    NotCanonical,
    /// Nobody signed it: the signature is no curve point, or its `s` is high (EIP-2).
    #[error("invalid transaction signature")]
    Signature,
    /// Signed for another chain.
    #[error("transaction is for chain {actual}, not {expected}")]
    ChainId {
        /// Chain id in the transaction.
        actual: u64,
        /// Chain id of this chain.
        expected: u64,
    },
    /// Asks for more gas than a transaction may.
    #[error("transaction asks for {0} gas, at most {TRANSACTION_GAS_MAX} are allowed")]
    Gas(u64),
}

/// Decodes a raw transaction of a block: one that users may send, or a deposit.
pub fn decode_transaction(raw: &[u8]) -> Result<Transaction, TransactionError> {
    if raw.len() > TRANSACTION_BYTES_MAX {
        return Err(TransactionError::TooLarge(raw.len()));
    }
    match raw.first() {
        None => return Err(TransactionError::Empty),
        Some(&(0x01 | 0x02 | 0x04 | TYPE_DEPOSIT | RLP_LIST..)) => {}
        Some(&kind) => return Err(TransactionError::Type(kind)),
    }
    let mut rest = raw;
    let tx = Transaction::decode_2718(&mut rest).map_err(TransactionError::Decode)?;
    if !rest.is_empty() {
        return Err(TransactionError::Trailing(rest.len()));
    }
    if tx.encode_2718_len() != raw.len() {
        return Err(TransactionError::NotCanonical);
    }
    Ok(tx)
}

/// Decodes a blob transaction as blocks of Ethereum hold it, without its blobs. No block of ours has one; published
/// chains, on which what reads our chain is tested, do.
pub fn decode_blob_transaction(raw: &[u8]) -> Result<Signed<TxEip4844>, TransactionError> {
    if raw.first() != Some(&TYPE_BLOB) {
        return Err(TransactionError::Type(raw.first().copied().unwrap_or_default()));
    }
    let mut rest = raw;
    let tx = Signed::<TxEip4844>::decode_2718(&mut rest).map_err(TransactionError::Decode)?;
    if rest.is_empty() { Ok(tx) } else { Err(TransactionError::Trailing(rest.len())) }
}

/// Whether a raw transaction is a blob transaction.
pub fn is_blob_transaction(raw: &[u8]) -> bool {
    raw.first() == Some(&TYPE_BLOB)
}

/// Decodes a raw transaction that came from a user.
///
/// ```
/// use protocol::{TransactionError, decode_user_transaction};
/// // A deposit cannot be sent by anybody: it comes from L1.
/// assert!(matches!(decode_user_transaction(&[0x7e, 0xc0]), Err(TransactionError::Type(0x7e))));
/// ```
pub fn decode_user_transaction(raw: &[u8]) -> Result<Transaction, TransactionError> {
    match raw.first() {
        Some(&kind @ (TYPE_BLOB | TYPE_POST_EXEC | TYPE_DEPOSIT)) => {
            Err(TransactionError::Type(kind))
        }
        _ => decode_transaction(raw),
    }
}

/// Sender of a transaction: whoever signed it, with a low `s`; for a deposit its `from`.
pub fn recover(tx: &Transaction) -> Result<Address, TransactionError> {
    match tx {
        Transaction::Legacy(tx) => signer(tx),
        Transaction::Eip2930(tx) => signer(tx),
        Transaction::Eip1559(tx) => signer(tx),
        Transaction::Eip7702(tx) => signer(tx),
        Transaction::Deposit(tx) => Ok(tx.from),
        Transaction::PostExec(_) => Err(TransactionError::Type(TYPE_POST_EXEC)),
    }
}

fn signer<T>(tx: &Signed<T>) -> Result<Address, TransactionError>
where
    Signed<T>: SignerRecoverable,
{
    tx.recover_signer().map_err(|_| TransactionError::Signature)
}

/// Checks that a transaction may run on this chain: typed transactions name it, legacy ones name it or
/// (before EIP-155) none, deposits never do.
pub fn check_chain_id(tx: &Transaction, l2_chain_id: u64) -> Result<(), TransactionError> {
    match tx.chain_id() {
        Some(actual) if actual != l2_chain_id => {
            Err(TransactionError::ChainId { actual, expected: l2_chain_id })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
