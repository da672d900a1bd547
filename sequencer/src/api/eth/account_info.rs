//! `eth_getAccountInfo` and `eth_getAccount`: what forks of the chain ask of each account, in one call.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U64, U256},
};
use executor::BlockContext;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::Serialize;
use state::StateReader;

use crate::{
    api::{Api, eth::proof_fault},
    chain::{ChainBlock, State, StateOutlook},
};

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
    /// The account as the trie of a recent block has it; `null` if it is not there.
    #[method(name = "getAccount")]
    async fn account(
        &self,
        address: Address,
        block: Option<BlockId>,
    ) -> RpcResult<Option<TrieAccount>>;
}

/// An account with the root of its storage.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrieAccount {
    nonce: U64,
    balance: U256,
    storage_root: B256,
    code_hash: B256,
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

    async fn account(
        &self,
        address: Address,
        block: Option<BlockId>,
    ) -> RpcResult<Option<TrieAccount>> {
        let work = move |_: &State, _: &Arc<ChainBlock>, outlook: &StateOutlook| {
            let proof = outlook.proof(address, &[]).map_err(proof_fault)?;
            Ok(proof.account.map(|account| TrieAccount {
                nonce: U64::from(account.nonce),
                balance: account.balance,
                storage_root: proof.storage_root,
                code_hash: account.code_hash,
            }))
        };
        self.0.with_outlook("eth_getAccount", block.unwrap_or_default(), work).await
    }
}
