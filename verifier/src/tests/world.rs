//! A scripted L1 with a batcher that builds on whatever chain L1 gives, and a recording of it for the verifier.

use std::{collections::BTreeMap, sync::Arc};

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    primitives::{Address, B256, Bytes, TxKind, U256, address, bytes, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use derivation::{BatchBuilder, DerivedHead, L1Block, OriginBlock, OriginSelector};
use l1::{Proposal, RecordedL1, RecordedProposals};
use protocol::{
    BlockId, Carrier, Compression, ConfigUpdate, DepositMessage, Eip1559Params, Genesis,
    GenesisAccount, L1Contracts, L1Message, L1Origin, PostedBatch, RollupConfig, SystemConfig,
    pack, predeploys,
};
use state::StateReader;

use super::oracle::Oracle;

const L2_CHAIN_ID: u64 = 42_069;
const L1_GENESIS: u64 = 100;
const L1_GENESIS_TIME: u64 = 1_700_000_000;
/// L1 blocks.
pub(super) const WINDOW: u64 = 6;
/// L2 blocks.
pub(super) const INTERVAL: u64 = 4;

/// Adds one to its slot 0.
const COUNTER: Address = address!("0000000000000000000000000000000000c00073");
/// Stores the hash of the block three below at the slot of the block's number.
const HASHER: Address = address!("0000000000000000000000000000000000c00074");

/// Place of the transaction that must be skipped.
const SKIPPED: usize = 2;

/// What a block of a batch holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    Empty,
    /// A transfer, calls of both contracts, a contract creation, and a transaction that must be skipped.
    Busy,
    /// The same without that one.
    Clean,
}

/// L1 so far, and what follows from it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) rollup: Arc<RollupConfig>,
    pub(super) l1: Arc<RecordedL1>,
    pub(super) recorded_proposals: Arc<RecordedProposals>,
    pub(super) blocks: Vec<L1Block>,
    pub(super) proposals: Vec<Proposal>,
    /// The chain after each L1 block.
    oracles: Vec<Oracle>,
    batches: u64,
    fork: u64,
    signer: PrivateKeySigner,
}

impl World {
    pub(super) fn new() -> Self {
        let signer = PrivateKeySigner::from_bytes(&keccak256("signer")).unwrap();
        let genesis = l1_block(L1_GENESIS, L1_GENESIS_TIME, B256::repeat_byte(9), 0);
        let rollup = Arc::new(config(genesis.id(), signer.address()));
        let mut oracle = Oracle::new(rollup.clone());
        oracle.add(&genesis);
        let l1 = RecordedL1::new(vec![genesis.clone()]);
        Self {
            rollup,
            recorded_proposals: RecordedProposals::new(l1.clone()),
            l1,
            blocks: vec![genesis],
            proposals: Vec::new(),
            oracles: vec![oracle],
            batches: 0,
            fork: 0,
            signer,
        }
    }

    /// The chain that follows from L1 now.
    pub(super) fn oracle(&self) -> &Oracle {
        self.oracles.last().unwrap()
    }

    pub(super) fn l1_head(&self) -> BlockId {
        self.blocks.last().unwrap().id()
    }

    /// Mines an L1 block and shows it to whoever follows the recording.
    pub(super) fn mine(&mut self, messages: Vec<L1Message>, batches: Vec<PostedBatch>) {
        self.mine_with(messages, batches, Vec::new());
    }

    pub(super) fn mine_empty(&mut self, count: usize) {
        for _ in 0..count {
            self.mine(Vec::new(), Vec::new());
        }
    }

    /// Mines an L1 block with proposals, given by what they claim.
    pub(super) fn mine_with(
        &mut self,
        messages: Vec<L1Message>,
        batches: Vec<PostedBatch>,
        claims: Vec<Claim>,
    ) {
        let parent = self.blocks.last().unwrap().origin;
        let (number, timestamp) = (parent.number + 1, parent.timestamp + 4);
        let mut block = l1_block(number, timestamp, parent.hash, self.fork);
        block.messages = (3..).step_by(7).zip(messages).collect();
        let numbered = (self.batches..).zip(batches);
        block.batches = numbered.map(|(index, batch)| PostedBatch { index, ..batch }).collect();
        self.batches += u64::try_from(block.batches.len()).unwrap();
        let first = u64::try_from(self.proposals.len()).unwrap();
        let proposals = (first..).zip(claims).map(|(index, claim)| claim.made(index, &block));
        let proposals: Vec<_> = proposals.collect();
        let mut oracle = self.oracle().clone();
        oracle.add(&block);
        self.oracles.push(oracle);
        self.blocks.push(block.clone());
        self.proposals.extend(&proposals);
        self.recorded_proposals.extend(vec![block], proposals);
    }

