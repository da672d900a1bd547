//! A deposit that could not start has no call for a tracer to see. It is shown as the call it would have made, failed.

use alloy::primitives::{Bytes, TxKind};
use executor::{EvmContext, HaltReason, InvalidTransaction, StateDatabase};
use revm::{
    context::TxEnv,
    context_interface::result::ExecutionResult,
    interpreter::{
        CallInput, CallInputs, CallOutcome, CallScheme, CallValue, CreateInputs, CreateOutcome,
        CreateScheme, Gas, InstructionResult, InterpreterResult,
    },
    primitives::hardfork::SpecId,
};
use state::Overlay;

use super::Watcher;
use crate::chain::State;

/// Lets the inspector see the call of `tx`, which never ran.
pub(super) fn show<I: Watcher>(
    inspector: &mut I,
    tx: &TxEnv,
    result: &ExecutionResult<HaltReason>,
    before: &Overlay<State>,
) {
    let mut context = EvmContext::new(StateDatabase::new(before), SpecId::PRAGUE);
    context.tx = tx.clone();
    let reason = match result {
        ExecutionResult::Halt { reason: HaltReason::DepositNotStarted(reason), .. }
            if matches!(**reason, InvalidTransaction::InsufficientFunds(_)) =>
        {
            InstructionResult::OutOfFunds
        }
        _ => InstructionResult::OutOfGas,
    };
    let gas = Gas::new_spent_with_reservoir(tx.gas_limit, 0);
    let result = InterpreterResult::new(reason, Bytes::new(), gas);
    match tx.kind {
        TxKind::Call(to) => {
            let mut inputs = CallInputs {
                input: CallInput::Bytes(tx.data.clone()),
                return_memory_offset: 0..0,
                gas_limit: tx.gas_limit,
                reservoir: 0,
                bytecode_address: to,
                known_bytecode: Default::default(),
                target_address: to,
                caller: tx.caller,
                value: CallValue::Transfer(tx.value),
                scheme: CallScheme::Call,
                is_static: false,
                charged_new_account_state_gas: false,
            };
            inspector.call(&mut context, &mut inputs);
            inspector.call_end(&mut context, &inputs, &mut CallOutcome::new(result, 0..0));
        }
        TxKind::Create => {
            let (code, gas) = (tx.data.clone(), tx.gas_limit);
            let mut inputs =
                CreateInputs::new(tx.caller, CreateScheme::Create, tx.value, code, gas, 0);
            inspector.create(&mut context, &mut inputs);
            inspector.create_end(&mut context, &inputs, &mut CreateOutcome::new(result, None));
        }
    }
}
