//! The chain as it must be: derived and executed in memory, with every root made anew from the whole state.

use std::sync::Arc;

use alloy::primitives::{B256, keccak256};
use derivation::{Derivation, DerivedHead, L1Block, Step};
use executor::{
    BlockAccessList, BlockContext, ChainSpec, RecoveredTransaction, SerialExecutor, execute_block,
    forced_transactions, seal,
};
use protocol::{
    BlockInputs, Header, RollupConfig, merkle_root, output_root,
    predeploys::L2_TO_L1_MESSAGE_PASSER,
};
use state::MemoryState;
use transition::{BlockClaim, Cursor};

use crate::claims::SEGMENTS_HEIGHT;

/// A chain in memory.
#[derive(Debug, Clone)]
pub(super) struct Oracle {
    rollup: Arc<RollupConfig>,
    pub(super) derivation: Derivation,
    pub(super) state: MemoryState,
    pub(super) headers: Vec<Header>,
    /// What stands after each block.
    pub(super) claims: Vec<BlockClaim>,
    /// The access list of each block from the first on; `None`: it holds a transaction that is skipped.
    pub(super) lists: Vec<Option<BlockAccessList>>,
    /// Batches that counted as absent.
    pub(super) absent: usize,
}

impl Oracle {
    pub(super) fn new(rollup: Arc<RollupConfig>) -> Self {
        let mut state = MemoryState::from_genesis(&rollup.genesis.alloc);
        let (root, withdrawals) = roots(&state);
        let header = rollup.genesis_header(root, withdrawals);
        let hash = header.hash_slow();
        state.set_block_hash(0, hash);
        let derivation = Derivation::genesis(rollup.clone(), hash);
        let claims = vec![BlockClaim {
            block_hash: hash,
            state_root: root,
            withdrawals_root: withdrawals,
            cursor: Cursor::genesis(rollup.genesis.l1.number),
            origin_hash: rollup.genesis.l1.hash,
            sequence_number: 0,
            number: 0,
        }];
        let (headers, lists) = (vec![header], Vec::new());
        Self { rollup, derivation, state, headers, claims, lists, absent: 0 }
    }

    /// Derives from one more L1 block.
    pub(super) fn add(&mut self, l1: &L1Block) {
        let mut given = false;
        loop {
            match self.derivation.step() {
                Step::NeedL1 { number } => {
                    if number == self.rollup.genesis.l1.number && l1.origin.number != number {
                        panic!("the first block to add is genesis.l1");
                    }
                    if given {
                        return;
                    }
                    self.derivation.add_l1(l1.clone()).unwrap();
                    given = true;
                }
                Step::Execute(block) => {
                    let spec = ChainSpec::from(self.rollup.as_ref());
                    let parent = self.headers.last().unwrap();
                    let opening = &block.inputs.opening;
                    let executed =
                        execute_block(&spec, parent, &block.inputs, &self.state).unwrap();
                    self.lists.push(list_of(&spec, parent, &block.inputs, &self.state));
                    self.state.apply(&executed.diff);
                    let (root, withdrawals) = roots(&self.state);
                    let context = BlockContext::new(&spec, parent, opening);
                    let sealed = seal(&context, &executed, root, withdrawals);
                    self.state.set_block_hash(opening.number, sealed.hash);
                    self.derivation.executed(block.reference(sealed.hash)).unwrap();
                    self.claims.push(BlockClaim {
                        block_hash: sealed.hash,
                        state_root: root,
                        withdrawals_root: withdrawals,
                        cursor: block.cursor,
                        origin_hash: opening.origin.hash,
                        sequence_number: opening.sequence_number,
                        number: opening.number,
                    });
                    self.headers.push(sealed.header);
                }
                Step::Absent(_) => self.absent += 1,
                Step::Processed(_) => {}
            }
        }
    }

    pub(super) fn head(&self) -> &DerivedHead {
        self.derivation.head()
    }

    pub(super) fn number(&self) -> u64 {
        self.head().block.number
    }

    pub(super) fn hashes(&self) -> Vec<B256> {
        self.headers.iter().map(Header::hash_slow).collect()
    }

    /// The output root after a block.
    pub(super) fn output(&self, number: u64) -> B256 {
        let header = &self.headers[usize::try_from(number).unwrap()];
        output_root(header.state_root, header.withdrawals_root.unwrap(), header.hash_slow())
    }

    /// The segments root of the usual interval that ends with a block; no block here has slices.
    pub(super) fn segments(&self, last: u64) -> B256 {
        let claims = self.claims.iter().map(BlockClaim::hash).skip(1);
        let claims = claims.take(usize::try_from(last).unwrap());
        let before = usize::try_from(last - self.rollup.proposal_interval).unwrap();
        let mut leaves: Vec<_> =
            claims.skip(before).flat_map(|claim| std::iter::repeat_n(claim, 32)).collect();
        leaves.resize(1 << 15, *leaves.last().unwrap());
        // The rest of the tree is the last claim alone.
        let mut same = *leaves.last().unwrap();
        let mut root = merkle_root(&leaves);
        for height in 0..SEGMENTS_HEIGHT {
            if height >= 15 {
                root = keccak256([root, same].concat());
            }
            same = keccak256([same, same].concat());
        }
        root
    }
}

fn list_of(
    spec: &ChainSpec,
    parent: &Header,
    inputs: &BlockInputs,
    state: &MemoryState,
) -> Option<BlockAccessList> {
    let context = BlockContext::new(spec, parent, &inputs.opening);
    let mut serial = SerialExecutor::recording(context, state).unwrap();
    for deposit in forced_transactions(&inputs.opening, &inputs.deposits) {
        serial.execute(&deposit).unwrap();
    }
    for raw in &inputs.transactions {
        serial.execute(&RecoveredTransaction::decode(raw).ok()?).ok()?;
    }
    Some(serial.take_access_list())
}

fn roots(state: &MemoryState) -> (B256, B256) {
    let trie = state.trie();
    (trie.root(), trie.storage_root(&L2_TO_L1_MESSAGE_PASSER))
}
