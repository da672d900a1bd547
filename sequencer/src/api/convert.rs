//! From the chain's own values to the JSON that Ethereum clients expect.
//!
//! Types are alloy's and op-alloy's, so that a field is spelled as everywhere else. Nothing is decided here.

mod block;
mod conflicts;
mod log;
mod receipt;
mod transaction;

pub(crate) use block::{header, pending_block, sealed_block};
pub(crate) use conflicts::ConflictReport;
pub(crate) use log::{block_logs, log_filter_matches};
pub(crate) use receipt::{RpcReceipt, receipt};
pub(crate) use transaction::{RpcTransaction, located_transaction, pooled_transaction};
