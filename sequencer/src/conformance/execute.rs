//! Executes one block by the rules of its fork, and checks whatever its header says of the result.

use alloy::{
    consensus::{
        Block, Eip658Value, EthereumTxEnvelope, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom,
        Transaction as _, TxEip4844, Typed2718 as _, proofs::calculate_receipt_root,
        transaction::SignerRecoverable as _,
    },
    eips::{eip2935, eip4788, eip7002, eip7251},
    genesis::ChainConfig,
    primitives::{Address, B256, Bytes, Log, U256},
};
use executor::{EthereumRules, SpecId, StateDatabase};
use protocol::predeploys::SYSTEM;
use revm::{
    Context, ExecuteEvm, MainBuilder, MainContext, SystemCallEvm,
    context::{BlockEnv, CfgEnv, TxEnv},
    context_interface::{block::BlobExcessGasAndPrice, either::Either, result::ExecutionResult},
};
use state::{MemoryState, StateDiff, StateTrie};

use super::changes::{credit, diff_of};
use crate::chain::ethereum::{blob_params, block_reward, rules};

/// A block as the file has it.
pub(super) type EthereumBlock = Block<EthereumTxEnvelope<TxEip4844>>;

/// What came of a transaction.
pub(super) struct Executed {
    pub(super) sender: Address,
    pub(super) status: Eip658Value,
    pub(super) gas_used: u64,
    pub(super) gas_price: u128,
    pub(super) logs: Vec<Log>,
    pub(super) created: Option<Address>,
}

/// The state that blocks are executed on, one after the other.
pub(super) struct World {
    pub(super) config: ChainConfig,
    pub(super) state: MemoryState,
    pub(super) trie: StateTrie,
    /// What the block being executed has changed so far.
    pub(super) diff: StateDiff,
}

impl World {
    /// Executes a block on the state after its parent.
    pub(super) fn execute(&mut self, block: &EthereumBlock) -> Vec<Executed> {
        let rules = rules(&self.config, &block.header);
        self.diff = StateDiff::default();
        self.begin(&block.header, rules.spec);
        let mut executed = Vec::new();
        let mut receipts = Vec::new();
        let mut gas_used = 0;
        for tx in &block.body.transactions {
            let done = self.transaction(&block.header, &rules, tx);
            gas_used += done.gas_used;
            receipts.push(receipt(tx.ty(), &done, gas_used));
            executed.push(done);
        }
        self.finish(block, &rules);
        let header = &block.header;
        let number = header.number;
        assert_eq!(gas_used, header.gas_used, "gas of block {number}");
        assert_eq!(calculate_receipt_root(&receipts), header.receipts_root, "receipts of {number}");
        assert_eq!(self.trie.root(), header.state_root, "state of block {number}");
        self.state.set_block_hash(number, header.hash_slow());
        executed
    }

    /// Calls of the system before the first transaction.
    fn begin(&mut self, header: &Header, spec: SpecId) {
        if spec >= SpecId::CANCUN {
            let root = header.parent_beacon_block_root.unwrap();
            self.system_call(header, spec, eip4788::BEACON_ROOTS_ADDRESS, root.into());
        }
        if spec >= SpecId::PRAGUE {
            let parent = header.parent_hash.into();
            self.system_call(header, spec, eip2935::HISTORY_STORAGE_ADDRESS, parent);
        }
    }

    /// Calls of the system after the last transaction, then what miners or the consensus layer get.
    fn finish(&mut self, block: &EthereumBlock, rules: &EthereumRules) {
        let header = &block.header;
        if rules.spec >= SpecId::PRAGUE {
            for contract in [
                eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
                eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            ] {
                self.system_call(header, rules.spec, contract, Bytes::new());
            }
        }
        let reward = block_reward(rules);
        if !reward.is_zero() {
            let ommers = U256::from(block.body.ommers.len());
            let own = reward + reward / U256::from(32) * ommers;
            self.apply(&credit(&self.state, header.beneficiary, own));
            for ommer in &block.body.ommers {
                let share = reward * U256::from(8 + ommer.number - header.number) / U256::from(8);
                self.apply(&credit(&self.state, ommer.beneficiary, share));
            }
        }
        for withdrawal in block.body.withdrawals.iter().flat_map(|list| list.iter()) {
            self.apply(&credit(&self.state, withdrawal.address, withdrawal.amount_wei()));
        }
    }

