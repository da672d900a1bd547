//! `eth_createAccessList`: what a call looks at, as a list that makes it warm from the start.

use alloy::{
    eips::BlockId,
    rpc::types::{AccessListResult, TransactionRequest, state::StateOverride},
};
use executor::BlockContext;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};

use super::call::Run;
use crate::{api::Api, chain::State};

/// Access lists of calls.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthAccessList {
    /// The list, and the gas of the call with it. A call that fails is no error: the answer says so.
    #[method(name = "createAccessList")]
    async fn create_access_list(
        &self,
        request: TransactionRequest,
        block: Option<BlockId>,
        state_overrides: Option<StateOverride>,
    ) -> RpcResult<AccessListResult>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct AccessListMethods(pub(crate) Api);

#[jsonrpsee::core::async_trait]
impl EthAccessListServer for AccessListMethods {
    async fn create_access_list(
        &self,
        request: TransactionRequest,
        block: Option<BlockId>,
        state_overrides: Option<StateOverride>,
    ) -> RpcResult<AccessListResult> {
        let run = Run::new(request, state_overrides, None)?;
        let work =
            move |state: &State, context: &BlockContext| run.clone().access_list(state, context);
        self.0.with_state("eth_createAccessList", block.unwrap_or_default(), work).await
    }
}
