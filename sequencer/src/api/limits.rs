//! What the doors accept at most. Published in `docs/rpc.md` and by `rollup_config`.

use std::time::Duration;

/// Bytes of one request body.
pub(crate) const REQUEST_BYTES_MAX: u32 = 5 << 20;
/// Bytes of one answer.
pub(crate) const RESPONSE_BYTES_MAX: u32 = 25 << 20;
/// Calls in one JSON-RPC batch.
pub(crate) const BATCH_CALLS_MAX: u32 = 1_000;
/// Open connections.
pub(crate) const CONNECTIONS_MAX: u32 = 1_000;
/// Subscriptions of one WebSocket connection.
pub(crate) const SUBSCRIPTIONS_MAX: u32 = 1_024;
/// Messages that wait for a slow WebSocket reader before it is closed.
pub(crate) const SUBSCRIPTION_MESSAGES_MAX: u32 = 1_024;
/// Time between pings to a WebSocket client.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(25);
/// Blocks that one log query may cover.
pub(crate) const LOG_BLOCKS_MAX: u64 = 100_000;
/// Logs in one answer.
pub(crate) const LOG_RESULTS_MAX: usize = 20_000;
/// Alternatives in one topic position of a filter.
pub(crate) const LOG_TOPIC_ALTERNATIVES_MAX: usize = 1_000;
/// Filters that exist at a time.
pub(crate) const FILTERS_MAX: usize = 10_000;
/// A filter that nobody asks for so long is forgotten.
pub(crate) const FILTER_IDLE_MAX: Duration = Duration::from_secs(300);
/// Gas of one call or estimate.
pub(crate) const CALL_GAS_MAX: u64 = 50_000_000;
/// Calls, estimates and log queries that run at a time; others wait.
pub(crate) const CALLS_RUNNING_MAX: usize = 16;
/// Blocks of one fee history.
pub(crate) const FEE_HISTORY_BLOCKS_MAX: u64 = 1_024;
/// Percentiles of one fee history.
pub(crate) const FEE_HISTORY_PERCENTILES_MAX: usize = 100;
/// How long `eth_sendRawTransactionSync` waits if the caller does not say.
pub(crate) const SYNC_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
/// How long it waits at most; below the 10 s after which viem gives up.
pub(crate) const SYNC_TIMEOUT_MAX: Duration = Duration::from_secs(9);
/// Transactions in one request of a gRPC stream.
pub(crate) const STREAM_TRANSACTIONS_MAX: usize = 4_096;
/// Bytes of one gRPC message.
pub(crate) const GRPC_MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Silence after which a gRPC stream sends a heartbeat.
pub(crate) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);
