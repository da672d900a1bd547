//! Disputes on L1, as players read them: names from the logs of the oracle, then what its views say of them.
//!
//! It judges nothing. Invariant: [`DisputeViews`] are all of one block; names come from the chain that it is on, or the
//! reading fails.

mod names;
mod passing;

use std::collections::BTreeMap;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, U256},
    providers::Provider,
    rpc::types::{Filter, Log},
    sol_types::SolCall,
};
use bindings::{
    DisputeOracle::{
        bondCall, collectRefundCall, commitmentOfCall, creditCall, heightCall, isFinalCall,
        matchOfCall, proposalByIdCall, proposalCall, proposalCountCall, tournamentOfCall,
    },
    IDisputeOracle, ITournaments,
};
use futures::{StreamExt, TryStreamExt, stream};

pub use self::names::{DisputeNames, GameNames, ProposalNames};
use crate::{client::L1Client, error::L1Error};

/// L1 blocks whose logs are asked for at once.
const LOG_BLOCKS_MAX: u64 = 1_000;
/// Views that are asked for at the same time.
const VIEWS_IN_FLIGHT_MAX: usize = 16;
/// Proposals that are looked back on, at most.
const PROPOSALS_BACK_MAX: u64 = 1_024;
/// Windows after which whoever took part in a dispute has what is theirs.
const SETTLED_WINDOWS: u64 = 4;

/// What is fixed for the life of the oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeRules {
    /// Heights of the trees of the three levels.
    pub heights: [u8; 3],
    /// What joining costs at the three levels, in wei.
    pub bonds: [U256; 3],
    /// For how long a proposal can be disputed, in seconds.
    pub window: u64,
    /// What clocks gain when two sides meet, in seconds.
    pub effort: u64,
}

/// What the oracle's disputes are about. A version of the program that differs in one byte is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputedProgram {
    /// Hash of the machine's state before the first step of any run.
    pub initial_state: B256,
    /// Hash of what a run must know of its chain.
    pub parameters_hash: B256,
}

/// What the oracle says of one proposal and the dispute about it, in the state after one block.
#[derive(Clone, Debug)]
pub struct DisputeViews {
    /// Timestamp of the block, in seconds.
    pub time: u64,
    /// Id of the proposal.
    pub id: u64,
    /// The proposal.
    pub proposal: IDisputeOracle::Proposal,
    /// The children of the root of its commitment.
    pub children: [B256; 2],
    /// Whether it is in the list.
    pub stands: bool,
    /// Whether nothing can remove it any more.
    pub is_final: bool,
    /// It is in dispute, and the oracle has not looked past all before it that is decided. True as well where an earlier
    /// one is in dispute, if its window has passed.
    pub is_held_up: bool,
    /// What it builds on; `None` if it was removed undisputed, when that is forgotten.
    pub parent_claim: Option<B256>,
    /// By name.
    pub tournaments: BTreeMap<B256, ITournaments::Tournament>,
    /// By tournament and root.
    pub commitments: BTreeMap<(B256, B256), ITournaments::Commitment>,
    /// By name.
    pub matches: BTreeMap<B256, ITournaments::Match>,
    /// What the account can have back for its moves, by match.
    pub refunds: BTreeMap<B256, U256>,
    /// What the account can take out, in wei.
    pub credit: U256,
}

/// Reads the disputes of one oracle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Disputes {
    client: L1Client,
    oracle: Address,
}

impl Disputes {
    /// Reads disputes from this oracle.
    #[must_use]
    pub const fn new(client: L1Client, oracle: Address) -> Self {
        Self { client, oracle }
    }

    /// The oracle.
    #[must_use]
    pub const fn oracle(&self) -> Address {
        self.oracle
    }

    /// What is fixed.
    pub async fn rules(&self, block_hash: B256) -> Result<DisputeRules, L1Error> {
        use bindings::DisputeOracle::{EFFORTCall, WINDOWCall};
        let (mut heights, mut bonds) = ([0; 3], [U256::ZERO; 3]);
        for level in 0..3_u8 {
            let place = usize::from(level);
            heights[place] = self.view(heightCall { level }, block_hash).await?;
            bonds[place] = self.view(bondCall { level }, block_hash).await?;
        }
        let window = self.view(WINDOWCall {}, block_hash).await?;
        let effort = self.view(EFFORTCall {}, block_hash).await?;
        Ok(DisputeRules { heights, bonds, window, effort })
    }

