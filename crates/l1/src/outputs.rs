//! Proposals on L1, as proposers and verifiers read them. It judges none of them, and reads no dispute about one.
//!
//! A proposal goes when it loses its dispute or falls with another, without any reorg of L1. Then its index may be another's
//! later on; its id never is. Ids rise with the index, and what is removed takes all later ones along, so a reader whose
//! last proposal still has its id knows that all before it have theirs too ([`Outputs::id`]).

mod source;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, U256},
    sol_types::SolEvent,
};
use bindings::DisputeOracle::{
    OutputProposed, OutputsDeleted, getL2OutputIndexAfterCall, idOfCall, isFinalCall,
    latestBlockNumberCall, nextBlockNumberCall, proposalByIdCall, proposalCountCall,
};

pub use source::{ProposalSource, RecordedProposals};

use crate::{client::L1Client, error::L1Error};

/// A claim about the last of a number of L2 blocks, and the view of L1 it is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its name: never given again.
    pub id: u64,
    /// Its place in the list while it stands there, from 0. The genesis is the first.
    pub index: u64,
    /// The claimed output root.
    pub output_root: B256,
    /// The claim of the interval's last block, of which the output root is a part.
    pub claim: B256,
    /// The L2 block it is for: the last that it covers.
    pub l2_block: u64,
    /// The L2 block before the first that it covers; zero for the genesis, which covers the genesis block alone.
    pub parent_block: u64,
    /// Root of the tree over the claims of the interval's segments; zero for the genesis.
    pub segments_root: B256,
    /// The batches that count.
    pub batch_accumulator: B256,
    /// The messages that count.
    pub message_accumulator: B256,
    /// L1 block that holds it.
    pub l1_block: u64,
    /// Hash of the L1 block before that one.
    pub l1_parent_hash: B256,
    /// The tournament about it, or that has brought it.
    pub tournament: Option<B256>,
    /// Who put down the bond; zero for the genesis.
    pub proposer: Address,
    /// L1 time of the proposal, in seconds.
    pub timestamp: u64,
    /// Whether the bond was credited to the proposer.
    pub bond_claimed: bool,
    /// Whether a dispute has confirmed or brought it.
    pub decided: bool,
}

impl Proposal {
    /// The first L2 block that it covers.
    #[must_use]
    pub const fn first_block(&self) -> u64 {
        if self.l2_block > self.parent_block { self.parent_block + 1 } else { self.l2_block }
    }

    /// Whether this L2 block is one of those that it covers.
    #[must_use]
    pub const fn covers(&self, l2_block: u64) -> bool {
        self.first_block() <= l2_block && l2_block <= self.l2_block
    }
}

/// Reads the proposals of one oracle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outputs {
    client: L1Client,
    oracle: Address,
}

impl Outputs {
    /// Reads proposals from this oracle.
    #[must_use]
    pub const fn new(client: L1Client, oracle: Address) -> Self {
        Self { client, oracle }
    }

    /// The contract that is read.
    #[must_use]
    pub const fn oracle(&self) -> Address {
        self.oracle
    }

    /// How many proposals stand in the state after `block`.
    pub async fn count(&self, block: BlockId) -> Result<u64, L1Error> {
        let count = self.client.call(self.oracle, proposalCountCall {}, block).await?;
        self.number(count)
    }

    /// The lowest L2 block that the next proposal may be for.
    pub async fn next_block(&self, block: BlockId) -> Result<u64, L1Error> {
        let next = self.client.call(self.oracle, nextBlockNumberCall {}, block).await?;
        self.number(next)
    }

    /// The L2 block that the newest proposal is for, in the state after `block`.
    pub async fn latest_block(&self, block: BlockId) -> Result<u64, L1Error> {
        let latest = self.client.call(self.oracle, latestBlockNumberCall {}, block).await?;
        self.number(latest)
    }

    /// Index of the first proposal that covers this L2 block, in the state after the block with this hash; `None` if none
    /// does yet. Proposals cover different numbers of blocks, so only the contract knows.
    pub async fn covering(&self, l2_block: u64, block_hash: B256) -> Result<Option<u64>, L1Error> {
        let block = BlockId::hash(block_hash);
        // The contract reverts where none does, which looks like any other fault.
        if self.latest_block(block).await? < l2_block {
            return Ok(None);
        }
        let call = getL2OutputIndexAfterCall { l2BlockNumber: U256::from(l2_block) };
        let index = self.client.call(self.oracle, call, block).await?;
        self.number(index).map(Some)
    }

