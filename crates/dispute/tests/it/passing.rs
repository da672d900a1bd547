//! Two disputes with more places between them than the oracle looks past by itself.

use alloy::primitives::{B256, U256, keccak256};
use bindings::DisputeOracle;
use dispute::Act;

use crate::{
    arena::{Arena, FALSE_BLOCK, HONEST, liar, lie, pins_of, propose, trees},
    program::claim,
    truth::{INTERVAL, Truth},
};

/// More than two times as many as the oracle looks past.
const LAST: u64 = 140;

#[test]
fn a_dispute_far_behind_another_is_resolved() {
    let mut arena = Arena::proposed_by(HONEST, None, None);
    arena.join(liar(0), Some(lie(32, 1, 5)), 1);
    arena.honest();
    // Nobody disputes what comes between: all say the same, which is as good as anything.
    let filler = Truth::new(0, [B256::ZERO; 5]);
    for index in 2..LAST {
        propose(&mut arena.chain, HONEST, (INTERVAL, index), (trees(&filler, None), INTERVAL));
    }
    // A liar disputes what is true, and falls silent. Meanwhile the last proposal is a lie, and the honest one disputes it.
    assert!(arena.turn(0));
    let about_last = Truth::new(INTERVAL, [B256::ZERO; 5]);
    arena.chain.fund(liar(1));
    let lying = trees(&about_last, Some(lie(32, 1, 5)));
    propose(&mut arena.chain, liar(1), (INTERVAL, LAST), (lying, FALSE_BLOCK));
    let pins = pins_of(&mut arena.chain, LAST);
    let mut last =
        Arena { truth: Truth::new(INTERVAL, pins), actors: Vec::new(), id: LAST, ..arena };
    last.honest();
    assert!(last.turn(0));

    let Arena { chain, .. } = last;
    let truth = Truth::new(0, [B256::ZERO; 5]);
    let mut first = Arena { chain, truth, actors: Vec::new(), id: 1 };
    first.honest();
    first.play();
    assert!(!is_final(&mut first, 100), "the oracle has looked past 64 places");

    let Arena { chain, .. } = first;
    let mut last = Arena { chain, truth: Truth::new(INTERVAL, pins), actors: Vec::new(), id: LAST };
    last.honest();
    while !last.game(HONEST).proposal.waits_for_passing {
        last.turn(0);
        last.chain.pass(20);
    }
    let (_, decision) = last.decision(0);
    assert!(decision.acts.iter().any(|act| matches!(act, Act::PassDecided { index: LAST, .. })));
    last.play();
    assert_eq!(last.count(HONEST)["passDecided"], 1);
    assert!(is_final(&mut last, 100));
    let index = U256::from(LAST);
    let standing = last.chain.view(DisputeOracle::proposalCall { index });
    assert_eq!(standing.claim, keccak256(claim(2 * INTERVAL)));
}

fn is_final(arena: &mut Arena, index: u64) -> bool {
    arena.chain.view(DisputeOracle::isFinalCall { index: U256::from(index) })
}
