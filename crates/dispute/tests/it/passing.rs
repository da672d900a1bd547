//! Two disputes with more places between them than the oracle looks past by itself.

use alloy::primitives::{B256, U256, keccak256};
use bindings::DisputeOracle;
use dispute::{Act, Where};

use crate::{
    arena::{Arena, HONEST, liar, lie, pins_of, propose, trees},
    program::{claim, false_claim},
    truth::{INTERVAL, Truth},
};

/// More than two times as many as the oracle looks past.
const LAST: u64 = 140;
/// The block that the last of them begins behind.
const PARENT: u8 = INTERVAL + 138;

#[test]
fn a_dispute_far_behind_another_is_resolved() {
    let mut arena = Arena::proposed_by(HONEST, None, None);
    arena.join(liar(0), Some(lie(32, 1, 5)), 1);
    arena.honest();
    // What comes between has a block each, and nobody disputes it: trees with the right end are as good as any.
    for block in INTERVAL + 1..=PARENT {
        let filler = Truth::new(block - INTERVAL, [B256::ZERO; 5]);
        propose(&mut arena.chain, HONEST, block - 1, (trees(&filler, None), &claim(block)));
    }
    // A liar disputes what is true, and falls silent. Meanwhile the last proposal is a lie, and the honest one disputes it.
    assert!(arena.turn(0));
    let about_last = Truth::new(PARENT, [B256::ZERO; 5]);
    arena.chain.fund(liar(1));
    let end = false_claim(PARENT + INTERVAL);
    let lying = Where { claims: vec![keccak256(end)], ..lie(32, 1, 5) };
    propose(&mut arena.chain, liar(1), PARENT, (trees(&about_last, Some(lying)), &end));
    let pins = pins_of(&mut arena.chain, LAST);
    let mut last = Arena { truth: Truth::new(PARENT, pins), actors: Vec::new(), id: LAST, ..arena };
    last.honest();
    assert!(last.turn(0));

    let Arena { chain, .. } = last;
    let truth = Truth::new(0, [B256::ZERO; 5]);
    let mut first = Arena { chain, truth, actors: Vec::new(), id: 1 };
    first.honest();
    first.play();
    assert!(!is_final(&mut first, 100), "the oracle has looked past 64 places");

    let Arena { chain, .. } = first;
    let mut last = Arena { chain, truth: Truth::new(PARENT, pins), actors: Vec::new(), id: LAST };
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
    assert_eq!(standing.claim, keccak256(claim(PARENT + INTERVAL)));
}

fn is_final(arena: &mut Arena, index: u64) -> bool {
    arena.chain.view(DisputeOracle::isFinalCall { index: U256::from(index) })
}
