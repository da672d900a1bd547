//! Liars that stop playing, and honest players that are ended and begin anew.

use crate::arena::{Arena, HONEST, liar, lie};

/// Wherever a liar falls silent, its clock runs out and the truth wins.
#[test]
fn truth_wins_when_the_liar_falls_silent() {
    let mut built = None;
    let mut longest = 0;
    // A liar acts 27 times by the step: half of all moves, and two joins.
    for acts in [0, 1, 7, 8, 9, 13, 17, 18, 19, 22, 26, 27] {
        let place = lie(32, 1, 5);
        let mut arena = Arena::proposed_by(liar(0), built.as_ref(), Some(place.clone()));
        arena.join(liar(0), Some(place), acts);
        arena.honest();
        arena.play();
        arena.assert_truth_won();
        longest = std::cmp::max(longest, arena.actors[0].acts.len());
        built = Some(arena.truth);
    }
    assert!(longest > 20, "{longest}");
}

/// Two honest players, of whom either acts only now and then, do no more than one, and neither needs the other's memory.
#[test]
fn whoever_comes_anew_goes_on() {
    let place = lie(64, 2, 1_000);
    let mut arena = Arena::proposed_by(liar(0), None, Some(place.clone()));
    arena.liar(0, place);
    // Each of these is ended after one act, and the next one knows nothing of it.
    for _ in 0..60 {
        arena.join(HONEST, None, 1);
    }
    arena.play();
    arena.assert_truth_won();
    let count = arena.count(HONEST);
    assert_eq!((count["dispute"], count["join"], count["step"]), (1, 2, 1), "{count:?}");
}
