//! What the doors accept at most. Published in `docs/rpc.md` and by `rollup_config`.

use std::time::Duration;

/// Bytes of one request body.
pub(crate) const REQUEST_BYTES_MAX: u32 = 5 << 20;
/// Bytes of a body that is too long which are still read, so that its sender gets to see the refusal.
pub(crate) const REQUEST_DRAIN_BYTES_MAX: usize = 20 << 20;
/// How long a request body may take to arrive.
pub(crate) const REQUEST_READ_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long the doors wait for open requests when they close.
pub(crate) const CLOSE_WAIT_MAX: Duration = Duration::from_secs(5);
/// Bytes of one request to the operators' door.
pub(crate) const ADMIN_REQUEST_BYTES_MAX: u32 = 64 << 10;
/// Requests to the operators' door under way.
pub(crate) const ADMIN_REQUESTS_MAX: usize = 16;
/// Bytes of one answer.
pub(crate) const RESPONSE_BYTES_MAX: u32 = 25 << 20;
/// Calls in one JSON-RPC batch.
pub(crate) const BATCH_CALLS_MAX: u32 = 1_000;
/// WebSocket connections, and HTTP requests that are being answered, together.
pub(crate) const CONNECTIONS_MAX: usize = 4_096;
/// Connections of all kinds, whatever is said on them. Where there are more, new ones wait.
pub(crate) const SOCKETS_MAX: usize = 8_192;
/// A connection on which nothing goes either way for so long is closed.
pub(crate) const SOCKET_SILENCE_MAX: Duration = Duration::from_secs(300);
/// Transactions that one subscription to receipts may name.
pub(crate) const RECEIPT_HASHES_MAX: usize = 200;
/// Subscriptions of one WebSocket connection.
pub(crate) const SUBSCRIPTIONS_MAX: u32 = 1_024;
/// Messages that wait for a slow WebSocket reader before it is closed.
pub(crate) const SUBSCRIPTION_MESSAGES_MAX: u32 = 1_024;
/// How long a full queue of a WebSocket reader is waited for before its connection is closed.
pub(crate) const SLOW_READER_WAIT_MAX: Duration = Duration::from_secs(5);
/// Messages of one WebSocket connection whose answers are not written yet.
pub(crate) const CALLS_UNANSWERED_MAX: u32 = 256;
/// Bytes of answers that wait for the reader of a WebSocket connection before it may not ask for more.
pub(crate) const ANSWER_BYTES_UNREAD_MAX: usize = 64 << 20;
/// Time between pings to a WebSocket client.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(25);
/// Blocks that one log query may cover.
pub(crate) const LOG_BLOCKS_MAX: u64 = 100_000;
/// Logs in one answer.
pub(crate) const LOG_RESULTS_MAX: usize = 20_000;
/// Logs in one answer about a single block, where no smaller range could be asked for.
pub(crate) const LOG_RESULTS_BLOCK_MAX: usize = 100_000;
/// Alternatives in one topic position of a filter.
pub(crate) const LOG_TOPIC_ALTERNATIVES_MAX: usize = 1_000;
/// Filters that exist at a time.
pub(crate) const FILTERS_MAX: usize = 10_000;
/// A filter that nobody asks for so long is forgotten.
pub(crate) const FILTER_IDLE_MAX: Duration = Duration::from_secs(300);
/// Blocks of one simulation, those that fill gaps included.
pub(crate) const SIMULATE_BLOCKS_MAX: u64 = 256;
/// Accounts and slots changed by a simulation, summed over its blocks: each block's root costs by all before it.
pub(crate) const SIMULATE_CHANGES_MAX: usize = 1 << 18;
/// Slots that one `eth_getStorageValues` may ask for.
pub(crate) const STORAGE_VALUES_MAX: usize = 1_024;
/// Transactions in an answer about the whole mempool.
pub(crate) const TXPOOL_TRANSACTIONS_MAX: usize = 10_000;
/// Slots in one proof.
pub(crate) const PROOF_SLOTS_MAX: usize = 1_024;
/// Accounts and slots that one execution witness may show the way to.
pub(crate) const WITNESS_READS_MAX: usize = 16_384;
/// Gas of one call or estimate.
pub(crate) const CALL_GAS_MAX: u64 = 50_000_000;
/// Calls, estimates and log queries that run at a time; others wait.
pub(crate) const CALLS_RUNNING_MAX: usize = 16;
/// Traces that run at a time; others wait.
pub(crate) const TRACES_RUNNING_MAX: usize = 4;
/// How long a trace waits for its turn.
pub(crate) const TRACE_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a trace may run if the caller does not say.
pub(crate) const TRACE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
/// How long a trace may run.
pub(crate) const TRACE_TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// Bytes that the tracers of one request may record, about.
pub(crate) const TRACE_BYTES_MAX: usize = 64 << 20;
/// Blocks that one `trace_filter` may cover.
pub(crate) const TRACE_FILTER_BLOCKS_MAX: u64 = 100;
/// Calls in one `trace_callMany`.
pub(crate) const TRACE_CALLS_MAX: usize = 100;
/// Batches in an answer about one block.
pub(crate) const BATCHES_SHOWN_MAX: u32 = 100;
/// Proposals in one answer.
pub(crate) const PROPOSALS_SHOWN_MAX: u64 = 100;
/// Proposals that are read from L1 for answers, for each L1 block.
pub(crate) const PROPOSALS_READ_MAX: usize = 256;
/// Transactions in one page of `ots_*`; a last block that does not fit is shown whole.
pub(crate) const OTS_PAGE_MAX: usize = 25;
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
/// Requests of one gRPC stream that are being worked on at a time; their answers come in order. One that waits for its
/// transactions to be durable waits for a sub-block, so with fewer a stream of small requests would be slow.
pub(crate) const STREAM_REQUESTS_MAX: usize = 1_024;
/// Bytes of transactions in those of them that were not admitted yet; one request may have more. What comes faster than it is
/// admitted waits at its sender.
pub(crate) const STREAM_BYTES_MAX: usize = 1 << 20;
/// Bytes of one gRPC message.
pub(crate) const GRPC_MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Silence after which a gRPC stream sends a heartbeat.
pub(crate) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);
