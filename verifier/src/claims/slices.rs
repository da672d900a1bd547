//! Serial execution that notes where the slices of a block end (`docs/spec/claims.md`, section 2).
//!
//! A block that uses less gas than a slice costs nothing more than without: there is nothing to note. Invariant: what is
//! executed is the block in one piece; the cuts only look at it on the way.

use alloy::primitives::{B256, Bloom};
use executor::{
    BlockContext, ChainSpec, ExecuteError, ExecutedBlock, SerialExecutor, TransactionOutcome,
    forced_transactions,
};
use protocol::{BlockInputs, Header};
use state::{StateDiff, StateReader, StateTrie};
use transition::{PLACES_PER_BLOCK, SliceClaim, receipts_next};

use crate::transactions::recovered;

/// What stands where a slice ended that was not the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What the slice did to the state.
    pub diff: StateDiff,
    /// The chain of receipts so far.
    pub receipts: B256,
    /// Inputs of the block that were taken so far.
    pub inputs: u64,
    /// Gas used so far.
    pub gas_used: u64,
    /// Bloom over the receipts so far.
    pub bloom: Bloom,
}

/// A block that was executed slice by slice.
#[derive(Debug)]
pub struct Sliced {
    /// The block as if it had been executed in one piece.
    pub executed: ExecutedBlock,
    /// Where its slices ended, but the last.
    pub cuts: Vec<Cut>,
    /// What the last slice did to the state; empty where there is only one.
    last: StateDiff,
}

impl Sliced {
    /// A block that has one slice.
    pub fn whole(executed: ExecutedBlock) -> Self {
        Self { executed, cuts: Vec::new(), last: StateDiff::default() }
    }

    /// Brings the trie from the state before the block to that after it; gives the claims of the slices on the way.
    /// `parent` is the claim of the block before.
    pub fn apply(&self, parent: B256, trie: &mut StateTrie) -> Vec<SliceClaim> {
        if self.cuts.is_empty() {
            trie.apply(&self.executed.diff);
            return Vec::new();
        }
        let claims = (1..).zip(&self.cuts).map(|(slices, cut)| SliceClaim {
            parent,
            state_root: trie.apply(&cut.diff),
            receipts: cut.receipts,
            slices,
            inputs: cut.inputs,
            gas_used: cut.gas_used,
            bloom: cut.bloom,
        });
        let claims = claims.collect();
        trie.apply(&self.last);
        claims
    }
}

/// Executes a whole block, as [`executor::execute_block`] does, and cuts it after every `segment_gas`.
///
/// # Errors
/// When the state cannot be read.
pub fn execute_in_slices<R: StateReader>(
    spec: &ChainSpec,
    parent: &Header,
    inputs: &BlockInputs,
    state: R,
    segment_gas: u64,
) -> Result<Sliced, ExecuteError<R::Error>> {
    let context = BlockContext::new(spec, parent, &inputs.opening);
    let mut executor = SerialExecutor::new(context, state)?;
    let forced = forced_transactions(&inputs.opening, &inputs.deposits).map(Some);
    let users = recovered(&inputs.transactions);
    let mut slicer = Slicer { segment_gas, ..Slicer::default() };
    let is_forced = 1 + inputs.deposits.len();
    let count = is_forced + inputs.transactions.len();
    for (input, tx) in forced.chain(users).enumerate() {
        let Some(tx) = tx else { continue };
        match executor.execute(&tx) {
            Ok(_) => slicer.included(&mut executor, input, count),
            // Nothing keeps a forced transaction out but a state that cannot be read.
            Err(ExecuteError::Invalid(_)) if input >= is_forced => {}
            Err(error) => return Err(error),
        }
    }
    let last = if slicer.cuts.is_empty() { StateDiff::default() } else { executor.take_diff() };
    Ok(Sliced { executed: executor.finish(), cuts: slicer.cuts, last })
}

/// Watches a block being executed.
#[derive(Debug, Default)]
struct Slicer {
    segment_gas: u64,
    cuts: Vec<Cut>,
    /// Numbers of the inputs that the slice in work has included.
    included: Vec<u64>,
}

impl Slicer {
    /// This input of `count` was included.
    fn included<R: StateReader>(
        &mut self,
        executor: &mut SerialExecutor<R>,
        input: usize,
        count: usize,
    ) {
        self.included.push(input as u64);
        let gas_used = executor.executed().gas_used;
        let before = self.cuts.last();
        let in_slice = gas_used.saturating_sub(before.map_or(0, |cut| cut.gas_used));
        let is_last = self.cuts.len() as u64 + 1 >= PLACES_PER_BLOCK;
        let taken = input + 1;
        if in_slice < self.segment_gas || taken >= count || is_last {
            return;
        }
        let (mut receipts, mut bloom) =
            before.map_or((B256::ZERO, Bloom::ZERO), |cut| (cut.receipts, cut.bloom));
        let outcomes = &executor.executed().outcomes;
        let of_slice = outcomes.len().saturating_sub(self.included.len());
        for (input, outcome) in self.included.drain(..).zip(&outcomes[of_slice..]) {
            let (receipt, receipt_bloom) = receipt_bytes(outcome);
            receipts = receipts_next(receipts, input, &receipt);
            bloom |= receipt_bloom;
        }
        let diff = executor.take_diff();
        self.cuts.push(Cut { diff, receipts, inputs: taken as u64, gas_used, bloom });
    }
}

fn receipt_bytes(outcome: &TransactionOutcome) -> (Vec<u8>, Bloom) {
    let mut bytes = Vec::new();
    let bloom = outcome.encode_receipt(&mut bytes);
    (bytes, bloom)
}
