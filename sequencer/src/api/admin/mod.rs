//! `admin_*`: what operators may do, on a door of their own (`door.rs`). Nobody else has these methods at all.
//!
//! Every call that changes something is logged with the address it came from.

mod door;

use alloy::primitives::{Address, B256, U64};
use axum::extract::ConnectInfo;
use db::{Fence, Sequencing};
use jsonrpsee::{
    Extensions,
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use serde::Serialize;
use service::{LogFilter, TelemetryError};

pub use self::door::{AdminError, AdminSettings, open};
use super::{errors, listener::Peer, net::CLIENT_VERSION};
use crate::{Operator, OperatorError, chain::ChainView, mempool::MempoolSize};

/// The namespace.
#[rpc(server, namespace = "admin")]
pub(crate) trait Admin {
    /// What this process is and does.
    #[method(name = "nodeInfo")]
    fn node_info(&self) -> RpcResult<NodeInfo>;
    /// Whether user transactions are taken and ordered.
    #[method(name = "sequencerActive")]
    fn sequencer_active(&self) -> RpcResult<bool>;
    /// Takes and orders them again. A hash must be that of a block of this chain.
    #[method(name = "startSequencer", with_extensions)]
    async fn start_sequencer(&self, block: Option<B256>) -> RpcResult<()>;
    /// Takes and orders none; gives the hash of the newest block.
    #[method(name = "stopSequencer", with_extensions)]
    async fn stop_sequencer(&self) -> RpcResult<B256>;
    /// Takes none and orders those that wait; gives the hash of the newest block.
    #[method(name = "drainSequencer", with_extensions)]
    async fn drain_sequencer(&self) -> RpcResult<B256>;
    /// Removes a waiting transaction; whether it was there.
    #[method(name = "dropTransaction", with_extensions)]
    async fn drop_transaction(&self, hash: B256) -> RpcResult<bool>;
    /// Removes all waiting transactions of a sender; which those were.
    #[method(name = "dropSender", with_extensions)]
    async fn drop_sender(&self, sender: Address) -> RpcResult<Vec<B256>>;
    /// Saves the mempool; how many transactions it has.
    #[method(name = "saveMempool", with_extensions)]
    async fn save_mempool(&self) -> RpcResult<U64>;
    /// The levels by module that are logged.
    #[method(name = "logLevel")]
    fn log_level(&self) -> RpcResult<String>;
    /// Logs these from now on, until the process ends.
    #[method(name = "setLogLevel", with_extensions)]
    fn set_log_level(&self, filter: String) -> RpcResult<()>;
}

/// What a process is and does.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeInfo {
    name: &'static str,
    chain_id: U64,
    head: U64,
    head_hash: B256,
    /// Each leader has a higher one.
    epoch: U64,
    sequencing: &'static str,
    mempool_transactions: U64,
    mempool_executable: U64,
    mempool_bytes: U64,
}

/// Answers it.
#[derive(Debug, Clone)]
pub(crate) struct AdminMethods {
    operator: Operator,
    view: ChainView,
    fence: Fence,
    logs: LogFilter,
}

impl AdminMethods {
    async fn sequence(
        &self,
        from: &Extensions,
        method: &'static str,
        state: Sequencing,
    ) -> RpcResult<B256> {
        audit(from, method, state.word());
        let done = self.operator.set_sequencing(state).await;
        done.map_err(|error| refused(&error))?;
        Ok(self.view.heads().unsafe_head().hash)
    }
}

#[async_trait]
impl AdminServer for AdminMethods {
    fn node_info(&self) -> RpcResult<NodeInfo> {
        let head = self.view.heads().unsafe_head();
        let MempoolSize { transactions, executable, bytes } = self.operator.mempool_size();
        let count = |number: usize| U64::from(number);
        Ok(NodeInfo {
            name: CLIENT_VERSION,
            chain_id: U64::from(self.view.rollup().l2_chain_id),
            head: U64::from(head.number),
            head_hash: head.hash,
            epoch: U64::from(self.fence.epoch),
            sequencing: self.operator.sequencing().word(),
            mempool_transactions: count(transactions),
            mempool_executable: count(executable),
            mempool_bytes: count(bytes),
        })
    }

    fn sequencer_active(&self) -> RpcResult<bool> {
        Ok(self.operator.sequencing() == Sequencing::Active)
    }

    async fn start_sequencer(&self, from: &Extensions, block: Option<B256>) -> RpcResult<()> {
        if let Some(hash) = block {
            let found = self.view.block_by_hash(hash).await;
            let found = found.map_err(|error| errors::read("admin_startSequencer", &error))?;
            if found.is_none() {
                return Err(errors::argument(0, format!("{hash} is no block of this chain")));
            }
        }
        self.sequence(from, "admin_startSequencer", Sequencing::Active).await?;
        Ok(())
    }

    async fn stop_sequencer(&self, from: &Extensions) -> RpcResult<B256> {
        self.sequence(from, "admin_stopSequencer", Sequencing::Stopped).await
    }

    async fn drain_sequencer(&self, from: &Extensions) -> RpcResult<B256> {
        self.sequence(from, "admin_drainSequencer", Sequencing::Draining).await
    }

    async fn drop_transaction(&self, from: &Extensions, hash: B256) -> RpcResult<bool> {
        audit(from, "admin_dropTransaction", hash);
        let removed = self.operator.remove(&[hash]).await.map_err(|error| refused(&error))?;
        Ok(!removed.is_empty())
    }

    async fn drop_sender(&self, from: &Extensions, sender: Address) -> RpcResult<Vec<B256>> {
        audit(from, "admin_dropSender", sender);
        self.operator.remove_sender(&sender).await.map_err(|error| refused(&error))
    }

    async fn save_mempool(&self, from: &Extensions) -> RpcResult<U64> {
        audit(from, "admin_saveMempool", "");
        let saved = self.operator.save_mempool().await.map_err(|error| refused(&error))?;
        Ok(U64::from(saved))
    }

    fn log_level(&self) -> RpcResult<String> {
        Ok(self.logs.current())
    }

    fn set_log_level(&self, from: &Extensions, filter: String) -> RpcResult<()> {
        self.logs.set(&filter).map_err(|error| match error {
            TelemetryError::Filter { .. } => errors::argument(0, service::error_chain(&error)),
            other => errors::internal("admin_setLogLevel", &other),
        })?;
        audit(from, "admin_setLogLevel", filter);
        Ok(())
    }
}

/// Who has called for what.
fn audit(from: &Extensions, method: &'static str, what: impl std::fmt::Display) {
    let peer = from.get::<ConnectInfo<Peer>>().map(|info| info.0.address());
    tracing::info!(method, %what, ?peer, "the operator calls");
}

fn refused(error: &OperatorError) -> jsonrpsee::types::ErrorObjectOwned {
    let cause = service::error_chain(error);
    tracing::warn!(cause, "the operator's call was not carried out in full");
    errors::server(error.to_string())
}
