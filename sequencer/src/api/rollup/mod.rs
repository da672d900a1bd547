//! `rollup_*`: what only a rollup has. Heads with their L1 origins, output roots, the life of a transaction, limits;
//! batches (`posted.rs`), proposals (`proposed.rs`), withdrawals (`withdrawal.rs`), fees (`fees.rs`).

mod fees;
mod posted;
mod proposed;
mod withdrawal;

use std::time::Duration;

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, U64},
};
use jsonrpsee::{
    RpcModule,
    core::{RegisterMethodError, RpcResult, async_trait},
    proc_macros::rpc,
};
use protocol::{L2BlockRef, LifeCycle, output_root};
use serde::Serialize;
use serde_json::{Value, json};

use self::{
    fees::{FeeMethods, FeesServer},
    posted::{PostedMethods, PostedServer},
    proposed::{ProposedMethods, ProposedServer},
    withdrawal::{WithdrawalMethods, WithdrawalServer},
};
use super::{Api, convert::ConflictReport, errors, limits};
use crate::quota::QuotaConfig;

/// Adds all methods of the namespace.
pub(super) fn register(api: &Api, methods: &mut RpcModule<()>) -> Result<(), RegisterMethodError> {
    methods.merge(RollupMethods(api.clone()).into_rpc())?;
    methods.merge(FeeMethods(api.clone()).into_rpc())?;
    methods.merge(PostedMethods(api.clone()).into_rpc())?;
    methods.merge(ProposedMethods(api.clone()).into_rpc())?;
    methods.merge(WithdrawalMethods(api.clone()).into_rpc())
}

/// The namespace.
#[rpc(server, namespace = "rollup")]
pub(crate) trait Rollup {
    /// The configuration of the chain, without the genesis accounts, and the limits of the doors.
    #[method(name = "config")]
    fn config(&self) -> RpcResult<Value>;
    /// All heads.
    #[method(name = "syncStatus")]
    fn sync_status(&self) -> RpcResult<SyncStatus>;
    /// What a proposal for this block must claim.
    #[method(name = "outputAtBlock")]
    async fn output_at_block(&self, block: BlockNumberOrTag) -> RpcResult<Output>;
    /// How far a transaction has come; `null` if the node does not know it.
    #[method(name = "getTransactionStatus")]
    async fn transaction_status(&self, hash: B256) -> RpcResult<Option<TransactionStatus>>;
    /// How the transactions of a block, and of `window - 1` blocks before it, were executed, and where they met.
    #[method(name = "getConflictReport")]
    fn conflict_report(
        &self,
        block: Option<BlockNumberOrTag>,
        window: Option<U64>,
    ) -> RpcResult<Option<ConflictReport>>;
}

/// One head.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    number: U64,
    hash: B256,
    timestamp: U64,
    l1_origin_number: U64,
    l1_origin_hash: B256,
}

impl From<L2BlockRef> for Head {
    fn from(block: L2BlockRef) -> Self {
        Self {
            number: U64::from(block.number),
            hash: block.hash,
            timestamp: U64::from(block.timestamp),
            l1_origin_number: U64::from(block.origin.number),
            l1_origin_hash: block.origin.hash,
        }
    }
}

/// All heads, each at or behind the one before.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncStatus {
    unsafe_head: Head,
    safe_head: Head,
    finalized_head: Head,
}

/// An output root and what it is made of.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    version: B256,
    output_root: B256,
    block_number: U64,
    block_hash: B256,
    state_root: B256,
    withdrawals_root: B256,
}

/// How far a transaction has come.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionStatus {
    stage: &'static str,
    block_number: Option<U64>,
    block_hash: Option<B256>,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct RollupMethods(pub(crate) Api);

#[async_trait]
impl RollupServer for RollupMethods {
    fn config(&self) -> RpcResult<Value> {
        let config = &*self.0.config;
        let mut json = serde_json::to_value(config)
            .map_err(|error| errors::internal("rollup_config", &error))?;
        if let Some(genesis) = json.get_mut("genesis").and_then(Value::as_object_mut) {
            genesis.remove("alloc");
        }
        json["limits"] = limits_json(self.0.submitter.quotas.config());
        Ok(json)
    }