    /// What is disputed with.
    pub async fn program(&self, block_hash: B256) -> Result<DisputedProgram, L1Error> {
        use bindings::DisputeOracle::{INITIAL_STATECall, PARAMETERS_HASHCall};
        let initial_state = self.view(INITIAL_STATECall {}, block_hash).await?;
        let parameters_hash = self.view(PARAMETERS_HASHCall {}, block_hash).await?;
        Ok(DisputedProgram { initial_state, parameters_hash })
    }

    /// The L1 block from which on proposals may still matter: that of the newest one that is final and so old that what it
    /// may have put in place of is settled.
    pub async fn first_block_of_interest(
        &self,
        window: u64,
        block_hash: B256,
    ) -> Result<u64, L1Error> {
        let count = self.view(proposalCountCall {}, block_hash).await?;
        let now = self.time(block_hash).await?;
        let mut first = 0;
        for back in 1..=PROPOSALS_BACK_MAX {
            let Some(index) = count.checked_sub(U256::from(back)) else { break };
            let proposal = self.view(proposalCall { index }, block_hash).await?;
            first = proposal.l1BlockNumber;
            let settled = proposal.timestamp.saturating_add(SETTLED_WINDOWS * window);
            if settled <= now && self.view(is_final(&proposal), block_hash).await? {
                break;
            }
        }
        Ok(first)
    }

    /// Takes in the names of L1 blocks from `first` up to the one with this hash and number, which must be canonical
    /// before and after, so that no other chain's names come in.
    pub async fn read_names(
        &self,
        names: &mut DisputeNames,
        first: u64,
        last: protocol::BlockId,
    ) -> Result<(), L1Error> {
        self.require_canonical(last).await?;
        let mut found = Vec::new();
        let mut from = first;
        while from <= last.number {
            let to = std::cmp::min(last.number, from.saturating_add(LOG_BLOCKS_MAX - 1));
            found.extend(self.logs(from, to).await?);
            from = to.saturating_add(1);
        }
        self.require_canonical(last).await?;
        for log in found {
            names.add(&log.inner).map_err(|source| self.not_its_interface(source))?;
        }
        Ok(())
    }

    /// What the oracle says of a proposal and its dispute, and what it has for an account.
    pub async fn views(
        &self,
        names: &DisputeNames,
        id: u64,
        account: Address,
        block_hash: B256,
    ) -> Result<DisputeViews, L1Error> {
        let time = self.time(block_hash).await?;
        let call = proposalByIdCall { id: U256::from(id) };
        let proposal = self.view(call, block_hash).await?;
        let stands = self.stands(id, &proposal, block_hash).await?;
        let empty = GameNames::default();
        let game = names.game(proposal.tournament).unwrap_or(&empty);
        // However many there are: each cost a bond, and who looked at no more than some would lose to whoever paid for those.
        let asked = game.tournaments.iter();
        let asked = asked.map(|name| (*name, tournamentOfCall { tournament: *name }));
        let tournaments = self.many(asked, block_hash).await?;
        let parent_claim = match tournaments.get(&proposal.tournament) {
            Some(outermost) => Some(outermost.initial),
            None if stands && proposal.index > 0 => {
                let index = U256::from(proposal.index - 1);
                Some(self.view(proposalCall { index }, block_hash).await?.claim)
            }
            None => None,
        };
        let is_final = stands && self.view(is_final(&proposal), block_hash).await?;
        let is_held_up =
            stands && self.is_held_up(names, (id, &proposal), time, block_hash).await?;
        let asked = game.matches.iter().map(|id| (*id, matchOfCall { id: *id }));
        let matches = self.many(asked, block_hash).await?;
        let asked = game.commitments.iter().map(|(tournament, root)| {
            let call = commitmentOfCall { tournament: *tournament, root: *root };
            ((*tournament, *root), call)
        });
        let commitments = self.many(asked, block_hash).await?;
        let opened = names.proposal(id).map(|opened| opened.children);
        Ok(DisputeViews {
            time,
            id,
            children: opened.unwrap_or_default(),
            stands,
            is_final,
            is_held_up,
            parent_claim,
            commitments,
            refunds: self.refunds(game, &matches, account, block_hash).await?,
            credit: self.view(creditCall { account }, block_hash).await?,
            proposal,
            tournaments,
            matches,
        })
    }