    fn transaction(
        &mut self,
        header: &Header,
        rules: &EthereumRules,
        tx: &EthereumTxEnvelope<TxEip4844>,
    ) -> Executed {
        // Before Homestead, signatures might have a high `s`.
        let sender = tx.recover_signer_unchecked().unwrap();
        let mut evm = Context::mainnet()
            .with_db(StateDatabase::new(&self.state))
            .with_block(self.block_env(header))
            .modify_cfg_chained(|cfg| *cfg = self.cfg(header, rules.spec))
            .build_mainnet();
        let done = evm.transact(tx_env(tx, sender)).unwrap();
        let diff = diff_of(&done.state, rules.spec);
        self.apply(&diff);
        let base_fee = header.base_fee_per_gas;
        Executed {
            sender,
            status: if rules.spec < SpecId::BYZANTIUM {
                Eip658Value::PostState(self.trie.root())
            } else {
                done.result.is_success().into()
            },
            gas_used: done.result.tx_gas_used(),
            gas_price: tx.effective_gas_price(base_fee),
            created: done.result.created_address(),
            logs: match done.result {
                ExecutionResult::Success { logs, .. } => logs,
                _ => Vec::new(),
            },
        }
    }

    fn system_call(&mut self, header: &Header, spec: SpecId, contract: Address, input: Bytes) {
        let mut evm = Context::mainnet()
            .with_db(StateDatabase::new(&self.state))
            .with_block(self.block_env(header))
            .modify_cfg_chained(|cfg| *cfg = self.cfg(header, spec))
            .build_mainnet();
        let done = evm.system_call_with_caller(SYSTEM, contract, input).unwrap();
        let diff = diff_of(&done.state, spec);
        self.apply(&diff);
    }

    fn apply(&mut self, diff: &StateDiff) {
        self.state.apply(diff);
        self.trie.apply(diff);
        self.diff.merge(diff);
    }

    fn cfg(&self, header: &Header, spec: SpecId) -> CfgEnv {
        let mut cfg = CfgEnv::new_with_spec(spec).with_chain_id(self.config.chain_id);
        if let Some(blobs) = blob_params(&self.config, header.timestamp) {
            cfg.max_blobs_per_tx = Some(blobs.max_blobs_per_tx);
        }
        cfg
    }

    fn block_env(&self, header: &Header) -> BlockEnv {
        let blobs = blob_params(&self.config, header.timestamp).zip(header.excess_blob_gas);
        BlockEnv {
            number: U256::from(header.number),
            beneficiary: header.beneficiary,
            timestamp: U256::from(header.timestamp),
            gas_limit: header.gas_limit,
            basefee: header.base_fee_per_gas.unwrap_or_default(),
            difficulty: header.difficulty,
            prevrandao: Some(header.mix_hash),
            blob_excess_gas_and_price: blobs.map(|(params, excess_blob_gas)| {
                let blob_gasprice = params.calc_blob_fee(excess_blob_gas);
                BlobExcessGasAndPrice { excess_blob_gas, blob_gasprice }
            }),
            slot_num: 0,
        }
    }
}

fn tx_env(tx: &EthereumTxEnvelope<TxEip4844>, caller: Address) -> TxEnv {
    let authorizations = tx.authorization_list().unwrap_or_default();
    TxEnv {
        tx_type: tx.ty(),
        caller,
        gas_limit: tx.gas_limit(),
        gas_price: tx.max_fee_per_gas(),
        kind: tx.kind(),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: tx.max_priority_fee_per_gas(),
        blob_hashes: tx.blob_versioned_hashes().unwrap_or_default().to_vec(),
        max_fee_per_blob_gas: tx.max_fee_per_blob_gas().unwrap_or_default(),
        authorization_list: authorizations.iter().cloned().map(Either::Left).collect(),
    }
}

fn receipt(kind: u8, done: &Executed, cumulative_gas_used: u64) -> ReceiptEnvelope {
    let receipt = Receipt { status: done.status, cumulative_gas_used, logs: done.logs.clone() };
    let receipt = ReceiptWithBloom::from(receipt);
    match kind {
        0 => ReceiptEnvelope::Legacy(receipt),
        1 => ReceiptEnvelope::Eip2930(receipt),
        2 => ReceiptEnvelope::Eip1559(receipt),
        3 => ReceiptEnvelope::Eip4844(receipt),
        4 => ReceiptEnvelope::Eip7702(receipt),
        other => panic!("no transactions of type {other} were known to us"),
    }
}

/// The hash of a header without a state, for block 0.
pub(super) fn header_of(genesis: &alloy::genesis::Genesis, state_root: B256) -> Header {
    Header {
        gas_limit: genesis.gas_limit,
        timestamp: genesis.timestamp,
        extra_data: genesis.extra_data.clone(),
        difficulty: genesis.difficulty,
        mix_hash: genesis.mix_hash,
        nonce: genesis.nonce.into(),
        beneficiary: genesis.coinbase,
        state_root,
        ..Header::default()
    }
}
