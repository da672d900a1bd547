//! The true source of an interval: claims of consecutive blocks, and runs of the program.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use alloy::primitives::{B256, Bytes, keccak256};
use dispute::{Replay, Run, Source, Why};
use fault_proof::{commitment::Commitment, vm::Recorded};

use crate::program::{Claim, claim, host, machine};

/// Blocks of an interval.
pub(crate) const INTERVAL: u8 = 4;
pub(crate) const PLACES: u64 = 32;
pub(crate) const HEIGHT: usize = 30;

/// What runs were made of is kept: scenarios ask for the same over and over.
#[derive(Debug, Default)]
struct Built {
    strides: BTreeMap<u64, Arc<Run>>,
    steps: BTreeMap<(u64, u64), Arc<Commitment>>,
}

/// The truth about the interval after a block. Clones share what was built.
#[derive(Debug, Clone)]
pub(crate) struct Truth {
    parent: u8,
    /// Words 1 to 5 of the local inputs.
    pins: [B256; 5],
    built: Arc<Mutex<Built>>,
}

impl Truth {
    pub(crate) fn new(parent: u8, pins: [B256; 5]) -> Self {
        Self { parent, pins, built: Arc::default() }
    }

    pub(crate) fn leaves(&self) -> Vec<B256> {
        let blocks = self.parent + 1..=self.parent + INTERVAL;
        blocks.flat_map(|block| [keccak256(claim(block)); 32]).collect()
    }

    pub(crate) fn last(&self) -> Claim {
        claim(self.parent + INTERVAL)
    }

    /// The run of a segment. All behind the interval are alike but for nothing: place 32 after the last claim.
    fn replay(&self, segment: u64) -> Replay<Recorded> {
        let behind = u64::from(INTERVAL) * PLACES;
        let (block, place) = match segment < behind {
            true => (segment / PLACES, segment % PLACES),
            false => (u64::from(INTERVAL), PLACES),
        };
        // At place 0 the block is not made yet.
        let made = block + u64::from(place > 0 && segment < behind);
        let parent = claim(self.parent + u8::try_from(made).unwrap());
        let mut locals = vec![keccak256(parent)];
        locals.extend(self.pins);
        locals.push(B256::with_last_byte(u8::try_from(place).unwrap()));
        Replay::new(machine(), host(locals, &parent))
    }
}

impl Source for Truth {
    type Error = Infallible;

    fn parent_claim(&self) -> B256 {
        keccak256(claim(self.parent))
    }

    fn last_claim(&self) -> Option<Claim> {
        Some(self.last())
    }

    fn segments(&mut self) -> Result<Arc<Commitment>, Why<Infallible>> {
        Ok(Arc::new(Commitment::new(HEIGHT, self.leaves()).unwrap()))
    }

    fn strides(&mut self, segment: u64) -> Result<Arc<Run>, Why<Infallible>> {
        let replay = || Arc::new(self.replay(segment).strides().unwrap());
        let mut built = self.built.lock().unwrap();
        Ok(built.strides.entry(segment).or_insert_with(replay).clone())
    }

    fn steps(&mut self, segment: u64, stride: u64) -> Result<Arc<Commitment>, Why<Infallible>> {
        let replay = || Arc::new(self.replay(segment).steps(stride).unwrap());
        let mut built = self.built.lock().unwrap();
        Ok(built.steps.entry((segment, stride)).or_insert_with(replay).clone())
    }

    fn proof(
        &mut self,
        segment: u64,
        stride: u64,
        step: u64,
    ) -> Result<Option<Bytes>, Why<Infallible>> {
        Ok(Some(self.replay(segment).proof(stride, step).unwrap()))
    }
}
