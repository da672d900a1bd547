//! The native chain: derived by the machine, executed in one piece, with the claims that follow from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_consensus::Header;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bloom, U256};
use derivation::{Cursor, DerivedHead};
use executor::{
    BlockContext, ChainSpec, ExecutedBlock, RecoveredTransaction, SerialExecutor, execute_block,
    forced_transactions, seal,
};
use op_alloy_consensus::OpTxType;
use protocol::{
    BlockInputs, Eip1559Params, Genesis, GenesisAccount, L1Contracts, L1Origin, RollupConfig,
    SystemConfig, predeploys,
};
use state::{MemoryState, StateReader};
use transition::{BlockClaim, ChainParameters, SliceClaim, receipt_link, receipts_next};

use crate::{
    host::Known,
    l1::L1_GENESIS_TIME,
    tx::{CHAIN_ID, HASHER, KEYS, Key, contracts, writer},
};

/// L1 blocks.
pub(crate) const WINDOW: u64 = 8;

pub(crate) fn config(l1: &L1Origin) -> RollupConfig {
    let contract = |code| GenesisAccount { nonce: 1, code, ..Default::default() };
    let mut alloc: BTreeMap<Address, GenesisAccount> =
        contracts().into_iter().map(|(address, code)| (address, contract(code))).collect();
    let predeploys = [
        predeploys::L1_BLOCK,
        predeploys::L2_TO_L1_MESSAGE_PASSER,
        predeploys::SEQUENCER_FEE_VAULT,
        predeploys::HISTORY_STORAGE,
        predeploys::BEACON_ROOTS,
    ];
    alloc.extend(predeploys.map(|address| (address, contract(writer()))));
    for key in 0..KEYS {
        // The last of them runs out of ether.
        let balance = if key + 1 < KEYS {
            U256::from(10).pow(U256::from(18))
        } else {
            U256::from(10_u64.pow(13))
        };
        let funded = GenesisAccount { balance, ..Default::default() };
        alloc.insert(Key::new(key).address(), funded);
    }
    let nobody = Address::ZERO;
    RollupConfig {
        l1_chain_id: 1,
        l2_chain_id: CHAIN_ID,
        block_time: 2,
        sequencing_window: WINDOW,
        sequencer_drift_max: 24,
        proposal_interval: 16,
        dispute_window: 60,
        fees: Eip1559Params { elasticity: 6, denominator: 250, base_fee_min: 1 },
        blob_schedule: vec![
            protocol::BlobFee { from_timestamp: 0, update_fraction: 3_338_477 },
            protocol::BlobFee { from_timestamp: L1_GENESIS_TIME + 50, update_fraction: 5_007_716 },
        ],
        contracts: L1Contracts {
            system_config: nobody,
            batch_inbox: nobody,
            portal: nobody,
            output_oracle: nobody,
        },
        genesis: Genesis {
            l1: l1.id(),
            timestamp: L1_GENESIS_TIME,
            gas_limit: 30_000_000,
            base_fee: 1_000,
            system_config: SystemConfig {
                batcher: Address::repeat_byte(5),
                gas_limit: 30_000_000,
                base_fee_scalar: 1_368,
                blob_base_fee_scalar: 810_949,
                operator_fee_scalar: 20,
                operator_fee_constant: 7,
            },
            alloc,
        },
    }
}

/// A block of the native chain, with what it leaves.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) inputs: BlockInputs,
    pub(crate) header: Header,
    pub(crate) head: DerivedHead,
    pub(crate) state: MemoryState,
    pub(crate) withdrawals_root: B256,
    /// What happened in it that a test of everything must have had.
    pub(crate) events: BTreeSet<&'static str>,
}

impl Block {
    pub(crate) fn genesis(config: &RollupConfig) -> Self {
        let state = MemoryState::from_genesis(&config.genesis.alloc);
        let trie = state.trie();
        let withdrawals_root = trie.storage_root(&predeploys::L2_TO_L1_MESSAGE_PASSER);
        let header = config.genesis_header(trie.root(), withdrawals_root);
        let head = DerivedHead::genesis(config, header.hash_slow());
        let (inputs, events) = (BlockInputs::default(), BTreeSet::new());
        Self { inputs, header, head, state, withdrawals_root, events }.with_hash_known()
    }

    fn with_hash_known(mut self) -> Self {
        self.state.set_block_hash(self.header.number, self.head.block.hash);
        self
    }

    /// Executes the next block in one piece.
    pub(crate) fn next(&self, config: &RollupConfig, inputs: BlockInputs) -> Self {
        let spec = ChainSpec::from(config);
        let executed = execute_block(&spec, &self.header, &inputs, &self.state).unwrap();
        let mut state = self.state.clone();
        state.apply(&executed.diff);
        let trie = state.trie();
        let withdrawals_root = trie.storage_root(&predeploys::L2_TO_L1_MESSAGE_PASSER);
        let context = BlockContext::new(&spec, &self.header, &inputs.opening);
        let sealed = seal(&context, &executed, trie.root(), withdrawals_root);
        let head = DerivedHead::after(&inputs.opening, sealed.hash);
        let events = events(&inputs, &executed, &self.state);
        Self { inputs, header: sealed.header, head, state, withdrawals_root, events }
            .with_hash_known()
    }

