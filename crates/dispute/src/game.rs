//! What L1 shows of one dispute in the state after one block: the views of `ITournaments`, as values.
//!
//! Invariant: everything in a [`Game`] was read at the same block, whose timestamp is its `time`.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use serde::{Deserialize, Serialize};

/// What the leaves of a tournament's trees are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Claims of an interval's segments.
    Segments,
    /// States of the machine in the run of one segment, one per stride.
    Strides,
    /// States of the machine in one stride, one per step.
    Steps,
}

/// What is fixed for the life of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Heights of the trees of the three levels.
    pub heights: [u8; 3],
    /// What joining costs at the three levels, in wei.
    pub bonds: [U256; 3],
    /// For how long the outermost tournament can be joined, in seconds.
    pub window: u64,
    /// What two clocks gain when their sides meet, in seconds.
    pub effort: u64,
}

/// The proposal that a dispute is about, or may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProposalState {
    /// Never used again.
    pub id: u64,
    /// Its place in the list, which is.
    pub index: u64,
    /// The L2 block that it is for.
    pub l2_block: u64,
    /// Whether it is in the list, or was removed from it.
    pub stands: bool,
    /// What it builds on.
    pub parent_claim: B256,
    /// Its last claim.
    pub claim: B256,
    /// Its commitment.
    pub segments_root: B256,
    /// The children of the commitment's root.
    pub children: [B256; 2],
    /// Who put down the bond.
    pub proposer: Address,
    /// When it was made, in seconds.
    pub timestamp: u64,
    /// The tournament about it, if there is one.
    pub tournament: Option<B256>,
    /// A dispute has confirmed or brought it.
    pub decided: bool,
    /// Nothing can remove it any more.
    pub is_final: bool,
    /// The bond went back to its proposer.
    pub bond_claimed: bool,
    /// An earlier proposal is in an open dispute, which has to be decided first.
    pub waits_for_earlier: bool,
    /// No earlier one is, but the contract has not looked past all of them yet and has to be told to.
    pub waits_for_passing: bool,
}

/// All commitments to one trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tournament {
    /// The word before the first leaf.
    pub initial: B256,
    /// The match that it decides; `None` for the outermost.
    pub outer: Option<B256>,
    /// The commitment without an opponent.
    pub waiting: Option<B256>,
    /// Bonds of those who fell together, in wei.
    pub pot: U256,
    /// When it began, in seconds.
    pub start: u64,
    /// For how long it can be joined, in seconds.
    pub window: u64,
    /// What its leaves are.
    pub level: Level,
    /// Its result was taken.
    pub concluded: bool,
    /// When its last match ended.
    pub quiet_since: u64,
    /// Matches that are not over.
    pub open_matches: u32,
}

/// A side's time to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    /// Seconds that were left when it last stopped.
    pub left: u64,
    /// When it began to run; `None` while it stands.
    pub since: Option<u64>,
}

/// One commitment in one tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitmentState {
    /// Who put down the bond.
    pub joiner: Address,
    /// Its bond and those that it won, in wei; zero once it is out.
    pub stake: U256,
    /// Its clock.
    pub clock: Clock,
    /// It ends where the second side of the outer match says.
    pub for_two: bool,
}

/// How far a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// The sides take turns in opening nodes.
    Bisecting,
    /// The first difference is known.
    Sealed,
    /// One side is out, or both are.
    Over,
}

/// Two trees that differ, opened along the path to the first leaf in which they do. In a sealed match `node` is the last
/// word on which both agree, `left` the next one in the eyes of the first side and `right` in those of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bisection {
    /// The node of the side that has to open next.
    pub node: B256,
    /// Left child of the other side's node in the same place.
    pub left: B256,
    /// Right child of it.
    pub right: B256,
    /// The first leaf below that place.
    pub position: u64,
    /// How far the leaves are below it.
    pub height: u8,
}

