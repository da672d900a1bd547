//! A simulated call with everything that a tracer asks for afterwards.

use revm::{
    Inspector,
    context::{BlockEnv, TxEnv},
    interpreter::interpreter::EthInterpreter,
};
use state::{Overlay, StateReader};

use super::{BlockOverrides, Call, StateOverrides, tx_env};
use crate::{
    BlockContext, Evm, EvmContext, ExecuteError, Executed,
    evm::{Environment, Terms},
};

/// A call that ran, and what it ran in.
#[derive(Debug)]
pub struct InspectedCall<R, I> {
    /// What it did.
    pub executed: Executed,
    /// The call as revm took it.
    pub tx: TxEnv,
    /// The block as the call saw it.
    pub block: BlockEnv,
    /// The state before the call, overrides included.
    pub state: Overlay<R>,
    /// Who watched.
    pub inspector: I,
}

/// Runs `call` in the block `context` on `state`, under the eyes of an inspector.
pub fn inspect_call<R, I>(
    context: &BlockContext,
    state: R,
    call: &Call,
    state_overrides: &StateOverrides,
    block_overrides: &BlockOverrides,
    inspector: I,
) -> Result<InspectedCall<R, I>, ExecuteError<R::Error>>
where
    R: StateReader,
    I: Inspector<EvmContext<Overlay<R>>, EthInterpreter>,
{
    let mut environment = Environment::of(context);
    environment.l1_fees = None;
    block_overrides.apply(&mut environment.block);
    if call.max_fee_per_gas == 0 && call.max_priority_fee_per_gas.unwrap_or(0) == 0 {
        environment.block.basefee = 0;
    }
    let mut state = Overlay::new(state);
    state_overrides.apply(&mut state).map_err(ExecuteError::State)?;
    block_overrides.apply_hashes(&mut state);

    let block = environment.block.clone();
    let tx = tx_env(call, context.chain_id);
    let mut evm = Evm::with_environment(environment, state, inspector);
    let executed = evm.inspect_execute(tx.clone(), &Terms::free())?;
    let (state, inspector) = evm.into_parts();
    Ok(InspectedCall { executed, tx, block, state, inspector })
}
