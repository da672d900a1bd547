//! From what the oracle's views say to a game.

use alloy::primitives::{B256, U256};
use bindings::{ITournaments, contracts::Clocks};
use dispute::{
    Bisection, Clock, CommitmentState, Game, Level, Match, Phase, ProposalState, Refund, Rules,
    Tournament,
};
use l1::{DisputeRules, DisputeViews};

/// A value that no oracle of ours gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the oracle says {what} is {value}, which it never is")]
pub struct OddView {
    what: &'static str,
    value: u8,
}

/// The game that these views show.
pub(crate) fn game_of(
    rules: &DisputeRules,
    views: &DisputeViews,
    waits_for_earlier: bool,
) -> Result<Game, OddView> {
    let proposal = &views.proposal;
    let tournaments = views.tournaments.iter().map(|(id, seen)| Ok((*id, tournament(seen)?)));
    let matches = views.matches.iter().map(|(id, seen)| Ok((*id, played(seen)?)));
    let commitments = views.commitments.iter().map(|(name, seen)| (*name, commitment(seen)));
    let refunds = views.refunds.iter();
    Ok(Game {
        time: views.time,
        proposal: ProposalState {
            id: views.id,
            index: proposal.index,
            l2_block: proposal.l2BlockNumber,
            stands: views.stands,
            parent_claim: views.parent_claim.unwrap_or_default(),
            claim: proposal.claim,
            segments_root: proposal.segmentsRoot,
            children: views.children,
            proposer: proposal.proposer,
            timestamp: proposal.timestamp,
            tournament: named(proposal.tournament),
            decided: proposal.decided,
            is_final: views.is_final,
            bond_claimed: proposal.bondClaimed,
            waits_for_earlier,
            waits_for_passing: views.is_held_up && !waits_for_earlier,
        },
        rules: Rules {
            heights: rules.heights,
            bonds: rules.bonds,
            window: rules.window,
            effort: rules.effort,
        },
        tournaments: tournaments.collect::<Result<_, _>>()?,
        commitments: commitments.collect(),
        matches: matches.collect::<Result<_, _>>()?,
        refunds: refunds.map(|(of, amount)| Refund { of_match: *of, amount: *amount }).collect(),
        credit: views.credit,
    })
}

fn tournament(seen: &ITournaments::Tournament) -> Result<Tournament, OddView> {
    Ok(Tournament {
        initial: seen.initial,
        outer: named(seen.outer),
        waiting: named(seen.waiting),
        pot: U256::from(seen.pot),
        start: seen.start,
        window: seen.window,
        level: match seen.level {
            0 => Level::Segments,
            1 => Level::Strides,
            2 => Level::Steps,
            value => return Err(OddView { what: "a level", value }),
        },
        concluded: seen.concluded,
        quiet_since: seen.quietSince,
        open_matches: seen.openMatches,
    })
}

fn commitment(seen: &ITournaments::Commitment) -> CommitmentState {
    CommitmentState {
        joiner: seen.joiner,
        stake: U256::from(seen.stake),
        clock: clock(&seen.clock),
        for_two: seen.forTwo,
    }
}

const fn clock(seen: &Clocks::Clock) -> Clock {
    Clock { left: seen.left, since: if seen.since == 0 { None } else { Some(seen.since) } }
}

fn played(seen: &ITournaments::Match) -> Result<Match, OddView> {
    let bisection = &seen.bisection;
    Ok(Match {
        tournament: seen.tournament,
        one: seen.one,
        two: seen.two,
        bisection: Bisection {
            node: bisection.node,
            left: bisection.left,
            right: bisection.right,
            position: bisection.position,
            height: bisection.height,
        },
        phase: match seen.phase {
            1 => Phase::Bisecting,
            2 => Phase::Sealed,
            3 => Phase::Over,
            value => return Err(OddView { what: "a phase", value }),
        },
        turn_of_two: seen.turnOfTwo,
    })
}

/// Zero stands for none.
fn named(name: B256) -> Option<B256> {
    (!name.is_zero()).then_some(name)
}
