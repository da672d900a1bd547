//! What hinders a command in a way that programs tell apart: by its exit code.

use alloy::primitives::B256;

use super::wait::words;

/// Why a command of the bridge did not do what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BridgeError {
    /// Time has to pass first.
    #[error(
        "the withdrawal cannot be proven yet: the next proposal that covers it comes in about {}; try again then, or let `braid bridge finalize --follow` wait",
        words(*about)
    )]
    NotProposed { about: u64 },
    /// The same: a proposal covers it, and the L2 node has no proof for the block of any such.
    #[error(
        "the withdrawal cannot be proven now: proposal {proposal} is for block {block}, whose state the L2 node does not keep; ask another node (--l2-rpc), try again after the next proposal, or let `braid bridge finalize --follow` wait"
    )]
    Forgotten { block: u64, proposal: u64 },
    /// The same, for the payment.
    #[error(
        "the withdrawal cannot be paid yet: it is final in {}; try again then, or let `braid bridge finalize --follow` wait",
        words(*left)
    )]
    NotFinal { left: u64 },
    /// The same, with an end that nobody knows.
    #[error(
        "the withdrawal cannot be paid yet: a dispute about its proposal or an earlier one is open; try again later, or let `braid bridge finalize --follow` wait"
    )]
    InDispute,
    /// The second step was left out.
    #[error(
        "the withdrawal is not proven: use `braid bridge prove` first, or `braid bridge finalize --follow`"
    )]
    NotProven,
    /// L2 shows another state than the one that was proposed.
    #[error(
        "L2 contradicts L1: the L2 node's block {block} has output root {of_l2}, proposal {proposal} on L1 claims {on_l1}; nothing was sent. One of them is wrong: ask another L2 node (--l2-rpc), best a verifier's, and do not pay for proofs of this one"
    )]
    OutputRoot { block: u64, proposal: u64, of_l2: B256, on_l1: B256 },
    /// L2 does not find in its state what it has shown in a receipt.
    #[error(
        "the L2 node contradicts itself: it shows withdrawal {hash} in a receipt, and not in the state of block {block}; ask another node (--l2-rpc)"
    )]
    NotInState { hash: B256, block: u64 },
    /// L2 shows an event that the contract cannot have made.
    #[error(
        "the L2 node contradicts itself: it calls a withdrawal {named} whose hash is {computed}; ask another node (--l2-rpc)"
    )]
    Hash { named: B256, computed: B256 },
}

impl BridgeError {
    /// 75: try again later; 3: a disagreement was found.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::NotProposed { .. }
            | Self::Forgotten { .. }
            | Self::NotFinal { .. }
            | Self::InDispute => 75,
            Self::OutputRoot { .. } | Self::NotInState { .. } | Self::Hash { .. } => 3,
            Self::NotProven => 1,
        }
    }
}
