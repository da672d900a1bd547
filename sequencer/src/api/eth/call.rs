//! `eth_call` and `eth_estimateGas`: runs what nobody signed, on any state, and keeps nothing.

mod at_once;
mod inspect;

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::{B256, TxKind, U64, U256},
    rpc::types::{
        BlockOverrides as RpcBlockOverrides, TransactionRequest,
        state::{AccountOverride as RpcAccountOverride, StateOverride},
    },
};
use executor::{
    AccountOverride, BlockContext, BlockOverrides, BlockRules, Call, ExecuteError,
    InvalidTransaction, Simulation, SimulationStatus, StateOverrides, simulate,
};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
    types::ErrorObjectOwned,
};
use state::StateReader;

use crate::{
    api::{Api, errors, limits::CALL_GAS_MAX, read::Fault},
    chain::{ReadError, State},
    quota::Client,
};

/// Gas of a plain transfer.
const TRANSFER_GAS: u64 = 21_000;
/// An estimate may be this much too high, in thousandths: searching further costs more than it saves.
const ESTIMATE_SLACK_PERMILLE: u64 = 15;

/// Calls.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthCall {
    /// Runs a call and answers with what it returns.
    #[method(name = "call")]
    async fn call(
        &self,
        request: TransactionRequest,
        block: Option<BlockId>,
        state_overrides: Option<StateOverride>,
        block_overrides: Option<Box<RpcBlockOverrides>>,
    ) -> RpcResult<alloy::primitives::Bytes>;
    /// The least gas limit with which the call succeeds; the L1 fee is never part of it.
    #[method(name = "estimateGas")]
    async fn estimate_gas(
        &self,
        request: TransactionRequest,
        block: Option<BlockId>,
        state_overrides: Option<StateOverride>,
        block_overrides: Option<Box<RpcBlockOverrides>>,
    ) -> RpcResult<U64>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct CallMethods(pub(crate) Api);

#[async_trait]
impl EthCallServer for CallMethods {
    async fn call(
        &self,
        request: TransactionRequest,
        block: Option<BlockId>,
        state_overrides: Option<StateOverride>,
        block_overrides: Option<Box<RpcBlockOverrides>>,
    ) -> RpcResult<alloy::primitives::Bytes> {
        let run = Arc::new(Run::new(request, state_overrides, block_overrides)?);
        let brief = run.clone();
        let held = move |state: &State, context: &BlockContext| brief.at_once(state, context);
        let work = move |state: &State, context: &BlockContext| {
            let simulation = run.simulate(state, context, run.call.gas_limit)?;
            match simulation.status {
                SimulationStatus::Success => Ok(simulation.output),
                _ => Err(failed(&simulation).into()),
            }
        };
        self.0.with_state_held("eth_call", block.unwrap_or_default(), held, work).await
    }

    async fn estimate_gas(
        &self,
        request: TransactionRequest,
        block: Option<BlockId>,
        state_overrides: Option<StateOverride>,
        block_overrides: Option<Box<RpcBlockOverrides>>,
    ) -> RpcResult<U64> {
        let run = Run::new(request, state_overrides, block_overrides)?;
        // geth estimates on the latest block unless told otherwise.
        let work = move |state: &State, context: &BlockContext| {
            run.estimate(state, context).map(U64::from)
        };
        self.0.with_state("eth_estimateGas", block.unwrap_or_default(), work).await
    }
}

/// A call with all that is pretended around it.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    call: Call,
    state_overrides: StateOverrides,
    block_overrides: BlockOverrides,
}

impl Run {
    pub(crate) fn new(
        request: TransactionRequest,
        state_overrides: Option<StateOverride>,
        block_overrides: Option<Box<RpcBlockOverrides>>,
    ) -> RpcResult<Self> {
        let is_from_nobody = request.from.is_none();
        let call = call_of(request)?;
        let mut state_overrides = overrides_of(state_overrides.unwrap_or_default());
        if is_from_nobody && !call.value.is_zero() {
            // Nobody has what is to be sent. Elsewhere so much was lost to the zero address that nobody asks; bridges
            // estimate like this.
            let nobody = state_overrides.accounts.entry(call.from).or_default();
            nobody.balance.get_or_insert(call.value);
        }
        Ok(Self {
            call,
            state_overrides,
            block_overrides: block_of(block_overrides.map(|b| *b).unwrap_or_default())?,
        })
    }

