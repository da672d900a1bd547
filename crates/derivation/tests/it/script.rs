//! Random histories: what happens on L1 and L2 round by round, honest and hostile.

use std::collections::VecDeque;

use alloy_primitives::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use protocol::{Batch, Carrier, L1Message, PostedBatch, RollupConfig};

use crate::{
    drive::Driver,
    l1::{L1, deposit, formless_deposit, gas_limit},
    l2::{Sequencer, config, posted, transaction},
};

/// One L1 block, and what the sequencer does before it.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// L2 blocks, each with its number of transactions.
    pub(crate) l2: Vec<usize>,
    /// Seconds between this L1 block and the one before.
    pub(crate) gap: u64,
    pub(crate) messages: Vec<L1Message>,
    pub(crate) posts: Vec<Post>,
}

/// What is posted. All but `Honest` begin from the batch that an honest batcher would post.
#[derive(Clone, Debug)]
pub(crate) enum Post {
    /// All blocks after the safe head, at most this many.
    Honest(usize),
    /// All blocks after the safe head, cut into parts of these sizes. As many batches of them as the number says are
    /// posted now, the others by `Next`.
    InParts(Vec<usize>, usize),
    /// Of those that wait, as many.
    Next(usize),
    /// The next one that waits, but changed.
    PartChanged(PartChange),
    Garbage(Vec<u8>),
    NoData,
    ByteFlipped(Index, u8),
    Truncated(Index),
    /// Posted before, at some time.
    Replayed(Index),
    WrongParent,
    WrongOrigin,
    WrongFirst(u64),
    WrongLast(u64),
    /// Begins before the safe head.
    Overlapping(usize),
    /// Begins after it.
    Skipping(usize),
    OriginFlipped(Index),
    /// Every hint becomes greater: the batch stays valid, but raises an alarm.
    HintsRaised,
    HintAdded(Index),
    TransactionDropped(Index),
    /// To a random block, which may be beyond the drift.
    TransactionAdded(Index),
}

/// How a batch with a part is changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PartChange {
    Lost,
    Twice,
    SkipMore,
    SkipNothing,
    Finished,
    OtherParent,
    OtherOrigin,
    OtherBlock,
}

fn part_change() -> impl Strategy<Value = PartChange> {
    use PartChange::{
        Finished, Lost, OtherBlock, OtherOrigin, OtherParent, SkipMore, SkipNothing, Twice,
    };
    prop::sample::select(vec![
        Lost,
        Twice,
        SkipMore,
        SkipNothing,
        Finished,
        OtherParent,
        OtherOrigin,
        OtherBlock,
    ])
}

pub(crate) fn in_parts() -> impl Strategy<Value = Post> {
    (vec(1_usize..4, 1..5), 0_usize..6).prop_map(|(sizes, now)| Post::InParts(sizes, now))
}

pub(crate) fn message() -> impl Strategy<Value = L1Message> {
    prop_oneof![
        4 => (any::<u8>(), 0_usize..200).prop_map(|(byte, size)| deposit(byte, size)),
        1 => (1_000_000_u64..60_000_000).prop_map(gas_limit),
        1 => Just(formless_deposit()),
    ]
}

pub(crate) fn post() -> impl Strategy<Value = Post> {
    prop_oneof![
        2 => in_parts(),
        4 => (1_usize..4).prop_map(Post::Next),
        1 => part_change().prop_map(Post::PartChanged),
        8 => other_post(),
    ]
}

