//! Random histories of L1 and L2, honest and hostile, and the claims that the native chain gives.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use derivation::{
    AbsentReason, BatchBuilder, BlockPart, Cause, Cursor, Derivation, OriginSelector, Step,
};
use proptest::{collection::vec, prelude::*};
use protocol::{
    Batch, BlockInputs, Compression, ConfigUpdate, DepositMessage, L1Message, L1Origin,
    RollupConfig, blob, pack,
};

use crate::{
    host::Known,
    l1::{Carried, L1, Posting},
    l2::{Block, Config, config},
    tx::{Act, CHAIN_ID, COUNTER, KEYS, Key, WRITER, act},
};

/// One L1 block, and what the sequencer does before it.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// L2 blocks: who does what.
    pub(crate) l2: Vec<Vec<(usize, Act)>>,
    /// Seconds between this L1 block and the one before.
    pub(crate) gap: u64,
    pub(crate) messages: Vec<L1Message>,
    pub(crate) posts: Vec<(Post, bool)>,
}

/// What is posted, in blobs or in calldata.
#[derive(Clone, Debug)]
pub(crate) enum Post {
    /// The blocks after the safe head, at most this many.
    Honest(usize),
    /// The next block in parts of at most this many transactions, but for the last of them if the flag says so.
    Parts(usize, bool),
    /// Any bytes as the next batch.
    Garbage(Vec<u8>),
    /// An honest batch with a byte changed, at this place of 256.
    Changed(u8, u8),
    WrongParent,
    WrongOrigin,
    /// Declares more blocks than it holds.
    WrongLast,
    /// Some block of it has its origin where it has not.
    OriginFlipped(u8),
    HintAdded,
    /// Parts without the first of them.
    LostPart(usize),
    /// As if it began later.
    Later(u64),
    /// Blobs that hold nothing.
    BadBlobs(u8),
}

pub(crate) fn message() -> impl Strategy<Value = L1Message> {
    let deposit = (any::<u8>(), 0_u64..3, 0_usize..80, 0_u8..4, 0_u64..200_000);
    let deposit = deposit.prop_map(|(from, mint, data, kind, gas)| {
        let mut opaque = U256::from(mint * 1_000_000).to_be_bytes::<32>().to_vec();
        opaque.extend(U256::from(1_000_000 * (mint / 2)).to_be_bytes::<32>());
        opaque.extend(gas.to_be_bytes());
        opaque.push(u8::from(kind == 1));
        opaque.resize(opaque.len() + data, from % 3);
        let opaque = if kind == 2 { vec![1, 2, 3] } else { opaque };
        let to = if from.is_multiple_of(2) { COUNTER } else { WRITER };
        let from = Address::repeat_byte(from);
        L1Message::Deposit(DepositMessage { from, to, opaque_data: opaque.into() })
    });
    prop_oneof![
        5 => deposit,
        1 => (21_000_000_u64..60_000_000).prop_map(|gas| L1Message::Config(ConfigUpdate::GasLimit(gas))),
        1 => (0_u32..2_000, 0_u32..900_000)
            .prop_map(|(base, blob)| L1Message::Config(ConfigUpdate::FeeScalars { base, blob })),
        1 => any::<[u8; 20]>().prop_map(|batcher| L1Message::Config(ConfigUpdate::Batcher(batcher.into()))),
    ]
}

fn post() -> impl Strategy<Value = Post> {
    prop_oneof![
        3 => (1_usize..4, any::<bool>()).prop_map(|(size, whole)| Post::Parts(size, whole)),
        1 => vec(any::<u8>(), 0..200).prop_map(Post::Garbage),
        1 => (any::<u8>(), 1_u8..).prop_map(|(at, mask)| Post::Changed(at, mask)),
        1 => Just(Post::WrongParent),
        1 => Just(Post::WrongOrigin),
        1 => Just(Post::WrongLast),
        1 => any::<u8>().prop_map(Post::OriginFlipped),
        1 => Just(Post::HintAdded),
        1 => (1_usize..3).prop_map(Post::LostPart),
        1 => (1_u64..4).prop_map(Post::Later),
        1 => any::<u8>().prop_map(Post::BadBlobs),
    ]
}

pub(crate) fn round() -> impl Strategy<Value = Round> {
    let honest = prop_oneof![
        60 => (1_usize..9).prop_map(|count| vec![Post::Honest(count)]),
        40 => Just(Vec::new()),
    ];
    let block = vec((0..KEYS, act()), 0..6);
    let posts = vec(post(), 0..2);
    let carriers = vec(prop::bool::weighted(0.1), 3);
    (vec(block, 0..6), 1_u64..30, vec(message(), 0..3), honest, posts, carriers).prop_map(
        |(l2, gap, messages, honest, mut posts, carriers)| {
            let place = std::cmp::min(1, posts.len());
            posts.splice(place..place, honest);
            Round { l2, gap, messages, posts: posts.into_iter().zip(carriers).collect() }
        },
    )
}

/// A block that was derived, with where derivation stood after it.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    pub(crate) block: Block,
    pub(crate) cursor: Cursor,
    pub(crate) cause: Option<Cause>,
}