    fn simulate(
        &self,
        state: &State,
        context: &BlockContext,
        gas_limit: u64,
    ) -> Result<Simulation, Fault> {
        if context.rules == BlockRules::Rollup && !self.call.blob_hashes.is_empty() {
            return Err(errors::no_blobs().into());
        }
        let call = Call { gas_limit, ..self.call.clone() };
        let done = simulate(context, state, &call, &self.state_overrides, &self.block_overrides);
        let simulation = done.map_err(|error| refused(error, gas_limit))?;
        Client::current().used_gas(simulation.gas_used);
        Ok(simulation)
    }

    /// The least gas limit that succeeds: to the unit, or within a small slack where that is more than what is spent.
    pub(super) fn estimate(&self, state: &State, context: &BlockContext) -> Result<u64, Fault> {
        let allowance = std::cmp::min(self.call.gas_limit, self.allowance(state)?);
        if allowance >= TRANSFER_GAS
            && self.is_plain_transfer(state)?
            && self.succeeds(state, context, TRANSFER_GAS)?
        {
            return Ok(TRANSFER_GAS);
        }
        let first = self.simulate(state, context, allowance)?;
        match &first.status {
            SimulationStatus::Success => {}
            SimulationStatus::Halt(reason) if reason.is_out_of_gas() => {
                return Err(errors::gas_exceeds_allowance(allowance).into());
            }
            _ => return Err(failed(&first).into()),
        }
        // Refunds come only at the end. Most calls need just what they spend.
        let spent = std::cmp::min(first.gas_used.saturating_add(first.gas_refunded), allowance);
        if self.succeeds(state, context, spent)? {
            return Ok(spent);
        }
        // A sub-call keeps back a 64th of what is left.
        let (mut fails, mut enough) = (spent, allowance);
        let mut next = spent.saturating_add(spent / 63);
        while fails + 1 < enough
            && (enough - fails).saturating_mul(1_000)
                >= enough.saturating_mul(ESTIMATE_SLACK_PERMILLE)
        {
            let probe = next.clamp(fails + 1, enough - 1);
            if self.succeeds(state, context, probe)? {
                enough = probe;
            } else {
                fails = probe;
            }
            next = fails + (enough - fails) / 2;
        }
        Ok(enough)
    }