    async fn stands(
        &self,
        id: u64,
        proposal: &IDisputeOracle::Proposal,
        block_hash: B256,
    ) -> Result<bool, L1Error> {
        use bindings::DisputeOracle::idOfCall;
        let index = U256::from(proposal.index);
        let count = self.view(proposalCountCall {}, block_hash).await?;
        Ok(index < count && self.view(idOfCall { index }, block_hash).await? == U256::from(id))
    }

    /// Asks for many views, several of them at the same time.
    async fn many<K: Ord + Send, C: SolCall + Send>(
        &self,
        asked: impl Iterator<Item = (K, C)>,
        block_hash: B256,
    ) -> Result<BTreeMap<K, C::Return>, L1Error>
    where
        C::Return: Send,
    {
        let (reader, asked) = (self.clone(), asked.collect::<Vec<_>>());
        let asked = stream::iter(asked).map(move |(name, call)| {
            let reader = reader.clone();
            async move { Ok((name, reader.view(call, block_hash).await?)) }
        });
        asked.buffered(VIEWS_IN_FLIGHT_MAX).try_collect().await
    }

    /// The contract does not show which refunds were collected, so collecting them is tried.
    async fn refunds(
        &self,
        names: &GameNames,
        matches: &BTreeMap<B256, ITournaments::Match>,
        mover: Address,
        block: B256,
    ) -> Result<BTreeMap<B256, U256>, L1Error> {
        let mut found = BTreeMap::new();
        for (id, amount) in names.owed_to(mover, matches) {
            let call = collectRefundCall { id, mover };
            match self.client.call(self.oracle, call, BlockId::hash(block)).await {
                Ok(_) => {
                    found.insert(id, amount);
                }
                Err(error) if error.is_revert() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn logs(&self, from: u64, to: u64) -> Result<Vec<Log>, L1Error> {
        let filter = Filter::new().address(self.oracle).from_block(from).to_block(to);
        let found = self.client.provider().get_logs(&filter).await;
        found.map_err(|source| L1Error::Request { method: "eth_getLogs", source })
    }

    /// Whether a block is on the chain that L1 has now.
    pub async fn is_canonical(&self, block: protocol::BlockId) -> Result<bool, L1Error> {
        let header = self.client.find_header(BlockNumberOrTag::Number(block.number)).await?;
        Ok(header.is_some_and(|header| header.hash == block.hash))
    }

    /// Timestamp of a block, in seconds.
    pub async fn time(&self, block_hash: B256) -> Result<u64, L1Error> {
        let header = self.client.find_header_by_hash(block_hash).await?;
        let missing = || L1Error::BlockMissing { block: block_hash.to_string() };
        Ok(header.ok_or_else(missing)?.timestamp)
    }

    async fn require_canonical(&self, block: protocol::BlockId) -> Result<(), L1Error> {
        if self.is_canonical(block).await? {
            return Ok(());
        }
        let what = "a block that is not canonical any more";
        Err(L1Error::Inconsistent { number: block.number, what })
    }

    fn not_its_interface(&self, source: alloy::sol_types::Error) -> L1Error {
        L1Error::Decode { contract: self.oracle, source }
    }

    async fn view<C: SolCall + Send>(
        &self,
        call: C,
        block_hash: B256,
    ) -> Result<C::Return, L1Error> {
        self.client.call(self.oracle, call, BlockId::hash(block_hash)).await
    }
}

const fn is_final(proposal: &IDisputeOracle::Proposal) -> isFinalCall {
    isFinalCall { index: U256::from_limbs([proposal.index, 0, 0, 0]) }
}
