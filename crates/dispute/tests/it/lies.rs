//! One honest player wins against whatever is claimed, wherever the lie begins and however many the liars are.

use dispute::Act;

use crate::arena::{Arena, HONEST, liar, lie, perjury};

const LAST: u64 = (1 << 18) - 1;
const LAST_SEGMENT: u64 = (1 << 30) - 1;

#[test]
fn a_wrong_proposal_falls() {
    let mut arena = Arena::proposed_by(liar(0), None, Some(lie(32, 1, 5)));
    arena.liar(0, lie(32, 1, 5));
    arena.honest();
    arena.play();
    arena.assert_truth_won();
    let count = arena.count(HONEST);
    assert_eq!((count["dispute"], count["join"], count["step"]), (1, 2, 1), "{count:?}");
    assert_eq!(count["resolve"], 1);
    assert!(arena.chain.gain(liar(0)) < 0);
}

#[test]
fn a_true_proposal_stands() {
    let mut arena = Arena::proposed_by(HONEST, None, None);
    arena.honest();
    arena.liar(1, lie(64, 2, 1_000));
    arena.play();
    arena.assert_truth_won();
    let count = arena.count(HONEST);
    // The proposer's commitment is there, so nothing is paid for it a second time.
    assert_eq!((count.get("dispute"), count["join"]), (None, 2), "{count:?}");
}

#[test]
fn another_defends_an_honest_proposer() {
    let proposer = liar(0x40);
    let mut arena = Arena::proposed_by(proposer, None, None);
    arena.liar(1, lie(0, 0, 0));
    arena.honest();
    arena.play();
    let count = arena.count(HONEST);
    assert!(count["collectRefund"] > 0 && count["join"] == 2, "{count:?}");
    // It has the bonds of both inner levels and its gas; the proposer has that of the outermost.
    assert!(arena.chain.gain(HONEST) > 0);
    let credit = arena.chain.view(bindings::DisputeOracle::creditCall { account: proposer });
    assert!(credit > alloy::primitives::U256::from(crate::chain::BONDS[0]));
}

#[test]
fn nobody_disputes_the_truth() {
    let mut arena = Arena::proposed_by(HONEST, None, None);
    arena.honest();
    arena.join(liar(1), None, usize::MAX);
    arena.play();
    assert_eq!(arena.count(HONEST), [("claimBond", 1), ("withdraw", 1)].into());
    assert!(arena.actors[1].acts.is_empty());
    arena.chain.assert_bonds_are_out();
}

/// The first and the last place of every level, and those between.
#[test]
fn truth_wins_wherever_the_lie_begins() {
    let mut built = None;
    let ends = [
        (0, 0, 0),
        (LAST_SEGMENT, LAST, LAST),
        (0, LAST, 0),
        (32, 2, LAST),
        (LAST_SEGMENT, 0, LAST),
        (127, 1, 0),
    ];
    for (segment, stride, step) in ends {
        let place = lie(segment, stride, step);
        let mut arena = Arena::proposed_by(liar(0), built.as_ref(), Some(place.clone()));
        arena.liar(0, place);
        arena.honest();
        arena.play();
        arena.assert_truth_won();
        assert_eq!(arena.count(HONEST)["step"], 1, "{segment} {stride} {step}");
        built = Some(arena.truth);
    }
}

#[test]
fn truth_wins_against_many() {
    let mut built = None;
    for liars in [1, 2, 5] {
        let mut arena = Arena::proposed_by(liar(0), built.as_ref(), Some(lie(32, 1, 5)));
        arena.liar(0, lie(32, 1, 5));
        for number in 1..liars {
            let mut place = lie(32 * (1 + u64::from(number % 3)), u64::from(number % 2), 7);
            place.salt = number.into();
            arena.liar(number, place);
        }
        arena.honest();
        arena.play();
        arena.assert_truth_won();
        built = Some(arena.truth);
    }
}

/// The right end, with something false inside.
#[test]
fn truth_wins_against_perjury() {
    let mut built = None;
    for false_inside in [
        perjury(0, 0, false),
        perjury(1, 9, false),
        perjury(1, 3, true),
        perjury(1, LAST - 1, true),
    ] {
        let mut arena = Arena::proposed_by(liar(0), built.as_ref(), Some(lie(32, 1, 5)));
        arena.liar(0, lie(32, 1, 5));
        arena.liar(1, false_inside);
        arena.honest();
        arena.play();
        arena.assert_truth_won();
        let perjurer = &arena.actors[1];
        assert!(perjurer.acts.iter().any(|act| matches!(act, Act::Join { .. })));
        built = Some(arena.truth);
    }
}
