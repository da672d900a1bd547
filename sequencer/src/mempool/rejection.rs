//! Why a transaction was not taken, with the numbers. Words for clients are made at the doors, not here.
//!
//! Invariant: every refusal that the same bytes would meet again is told apart from one that may pass
//! ([`Rejection::is_temporary`]), so that no door makes a client repeat a hopeless request.

use std::sync::Arc;

use alloy::primitives::{Address, B256, U256};
use executor::InvalidTransaction;
use protocol::TransactionError;

use crate::{chain::ReadError, quota::Refused};

/// A refusal at admission, or the reason why a received transaction was dropped later.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Rejection {
    /// More bytes than a transaction may have.
    #[error("transaction has {bytes} bytes, at most {bytes_max} are taken")]
    TooLarge {
        /// Bytes given.
        bytes: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// The bytes are no transaction that a user may send (type, form, signature range, chain id).
    #[error("transaction cannot be decoded")]
    Undecodable(#[source] Arc<TransactionError>),
    /// No sender follows from the signature.
    #[error("transaction signature is invalid")]
    BadSignature(#[source] Arc<TransactionError>),
    /// Signed for another chain.
    #[error("transaction is for chain {given}, this is chain {expected}")]
    WrongChain {
        /// Chain id in the transaction.
        given: u64,
        /// Chain id here.
        expected: u64,
    },
    /// It asks for more gas than a block has.
    #[error("gas limit {gas_limit} is above the block gas limit {block_gas_limit}")]
    GasAboveBlock {
        /// Gas limit of the transaction.
        gas_limit: u64,
        /// Gas limit of a block.
        block_gas_limit: u64,
    },
    /// It pays for less gas than it uses before its first instruction.
    #[error("gas limit {gas_limit} is below the intrinsic gas {intrinsic_gas}")]
    IntrinsicGas {
        /// Gas limit of the transaction.
        gas_limit: u64,
        /// Gas needed (the greater of intrinsic and floor gas).
        intrinsic_gas: u64,
    },
    /// No base fee of this chain is as low as its fee cap.
    #[error("fee cap {fee_cap} wei is below the minimum base fee {base_fee_min} wei")]
    FeeCapTooLow {
        /// Fee cap of the transaction, in wei.
        fee_cap: u128,
        /// Lowest base fee, in wei.
        base_fee_min: u64,
    },
    /// The tip is above the cap on the whole fee.
    #[error("tip {tip} wei is above the fee cap {fee_cap} wei")]
    TipAboveFeeCap {
        /// Tip, in wei.
        tip: u128,
        /// Fee cap, in wei.
        fee_cap: u128,
    },
    /// Creation code is longer than a creation may have.
    #[error("init code has {bytes} bytes, at most {bytes_max} are taken")]
    InitCodeTooLarge {
        /// Bytes given.
        bytes: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// A type 4 transaction without authorizations, or one that creates a contract.
    #[error("set-code transaction needs authorizations and a recipient")]
    SetCodeShape,
    /// The nonce has been used, or has its place in the open block.
    #[error("nonce {nonce} is too low, next is {expected}")]
    NonceTooLow {
        /// Nonce given.
        nonce: u64,
        /// Next nonce of the sender.
        expected: u64,
    },
    /// The nonce is further ahead than gaps are kept.
    #[error("nonce {nonce} is too high, next is {expected}, gaps up to {gap_max} are kept")]
    NonceTooHigh {
        /// Nonce given.
        nonce: u64,
        /// Next nonce of the sender.
        expected: u64,
        /// How far ahead a nonce may be.
        gap_max: u64,
    },
    /// The nonce cannot rise any more.
    #[error("nonce has its maximum value")]
    NonceMax,
    /// The sender cannot pay the most that this transaction, and those queued before it, may cost.
    #[error("sender has {have} wei, may need {want} wei")]
    InsufficientFunds {
        /// Balance of the sender, in wei.
        have: U256,
        /// Most that may be spent, in wei.
        want: U256,
        /// Of it, L2 gas of this transaction at its fee cap.
        gas: U256,
        /// Of it, the L1 data fee.
        l1_fee: U256,
        /// Of it, the operator fee.
        operator_fee: U256,
        /// Of it, the value sent.
        value: U256,
        /// Of it, what earlier queued transactions of the sender may cost.
        queued: U256,
    },
    /// The sender is a contract (EIP-3607).
    #[error("sender {sender} has code that is no delegation")]
    SenderHasCode {
        /// The sender.
        sender: Address,
    },
    /// The same transaction is here already.
    #[error("transaction {hash} is already known")]
    AlreadyKnown {
        /// Its hash.
        hash: B256,
    },
    /// Another transaction has this nonce and the new one does not pay enough more.
    #[error("replacement needs a fee cap of {fee_cap_min} and a tip of {tip_min} wei")]
    ReplacementUnderpriced {
        /// Least fee cap that replaces, in wei.
        fee_cap_min: u128,
        /// Least tip that replaces, in wei.
        tip_min: u128,
    },
    /// The sender has as many transactions waiting as one may have.
    #[error("sender has {transactions_max} transactions waiting already")]
    SenderFull {
        /// Transactions one sender may have waiting.
        transactions_max: usize,
    },
    /// The mempool is full and this transaction pays no more than the cheapest in it.
    #[error("mempool is full ({transactions} transactions, {bytes} bytes)")]
    PoolFull {
        /// Transactions in it.
        transactions: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// It was taken, and dropped later for one that pays more.
    #[error("evicted by a transaction that pays more")]
    Evicted,
    /// It was taken, and replaced by its sender.
    #[error("replaced by transaction {by}")]
    Replaced {
        /// Hash of the new one.
        by: B256,
    },
    /// It was taken, but when its turn came it could not be executed any more.
    #[error("transaction became unexecutable")]
    Unexecutable(#[source] InvalidTransaction),
    /// More requests are waiting for admission than are kept.
    #[error("admission queue is full ({waiting} requests)")]
    Busy {
        /// Requests waiting.
        waiting: usize,
    },
    /// Its client, or its sender, has used up a quota.
    #[error("transaction is beyond a quota")]
    Quota(#[source] Refused),
    /// The operator has stopped sequencing.
    #[error("sequencing is stopped by the operator")]
    Stopped,
    /// This node orders no transactions.
    #[error("this node follows L1 alone")]
    Following,
    /// It was taken, and removed later by the operator.
    #[error("removed by the operator")]
    Removed,
    /// The sequencer is shutting down, or does not lead.
    #[error("sequencer takes no transactions now")]
    NotTaking,
    /// The account of the sender could not be read.
    #[error("cannot read the account of the sender")]
    State(#[source] ReadError),
}

impl Rejection {
    /// Whether the same bytes may be taken a moment later without anything else changing.
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::Quota(_) | Self::Stopped | Self::NotTaking | Self::State(_)
        )
    }

    /// A short constant word for metrics and gRPC error details.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Undecodable(_) => "undecodable",
            Self::BadSignature(_) => "bad_signature",
            Self::WrongChain { .. } => "wrong_chain",
            Self::GasAboveBlock { .. } => "gas_above_block",
            Self::IntrinsicGas { .. } => "intrinsic_gas",
            Self::FeeCapTooLow { .. } => "fee_cap_too_low",
            Self::TipAboveFeeCap { .. } => "tip_above_fee_cap",
            Self::InitCodeTooLarge { .. } => "init_code_too_large",
            Self::SetCodeShape => "set_code_shape",
            Self::NonceTooLow { .. } => "nonce_too_low",
            Self::NonceTooHigh { .. } => "nonce_too_high",
            Self::NonceMax => "nonce_max",
            Self::InsufficientFunds { .. } => "insufficient_funds",
            Self::SenderHasCode { .. } => "sender_has_code",
            Self::AlreadyKnown { .. } => "already_known",
            Self::ReplacementUnderpriced { .. } => "replacement_underpriced",
            Self::SenderFull { .. } => "sender_full",
            Self::PoolFull { .. } => "pool_full",
            Self::Evicted => "evicted",
            Self::Replaced { .. } => "replaced",
            Self::Unexecutable(_) => "unexecutable",
            Self::Busy { .. } => "busy",
            Self::Quota(_) => "quota",
            Self::Stopped => "stopped",
            Self::Following => "following",
            Self::Removed => "removed",
            Self::NotTaking => "not_taking",
            Self::State(_) => "state",
        }
    }
}
