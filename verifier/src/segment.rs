//! The run of one segment, from a verifier's own data and L1: what a dispute below the level of segments is played with.
//!
//! ```text
//! claim before, pins ─▶ Segments::segment ─▶ native run ─▶ leaf
//!                           │ preimages: index, state tables, L1   └▶ Segment: strides, steps, proofs of steps
//! ```
//! The native run says what is missing, and that is looked up, until it ends. So what is recorded is what a run reads and no
//! more, and no rule of what a run reads is written down twice. What is looked up comes in pieces that are asked for
//! together (both hash chains, a row of headers, all of the state), so a dozen native runs are enough for most segments.
//!
//! Not here: which segment is disputed and what is done with it. Invariant: what is recorded was found under hashes that were
//! computed here, and the machine ends where the native run does, or there is an error.

mod before;
mod chains;
mod error;
mod gather;
mod inputs;
mod known;
mod machine;
mod watched;

use std::sync::Arc;

use alloy::primitives::B256;
use db::{ChainReader, Database, Index, PgStateReader};
use l1::{Kzg, L1Evidence, L1Source, Proposal};
use protocol::RollupConfig;
use tokio::sync::Semaphore;
use transition::{ChainParameters, Claim, Missing, Outcome, PreimageKey, run};

pub(crate) use self::{before::trie_after, inputs::derive_again};
pub use self::{
    error::SegmentError,
    machine::{Segment, SegmentRun},
};
use self::{
    gather::Gathering,
    known::{Asked, Known, locals},
};
use crate::{
    claims::{ClaimReader, PinnedInterval},
    kept::KeptL1,
    restart::Points,
};

/// Tries that are built at a time for segments. Each may take as much memory as the verifier's own.
const TRIES_MAX: usize = 1;

/// L1 as a proposal has pinned it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pins {
    /// The inbox's accumulator.
    pub batch_accumulator: B256,
    /// The Portal's.
    pub message_accumulator: B256,
    /// Number of the proposal's L1 block.
    pub l1_number: u64,
    /// Hash of the L1 block before that.
    pub l1_parent_hash: B256,
}

impl From<&Proposal> for Pins {
    fn from(proposal: &Proposal) -> Self {
        Self {
            batch_accumulator: proposal.batch_accumulator,
            message_accumulator: proposal.message_accumulator,
            l1_number: proposal.l1_block,
            l1_parent_hash: proposal.l1_parent_hash,
        }
    }
}

/// Which run is wanted.
#[derive(Debug, Clone)]
pub struct SegmentRequest {
    /// The leaf before.
    pub previous: B256,
    /// What it stands for, and where that is a slice, the claim of the block before too. Empty where there is no claim.
    pub claims: Vec<Claim>,
    /// The place of the leaf in its block; 32 behind the interval's end.
    pub place: u64,
    /// What the proposal has pinned.
    pub pins: Pins,
    /// What earlier proposals have pinned, in any order. They save reading all of L1's logs.
    pub earlier: Vec<Pins>,
}

/// Makes segments. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Segments {
    parts: Arc<Parts>,
}

/// What segments are made from.
#[derive(Debug)]
struct Parts {
    rollup: Arc<RollupConfig>,
    parameters: ChainParameters,
    claims: ClaimReader,
    database: Database,
    index: Index,
    chain: ChainReader,
    points: Points,
    /// Gives codes and block hashes, which do not change while the state tables move on.
    stored: PgStateReader,
    l1: KeptL1,
    evidence: L1Evidence,
    kzg: Kzg,
    trie_threads: usize,
    tries: Semaphore,
}

