//! Native against image: everything that a block can have in it, run natively and by the machine, comes to one claim.
//!
//! Random histories do the same in `segments` and in the tests of `transition`; here nothing depends on luck.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use protocol::{DepositMessage, L1Message};

use crate::{
    segments::{Scene, block_on, run_machine},
    tx::{Act, BURNER, COUNTER, HASHER, LOGGER, REVERTER},
    world::{Post, Round, World},
};

/// What has to be in the history, by the names that it gives to what happened in its blocks.
const REACHED: [&str; 14] = [
    "BLOCKHASH",
    "EIP-7702",
    "account removed",
    "creates",
    "deposit",
    "deposit creates",
    "deposit fails",
    "legacy",
    "logs",
    "out of gas",
    "reverts",
    "skipped",
    "slot removed",
    "withdrawals",
];

fn deposit(to: Address, gas: u64, creates: bool, input: &[u8]) -> L1Message {
    let mut opaque = vec![0; 64];
    // It mints a little, and sends nothing.
    opaque[31] = 7;
    opaque.extend(gas.to_be_bytes());
    opaque.push(u8::from(creates));
    opaque.extend(input);
    let (from, to) = (Address::repeat_byte(0x31), if creates { Address::ZERO } else { to });
    L1Message::Deposit(DepositMessage { from, to, opaque_data: opaque.into() })
}

fn everything() -> World {
    let good = [
        Act::Transfer(1, 5),
        Act::Call(COUNTER, 100_000),
        Act::Call(LOGGER, 100_000),
        Act::Call(REVERTER, 100_000),
        Act::Call(BURNER, 50_000),
        Act::Deploy,
        Act::LegacyWithoutChainId,
        Act::Write(false, 3, 1),
        Act::Write(true, 4, 1),
    ];
    let bad = [
        Act::WrongNonce(1),
        Act::TooExpensive,
        Act::TooLittleGas,
        Act::ForOtherChainOrNobody(3),
        Act::MoreGasThanTheBlock,
    ];
    let first = good.into_iter().chain(bad).map(|act| (0, act)).collect();
    let second = vec![
        (1, Act::Delegate(2, COUNTER)),
        (0, Act::Write(false, 3, 0)),
        // It asks for the hash of the block three before.
        (0, Act::Call(HASHER, 100_000)),
        // The account is there before it is created, and gone after.
        (3, Act::CreateAndDestroy),
    ];
    let messages = vec![
        deposit(COUNTER, 100_000, false, &[]),
        deposit(REVERTER, 100_000, false, &[]),
        deposit(COUNTER, 100_000, true, &[0x60, 0x01, 0x5f, 0x53, 0x60, 0x01, 0x5f, 0xf3]),
    ];
    // Every L2 block has a newer origin, so that the messages are in before the rest.
    let round = |l2, messages, posts| Round { l2, gap: 1, messages, posts };
    let funding = vec![(3, Act::FundNextContract)];
    World::play(&[
        round(Vec::new(), messages, Vec::new()),
        round(vec![vec![], funding, first, second], Vec::new(), vec![(Post::Honest(9), false)]),
        round(vec![vec![(1, Act::Transfer(2, 1))]], Vec::new(), vec![(Post::Honest(9), false)]),
    ])
}

#[test]
fn a_block_with_everything_in_it_has_one_claim() {
    let world = everything();
    let reached: BTreeSet<&str> =
        world.derived.iter().flat_map(|derived| derived.block.events.iter().copied()).collect();
    for event in REACHED {
        assert!(reached.contains(event), "nothing was {event}: {reached:?}");
    }
    // Users pay for L1 data, so the fee of that is in every state root.
    let config = world.derived.last().unwrap().block.head.system_config;
    assert!(config.base_fee_scalar > 0 || config.blob_base_fee_scalar > 0);
    block_on(async {
        let scene = Scene::new(world, 300_000).await;
        let made = scene.check().await;
        assert!(scene.leaves.iter().any(|places| places.len() > 1), "no block had slices");
        for segment in made {
            run_machine(&segment).await;
        }
    });
}
