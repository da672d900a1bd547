//! Properties over random histories.

use std::collections::BTreeSet;

use derivation::{AbsentReason, Alarm, Cause, Cursor, DerivedHead, L1_REORG_DEPTH_MAX};
use proptest::{
    collection::vec, prelude::*, sample::Index, strategy::ValueTree, test_runner::TestRunner,
};

use crate::{
    drive::{Driver, derive},
    l1::{L1, L1_GENESIS, deposit},
    l2::{Sequencer, WINDOW, config, genesis_hash, posted},
    reference,
    script::{Post, Round, World, post, round},
};

/// The rounds of a script with a batcher that posts all it has in each of them.
fn honest() -> impl Strategy<Value = Vec<Round>> {
    let none = Just(Post::NoData);
    vec(round(60, none), 1..40).prop_map(|mut rounds| {
        for (number, round) in rounds.iter_mut().enumerate() {
            // The sequencer keeps up with L1, and never posts later than half a window.
            round.gap = std::cmp::min(round.gap, 14);
            round.l2 = vec![number % 3; 7];
            round.posts.retain(|post| matches!(post, Post::Honest(_)));
            if number % 4 == 3 {
                round.posts = vec![Post::Honest(usize::MAX)];
            }
        }
        rounds
    })
}

fn hostile() -> impl Strategy<Value = Vec<Round>> {
    vec(round(30, post()), 1..50)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_was_sequenced_is_derived(rounds in honest()) {
        let mut world = World::play(&rounds);
        let safe = world.driver.head().block;
        if let Some(rest) = world.sequencer.batch(&safe, usize::MAX) {
            world.l1.mine(12, vec![], vec![crate::l2::posted(&rest)]);
        }
        let derived = derive(&world.config, &world.l1);
        let sequenced: Vec<_> = world.sequencer.blocks.iter().map(|block| &block.inputs).collect();
        prop_assert_eq!(derived.blocks.iter().map(|block| &block.inputs).collect::<Vec<_>>(), sequenced);
        prop_assert!(derived.blocks.iter().all(|block| block.cause != Cause::WindowPassed));
        let alarm = |alarm: &Alarm| matches!(alarm, Alarm::HintMismatch { .. });
        prop_assert!(!derived.blocks.iter().flat_map(|block| &block.alarms).any(alarm));
    }

    #[test]
    fn whatever_is_posted_the_reference_agrees(rounds in hostile()) {
        let world = World::play(&rounds);
        prop_assert_eq!(world.driver.inputs(), reference::derive(&world.config, &world.l1));
    }

    #[test]
    fn the_head_never_falls_behind_the_window(rounds in hostile()) {
        let world = World::play(&rounds);
        for processed in &world.driver.processed {
            let origin = processed.head.block.origin.number;
            prop_assert!(processed.l1.number <= origin + 1 + WINDOW);
        }
        let kept = u64::try_from(world.driver.derivation.origins().len()).unwrap();
        prop_assert!(kept <= WINDOW + L1_REORG_DEPTH_MAX + 2);
    }

    #[test]
    fn blocks_follow_one_another(rounds in hostile()) {
        let world = World::play(&rounds);
        for pair in world.driver.blocks.windows(2) {
            let (before, after) = (&pair[0].inputs.opening, &pair[1].inputs.opening);
            prop_assert_eq!(after.number, before.number + 1);
            prop_assert_eq!(after.timestamp, before.timestamp + world.config.block_time);
            let advanced = after.origin.number - before.origin.number;
            prop_assert_eq!(advanced, u64::from(after.sequence_number == 0));
            prop_assert!(advanced <= 1 && pair[0].derived_from.number <= pair[1].derived_from.number);
            prop_assert!(after.origin.number < pair[1].derived_from.number);
            prop_assert!(advanced == 1 || pair[1].inputs.deposits.is_empty());
        }
    }

    #[test]
    fn every_deposit_is_derived_once_and_in_order(rounds in hostile()) {
        let world = World::play(&rounds);
        let last = world.driver.head().block.origin.number;
        let sent = world.l1.blocks.iter().filter(|block| (L1_GENESIS + 1..=last).contains(&block.origin.number));
        let sent = sent.flat_map(|block| &block.messages).filter_map(|(_, message)| match message {
            protocol::L1Message::Deposit(deposit) => deposit.to_deposit(Default::default()).ok(),
            protocol::L1Message::Config(_) => None,
        });
        let derived = world.driver.blocks.iter().flat_map(|block| block.inputs.deposits.clone());
        let derived = derived.map(|deposit| protocol::TxDeposit { source_hash: Default::default(), ..deposit });
        prop_assert_eq!(derived.collect::<Vec<_>>(), sent.collect::<Vec<_>>());
    }

    #[test]
    fn unwinding_undoes_stepping(rounds in hostile(), at in any::<Index>(), extra in 0_usize..40) {
        let world = World::play(&rounds);
        let mut driver = Driver::new(&world.config);
        // Up to a random L1 block, then on by some steps, which may end inside an L1 block.
        let to = L1_GENESIS + 1 + at.index(rounds.len()) as u64;
        while driver.derivation.processed().l1.number < to {
            prop_assert!(driver.step(&world.l1));
        }
        let before = driver.clone();
        for _ in 0..extra {
            driver.step(&world.l1);
        }
        driver.unwind(to);
        prop_assert_eq!(&driver.derivation, &before.derivation);
        prop_assert_eq!(&driver.blocks, &before.blocks);
        driver.run(&world.l1);
        prop_assert_eq!(&driver.blocks, &world.driver.blocks);
        prop_assert_eq!(driver.derivation, world.driver.derivation);
    }

    #[test]
    fn a_reorg_is_as_if_the_old_chain_never_was(
        rounds in hostile(),
        others in hostile(),
        at in any::<Index>(),
    ) {
        let mut world = World::play(&rounds);
        let to = L1_GENESIS + at.index(rounds.len() + 1) as u64;
        world.l1.reorg(to);
        world.driver.unwind(to);
        let inputs = world.driver.inputs();
        let head = *world.driver.head();
        world.sequencer.adopt(&head, &inputs);
        world.sequencer.blocks.truncate(inputs.len());
        for round in &others {
            world.round(round);
        }
        let fresh = derive(&world.config, &world.l1);
        prop_assert_eq!(&fresh.blocks, &world.driver.blocks);
        prop_assert_eq!(&fresh.processed, &world.driver.processed);
        prop_assert_eq!(fresh.derivation, world.driver.derivation);
    }

    #[test]
    fn restarting_is_as_if_it_never_stopped(rounds in hostile(), at in any::<Index>()) {
        let world = World::play(&rounds);
        let stop = *at.get(&world.driver.processed);
        let mut resumed = Driver::resume(&world.config, stop.head, stop.l1);
        resumed.run(&world.l1);
        let later = |number: u64| number > stop.l1.number;
        let blocks = world.driver.blocks.iter().filter(|block| later(block.derived_from.number));
        prop_assert_eq!(resumed.blocks.iter().collect::<Vec<_>>(), blocks.collect::<Vec<_>>());
        let absent = world.driver.absent.iter().filter(|batch| later(batch.l1.number));
        prop_assert_eq!(resumed.absent.iter().collect::<Vec<_>>(), absent.collect::<Vec<_>>());
        prop_assert_eq!(resumed.head(), world.driver.head());
        let unfinished = world.driver.derivation.unfinished_block();
        prop_assert_eq!(resumed.derivation.unfinished_block(), unfinished);
    }

    #[test]
    fn going_on_after_any_block_gives_the_next_one(rounds in hostile(), at in any::<Index>()) {
        let world = World::play(&rounds);
        let blocks = &world.driver.blocks;
        prop_assume!(!blocks.is_empty());
        let at = at.index(blocks.len());
        let (head, cursor) = match at.checked_sub(1).map(|before| &blocks[before]) {
            None => (DerivedHead::genesis(&world.config, genesis_hash()), Cursor::genesis(L1_GENESIS)),
            Some(before) => {
                let hash = crate::l2::hash_of(&before.inputs);
                (DerivedHead::after(&before.inputs.opening, hash), before.cursor)
            }
        };
        prop_assert_eq!(cursor.is_genesis(&head), at == 0);
        let mut resumed = if at == 0 {
            Driver::resume(&world.config, head, world.l1.genesis())
        } else {
            let start = world.l1.get(cursor.l1_number - 1).unwrap().id();
            Driver::resume_within(&world.config, head, start, cursor)
        };
        resumed.run(&world.l1);
        prop_assert_eq!(&resumed.blocks[..], &blocks[at..]);
        prop_assert_eq!(resumed.head(), world.driver.head());
    }

    #[test]
    fn any_cut_of_blocks_into_batches_gives_the_blocks(
        counts in vec(0_usize..6, 1..20),
        sizes in vec(1_usize..5, 1..6),
        per_l1_block in 1_usize..7,
        restart in any::<Index>(),
    ) {
        let mut l1 = L1::new();
        l1.mine(12, vec![deposit(1, 3), deposit(2, 0)], vec![]);
        let mut sequencer = Sequencer::new(config(&l1));
        for count in counts {
            sequencer.build(&l1, count);
        }
        let genesis = DerivedHead::genesis(&sequencer.config, genesis_hash()).block;
        let batches = sequencer.split(&genesis, &sizes);
        // All of them within the window of the first, however they are spread over L1 blocks.
        let per_l1_block = std::cmp::max(per_l1_block, batches.len().div_ceil(8));
        for batches in batches.chunks(per_l1_block) {
            l1.mine(12, vec![], batches.iter().map(posted).collect());
        }
        let driver = derive(&sequencer.config, &l1);
        let sequenced: Vec<_> = sequencer.blocks.iter().map(|block| block.inputs.clone()).collect();
        prop_assert_eq!(driver.inputs(), sequenced);
        prop_assert_eq!(&driver.absent, &[]);
        prop_assert_eq!(driver.derivation.unfinished_block(), None);

        let stop = *restart.get(&driver.processed);
        let mut resumed = Driver::resume(&sequencer.config, stop.head, stop.l1);
        resumed.run(&l1);
        prop_assert_eq!(resumed.head(), driver.head());
        let kept = usize::try_from(stop.head.block.number).unwrap();
        prop_assert_eq!(&resumed.blocks[..], &driver.blocks[kept..]);
    }

    #[test]
    fn hostile_posts_change_nothing(rounds in honest(), hostile in vec(vec(harmless(), 0..4), 40)) {
        let clean = World::play(&rounds);
        let mut mixed = rounds;
        for (round, posts) in mixed.iter_mut().zip(hostile) {
            let honest = std::mem::replace(&mut round.posts, posts);
            round.posts.extend(honest);
        }
        let world = World::play(&mixed);
        prop_assert_eq!(world.driver.inputs(), clean.driver.inputs());
        prop_assert!(world.driver.absent.len() >= clean.driver.absent.len());
    }
}

