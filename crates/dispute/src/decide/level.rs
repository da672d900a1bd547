//! From one level to the next: which trees belong in an inner tournament, how it is joined, and when its result counts.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use fault_proof::commitment::Commitment;

use super::{Mind, last_of};
use crate::{Act, Level, Match, Need, Run, Source, Tournament};

/// Which of our trees belongs in a tournament.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Segments,
    Strides { segment: u64 },
    Steps { segment: u64, stride: u64 },
}

impl Line {
    /// The tree over what is in one of its leaves; `None` for a step, in which there is nothing.
    pub(super) const fn below(self, position: u64) -> Option<Self> {
        match self {
            Self::Segments => Some(Self::Strides { segment: position }),
            Self::Strides { segment } => Some(Self::Steps { segment, stride: position }),
            Self::Steps { .. } => None,
        }
    }

    pub(super) const fn need(self) -> Need {
        match self {
            Self::Segments => Need::Segments,
            Self::Strides { segment } => Need::Strides { segment },
            Self::Steps { segment, stride } => Need::Steps { segment, stride },
        }
    }

    pub(super) const fn level(self) -> Level {
        match self {
            Self::Segments => Level::Segments,
            Self::Strides { .. } => Level::Strides,
            Self::Steps { .. } => Level::Steps,
        }
    }
}

impl<S: Source + ?Sized> Mind<'_, S> {
    /// Plays in the inner tournament of a match of ours, and takes its result unless that is against us.
    pub(super) fn play_inner(
        &mut self,
        id: B256,
        two: bool,
        below: Line,
        above: &Commitment,
        played: &Match,
    ) {
        let Some((inner, tournament)) = self.game.inner(&id) else { return };
        if tournament.is_over(self.game.time) {
            let winner =
                tournament.waiting.and_then(|root| self.game.commitments.get(&(inner, root)));
            // An opponent that has won loses it again by letting it lie, so it is left to lie.
            if winner.is_none_or(|winner| winner.for_two == two) {
                self.conclude(inner, tournament);
            }
            return;
        }
        let Some((tree, end)) = self.inner_tree(below) else { return };
        let at = usize::try_from(played.bisection.position).ok();
        if at.and_then(|at| above.leaf(at)) != Some(end) {
            return self.contradicts(below.need());
        }
        self.play(inner, tournament, below, &tree);
    }

    /// Our tree of an inner level, and the leaf above that it ends in.
    fn inner_tree(&mut self, line: Line) -> Option<(Arc<Commitment>, B256)> {
        match line {
            Line::Segments => None,
            Line::Strides { segment } => {
                let run: Arc<Run> = self.have(line.need(), |source| source.strides(segment))?;
                Some((run.strides.clone(), run.claim()))
            }
            Line::Steps { segment, stride } => {
                let tree = self.have(line.need(), |source| source.steps(segment, stride))?;
                let (end, _) = last_of(&tree)?;
                Some((tree, end))
            }
        }
    }

    pub(super) fn join(&mut self, tournament: B256, line: Line, tree: &Commitment) {
        let Some((last_leaf, proof)) = last_of(tree) else { return };
        let final_state = match line {
            Line::Strides { segment } => {
                let run = self.have(line.need(), |source| source.strides(segment));
                let Some(run) = run else { return };
                Bytes::copy_from_slice(&run.last)
            }
            Line::Segments | Line::Steps { .. } => Bytes::new(),
        };
        self.acts.push(Act::Join {
            tournament,
            commitment: tree.root(),
            last_leaf,
            proof,
            final_state,
            bond: self.game.rules.bonds[line.level().index()],
        });
    }

    /// Ends what holds up the inner tournament of a match of others.
    pub(super) fn end_inner(&mut self, id: B256) {
        let Some((inner, tournament)) = self.game.inner(&id) else { return };
        if tournament.is_over(self.game.time) {
            return self.conclude(inner, tournament);
        }
        let game = self.game;
        for (id, played) in game.matches_of(inner) {
            self.end_match(*id, played);
        }
    }

    fn conclude(&mut self, id: B256, tournament: &Tournament) {
        if !tournament.concluded {
            self.acts.push(Act::ConcludeInner { tournament: id });
        }
    }
}
