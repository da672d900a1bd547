//! What the verifier shows of itself: a value in a watch channel, and the same as JSON at `GET /status`.

use alloy::primitives::{Address, B256};
use axum::{Json, Router, extract::State, routing::get};
use dispute::GameSummary;
use protocol::{BlockId, L2BlockRef};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use tokio::sync::watch;

/// Where the verifier stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The newest L1 block that was derived from.
    pub l1_processed: BlockId,
    /// The newest L1 block known.
    pub l1_head: Option<BlockId>,
    /// The newest derived block: the safe head.
    #[serde(serialize_with = "block")]
    pub head: L2BlockRef,
    /// The newest block derived from finalized L1.
    #[serde(serialize_with = "block")]
    pub finalized: L2BlockRef,
    /// Whether derivation has caught up with L1, so that proposals are judged as they come.
    pub synced: bool,
    /// The newest proposed block up to which every proposal is true.
    pub agreed_to: Option<u64>,
    /// Proposals that are not judged yet.
    pub proposals_pending: usize,
    /// Of them, those that could not be judged long after they were made; by their place in the oracle.
    pub proposals_underivable: Vec<u64>,
    /// The earliest block that a wrong proposal on L1 is for.
    pub first_bad_block: Option<u64>,
    /// Every wrong proposal on L1, oldest first.
    pub disagreements: Vec<Disagreement>,
    /// Disputes on L1, and proposals that should be disputed; `dispute::explain` says each in words.
    pub games: Vec<GameSummary>,
}

impl Status {
    /// Before anything is derived by this process or judged.
    pub(crate) const fn at_start(
        l1_processed: BlockId,
        l1_head: Option<BlockId>,
        head: L2BlockRef,
        finalized: L2BlockRef,
    ) -> Self {
        Self {
            l1_processed,
            l1_head,
            head,
            finalized,
            synced: false,
            agreed_to: None,
            proposals_pending: 0,
            proposals_underivable: Vec::new(),
            first_bad_block: None,
            disagreements: Vec::new(),
            games: Vec::new(),
        }
    }
}

/// A proposal that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Disagreement {
    /// Its place in the oracle.
    pub proposal: u64,
    /// The L2 block it is for.
    pub l2_block: u64,
    /// The earliest block with a wrong claim since the last true one: that of this proposal, or of an earlier one.
    pub first_bad_block: u64,
    /// The last proposed block before it that L1 and we agree on. The chains part above it, and not
    /// above `first_bad_block`.
    pub agreed_before: u64,
    /// The L1 block that holds it.
    pub l1_block: u64,
    /// Who put down the bond.
    pub proposer: Address,
    /// The output root on L1.
    pub claimed_output_root: B256,
    /// Ours; `None` where the interval does not follow from what L1 held when the proposal was made.
    pub derived_output_root: Option<B256>,
    /// The segments root on L1.
    pub claimed_segments_root: B256,
    /// Ours.
    pub derived_segments_root: B256,
}

/// `GET /status`.
pub fn router(status: watch::Receiver<Status>) -> Router {
    Router::new().route("/status", get(show)).with_state(status)
}

async fn show(State(status): State<watch::Receiver<Status>>) -> Json<Status> {
    Json(status.borrow().clone())
}

fn block<S: Serializer>(block: &L2BlockRef, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_struct("L2BlockRef", 6)?;
    fields.serialize_field("number", &block.number)?;
    fields.serialize_field("hash", &block.hash)?;
    fields.serialize_field("parentHash", &block.parent_hash)?;
    fields.serialize_field("timestamp", &block.timestamp)?;
    fields.serialize_field("l1Origin", &block.origin)?;
    fields.serialize_field("sequenceNumber", &block.sequence_number)?;
    fields.end()
}
