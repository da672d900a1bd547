//! What to do next. Pure: the same game and the same trees give the same acts, whatever was done before.
//!
//! ```text
//!  outermost tournament ── our commitment in a match ── sealed ──▶ inner tournament ── … ──▶ one step
//!            │                        └ our turn: open a node, seal
//!            └ a match of others: end it once a clock is out, so that it holds nothing up
//! ```
//! Invariant: no act would fail in the next block, unless somebody else does the same before. So a clock counts as out
//! only if it is at the game's time, and as running only if a second is left in the block after it.

mod level;
mod settle;

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use fault_proof::commitment::Commitment;

use self::level::Line;
use crate::{Act, Game, Level, Match, Need, Phase, Source, Tournament, Why};

/// Who plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Player {
    /// Whose bonds, refunds and credits these are.
    pub account: Address,
    /// Nothing below this is collected, in wei: a call would cost more.
    pub collect_min: U256,
}

/// What to do, and what is missing to say more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<E> {
    /// In any order; none depends on another.
    pub acts: Vec<Act>,
    /// Trees without which a move cannot be made.
    pub lacks: Vec<Lack<E>>,
}

/// A tree that is not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack<E> {
    /// Which.
    pub need: Need,
    /// Why.
    pub why: Why<E>,
}

/// The next useful moves for the commitment whose trees these are.
pub fn decide<S: Source + ?Sized>(
    game: &Game,
    source: &mut S,
    player: &Player,
) -> Decision<S::Error> {
    let mut mind = Mind { game, source, player, acts: Vec::new(), lacks: Vec::new() };
    // Which tree is ours is asked first: without it nobody knows for whom to play.
    if mind.is_about_us()
        && let Some(tree) = mind.have(Need::Segments, |source| source.segments())
    {
        match game.outermost() {
            Some((id, tournament)) if !tournament.concluded => {
                mind.play_outermost(id, tournament, &tree);
            }
            Some(_) => {}
            None => mind.open(&tree),
        }
    }
    mind.pass();
    mind.settle();
    Decision { acts: mind.acts, lacks: mind.lacks }
}

/// A decision on its way.
struct Mind<'a, S: Source + ?Sized> {
    game: &'a Game,
    source: &'a mut S,
    player: &'a Player,
    acts: Vec<Act>,
    lacks: Vec<Lack<S::Error>>,
}

