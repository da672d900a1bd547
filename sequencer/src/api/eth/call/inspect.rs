//! A call under the eyes of a tracer.

use executor::{BlockContext, EvmContext, InspectedCall, inspect_call};
use revm::{Inspector, interpreter::interpreter::EthInterpreter};
use state::{Overlay, StateReader};

use super::{Run, refused};
use crate::{api::read::Fault, chain::ReadError};

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
        inspect_call(context, state, &self.call, states, block, inspector)
            .map_err(|error| refused(error, self.call.gas_limit))
    }
}
