//! A second derivation, in the words of the fault-proof program: not L1 block by L1 block, but for each L2
//! block the first valid entry that holds it, else, once its window has passed, a forced block.
//!
//! It keeps all of L1, checks one thing after the other, and is written without looking at the machine's code.

use derivation::{DerivedHead, OriginBlock};
use protocol::{
    Batch, BatchBlock, BlockInputs, Carrier, PostedBatch, RollupConfig, batch::check_of,
    decode_batch,
};

use crate::{
    l1::L1,
    l2::{genesis_hash, hash_of},
};

/// All block inputs that this L1 gives.
pub(crate) fn derive(config: &RollupConfig, l1: &L1) -> Vec<BlockInputs> {
    let mut chain = Chain {
        config,
        l1,
        head: DerivedHead::genesis(config, genesis_hash()),
        position: (config.genesis.l1.number, usize::MAX),
        forced: false,
        blocks: Vec::new(),
    };
    while chain.catch_up() || chain.extend() {}
    chain.blocks
}

struct Chain<'a> {
    config: &'a RollupConfig,
    l1: &'a L1,
    head: DerivedHead,
    /// L1 block in which the head was derived, and the number of its entries already looked at.
    position: (u64, usize),
    /// Whether the head was forced.
    forced: bool,
    blocks: Vec<BlockInputs>,
}

