//! A scripted L2: the configuration, a sequencer that obeys the rules, and its batches.
//!
//! Blocks are not executed; the hash of one is a hash of its inputs, which is all that derivation can see.

use alloy_consensus::{SignableTransaction, TxEip1559, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use derivation::{BatchBuilder, BlockPart, DerivedHead, OriginSelector};
use protocol::{
    Batch, BlockInputs, Carrier, Compression, Eip1559Params, Genesis, L1Contracts, L2BlockRef,
    PostedBatch, RollupConfig, SystemConfig, pack,
};

use crate::l1::{L1, L1_GENESIS_TIME};

pub(crate) const CHAIN_ID: u64 = 42_069;
/// L1 blocks.
pub(crate) const WINDOW: u64 = 10;
/// Seconds.
pub(crate) const DRIFT: u64 = 24;

pub(crate) fn config(l1: &L1) -> RollupConfig {
    RollupConfig {
        l1_chain_id: 1,
        l2_chain_id: CHAIN_ID,
        block_time: 2,
        sequencing_window: WINDOW,
        sequencer_drift_max: DRIFT,
        proposal_interval: 16,
        dispute_window: 60,
        fees: Eip1559Params { elasticity: 6, denominator: 250, base_fee_min: 1 },
        blob_schedule: Vec::new(),
        contracts: L1Contracts {
            system_config: Address::repeat_byte(1),
            batch_inbox: Address::repeat_byte(2),
            portal: Address::repeat_byte(3),
            output_oracle: Address::repeat_byte(4),
        },
        genesis: Genesis {
            l1: l1.genesis(),
            timestamp: L1_GENESIS_TIME,
            gas_limit: 30_000_000,
            base_fee: 1_000_000_000,
            system_config: SystemConfig {
                batcher: Address::repeat_byte(5),
                gas_limit: 30_000_000,
                base_fee_scalar: 1,
                blob_base_fee_scalar: 2,
                operator_fee_scalar: 0,
                operator_fee_constant: 0,
            },
            alloc: Default::default(),
        },
    }
}

pub(crate) fn genesis_hash() -> B256 {
    keccak256("genesis")
}

/// Stands for execution.
pub(crate) fn hash_of(inputs: &BlockInputs) -> B256 {
    let mut content = inputs.opening.encode();
    for deposit in &inputs.deposits {
        content.extend_from_slice(deposit.tx_hash().as_slice());
    }
    for transaction in &inputs.transactions {
        content.extend_from_slice(keccak256(transaction).as_slice());
    }
    keccak256(content)
}

/// A canonical transaction of the chain; its signature need not be anybody's.
pub(crate) fn transaction(seed: u64) -> Bytes {
    let word = |salt: &str| U256::from_be_bytes(keccak256(format!("{salt}{seed}")).0);
    let signature = Signature::new(word("r"), word("s"), seed.is_multiple_of(2));
    let to = TxKind::Call(Address::from_word(keccak256(seed.to_be_bytes())));
    if seed.is_multiple_of(3) {
        let tx = TxLegacy { chain_id: Some(CHAIN_ID), nonce: seed, to, ..Default::default() };
        tx.into_signed(signature).encoded_2718().into()
    } else {
        let input = Bytes::from(vec![1; usize::try_from(seed % 100).unwrap()]);
        let tx = TxEip1559 { chain_id: CHAIN_ID, nonce: seed, to, input, ..Default::default() };
        tx.into_signed(signature).encoded_2718().into()
    }
}

/// A block that the sequencer made.
#[derive(Clone, Debug)]
pub(crate) struct Sequenced {
    pub(crate) inputs: BlockInputs,
    pub(crate) log_indexes: Vec<u32>,
    pub(crate) head: DerivedHead,
}

/// Builds blocks by the origin rules, as fast or slow as the script says.
#[derive(Clone, Debug)]
pub(crate) struct Sequencer {
    pub(crate) config: RollupConfig,
    /// Block 1 and on.
    pub(crate) blocks: Vec<Sequenced>,
    seed: u64,
}

impl Sequencer {
    pub(crate) fn new(config: RollupConfig) -> Self {
        Self { config, blocks: Vec::new(), seed: 0 }
    }

    pub(crate) fn head(&self) -> DerivedHead {
        let genesis = || DerivedHead::genesis(&self.config, genesis_hash());
        self.blocks.last().map_or_else(genesis, |block| block.head)
    }

    /// Builds a block with this many user transactions, or none if the rules allow none.
    pub(crate) fn build(&mut self, l1: &L1, transactions: usize) -> &Sequenced {
        let head = self.head();
        let current = l1.origin(head.block.origin.number).unwrap();
        let next = l1.origin(head.block.origin.number + 1);
        let selector = OriginSelector::new(&self.config);
        let next_origin = next.as_ref().map(|next| &next.origin);
        let choice = selector.choose(&head.block, &current.origin, next_origin);
        let count = if choice.user_transactions { transactions } else { 0 };
        self.build_with(l1, choice.advances, count)
    }

    /// Builds a block without asking what the rules allow.
    pub(crate) fn build_with(
        &mut self,
        l1: &L1,
        advances: bool,
        transactions: usize,
    ) -> &Sequenced {
        let head = self.head();
        let origin = l1.origin(head.block.origin.number + u64::from(advances)).unwrap();
        let opening = head.open_next(&self.config, &origin);
        let log_indexes = if advances { origin.deposit_log_indexes() } else { Vec::new() };
        let deposits = origin.deposits(&log_indexes);
        let transactions = (0..transactions).map(|_| {
            self.seed += 1;
            transaction(self.seed)
        });
        let inputs = BlockInputs { opening, deposits, transactions: transactions.collect() };
        let head = DerivedHead::after(&opening, hash_of(&inputs));
        self.blocks.push(Sequenced { inputs, log_indexes, head });
        self.blocks.last().unwrap()
    }

    /// Builds several blocks with one transaction each.
    pub(crate) fn build_many(&mut self, l1: &L1, count: usize) {
        for _ in 0..count {
            self.build(l1, 1);
        }
    }

    /// Takes the safe head for its own, if its own chain is not an extension of it.
    pub(crate) fn adopt(&mut self, safe: &DerivedHead, derived: &[BlockInputs]) {
        let index = usize::try_from(safe.block.number).unwrap();
        let own = |index: usize| self.blocks.get(index).map(|block| block.head);
        if index == 0 || own(index - 1) == Some(*safe) {
            return;
        }
        self.blocks.clear();
        for inputs in &derived[..index] {
            let head = DerivedHead::after(&inputs.opening, hash_of(inputs));
            self.blocks.push(Sequenced { inputs: inputs.clone(), log_indexes: Vec::new(), head });
        }
    }

    /// The batch of the blocks after `parent`, at most `count`.
    pub(crate) fn batch(&self, parent: &L2BlockRef, count: usize) -> Option<Batch> {
        let mut builder = BatchBuilder::new();
        let after = usize::try_from(parent.number).unwrap();
        for block in self.blocks.iter().skip(after).take(count) {
            let Sequenced { inputs, log_indexes, .. } = block.clone();
            builder.push(&inputs.opening, log_indexes, inputs.transactions).unwrap();
        }
        builder.build()
    }

    /// The batches of the blocks after `parent`, each block cut into parts of as many transactions as the next of `sizes`
    /// says. The last part of a block begins a batch that goes on up to the next block in parts.
    pub(crate) fn split(&self, parent: &L2BlockRef, sizes: &[usize]) -> Vec<Batch> {
        let (mut batches, mut builder) = (Vec::new(), BatchBuilder::new());
        let after = usize::try_from(parent.number).unwrap();
        let blocks = self.blocks.iter().skip(after).zip(sizes.iter().cycle());
        for (Sequenced { inputs, log_indexes, .. }, &size) in blocks {
            let mut rest = inputs.transactions.clone();
            let mut skip = 0;
            if rest.len() > size {
                batches.extend(std::mem::take(&mut builder).build());
            }
            loop {
                let behind = rest.split_off(std::cmp::min(size, rest.len()));
                let transactions = std::mem::replace(&mut rest, behind);
                let sent = u32::try_from(transactions.len()).unwrap();
                let part = BlockPart { skip, transactions, is_last: rest.is_empty() };
                builder.push_part(&inputs.opening, log_indexes.clone(), part).unwrap();
                skip += sent;
                if rest.is_empty() {
                    break;
                }
                batches.extend(std::mem::take(&mut builder).build());
            }
        }
        batches.extend(builder.build());
        batches
    }

    /// The batch of all blocks after `parent`, as it is posted.
    pub(crate) fn post(&self, parent: &L2BlockRef) -> PostedBatch {
        posted(&self.batch(parent, usize::MAX).unwrap())
    }
}

/// A batch as it stands on L1.
pub(crate) fn posted(batch: &Batch) -> PostedBatch {
    let encoded = batch.encode(CHAIN_ID).unwrap();
    let data = pack(Compression::None, &encoded.columns, &encoded.signatures);
    PostedBatch {
        index: 0,
        carrier: Carrier::Calldata,
        first_block: batch.first_block,
        last_block: batch.last_block().unwrap(),
        data: Some(data),
    }
}