pub(crate) struct World {
    pub(crate) l1: L1,
    pub(crate) config: Config,
    pub(crate) known: Known,
    derivation: Derivation,
    /// Why batches were absent.
    pub(crate) absent: Vec<AbsentReason>,
    /// From block 0 on.
    pub(crate) derived: Vec<Derived>,
    /// The sequencer's chain, from block 0 on.
    sequenced: Vec<(Block, Vec<u32>)>,
}

impl World {
    pub(crate) fn play(rounds: &[Round]) -> Self {
        Self::play_with(Known::default(), rounds)
    }

    /// The same, known to who knows something already.
    pub(crate) fn play_with(known: Known, rounds: &[Round]) -> Self {
        Self::play_on(known, config, rounds)
    }

    /// The same, on a chain with other settings or contracts.
    pub(crate) fn play_on(
        mut known: Known,
        config: impl Fn(&L1Origin) -> RollupConfig,
        rounds: &[Round],
    ) -> Self {
        let mut made = None;
        let l1 = L1::new(&mut known, |origin| made.insert(config(origin)).clone());
        let config = Arc::new(made.unwrap());
        let genesis = Block::genesis(&config);
        let derivation = Derivation::genesis(config.clone(), genesis.head.block.hash);
        let cursor = Cursor::genesis(config.genesis.l1.number);
        let derived = vec![Derived { block: genesis.clone(), cursor, cause: None }];
        let sequenced = vec![(genesis, Vec::new())];
        let mut world = Self { l1, config, known, derivation, absent: vec![], derived, sequenced };
        world.derive();
        for round in rounds {
            world.round(round);
        }
        world
    }

    fn round(&mut self, round: &Round) {
        round.l2.iter().for_each(|acts| self.build(acts));
        let posts = round.posts.iter().flat_map(|(post, in_blobs)| self.make(post, *in_blobs));
        let posts = posts.collect();
        self.l1.mine(&mut self.known, round.gap, round.messages.clone(), posts);
        self.derive();
        let safe = self.derived.last().unwrap();
        let place = self.derived.len() - 1;
        if self.sequenced.get(place).is_none_or(|(own, _)| own.head != safe.block.head) {
            self.sequenced =
                self.derived.iter().map(|derived| (derived.block.clone(), vec![])).collect();
        }
    }

    fn build(&mut self, acts: &[(usize, Act)]) {
        let (parent, _) = self.sequenced.last().unwrap();
        let current = self.l1.origin(parent.head.block.origin.number).unwrap();
        let next = self.l1.origin(parent.head.block.origin.number + 1);
        let choice = OriginSelector::new(&self.config).choose(
            &parent.head.block,
            &current.origin,
            next.as_ref().map(|next| &next.origin),
        );
        let origin = if choice.advances { next.unwrap() } else { current };
        let opening = parent.head.open_next(&self.config, &origin);
        let hints = if choice.advances { origin.deposit_log_indexes() } else { vec![] };
        let mut nonces: Vec<_> = (0..KEYS).map(|key| nonce(parent, key)).collect();
        let acts = acts.iter().filter(|_| choice.user_transactions);
        let transactions = acts.map(|(key, act)| {
            let (raw, is_used) = Key::new(*key).act(act, nonces[*key]);
            nonces[*key] += u64::from(is_used);
            raw
        });
        let transactions = transactions.collect();
        let inputs = BlockInputs { opening, deposits: origin.deposits(&hints), transactions };
        let block = parent.next(&self.config, inputs);
        self.sequenced.push((block, hints));
    }

    fn derive(&mut self) {
        loop {
            match self.derivation.step() {
                Step::NeedL1 { number } => {
                    let Some(block) = self.l1.get(number) else { return };
                    self.derivation.add_l1(block.clone()).unwrap();
                }
                Step::Execute(next) => {
                    let parent = &self.derived.last().unwrap().block;
                    let block = parent.next(&self.config, next.inputs.clone());
                    self.derivation.executed(next.reference(block.head.block.hash)).unwrap();
                    let cause = Some(next.cause);
                    self.derived.push(Derived { block, cursor: next.cursor, cause });
                }
                Step::Absent(batch) => self.absent.push(batch.reason),
                Step::Processed(_) => {}
            }
        }
    }

    /// The blocks after the safe head as one batch, or one block in parts.
    fn batches(&self, count: usize, size: usize) -> Vec<Batch> {
        let (mut batches, mut builder) = (Vec::new(), BatchBuilder::new());
        for (block, hints) in self.sequenced.iter().skip(self.derived.len()).take(count) {
            let opening = &block.inputs.opening;
            let mut chunks = block.inputs.transactions.chunks(size).peekable();
            let mut skip = 0;
            if chunks.len() > 1 {
                batches.extend(std::mem::take(&mut builder).build());
            }
            loop {
                let transactions = chunks.next().unwrap_or_default().to_vec();
                let (sent, is_last) = (transactions.len(), chunks.peek().is_none());
                let part = BlockPart { skip, transactions, is_last };
                builder.push_part(opening, hints.clone(), part).unwrap();
                skip += u32::try_from(sent).unwrap();
                if is_last {
                    break;
                }
                batches.extend(std::mem::take(&mut builder).build());
            }
        }
        batches.extend(builder.build());
        batches
    }