    /// Which proposal stands at this index in the state after `block`; `None` if none does.
    pub async fn id(&self, index: u64, block: BlockId) -> Result<Option<u64>, L1Error> {
        if index >= self.count(block).await? {
            return Ok(None);
        }
        self.id_of(index, block).await.map(Some)
    }

    /// The proposal that stands at this index in the state after `block`.
    pub async fn proposal(&self, index: u64, block: BlockId) -> Result<Proposal, L1Error> {
        let id = self.id_of(index, block).await?;
        self.by_id(id, block).await
    }

    /// The proposal with this id, one that was removed too, in the state after `block`.
    pub async fn by_id(&self, id: u64, block: BlockId) -> Result<Proposal, L1Error> {
        let call = proposalByIdCall { id: U256::from(id) };
        let proposal = self.client.call(self.oracle, call, block).await?;
        Ok(Proposal {
            id,
            index: proposal.index,
            output_root: proposal.outputRoot,
            claim: proposal.claim,
            l2_block: proposal.l2BlockNumber,
            parent_block: proposal.parentBlockNumber,
            segments_root: proposal.segmentsRoot,
            batch_accumulator: proposal.batchAccumulator,
            message_accumulator: proposal.messageAccumulator,
            l1_block: proposal.l1BlockNumber,
            l1_parent_hash: proposal.l1ParentHash,
            tournament: (!proposal.tournament.is_zero()).then_some(proposal.tournament),
            proposer: proposal.proposer,
            timestamp: proposal.timestamp,
            bond_claimed: proposal.bondClaimed,
            decided: proposal.decided,
        })
    }

    /// Whether the proposal at this index can no longer go, in the state after `block`.
    pub async fn is_final(&self, index: u64, block: BlockId) -> Result<bool, L1Error> {
        self.client.call(self.oracle, isFinalCall { index: U256::from(index) }, block).await
    }

    /// At most `count_max` proposals from `first` on, all in the state after the block with this hash.
    pub async fn list(
        &self,
        first: u64,
        count_max: u64,
        block_hash: B256,
    ) -> Result<Vec<Proposal>, L1Error> {
        let block = BlockId::hash(block_hash);
        let end = std::cmp::min(self.count(block).await?, first.saturating_add(count_max));
        let mut proposals = Vec::new();
        for index in first..end {
            proposals.push(self.proposal(index, block).await?);
        }
        Ok(proposals)
    }

    /// Proposals made in exactly this L1 block that stand at its end.
    pub async fn made_in(&self, block_hash: B256) -> Result<Vec<Proposal>, L1Error> {
        let topics = [OutputProposed::SIGNATURE_HASH];
        let logs = self.client.logs(block_hash, &[self.oracle], &topics).await?;
        let (block, mut proposals) = (BlockId::hash(block_hash), Vec::with_capacity(logs.len()));
        for log in logs {
            let event = OutputProposed::decode_log(&log.inner)
                .map_err(|source| L1Error::Decode { contract: self.oracle, source })?;
            let index = self.number(event.l2OutputIndex)?;
            if let Some(id) = self.id(index, block).await? {
                proposals.push(self.by_id(id, block).await?);
            }
        }
        // One that went and the one that came in its place in the same block are found by one index.
        proposals.dedup_by_key(|proposal| proposal.id);
        Ok(proposals)
    }

    /// The lowest index that lost its proposal in exactly this L1 block, by a dispute; `None` if none did.
    pub async fn removed_in(&self, block_hash: B256) -> Result<Option<u64>, L1Error> {
        let topics = [OutputsDeleted::SIGNATURE_HASH];
        let mut lowest = None;
        for log in self.client.logs(block_hash, &[self.oracle], &topics).await? {
            let event = OutputsDeleted::decode_log(&log.inner)
                .map_err(|source| L1Error::Decode { contract: self.oracle, source })?;
            let first = self.number(event.newNextOutputIndex)?;
            lowest = Some(lowest.map_or(first, |lowest| std::cmp::min(lowest, first)));
        }
        Ok(lowest)
    }

    async fn id_of(&self, index: u64, block: BlockId) -> Result<u64, L1Error> {
        let call = idOfCall { index: U256::from(index) };
        let id = self.client.call(self.oracle, call, block).await?;
        self.number(id)
    }

    /// The oracle counts in 256 bits; its own bounds keep the numbers below 64.
    fn number(&self, number: U256) -> Result<u64, L1Error> {
        u64::try_from(number).map_err(|_| L1Error::Decode {
            contract: self.oracle,
            source: alloy::sol_types::Error::Overrun,
        })
    }
}
