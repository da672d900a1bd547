//! A player who lies: what drills and tests play against. Nothing that runs for users makes one.
//!
//! Wraps a true source and gives other words from some place on, in such a way that every move of the liar is one that the
//! contract takes, down to the step, which it cannot prove. Invariant: two lies with different salts differ in every
//! commitment in which they lie.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{B256, Bytes, keccak256};
use fault_proof::commitment::Commitment;

use crate::{CLAIM_BYTES, Run, Source, Why, forged_state};

/// Trees of each inner level that are kept. A liar is in few matches at a time.
const KEPT_MAX: usize = 8;

/// Where a lie begins at each level. Places behind the first lie of a level hold lies too, or the truth again, as the
/// kind of lie wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Where {
    /// The first false claim of the interval, and all after it; the last one is repeated. With none of them the claims
    /// are true, and only what is inside is not.
    pub claims: Vec<B256>,
    /// Where the false claims begin.
    pub segment: u64,
    /// The first stride of a run that ends in a false state.
    pub stride: u64,
    /// The first step of that stride that leads to a false state.
    pub step: u64,
    /// For true claims: the strides are true as well, and only the steps are not.
    pub only_steps: bool,
    /// Tells apart what is false in the same places.
    pub salt: u64,
}

/// A source that lies about what another one says.
#[derive(Debug, Clone)]
pub struct Lie<S> {
    truth: S,
    place: Where,
    /// The preimage of the last false claim, if the liar is to show it.
    last_claim: Option<[u8; CLAIM_BYTES]>,
    claims: Option<Arc<Commitment>>,
    runs: BTreeMap<u64, Arc<Run>>,
    stretches: BTreeMap<(u64, u64), Arc<Commitment>>,
}

impl<S: Source> Lie<S> {
    /// Lies in these places.
    pub const fn new(truth: S, place: Where, last_claim: Option<[u8; CLAIM_BYTES]>) -> Self {
        let runs = BTreeMap::new();
        Self { truth, place, last_claim, claims: None, runs, stretches: BTreeMap::new() }
    }

    /// Whether the claims themselves are true, and what is inside of them is not.
    const fn is_perjury(&self) -> bool {
        self.place.claims.is_empty()
    }

    /// Whether the claim of a segment is false.
    const fn lies_about(&self, segment: u64) -> bool {
        !self.is_perjury() && segment >= self.place.segment
    }

    /// A word that stands for nothing.
    fn word(&self, level: u8, place: u64) -> B256 {
        let salt = self.place.salt.to_be_bytes();
        keccak256([&[level][..], &salt, &place.to_be_bytes()].concat())
    }

    /// The run of a false claim: true up to the place of the lie, then in the forged end for ever.
    fn false_run(&self, truth: &Run, claim: B256) -> Option<Run> {
        let mut last = forged_state(&truth.last, claim);
        // Registers of an ended run mean nothing, so liars for the same claim can have states of their own.
        last[298..306].copy_from_slice(&self.place.salt.to_be_bytes());
        let strides = truth.strides.continued(self.place.stride, [keccak256(last)])?;
        Some(Run { strides: Arc::new(strides), last })
    }

    /// A run with a true end and one false state, which is not its last.
    fn perjured(&self, truth: &Commitment, level: u8, place: u64) -> Option<Commitment> {
        let wrong = [self.word(level, place)];
        let next = usize::try_from(place).ok()?.checked_add(1)?;
        let after = (next..).map_while(|at| truth.leaf(at));
        truth.continued(place, wrong.into_iter().chain(after))
    }
}

impl<S: Source> Source for Lie<S> {
    type Error = S::Error;

    fn parent_claim(&self) -> B256 {
        self.truth.parent_claim()
    }

    fn last_claim(&self) -> Option<[u8; CLAIM_BYTES]> {
        if self.is_perjury() { self.truth.last_claim() } else { self.last_claim }
    }

    fn segments(&mut self) -> Result<Arc<Commitment>, Why<S::Error>> {
        let truth = self.truth.segments()?;
        if self.is_perjury() {
            return Ok(truth);
        }
        if let Some(kept) = &self.claims {
            return Ok(kept.clone());
        }
        let claims = self.place.claims.iter().copied();
        let claims = made(truth.continued(self.place.segment, claims))?;
        self.claims = Some(claims.clone());
        Ok(claims)
    }

    fn strides(&mut self, segment: u64) -> Result<Arc<Run>, Why<S::Error>> {
        if let Some(kept) = self.runs.get(&segment) {
            return Ok(kept.clone());
        }
        let run = self.run_of(segment)?;
        keep(&mut self.runs, segment, &run);
        Ok(run)
    }

    fn steps(&mut self, segment: u64, stride: u64) -> Result<Arc<Commitment>, Why<S::Error>> {
        if let Some(kept) = self.stretches.get(&(segment, stride)) {
            return Ok(kept.clone());
        }
        let steps = self.steps_of(segment, stride)?;
        keep(&mut self.stretches, (segment, stride), &steps);
        Ok(steps)
    }

    /// Where it lies it has no proof. Elsewhere only another liar asks it for one.
    fn proof(
        &mut self,
        segment: u64,
        stride: u64,
        step: u64,
    ) -> Result<Option<Bytes>, Why<S::Error>> {
        let told = self.steps(segment, stride)?;
        let truth = self.truth.steps(segment, stride)?;
        let at = usize::try_from(step).unwrap_or(usize::MAX);
        if told.leaf(at) == truth.leaf(at) {
            return self.truth.proof(segment, stride, step);
        }
        Ok(None)
    }
}

impl<S: Source> Lie<S> {
    fn run_of(&mut self, segment: u64) -> Result<Arc<Run>, Why<S::Error>> {
        let truth = self.truth.strides(segment)?;
        if self.lies_about(segment) {
            let claims = self.segments()?;
            let claim = usize::try_from(segment).ok().and_then(|segment| claims.leaf(segment));
            return made(claim.and_then(|claim| self.false_run(&truth, claim)));
        }
        if self.is_perjury() && !self.place.only_steps {
            let strides = self.perjured(&truth.strides, 1, self.place.stride);
            let run = |strides| Run { strides: Arc::new(strides), last: truth.last };
            return made(strides.map(run));
        }
        Ok(truth)
    }

    fn steps_of(&mut self, segment: u64, stride: u64) -> Result<Arc<Commitment>, Why<S::Error>> {
        let truth = self.truth.steps(segment, stride)?;
        if self.is_perjury() && self.place.only_steps {
            return made(self.perjured(&truth, 2, self.place.step));
        }
        let run = self.strides(segment)?;
        let end = usize::try_from(stride).ok().and_then(|stride| run.strides.leaf(stride));
        let last = truth.leaf((1 << truth.height()) - 1);
        if end == last {
            return Ok(truth);
        }
        made(end.and_then(|end| truth.continued(self.place.step, [end])))
    }
}

fn made<T, E>(part: Option<T>) -> Result<Arc<T>, Why<E>> {
    part.map(Arc::new).ok_or(Why::Contradicts)
}

/// Keeps a tree, and not too many.
fn keep<K: Ord, T>(kept: &mut BTreeMap<K, Arc<T>>, key: K, tree: &Arc<T>) {
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(key, tree.clone());
}