    /// Mines an L1 block in which a dispute brings this claim at a place of the list; what stood there and behind it goes.
    pub(super) fn dispute(&mut self, index: u64, claim: Claim) {
        let made = self.proposals.len() as u64;
        self.mine(Vec::new(), Vec::new());
        let block = self.blocks.pop().unwrap();
        let brought = Proposal { id: made, decided: true, ..claim.made(index, &block) };
        self.proposals.push(brought);
        self.recorded_proposals.extend(vec![block.clone()], vec![brought]);
        self.blocks.push(block);
    }

    /// Forgets the last L1 blocks. Whoever follows the recording sees it when the next block is mined.
    pub(super) fn reorg(&mut self, depth: usize) {
        let keep = self.blocks.len() - depth;
        self.blocks.truncate(keep);
        self.oracles.truncate(keep);
        let head = self.l1_head().number;
        self.proposals.retain(|proposal| proposal.l1_block <= head);
        self.fork += 1;
    }

    /// A batch with the next blocks of the chain, by their contents.
    pub(super) fn batch(&self, contents: &[Content]) -> PostedBatch {
        let mut head = *self.oracle().head();
        let state = &self.oracle().state;
        let account = state.account(&self.signer.address()).unwrap().unwrap_or_default();
        let mut nonce = account.nonce;
        let mut builder = BatchBuilder::new();
        for content in contents {
            let (origin, advances) = self.origin_after(&head);
            let opening = head.open_next(&self.rollup, &origin);
            let hints = if advances { origin.deposit_log_indexes() } else { Vec::new() };
            let transactions = match content {
                Content::Empty => Vec::new(),
                Content::Busy => self.transactions(&mut nonce),
                Content::Clean => {
                    let mut transactions = self.transactions(&mut nonce);
                    transactions.remove(SKIPPED);
                    transactions
                }
            };
            builder.push(&opening, hints, transactions).unwrap();
            // Only the parent of the first block is in the batch.
            head = DerivedHead::after(&opening, B256::ZERO);
        }
        let batch = builder.build().unwrap();
        let encoded = batch.encode(L2_CHAIN_ID).unwrap();
        PostedBatch {
            index: 0,
            carrier: Carrier::Calldata,
            first_block: batch.first_block,
            last_block: batch.last_block().unwrap(),
            data: Some(pack(Compression::None, &encoded.columns, &encoded.signatures)),
        }
    }

    fn origin_after(&self, head: &DerivedHead) -> (OriginBlock, bool) {
        let at = |number: u64| {
            let index = usize::try_from(number - L1_GENESIS).unwrap();
            self.blocks.get(index).map(|block| OriginBlock {
                origin: block.origin,
                parent_hash: block.parent_hash,
                messages: block.messages.clone(),
            })
        };
        let current = at(head.block.origin.number).unwrap();
        let next = at(head.block.origin.number + 1);
        let selector = OriginSelector::new(&self.rollup);
        let next_origin = next.as_ref().map(|next| &next.origin);
        let advances = selector.choose(&head.block, &current.origin, next_origin).advances;
        (if advances { next.unwrap() } else { current }, advances)
    }

    fn transactions(&self, nonce: &mut u64) -> Vec<Bytes> {
        // Deploys a contract that consists of one STOP.
        let create = bytes!("60015f5360015ff3");
        let calls = [
            (TxKind::Call(Address::repeat_byte(0x77)), 1_000, Bytes::new(), *nonce),
            (TxKind::Call(COUNTER), 0, Bytes::new(), *nonce + 1),
            // Its nonce is used already: it is skipped by rule.
            (TxKind::Call(COUNTER), 0, bytes!("ff"), *nonce + 1),
            (TxKind::Call(HASHER), 0, Bytes::new(), *nonce + 2),
            (TxKind::Create, 0, create, *nonce + 3),
        ];
        *nonce += 4;
        calls
            .into_iter()
            .map(|(to, value, input, nonce)| self.sign(to, value, input, nonce))
            .collect()
    }

    fn sign(&self, to: TxKind, value: u64, input: Bytes, nonce: u64) -> Bytes {
        let tx = TxEip1559 {
            chain_id: L2_CHAIN_ID,
            nonce,
            gas_limit: 200_000,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1,
            to,
            value: U256::from(value),
            access_list: Default::default(),
            input,
        };
        let signature = self.signer.sign_hash_sync(&tx.signature_hash()).unwrap();
        tx.into_signed(signature).encoded_2718().into()
    }
}

