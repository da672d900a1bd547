//! What a player can do on L1. Each act names all that its transaction says.

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::CLAIM_BYTES;

/// One call of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Opens the tournament about a proposal and joins it.
    Dispute {
        /// Place of the proposal in the list.
        index: u64,
        /// Its id, by which the act is known.
        id: u64,
        /// The children of the root of the proposer's commitment.
        children: [B256; 2],
        /// The last leaf of ours.
        last_leaf: B256,
        /// Its siblings.
        proof: Vec<B256>,
        /// In wei.
        bond: U256,
    },
    /// Joins a tournament.
    Join {
        /// Which.
        tournament: B256,
        /// The commitment, by which the act is known.
        commitment: B256,
        /// Its last leaf.
        last_leaf: B256,
        /// The siblings of that.
        proof: Vec<B256>,
        /// The state behind the last leaf, where the leaves are strides.
        final_state: Bytes,
        /// In wei.
        bond: U256,
    },
    /// Opens the node of the side whose turn it is.
    Advance {
        /// Which match.
        of_match: B256,
        /// How far the leaves are below the node, by which the act is known.
        height: u8,
        /// The children of the node.
        children: [B256; 2],
        /// The children of the child that differs.
        below: [B256; 2],
    },
    /// Opens the last node, and fixes the word before the first difference.
    Seal {
        /// Which match.
        of_match: B256,
        /// The two leaves.
        children: [B256; 2],
        /// The word before the first difference.
        agreed: B256,
        /// Its siblings; none for the initial word.
        proof: Vec<B256>,
    },
    /// Decides a match by one step of the machine.
    Step {
        /// Which match.
        of_match: B256,
        /// What the step reads.
        proof: Bytes,
    },
    /// Ends a match in which a clock is out.
    Timeout {
        /// Which match.
        of_match: B256,
    },
    /// Decides a match by its inner tournament.
    ConcludeInner {
        /// The inner tournament.
        tournament: B256,
    },
    /// Takes the result of the outermost tournament.
    Resolve {
        /// Which.
        tournament: B256,
        /// The last leaf of the winner, where it has to be shown.
        last_leaf: B256,
        /// Its siblings.
        proof: Vec<B256>,
        /// What the leaf stands for; zeros where nothing.
        last_claim: Box<[u8; CLAIM_BYTES]>,
    },
    /// Has the list look past what is decided, to the proposal in dispute.
    PassDecided {
        /// Place of the proposal, by which the act is known.
        index: u64,
        /// Places that are looked past.
        most: u64,
    },
    /// Has the bond of a proposal that nobody disputed credited.
    ClaimBond {
        /// Id of the proposal.
        id: u64,
    },
    /// Has a refund credited.
    CollectRefund {
        /// For moves in this match.
        of_match: B256,
        /// Whose.
        mover: Address,
    },
    /// Takes out what was credited.
    Withdraw {
        /// Whose.
        account: Address,
    },
}

impl Act {
    /// A name that no other act of any dispute has, and that the same act has again.
    pub fn key(&self) -> String {
        match self {
            Self::Dispute { id, .. } => format!("dispute/{id}"),
            Self::Join { tournament, commitment, .. } => format!("join/{tournament}/{commitment}"),
            Self::Advance { of_match, height, .. } => format!("advance/{of_match}/{height}"),
            Self::Seal { of_match, .. } => format!("seal/{of_match}"),
            Self::Step { of_match, .. } => format!("step/{of_match}"),
            Self::Timeout { of_match } => format!("timeout/{of_match}"),
            Self::ConcludeInner { tournament } => format!("conclude/{tournament}"),
            Self::Resolve { tournament, .. } => format!("resolve/{tournament}"),
            Self::PassDecided { index, .. } => format!("pass-decided/{index}"),
            Self::ClaimBond { id } => format!("claim-bond/{id}"),
            Self::CollectRefund { of_match, mover } => format!("refund/{of_match}/{mover}"),
            Self::Withdraw { account } => format!("withdraw/{account}"),
        }
    }

    /// What it is, in one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Dispute { .. } => "dispute",
            Self::Join { .. } => "join",
            Self::Advance { .. } => "advance",
            Self::Seal { .. } => "seal",
            Self::Step { .. } => "step",
            Self::Timeout { .. } => "timeout",
            Self::ConcludeInner { .. } => "concludeInner",
            Self::Resolve { .. } => "resolve",
            Self::PassDecided { .. } => "passDecided",
            Self::ClaimBond { .. } => "claimBond",
            Self::CollectRefund { .. } => "collectRefund",
            Self::Withdraw { .. } => "withdraw",
        }
    }

    /// What it costs besides gas, in wei.
    pub const fn bond(&self) -> U256 {
        match self {
            Self::Dispute { bond, .. } | Self::Join { bond, .. } => *bond,
            _ => U256::ZERO,
        }
    }
}
