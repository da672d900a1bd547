//! Every kind of lie is defeated: where it is proposed, and where it disputes what is true.
//!
//! The kinds are halved only so that two processors have something to do.

use alloy::primitives::Address;
use verifier::lies::{Forged, LieKind};

use super::{
    arena::{Arena, HONEST, PROMPT, liar},
    site::Site,
};
use crate::segments::block_on;

/// Proposes the truth and then does nothing more.
const PROPOSER: Address = Address::repeat_byte(0x70);

/// A liar proposes it, and plays for it to the end.
async fn proposed(site: &Site, kind: LieKind, lie: &Forged, other: &Forged) {
    let mut arena = Arena::proposed_by(site, liar(0), if kind.is_perjury() { other } else { lie });
    let seconds = play(&mut arena, kind, lie, other).await;
    assert!(kind.is_perjury() || seconds <= PROMPT, "{kind}: {seconds} s");
    // A perjurer may be the first to dispute a lie, as it seems.
    assert!(kind.is_perjury() || arena.count(HONEST, "dispute") == 1, "{kind}");
    // Whoever lies pays for it.
    let lost = arena.chain.gain_without_gas(liar(0));
    assert!(lost < 0, "{kind}: {lost}");
}

/// The truth is proposed, and the liar disputes it.
async fn challenged(site: &Site, kind: LieKind, lie: &Forged, other: &Forged) {
    let mut arena = Arena::proposed_by(site, PROPOSER, &site.truth.told());
    play(&mut arena, kind, lie, other).await;
    assert_eq!(arena.count(HONEST, "dispute"), 0, "{kind}");
    assert!(arena.count(HONEST, "join") >= 1, "{kind}");
    assert!(arena.chain.gain(PROPOSER) > 0, "{kind}: the proposer wins the liar's bond");
}

/// A perjurer plays for the truth, as it seems, so there is another liar whom it seems to fight.
async fn play(arena: &mut Arena<'_>, kind: LieKind, lie: &Forged, other: &Forged) -> u64 {
    if kind.is_perjury() {
        arena.liar(liar(0), other);
        arena.liar(liar(1), lie);
    } else {
        arena.liar(liar(0), lie);
    }
    arena.honest();
    let course = arena.play().await;
    arena.pay_out(PROPOSER);
    arena.assert_truth_won();
    if kind.is_perjury() {
        assert!(arena.count(liar(1), "join") > 0, "{kind}: it was never there");
    }
    course.seconds
}

fn defeat(kinds: impl Iterator<Item = LieKind>) {
    block_on(async {
        let site = Site::new().await;
        let other = site.lie(LieKind::StateRoot, 99).await;
        for kind in kinds {
            let lie = site.lie(kind, 0).await;
            proposed(&site, kind, &lie, &other).await;
            challenged(&site, kind, &lie, &other).await;
        }
    });
}

const HALF: usize = 23;

#[test]
fn half_of_all_kinds_are_defeated() {
    defeat(LieKind::all().take(HALF));
}

#[test]
fn the_other_half_is_defeated() {
    assert!((HALF..2 * HALF).contains(&LieKind::all().count()));
    defeat(LieKind::all().skip(HALF));
}
