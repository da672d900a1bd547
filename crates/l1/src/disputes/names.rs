//! What there is to ask the oracle about: names of tournaments, commitments and matches, from its logs. Pure.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{Address, B256, Log, U256},
    sol_types::SolEventInterface,
};
use bindings::{DisputeOracle::DisputeOracleEvents, ITournaments};

/// The names of all disputes that begin in the logs that were added.
#[derive(Clone, Debug, Default)]
pub struct DisputeNames {
    /// By id.
    proposals: BTreeMap<u64, ProposalNames>,
    /// By the outermost tournament.
    games: BTreeMap<B256, GameNames>,
    /// The outermost tournament of each tournament and match.
    outermost: BTreeMap<B256, B256>,
}

/// What the logs say of a proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProposalNames {
    /// The children of the root of its commitment.
    pub children: [B256; 2],
    /// The tournament about it.
    pub tournament: Option<B256>,
}

/// The names of one dispute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GameNames {
    /// Of all levels.
    pub tournaments: BTreeSet<B256>,
    /// With their tournaments.
    pub commitments: BTreeSet<(B256, B256)>,
    /// Of all levels.
    pub matches: BTreeSet<B256>,
    /// What movers get back if the side that they moved for wins: match, whether for the second side, mover.
    pub owed: BTreeMap<(B256, bool, Address), U256>,
}

impl DisputeNames {
    /// Takes in the next log of the oracle.
    ///
    /// # Errors
    /// It is none.
    pub fn add(&mut self, log: &Log) -> Result<(), alloy::sol_types::Error> {
        use DisputeOracleEvents as Event;
        match DisputeOracleEvents::decode_log(log)?.data {
            Event::SegmentsOpened(event) => {
                let proposal = self.proposals.entry(number(event.id)?).or_default();
                proposal.children = [event.left, event.right];
            }
            Event::ProposalDisputed(event) => {
                let proposal = self.proposals.entry(number(event.id)?).or_default();
                proposal.tournament = Some(event.tournament);
                self.games.entry(event.tournament).or_default();
                self.outermost.insert(event.tournament, event.tournament);
            }
            Event::TournamentOpened(event) => {
                if let Some(outermost) = self.outermost.get(&event.outer).copied() {
                    self.outermost.insert(event.tournament, outermost);
                }
                if let Some(game) = self.game_mut(event.tournament) {
                    game.tournaments.insert(event.tournament);
                }
            }
            Event::Joined(event) => {
                if let Some(game) = self.game_mut(event.tournament) {
                    game.commitments.insert((event.tournament, event.commitment));
                }
            }
            Event::Paired(event) => {
                if let Some(outermost) = self.outermost.get(&event.tournament).copied() {
                    self.outermost.insert(event.matchId, outermost);
                }
                if let Some(game) = self.game_mut(event.tournament) {
                    game.matches.insert(event.matchId);
                }
            }
            Event::RefundOwed(event) => {
                if let Some(game) = self.game_mut(event.matchId) {
                    let owed = game.owed.entry((event.matchId, event.forTwo, event.mover));
                    let sum = owed.or_default();
                    *sum = sum.saturating_add(event.amount);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What the logs say of a proposal.
    #[must_use]
    pub fn proposal(&self, id: u64) -> Option<&ProposalNames> {
        self.proposals.get(&id)
    }

    /// The names of the dispute with this outermost tournament.
    #[must_use]
    pub fn game(&self, tournament: B256) -> Option<&GameNames> {
        self.games.get(&tournament)
    }

    /// Ids of all proposals, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.proposals.keys().copied()
    }

    /// Ids of the proposals that were disputed, oldest first.
    pub fn disputed(&self) -> impl Iterator<Item = u64> + '_ {
        let disputed = self.proposals.iter().filter(|(_, names)| names.tournament.is_some());
        disputed.map(|(id, _)| *id)
    }

    /// What belongs to a tournament or match; `None` if it is of a dispute that began before the first log.
    fn game_mut(&mut self, name: B256) -> Option<&mut GameNames> {
        let outermost = self.outermost.get(&name)?;
        self.games.get_mut(outermost)
    }
}

impl GameNames {
    /// What a mover was promised for matches that its side has won.
    pub fn owed_to<'a>(
        &'a self,
        mover: Address,
        matches: &'a BTreeMap<B256, ITournaments::Match>,
    ) -> impl Iterator<Item = (B256, U256)> + 'a {
        self.owed.iter().filter_map(move |((id, for_two, owed), amount)| {
            let played = matches.get(id)?;
            let is_won = played.won && played.wonByTwo == *for_two && *owed == mover;
            is_won.then_some((*id, *amount))
        })
    }
}

/// Ids are counted in 64 bits by the contract.
fn number(id: U256) -> Result<u64, alloy::sol_types::Error> {
    u64::try_from(id).map_err(|_| alloy::sol_types::Error::Overrun)
}
