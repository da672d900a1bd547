//! Why a run ends before it has a claim.

use crate::{Missing, PreimageKey, Preimages};
use alloy_primitives::{B256, Bytes};

/// Either there is no result at all, or the result is that there is no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    Missing(Missing),
    Invalid(Invalid),
}

impl From<Invalid> for Halt {
    fn from(reason: Invalid) -> Self {
        Self::Invalid(reason)
    }
}

/// Why no claim follows from the previous one. All of them have the same meaning, [`crate::INVALID`]; which it is, is for
/// people. None is ever met above an honest claim at its own place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Nothing follows from the claim that there is none.
    #[error("the previous claim is that there is none")]
    Previous,
    /// The previous claim's preimage is no claim.
    #[error("the previous claim is of no known form")]
    PreviousForm,
    /// The previous claim is that of another place.
    #[error("the previous claim does not stand before place {place} of a block")]
    Place {
        /// The place that was asked for.
        place: u64,
    },
    /// The preimage of the parameters' hash is none.
    #[error("the chain's parameters are of no known form")]
    Parameters,
    /// A pinned number does not fit 64 bits.
    #[error("a pinned number does not fit 64 bits")]
    Pin,
    /// The previous L2 block is not what it should be.
    #[error("the previous L2 block is malformed")]
    L2Block,
    /// A header of L1 is not what it should be, or the origin is not on the pinned L1.
    #[error("L1 is malformed, or is not that of the previous claim")]
    L1,
    /// A link of one of the two accumulators is not what it should be.
    #[error("a link of the {0} is malformed")]
    Accumulator(&'static str),
    /// The previous claim's cursor is not in the inbox.
    #[error("the cursor is not in the inbox")]
    Cursor,
    /// The state under the previous claim is no trie.
    #[error("the state is malformed")]
    State,
    /// The receipts before this slice are not what the previous claim says.
    #[error("the receipts so far are malformed")]
    Receipts,
    /// The view was pinned before the block of a slice could be derived. Before a block's first slice that is no fault:
    /// the chain ends there.
    #[error("the next block cannot be derived from L1 up to block {l1_number}")]
    NotDerivable {
        /// The pinned L1 block.
        l1_number: u64,
    },
}

/// Asks for bytes by hash.
pub(crate) fn keccak(host: &impl Preimages, hash: &B256) -> Result<Bytes, Halt> {
    host.keccak(hash).ok_or(Halt::Missing(Missing(PreimageKey::Keccak(*hash))))
}
