//! Proposals on L1, as proposers and verifiers read them. It judges none of them.

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, U256},
    sol_types::SolEvent,
};
use bindings::OutputOracle::{
    OutputProposed, isFinalCall, nextBlockNumberCall, proposalCall, proposalCountCall,
};

use crate::{client::L1Client, error::L1Error};

/// One claimed output root and the view of L1 it is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its place in the oracle, from 0.
    pub index: u64,
    /// The claimed output root.
    pub output_root: B256,
    /// The L2 block it is for.
    pub l2_block: u64,
    /// Root of the Merkle tree over the segment claims of the interval.
    pub segments_root: B256,
    /// The batches that count.
    pub batch_accumulator: B256,
    /// The messages that count.
    pub message_accumulator: B256,
    /// L1 block that holds it.
    pub l1_block: u64,
    /// Hash of the L1 block before that one.
    pub l1_parent_hash: B256,
    /// Who put down the bond; zero for the genesis output.
    pub proposer: Address,
    /// L1 time of the proposal, in seconds.
    pub timestamp: u64,
    /// Whether the bond went back.
    pub bond_claimed: bool,
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

    /// How many proposals there are in the state after `block`.
    pub async fn count(&self, block: BlockId) -> Result<u64, L1Error> {
        let count = self.client.call(self.oracle, proposalCountCall {}, block).await?;
        self.number(count)
    }

    /// The L2 block that the next proposal must be for.
    pub async fn next_block(&self, block: BlockId) -> Result<u64, L1Error> {
        let next = self.client.call(self.oracle, nextBlockNumberCall {}, block).await?;
        self.number(next)
    }

    /// The proposal with this index, in the state after `block`.
    pub async fn proposal(&self, index: u64, block: BlockId) -> Result<Proposal, L1Error> {
        let call = proposalCall { index: U256::from(index) };
        let proposal = self.client.call(self.oracle, call, block).await?;
        Ok(Proposal {
            index,
            output_root: proposal.outputRoot,
            l2_block: proposal.l2BlockNumber,
            segments_root: proposal.segmentsRoot,
            batch_accumulator: proposal.batchAccumulator,
            message_accumulator: proposal.messageAccumulator,
            l1_block: proposal.l1BlockNumber,
            l1_parent_hash: proposal.l1ParentHash,
            proposer: proposal.proposer,
            timestamp: proposal.timestamp,
            bond_claimed: proposal.bondClaimed,
        })
    }

    /// Whether the proposal can no longer be disputed, in the state after `block`.
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

    /// Proposals made in exactly this L1 block.
    pub async fn made_in(&self, block_hash: B256) -> Result<Vec<Proposal>, L1Error> {
        let topics = [OutputProposed::SIGNATURE_HASH];
        let logs = self.client.logs(block_hash, &[self.oracle], &topics).await?;
        let mut proposals = Vec::with_capacity(logs.len());
        for log in logs {
            let event = OutputProposed::decode_log(&log.inner)
                .map_err(|source| L1Error::Decode { contract: self.oracle, source })?;
            let index = self.number(event.l2OutputIndex)?;
            proposals.push(self.proposal(index, BlockId::hash(block_hash)).await?);
        }
        Ok(proposals)
    }

    /// The oracle counts in 256 bits; its own bounds keep the numbers below 64.
    fn number(&self, number: U256) -> Result<u64, L1Error> {
        u64::try_from(number).map_err(|_| L1Error::Decode {
            contract: self.oracle,
            source: alloy::sol_types::Error::Overrun,
        })
    }
}
