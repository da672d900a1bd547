//! A call under the eyes of a tracer, and the one that writes access lists.

use alloy::{primitives::U256, rpc::types::AccessListResult};
use executor::{BlockContext, EvmContext, InspectedCall, inspect_call};
use revm::{
    Inspector, context_interface::result::ExecutionResult, interpreter::interpreter::EthInterpreter,
};
use revm_inspectors::access_list::AccessListInspector;
use state::{Overlay, StateReader};

use super::{Run, refused};
use crate::{
    api::{errors, read::Fault},
    chain::{ReadError, State},
    quota::Client,
};

/// Runs of a call until its access list is the one that it ran with. A list only grows, by what a run with another one
/// does differently.
const ACCESS_LIST_RUNS_MAX: usize = 16;

impl Run {
    /// Runs the call on any state while `inspector` watches.
    pub(crate) fn inspect<R, I>(
        &self,
        state: R,
        context: &BlockContext,
        inspector: I,
    ) -> Result<InspectedCall<R, I>, Fault>
    where
        R: StateReader<Error = ReadError>,
        I: Inspector<EvmContext<Overlay<R>>, EthInterpreter>,
    {
        let (states, block) = (&self.state_overrides, &self.block_overrides);
        let done = inspect_call(context, state, &self.call, states, block, inspector)
            .map_err(|error| refused(error, self.call.gas_limit))?;
        Client::current().used_gas(done.executed.result.tx_gas_used());
        Ok(done)
    }

    /// What the call looks at, and what it costs with that as its access list.
    pub(crate) fn access_list(
        mut self,
        state: &State,
        context: &BlockContext,
    ) -> Result<AccessListResult, Fault> {
        for _ in 0..ACCESS_LIST_RUNS_MAX {
            let given = self.call.access_list.take().unwrap_or_default();
            let inspector = AccessListInspector::new(given.clone());
            self.call.access_list = Some(given.clone());
            let done = self.inspect(state, context, inspector)?;
            let access_list = done.inspector.into_access_list();
            if access_list == given {
                let result = &done.executed.result;
                let error = match result {
                    ExecutionResult::Success { .. } => None,
                    ExecutionResult::Revert { .. } => Some("execution reverted".to_owned()),
                    ExecutionResult::Halt { reason, .. } => Some(reason.to_string()),
                };
                let gas_used = U256::from(result.tx_gas_used());
                return Ok(AccessListResult { access_list, gas_used, error });
            }
            self.call.access_list = Some(access_list);
        }
        Err(errors::server("the access list of the call differs from run to run").into())
    }
}
