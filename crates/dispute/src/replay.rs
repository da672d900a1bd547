//! The trees of one run, made by running it again.
//!
//! Not here: where the host's preimages come from. Costs: the run once for its strides; to before a stride again for that
//! stride, whose every state is hashed.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use fault_proof::{
    commitment::{Commitment, STRIDE_STEPS, Strides, before_stride, steps_of_stride},
    vm::{Host, Machine, Openings, Runner, STATE_BYTES},
};

use crate::Run;

/// A run that can be run again: the machine in its first state, and what it reads.
#[derive(Debug, Clone)]
pub struct Replay<H> {
    first: Machine,
    host: H,
}

impl<H: Host + Openings> Replay<H> {
    /// A run from the machine's first state on.
    pub const fn new(first: Machine, host: H) -> Self {
        Self { first, host }
    }

    /// The commitment over its strides, and its last state.
    ///
    /// # Errors
    /// The host lacks a preimage.
    pub fn strides(&mut self) -> Result<Run, H::Error> {
        let (strides, mut end) = Strides::new(self.first.clone()).commit(&mut self.host)?;
        Ok(Run { strides: Arc::new(strides), last: end.encode() })
    }

    /// The commitment over the steps of one stride.
    ///
    /// # Errors
    /// The host lacks a preimage.
    pub fn steps(&mut self, stride: u64) -> Result<Commitment, H::Error> {
        let before = before_stride(self.first.clone(), stride, &mut self.host)?;
        steps_of_stride(before, &mut self.host).map(|(commitment, _)| commitment)
    }

    /// The proof of a step of a stride.
    ///
    /// # Errors
    /// The host lacks a preimage.
    pub fn proof(&mut self, stride: u64, step: u64) -> Result<Bytes, H::Error> {
        let mut runner = Runner::new(self.first.clone());
        runner.run_to(stride.saturating_mul(STRIDE_STEPS).saturating_add(step), &mut self.host)?;
        Ok(runner.into_machine().proof(&mut self.host)?.into())
    }
}

/// The last state of a run that never was: what a run ended in, but with another meaning.
pub fn forged_state(last: &[u8; STATE_BYTES], claim: B256) -> [u8; STATE_BYTES] {
    let mut forged = *last;
    let has_succeeded = claim != crate::INVALID;
    forged[48..50].copy_from_slice(&[1, u8::from(!has_succeeded)]);
    forged[306..].copy_from_slice(claim.as_slice());
    forged
}