impl Chain<'_> {
    /// After a forced block: another one from the same L1 block, until the chain is where L1 is.
    fn catch_up(&mut self) -> bool {
        let behind = self.forced && self.candidate().origin.number + 1 < self.position.0;
        if behind {
            self.force();
        }
        behind
    }

    fn extend(&mut self) -> bool {
        let forced_at = self.forced_at();
        for number in self.position.0..=std::cmp::min(forced_at, self.l1.number()) {
            let seen = if number == self.position.0 { self.position.1 } else { 0 };
            let entries = self.l1.get(number).unwrap().batches.iter().enumerate();
            for (index, entry) in entries.skip(seen) {
                if let Some(batch) = self.valid(number, index, entry) {
                    for block in batch.blocks {
                        self.take(&block);
                    }
                    self.position = (number, index + 1);
                    self.forced = false;
                    return true;
                }
            }
        }
        if forced_at > self.l1.number() {
            return false;
        }
        self.force();
        self.position = (forced_at, usize::MAX);
        self.forced = true;
        true
    }

    fn candidate(&self) -> OriginBlock {
        let current = self.head.block.origin.number;
        let timestamp = self.head.block.timestamp + self.config.block_time;
        match self.l1.origin(current + 1) {
            Some(next) if next.origin.timestamp <= timestamp => next,
            _ => self.l1.origin(current).unwrap(),
        }
    }

    /// The L1 block in which the next block is forced: a function of the head and its position.
    fn forced_at(&self) -> u64 {
        let passed = self.candidate().origin.number + self.config.sequencing_window + 1;
        std::cmp::max(self.position.0, passed)
    }

    fn valid(&self, number: u64, index: usize, entry: &PostedBatch) -> Option<Batch> {
        let mut batch = self.decode(entry)?;
        if batch.unfinished || self.rivals(number, index, entry) >= 640 {
            return None;
        }
        if batch.skip > 0 {
            let first = batch.blocks.first_mut()?;
            let (whole, first_l1, check) =
                self.join((number, index), batch.skip, batch.first_block)?;
            if check.0 != batch.parent_check {
                return None;
            }
            let last = std::mem::replace(first, whole);
            first.transactions.extend(last.transactions);
            let origin = self.head.block.origin.number + u64::from(first.origin_advances);
            let origin_hash = self.l1.get(origin)?.origin.hash;
            if first_l1 <= origin || check.1 != check_of(origin_hash) {
                return None;
            }
        }
        let head = &self.head.block;
        let extends = batch.first_block == head.number + 1
            && batch.parent_check == check_of(head.hash)
            && entry.first_block == batch.first_block
            && Some(entry.last_block) == batch.last_block();
        let mut origin = head.origin.number;
        for (place, block) in (1..).zip(&batch.blocks) {
            origin += u64::from(block.origin_advances);
            let timestamp = head.timestamp + place * self.config.block_time;
            let block_origin = self.l1.origin(origin).filter(|_| origin < number)?;
            let early = timestamp < block_origin.origin.timestamp;
            let late = number > origin + self.config.sequencing_window;
            let far = timestamp > block_origin.origin.timestamp + self.config.sequencer_drift_max;
            let idle = block.transactions.is_empty() || block.origin_advances;
            let due = block_origin.deposit_log_indexes().len();
            let hints = &block.deposit_log_indexes;
            let named = hints.len() == if block.origin_advances { due } else { 0 };
            let rising = hints.windows(2).all(|pair| pair[0] < pair[1]);
            if early || late || (far && !idle) || !named || !rising {
                return None;
            }
        }
        let same_l1 = batch.origin_check == check_of(self.l1.get(origin)?.origin.hash);
        (extends && same_l1).then_some(batch)
    }

    /// What the entries before this one weigh that begin with the same block, in L1 blocks above the head's origin.
    fn rivals(&self, number: u64, index: usize, entry: &PostedBatch) -> usize {
        let above = (self.head.block.origin.number + 1..=number).flat_map(|l1| {
            let entries = self.l1.get(l1).unwrap().batches.iter().enumerate();
            entries.filter(move |(at, _)| l1 < number || *at < index)
        });
        let rivals = above.filter(|(_, other)| other.first_block == entry.first_block);
        rivals.map(|(_, other)| if other.carrier == Carrier::Blobs { 6 } else { 1 }).sum()
    }

    fn decode(&self, entry: &PostedBatch) -> Option<Batch> {
        let batch = decode_batch(entry.data.as_ref()?, self.config.l2_chain_id).ok()?;
        let declared = (batch.first_block, batch.last_block());
        (declared == (entry.first_block, Some(entry.last_block))).then_some(batch)
    }

    /// Goes back through the inbox, entry by entry, from the one at this place, and joins the parts of block `number`
    /// that it skips. Gives the block, the L1 block of its first part, and what all its parts say of parent and origin.
    #[expect(clippy::type_complexity, reason = "used once")]
    fn join(
        &self,
        place: (u64, usize),
        skip: u32,
        number: u64,
    ) -> Option<(BatchBlock, u64, ([u8; 20], [u8; 20]))> {
        let entries = |l1: u64| self.l1.get(l1).unwrap().batches.iter().enumerate();
        let all = (self.config.genesis.l1.number..=place.0)
            .flat_map(|l1| entries(l1).map(move |(index, entry)| (l1, index, entry)));
        let before: Vec<_> = all.take_while(|(l1, index, _)| (*l1, *index) != place).collect();
        let mut want = skip;
        let mut transactions = Vec::new();
        let mut checks = None;
        for (l1, _, entry) in before.into_iter().rev() {
            let part = self.decode(entry).filter(|part| part.unfinished)?;
            let said = *checks.get_or_insert((part.parent_check, part.origin_check));
            let [block] = &part.blocks[..] else { return None };
            let end = part.skip + u32::try_from(block.transactions.len()).unwrap();
            if part.first_block != number
                || end != want
                || said != (part.parent_check, part.origin_check)
            {
                return None;
            }
            transactions.splice(0..0, block.transactions.iter().cloned());
            want = part.skip;
            if want == 0 {
                return Some((BatchBlock { transactions, ..block.clone() }, l1, said));
            }
        }
        None
    }

    fn take(&mut self, block: &BatchBlock) {
        let number = self.head.block.origin.number + u64::from(block.origin_advances);
        let origin = self.l1.origin(number).unwrap();
        let opening = self.head.open_next(self.config, &origin);
        let deposits = origin.deposits(&block.deposit_log_indexes);
        self.push(BlockInputs { opening, deposits, transactions: block.transactions.clone() });
    }

    fn force(&mut self) {
        let origin = self.candidate();
        let opening = self.head.open_next(self.config, &origin);
        let first = opening.sequence_number == 0;
        let deposits = if first { origin.forced_deposits() } else { Vec::new() };
        self.push(BlockInputs { opening, deposits, transactions: Vec::new() });
    }

    fn push(&mut self, inputs: BlockInputs) {
        self.head = DerivedHead::after(&inputs.opening, hash_of(&inputs));
        self.blocks.push(inputs);
    }
}