/// What a proposal claims.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) l2_block: u64,
    pub(super) output: B256,
    pub(super) segments: B256,
}

impl Claim {
    /// What is true of a block.
    pub(super) fn true_of(oracle: &Oracle, l2_block: u64) -> Self {
        Self { l2_block, output: oracle.output(l2_block), segments: oracle.segments(l2_block) }
    }

    fn made(self, index: u64, block: &L1Block) -> Proposal {
        Proposal {
            id: index,
            index,
            output_root: self.output,
            claim: B256::ZERO,
            parent_block: self.l2_block.saturating_sub(INTERVAL),
            l2_block: self.l2_block,
            segments_root: self.segments,
            batch_accumulator: B256::ZERO,
            message_accumulator: B256::ZERO,
            l1_block: block.origin.number,
            l1_parent_hash: block.parent_hash,
            proposer: Address::repeat_byte(0xbb),
            timestamp: block.origin.timestamp,
            bond_claimed: false,
            tournament: None,
            decided: false,
        }
    }
}

/// A batch that claims to be the next one and does not decode.
pub(super) fn garbage(oracle: &Oracle) -> PostedBatch {
    let first_block = oracle.number() + 1;
    let data = Some(bytes!("00112233445566778899"));
    PostedBatch {
        index: 0,
        first_block,
        last_block: first_block + 2,
        carrier: Carrier::Calldata,
        data,
    }
}

/// A deposit that brings ether and calls the counter.
pub(super) fn deposit(from: u8) -> L1Message {
    let mut opaque_data = Vec::new();
    opaque_data.extend_from_slice(&U256::from(5_000).to_be_bytes::<32>());
    opaque_data.extend_from_slice(&U256::from(7).to_be_bytes::<32>());
    opaque_data.extend_from_slice(&100_000_u64.to_be_bytes());
    opaque_data.push(0);
    let from = Address::repeat_byte(from);
    L1Message::Deposit(DepositMessage { from, to: COUNTER, opaque_data: opaque_data.into() })
}

pub(super) const fn gas_limit(gas_limit: u64) -> L1Message {
    L1Message::Config(ConfigUpdate::GasLimit(gas_limit))
}

fn l1_block(number: u64, timestamp: u64, parent_hash: B256, fork: u64) -> L1Block {
    let hash = keccak256(format!("{number} {parent_hash} {fork}"));
    let origin = L1Origin {
        number,
        hash,
        timestamp,
        base_fee: 1_000 + number,
        blob_base_fee: 7 + u128::from(number),
        prev_randao: keccak256(hash),
        parent_beacon_block_root: keccak256(keccak256(hash)),
    };
    L1Block { origin, parent_hash, batches: Vec::new(), messages: Vec::new() }
}

fn config(l1: BlockId, user: Address) -> RollupConfig {
    let contract = |code: Bytes| GenesisAccount { nonce: 1, code, ..Default::default() };
    let stop = || contract(bytes!("00"));
    let ether = U256::from(10).pow(U256::from(18));
    let funded = GenesisAccount { balance: ether, ..Default::default() };
    let passer = GenesisAccount {
        storage: BTreeMap::from([(B256::with_last_byte(1), B256::with_last_byte(2))]),
        ..stop()
    };
    let alloc = BTreeMap::from([
        (user, funded),
        (COUNTER, contract(bytes!("5f546001015f5500"))),
        (HASHER, contract(bytes!("600343034043550000"))),
        (predeploys::L1_BLOCK, stop()),
        (predeploys::L2_TO_L1_MESSAGE_PASSER, passer),
        (predeploys::SEQUENCER_FEE_VAULT, stop()),
    ]);
    RollupConfig {
        l1_chain_id: 1,
        l2_chain_id: L2_CHAIN_ID,
        block_time: 2,
        sequencing_window: WINDOW,
        sequencer_drift_max: 600,
        proposal_interval: INTERVAL,
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
            l1,
            timestamp: L1_GENESIS_TIME,
            gas_limit: 30_000_000,
            base_fee: 1_000_000,
            system_config: SystemConfig {
                batcher: Address::repeat_byte(5),
                gas_limit: 30_000_000,
                base_fee_scalar: 1,
                blob_base_fee_scalar: 2,
                operator_fee_scalar: 0,
                operator_fee_constant: 0,
            },
            alloc,
        },
    }
}