impl Segments {
    /// Makes them from a verifier's database and L1. `parameters` are the chain's.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new(
        rollup: Arc<RollupConfig>,
        parameters: ChainParameters,
        database: &Database,
        l1: L1Source,
        evidence: L1Evidence,
        trie_threads: usize,
    ) -> Result<Self, SegmentError> {
        let stored = PgStateReader::start(database.clone()).map_err(SegmentError::Thread)?;
        let kzg = Kzg::start_lazily().map_err(SegmentError::Kzg)?;
        let parts = Parts {
            claims: ClaimReader::new(rollup.clone(), database),
            points: Points::new(rollup.clone(), database),
            index: Index::new(database.clone()),
            chain: ChainReader::new(database.clone()),
            database: database.clone(),
            rollup,
            parameters,
            stored,
            l1: KeptL1 { source: l1, tables: db::VerifierStore::new(database.clone()) },
            evidence,
            kzg,
            trie_threads,
            tries: Semaphore::new(TRIES_MAX),
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// Hash of the parameters of the chain, which every run reads.
    pub(crate) fn parameters_hash(&self) -> B256 {
        self.parts.parameters.hash()
    }

    /// The interval from after block `before` up to block `last`, as far as it follows from what a proposal has pinned; there
    /// the chain ends. `None` while the pinned L1 block is not derived from, or where block `before` is not derived.
    ///
    /// # Errors
    /// When something of it is not to be had.
    pub async fn pinned(
        &self,
        (before, last): (u64, u64),
        pins: Pins,
        earlier: Vec<Pins>,
    ) -> Result<Option<PinnedInterval>, SegmentError> {
        let claims = &self.parts.claims;
        // What was derived is of the L1 that the proposal is on, and of all of the pinned block: after a reorg that comes later.
        let parent = claims.l1_hash(pins.l1_number.saturating_sub(1)).await?;
        let pinned_in = claims.l1_hash(pins.l1_number).await?;
        if pinned_in.is_none() || parent != Some(pins.l1_parent_hash) {
            return Ok(None);
        }
        let Some((parent, blocks)) = claims.derived(before, last).await? else { return Ok(None) };
        // They were read beside whoever takes blocks back after a reorg.
        if claims.l1_hash(pins.l1_number).await? != pinned_in {
            return Ok(None);
        }
        let length = last.saturating_sub(before);
        let below = blocks.partition_point(|block| block.claim.cursor.l1_number < pins.l1_number);
        let within = blocks.partition_point(|block| block.claim.cursor.l1_number <= pins.l1_number);
        let whole = move || PinnedInterval::new(parent, blocks, length, pins, earlier);
        let whole = hashed(length, whole).await?;
        let mut follow = below;
        if below < within {
            follow = self.following(&whole, below, within).await?;
            // The pins do not name the block that they are in, and its postings were read from L1 as it is now.
            let now = self.parts.l1.source.hash(pins.l1_number).await.map_err(SegmentError::L1)?;
            if now != pinned_in {
                return Ok(None);
            }
        }
        hashed(length, move || whole.cut(follow)).await.map(Some)
    }

    /// How many blocks follow, of which the first `below` do, and of the next, up to `within`, maybe some: of the pinned L1
    /// block only what was posted before the proposal counts, and whether a block needs more than that a run says. Where
    /// one does, so do those behind it.
    async fn following(
        &self,
        whole: &PinnedInterval,
        below: usize,
        within: usize,
    ) -> Result<usize, SegmentError> {
        let (mut follow, mut may_follow) = (below, within);
        while follow < may_follow {
            let middle = follow.midpoint(may_follow);
            match self.follows(whole.request_of_block(middle)).await? {
                true => follow = middle + 1,
                false => may_follow = middle,
            }
        }
        Ok(follow)
    }

    /// Whether a block follows in the view that is pinned: then its run comes to the point where it reads the state.
    async fn follows(&self, request: SegmentRequest) -> Result<bool, SegmentError> {
        let (mut known, mut gathering) = self.begin(request);
        loop {
            match self.attempt(known).await? {
                // The chain ends before it, or before one that it builds on.
                Attempt::Ended(segment) => {
                    return Ok(matches!(segment.outcome(), Outcome::Claim(_)));
                }
                Attempt::Lacks(key, _) if gathering.is_state(&key) => return Ok(true),
                Attempt::Lacks(key, lacking) => known = gathering.filled(key, lacking).await?,
            }
        }
    }

    /// Runs a segment natively, and records what the run reads.
    ///
    /// # Errors
    /// When something of it is not to be had.
    pub async fn segment(&self, request: SegmentRequest) -> Result<Segment, SegmentError> {
        let (mut known, mut gathering) = self.begin(request);
        loop {
            match self.attempt(known).await? {
                Attempt::Ended(segment) => return Ok(*segment),
                Attempt::Lacks(key, lacking) => known = gathering.filled(key, lacking).await?,
            }
        }
    }

    /// What is known before anything was looked up.
    fn begin(&self, request: SegmentRequest) -> (Known, Gathering<'_>) {
        let parameters = &self.parts.parameters;
        let locals = locals(request.previous, &request.pins, parameters.hash(), request.place);
        let mut known = Known::new(locals, Arc::default());
        known.add(parameters.encode());
        for claim in &request.claims {
            match claim {
                Claim::Block(claim) => known.add(claim.encode().to_vec()),
                Claim::Slice(claim) => known.add(claim.encode().to_vec()),
            }
        }
        (known, Gathering::new(&self.parts, request))
    }

    async fn attempt(&self, known: Known) -> Result<Attempt, SegmentError> {
        let kzg = self.parts.kzg.clone();
        let running = tokio::task::spawn_blocking(move || attempt(known, kzg));
        running.await.map_err(|_| SegmentError::CutOff)
    }
}

/// Ten hashes for each block are work for a processor.
async fn hashed(
    length: u64,
    make: impl FnOnce() -> Option<PinnedInterval> + Send + 'static,
) -> Result<PinnedInterval, SegmentError> {
    let made = tokio::task::spawn_blocking(make).await.map_err(|_| SegmentError::CutOff)?;
    made.ok_or(SegmentError::LongInterval { length })
}

/// What a native run came to.
enum Attempt {
    Ended(Box<Segment>),
    /// It lacks this.
    Lacks(PreimageKey, Box<Known>),
}

fn attempt(known: Known, kzg: Kzg) -> Attempt {
    let asked = Asked::new(&known);
    let ended = run(&asked);
    let Asked { asked, computed, .. } = asked;
    let (asked, computed) = (asked.into_inner(), computed.into_inner());
    match ended {
        Ok(outcome) => {
            let segment = Segment::new(outcome, &asked, computed, &known, kzg);
            Attempt::Ended(Box::new(segment))
        }
        Err(Missing(key)) => Attempt::Lacks(key, known.into()),
    }
}
