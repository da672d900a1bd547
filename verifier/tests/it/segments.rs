//! The runs of segments that a verifier makes from its own database and L1, in random histories: natively, and for some of
//! them in the machine, with nothing but what was recorded.

use std::{sync::Arc, time::Duration};

use ::l1::{L1Evidence, L1Source, ProposalSource, RecordedEvidence, RecordedL1, RecordedProposals};
use alloy_primitives::B256;
use db::testing::TestDatabase;
use proptest::{collection::vec, prelude::*, sample::Index};
use protocol::{ConfigUpdate, L1Message, RollupConfig};
use service::Health;
use tokio_util::sync::CancellationToken;
use transition::{Claim, INVALID, Outcome};
use verifier::{
    Deps, Pins, Segment, SegmentError, SegmentRequest, Segments, VerifierConfig,
    claims::{ClaimReader, SEGMENTS_HEIGHT},
};

use crate::{
    l1::L1,
    l2::parameters,
    recorded::{blobs, evidence},
    tx::Act,
    world::{Derived, Post, Round, World, publish, round},
};

/// Nothing here takes long; what does is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a proposal would pin that is the last in this L1 block.
fn pins(l1: &L1, l1_number: u64) -> Pins {
    let now = l1.accumulators_after(std::cmp::min(l1_number, l1.number()));
    Pins {
        batch_accumulator: now.batches,
        message_accumulator: now.messages,
        l1_number,
        l1_parent_hash: l1.get(l1_number - 1).unwrap().origin.hash,
    }
}

/// Lets a verifier derive all of it into a database.
pub(crate) async fn derived(world: &World, l1: &Arc<RecordedL1>, gas: u64) -> TestDatabase {
    let test = TestDatabase::create().await;
    let deps = Deps {
        rollup: world.config.clone(),
        database: test.database.clone(),
        l1: L1Source::Recorded(l1.clone()),
        evidence: L1Evidence::Recorded(Arc::default()),
        proposals: ProposalSource::Recorded(RecordedProposals::new(l1.clone())),
        lists: None,
        l1_tip: l1.tip(),
        proposer: None,
        disputes: None,
        health: Health::new(),
        config: VerifierConfig { segment_gas: gas, ..VerifierConfig::default() },
    };
    let shutdown = CancellationToken::new();
    let mut handle = verifier::run(deps, shutdown.clone()).await.unwrap();
    let last = world.l1.number();
    let mut status = handle.status();
    let done = status.wait_for(|status| status.l1_processed.number == last);
    tokio::time::timeout(PATIENCE, done).await.expect("it gets there").unwrap();
    shutdown.cancel();
    handle.wait().await.unwrap();
    test
}

fn segments(
    world: &World,
    gas: u64,
    rollup: &Arc<RollupConfig>,
    (test, l1): (&TestDatabase, Arc<RecordedL1>),
    evidence: RecordedEvidence,
) -> Segments {
    let evidence = L1Evidence::Recorded(Arc::new(evidence));
    let l1 = L1Source::Recorded(l1);
    let rules = parameters(&world.config, gas);
    Segments::new(rollup.clone(), rules, &test.database, l1, evidence, 1).unwrap()
}

/// A world with a verifier's database of it.
pub(crate) struct Scene {
    world: World,
    pub(crate) leaves: Vec<Vec<B256>>,
    /// With the interval of the proposals that are made up here.
    rollup: Arc<RollupConfig>,
    l1: Arc<RecordedL1>,
    segments: Segments,
    pub(crate) test: TestDatabase,
}

impl Scene {
    /// L1 has every blob as long as anybody asks.
    pub(crate) async fn new(world: World, gas: u64) -> Self {
        Self::make(world, gas, false).await
    }

    /// L1 has no blobs any more, once the verifier has derived from them.
    pub(crate) async fn without_blobs(world: World, gas: u64) -> Self {
        Self::make(world, gas, true).await
    }

    async fn make(mut world: World, gas: u64, are_pruned: bool) -> Self {
        let leaves = publish(&mut world, gas);
        let mut evidence = evidence(&world);
        let l1 = RecordedL1::new(world.l1.blocks.clone());
        l1.add_blobs(blobs(&evidence));
        let test = derived(&world, &l1, gas).await;
        if are_pruned {
            l1.prune_blobs();
            evidence.blobs.clear();
        }
        let rollup = RollupConfig { proposal_interval: INTERVAL, ..(*world.config).clone() };
        let rollup = Arc::new(rollup);
        let segments = segments(&world, gas, &rollup, (&test, l1.clone()), evidence);
        Self { world, leaves, rollup, l1, segments, test }
    }

    /// The claims that a run after this leaf may read.
    fn claims(&self, previous: B256) -> Vec<Claim> {
        let claim = |hash: &B256| Claim::decode(self.world.known.keccak.get(hash)?);
        let first = claim(&previous);
        let parent = match &first {
            Some(Claim::Slice(slice)) => claim(&slice.parent),
            _ => None,
        };
        first.into_iter().chain(parent).collect()
    }