    pub(crate) fn claim(&self, cursor: Cursor) -> BlockClaim {
        BlockClaim {
            block_hash: self.head.block.hash,
            state_root: self.header.state_root,
            withdrawals_root: self.withdrawals_root,
            cursor,
            origin_hash: self.head.block.origin.hash,
            sequence_number: self.head.block.sequence_number,
            number: self.head.block.number,
        }
    }

    /// Makes everything known that a run from this block on may ask for.
    pub(crate) fn publish(&self, known: &mut Known) {
        assert_eq!(known.header(&self.header), self.head.block.hash);
        assert_eq!(known.state(&self.state), self.header.state_root);
    }

    /// The claims in the midst of the block after this one, and all that they stand for.
    pub(crate) fn slices(
        &self,
        known: &mut Known,
        config: &RollupConfig,
        parent: B256,
        next: &Self,
        segment_gas: u64,
    ) -> Vec<SliceClaim> {
        let (spec, inputs) = (ChainSpec::from(config), &next.inputs);
        let context = BlockContext::new(&spec, &self.header, &inputs.opening);
        let mut executor = SerialExecutor::new(context, &self.state).unwrap();
        let forced = forced_transactions(&inputs.opening, &inputs.deposits).map(Some);
        let users = inputs.transactions.iter().map(|raw| RecoveredTransaction::decode(raw).ok());
        let all: Vec<_> = forced.chain(users).collect();
        let (mut state, mut claims) = (self.state.clone(), Vec::new());
        let (mut receipts, mut bloom, mut begun_at) = (B256::ZERO, Bloom::ZERO, 0);
        let mut leaves = BTreeMap::new();
        for (input, tx) in (0_u64..).zip(&all) {
            let Some(Ok(outcome)) = tx.as_ref().map(|tx| executor.execute(tx)) else { continue };
            let key = alloy_rlp::encode(leaves.len());
            leaves.insert(key, tx.as_ref().unwrap().tx.encoded_2718());
            let mut receipt = Vec::new();
            bloom |= outcome.encode_receipt(&mut receipt);
            let hash = known.bytes(receipt.clone().into());
            known.bytes(receipt_link(receipts, input, hash).to_vec().into());
            receipts = receipts_next(receipts, input, &receipt);
            let gas_used = executor.executed().gas_used;
            let is_last = input + 1 == all.len() as u64 || claims.len() == 31;
            if gas_used - begun_at < segment_gas || is_last {
                continue;
            }
            begun_at = gas_used;
            state.apply(&executor.take_diff());
            let (state_root, slices, inputs) =
                (known.state(&state), claims.len() as u64 + 1, input + 1);
            claims.push(SliceClaim {
                parent,
                state_root,
                receipts,
                slices,
                inputs,
                gas_used,
                bloom,
            });
        }
        // Of the next block, whose first transaction a later run looks up.
        assert_eq!(known.trie(&leaves), next.header.transactions_root);
        claims
    }
}

/// What happened in a block.
fn events(
    inputs: &BlockInputs,
    executed: &ExecutedBlock,
    before: &MemoryState,
) -> BTreeSet<&'static str> {
    let mut events = BTreeSet::new();
    let mut note = |what, happened: bool| {
        if happened {
            events.insert(what);
        }
    };
    let forced = 1 + inputs.deposits.len();
    note("deposit", forced > 1);
    note("skipped", executed.transactions.len() < forced + inputs.transactions.len());
    for (at, outcome) in executed.outcomes.iter().enumerate() {
        let is_user = at >= forced;
        let failed = !outcome.receipt.as_receipt().status.coerce_status();
        let kind = executed.transactions[at].tx_type();
        note("deposit fails", !is_user && failed);
        note("deposit creates", !is_user && outcome.created.is_some());
        note("reverts", is_user && failed && outcome.halt.is_none());
        note("out of gas", is_user && outcome.halt.is_some());
        note("creates", is_user && outcome.created.is_some());
        note("EIP-7702", kind == OpTxType::Eip7702);
        note("legacy", kind == OpTxType::Legacy);
        note("logs", !outcome.receipt.as_receipt().logs.is_empty());
    }
    for (address, change) in &executed.diff.accounts {
        let existed = before.account(address).unwrap().is_some();
        note("account removed", existed && change.account.is_none());
        note("slot removed", change.storage.values().any(|value| value.is_zero()));
        note("withdrawals", *address == predeploys::L2_TO_L1_MESSAGE_PASSER);
        note(
            "BLOCKHASH",
            *address == HASHER && change.storage.values().any(|value| !value.is_zero()),
        );
    }
    events
}

/// The parameters with small slices.
pub(crate) fn parameters(config: &RollupConfig, segment_gas: u64) -> ChainParameters {
    ChainParameters { segment_gas, ..ChainParameters::new(config) }
}

pub(crate) type Config = Arc<RollupConfig>;
