//! One simulated block: its context from plan and parent, its calls one after the other, its header at the end.

use alloy::{
    consensus::{
        EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom,
        constants::EMPTY_WITHDRAWALS,
        proofs::{calculate_receipt_root, calculate_withdrawals_root, ordered_trie_root_encoded},
    },
    eips::{eip4844::DATA_GAS_PER_BLOB, eip7685::Requests},
    primitives::{B256, Bloom},
};
use executor::{
    BlockContext, BlockOverrides, BlockRules, BlockSimulator, Call, ExecuteError, SimulatedCall,
    SimulationStatus, SpecId,
};
use protocol::{BlockOpening, L1Origin, predeploys::SEQUENCER_FEE_VAULT};
use state::{Overlay, StateReader as _};

use super::{
    Roots,
    plan::Planned,
    refusal::{BLOCK_GAS, invalid, refused},
    transaction::Unsigned,
};
use crate::{
    api::{
        Api, errors,
        eth::call::{call_of, overrides_of},
        limits::CALL_GAS_MAX,
        read::Fault,
    },
    chain::{ChainBlock, State, ethereum},
};

/// A block after its simulation.
pub(super) struct Simulated {
    pub(super) header: Header,
    pub(super) hash: B256,
    pub(super) transactions: Vec<Unsigned>,
    pub(super) calls: Vec<SimulatedCall>,
    pub(super) withdrawals: alloy::eips::eip4895::Withdrawals,
}

/// What holds for the whole simulation.
pub(super) struct Simulation<'a> {
    pub(super) api: &'a Api,
    pub(super) base: &'a ChainBlock,
    pub(super) validation: bool,
    pub(super) trace_transfers: bool,
    /// Gas that all calls together may still use.
    pub(super) gas_left: u64,
    pub(super) roots: Roots<'a>,
}

