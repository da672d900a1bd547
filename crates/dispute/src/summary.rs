//! A game for people: who plays whom about what, whose turn it is, and how long they have.

use std::fmt::Write;

use alloy_primitives::{Address, B256, U256};
use fault_proof::commitment::Commitment;
use serde::{Deserialize, Serialize};

use crate::{Act, Game, Level, Match, Phase};

/// A dispute as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GameSummary {
    /// Id of the proposal.
    pub proposal: u64,
    /// Its place in the list.
    pub index: u64,
    /// The L2 block that it is for.
    pub l2_block: u64,
    /// Who proposed it.
    pub proposer: Address,
    /// Whether it is what we would have proposed; `None` while we do not know.
    pub is_true: Option<bool>,
    /// The tournament about it, if there is one.
    pub tournament: Option<B256>,
    /// When nobody can dispute or join it any more, in seconds.
    pub joinable_until: u64,
    /// Whether its result was taken.
    pub concluded: bool,
    /// The winner of it, as it stands.
    pub waiting: Option<B256>,
    /// Our commitment has joined it.
    pub joined: bool,
    /// What our commitments have at stake in all its tournaments, in wei.
    pub stake: U256,
    /// Matches that are not over, ours first.
    pub matches: Vec<MatchSummary>,
    /// What is to be done next, by the names of the contract's functions.
    pub next: Vec<String>,
}

/// A match as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchSummary {
    /// Its name.
    pub id: B256,
    /// What is compared.
    pub level: Level,
    /// How far it is.
    pub phase: Phase,
    /// The first leaf that may differ.
    pub position: u64,
    /// How far the leaves are below; zero where the first difference is known.
    pub height: u8,
    /// Which side is ours: whether the second. `None` if both are others'.
    pub ours: Option<bool>,
    /// Which side has to move: whether the second. `None` if an inner tournament decides, or both clocks run.
    pub turn_of_two: Option<bool>,
    /// Seconds that are left to the first side.
    pub left_one: u64,
    /// Seconds that are left to the second side.
    pub left_two: u64,
}

impl GameSummary {
    /// What a game is like, in the eyes of one who has these trees and would do these acts.
    pub fn new(game: &Game, ours: &[&Commitment], acts: &[Act]) -> Self {
        let roots: Vec<B256> = ours.iter().map(|tree| tree.root()).collect();
        let proposal = &game.proposal;
        let outermost = game.outermost();
        let joined = outermost.is_some_and(|(id, _)| {
            roots.iter().any(|root| game.commitments.contains_key(&(id, *root)))
        });
        let of_ours = game.commitments.iter().filter(|((_, root), _)| roots.contains(root));
        let open = game.matches.iter().filter(|(_, played)| played.phase != Phase::Over);
        let mut matches: Vec<_> =
            open.map(|(id, played)| MatchSummary::new(game, *id, played, &roots)).collect();
        matches.sort_by_key(|played| (played.ours.is_none(), played.level));
        Self {
            proposal: proposal.id,
            index: proposal.index,
            l2_block: proposal.l2_block,
            proposer: proposal.proposer,
            is_true: roots.first().map(|segments| *segments == proposal.segments_root),
            tournament: proposal.tournament,
            joinable_until: proposal.timestamp.saturating_add(game.rules.window),
            concluded: outermost.is_some_and(|(_, tournament)| tournament.concluded),
            waiting: outermost.and_then(|(_, tournament)| tournament.waiting),
            joined,
            stake: of_ours.fold(U256::ZERO, |sum, (_, side)| sum.saturating_add(side.stake)),
            matches,
            next: acts.iter().map(|act| act.name().to_owned()).collect(),
        }
    }

    /// The least time that is left on a clock of ours that runs, in seconds.
    pub fn our_time(&self) -> Option<u64> {
        let ours = self.matches.iter().filter(|played| {
            let is_running = played.turn_of_two.is_none_or(|turn| Some(turn) == played.ours);
            is_running && (played.phase == Phase::Bisecting || played.level == Level::Steps)
        });
        ours.filter_map(|played| Some(if played.ours? { played.left_two } else { played.left_one }))
            .min()
    }
}

impl GameSummary {
    /// The clocks of our matches that are not over, also while they stand still: what is compared, whether it is the other
    /// side's, and how many seconds are left on it.
    pub fn clocks(&self) -> impl Iterator<Item = (Level, bool, u64)> {
        self.matches.iter().flat_map(|played| {
            let (one, two) = (played.left_one, played.left_two);
            let sides = played.ours.map(|ours| if ours { (two, one) } else { (one, two) });
            sides
                .into_iter()
                .flat_map(|(our, their)| [(played.level, false, our), (played.level, true, their)])
        })
    }
}

impl MatchSummary {
    fn new(game: &Game, id: B256, played: &Match, roots: &[B256]) -> Self {
        let level = game.tournaments.get(&played.tournament).map(|found| found.level);
        let left = |two| game.clock(played, two).remaining(game.time);
        Self {
            id,
            level: level.unwrap_or(Level::Segments),
            phase: played.phase,
            position: played.bisection.position,
            height: played.bisection.height,
            ours: roots.iter().find_map(|root| played.side_of(*root)),
            turn_of_two: (played.phase == Phase::Bisecting).then_some(played.turn_of_two),
            left_one: left(false),
            left_two: left(true),
        }
    }
}

/// A game in words.
pub fn explain(game: &GameSummary) -> String {
    let mut text = format!(
        "Proposal {} for block {} by {}: {}.\n",
        game.proposal,
        game.l2_block,
        game.proposer,
        match game.is_true {
            Some(true) => "true",
            Some(false) => "wrong",
            None => "not judged yet",
        }
    );
    text.push_str(match (&game.tournament, game.concluded, game.joined) {
        (None, _, _) => "Nobody has disputed it.",
        (Some(_), true, _) => "Its dispute is over.",
        (Some(_), false, true) => "It is in dispute, and our commitment plays.",
        (Some(_), false, false) => "It is in dispute, and our commitment does not play.",
    });
    text.push('\n');
    for played in &game.matches {
        explain_match(&mut text, played);
    }
    if !game.next.is_empty() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "To do: {}.", game.next.join(", "));
    }
    text
}

fn explain_match(text: &mut String, played: &MatchSummary) {
    let what = match played.level {
        Level::Segments => "segments of the interval",
        Level::Strides => "strides of one run",
        Level::Steps => "steps of one stride",
    };
    let who = match played.ours {
        Some(_) => "We play",
        None => "Others play",
    };
    let place = played.position;
    let state = match (played.phase, played.turn_of_two) {
        (Phase::Over, _) => "it is over".to_owned(),
        (Phase::Bisecting, Some(turn)) => {
            let last = place.saturating_add((1_u64 << played.height).saturating_sub(1));
            let (side, left) =
                if turn { ("second", played.left_two) } else { ("first", played.left_one) };
            let side = match played.ours {
                Some(ours) if ours == turn => "we have".to_owned(),
                Some(_) => "the other side has".to_owned(),
                None => format!("the {side} side has"),
            };
            format!("the first difference is in {place} to {last}; {side} to move within {left} s")
        }
        _ if played.level == Level::Steps => format!(
            "step {place} decides; {} s and {} s are left",
            played.left_one, played.left_two
        ),
        _ => format!("they differ first in {place}, which an inner tournament decides"),
    };
    // Writing to a string does not fail.
    let _ = writeln!(text, "{who} about {what}: {state}.");
}
