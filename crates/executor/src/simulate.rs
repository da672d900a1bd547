//! Runs a call that nobody signed, on top of a state, without keeping anything: `eth_call`, `eth_estimateGas`,
//! `eth_createAccessList`, `eth_simulateV1`.
//!
//! The same EVM and handler as for transactions. As in geth, nonce and code of the sender are not checked, no block gas
//! limit holds, and a call without a gas price sees a base fee of zero; whoever names a price or a value must have the
//! funds. L1 data fee and operator fee are not charged, because there is no signed transaction to measure.

mod block;
mod inspect;
mod overrides;
mod transfers;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256};
use revm::{
    Inspector,
    context::TxEnv,
    context_interface::{either::Either, result::ExecutionResult},
    inspector::NoOpInspector,
    interpreter::interpreter::EthInterpreter,
};
use state::{Overlay, StateDiff, StateReader};

use crate::{BlockContext, EvmContext, ExecuteError, HaltReason, changes::state_diff};
pub use block::{BlockSimulator, SimulatedCall, SimulatedRequests};
pub use inspect::{InspectedCall, inspect_call};
pub use overrides::{AccountOverride, BlockOverrides, OverrideError, StateOverrides};
pub use transfers::LogPlaced;

/// What to run. Absent fee fields mean that gas is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The sender.
    pub from: Address,
    /// The recipient, or a creation.
    pub to: TxKind,
    /// Gas limit. The caller bounds it: a simulation is not bounded by the block.
    pub gas_limit: u64,
    /// Maximum fee per gas, or the gas price, in wei.
    pub max_fee_per_gas: u128,
    /// Maximum tip per gas, in wei. `None`: all that the maximum fee leaves over the base fee.
    pub max_priority_fee_per_gas: Option<u128>,
    /// Wei to send.
    pub value: U256,
    /// Calldata or initcode.
    pub input: Bytes,
    /// Addresses and slots that are warm from the start.
    pub access_list: Option<AccessList>,
    /// EIP-7702 delegations to install first.
    pub authorizations: Vec<SignedAuthorization>,
    /// Hashes of the blobs that it claims to carry.
    pub blob_hashes: Vec<B256>,
    /// Maximum fee per blob gas, in wei.
    pub max_fee_per_blob_gas: u128,
}

/// How a simulated call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimulationStatus {
    /// It returned.
    Success,
    /// It reverted; the output is the revert data.
    Revert,
    /// It halted.
    Halt(HaltReason),
}

/// What a simulated call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// How it ended.
    pub status: SimulationStatus,
    /// Gas used, after refunds.
    pub gas_used: u64,
    /// Gas refunded at the end. A gas limit must cover it too.
    pub gas_refunded: u64,
    /// Gas used before refunds, and at least the floor price of the calldata.
    pub gas_used_max: u64,
    /// Returned bytes or revert data; empty after a halt.
    pub output: Bytes,
    /// Logs; none unless it succeeded.
    pub logs: Vec<Log>,
    /// The contract that a creation made.
    pub created: Option<Address>,
    /// What it changed, for whoever runs another call on top. Overrides are not in it.
    pub diff: StateDiff,
}

/// Runs `call` in the block `context` on `state`.
pub fn simulate<R: StateReader>(
    context: &BlockContext,
    state: R,
    call: &Call,
    state_overrides: &StateOverrides,
    block_overrides: &BlockOverrides,
) -> Result<Simulation, ExecuteError<R::Error>> {
    simulate_with(context, state, call, state_overrides, block_overrides, NoOpInspector)
        .map(|(simulation, _)| simulation)
}

/// As [`simulate`], under the eyes of an inspector, which is given back.
pub fn simulate_with<R, I>(
    context: &BlockContext,
    state: R,
    call: &Call,
    state_overrides: &StateOverrides,
    block_overrides: &BlockOverrides,
    inspector: I,
) -> Result<(Simulation, I), ExecuteError<R::Error>>
where
    R: StateReader,
    I: Inspector<EvmContext<Overlay<R>>, EthInterpreter>,
{
    let done = inspect_call(context, state, call, state_overrides, block_overrides, inspector)?;
    let diff = state_diff(&done.executed.changes);
    Ok((simulation(done.executed.result, diff), done.inspector))
}

/// The call as revm takes it, of the oldest type that can express it.
fn tx_env(call: &Call, chain_id: u64) -> TxEnv {
    let tx_type = if !call.authorizations.is_empty() {
        4
    } else if !call.blob_hashes.is_empty() {
        3
    } else if call.max_priority_fee_per_gas.is_some() {
        2
    } else {
        u8::from(call.access_list.is_some())
    };
    TxEnv {
        tx_type,
        caller: call.from,
        gas_limit: call.gas_limit,
        gas_price: call.max_fee_per_gas,
        kind: call.to,
        value: call.value,
        data: call.input.clone(),
        nonce: 0,
        chain_id: Some(chain_id),
        access_list: call.access_list.clone().unwrap_or_default(),
        gas_priority_fee: call.max_priority_fee_per_gas,
        blob_hashes: call.blob_hashes.clone(),
        max_fee_per_blob_gas: call.max_fee_per_blob_gas,
        authorization_list: call.authorizations.iter().cloned().map(Either::Left).collect(),
    }
}

fn simulation(result: ExecutionResult<HaltReason>, diff: StateDiff) -> Simulation {
    let gas = *result.gas();
    let created = result.created_address();
    let (status, output, logs) = match result {
        ExecutionResult::Success { output, logs, .. } => {
            (SimulationStatus::Success, output.into_data(), logs)
        }
        ExecutionResult::Revert { output, .. } => (SimulationStatus::Revert, output, Vec::new()),
        ExecutionResult::Halt { reason, .. } => {
            (SimulationStatus::Halt(reason), Bytes::new(), Vec::new())
        }
    };
    Simulation {
        status,
        gas_used: gas.tx_gas_used(),
        gas_refunded: gas.final_refunded(),
        gas_used_max: core::cmp::max(gas.total_gas_spent(), gas.floor_gas()),
        output,
        logs,
        created,
        diff,
    }
}
