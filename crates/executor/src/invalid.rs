//! Why a transaction cannot be included. Each variant holds the numbers a client needs, and prints the words that
//! wallets parse.

use alloc::{boxed::Box, string::String};
use alloy_primitives::U256;

/// The transaction is not valid in this place of this block. Including it would break the block, so it is skipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    ChainId {
        /// The chain id that was signed.
        have: u64,
        /// This chain's id.
        want: u64,
    },
    /// A type that users cannot send here.
    #[error("transaction type not supported: transaction type not valid ({0:#04x})")]
    Type(u8),
    /// The nonce was used already.
    #[error("nonce too low: next nonce {next}, tx nonce {tx}")]
    NonceTooLow {
        /// The sender's next nonce.
        next: u64,
        /// The nonce of the transaction.
        tx: u64,
    },
    /// Transactions before it are missing.
    #[error("nonce too high: next nonce {next}, tx nonce {tx}")]
    NonceTooHigh {
        /// The sender's next nonce.
        next: u64,
        /// The nonce of the transaction.
        tx: u64,
    },
    /// The nonce cannot be raised any more (EIP-2681).
    #[error("nonce has max value")]
    NonceMax,
    /// The sender cannot pay for the worst case.
    #[error(transparent)]
    InsufficientFunds(Box<Shortfall>),
    /// The gas limit does not cover what is charged before execution.
    #[error("intrinsic gas too low: have {gas_limit}, want {needed}")]
    IntrinsicGas {
        /// Gas limit of the transaction.
        gas_limit: u64,
        /// Gas charged before execution.
        needed: u64,
    },
    /// The gas limit does not cover the floor price of the calldata (EIP-7623).
    #[error(
        "intrinsic gas too low: insufficient gas for floor data gas cost: have {gas_limit}, want {floor}"
    )]
    FloorGas {
        /// Gas limit of the transaction.
        gas_limit: u64,
        /// Least gas that this calldata uses.
        floor: u64,
    },
    /// More gas than the block has left.
    #[error("exceeds block gas limit: gas limit reached (gas limit {gas_limit}, left {gas_left})")]
    BlockGas {
        /// Gas limit of the transaction.
        gas_limit: u64,
        /// Gas left in the block.
        gas_left: u64,
    },
    /// Pays less than the base fee.
    #[error("max fee per gas less than block base fee: maxFeePerGas {max_fee}, baseFee {base_fee}")]
    FeeCapTooLow {
        /// Maximum fee per gas of the transaction, in wei.
        max_fee: u128,
        /// Base fee of the block, in wei.
        base_fee: u64,
    },
    /// The tip is more than the whole fee.
    #[error(
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas {tip}, maxFeePerGas {max_fee}"
    )]
    TipAboveFeeCap {
        /// Maximum priority fee per gas, in wei.
        tip: u128,
        /// Maximum fee per gas, in wei.
        max_fee: u128,
    },
    /// The sender is a contract (EIP-3607).
    #[error("sender not an eoa")]
    SenderNotEoa,
    /// Initcode above the limit (EIP-3860).
    #[error("max initcode size exceeded: code size {size}, limit {limit}")]
    InitcodeSize {
        /// Bytes of initcode.
        size: usize,
        /// Most bytes allowed.
        limit: usize,
    },
    /// An EIP-7702 transaction that authorizes nothing.
    #[error("EIP-7702 transaction with empty auth list")]
    EmptyAuthorizations,
    /// A blob transaction without blobs.
    #[error("blob transaction missing blob hashes")]
    NoBlobs,
    /// A blob transaction that creates a contract.
    #[error("blob transaction of type create")]
    BlobCreation,
    /// A blob hash of a version that is not there.
    #[error("blob has invalid hash version")]
    BlobHashVersion,
    /// Pays less than the blob base fee.
    #[error(
        "max fee per blob gas less than block blob gas fee: maxFeePerBlobGas {max_fee}, blobBaseFee {base_fee}"
    )]
    BlobFeeCapTooLow {
        /// Maximum fee per blob gas of the transaction, in wei.
        max_fee: u128,
        /// Blob base fee of the block, in wei.
        base_fee: u128,
    },
    /// A rule that only the EVM library knows.
    #[error("{0}")]
    Evm(String),
}

/// What the sender has and what the transaction may cost at most, in wei, item by item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "insufficient funds for gas * price + value: have {have} want {want} (L2 gas {l2_gas}, L1 data fee {l1_fee}, operator fee {operator_fee}, value {value})"
)]
pub struct Shortfall {
    /// Balance of the sender.
    pub have: U256,
    /// Sum of the items below; the largest number where the sum does not fit.
    pub want: U256,
    /// Gas limit times maximum fee per gas.
    pub l2_gas: U256,
    /// L1 data fee.
    pub l1_fee: U256,
    /// Operator fee for the whole gas limit.
    pub operator_fee: U256,
    /// What the transaction sends.
    pub value: U256,
}

/// Our handler makes every check of its own, so this only keeps a rejection that a later revm may add from being lost.
impl From<revm::context_interface::result::InvalidTransaction> for InvalidTransaction {
    fn from(reason: revm::context_interface::result::InvalidTransaction) -> Self {
        Self::Evm(alloc::format!("{reason}"))
    }
}
