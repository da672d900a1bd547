//! A scripted L1: blocks, messages, batches, reorgs. Nothing in it knows the rules of derivation.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use derivation::{L1Block, OriginBlock};
use protocol::{BlockId, ConfigUpdate, DepositMessage, L1Message, L1Origin, PostedBatch};

/// Number of the L1 block that the rollup begins after.
pub(crate) const L1_GENESIS: u64 = 100;
/// Its timestamp, in seconds.
pub(crate) const L1_GENESIS_TIME: u64 = 1_700_000_000;

#[derive(Clone, Debug)]
pub(crate) struct L1 {
    /// From the genesis block on.
    pub(crate) blocks: Vec<L1Block>,
    batches: u64,
    fork: u64,
}

impl L1 {
    pub(crate) fn new() -> Self {
        let mut l1 = Self { blocks: Vec::new(), batches: 0, fork: 0 };
        l1.push(L1_GENESIS, L1_GENESIS_TIME, B256::repeat_byte(0x99), Vec::new(), Vec::new());
        l1
    }

    pub(crate) fn genesis(&self) -> BlockId {
        self.blocks[0].id()
    }

    pub(crate) fn tip(&self) -> &L1Block {
        self.blocks.last().unwrap()
    }

    pub(crate) fn number(&self) -> u64 {
        self.tip().origin.number
    }

    pub(crate) fn get(&self, number: u64) -> Option<&L1Block> {
        self.blocks.get(usize::try_from(number.checked_sub(L1_GENESIS)?).unwrap())
    }

    /// The block as an origin.
    pub(crate) fn origin(&self, number: u64) -> Option<OriginBlock> {
        self.get(number).map(|block| OriginBlock {
            origin: block.origin,
            parent_hash: block.parent_hash,
            messages: block.messages.clone(),
        })
    }

    /// Mines an empty block 12 seconds later.
    pub(crate) fn mine_empty(&mut self, count: usize) {
        for _ in 0..count {
            self.mine(12, Vec::new(), Vec::new());
        }
    }

    /// Mines a block `gap` seconds later.
    pub(crate) fn mine(&mut self, gap: u64, messages: Vec<L1Message>, batches: Vec<PostedBatch>) {
        let (number, parent) = (self.number() + 1, self.tip().origin);
        // Batches and messages share the log with other contracts, so the indexes have holes.
        let logged = (3..).step_by(7).zip(messages).collect();
        let numbered = (self.batches..).zip(batches);
        let batches: Vec<_> =
            numbered.map(|(index, batch)| PostedBatch { index, ..batch }).collect();
        self.batches += u64::try_from(batches.len()).unwrap();
        self.push(number, parent.timestamp + gap, parent.hash, batches, logged);
    }

    /// Goes back to this block; what is mined from now on has other hashes.
    pub(crate) fn reorg(&mut self, to: u64) {
        self.blocks.retain(|block| block.origin.number <= to);
        self.fork += 1;
    }

    fn push(
        &mut self,
        number: u64,
        timestamp: u64,
        parent_hash: B256,
        batches: Vec<PostedBatch>,
        messages: Vec<(u32, L1Message)>,
    ) {
        let content = format!("{number} {timestamp} {parent_hash} {messages:?} {}", self.fork);
        let hash = keccak256(content);
        let origin = L1Origin {
            number,
            hash,
            timestamp,
            base_fee: 1_000_000_000 + number,
            blob_base_fee: 7 + u128::from(number),
            prev_randao: keccak256(hash),
            parent_beacon_block_root: keccak256(keccak256(hash)),
        };
        self.blocks.push(L1Block { origin, parent_hash, batches, messages });
    }
}

/// A deposit with this much calldata.
pub(crate) fn deposit(byte: u8, calldata: usize) -> L1Message {
    let mut opaque_data = Vec::new();
    opaque_data.extend_from_slice(&U256::from(byte).to_be_bytes::<32>());
    opaque_data.extend_from_slice(&U256::from(byte / 2).to_be_bytes::<32>());
    opaque_data.extend_from_slice(&100_000_u64.to_be_bytes());
    opaque_data.push(0);
    opaque_data.resize(opaque_data.len() + calldata, byte);
    L1Message::Deposit(DepositMessage {
        from: Address::repeat_byte(byte),
        to: Address::repeat_byte(byte.wrapping_add(1)),
        opaque_data: opaque_data.into(),
    })
}

/// A message that the Portal lets nobody send: it forms no deposit.
pub(crate) fn formless_deposit() -> L1Message {
    L1Message::Deposit(DepositMessage {
        from: Address::ZERO,
        to: Address::ZERO,
        opaque_data: Bytes::from_static(&[1, 2, 3]),
    })
}

pub(crate) const fn gas_limit(gas_limit: u64) -> L1Message {
    L1Message::Config(ConfigUpdate::GasLimit(gas_limit))
}