/// Posts that can never be a valid batch, whatever they are made from.
fn harmless() -> impl Strategy<Value = Post> {
    prop_oneof![
        vec(any::<u8>(), 0..200).prop_map(Post::Garbage),
        Just(Post::NoData),
        any::<Index>().prop_map(Post::Truncated),
        Just(Post::WrongParent),
        Just(Post::WrongOrigin),
        (1_usize..4).prop_map(Post::Overlapping),
        (1_usize..4).prop_map(Post::Skipping),
    ]
}

/// The properties say little if the scripts are tame: in some of them every rule is broken.
#[test]
fn the_scripts_reach_every_rule() {
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..120 {
        let world = World::play(&hostile().new_tree(&mut runner).unwrap().current());
        let mut driver = Driver::new(&world.config);
        let mut unfinished = None;
        while driver.step(&world.l1) {
            let head = driver.head().block.number;
            if unfinished.is_some_and(|number| head == number) {
                reached.insert("parts");
            }
            unfinished = driver.derivation.unfinished_block();
        }
        reached.extend(world.driver.absent.iter().map(|absent| rule(&absent.reason)));
        for block in &world.driver.blocks {
            reached.insert(if block.cause == Cause::WindowPassed { "forced" } else { "batch" });
            reached.extend(block.alarms.iter().map(|alarm| match alarm {
                Alarm::HintMismatch { .. } => "alarm: hints",
                Alarm::DepositSkipped { .. } => "alarm: deposit",
            }));
        }
    }
    let expected = [
        "B1",
        "B10",
        "B2",
        "B3: decodes",
        "B3: declared",
        "B4",
        "B5",
        "B6",
        "B7",
        "B8",
        "B9",
        "P2",
        "parts",
        "forced",
        "batch",
        "alarm: hints",
        "alarm: deposit",
    ];
    assert_eq!(reached, BTreeSet::from(expected));
}

/// The rule's name in the specification.
const fn rule(reason: &AbsentReason) -> &'static str {
    match reason {
        AbsentReason::NoData => "B1",
        AbsentReason::NotNext { .. } => "B2",
        AbsentReason::Undecodable(_) => "B3: decodes",
        AbsentReason::DeclaredOtherwise { .. } => "B3: declared",
        AbsentReason::OtherParent => "B4",
        AbsentReason::OriginUnknown { .. } => "B5",
        AbsentReason::OriginTooNew { .. } => "B6",
        AbsentReason::DriftExceeded { .. } => "B7",
        AbsentReason::HintsMalformed { .. } => "B8",
        AbsentReason::WindowPassed { .. } => "B9",
        AbsentReason::OtherOrigin => "B10",
        AbsentReason::PartsMissing { .. } => "P2",
        AbsentReason::BlockTooLarge { .. } => "P4",
        AbsentReason::TooManyPostings { .. } => "B11",
    }
}
