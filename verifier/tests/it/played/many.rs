//! One honest player against many, late, after a pause and made anew; and what becomes of liars among themselves.

use alloy::primitives::U256;
use bindings::DisputeOracle;
use verifier::lies::{Forged, LieKind};

use super::{
    arena::{AT_ONCE, Arena, Course, HONEST, Pace, liar},
    site::Site,
};
use crate::{
    chain::{BONDS, WINDOW},
    segments::block_on,
};

/// Lies about inputs, results, claims and places, so that no two of them differ from the truth in the same way.
const SYBILS: [LieKind; 10] = [
    LieKind::StateRoot,
    LieKind::ForgedWithdrawal,
    LieKind::SkippedDeposit,
    LieKind::LastBlock,
    LieKind::WrongTimestamp,
    LieKind::ReceiptsRoot,
    LieKind::LastSegment,
    LieKind::Cursor,
    LieKind::FirstSegment,
    LieKind::RightEnd,
];
/// As long as one can think about each of its 15, 9 and 9 moves at a level without losing it by the clock.
const SLOW: Pace = [125, 200, 200];
/// What is left to somebody who comes as late as can be, in seconds.
const LATE: u64 = 30;

async fn lies(site: &Site, kinds: &[LieKind]) -> Vec<Forged> {
    let mut lies = Vec::new();
    for kind in kinds {
        lies.push(site.lie(*kind, 0).await);
    }
    lies
}

/// The first of the liars has proposed. Each thinks for so many seconds about whatever it does.
fn arena<'a>(site: &'a Site, lies: &[Forged], thinks: Pace) -> Arena<'a> {
    let mut arena = Arena::proposed_by(site, liar(0), &lies[0]);
    for (number, lie) in (0..).zip(lies) {
        arena.slow_liar(liar(number), lie, thinks);
    }
    arena
}

/// What one honest player needs against so many, and that it gets it back: the table of `docs/disputes.md`.
async fn defeat_many(site: &Site, lies: &[Forged]) -> String {
    let mut table = String::new();
    for thinks in [AT_ONCE, SLOW] {
        let mut arena = Arena::proposed_by(site, liar(0), &lies[0]);
        // It joins first, and so meets the proposer.
        arena.honest();
        for (number, lie) in (0..).zip(lies) {
            arena.slow_liar(liar(number), lie, thinks);
        }
        let Course { seconds, moves, gas } = arena.play().await;
        arena.assert_truth_won();
        let windows = seconds * 10 / WINDOW;
        let gained = arena.chain.gain(HONEST) / i128::from(BONDS[0] / 100);
        table += &format!(
            "{} liars who think for {thinks:?} s: over after {windows} tenths of T; {moves} transactions of the honest \
             player, {gas} gas, {gained} hundredths of a bond gained\n",
            lies.len()
        );
    }
    table
}

#[test]
fn one_honest_player_defeats_a_few() {
    block_on(async {
        let site = Site::new().await;
        let lies = lies(&site, &SYBILS).await;
        for count in [1, 2, 5] {
            print!("{}", defeat_many(&site, &lies[..count]).await);
        }
    });
}

#[test]
fn one_honest_player_defeats_ten() {
    block_on(async {
        let site = Site::new().await;
        let lies = lies(&site, &SYBILS).await;
        print!("{}", defeat_many(&site, &lies).await);
    });
}

/// Neither has the step, or one beats the other; the truth wins if it comes while the window is open, however late.
#[test]
fn liars_among_themselves() {
    block_on(async {
        let site = Site::new().await;
        for (kinds, winner) in [
            // They differ in the same place.
            ([LieKind::StateRoot, LieKind::ReceiptsRoot], None),
            // The one who lies later is right about the place in which they differ.
            ([LieKind::ForgedWithdrawal, LieKind::LastBlock], Some(1)),
            ([LieKind::LastBlock, LieKind::SkippedDeposit], Some(0)),
        ] {
            let lies = lies(&site, &kinds).await;
            let mut alone = arena(&site, &lies, AT_ONCE);
            alone.play().await;
            let index = U256::from(1);
            let count = alone.chain.view(DisputeOracle::proposalCountCall {});
            let standing = (count > index)
                .then(|| alone.chain.view(DisputeOracle::proposalCall { index }).segmentsRoot);
            let expected = winner.map(|winner: usize| lies[winner].tree.root());
            assert_eq!(standing, expected, "{kinds:?}");
            alone.chain.assert_bonds_are_out();

            let mut late = arena(&site, &lies, AT_ONCE);
            late.honest_late(WINDOW - LATE);
            late.play().await;
            late.assert_truth_won();
        }
    });
}

/// A process that is ended after any of its moves, and one that is away for almost all of its time.
#[test]
fn the_honest_player_may_fall_silent() {
    block_on(async {
        let site = Site::new().await;
        let lies = lies(&site, &[LieKind::StolenEther]).await;
        for every in [1, 3, 7] {
            let mut arena = arena(&site, &lies, AT_ONCE);
            arena.honest();
            let mut rounds = 0;
            while arena.round().await {
                rounds += 1;
                if rounds % every == 0 {
                    arena.restart_honest();
                }
            }
            arena.assert_truth_won();
        }
        for after in [0, 1, 4, 9, 12, 17, 25] {
            let mut arena = arena(&site, &lies, AT_ONCE);
            arena.honest();
            for _ in 0..after {
                assert!(arena.round().await);
            }
            arena.away(WINDOW - LATE);
            arena.play().await;
            arena.assert_truth_won();
        }
    });
}
