//! The batches that carry blocks to L1.
//!
//! Known from the outbox that the batcher keeps in the sequencer's database: what it means to send, has sent, and has seen
//! confirmed.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, U64},
};
use db::{Classify, Coverage, OutboxEntry, OutboxError, OutboxOutcome, OutboxSearch, Severity};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
    types::ErrorObjectOwned,
};
use serde::Serialize;

use crate::api::{Api, errors, limits::BATCHES_SHOWN_MAX};

/// The part of the namespace that is about batches.
#[rpc(server, namespace = "rollup")]
pub(crate) trait Posted {
    /// The batches that carry a block, or parts of it, newest first; those that failed as well.
    #[method(name = "getBatchByBlock")]
    async fn batches(&self, block: BlockNumberOrTag) -> RpcResult<Vec<Batch>>;
}

/// How far an L1 transaction has come.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnL1 {
    state: &'static str,
    l1_transaction_hash: Option<B256>,
    l1_block_number: Option<U64>,
    l1_block_hash: Option<B256>,
}

/// One batch.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Batch {
    /// Rises in the order of making.
    number: U64,
    first_block: U64,
    last_block: U64,
    /// Whether it carries only some transactions of the one block.
    is_part: bool,
    #[serde(flatten)]
    on_l1: OnL1,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct PostedMethods(pub(crate) Api);

#[async_trait]
impl PostedServer for PostedMethods {
    async fn batches(&self, block: BlockNumberOrTag) -> RpcResult<Vec<Batch>> {
        const NAME: &str = "rollup_getBatchByBlock";
        let block = self.0.number(block);
        let search = OutboxSearch::new(self.0.view.database().clone());
        let found = search.postings_of(block, BATCHES_SHOWN_MAX).await;
        let found = found.map_err(|error| unreadable(NAME, &error))?;
        Ok(found.iter().map(|entry| batch(entry, block)).collect())
    }
}

fn batch(entry: &OutboxEntry, block: u64) -> Batch {
    let (first, last) = match entry.coverage {
        Coverage::Batch { first, last } => (first, last),
        // A part but the first: found by the block that its key names.
        Coverage::Other | Coverage::Proposal { .. } => (block, block),
    };
    Batch {
        number: U64::from(entry.id),
        first_block: U64::from(first),
        last_block: U64::from(last),
        is_part: entry.key.starts_with("part/"),
        on_l1: on_l1(entry),
    }
}

fn on_l1(entry: &OutboxEntry) -> OnL1 {
    let (state, inclusion) = match &entry.outcome {
        Some(OutboxOutcome::Confirmed(inclusion)) => ("confirmed", Some(*inclusion)),
        Some(OutboxOutcome::Reverted(inclusion)) => ("failed", Some(*inclusion)),
        Some(OutboxOutcome::Cancelled(_)) => ("cancelled", None),
        Some(OutboxOutcome::Refused { .. }) => ("refused", None),
        None if entry.inclusion.is_some() => ("mined", entry.inclusion),
        None if entry.nonce.is_some() => ("sent", None),
        None => ("waiting", None),
    };
    OnL1 {
        state,
        l1_transaction_hash: inclusion.map(|inclusion| inclusion.hash),
        l1_block_number: inclusion.map(|inclusion| U64::from(inclusion.block.number)),
        l1_block_hash: inclusion.map(|inclusion| inclusion.block.hash),
    }
}

fn unreadable(request: &'static str, error: &OutboxError) -> ErrorObjectOwned {
    if error.severity() == Severity::Temporary {
        tracing::warn!(request, cause = service::error_chain(error), "cannot read the outbox now");
        return errors::unreadable_now();
    }
    errors::internal(request, error)
}
