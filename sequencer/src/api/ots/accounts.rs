//! What an account did, and where a contract came from.
//!
//! Found are the transactions that an account sent, received or was created by, those in which it logged, and, where
//! blocks have access lists, those that changed its balance, nonce, code or storage.

use alloy::{
    eips::BlockId,
    primitives::{Address, B256},
    rpc::types::trace::otterscan::ContractCreator,
};
use executor::BlockContext;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use revm_inspectors::tracing::{TracingInspector, TracingInspectorConfig, types::CallTraceNode};
use serde::Serialize;
use serde_json::Value;
use state::StateReader;

use super::{blocks::slim_receipt, params::Number};
use crate::{
    api::{
        Api,
        convert::{RpcTransaction, located_transaction},
        errors,
        limits::TRACE_TIMEOUT_DEFAULT,
        replay::{Recording, Replay},
    },
    chain::{AccountPage, State},
};

/// Accounts.
#[rpc(server, namespace = "ots")]
pub(crate) trait OtsAccounts {
    /// Whether an account has code.
    #[method(name = "hasCode")]
    async fn has_code(&self, address: Address, block: Option<BlockId>) -> RpcResult<bool>;
    /// The newest transactions of an account before a block; block 0: from the newest on.
    #[method(name = "searchTransactionsBefore")]
    async fn search_before(&self, address: Address, block: Number, size: Number)
    -> RpcResult<Page>;
    /// The oldest transactions of an account after a block, newest first.
    #[method(name = "searchTransactionsAfter")]
    async fn search_after(&self, address: Address, block: Number, size: Number) -> RpcResult<Page>;
    /// The hash of the transaction that an account sent with a nonce; `null` if it sent none.
    #[method(name = "getTransactionBySenderAndNonce")]
    async fn hash_by_nonce(&self, sender: Address, nonce: Number) -> RpcResult<Option<B256>>;
    /// Who created a contract, and in which transaction; `null` for what was never created.
    #[method(name = "getContractCreator")]
    async fn contract_creator(&self, address: Address) -> RpcResult<Option<ContractCreator>>;
}

/// The method that others took over from Otterscan.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthByNonce {
    /// The transaction that an account sent with a nonce; `null` if it sent none.
    #[method(name = "getTransactionBySenderAndNonce")]
    async fn transaction_by_nonce(
        &self,
        sender: Address,
        nonce: Number,
    ) -> RpcResult<Option<RpcTransaction>>;
}

/// Transactions with their receipts, newest first.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    txs: Vec<RpcTransaction>,
    receipts: Vec<Value>,
    first_page: bool,
    last_page: bool,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct AccountMethods(pub(crate) Api);

impl AccountMethods {
    async fn page(&self, found: AccountPage, first: bool, last: bool) -> RpcResult<Page> {
        let request = "ots_searchTransactions";
        let (mut txs, mut receipts) = (Vec::new(), Vec::new());
        for position in found.positions {
            let located = self.0.view.transaction_at(position).await;
            let Some(located) = located.map_err(|error| errors::read(request, &error))? else {
                // L1 reorganized meanwhile.
                continue;
            };
            txs.push(located_transaction(&located));
            let receipt = slim_receipt(&located);
            receipts.push(receipt.map_err(|error| errors::internal(request, &error))?);
        }
        Ok(Page { txs, receipts, first_page: first, last_page: last })
    }
}

#[jsonrpsee::core::async_trait]
impl OtsAccountsServer for AccountMethods {
    async fn has_code(&self, address: Address, block: Option<BlockId>) -> RpcResult<bool> {
        let work = move |state: &State, _: &BlockContext| {
            Ok(state.account(&address)?.is_some_and(|account| account.has_code()))
        };
        self.0.with_state("ots_hasCode", block.unwrap_or_default(), work).await
    }

    async fn search_before(
        &self,
        address: Address,
        block: Number,
        size: Number,
    ) -> RpcResult<Page> {
        let (block, size) = (block.get(), size.page_size(2)?);
        let before = if block == 0 { u64::MAX } else { block };
        let found = self.0.view.transactions_before(address, before, size).await;
        let found = found.map_err(|error| errors::read("ots_searchTransactionsBefore", &error))?;
        let last = !found.more;
        self.page(found, block == 0, last).await
    }

    async fn search_after(&self, address: Address, block: Number, size: Number) -> RpcResult<Page> {
        let (block, size) = (block.get(), size.page_size(2)?);
        let found = self.0.view.transactions_after(address, block, size).await;
        let found = found.map_err(|error| errors::read("ots_searchTransactionsAfter", &error))?;
        let first = !found.more;
        self.page(found, first, block == 0).await
    }

    async fn hash_by_nonce(&self, sender: Address, nonce: Number) -> RpcResult<Option<B256>> {
        let located = self.0.located_by_nonce(sender, nonce.get()).await?;
        Ok(located.map(|located| located.included.hash))
    }

    async fn contract_creator(&self, address: Address) -> RpcResult<Option<ContractCreator>> {
        let request = "ots_getContractCreator";
        let block = self.0.view.first_code(address).await;
        let Some(number) = block.map_err(|error| errors::read(request, &error))? else {
            return Ok(None);
        };
        let block = self.0.require_replayable(number.into()).await?;
        let work = move |replay: &mut Replay<'_>| {
            for included in &replay.block().transactions {
                let inspector = TracingInspector::new(TracingInspectorConfig::none());
                let creator = replay.trace(inspector, Recording::Calls, |traced| {
                    let nodes = traced.inspector.into_traces().into_nodes();
                    let creation = nodes.iter().find(|node| creates(&nodes, node, address));
                    Ok(creation.map(|node| node.trace.caller))
                })?;
                if let Some(creator) = creator {
                    return Ok(Some(ContractCreator { hash: included.hash, creator }));
                }
            }
            // It got its code by delegation.
            Ok(None)
        };
        self.0.replay(request, block, TRACE_TIMEOUT_DEFAULT, work).await
    }
}

#[jsonrpsee::core::async_trait]
impl EthByNonceServer for AccountMethods {
    async fn transaction_by_nonce(
        &self,
        sender: Address,
        nonce: Number,
    ) -> RpcResult<Option<RpcTransaction>> {
        let located = self.0.located_by_nonce(sender, nonce.get()).await?;
        Ok(located.map(|located| located_transaction(&located)))
    }
}

impl Api {
    async fn located_by_nonce(
        &self,
        sender: Address,
        nonce: u64,
    ) -> RpcResult<Option<crate::chain::Located>> {
        let failed = |error| errors::read("getTransactionBySenderAndNonce", &error);
        let position = self.view.transaction_by_nonce(sender, nonce).await.map_err(failed)?;
        match position {
            Some(position) => self.view.transaction_at(position).await.map_err(failed),
            None => Ok(None),
        }
    }
}

/// Whether a call created the contract, and nothing above it reverted.
fn creates(nodes: &[CallTraceNode], node: &CallTraceNode, contract: Address) -> bool {
    let mut above = std::iter::successors(Some(node), |node| nodes.get(node.parent?));
    node.trace.kind.is_any_create()
        && node.trace.address == contract
        && above.all(|node| node.trace.success)
}
