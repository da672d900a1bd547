//! Our trees: who builds them, and what is built so far.
//!
//! Invariant: what is kept is bounded. Only the newest few trees of each inner level are, because one commitment is in one
//! match of a level at a time.

use std::{collections::BTreeMap, convert::Infallible, future::Future, sync::Arc};

use alloy::primitives::{B256, Bytes};
use dispute::{CLAIM_BYTES, Need, Run, Source, Why};
use fault_proof::commitment::Commitment;
use l1::DisputeViews;
use parking_lot::Mutex;

use crate::Pins;

/// Trees of one inner level of one dispute that are kept. Each may take 20 MiB.
const KEPT_MAX: usize = 3;

/// What a proposal says, and the view of L1 that it is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned {
    /// Id of the proposal.
    pub id: u64,
    /// The L2 block that its interval begins after.
    pub parent_block: u64,
    /// The last L2 block of its interval.
    pub l2_block: u64,
    /// Its commitment.
    pub segments_root: B256,
    /// The batches that count.
    pub batch_accumulator: B256,
    /// The messages that count.
    pub message_accumulator: B256,
    /// Number of the L1 block that holds it.
    pub l1_number: u64,
    /// Hash of the L1 block before that.
    pub l1_parent_hash: B256,
}

impl From<&DisputeViews> for Pinned {
    fn from(views: &DisputeViews) -> Self {
        let proposal = &views.proposal;
        Self {
            id: views.id,
            parent_block: proposal.parentBlockNumber,
            l2_block: proposal.l2BlockNumber,
            segments_root: proposal.segmentsRoot,
            batch_accumulator: proposal.batchAccumulator,
            message_accumulator: proposal.messageAccumulator,
            l1_number: proposal.l1BlockNumber,
            l1_parent_hash: proposal.l1ParentHash,
        }
    }
}

impl From<&Pinned> for Pins {
    fn from(about: &Pinned) -> Self {
        Self {
            batch_accumulator: about.batch_accumulator,
            message_accumulator: about.message_accumulator,
            l1_number: about.l1_number,
            l1_parent_hash: about.l1_parent_hash,
        }
    }
}

/// Builds the parts of our trees: a verifier from what it derived, a test from what it made up.
pub trait Trees: Send + Sync + 'static {
    /// Why a part cannot be built.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Builds a part of the trees about a proposal; `None` if it is not to be had yet. `earlier` is what proposals before it
    /// have pinned, as [`crate::SegmentRequest`] wants it.
    fn build(
        &self,
        about: Pinned,
        earlier: Vec<Pins>,
        need: Need,
    ) -> impl Future<Output = Result<Option<Part>, Self::Error>> + Send;
}

/// What is built.
#[derive(Debug, Clone)]
pub enum Part {
    /// For [`Need::Segments`].
    Claims(Box<ClaimsPart>),
    /// For [`Need::Strides`].
    Strides(Arc<Run>),
    /// For [`Need::Steps`].
    Steps(Arc<Commitment>),
    /// For [`Need::Proof`].
    Proof(Bytes),
}

/// The claims of an interval.
#[derive(Debug, Clone)]
pub struct ClaimsPart {
    /// The claim before them.
    pub parent: B256,
    /// The preimage of the last one; `None` if that is [`dispute::INVALID`].
    pub last: Option<[u8; CLAIM_BYTES]>,
    /// The tree over them.
    pub tree: Arc<Commitment>,
}

/// A source of trees as a player has it.
pub type BoxedSource = Box<dyn Source<Error = Infallible> + Send>;

/// What is built so far of the trees about one proposal. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Built(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    claims: Option<ClaimsPart>,
    runs: BTreeMap<u64, Arc<Run>>,
    steps: BTreeMap<(u64, u64), Arc<Commitment>>,
    proofs: BTreeMap<(u64, u64, u64), Bytes>,
}

impl Built {
    /// Takes in what was built for a need; false if it is something else.
    pub fn put(&self, need: Need, part: Part) -> bool {
        let mut inner = self.0.lock();
        match (need, part) {
            (Need::Segments, Part::Claims(claims)) => inner.claims = Some(*claims),
            (Need::Strides { segment }, Part::Strides(run)) => {
                keep(&mut inner.runs, segment, run);
            }
            (Need::Steps { segment, stride }, Part::Steps(steps)) => {
                keep(&mut inner.steps, (segment, stride), steps);
            }
            (Need::Proof { segment, stride, step }, Part::Proof(proof)) => {
                keep(&mut inner.proofs, (segment, stride, step), proof);
            }
            _ => return false,
        }
        true
    }

    /// All our trees that are built, the claims first.
    pub(crate) fn trees(&self) -> Vec<Arc<Commitment>> {
        let inner = self.0.lock();
        let claims = inner.claims.iter().map(|claims| claims.tree.clone());
        let runs = inner.runs.values().map(|run| run.strides.clone());
        claims.chain(runs).chain(inner.steps.values().cloned()).collect()
    }
}

impl Source for Built {
    type Error = Infallible;

    fn parent_claim(&self) -> B256 {
        self.0.lock().claims.as_ref().map_or(B256::ZERO, |claims| claims.parent)
    }

    fn last_claim(&self) -> Option<[u8; CLAIM_BYTES]> {
        self.0.lock().claims.as_ref().and_then(|claims| claims.last)
    }

    fn segments(&mut self) -> Result<Arc<Commitment>, Why<Infallible>> {
        self.0.lock().claims.as_ref().map(|claims| claims.tree.clone()).ok_or(Why::NotYet)
    }

    fn strides(&mut self, segment: u64) -> Result<Arc<Run>, Why<Infallible>> {
        self.0.lock().runs.get(&segment).cloned().ok_or(Why::NotYet)
    }

    fn steps(&mut self, segment: u64, stride: u64) -> Result<Arc<Commitment>, Why<Infallible>> {
        self.0.lock().steps.get(&(segment, stride)).cloned().ok_or(Why::NotYet)
    }

    fn proof(
        &mut self,
        segment: u64,
        stride: u64,
        step: u64,
    ) -> Result<Option<Bytes>, Why<Infallible>> {
        let proof = self.0.lock().proofs.get(&(segment, stride, step)).cloned();
        proof.map(Some).ok_or(Why::NotYet)
    }
}

fn keep<K: Ord, V>(kept: &mut BTreeMap<K, V>, key: K, value: V) {
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(key, value);
}
