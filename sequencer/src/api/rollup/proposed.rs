//! The proposals that cover blocks, whoever made them: as L1 has them now.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, U64},
};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
    types::ErrorObjectOwned,
};
use l1::Severity;
use serde::Serialize;

use crate::api::{
    Api, errors,
    limits::PROPOSALS_SHOWN_MAX,
    proposals::{ProposalsError, Standing},
};

/// Proposals in an answer to a caller who does not say.
const PROPOSALS_SHOWN_DEFAULT: u64 = 10;

/// The part of the namespace that is about proposals.
#[rpc(server, namespace = "rollup")]
pub(crate) trait Proposed {
    /// The proposal that covers a block; `null` if there is none yet.
    #[method(name = "getProposal")]
    async fn proposal(&self, block: BlockNumberOrTag) -> RpcResult<Option<Proposal>>;
    /// The newest proposals, newest first.
    #[method(name = "getProposals")]
    async fn proposals(&self, count: Option<U64>) -> RpcResult<Vec<Proposal>>;
}

/// One proposal.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Proposal {
    /// Its place in the list, which another has after it has lost a dispute.
    index: U64,
    /// Its name, which no other ever has.
    id: U64,
    first_block: U64,
    last_block: U64,
    output_root: B256,
    /// What stands after the last block, of which the output root is a part.
    claim: B256,
    /// Who put down the bond; zero for the genesis.
    proposer: Address,
    l1_block_number: U64,
    timestamp: U64,
    /// The tournament about it, or that has brought it.
    tournament: Option<B256>,
    is_final: bool,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct ProposedMethods(pub(crate) Api);

impl ProposedMethods {
    /// Whether a proposal that covers this block stands on L1.
    pub(super) async fn is_proposed(&self, block: u64) -> RpcResult<bool> {
        let covered = self.0.proposals.cover(block).await;
        covered.map_err(|error| unreadable("rollup_getTransactionStatus", &error))
    }

    fn shown(standing: &Standing) -> Proposal {
        let Standing { proposal, is_final } = standing;
        Proposal {
            index: U64::from(proposal.index),
            id: U64::from(proposal.id),
            first_block: U64::from(proposal.first_block()),
            last_block: U64::from(proposal.l2_block),
            output_root: proposal.output_root,
            claim: proposal.claim,
            proposer: proposal.proposer,
            l1_block_number: U64::from(proposal.l1_block),
            timestamp: U64::from(proposal.timestamp),
            tournament: proposal.tournament,
            is_final: *is_final,
        }
    }
}

#[async_trait]
impl ProposedServer for ProposedMethods {
    async fn proposal(&self, block: BlockNumberOrTag) -> RpcResult<Option<Proposal>> {
        let found = self.0.proposals.covering(self.0.number(block)).await;
        let found = found.map_err(|error| unreadable("rollup_getProposal", &error))?;
        Ok(found.map(|standing| Self::shown(&standing)))
    }

    async fn proposals(&self, count: Option<U64>) -> RpcResult<Vec<Proposal>> {
        let count = count.map_or(PROPOSALS_SHOWN_DEFAULT, |count| count.to());
        if count > PROPOSALS_SHOWN_MAX {
            return Err(errors::argument(0, format!("more than {PROPOSALS_SHOWN_MAX} proposals")));
        }
        let found = self.0.proposals.newest(count).await;
        let found = found.map_err(|error| unreadable("rollup_getProposals", &error))?;
        Ok(found.iter().map(Self::shown).collect())
    }
}

fn unreadable(request: &'static str, error: &ProposalsError) -> ErrorObjectOwned {
    match error {
        ProposalsError::Read(source) if source.severity() == Severity::Critical => {
            errors::internal(request, error)
        }
        ProposalsError::Read(_) => {
            tracing::warn!(request, cause = service::error_chain(error), "cannot read L1 now");
            errors::unreadable_now()
        }
        // Both pass with the next L1 block.
        ProposalsError::NoHead | ProposalsError::Spent => errors::unreadable_now(),
    }
}
