//! Drives a derivation over the scripted L1, as a verifier would, and records what it says.

use std::sync::Arc;

use derivation::{AbsentBatch, Cursor, Derivation, DerivedBlock, DerivedHead, L1Processed, Step};
use protocol::{BlockId, BlockInputs, RollupConfig};

use crate::{
    l1::L1,
    l2::{genesis_hash, hash_of},
};

#[derive(Clone, Debug)]
pub(crate) struct Driver {
    pub(crate) derivation: Derivation,
    pub(crate) blocks: Vec<DerivedBlock>,
    pub(crate) absent: Vec<AbsentBatch>,
    pub(crate) processed: Vec<L1Processed>,
}

impl Driver {
    pub(crate) fn new(config: &RollupConfig) -> Self {
        Self::over(Derivation::genesis(Arc::new(config.clone()), genesis_hash()))
    }

    pub(crate) fn resume(config: &RollupConfig, head: DerivedHead, start: BlockId) -> Self {
        Self::over(Derivation::resume(Arc::new(config.clone()), head, start).unwrap())
    }

    pub(crate) fn resume_within(
        config: &RollupConfig,
        head: DerivedHead,
        start: BlockId,
        cursor: Cursor,
    ) -> Self {
        let config = Arc::new(config.clone());
        Self::over(Derivation::resume_within(config, head, start, cursor).unwrap())
    }

    fn over(derivation: Derivation) -> Self {
        Self { derivation, blocks: Vec::new(), absent: Vec::new(), processed: Vec::new() }
    }

    /// Derives all that L1 holds.
    pub(crate) fn run(&mut self, l1: &L1) {
        while self.step(l1) {}
    }

    /// Takes one step and does what it asks for. `false` if L1 has no more.
    pub(crate) fn step(&mut self, l1: &L1) -> bool {
        match self.derivation.step() {
            Step::NeedL1 { number } => {
                let Some(block) = l1.get(number) else { return false };
                self.derivation.add_l1(block.clone()).unwrap();
            }
            Step::Execute(block) => {
                let hash = hash_of(&block.inputs);
                self.derivation.executed(block.reference(hash)).unwrap();
                self.blocks.push(*block);
            }
            Step::Absent(batch) => self.absent.push(batch),
            Step::Processed(processed) => self.processed.push(processed),
        }
        true
    }

    /// Unwinds the derivation and forgets what it said since.
    pub(crate) fn unwind(&mut self, to: u64) {
        let head = self.derivation.unwind(to).unwrap();
        self.blocks.retain(|block| block.inputs.opening.number <= head.number);
        self.absent.retain(|batch| batch.l1.number <= to);
        self.processed.retain(|processed| processed.l1.number <= to);
    }

    pub(crate) fn head(&self) -> &DerivedHead {
        self.derivation.head()
    }

    pub(crate) fn inputs(&self) -> Vec<BlockInputs> {
        self.blocks.iter().map(|block| block.inputs.clone()).collect()
    }
}

/// Everything that a fresh derivation says about this L1.
pub(crate) fn derive(config: &RollupConfig, l1: &L1) -> Driver {
    let mut driver = Driver::new(config);
    driver.run(l1);
    driver
}
