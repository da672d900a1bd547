//! Moves that L1 asks for and that are not made in time: a person is told, once for each.
//!
//! Invariant: what is asked for no more is forgotten, because somebody has made it.

use std::collections::BTreeMap;

use crate::metrics;

/// Why a move is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NotMade {
    /// It is only told of here.
    NoKey,
    /// Its bond cannot be paid.
    NoMoney,
    /// The contract would not take it.
    Refused,
    /// Its transactions have failed as often as they may.
    GivenUp,
    /// Its transaction is handed over, and in no block that was looked at.
    UnderWay,
}

/// Since when each move is missed, by its key.
#[derive(Debug, Default)]
pub(super) struct MissedMoves(BTreeMap<(String, NotMade), Missed>);

#[derive(Debug, Clone, Copy)]
struct Missed {
    /// The L1 block in which it was asked for first, and in which last.
    first: u64,
    last: u64,
    is_told: bool,
}

impl NotMade {
    /// L1 blocks until a person is told. Whoever else plays may take one or two, and a transaction may have to be paid more for.
    const fn patience(self) -> u64 {
        match self {
            Self::NoKey | Self::NoMoney | Self::Refused | Self::GivenUp => 3,
            Self::UnderWay => 32,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::NoKey => "nobody here has a key",
            Self::NoMoney => "the account has not the money",
            Self::Refused => "L1 would refuse it",
            Self::GivenUp => "its transactions fail",
            Self::UnderWay => "its transaction gets into no block",
        }
    }
}

impl MissedMoves {
    /// A move about a proposal was asked for in L1 block `head` and is not made there.
    pub(super) fn add(
        &mut self,
        (proposal, act): (u64, &'static str),
        key: String,
        head: u64,
        why: NotMade,
    ) {
        let begun = Missed { first: head, last: head, is_told: false };
        let missed = self.0.entry((key, why)).or_insert(begun);
        missed.last = head;
        if !missed.is_told && head >= missed.first.saturating_add(why.patience()) {
            missed.is_told = true;
            metrics::not_moved();
            tracing::error!(proposal, act, why = why.words(), "A MOVE IS NOT MADE: a lie may win");
        }
    }

    /// Forgets what was not asked for in L1 block `head`.
    pub(super) fn keep(&mut self, head: u64) {
        self.0.retain(|_, missed| missed.last == head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(moves: &MissedMoves) -> usize {
        moves.0.values().filter(|missed| missed.is_told).count()
    }

    #[test]
    fn a_person_is_told_of_what_nobody_makes() {
        let mut moves = MissedMoves::default();
        for head in 10..42 {
            for (key, why) in [("a", NotMade::Refused), ("b", NotMade::UnderWay)] {
                moves.add((1, "advance"), key.to_owned(), head, why);
            }
            moves.keep(head);
            assert_eq!(told(&moves), usize::from(head >= 13));
        }
        moves.add((1, "advance"), "b".to_owned(), 42, NotMade::UnderWay);
        moves.keep(42);
        assert_eq!((told(&moves), moves.0.len()), (1, 1), "the other one was made by somebody");
    }
}
