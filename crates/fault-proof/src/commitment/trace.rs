//! The traces of a run: a state every 2^18 steps, and every state of such a stride.

use alloc::vec::Vec;
use alloy_primitives::B256;

use super::Commitment;
use crate::vm::{Host, Machine, Runner};

/// Height of the tree over the strides of a run.
pub const STRIDES_HEIGHT: usize = 18;
/// Height of the tree over the steps of a stride.
pub const STRIDE_HEIGHT: usize = 18;
/// Steps of a stride.
pub const STRIDE_STEPS: u64 = 1 << STRIDE_HEIGHT;

/// A run on its way, with the hash of the state after each stride.
#[derive(Debug)]
pub struct Strides {
    runner: Runner,
    states: Vec<B256>,
}

impl Strides {
    /// A run from the machine's first state on.
    pub fn new(first: Machine) -> Self {
        Self { runner: Runner::new(first), states: Vec::new() }
    }

    /// Runs one stride; whether there is another, which there is not once the run has ended or the trace is full.
    ///
    /// # Errors
    /// The host lacks a preimage. With it, this can be asked again.
    pub fn advance<H: Host>(&mut self, host: &mut H) -> Result<bool, H::Error> {
        if self.is_done() {
            return Ok(false);
        }
        let stride = self.states.len() as u64 + 1;
        self.runner.run_to(stride * STRIDE_STEPS, host)?;
        self.states.push(self.runner.hash());
        Ok(!self.is_done())
    }

    /// The commitment over all strides of the run, and the machine in its last state.
    ///
    /// # Errors
    /// The host lacks a preimage.
    pub fn commit<H: Host>(mut self, host: &mut H) -> Result<(Commitment, Machine), H::Error> {
        while self.advance(host)? {}
        let commitment = Commitment::new(STRIDES_HEIGHT, self.states);
        let commitment = commitment.expect("one stride at least and no more than fit were run");
        Ok((commitment, self.runner.into_machine()))
    }

    fn is_done(&self) -> bool {
        let has_ended = self.runner.machine().exit.is_some();
        has_ended && !self.states.is_empty() || self.states.len() == 1 << STRIDES_HEIGHT
    }
}

/// The machine in the state before a stride of the run, of which the first is number 0.
///
/// # Errors
/// The host lacks a preimage.
pub fn before_stride<H: Host>(
    first: Machine,
    stride: u64,
    host: &mut H,
) -> Result<Machine, H::Error> {
    let mut runner = Runner::new(first);
    runner.run_to(stride.saturating_mul(STRIDE_STEPS), host)?;
    Ok(runner.into_machine())
}

/// The commitment over the states after each step of a stride, from the state before it on, and the machine in the last.
///
/// # Errors
/// The host lacks a preimage.
pub fn steps_of_stride<H: Host>(
    before: Machine,
    host: &mut H,
) -> Result<(Commitment, Machine), H::Error> {
    let first = before.step;
    let mut runner = Runner::new(before);
    let mut states = Vec::new();
    for step in 1..=STRIDE_STEPS {
        runner.run_to(first + step, host)?;
        states.push(runner.hash());
        if runner.machine().exit.is_some() {
            break;
        }
    }
    let commitment = Commitment::new(STRIDE_HEIGHT, states);
    let commitment = commitment.expect("one step at least and no more than fit were taken");
    Ok((commitment, runner.into_machine()))
}