/// Two commitments against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Where.
    pub tournament: B256,
    /// The side that waited.
    pub one: B256,
    /// The side that came.
    pub two: B256,
    /// How far down they are.
    pub bisection: Bisection,
    /// How far the match is.
    pub phase: Phase,
    /// The second side has to move.
    pub turn_of_two: bool,
}

/// Gas that a player can have back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refund {
    /// For moves in this match, which their side won.
    pub of_match: B256,
    /// In wei.
    pub amount: U256,
}

/// One dispute, or a proposal that may come to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Game {
    /// Timestamp of the L1 block, in seconds.
    pub time: u64,
    /// What it is about.
    pub proposal: ProposalState,
    /// What is fixed.
    pub rules: Rules,
    /// All tournaments of all levels, by name.
    pub tournaments: BTreeMap<B256, Tournament>,
    /// All commitments, by tournament and root.
    pub commitments: BTreeMap<(B256, B256), CommitmentState>,
    /// All matches, by name.
    pub matches: BTreeMap<B256, Match>,
    /// What the player can have back for moves that it made for others' commitments.
    pub refunds: Vec<Refund>,
    /// What the player can take out of the contract, in wei.
    pub credit: U256,
}

impl Game {
    /// The tournament that a match has opened.
    pub fn inner(&self, of_match: &B256) -> Option<(B256, &Tournament)> {
        let id = inner_of(of_match);
        self.tournaments.get(&id).map(|tournament| (id, tournament))
    }

    /// The matches of a tournament.
    pub fn matches_of(&self, tournament: B256) -> impl Iterator<Item = (&B256, &Match)> {
        self.matches.iter().filter(move |(_, played)| played.tournament == tournament)
    }

    /// The outermost tournament, if there is one.
    pub fn outermost(&self) -> Option<(B256, &Tournament)> {
        let id = self.proposal.tournament?;
        self.tournaments.get(&id).map(|tournament| (id, tournament))
    }

    /// The clock of a side of a match; one that is out if there is no such commitment, which no contract shows.
    pub fn clock(&self, played: &Match, of_two: bool) -> Clock {
        let root = if of_two { played.two } else { played.one };
        let side = self.commitments.get(&(played.tournament, root));
        side.map_or_else(Clock::default, |side| side.clock)
    }
}

impl Tournament {
    /// Whether nobody can join at this time.
    pub const fn is_closed(&self, time: u64) -> bool {
        time >= self.start.saturating_add(self.window)
    }

    /// Whether nobody can join and no match is open.
    pub const fn is_over(&self, time: u64) -> bool {
        self.is_closed(time) && self.open_matches == 0
    }
}

impl Clock {
    /// Seconds that are left at this time.
    pub fn remaining(&self, time: u64) -> u64 {
        let used = self.since.map_or(0, |since| time.saturating_sub(since));
        self.left.saturating_sub(used)
    }
}

impl Match {
    /// Which side a commitment is: whether the second. `None` if it is none of them.
    pub fn side_of(&self, root: B256) -> Option<bool> {
        match root {
            root if root == self.one => Some(false),
            root if root == self.two => Some(true),
            _ => None,
        }
    }
}

impl Level {
    /// Its place in lists of the three.
    pub const fn index(self) -> usize {
        match self {
            Self::Segments => 0,
            Self::Strides => 1,
            Self::Steps => 2,
        }
    }

    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::Strides => "strides",
            Self::Steps => "steps",
        }
    }
}

/// The name of the tournament that a match opens when it is sealed: `keccak256(abi.encode("inner", outerMatch))`.
pub fn inner_of(outer_match: &B256) -> B256 {
    let mut bytes = [0; 128];
    bytes[31] = 64;
    bytes[32..64].copy_from_slice(outer_match.as_slice());
    bytes[95] = 5;
    bytes[96..101].copy_from_slice(b"inner");
    keccak256(bytes)
}

/// The name of a match: `keccak256(abi.encode(tournament, one, two))`.
pub fn match_id(tournament: &B256, one: &B256, two: &B256) -> B256 {
    keccak256([tournament.as_slice(), one.as_slice(), two.as_slice()].concat())
}
