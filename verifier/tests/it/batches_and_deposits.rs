//! Batches and deposits that are odd or hostile, one kind after the other: the blocks that follow from them have the claims
//! that the transition gives, natively and in the machine.

use alloy_primitives::{Address, map::HashSet};
use derivation::Cause;
use protocol::{ConfigUpdate, DepositMessage, L1Message};

use crate::{
    segments::{Scene, block_on, run_machine},
    tx::{Act, COUNTER, REVERTER},
    world::{Post, Round, World},
};

fn deposit(to: Address, data: usize) -> L1Message {
    let mut opaque = vec![0; 64];
    opaque.extend(1_000_000_u64.to_be_bytes());
    opaque.push(0);
    opaque.extend(vec![0x5a; data]);
    let from = Address::repeat_byte(0x31);
    L1Message::Deposit(DepositMessage { from, to, opaque_data: opaque.into() })
}

/// The longest message that the Portal takes.
fn longest() -> L1Message {
    let overhead = deposit(COUNTER, 0).encode().len();
    let longest = deposit(COUNTER, 120_000 - overhead);
    assert_eq!(longest.encode().len(), 120_000);
    longest
}

/// Postings that count for nothing, each with an honest one behind it in the same L1 block.
fn hostile() -> Vec<Post> {
    vec![
        Post::Garbage(vec![]),
        Post::Garbage(vec![9; 200]),
        Post::Changed(100, 1),
        Post::WrongParent,
        Post::WrongOrigin,
        Post::WrongLast,
        Post::OriginFlipped(0),
        Post::HintAdded,
        Post::LostPart(1),
        Post::Later(2),
        Post::BadBlobs(0),
        Post::BadBlobs(1),
        Post::BadBlobs(4),
    ]
}

fn odd_messages() -> Vec<Vec<L1Message>> {
    let update = |gas| L1Message::Config(ConfigUpdate::GasLimit(gas));
    let formless =
        DepositMessage { from: Address::ZERO, to: COUNTER, opaque_data: vec![1, 2, 3].into() };
    vec![
        Vec::new(),
        (0..20).map(|_| deposit(COUNTER, 3)).collect(),
        vec![longest()],
        // A configuration between two deposits of one L1 block.
        vec![deposit(COUNTER, 0), update(31_000_000), deposit(REVERTER, 0)],
        vec![L1Message::Deposit(formless), deposit(COUNTER, 1)],
        vec![L1Message::Config(ConfigUpdate::FeeScalars { base: 7, blob: 9 })],
    ]
}

/// A transaction, one that cannot be decoded by this chain, and an empty block.
fn blocks() -> Vec<Vec<(usize, Act)>> {
    let acts = vec![(0, Act::Transfer(1, 1)), (1, Act::ForOtherChainOrNobody(5))];
    vec![acts, Vec::new(), vec![(2, Act::Call(COUNTER, 60_000))]]
}

fn world() -> World {
    let mut messages = odd_messages().into_iter().cycle();
    let mut rounds = Vec::new();
    for post in hostile() {
        let posts = vec![(post, false), (Post::Honest(9), rounds.len() % 3 == 0)];
        rounds.push(Round { l2: blocks(), gap: 6, messages: messages.next().unwrap(), posts });
    }
    // Many worthless entries in a row, and then nothing at all, until blocks come that nobody posted.
    let worthless = (0..20).map(|at| (Post::Garbage(vec![at]), false)).collect();
    rounds.push(Round { l2: blocks(), gap: 12, messages: Vec::new(), posts: worthless });
    rounds.extend(odd_messages().into_iter().chain(vec![Vec::new(); 3]).map(|messages| Round {
        l2: Vec::new(),
        gap: 12,
        messages,
        posts: Vec::new(),
    }));
    World::play(&rounds)
}

#[test]
fn whatever_is_posted_and_sent_there_is_one_claim() {
    let world = world();
    let kinds: HashSet<_> = world.absent.iter().map(std::mem::discriminant).collect();
    assert!(kinds.len() >= 7, "{:?}", world.absent);
    let causes: Vec<_> = world.derived.iter().filter_map(|derived| derived.cause).collect();
    let is_forced = |cause: &Cause| *cause == Cause::WindowPassed;
    assert!(causes.iter().any(is_forced) && !causes.iter().all(is_forced), "{causes:?}");
    let most = world.derived.iter().map(|derived| derived.block.inputs.deposits.len()).max();
    assert!(most >= Some(20), "{most:?}");
    block_on(async {
        let scene = Scene::new(world, transition::SEGMENT_GAS).await;
        // Each of them was run natively; the machine takes some.
        for segment in scene.check().await.iter().step_by(9) {
            run_machine(segment).await;
        }
    });
}