impl Simulation<'_> {
    /// Simulates the next block on the state that the one before left.
    pub(super) fn block<'s>(
        &mut self,
        parent: &Header,
        parent_hash: B256,
        planned: Planned,
        state: Overlay<&'s State>,
    ) -> Result<(Simulated, Overlay<&'s State>), Fault> {
        let (mut header, rules) = self.header(parent, parent_hash, &planned);
        let context = self.context(&header, rules);
        let overrides = BlockOverrides {
            fee_recipient: Some(header.beneficiary),
            blob_base_fee: planned.block.blob_base_fee.map(|fee| fee.saturating_to::<u128>()),
            block_hashes: planned.block.block_hash.clone().unwrap_or_default(),
            ..BlockOverrides::default()
        };
        if let Some((address, _)) =
            planned.accounts.iter().find(|(_, a)| a.state.is_some() && a.state_diff.is_some())
        {
            let why = format!("account {address} has both 'state' and 'stateDiff'");
            return Err(errors::server(why).into());
        }
        let accounts = overrides_of(planned.accounts);
        let (validation, traced) = (self.validation, self.trace_transfers);
        let opened =
            BlockSimulator::open(context, &overrides, state, &accounts, validation, traced)?;
        let mut block = opened.map_err(|error| Fault::Answer(errors::server(error.to_string())))?;
        block.begin().map_err(fault)?;
        let (mut transactions, mut calls, mut receipts) = (Vec::new(), Vec::new(), Vec::new());
        for request in planned.calls {
            let has_gas_price = request.gas_price.is_some();
            let (call, nonce) = self.call(&header, block.state(), request)?;
            let tx = Unsigned::new(&call, nonce, context.chain_id, has_gas_price);
            let done = block.call(&call, nonce).map_err(fault)?;
            let gas_used = done.simulation.gas_used;
            self.gas_left = self.gas_left.saturating_sub(gas_used);
            header.gas_used += gas_used;
            if let Some(used) = &mut header.blob_gas_used {
                *used += call.blob_hashes.len() as u64 * DATA_GAS_PER_BLOB;
            }
            let status = if rules.spec() < SpecId::BYZANTIUM {
                Eip658Value::PostState(self.roots.root(&block.state().diff())?)
            } else {
                Eip658Value::Eip658(done.simulation.status == SimulationStatus::Success)
            };
            receipts.push(receipt(tx.kind(), status, header.gas_used, &done));
            transactions.push(tx);
            calls.push(done);
        }
        let withdrawals = planned.withdrawals;
        if header.withdrawals_root.is_some() {
            header.withdrawals_root = Some(calculate_withdrawals_root(&withdrawals));
            for withdrawal in withdrawals.iter() {
                block.credit(withdrawal.address, withdrawal.amount_wei())?;
            }
        }
        if let BlockRules::Ethereum(rules) = rules {
            block.credit(header.beneficiary, ethereum::block_reward(&rules))?;
        }
        let (state, requests) = block.finish().map_err(fault)?;
        let requests = Requests::from(requests);
        header.requests_hash = header.requests_hash.map(|_| requests.requests_hash());
        let encoded: Vec<_> = transactions.iter().map(|tx| &tx.encoded).collect();
        header.transactions_root = ordered_trie_root_encoded(&encoded);
        header.receipts_root = calculate_receipt_root(&receipts);
        header.logs_bloom =
            receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
        header.state_root = self.roots.root(&state.diff())?;
        let hash = header.hash_slow();
        Ok((Simulated { header, hash, transactions, calls, withdrawals }, state))
    }

    /// The header as far as it is known before the first call, and the rules of the block.
    fn header(
        &self,
        parent: &Header,
        parent_hash: B256,
        planned: &Planned,
    ) -> (Header, BlockRules) {
        let block = &planned.block;
        let mut header = Header {
            parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: block.coinbase.unwrap_or(parent.beneficiary),
            difficulty: block.difficulty.unwrap_or(parent.difficulty),
            number: planned.number,
            gas_limit: block.gas_limit.unwrap_or(parent.gas_limit),
            timestamp: planned.timestamp,
            mix_hash: block.random.unwrap_or_default(),
            ..Header::default()
        };
        let config = self.api.view.ethereum().map(|chain| &chain.config);
        let spec = match config {
            None => SpecId::PRAGUE,
            Some(config) => {
                let is_merged = header.difficulty.is_zero();
                ethereum::spec_at(config, header.number, header.timestamp, is_merged)
            }
        };
        if spec >= SpecId::LONDON {
            let base_fee = match block.base_fee {
                Some(given) => given.saturating_to::<u64>(),
                None if self.validation => protocol::next_base_fee(parent, &self.api.config.fees),
                None => 0,
            };
            header.base_fee_per_gas = Some(base_fee);
        }
        if spec >= SpecId::SHANGHAI {
            header.withdrawals_root = Some(EMPTY_WITHDRAWALS);
        }
        if spec >= SpecId::CANCUN {
            header.parent_beacon_block_root = Some(block.beacon_root.unwrap_or_default());
            header.blob_gas_used = Some(0);
            let blobs = config.and_then(|config| ethereum::blob_params(config, header.timestamp));
            let excess = blobs.and_then(|blobs| parent.next_block_excess_blob_gas(blobs));
            header.excess_blob_gas = Some(excess.unwrap_or(0));
        }
        if spec >= SpecId::PRAGUE {
            header.requests_hash = Some(B256::ZERO);
        }
        let rules = match config {
            None => BlockRules::Rollup,
            Some(config) => BlockRules::Ethereum(ethereum::rules(config, &header)),
        };
        if rules == BlockRules::Rollup && parent.number == self.base.number() {
            header.beneficiary = block.coinbase.unwrap_or(SEQUENCER_FEE_VAULT);
        }
        (header, rules)
    }

    fn context(&self, header: &Header, rules: BlockRules) -> BlockContext {
        let base = &self.base.opening;
        let origin = L1Origin {
            prev_randao: header.mix_hash,
            parent_beacon_block_root: header.parent_beacon_block_root.unwrap_or_default(),
            ..base.origin
        };
        let opening = BlockOpening {
            number: header.number,
            parent_hash: header.parent_hash,
            timestamp: header.timestamp,
            origin,
            ..*base
        };
        let base_fee = header.base_fee_per_gas.unwrap_or_default();
        let context = self.api.context(&opening, base_fee, rules);
        BlockContext { gas_limit: header.gas_limit, ..context }
    }

    /// A call with everything that was not said about it, and its nonce.
    fn call(
        &self,
        header: &Header,
        state: &Overlay<&State>,
        request: alloy::rpc::types::TransactionRequest,
    ) -> Result<(Call, u64), Fault> {
        let chain_id = self.api.config.l2_chain_id;
        if let Some(have) = request.chain_id.filter(|have| *have != chain_id) {
            let why = format!("chainId does not match node's (have={have}, want={chain_id})");
            return Err(errors::server(why).into());
        }
        let block_gas_left = header.gas_limit.saturating_sub(header.gas_used);
        let gas = request.gas.unwrap_or(block_gas_left);
        if gas > block_gas_left {
            let (used, limit) = (header.gas_used, header.gas_limit);
            let why = format!("block gas limit reached: {used} + {gas} > {limit}");
            return Err(refused(BLOCK_GAS, why).into());
        }
        let nonce = match request.nonce {
            Some(nonce) => nonce,
            None => {
                let from = request.from.unwrap_or_default();
                state.account(&from)?.map_or(0, |account| account.nonce)
            }
        };
        let tip = request.max_priority_fee_per_gas;
        let gas_price = request.gas_price;
        let mut call = call_of(request).map_err(|error| {
            // A tip above the fee cap has a code of its own here.
            if error.code() == errors::SERVER_ERROR {
                refused(errors::INVALID_PARAMS, error.message())
            } else {
                error
            }
        })?;
        call.gas_limit = std::cmp::min(gas, self.gas_left);
        if gas_price.is_none() {
            let tip = tip.unwrap_or(0);
            if tip > call.max_fee_per_gas {
                let why = format!(
                    "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {}",
                    call.max_fee_per_gas
                );
                return Err(refused(errors::INVALID_PARAMS, why).into());
            }
            call.max_priority_fee_per_gas = Some(tip);
        }
        Ok((call, nonce))
    }
}

/// Gas of all calls of one simulation.
pub(super) const GAS_MAX: u64 = CALL_GAS_MAX;

fn receipt(
    kind: u8,
    status: Eip658Value,
    cumulative_gas_used: u64,
    done: &SimulatedCall,
) -> ReceiptEnvelope {
    let logs = done.simulation.logs.clone();
    let receipt = ReceiptWithBloom::from(Receipt { status, cumulative_gas_used, logs });
    match kind {
        1 => ReceiptEnvelope::Eip2930(receipt),
        2 => ReceiptEnvelope::Eip1559(receipt),
        3 => ReceiptEnvelope::Eip4844(receipt),
        4 => ReceiptEnvelope::Eip7702(receipt),
        _ => ReceiptEnvelope::Legacy(receipt),
    }
}

fn fault(error: ExecuteError<crate::chain::ReadError>) -> Fault {
    match error {
        ExecuteError::Invalid(reason) => invalid(&reason).into(),
        ExecuteError::State(error) => Fault::Read(error),
    }
}