    pub(crate) async fn segment(&self, previous: B256, place: u64, l1_number: u64) -> Segment {
        self.try_segment(previous, place, l1_number).await.unwrap()
    }

    pub(crate) async fn try_segment(
        &self,
        previous: B256,
        place: u64,
        l1_number: u64,
    ) -> Result<Segment, SegmentError> {
        let claims = self.claims(previous);
        let pins = pins(&self.world.l1, l1_number);
        // As if there had been a proposal in every third block of L1.
        let first = self.world.l1.blocks[1..].iter().step_by(3);
        let earlier = first.map(|block| block.origin.number).filter(|number| *number < l1_number);
        let earlier = earlier.map(|number| crate::segments::pins(&self.world.l1, number));
        let earlier = earlier.collect();
        let request = SegmentRequest { previous, claims, place, pins, earlier };
        self.segments.segment(request).await
    }

    /// Every place of every block, in the earliest view that it can be derived in and in the last.
    pub(crate) async fn check(&self) -> Vec<Segment> {
        let mut made = Vec::new();
        let last = self.world.l1.number();
        for (pair, derived) in self.leaves.windows(2).zip(&self.world.derived[1..]) {
            let mut previous = *pair[0].last().unwrap();
            for (place, leaf) in (0..).zip(&pair[1]) {
                for l1_number in [derived.cursor.l1_number, last] {
                    let segment = self.segment(previous, place, l1_number).await;
                    assert_eq!(segment.leaf(), *leaf, "{:?}", segment.outcome());
                    made.push(segment);
                }
                previous = *leaf;
            }
        }
        made
    }

    /// What only fills the tree up, what cannot be derived, and what follows from that.
    async fn check_ends(&self) -> Vec<Segment> {
        let last = *self.leaves.last().unwrap().last().unwrap();
        // An L1 block that is there, as that of a proposal is: one block later another L2 block may be forced.
        let l1_number = self.world.l1.number();
        let mut made = Vec::new();
        for (previous, place, expected) in [
            (last, 32, last),
            (last, 1, last),
            (last, 0, last),
            (INVALID, 0, INVALID),
            (INVALID, 32, INVALID),
        ] {
            let segment = self.segment(previous, place, l1_number).await;
            assert_eq!(segment.leaf(), expected, "{:?}", segment.outcome());
            made.push(segment);
        }
        made
    }
}

/// Blocks between the proposals that are made up here.
const INTERVAL: u64 = 4;

impl Scene {
    /// Views that were pinned between two postings of one L1 block, and before and after all of them.
    fn views(&self) -> Vec<Pins> {
        let l1 = &self.world.l1;
        let mut views = Vec::new();
        for block in &l1.blocks[1..] {
            let whole = pins(l1, block.origin.number);
            let indexes = block.batches.iter().map(|posted| l1.around[&posted.index]);
            let between = indexes.map(|[before, _]| Pins { batch_accumulator: before, ..whole });
            views.extend(between);
            views.push(whole);
        }
        views
    }

    /// The tree over the interval in which this view ends has the leaves that runs give. Whether all of it follows.
    async fn check_view(&self, pins: Pins) -> bool {
        let reader = ClaimReader::new(self.rollup.clone(), &self.test.database);
        let cursors = self.world.derived[1..].iter().map(|derived| derived.cursor.l1_number);
        let before = cursors.take_while(|number| *number < pins.l1_number).count() as u64;
        let last = (before / INTERVAL + 1) * INTERVAL;
        let blocks = (last - INTERVAL, last);
        let made = self.segments.pinned(blocks, pins, Vec::new()).await.unwrap();
        let interval = made.expect("the block before it and the L1 block are derived");
        let end = usize::try_from(INTERVAL).unwrap() * 32;
        let mut leaves: Vec<usize> = (0..end).filter(|leaf| leaf % 32 < 2).collect();
        let behind = (1 << SEGMENTS_HEIGHT) - 1;
        leaves.extend([end - 1, end, behind]);
        let whole = reader.interval(blocks.0, blocks.1).await.unwrap();
        if let Some(whole) = whole.filter(|_| interval.is_whole()) {
            assert_eq!(whole.tree, **interval.tree());
        }
        for leaf in leaves {
            let segment = self.segments.segment(interval.request(leaf)).await.unwrap();
            let outcome = segment.outcome();
            assert_eq!(interval.tree().leaf(leaf), Some(segment.leaf()), "{leaf}: {outcome:?}");
        }
        assert_eq!(interval.tree().leaf(behind), Some(interval.last().hash()));
        // Before the pinned L1 block was derived from, nobody can tell.
        let later = Pins { l1_number: self.world.l1.number() + 1, ..pins };
        assert_eq!(self.segments.pinned(blocks, later, Vec::new()).await.unwrap(), None);
        // Nor does anybody on another L1.
        let other = Pins { l1_parent_hash: B256::ZERO, ..pins };
        assert_eq!(self.segments.pinned(blocks, other, Vec::new()).await.unwrap(), None);
        interval.is_whole()
    }
}

