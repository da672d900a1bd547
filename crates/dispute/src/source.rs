//! The player's trees: what it has to show in a dispute.
//!
//! A tree is built when it is asked for and may take long, so a source can say that it has it not yet. Invariant: a source
//! gives the same tree for the same question for ever.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use fault_proof::{commitment::Commitment, vm::STATE_BYTES};
use serde::{Deserialize, Serialize};

use crate::CLAIM_BYTES;

/// A part of the player's trees, named for who has to build it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Need {
    /// The claims of the interval.
    Segments,
    /// The states of one segment's run, one per stride.
    Strides {
        /// Which segment of the interval.
        segment: u64,
    },
    /// The states of one stride.
    Steps {
        /// Which segment.
        segment: u64,
        /// Which stride of its run.
        stride: u64,
    },
    /// The proof of one step.
    Proof {
        /// Which segment.
        segment: u64,
        /// Which stride of its run.
        stride: u64,
        /// Which step of the stride.
        step: u64,
    },
}

/// Why a part of the trees is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why<E> {
    /// It is not built yet.
    NotYet,
    /// It cannot be built.
    Failed(E),
    /// It does not fit what L1 shows of the same trees: a fault in whoever builds them.
    Contradicts,
}

/// The commitment to the run of one segment, and the state in which it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// A state every stride.
    pub strides: Arc<Commitment>,
    /// The bytes of the last state (`docs/spec/fault-proof.md`).
    pub last: [u8; STATE_BYTES],
}

impl Run {
    /// The claim that the run means.
    pub fn claim(&self) -> B256 {
        let has_succeeded = self.last[48..50] == [1, 0];
        if has_succeeded { B256::from_slice(&self.last[306..]) } else { crate::INVALID }
    }
}

/// Where trees come from.
pub trait Source {
    /// Why a tree cannot be built.
    type Error;

    /// The claim that the interval begins after. Where a proposal builds on another one, there is nothing to play for.
    fn parent_claim(&self) -> B256;

    /// The preimage of the interval's last claim; `None` if that is [`crate::INVALID`].
    fn last_claim(&self) -> Option<[u8; CLAIM_BYTES]>;

    /// The claims of the interval's segments.
    ///
    /// # Errors
    /// They are not to be had, or not yet.
    fn segments(&mut self) -> Result<Arc<Commitment>, Why<Self::Error>>;

    /// The run of one segment.
    ///
    /// # Errors
    /// It is not to be had, or not yet.
    fn strides(&mut self, segment: u64) -> Result<Arc<Run>, Why<Self::Error>>;

    /// The states of one stride of it.
    ///
    /// # Errors
    /// They are not to be had, or not yet.
    fn steps(&mut self, segment: u64, stride: u64) -> Result<Arc<Commitment>, Why<Self::Error>>;

    /// The proof of one step of the stride; `None` if the step does not lead where this player says.
    ///
    /// # Errors
    /// It is not to be had, or not yet.
    fn proof(
        &mut self,
        segment: u64,
        stride: u64,
        step: u64,
    ) -> Result<Option<Bytes>, Why<Self::Error>>;
}
