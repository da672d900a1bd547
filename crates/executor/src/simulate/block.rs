//! Runs calls one after the other in a block that nobody built, on a state that other such blocks may have left:
//! `eth_simulateV1`.
//!
//! Not here: headers and roots, which need the trie. Invariant: the state left behind is what the same calls would leave
//! if they were the block's transactions, without L1 data fee and operator fee.

use alloc::vec::Vec;
use alloy_eips::{eip7002, eip7251};
use alloy_primitives::{Address, Bytes, U256};
use core::cmp::Ordering;
use protocol::predeploys;
use state::{AccountDiff, Overlay, StateDiff, StateReader};

use super::{
    BlockOverrides, Call, OverrideError, Simulation, StateOverrides, simulation,
    transfers::{LogPlaced, Transfers},
    tx_env,
};
use crate::{
    BlockContext, BlockRules, Evm, ExecuteError, InvalidTransaction, SpecId,
    changes::state_diff,
    evm::{Checks, Environment, Terms},
    system,
};

/// Gas of one system call.
const SYSTEM_CALL_GAS: u64 = 30_000_000;
/// Type byte of a blob transaction.
const TYPE_BLOB: u8 = 0x03;

/// A block that is being simulated.
#[derive(Debug)]
pub struct BlockSimulator<R: StateReader> {
    context: BlockContext,
    evm: Evm<Overlay<R>, Transfers>,
    validation: bool,
}

/// One call that was simulated in its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedCall {
    /// What it did.
    pub simulation: Simulation,
    /// Its logs, and its transfers where they are asked for, in order. None unless it succeeded.
    pub logs: Vec<LogPlaced>,
}

/// What the block asks of the consensus layer (EIP-7685): type bytes with data, without the empty ones.
pub type SimulatedRequests = Vec<Bytes>;

impl<R: StateReader> BlockSimulator<R> {
    /// Opens the block on top of `state`: lays the overrides over it, then makes the system calls.
    ///
    /// With `validation` calls are judged as signed transactions would be, except that senders may have code.
    pub fn open(
        context: BlockContext,
        overrides: &BlockOverrides,
        mut state: Overlay<R>,
        accounts: &StateOverrides,
        validation: bool,
        trace_transfers: bool,
    ) -> Result<Result<Self, OverrideError>, R::Error> {
        let mut environment = Environment::of(&context);
        environment.l1_fees = None;
        overrides.apply(&mut environment.block);
        accounts.apply(&mut state)?;
        overrides.apply_hashes(&mut state);
        let mut evm = Evm::with_environment(environment, state, Transfers::new(trace_transfers));
        let precompiles = evm.precompiles_mut();
        match accounts.moved_precompiles(|address| precompiles.is_precompile(address)) {
            Ok(moved) => precompiles.set_moved(moved),
            Err(error) => return Ok(Err(error)),
        }
        Ok(Ok(Self { context, evm, validation }))
    }

    /// Makes the calls that every block begins with.
    pub fn begin(&mut self) -> Result<(), ExecuteError<R::Error>> {
        system::open_block(&self.context, &mut self.evm, |state, changes| {
            state.apply(&state_diff(changes));
        })
    }

    /// The state as left so far.
    pub fn state(&self) -> &Overlay<R> {
        self.evm.state()
    }

    /// Runs the next call and keeps what it did. On an error nothing has changed.
    pub fn call(
        &mut self,
        call: &Call,
        nonce: u64,
    ) -> Result<SimulatedCall, ExecuteError<R::Error>> {
        if self.context.rules == BlockRules::Rollup && !call.blob_hashes.is_empty() {
            return Err(ExecuteError::Invalid(InvalidTransaction::Type(TYPE_BLOB)));
        }
        if self.validation {
            self.check_nonce(&call.from, nonce)?;
        }
        let mut env = tx_env(call, self.context.chain_id);
        env.nonce = nonce;
        let checks = if self.validation { Checks::NotCode } else { Checks::Funds };
        let routing = self.evm.routing();
        let terms = Terms { checks, routing, ..Terms::free() };
        let executed = self.evm.inspect_execute(env, &terms);
        let logs = self.evm.inspector_mut().take();
        let executed = executed?;
        let diff = state_diff(&executed.changes);
        self.evm.state_mut().apply(&diff);
        Ok(SimulatedCall { simulation: simulation(executed.result, diff), logs })
    }

    /// A wrong nonce counts before all other faults.
    fn check_nonce(&self, from: &Address, tx: u64) -> Result<(), ExecuteError<R::Error>> {
        let sender = self.state().account(from).map_err(ExecuteError::State)?;
        let next = sender.map_or(0, |sender| sender.nonce);
        match tx.cmp(&next) {
            Ordering::Less => {
                Err(ExecuteError::Invalid(InvalidTransaction::NonceTooLow { next, tx }))
            }
            Ordering::Greater => {
                Err(ExecuteError::Invalid(InvalidTransaction::NonceTooHigh { next, tx }))
            }
            Ordering::Equal => Ok(()),
        }
    }

    /// Credits an account: a withdrawal of the consensus layer, or a miner's reward.
    pub fn credit(&mut self, address: Address, wei: U256) -> Result<(), R::Error> {
        if wei.is_zero() {
            return Ok(());
        }
        let state = self.evm.state_mut();
        let mut account = state.account(&address)?.unwrap_or_default();
        account.balance = account.balance.wrapping_add(wei);
        let change = AccountDiff { account: Some(account), ..AccountDiff::default() };
        let accounts = [(address, change)].into();
        state.apply(&StateDiff { accounts, ..StateDiff::default() });
        Ok(())
    }

    /// Makes the calls that an Ethereum block ends with since Prague (EIP-7002, EIP-7251). Blocks of a rollup ask nothing
    /// of the consensus layer.
    pub fn finish(mut self) -> Result<(Overlay<R>, SimulatedRequests), ExecuteError<R::Error>> {
        let mut requests = Vec::new();
        if let BlockRules::Ethereum(rules) = self.context.rules
            && rules.spec.is_enabled_in(SpecId::PRAGUE)
        {
            let contracts = [
                (eip7002::WITHDRAWAL_REQUEST_TYPE, eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS),
                (
                    eip7251::CONSOLIDATION_REQUEST_TYPE,
                    eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
                ),
            ];
            for (kind, contract) in contracts {
                let (result, changes) = self.evm.system_call(
                    predeploys::SYSTEM,
                    contract,
                    Bytes::new(),
                    SYSTEM_CALL_GAS,
                )?;
                self.evm.state_mut().apply(&state_diff(&changes));
                let data = result.into_output().unwrap_or_default();
                if !data.is_empty() {
                    requests.push([&[kind], &data[..]].concat().into());
                }
            }
        }
        Ok((self.evm.into_parts().0, requests))
    }
}

#[cfg(test)]
mod tests;
