//! `eth_*` methods that read accounts.

use std::collections::BTreeMap;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U64, U256},
    serde::JsonStorageKey,
};
use executor::BlockContext;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use state::StateReader;

use crate::{
    api::{Api, errors, limits::STORAGE_VALUES_MAX},
    chain::{ReadError, State},
};

/// Accounts.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthState {
    /// Balance in wei.
    #[method(name = "getBalance")]
    async fn balance(&self, address: Address, block: Option<BlockId>) -> RpcResult<U256>;
    /// Code; for a delegated account its designator.
    #[method(name = "getCode")]
    async fn code(&self, address: Address, block: Option<BlockId>) -> RpcResult<Bytes>;
    /// One storage slot.
    #[method(name = "getStorageAt")]
    async fn storage_at(
        &self,
        address: Address,
        slot: JsonStorageKey,
        block: Option<BlockId>,
    ) -> RpcResult<B256>;
    /// Slots of several accounts at once, in the order asked for.
    #[method(name = "getStorageValues")]
    async fn storage_values(
        &self,
        slots: BTreeMap<Address, Vec<JsonStorageKey>>,
        block: Option<BlockId>,
    ) -> RpcResult<BTreeMap<Address, Vec<B256>>>;
    /// Nonce. At `pending` it counts what waits in the mempool without a gap.
    #[method(name = "getTransactionCount")]
    async fn transaction_count(&self, address: Address, block: Option<BlockId>) -> RpcResult<U64>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct StateMethods(pub(crate) Api);

#[jsonrpsee::core::async_trait]
impl EthStateServer for StateMethods {
    async fn balance(&self, address: Address, block: Option<BlockId>) -> RpcResult<U256> {
        let account = self.0.account("eth_getBalance", address, block.unwrap_or_default()).await?;
        Ok(account.map_or(U256::ZERO, |account| account.balance))
    }

    async fn code(&self, address: Address, block: Option<BlockId>) -> RpcResult<Bytes> {
        let block = block.unwrap_or_default();
        let work = move |state: &State, _: &BlockContext| match state.account(&address)? {
            Some(account) if account.has_code() => Ok(state.code(&account.code_hash)?),
            _ => Ok(Bytes::new()),
        };
        self.0.with_state("eth_getCode", block, work).await
    }

    async fn storage_at(
        &self,
        address: Address,
        slot: JsonStorageKey,
        block: Option<BlockId>,
    ) -> RpcResult<B256> {
        let slot = U256::from_be_bytes(slot.as_b256().0);
        let work =
            move |state: &State, _: &BlockContext| Ok(B256::from(state.storage(&address, &slot)?));
        self.0.with_state("eth_getStorageAt", block.unwrap_or_default(), work).await
    }

    async fn storage_values(
        &self,
        slots: BTreeMap<Address, Vec<JsonStorageKey>>,
        block: Option<BlockId>,
    ) -> RpcResult<BTreeMap<Address, Vec<B256>>> {
        let count: usize = slots.values().map(Vec::len).sum();
        if count == 0 {
            return Err(errors::params("empty request"));
        }
        if count > STORAGE_VALUES_MAX {
            return Err(errors::params(format!("too many slots (max {STORAGE_VALUES_MAX})")));
        }
        let work = move |state: &State, _: &BlockContext| {
            let of_one = |(address, slots): (&Address, &Vec<JsonStorageKey>)| {
                let value = |slot: &JsonStorageKey| {
                    let slot = U256::from_be_bytes(slot.as_b256().0);
                    state.storage(address, &slot).map(B256::from)
                };
                Ok((*address, slots.iter().map(value).collect::<Result<_, ReadError>>()?))
            };
            slots.iter().map(of_one).collect()
        };
        self.0.with_state("eth_getStorageValues", block.unwrap_or_default(), work).await
    }

    async fn transaction_count(&self, address: Address, block: Option<BlockId>) -> RpcResult<U64> {
        self.0
            .nonce("eth_getTransactionCount", address, block.unwrap_or_default())
            .await
            .map(U64::from)
    }
}

impl Api {
    /// The next nonce of an account; at `pending` behind what waits in the mempool without a gap.
    pub(super) async fn nonce(
        &self,
        request: &'static str,
        address: Address,
        block: BlockId,
    ) -> RpcResult<u64> {
        // The mempool first: what leaves it is in the pending state by the time that is read.
        let waiting = block.is_pending().then(|| self.submitter.mempool().pending_nonce(&address));
        let account = self.account(request, address, block).await?;
        let nonce = account.map_or(0, |account| account.nonce);
        Ok(std::cmp::max(nonce, waiting.flatten().unwrap_or(0)))
    }
}