fn other_post() -> impl Strategy<Value = Post> {
    prop_oneof![
        vec(any::<u8>(), 0..200).prop_map(Post::Garbage),
        Just(Post::NoData),
        (any::<Index>(), 1_u8..).prop_map(|(at, mask)| Post::ByteFlipped(at, mask)),
        any::<Index>().prop_map(Post::Truncated),
        any::<Index>().prop_map(Post::Replayed),
        Just(Post::WrongParent),
        Just(Post::WrongOrigin),
        any::<u64>().prop_map(Post::WrongFirst),
        any::<u64>().prop_map(Post::WrongLast),
        (1_usize..4).prop_map(Post::Overlapping),
        (1_usize..4).prop_map(Post::Skipping),
        any::<Index>().prop_map(Post::OriginFlipped),
        Just(Post::HintsRaised),
        any::<Index>().prop_map(Post::HintAdded),
        any::<Index>().prop_map(Post::TransactionDropped),
        any::<Index>().prop_map(Post::TransactionAdded),
    ]
}

/// A round in which the batcher posts with this probability in percent, and others post too.
pub(crate) fn round(
    honest_percent: u32,
    posts: impl Strategy<Value = Post>,
) -> impl Strategy<Value = Round> {
    let honest = prop_oneof![
        honest_percent => (1_usize..40).prop_map(|count| vec![Post::Honest(count)]),
        100 - honest_percent => Just(Vec::new()),
    ];
    (vec(0_usize..5, 0..12), 1_u64..40, vec(message(), 0..3), honest, vec(posts, 0..3)).prop_map(
        |(l2, gap, messages, honest, mut posts)| {
            // Hostile ones stand before and after the honest one.
            let place = std::cmp::min(1, posts.len());
            posts.splice(place..place, honest);
            Round { l2, gap, messages, posts }
        },
    )
}

/// A world in which rounds happen. The sequencer follows the derived chain when it is overtaken.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) l1: L1,
    pub(crate) config: RollupConfig,
    pub(crate) sequencer: Sequencer,
    pub(crate) driver: Driver,
    ever_posted: Vec<PostedBatch>,
    /// Batches with parts that wait.
    waiting: VecDeque<Batch>,
}

impl World {
    pub(crate) fn new() -> Self {
        let l1 = L1::new();
        let config = config(&l1);
        let (sequencer, driver) = (Sequencer::new(config.clone()), Driver::new(&config));
        Self { l1, config, sequencer, driver, ever_posted: Vec::new(), waiting: VecDeque::new() }
    }

    pub(crate) fn play(rounds: &[Round]) -> Self {
        let mut world = Self::new();
        for round in rounds {
            world.round(round);
        }
        world
    }

    pub(crate) fn round(&mut self, round: &Round) {
        for &transactions in &round.l2 {
            self.sequencer.build(&self.l1, transactions);
        }
        let batches: Vec<_> = round.posts.iter().flat_map(|post| self.make(post)).collect();
        self.ever_posted.extend(batches.iter().cloned());
        self.l1.mine(round.gap, round.messages.clone(), batches);
        self.driver.run(&self.l1);
        self.sequencer.adopt(self.driver.head(), &self.driver.inputs());
    }

    fn make(&mut self, post: &Post) -> Vec<PostedBatch> {
        let safe = self.driver.head().block;
        match post {
            Post::InParts(sizes, now) => {
                self.waiting = self.sequencer.split(&safe, sizes).into();
                self.next(*now)
            }
            Post::Next(count) => self.next(*count),
            Post::PartChanged(change) => self.changed(*change),
            _ => self.make_one(post).into_iter().collect(),
        }
    }

    fn next(&mut self, count: usize) -> Vec<PostedBatch> {
        let count = std::cmp::min(count, self.waiting.len());
        self.waiting.drain(..count).map(|batch| posted(&batch)).collect()
    }

    fn changed(&mut self, change: PartChange) -> Vec<PostedBatch> {
        let Some(mut batch) = self.waiting.pop_front() else { return Vec::new() };
        let last = batch.blocks.len() - 1;
        match change {
            PartChange::Lost => return Vec::new(),
            PartChange::Twice => return vec![posted(&batch), posted(&batch)],
            PartChange::SkipMore => batch.skip += u32::from(batch.skip > 0),
            PartChange::SkipNothing => batch.skip = 0,
            PartChange::Finished => batch.unfinished = false,
            PartChange::OtherParent => batch.parent_check[0] ^= 1,
            PartChange::OtherOrigin => batch.origin_check[0] ^= 1,
            PartChange::OtherBlock => batch.first_block += u64::try_from(last).unwrap() + 1,
        }
        vec![posted(&batch)]
    }

