//! What is shown of a game at each level.

use dispute::{GameSummary, Level, explain};

use crate::arena::{Arena, HONEST, liar, lie, trees};

#[test]
fn a_game_is_explained_at_every_level() {
    let place = lie(32, 1, 5);
    let mut arena = Arena::proposed_by(liar(0), None, Some(place));
    let texts = |arena: &mut Arena| {
        let (game, decision) = arena.decision(0);
        let ours = trees(&arena.truth, None).segments().unwrap();
        let summary = GameSummary::new(&game, &[&ours], &decision.acts);
        (explain(&summary), summary)
    };
    arena.join(HONEST, None, 1);
    let (text, summary) = texts(&mut arena);
    assert!(text.contains("wrong") && text.contains("Nobody has disputed it"), "{text}");
    assert_eq!(
        (summary.next.as_slice(), summary.is_true),
        (&["dispute".to_owned()][..], Some(false))
    );
    arena.turn(0);
    let (text, summary) = texts(&mut arena);
    assert!(
        text.contains(
            "We play about segments of the interval: the first difference is in 0 to 1073741823"
        ),
        "{text}"
    );
    assert!(summary.joined && summary.our_time().is_none(), "{summary:?}");
    assert_eq!(summary.matches[0].level, Level::Segments);
    let json = format!("{summary:?}");
    assert!(json.contains("Bisecting"));
}