/// The machine comes to the same, or says that it lacks something.
pub(crate) async fn run_machine(segment: &Segment) {
    let run = segment.strides().await.unwrap();
    let ended_well = run.last[48..50] == [1, 0];
    assert_eq!(ended_well, !matches!(segment.outcome(), Outcome::Invalid(_)));
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn a_verifier_runs_every_segment(
        rounds in vec(round(), 1..10),
        gas in 50_000_u64..400_000,
        seldom in 5_usize..9,
        places in any::<[Index; 2]>(),
    ) {
        block_on(async {
            let scene = Scene::new(World::play(&rounds), gas).await;
            let made = scene.check().await;
            for segment in made.iter().step_by(seldom).take(3) {
                run_machine(segment).await;
            }
            for segment in scene.check_ends().await {
                run_machine(&segment).await;
            }
            let views = scene.views();
            for at in places {
                scene.check_view(*at.get(&views)).await;
            }
        });
    }
}

/// What a history has in it that must not be left to luck.
#[test]
fn all_kinds_of_blocks_are_run() {
    let act = |to| (0, Act::Transfer(to, 1));
    let round = |l2, posts| Round { l2, gap: 12, messages: Vec::new(), posts };
    let rounds = vec![
        round(vec![(0..9).map(act).collect(), vec![act(1)]], vec![(Post::Honest(9), true)]),
        round(vec![(0..9).map(act).collect()], vec![(Post::Honest(9), false)]),
        round(vec![(0..6).map(act).collect()], vec![(Post::Parts(2, true), false)]),
    ];
    // Then nothing is posted until blocks are forced.
    let idle = (0..12).map(|_| round(Vec::new(), Vec::new()));
    let world = World::play(&rounds.into_iter().chain(idle).collect::<Vec<_>>());
    let causes: Vec<_> = world.derived.iter().filter_map(|Derived { cause, .. }| *cause).collect();
    assert!(causes.contains(&derivation::Cause::WindowPassed), "{causes:?}");
    assert!(!world.l1.in_blobs.is_empty() && !world.l1.last_parts.is_empty());
    block_on(async {
        let scene = Scene::new(world, 60_000).await;
        let made = scene.check().await;
        assert!(scene.leaves.iter().any(|places| places.len() > 2), "no block had slices");
        for segment in made.iter().step_by(7) {
            run_machine(segment).await;
        }
        let mut ends = std::collections::BTreeSet::new();
        for view in scene.views() {
            ends.insert(scene.check_view(view).await);
        }
        assert_eq!(ends.len(), 2, "some intervals follow to their ends, and some do not");
    });
}

/// What was posted and sent before an earlier proposal is not read where that is known.
#[test]
fn nothing_before_an_earlier_proposal_is_asked_from_l1() {
    const GAS: u64 = 60_000;
    let message = || L1Message::Config(ConfigUpdate::GasLimit(30_000_000));
    let transfer = vec![vec![(0, Act::Transfer(1, 1))]];
    let rounds = (0..24).map(|_| Round {
        l2: transfer.clone(),
        gap: 12,
        messages: vec![message()],
        posts: vec![(Post::Honest(9), false)],
    });
    block_on(async {
        let scene = Scene::new(World::play(&rounds.collect::<Vec<_>>()), GAS).await;
        let world = &scene.world;
        let (l1_number, last) = (world.l1.number(), world.derived.len() as u64 - 1);
        let last = last / INTERVAL * INTERVAL;
        let now = pins(&world.l1, l1_number);
        // What is between two proposals is more than enough to find an origin in.
        let earlier: Vec<_> = [4, 12].map(|back| pins(&world.l1, l1_number - back)).into();
        let mut known = evidence(world);
        let first = l1_number - 12;
        known.entries.retain(|posted| posted.entry.l1_number >= first);
        known.messages.retain(|sent| sent.l1_number >= first);
        known.canonical.retain(|number, _| *number >= first);
        known.headers.retain(|hash, _| known.canonical.values().any(|kept| kept == hash));
        let segments = segments(world, GAS, &scene.rollup, (&scene.test, scene.l1.clone()), known);

        let interval =
            segments.pinned((last - INTERVAL, last), now, earlier).await.unwrap().unwrap();
        let (first, end) = (interval.request(0), interval.tree().leaf(0));
        assert_eq!(Some(segments.segment(first.clone()).await.unwrap().leaf()), end);
        let alone = segments.segment(SegmentRequest { earlier: Vec::new(), ..first }).await;
        assert!(matches!(alone, Err(SegmentError::Chain { .. })), "{alone:?}");
    });
}