    fn make(&self, post: &Post, in_blobs: bool) -> Vec<Posting> {
        let honest = || self.batches(usize::MAX, usize::MAX).into_iter().next();
        let next = self.derived.last().unwrap().block.header.number + 1;
        let raw = |bytes: Vec<u8>| posting((next, next), Bytes::from(bytes), in_blobs);
        let change = |change: &dyn Fn(&mut Batch)| {
            let mut batch = honest()?;
            change(&mut batch);
            Some(posted(&batch, in_blobs))
        };
        match post {
            Post::Honest(count) => self
                .batches(*count, usize::MAX)
                .iter()
                .map(|batch| posted(batch, in_blobs))
                .collect(),
            Post::Parts(size, is_whole) => {
                let mut batches = self.batches(2, *size);
                if !is_whole {
                    batches.pop();
                }
                batches.iter().map(|batch| posted(batch, in_blobs)).collect()
            }
            Post::LostPart(size) => {
                let batches = self.batches(1, *size);
                batches.iter().skip(1).map(|batch| posted(batch, in_blobs)).collect()
            }
            Post::WrongLast => change(&|_| {})
                .map(|posting| Posting { last_block: posting.last_block + 1, ..posting })
                .into_iter()
                .collect(),
            Post::OriginFlipped(at) => change(&|batch| {
                let at = usize::from(*at) % batch.blocks.len();
                batch.blocks[at].origin_advances ^= true;
                batch.blocks[at].deposit_log_indexes.clear();
            })
            .into_iter()
            .collect(),
            Post::HintAdded => change(&|batch| {
                let block = batch.blocks.last_mut().unwrap();
                block.origin_advances = true;
                block.deposit_log_indexes.push(1_000_000);
            })
            .into_iter()
            .collect(),
            Post::Garbage(bytes) => vec![raw(bytes.clone())],
            Post::Changed(at, mask) => {
                let Some(batch) = honest() else { return vec![] };
                let mut bytes = payload(&batch).to_vec();
                let at = usize::from(*at) * bytes.len() / 256;
                bytes[at] ^= mask;
                vec![posting(
                    (batch.first_block, batch.last_block().unwrap()),
                    bytes.into(),
                    in_blobs,
                )]
            }
            Post::WrongParent => change(&|batch| batch.parent_check[7] ^= 1).into_iter().collect(),
            Post::WrongOrigin => change(&|batch| batch.origin_check[7] ^= 1).into_iter().collect(),
            Post::Later(by) => change(&|batch| batch.first_block += by).into_iter().collect(),
            Post::BadBlobs(kind) => {
                let count = usize::from(kind % 3) * 3 + 1;
                let mut blobs = vec![vec![0; blob::BLOB_BYTES]; count];
                blobs[0][4] = *kind;
                blobs[0][usize::from(*kind) * 32] = kind % 2;
                vec![Posting {
                    first_block: next,
                    last_block: next,
                    carried: Carried::Blobs(blobs),
                }]
            }
        }
    }
}

fn nonce(block: &Block, key: usize) -> u64 {
    let account = state::StateReader::account(&block.state, &Key::new(key).address());
    account.unwrap().map_or(0, |account| account.nonce)
}

fn payload(batch: &Batch) -> Bytes {
    let encoded = batch.encode(CHAIN_ID).unwrap();
    pack(Compression::None, &encoded.columns, &encoded.signatures)
}

fn posted(batch: &Batch, in_blobs: bool) -> Posting {
    posting((batch.first_block, batch.last_block().unwrap()), payload(batch), in_blobs)
}

fn posting((first_block, last_block): (u64, u64), data: Bytes, in_blobs: bool) -> Posting {
    let carried = if in_blobs {
        Carried::Blobs(blob::pack(&data).unwrap().iter().map(|blob| blob.to_vec()).collect())
    } else {
        Carried::Calldata(data)
    };
    Posting { first_block, last_block, carried }
}

/// The claims from block 0 on: of each block its slices and itself.
pub(crate) fn publish(world: &mut World, segment_gas: u64) -> Vec<Vec<B256>> {
    let World { known, derived, config, .. } = world;
    let mut leaves = Vec::new();
    let mut parent: Option<&Derived> = None;
    for derived in derived.iter() {
        derived.block.publish(known);
        let mut places = Vec::new();
        if let Some(parent) = parent {
            let before = parent.block.claim(parent.cursor).hash();
            let slices = parent.block.slices(known, config, before, &derived.block, segment_gas);
            places.extend(slices.iter().map(|slice| known.bytes(slice.encode().to_vec().into())));
        }
        let claim = derived.block.claim(derived.cursor);
        places.push(known.bytes(claim.encode().to_vec().into()));
        leaves.push(places);
        parent = Some(derived);
    }
    leaves
}
