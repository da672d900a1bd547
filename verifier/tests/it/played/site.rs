//! One history, a verifier's database of it, and any lie about it, to be played on as many L1s as are wanted.
//!
//! The verifier has derived all of L1 and stopped, so no clock has to be followed: every dispute here begins with a
//! proposal in a block of L1 that it knows, most of them in the last. Trees are built by [`OwnTrees`], each once.

use std::{collections::BTreeMap, sync::Arc};

use ::l1::{L1Evidence, L1Source, RecordedL1};
use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::SolValue,
};
use bindings::{DisputeOracle::OracleParameters, contracts::Claims::BlockClaim};
use db::testing::TestDatabase;
use derivation::Cause;
use dispute::Need;
use parking_lot::Mutex;
use protocol::{DepositMessage, L1Message, RollupConfig};
use transition::ChainParameters;
use verifier::{
    Segments,
    lies::{Forged, Forger, LieError, LieKind, Truth},
    player::{OwnTrees, Part, Pinned, Trees},
};

use crate::{
    chain::Ground,
    host::Known,
    l2::parameters,
    recorded::evidence,
    segments::derived,
    steps::versioned_hash,
    tx::{Act, COUNTER, LOGGER},
    world::{Post, Round, World},
};

/// Gas of a slice: large blocks have several.
const GAS: u64 = 60_000;
/// The block from which on something is looked for to lie about. It has a deposit, withdrawals and slices.
const FROM: usize = 3;

/// All that disputes are played with.
pub(crate) struct Site {
    rollup: RollupConfig,
    parameters: ChainParameters,
    world: World,
    forger: Forger,
    pub(crate) truth: Truth,
    pub(crate) trees: Shared,
    _database: TestDatabase,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let world = history();
        let recorded = RecordedL1::new(world.l1.blocks.clone());
        let database = derived(&world, &recorded, GAS).await;
        // The whole chain is one interval.
        let last = world.derived.len() as u64 - 1;
        let rollup = RollupConfig { proposal_interval: last, ..(*world.config).clone() };
        let parameters = parameters(&rollup, GAS);
        let (l2, shared) = (&database.database, Arc::new(rollup.clone()));
        let l1 = L1Source::Recorded(recorded);
        let known = L1Evidence::Recorded(Arc::new(evidence(&world)));
        let segments =
            Segments::new(shared.clone(), parameters.clone(), l2, l1.clone(), known, 1).unwrap();
        let forger = Forger::new(shared, parameters.clone(), l2, l1).unwrap();
        let truth = forger.truth(0, last).await.unwrap().expect("all of it is derived");
        let trees = Shared { own: OwnTrees::new(segments), built: Mutex::default() };
        Self { rollup, parameters, world, forger, truth, trees, _database: database }
    }

    /// A lie of this kind about the interval. Those with different salts differ.
    pub(crate) async fn lie(&self, kind: LieKind, salt: u64) -> Forged {
        let lie = self.forger.lie(kind, &self.truth, (FROM, salt)).await;
        match lie {
            Ok(lie) => lie.expect("all of it is derived"),
            Err(LieError::Nothing { .. }) => panic!("the history has nothing for {kind}"),
            Err(error) => panic!("{kind}: {error:?}"),
        }
    }

    /// The last L2 block of the interval.
    pub(crate) const fn last_block(&self) -> u64 {
        self.rollup.proposal_interval
    }

    /// L1's last block, in which nothing was posted, so that a proposal in it pins all that there is.
    pub(crate) fn l1_last(&self) -> u64 {
        let l1 = &self.world.l1;
        let last = l1.number();
        assert_eq!(l1.accumulators_after(last), l1.accumulators_after(last - 1));
        last
    }

    /// The first block of L1.
    pub(crate) fn l1_first(&self) -> u64 {
        self.rollup.genesis.l1.number
    }

    /// What the contracts find on L1 right before this block of it.
    pub(crate) fn ground(&self, l1_number: u64) -> Ground {
        let l1 = &self.world.l1;
        let before = l1.get(l1_number - 1).unwrap().origin;
        let now = l1.accumulators_after(before.number);
        let genesis = BlockClaim::abi_decode(&self.truth.interval.parent.encode()).unwrap();
        Ground {
            number: before.number,
            time: before.timestamp,
            hash: before.hash,
            accumulators: [now.batches, now.messages],
            initial_state: verifier::initial_state(),
            chain: OracleParameters {
                batchInbox: Address::ZERO,
                portal: Address::ZERO,
                proposalInterval: self.last_block(),
                l2BlockTime: self.rollup.block_time,
                // So early and long that it may be proposed at any time, before it is posted too.
                proposalLag: u64::from(u32::MAX),
                genesisTime: 1,
                parametersHash: self.parameters.hash(),
                genesis,
            },
        }
    }
}

/// Our trees. All proposals that are made in one L1 block pin the same, so each is built once for all of them.
pub(crate) struct Shared {
    own: OwnTrees,
    built: Mutex<BTreeMap<(u64, Need), Part>>,
}

impl Shared {
    pub(crate) async fn build(&self, about: Pinned, need: Need) -> Part {
        let name = (about.l1_number, need);
        if let Some(part) = self.built.lock().get(&name) {
            return part.clone();
        }
        let part =
            self.own.build(about, Vec::new(), need).await.unwrap().expect("all of it is derived");
        self.built.lock().insert(name, part.clone());
        part
    }
}

fn deposit(to: Address) -> L1Message {
    let mut opaque = U256::from(1_000_000).to_be_bytes::<32>().to_vec();
    opaque.extend(U256::from(1_000_000).to_be_bytes::<32>());
    opaque.extend(100_000_u64.to_be_bytes());
    opaque.push(0);
    let from = Address::repeat_byte(7);
    L1Message::Deposit(DepositMessage { from, to, opaque_data: Bytes::from(opaque) })
}

/// Blocks of several senders with transfers, calls, withdrawals and logs; deposits; batches in blobs, in calldata and in
/// parts; slices; changes of the L1 origin; and at the end blocks that are forced because nobody posts any more.
fn history() -> World {
    let busy = |count: u8| {
        let act = |to: u8| match to % 5 {
            0 => Act::Write(true, to, 1),
            1 => Act::Call(COUNTER, 60_000),
            2 => Act::Call(LOGGER, 60_000),
            _ => Act::Transfer(to, 1),
        };
        (0..count).map(|to| (usize::from(to % 3), act(to))).collect::<Vec<_>>()
    };
    let round = |posts, messages| Round {
        l2: vec![busy(6), busy(9), busy(2)],
        gap: 6,
        messages,
        posts: vec![posts],
    };
    let to = Address::repeat_byte;
    let mut rounds = vec![
        round((Post::Honest(9), true), vec![deposit(to(1)), deposit(COUNTER)]),
        round((Post::Honest(9), false), vec![deposit(to(2))]),
        round((Post::Honest(9), true), vec![deposit(to(3))]),
        round((Post::Honest(9), false), vec![]),
        round((Post::Parts(4, true), false), vec![]),
    ];
    let idle = || Round { l2: vec![], gap: 12, messages: vec![], posts: vec![] };
    rounds.extend((0..12).map(|_| idle()));
    let mut known = Known::default();
    known.versioned_hash = Some(versioned_hash);
    let world = World::play_with(known, &rounds);
    let causes: Vec<_> = world.derived.iter().filter_map(|derived| derived.cause).collect();
    assert!(causes.contains(&Cause::WindowPassed), "no block was forced: {causes:?}");
    world
}