    fn sync_status(&self) -> RpcResult<SyncStatus> {
        let heads = self.0.view.heads();
        Ok(SyncStatus {
            unsafe_head: heads.unsafe_head().into(),
            safe_head: heads.safe_head().into(),
            finalized_head: heads.finalized_head().into(),
        })
    }

    async fn output_at_block(&self, block: BlockNumberOrTag) -> RpcResult<Output> {
        let Some(sealed) = self.0.block(block.into()).await? else {
            return Err(errors::unknown_block(block));
        };
        let state_root = sealed.header.state_root;
        let withdrawals_root = sealed.header.withdrawals_root.unwrap_or_default();
        Ok(Output {
            version: B256::ZERO,
            output_root: output_root(state_root, withdrawals_root, sealed.hash),
            block_number: U64::from(sealed.header.number),
            block_hash: sealed.hash,
            state_root,
            withdrawals_root,
        })
    }

    fn conflict_report(
        &self,
        block: Option<BlockNumberOrTag>,
        window: Option<U64>,
    ) -> RpcResult<Option<ConflictReport>> {
        let last = self.0.number(block.unwrap_or_default());
        let window = window.map_or(1, |window| window.to::<u64>());
        Ok(ConflictReport::over(self.0.view.store(), last, window))
    }

    async fn transaction_status(&self, hash: B256) -> RpcResult<Option<TransactionStatus>> {
        let (stage, located) = self
            .0
            .life_cycle(hash)
            .await
            .map_err(|error| errors::read("rollup_getTransactionStatus", &error))?;
        let stage = match (stage, &located) {
            (Some(LifeCycle::Posted), Some(located)) => {
                let proposals = ProposedMethods(self.0.clone());
                let proposed = proposals.is_proposed(located.block_number).await?;
                Some(if proposed { LifeCycle::Proposed } else { LifeCycle::Posted })
            }
            _ => stage,
        };
        Ok(stage.map(|stage| TransactionStatus {
            stage: word(stage),
            block_number: located.as_ref().map(|located| U64::from(located.block_number)),
            block_hash: located.and_then(|located| located.block_hash),
        }))
    }
}

const fn word(stage: LifeCycle) -> &'static str {
    match stage {
        LifeCycle::Received => "received",
        LifeCycle::Ordered => "ordered",
        LifeCycle::Executed => "executed",
        LifeCycle::Durable => "durable",
        LifeCycle::Posted => "posted",
        LifeCycle::Proposed => "proposed",
        LifeCycle::Final => "final",
    }
}

/// The limits under the names that `docs/rpc.md` gives them.
fn limits_json(quotas: &QuotaConfig) -> Value {
    let parts = [doors_json(), questions_json(), quotas_json(quotas)];
    let objects = parts.into_iter().filter_map(|part| match part {
        Value::Object(limits) => Some(limits),
        _ => None,
    });
    Value::Object(objects.flatten().collect())
}

/// Limits of connections, messages and sending.
fn doors_json() -> Value {
    json!({
        "requestBytesMax": limits::REQUEST_BYTES_MAX,
        "responseBytesMax": limits::RESPONSE_BYTES_MAX,
        "batchCallsMax": limits::BATCH_CALLS_MAX,
        "connectionsMax": limits::CONNECTIONS_MAX,
        "socketsMax": limits::SOCKETS_MAX,
        "socketSilenceMaxMs": millis(limits::SOCKET_SILENCE_MAX),
        "subscriptionsMax": limits::SUBSCRIPTIONS_MAX,
        "subscriptionMessagesMax": limits::SUBSCRIPTION_MESSAGES_MAX,
        "callsUnansweredMax": limits::CALLS_UNANSWERED_MAX,
        "answerBytesUnreadMax": limits::ANSWER_BYTES_UNREAD_MAX,
        "slowReaderWaitMaxMs": millis(limits::SLOW_READER_WAIT_MAX),
        "pingIntervalMs": millis(limits::PING_INTERVAL),
        "transactionBytesMax": protocol::CARRIED_TRANSACTION_BYTES_MAX,
        "syncTimeoutDefaultMs": millis(limits::SYNC_TIMEOUT_DEFAULT),
        "syncTimeoutMaxMs": millis(limits::SYNC_TIMEOUT_MAX),
        "receiptHashesMax": limits::RECEIPT_HASHES_MAX,
        "grpcMessageBytesMax": limits::GRPC_MESSAGE_BYTES_MAX,
        "streamTransactionsMax": limits::STREAM_TRANSACTIONS_MAX,
        "streamRequestsMax": limits::STREAM_REQUESTS_MAX,
        "streamBytesMax": limits::STREAM_BYTES_MAX,
        "heartbeatIntervalMs": millis(limits::HEARTBEAT_INTERVAL),
    })
}

