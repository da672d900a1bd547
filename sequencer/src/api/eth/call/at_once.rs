//! Calls that take no longer than handing them to another thread would: brief ones, on what memory has.
//!
//! Most calls are: a balance, a price. They run where the request was read. Invariant: nothing here waits, and nothing
//! takes long: what comes upon a read that memory does not have, or upon a bound, is given up, and begun again on a thread
//! that may block, as if this had not been.

use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use executor::{BlockContext, BlockOverrides, Call, StateOverrides, inspect_call};
use revm::{
    Inspector,
    bytecode::opcode::{
        CALL, CALLCODE, CALLDATACOPY, CODECOPY, DELEGATECALL, EXTCODECOPY, KECCAK256, LOG0, LOG1,
        LOG2, LOG3, LOG4, MCOPY, MLOAD, MSTORE, MSTORE8, RETURN, RETURNDATACOPY, REVERT,
        STATICCALL,
    },
    context_interface::result::ExecutionResult,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, InstructionResult, Interpreter,
        interpreter::EthInterpreter, interpreter_types::Jumps,
    },
};
use state::{Account, StateReader};

use super::Run;
use crate::{chain::State, quota::Client};

/// Instructions of a brief call.
const STEPS_MAX: u32 = 4_096;
/// Its calls of contracts, each of whose code is looked through.
const CALLS_MAX: u32 = 8;
/// Bytes of its input, and of each place and length of memory that an instruction names.
const BYTES_MAX: usize = 16 << 10;
/// Addresses that begin with so many zeros are those of precompiled contracts.
const PRECOMPILE_ZEROS: usize = 18;

impl Run {
    /// What the call returns, if it is brief, succeeds, and memory has what it reads. `None` says nothing about it.
    pub(super) fn at_once(&self, state: &State, context: &BlockContext) -> Option<Bytes> {
        if !self.state_overrides.accounts.is_empty() {
            return None;
        }
        let client = Client::current();
        client.spend(|| {
            let (output, gas) = brief(Held(state), context, &self.call, &self.block_overrides)?;
            client.used_gas(gas);
            Some(output)
        })
    }
}

/// What a call returns and the gas that it uses, if it is brief, succeeds, and the state has what it reads.
fn brief<R: StateReader>(
    state: R,
    context: &BlockContext,
    call: &Call,
    block: &BlockOverrides,
) -> Option<(Bytes, u64)> {
    let is_plain = matches!(call.to, TxKind::Call(_))
        && call.input.len() <= BYTES_MAX
        && call.access_list.is_none()
        && call.authorizations.is_empty()
        && call.blob_hashes.is_empty();
    if !is_plain {
        return None;
    }
    let allowance = Brief { steps: STEPS_MAX, calls: CALLS_MAX };
    let none = StateOverrides::default();
    let done = inspect_call(context, state, call, &none, block, allowance).ok()?;
    match done.executed.result {
        ExecutionResult::Success { output, gas, .. } if !done.inspector.is_over() => {
            Some((output.into_data(), gas.tx_gas_used()))
        }
        _ => None,
    }
}

/// What memory has of a state.
#[derive(Debug)]
struct Held<'a>(&'a State);

/// Memory does not have it.
#[derive(Debug, thiserror::Error)]
#[error("not in memory")]
struct NotHeld;

impl StateReader for Held<'_> {
    type Error = NotHeld;

    fn account(&self, address: &Address) -> Result<Option<Account>, NotHeld> {
        self.0.held_account(address).ok_or(NotHeld)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, NotHeld> {
        self.0.held_storage(address, slot).ok_or(NotHeld)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, NotHeld> {
        self.0.held_code(hash).ok_or(NotHeld)
    }

    fn block_hash(&self, _: u64) -> Result<B256, NotHeld> {
        Err(NotHeld)
    }
}

/// What a brief call may still do. Past a bound every frame halts at its next instruction.
#[derive(Debug)]
struct Brief {
    steps: u32,
    calls: u32,
}

impl Brief {
    const fn is_over(&self) -> bool {
        self.steps == 0
    }

    fn may_step(&self, interpreter: &Interpreter) -> bool {
        let is_small = |index: &usize| {
            interpreter.stack.peek(*index).is_ok_and(|word| word <= U256::from(BYTES_MAX))
        };
        !self.is_over() && memory_operands(interpreter.bytecode.opcode()).iter().all(is_small)
    }
}

/// Which words of the stack, the top one being 0, say where in memory an instruction works and on how much.
const fn memory_operands(opcode: u8) -> &'static [usize] {
    match opcode {
        MLOAD | MSTORE | MSTORE8 => &[0],
        KECCAK256 | LOG0 | LOG1 | LOG2 | LOG3 | LOG4 | RETURN | REVERT => &[0, 1],
        CALLDATACOPY | CODECOPY | RETURNDATACOPY => &[0, 2],
        MCOPY => &[0, 1, 2],
        EXTCODECOPY => &[1, 3],
        CALL | CALLCODE => &[3, 4, 5, 6],
        DELEGATECALL | STATICCALL => &[2, 3, 4, 5],
        _ => &[],
    }
}

impl<CTX> Inspector<CTX, EthInterpreter> for Brief {
    fn step(&mut self, interpreter: &mut Interpreter, _: &mut CTX) {
        self.steps = if self.may_step(interpreter) { self.steps - 1 } else { 0 };
        if self.is_over() {
            interpreter.halt(InstructionResult::OutOfGas);
        }
    }

    fn call(&mut self, _: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.calls = self.calls.saturating_sub(1);
        let callee = inputs.bytecode_address;
        let is_precompile = callee[..PRECOMPILE_ZEROS].iter().all(|byte| *byte == 0);
        if self.calls > 0 && !is_precompile {
            return None;
        }
        self.steps = 0;
        Some(CallOutcome::new_oog(inputs.gas_limit, inputs.return_memory_offset.clone(), 0))
    }

    fn create(&mut self, _: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.steps = 0;
        Some(CreateOutcome::new_oog(inputs.gas_limit(), 0))
    }
}

#[cfg(test)]
mod tests;
