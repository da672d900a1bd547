//! Why a posted batch counts as absent.
//!
//! Not an error: an absent batch changes nothing, and a valid one may follow. The reason is for people
//! and metrics; the chain depends only on whether there is one.
use protocol::BatchError;

/// The first rule that a batch was found to break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AbsentReason {
    /// Its carrier does not hold a payload, for example a blob that is packed wrongly.
    #[error("the carrier holds no payload")]
    NoData,
    /// It does not begin right after the safe head.
    #[error("the batch begins with block {first_block}, the safe head is {safe_head}")]
    NotNext {
        /// First block, as declared on L1.
        first_block: u64,
        /// Number of the safe head.
        safe_head: u64,
    },
    /// Too many postings before it claim to begin with the same block. It was not looked at.
    #[error("too many postings before it claim to begin with block {first_block}")]
    TooManyPostings {
        /// First block, as declared on L1.
        first_block: u64,
    },
    /// Its payload does not decode.
    #[error("the payload does not decode")]
    Undecodable(#[source] BatchError),
    /// The payload holds other blocks than the L1 transaction declared.
    #[error(
        "blocks {declared_first} to {declared_last} were declared, but the payload holds {blocks} from {first}"
    )]
    DeclaredOtherwise {
        /// First block, as declared on L1.
        declared_first: u64,
        /// Last block, as declared on L1.
        declared_last: u64,
        /// First block in the payload.
        first: u64,
        /// Number of blocks in the payload.
        blocks: usize,
    },
    /// It was built on another block than the safe head.
    #[error("the batch has another parent than the safe head")]
    OtherParent,
    /// A block's origin is not below the L1 block that carries the batch.
    #[error("block {block} has origin {origin}, which is not below the L1 block of the batch")]
    OriginUnknown {
        /// L2 block.
        block: u64,
        /// L1 block.
        origin: u64,
    },
    /// A block is older than its origin.
    #[error("block {block} is older than its origin {origin}")]
    OriginTooNew {
        /// L2 block.
        block: u64,
        /// L1 block.
        origin: u64,
    },
    /// The batch was posted after the sequencing window of its first block.
    #[error("the sequencing window of origin {origin} was over")]
    WindowPassed {
        /// Origin of the first block.
        origin: u64,
    },
    /// A block that is too far from its origin holds user transactions.
    #[error("block {block} is beyond the drift and holds user transactions")]
    DriftExceeded {
        /// L2 block.
        block: u64,
    },
    /// A block does not have one strictly rising hint per deposit of the origin it advances to.
    #[error("block {block} has wrong deposit hints")]
    HintsMalformed {
        /// L2 block.
        block: u64,
    },
    /// It goes on with a block, but the postings right before it do not carry the beginning of that block.
    #[error(
        "{skip} transactions of block {block} are skipped that no posting right before carries"
    )]
    PartsMissing {
        /// L2 block.
        block: u64,
        /// Transactions that should have come before.
        skip: u32,
    },
    /// The parts of a block are more than one block may have.
    #[error("the parts of block {block} are too many or too large together")]
    BlockTooLarge {
        /// L2 block.
        block: u64,
    },
    /// It was built on another L1 chain.
    #[error("the last block has another origin hash")]
    OtherOrigin,
}