/// Limits of single questions.
fn questions_json() -> Value {
    json!({
        "simulateBlocksMax": limits::SIMULATE_BLOCKS_MAX,
        "simulateChangesMax": limits::SIMULATE_CHANGES_MAX,
        "storageValuesMax": limits::STORAGE_VALUES_MAX,
        "witnessReadsMax": limits::WITNESS_READS_MAX,
        "txpoolTransactionsMax": limits::TXPOOL_TRANSACTIONS_MAX,
        "proofBlocksMax": crate::chain::OUTLOOK_BLOCKS_MAX,
        "proofChangesMax": crate::chain::OUTLOOK_CHANGES_MAX,
        "logBlocksMax": limits::LOG_BLOCKS_MAX,
        "logResultsMax": limits::LOG_RESULTS_MAX,
        "logResultsBlockMax": limits::LOG_RESULTS_BLOCK_MAX,
        "logTopicAlternativesMax": limits::LOG_TOPIC_ALTERNATIVES_MAX,
        "filtersMax": limits::FILTERS_MAX,
        "filterIdleMaxMs": millis(limits::FILTER_IDLE_MAX),
        "callGasMax": limits::CALL_GAS_MAX,
        "callsRunningMax": limits::CALLS_RUNNING_MAX,
        "tracesRunningMax": limits::TRACES_RUNNING_MAX,
        "traceWaitMaxMs": millis(limits::TRACE_WAIT_MAX),
        "traceTimeoutDefaultMs": millis(limits::TRACE_TIMEOUT_DEFAULT),
        "traceTimeoutMaxMs": millis(limits::TRACE_TIMEOUT_MAX),
        "traceBytesMax": limits::TRACE_BYTES_MAX,
        "traceFilterBlocksMax": limits::TRACE_FILTER_BLOCKS_MAX,
        "traceCallsMax": limits::TRACE_CALLS_MAX,
        "batchesShownMax": limits::BATCHES_SHOWN_MAX,
        "proposalsShownMax": limits::PROPOSALS_SHOWN_MAX,
        "otsPageMax": limits::OTS_PAGE_MAX,
        "feeHistoryBlocksMax": limits::FEE_HISTORY_BLOCKS_MAX,
        "feeHistoryPercentilesMax": limits::FEE_HISTORY_PERCENTILES_MAX,
        "proofSlotsMax": limits::PROOF_SLOTS_MAX,
    })
}

fn quotas_json(quotas: &QuotaConfig) -> Value {
    let (client, sender) = (&quotas.client, &quotas.sender);
    json!({
        "clientRequestsPerSecond": client.requests.per_second,
        "clientRequestsBurst": client.requests.burst,
        "clientGasPerSecond": client.gas.per_second,
        "clientGasBurst": client.gas.burst,
        "clientCpuUsPerSecond": client.cpu_us.per_second,
        "clientCpuUsBurst": client.cpu_us.burst,
        "clientRunningMax": client.running_max,
        "clientSocketsMax": client.sockets_max,
        "senderRequestsPerSecond": sender.requests.per_second,
        "senderRequestsBurst": sender.requests.burst,
        "senderGasPerSecond": sender.gas.per_second,
        "senderGasBurst": sender.gas.burst,
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rpc.md"));

    #[test]
    fn the_docs_state_the_limits_that_hold() {
        let limits = limits_json(&QuotaConfig::default());
        for (name, value) in limits.as_object().unwrap() {
            assert!(DOCS.contains(&format!("| `{name}` | {value} |")), "{name} = {value}");
        }
        let stated = DOCS.lines().filter(|line| line.starts_with("| `") && line.contains("Max"));
        for line in stated {
            let name = line.split('`').nth(1).unwrap();
            assert!(limits.get(name).is_some(), "{name} is no limit");
        }
    }
}