    fn make_one(&self, post: &Post) -> Option<PostedBatch> {
        let safe = self.driver.head().block;
        let count = if let Post::Honest(count) = post { *count } else { usize::MAX };
        let honest = self.sequencer.batch(&safe, count);
        match post {
            Post::Honest(_) => honest.as_ref().map(posted),
            Post::Garbage(bytes) => Some(PostedBatch {
                index: 0,
                carrier: Carrier::Calldata,
                first_block: safe.number + 1,
                last_block: safe.number + 1,
                data: Some(Bytes::copy_from_slice(bytes)),
            }),
            Post::Replayed(at) if self.ever_posted.is_empty() => {
                let _ = at;
                None
            }
            Post::Replayed(at) => Some(at.get(&self.ever_posted).clone()),
            Post::Overlapping(back) => {
                let number = safe.number.checked_sub(u64::try_from(*back).ok()?)?;
                let parent = protocol::L2BlockRef { number, ..safe };
                self.sequencer.batch(&parent, usize::MAX).as_ref().map(posted)
            }
            Post::Skipping(ahead) => {
                let number = safe.number + u64::try_from(*ahead).ok()?;
                let parent = protocol::L2BlockRef { number, ..safe };
                self.sequencer.batch(&parent, usize::MAX).as_ref().map(posted)
            }
            _ => mutate(post, honest?),
        }
    }
}

/// Changes an honest batch before or after it is encoded. `None` if the result has no encoding.
fn mutate(post: &Post, honest: Batch) -> Option<PostedBatch> {
    let encoded = posted(&honest);
    let mut batch = honest;
    match post {
        Post::NoData => return Some(PostedBatch { data: None, ..encoded }),
        Post::WrongFirst(first_block) => {
            return Some(PostedBatch { first_block: *first_block, ..encoded });
        }
        Post::WrongLast(last_block) => {
            return Some(PostedBatch { last_block: *last_block, ..encoded });
        }
        Post::ByteFlipped(at, mask) => {
            let mut data = encoded.data?.to_vec();
            let at = at.index(data.len());
            data[at] ^= mask;
            return Some(PostedBatch { data: Some(data.into()), ..encoded });
        }
        Post::Truncated(at) => {
            let data = encoded.data?;
            let data = data.slice(..at.index(data.len()));
            return Some(PostedBatch { data: Some(data), ..encoded });
        }
        Post::WrongParent => batch.parent_check[7] ^= 1,
        Post::WrongOrigin => batch.origin_check[19] ^= 1,
        Post::OriginFlipped(at) => {
            let at = at.index(batch.blocks.len());
            batch.blocks[at].origin_advances ^= true;
            batch.blocks[at].deposit_log_indexes.clear();
        }
        Post::HintsRaised => {
            let hints = batch.blocks.iter_mut().flat_map(|block| &mut block.deposit_log_indexes);
            hints.for_each(|hint| *hint += 1);
        }
        Post::HintAdded(at) => {
            let at = at.index(batch.blocks.len());
            let block = &mut batch.blocks[at];
            block.origin_advances = true;
            let last = block.deposit_log_indexes.last().copied().unwrap_or(0);
            block.deposit_log_indexes.push(last + 1);
        }
        Post::TransactionDropped(at) => {
            let at = at.index(batch.blocks.len());
            batch.blocks[at].transactions.pop();
        }
        Post::TransactionAdded(at) => {
            let at = at.index(batch.blocks.len());
            batch.blocks[at].transactions.push(transaction(7));
        }
        _ => return None,
    }
    Some(posted(&batch))
}