    /// Whether the call succeeds with this gas limit. Too little for the intrinsic gas makes it invalid, which is
    /// an answer here and not a fault.
    fn succeeds(&self, state: &State, context: &BlockContext, gas: u64) -> Result<bool, Fault> {
        match self.simulate(state, context, gas) {
            Ok(simulation) => Ok(simulation.status == SimulationStatus::Success),
            Err(Fault::Answer(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// The gas that the sender's balance pays for; only a price given by the caller bounds it.
    fn allowance(&self, state: &State) -> Result<u64, Fault> {
        let price = self.call.max_fee_per_gas;
        if price == 0 {
            return Ok(u64::MAX);
        }
        let given = self.state_overrides.accounts.get(&self.call.from);
        let balance = match given.and_then(|account| account.balance) {
            Some(balance) => balance,
            None => state.account(&self.call.from)?.map_or(U256::ZERO, |account| account.balance),
        };
        let Some(left) = balance.checked_sub(self.call.value) else {
            return Err(errors::server("insufficient funds for transfer").into());
        };
        Ok(u64::try_from(left / U256::from(price)).unwrap_or(u64::MAX))
    }

    fn is_plain_transfer(&self, state: &State) -> Result<bool, ReadError> {
        let TxKind::Call(to) = self.call.to else { return Ok(false) };
        let plain = self.call.input.is_empty()
            && self.call.access_list.is_none()
            && self.call.authorizations.is_empty()
            && !self.state_overrides.accounts.contains_key(&to);
        Ok(plain && !state.account(&to)?.is_some_and(|account| account.has_code()))
    }
}

/// A call that could not begin, as geth reports it.
fn refused(error: ExecuteError<ReadError>, gas_limit: u64) -> Fault {
    match error {
        ExecuteError::Invalid(
            InvalidTransaction::IntrinsicGas { .. } | InvalidTransaction::FloorGas { .. },
        ) => errors::gas_exceeds_allowance(gas_limit).into(),
        ExecuteError::Invalid(invalid) => errors::server(invalid.to_string()).into(),
        ExecuteError::State(error) => Fault::Read(error),
    }
}

/// A call that did not return, as geth reports it.
fn failed(simulation: &Simulation) -> ErrorObjectOwned {
    match &simulation.status {
        SimulationStatus::Halt(reason) => errors::server(reason.to_string()),
        SimulationStatus::Success | SimulationStatus::Revert => {
            errors::reverted(&simulation.output)
        }
    }
}

pub(super) fn call_of(request: TransactionRequest) -> RpcResult<Call> {
    if request.gas_price.is_some()
        && (request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some())
    {
        return Err(errors::params(
            "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
        ));
    }
    let max_fee = request.gas_price.or(request.max_fee_per_gas).unwrap_or(0);
    if let Some(tip) = request.max_priority_fee_per_gas
        && tip > max_fee
        && request.max_fee_per_gas.is_some()
    {
        return Err(errors::server(format!(
            "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {max_fee}"
        )));
    }
    if let (Some(input), Some(data)) = (&request.input.input, &request.input.data)
        && input != data
    {
        return Err(errors::params(
            "both \"data\" and \"input\" are set and not equal. Please use \"input\" to pass transaction call data",
        ));
    }
    Ok(Call {
        from: request.from.unwrap_or_default(),
        to: request.to.unwrap_or(TxKind::Create),
        gas_limit: std::cmp::min(request.gas.unwrap_or(CALL_GAS_MAX), CALL_GAS_MAX),
        max_fee_per_gas: max_fee,
        // A tip alone, without a fee cap, says nothing about the price.
        max_priority_fee_per_gas: request.max_fee_per_gas.and(request.max_priority_fee_per_gas),
        value: request.value.unwrap_or_default(),
        input: request.input.into_input().unwrap_or_default(),
        access_list: request.access_list,
        authorizations: request.authorization_list.unwrap_or_default(),
        blob_hashes: request.blob_versioned_hashes.unwrap_or_default(),
        max_fee_per_blob_gas: request.max_fee_per_blob_gas.unwrap_or_default(),
    })
}

pub(super) fn overrides_of(given: StateOverride) -> StateOverrides {
    let accounts = given.into_iter().map(|(address, account)| (address, account_of(account)));
    StateOverrides { accounts: accounts.collect() }
}

fn account_of(given: RpcAccountOverride) -> AccountOverride {
    let slot =
        |(key, value): (B256, B256)| (U256::from_be_bytes(key.0), U256::from_be_bytes(value.0));
    AccountOverride {
        balance: given.balance,
        nonce: given.nonce,
        code: given.code,
        storage: given.state.map(|slots| slots.into_iter().map(slot).collect()),
        storage_diff: given.state_diff.unwrap_or_default().into_iter().map(slot).collect(),
        move_precompile_to: given.move_precompile_to,
    }
}

fn block_of(given: RpcBlockOverrides) -> RpcResult<BlockOverrides> {
    let narrow = |value: Option<U256>, name: &str| match value.map(u64::try_from).transpose() {
        Ok(value) => Ok(value),
        Err(_) => Err(errors::argument(3, format!("{name} does not fit into 64 bits"))),
    };
    Ok(BlockOverrides {
        number: narrow(given.number, "number")?,
        timestamp: given.time,
        gas_limit: given.gas_limit,
        base_fee: narrow(given.base_fee, "baseFee")?,
        fee_recipient: given.coinbase,
        prev_randao: given.random,
        blob_base_fee: given.blob_base_fee.map(|fee| fee.saturating_to::<u128>()),
        block_hashes: given.block_hash.unwrap_or_default(),
    })
}
