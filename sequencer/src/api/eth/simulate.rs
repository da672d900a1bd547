//! `eth_simulateV1`: blocks that nobody built, with calls that nobody signed, on top of any block.
//!
//! Semantics and error codes are geth's. Every block gets a header with all its roots, so that hashes mean something:
//! the state root comes from the trie, which is asked without being changed.

mod block;
mod plan;
mod refusal;
mod transaction;

use std::sync::Arc;

use alloy::{
    consensus::transaction::TransactionInfo,
    eips::BlockId,
    primitives::{B256, Bytes, Log as PlainLog, U256},
    rlp::{Encodable, Header as RlpHeader},
    rpc::types::{
        Block, BlockTransactions, Header, Log,
        simulate::{SimCallResult, SimulateError},
    },
};
use executor::{LogPlaced, SimulatedCall, SimulationStatus};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use serde_json::{Value, json};
use state::{Overlay, StateDiff};

use self::{
    block::{GAS_MAX, Simulated, Simulation},
    plan::{Payload, plan},
    refusal::{CLIENT_LIMIT, VM_ERROR, refused},
};
use crate::{
    api::{Api, errors, limits::SIMULATE_CHANGES_MAX, read::Fault},
    chain::{ChainBlock, OutlookError, State, StateOutlook},
};

/// Simulations.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthSimulate {
    /// Simulates blocks of calls on top of a block.
    #[method(name = "simulateV1")]
    async fn simulate_v1(&self, payload: Payload, block: Option<BlockId>) -> RpcResult<Vec<Value>>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct SimulateMethods(pub(crate) Api);

#[async_trait]
impl EthSimulateServer for SimulateMethods {
    async fn simulate_v1(&self, payload: Payload, block: Option<BlockId>) -> RpcResult<Vec<Value>> {
        let id = block.unwrap_or_default();
        let api = self.0.clone();
        let work = move |state: &State, base: &Arc<ChainBlock>, outlook: &StateOutlook| {
            simulate(&api, state, base, outlook, payload.clone())
        };
        self.0.with_outlook("eth_simulateV1", id, work).await
    }
}

fn simulate(
    api: &Api,
    state: &State,
    base: &ChainBlock,
    outlook: &StateOutlook,
    payload: Payload,
) -> Result<Vec<Value>, Fault> {
    let step = api.config.block_time;
    let planned = plan(&base.header, payload.block_state_calls, step)?;
    let mut simulation = Simulation {
        api,
        base,
        validation: payload.validation,
        trace_transfers: payload.trace_transfers,
        gas_left: GAS_MAX,
        roots: Roots { outlook, changes_left: SIMULATE_CHANGES_MAX },
    };
    let (mut parent, mut parent_hash) = (base.header.clone(), base.hash);
    let mut state = Overlay::new(state);
    let mut answers = Vec::new();
    for block in planned {
        let (done, left) = simulation.block(&parent, parent_hash, block, state)?;
        state = left;
        state.set_block_hash(done.header.number, done.hash);
        let answer = answer(&done, payload.return_full_transactions);
        answers.push(answer.map_err(|error| errors::internal("eth_simulateV1", &error))?);
        (parent, parent_hash) = (done.header, done.hash);
    }
    Ok(answers)
}

/// State roots after simulated changes.
struct Roots<'a> {
    outlook: &'a StateOutlook,
    /// Every root costs by all that is changed by then.
    changes_left: usize,
}

impl Roots<'_> {
    fn root(&mut self, diff: &StateDiff) -> Result<B256, Fault> {
        let too_many = || refused(CLIENT_LIMIT, "too many accounts and slots changed").into();
        let changes = diff.accounts.values().map(|change| 1 + change.storage.len()).sum();
        self.changes_left = self.changes_left.checked_sub(changes).ok_or_else(too_many)?;
        self.outlook.root_with(diff).map_err(|error| match error {
            OutlookError::Read(error) => Fault::Read(error),
            OutlookError::TooLarge => too_many(),
            OutlookError::Gone | OutlookError::Busy => {
                errors::overloaded("rate limit exceeded: no state root can be computed now").into()
            }
        })
    }
}

/// A simulated block as clients see it.
fn answer(block: &Simulated, full: bool) -> serde_json::Result<Value> {
    let header = &block.header;
    let list = |payload_length| RlpHeader { list: true, payload_length }.length_with_payload();
    let transactions = block.transactions.iter().map(|tx| tx.length_in_block()).sum();
    let withdrawals = header.withdrawals_root.is_some();
    let paid: usize = block.withdrawals.iter().map(Encodable::length).sum();
    let size =
        header.length() + list(transactions) + list(0) + if withdrawals { list(paid) } else { 0 };
    let hashes = block.transactions.iter().map(|tx| tx.hash).collect();
    let shown = Block::<B256> {
        header: Header {
            hash: block.hash,
            inner: header.clone(),
            total_difficulty: None,
            size: Some(U256::from(list(size))),
        },
        uncles: Vec::new(),
        transactions: BlockTransactions::Hashes(hashes),
        withdrawals: withdrawals.then(|| block.withdrawals.clone()),
    };
    let mut answer = serde_json::to_value(shown)?;
    if full {
        let whole = (0_u64..).zip(&block.transactions).map(|(index, tx)| {
            tx.json(TransactionInfo {
                hash: Some(tx.hash),
                index: Some(index),
                block_hash: Some(block.hash),
                block_number: Some(header.number),
                base_fee: header.base_fee_per_gas,
                block_timestamp: Some(header.timestamp),
            })
        });
        answer["transactions"] = Value::Array(whole.collect::<Result<_, _>>()?);
    }
    let calls = (0_u64..).zip(&block.calls).map(|(index, call)| call_result(block, index, call));
    answer["calls"] = json!(calls.collect::<Vec<_>>());
    Ok(answer)
}

fn call_result(block: &Simulated, index: u64, call: &SimulatedCall) -> SimCallResult {
    let simulation = &call.simulation;
    let (return_data, error) = match &simulation.status {
        SimulationStatus::Success => (simulation.output.clone(), None),
        SimulationStatus::Revert => {
            let message = errors::reverted(&simulation.output).message().to_owned();
            let data = Some(simulation.output.clone());
            (Bytes::new(), Some(SimulateError { code: errors::REVERT, message, data }))
        }
        SimulationStatus::Halt(reason) => {
            let error = SimulateError { code: VM_ERROR, message: reason.to_string(), data: None };
            (Bytes::new(), Some(error))
        }
    };
    let log = |placed: &LogPlaced| {
        let LogPlaced { index: log_index, log } = placed;
        let inner: PlainLog = log.clone();
        Log {
            inner,
            block_hash: Some(block.hash),
            block_number: Some(block.header.number),
            block_timestamp: Some(block.header.timestamp),
            transaction_hash: block
                .transactions
                .get(usize::try_from(index).ok()?)
                .map(|tx| tx.hash),
            transaction_index: Some(index),
            log_index: Some(*log_index),
            removed: false,
        }
        .into()
    };
    SimCallResult {
        return_data,
        logs: call.logs.iter().filter_map(log).collect(),
        gas_used: simulation.gas_used,
        max_used_gas: Some(simulation.gas_used_max),
        status: simulation.status == SimulationStatus::Success,
        error,
    }
}