impl<S: Source + ?Sized> Mind<'_, S> {
    /// Whoever builds on a wrong claim falls with it: there is no truth after it to play for.
    fn is_about_us(&self) -> bool {
        self.game.proposal.parent_claim == self.source.parent_claim()
    }

    /// A part of the trees, or a note that it is missing.
    fn have<T>(
        &mut self,
        need: Need,
        ask: impl FnOnce(&mut S) -> Result<T, Why<S::Error>>,
    ) -> Option<T> {
        match ask(self.source) {
            Ok(part) => Some(part),
            Err(why) => {
                self.lacks.push(Lack { need, why });
                None
            }
        }
    }

    fn contradicts(&mut self, need: Need) {
        self.lacks.push(Lack { need, why: Why::Contradicts });
    }

    /// Disputes a proposal that nobody has disputed, if it is wrong.
    fn open(&mut self, tree: &Commitment) {
        let proposal = &self.game.proposal;
        let window_end = proposal.timestamp.saturating_add(self.game.rules.window);
        let is_open = proposal.stands && !proposal.decided && self.next() < window_end;
        if !is_open || proposal.segments_root == tree.root() {
            return;
        }
        let Some((last_leaf, proof)) = last_of(tree) else { return };
        self.acts.push(Act::Dispute {
            index: proposal.index,
            id: proposal.id,
            children: proposal.children,
            last_leaf,
            proof,
            bond: self.game.rules.bonds[Level::Segments.index()],
        });
    }

    fn play_outermost(&mut self, id: B256, tournament: &Tournament, tree: &Arc<Commitment>) {
        let joined = self.game.commitments.get(&(id, tree.root()));
        let is_ours = joined.is_some_and(|ours| ours.joiner == self.player.account);
        // One that fell with an earlier proposal is about bonds only.
        if !self.game.proposal.stands && !is_ours {
            return;
        }
        if tournament.is_over(self.game.time) {
            self.resolve(id, tournament, tree);
        } else {
            self.play(id, tournament, Line::Segments, tree);
        }
    }

    /// Plays for our commitment in a tournament in which it belongs.
    fn play(&mut self, id: B256, tournament: &Tournament, line: Line, tree: &Arc<Commitment>) {
        let root = tree.root();
        if !self.game.commitments.contains_key(&(id, root)) && !tournament.is_closed(self.next()) {
            self.join(id, line, tree);
        }
        let game = self.game;
        for (id, played) in game.matches_of(id).filter(|(_, played)| played.phase != Phase::Over) {
            match played.side_of(root) {
                Some(two) if self.is_in_time(played, two) => {
                    self.play_match(*id, played, two, line, tree);
                }
                // Ours is out of time, or others play.
                _ => self.end_match(*id, played),
            }
        }
    }

    /// Whether the clock of a side that has to move lets it.
    fn is_in_time(&self, played: &Match, two: bool) -> bool {
        let clock = self.game.clock(played, two);
        clock.since.is_none() || clock.remaining(self.next()) > 0
    }

    fn play_match(
        &mut self,
        id: B256,
        played: &Match,
        two: bool,
        line: Line,
        tree: &Arc<Commitment>,
    ) {
        match (played.phase, line.below(played.bisection.position)) {
            (Phase::Bisecting, _) if played.turn_of_two == two => {
                self.move_down(id, played, line, tree)
            }
            (Phase::Bisecting, _) => self.end_match(id, played),
            (Phase::Sealed, None) if self.is_out(played, !two) => {
                self.acts.push(Act::Timeout { of_match: id });
            }
            (Phase::Sealed, None) => self.step(id, played, line),
            (Phase::Sealed, Some(below)) => self.play_inner(id, two, below, tree, played),
            (Phase::Over, _) => {}
        }
    }

    /// Opens our node, or seals the match if its children are leaves.
    fn move_down(&mut self, id: B256, played: &Match, line: Line, tree: &Commitment) {
        let bisection = &played.bisection;
        let moved = self.game.tournaments.get(&played.tournament).and_then(|tournament| {
            let height = usize::from(bisection.height);
            let index = usize::try_from(bisection.position >> bisection.height).ok()?;
            if tree.node(height, index)? != bisection.node {
                return None;
            }
            let children = tree.children(height, index)?;
            let right = usize::from(children[0] == bisection.left);
            if height > 1 {
                let below = tree.children(height - 1, 2 * index + right)?;
                return Some(Act::Advance {
                    of_match: id,
                    height: bisection.height,
                    children,
                    below,
                });
            }
            let (agreed, proof) = match (2 * index + right).checked_sub(1) {
                Some(before) => (tree.leaf(before)?, tree.proof(before)?),
                None => (tournament.initial, Vec::new()),
            };
            Some(Act::Seal { of_match: id, children, agreed, proof })
        });
        match moved {
            Some(act) => self.acts.push(act),
            None => self.contradicts(line.need()),
        }
    }

    fn step(&mut self, id: B256, played: &Match, line: Line) {
        let Line::Steps { segment, stride } = line else { return };
        let step = played.bisection.position;
        let need = Need::Proof { segment, stride, step };
        let proof = self.have(need, |source| source.proof(segment, stride, step));
        if let Some(Some(proof)) = proof {
            self.acts.push(Act::Step { of_match: id, proof });
        }
    }

    /// Ends a match in which the clock of a side that has to move is out.
    fn end_match(&mut self, id: B256, played: &Match) {
        let level = self.game.tournaments.get(&played.tournament).map(|found| found.level);
        match (played.phase, level) {
            (Phase::Bisecting, _) if self.is_out(played, played.turn_of_two) => {
                self.acts.push(Act::Timeout { of_match: id });
            }
            (Phase::Sealed, Some(Level::Steps))
                if self.is_out(played, false) || self.is_out(played, true) =>
            {
                self.acts.push(Act::Timeout { of_match: id });
            }
            (Phase::Sealed, Some(Level::Segments | Level::Strides)) => self.end_inner(id),
            _ => {}
        }
    }

    /// Whether a side's clock is out, which it stays.
    fn is_out(&self, played: &Match, two: bool) -> bool {
        let clock = self.game.clock(played, two);
        clock.remaining(self.game.time) == 0
    }

    /// The earliest time that the next L1 block can have.
    const fn next(&self) -> u64 {
        self.game.time.saturating_add(1)
    }
}

/// The last leaf of a tree and its siblings.
fn last_of(tree: &Commitment) -> Option<(B256, Vec<B256>)> {
    let last = (1_usize << tree.height()) - 1;
    Some((tree.leaf(last)?, tree.proof(last)?))
}
