//! What has become of blocks on L1: the batches that carry them, the proposals that cover them.
//!
//! Known from the outbox that batcher and proposer keep in the sequencer's database: what they mean to send, have sent,
//! and have seen confirmed. Not here: proposals of others, which L1 alone knows.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, Bytes, U64},
    sol_types::SolCall,
};
use bindings::OutputOracle;
use db::{Classify, Coverage, OutboxEntry, OutboxError, OutboxOutcome, OutboxSearch, Severity};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
    types::ErrorObjectOwned,
};
use serde::Serialize;

use crate::api::{
    Api, errors,
    limits::{BATCHES_SHOWN_MAX, PROPOSALS_SHOWN_MAX},
};

/// Proposals in an answer to a caller who does not say.
const PROPOSALS_SHOWN_DEFAULT: u64 = 10;

/// The part of the namespace that is about L1.
#[rpc(server, namespace = "rollup")]
pub(crate) trait Posted {
    /// The batches that carry a block, or parts of it, newest first; those that failed as well.
    #[method(name = "getBatchByBlock")]
    async fn batches(&self, block: BlockNumberOrTag) -> RpcResult<Vec<Batch>>;
    /// The proposal that covers a block; `null` if there is none yet.
    #[method(name = "getProposal")]
    async fn proposal(&self, block: BlockNumberOrTag) -> RpcResult<Option<Proposal>>;
    /// The newest proposals, newest first.
    #[method(name = "getProposals")]
    async fn proposals(&self, count: Option<U64>) -> RpcResult<Vec<Proposal>>;
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

/// One proposal.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Proposal {
    number: U64,
    first_block: U64,
    last_block: U64,
    /// What it claims.
    output_root: B256,
    #[serde(flatten)]
    on_l1: OnL1,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct PostedMethods(pub(crate) Api);

impl PostedMethods {
    fn search(&self) -> OutboxSearch {
        OutboxSearch::new(self.0.view.database().clone())
    }

    /// Whether a proposal that covers this block is on L1 for good.
    pub(super) async fn is_proposed(&self, block: u64) -> RpcResult<bool> {
        let found = self.search().proposal_of(block).await;
        let found = found.map_err(|error| unreadable("rollup_getTransactionStatus", &error))?;
        let confirmed =
            |entry: &OutboxEntry| matches!(entry.outcome, Some(OutboxOutcome::Confirmed(_)));
        Ok(found.is_some_and(|(entry, _)| confirmed(&entry)))
    }

    fn shown(&self, (entry, calldata): &(OutboxEntry, Bytes)) -> RpcResult<Proposal> {
        let call = OutputOracle::proposeOutputCall::abi_decode(calldata);
        let call = call.map_err(|error| errors::internal("a proposal", &error))?;
        let Coverage::Proposal { block } = entry.coverage else {
            return Err(errors::internal("a proposal", &OutboxError::Corrupt(entry.id)));
        };
        let interval = self.0.config.proposal_interval;
        Ok(Proposal {
            number: U64::from(entry.id),
            first_block: U64::from((block + 1).saturating_sub(interval)),
            last_block: U64::from(block),
            output_root: call.outputRoot,
            on_l1: on_l1(entry),
        })
    }
}

#[async_trait]
impl PostedServer for PostedMethods {
    async fn batches(&self, block: BlockNumberOrTag) -> RpcResult<Vec<Batch>> {
        const NAME: &str = "rollup_getBatchByBlock";
        let block = self.0.number(block);
        let found = self.search().postings_of(block, BATCHES_SHOWN_MAX).await;
        let found = found.map_err(|error| unreadable(NAME, &error))?;
        Ok(found.iter().map(|entry| batch(entry, block)).collect())
    }

    async fn proposal(&self, block: BlockNumberOrTag) -> RpcResult<Option<Proposal>> {
        const NAME: &str = "rollup_getProposal";
        let block = self.0.number(block);
        let found = self.search().proposal_of(block).await;
        let found = found.map_err(|error| unreadable(NAME, &error))?;
        let shown = found.as_ref().map(|found| self.shown(found)).transpose()?;
        // Before the first one, and for blocks between proposals that are not made, there is nothing.
        Ok(shown.filter(|proposal| proposal.first_block <= U64::from(block)))
    }

    async fn proposals(&self, count: Option<U64>) -> RpcResult<Vec<Proposal>> {
        const NAME: &str = "rollup_getProposals";
        let count = count.map_or(PROPOSALS_SHOWN_DEFAULT, |count| count.to());
        let count = u32::try_from(count).ok().filter(|count| *count <= PROPOSALS_SHOWN_MAX);
        let Some(count) = count else {
            return Err(errors::argument(0, format!("more than {PROPOSALS_SHOWN_MAX} proposals")));
        };
        let found = self.search().proposals(count).await;
        let found = found.map_err(|error| unreadable(NAME, &error))?;
        found.iter().map(|found| self.shown(found)).collect()
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
