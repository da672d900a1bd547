//! `eth_getAccountInfo`: what forks of the chain ask of each account, in one call.

use alloy::{
    eips::BlockId,
    primitives::{Address, Bytes, U64, U256},
};
use executor::BlockContext;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::Serialize;
use state::StateReader;

use crate::{api::Api, chain::State};

/// Whole accounts.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthAccountInfo {
    /// Balance, nonce and code at a block.
    #[method(name = "getAccountInfo")]
    async fn account_info(
        &self,
        address: Address,
        block: Option<BlockId>,
    ) -> RpcResult<AccountInfo>;
}

/// An account without its storage.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct AccountInfo {
    balance: U256,
    nonce: U64,
    code: Bytes,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct AccountInfoMethods(pub(crate) Api);

#[jsonrpsee::core::async_trait]
impl EthAccountInfoServer for AccountInfoMethods {
    async fn account_info(
        &self,
        address: Address,
        block: Option<BlockId>,
    ) -> RpcResult<AccountInfo> {
        let work = move |state: &State, _: &BlockContext| {
            let Some(account) = state.account(&address)? else {
                return Ok(AccountInfo::default());
            };
            let code =
                if account.has_code() { state.code(&account.code_hash)? } else { Bytes::new() };
            let nonce = U64::from(account.nonce);
            Ok(AccountInfo { balance: account.balance, nonce, code })
        };
        self.0.with_state("eth_getAccountInfo", block.unwrap_or_default(), work).await
    }
}
