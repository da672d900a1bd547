//! Determinism: a history has the same claims and the same run in every process, however its maps are seeded.

use alloy_primitives::{B256, b256, keccak256};

use crate::{
    segments::{Scene, block_on},
    tx::{Act, COUNTER},
    world::{Post, Round, World, publish},
};

/// Over all claims of the history. Another value means that claims have changed, or that something is left to chance.
const CLAIMS: B256 = b256!("c4e3227d8a612afb9d935e0fae88f91ca4c2ee41c43cacb41b9e3ab147c97942");

// What the machine computes with is 64 bits wide, and so is what it is compared with.
const _: () = assert!(usize::BITS == 64, "lengths are 64 bits wide natively too");

fn world() -> World {
    let acts =
        |from: u8| (0..9).map(move |to| (usize::from(from), Act::Transfer(from * 16 + to, 1)));
    let blocks = (0..3).map(|from| acts(from).chain([(0, Act::Call(COUNTER, 90_000))]).collect());
    let posts = vec![(Post::Honest(9), true)];
    World::play(&[Round { l2: blocks.collect(), gap: 12, messages: Vec::new(), posts }])
}

#[test]
fn a_history_has_the_same_claims_in_every_process() {
    let leaves = publish(&mut world(), 100_000);
    assert!(leaves.len() > 3 && leaves.iter().any(|places| places.len() > 1));
    assert_eq!(keccak256(leaves.concat().concat()), CLAIMS);
}

/// Two verifiers with databases of their own come to the same run, step by step.
#[test]
fn two_verifiers_come_to_the_same_run() {
    block_on(async {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let world = world();
            let l1_number = world.l1.number();
            let scene = Scene::new(world, transition::SEGMENT_GAS).await;
            let segment = scene.segment(scene.leaves[0][0], 0, l1_number).await;
            runs.push((segment.strides().await.unwrap(), segment.steps(1).await.unwrap()));
        }
        assert_eq!(runs[0], runs[1]);
    });
}
