//! The only SQL of Braid: the journal, the index and everything else that the services keep in Postgres 15 or newer.
//!
//! ```text
//! lease     who may write: an epoch that only grows
//! journal   what was ordered: one row per sub-block, appended under the lease          durable
//! index     what follows: packed truth per block -> current state, projection (rebuildable)
//! outbox · heads · pending · predictions · sequencing · verifier what the services must remember besides
//! ```
//!
//! Queries are checked when they run, not when they are compiled: SQL stands in full at the call, builds need no
//! database and no query cache, and every query is run by a test against a real server. Everything here returns typed
//! errors that know their [`Severity`].
//!
//! Invariant: nothing outside this crate holds SQL, and nothing inside it decides what a block contains.

mod cluster;
mod codec;
mod convert;
mod copy;
mod database;
mod heads;
mod history;
mod index;
mod journal;
mod lease;
mod metrics;
mod outbox;
mod pending;
mod predictions;
mod queries;
mod scan;
mod sequencing;
mod severity;
mod state_reader;
pub mod testing;
mod transaction;
mod unwinds;
mod verifier;

pub use cluster::{Cluster, ClusterError, ClusterOptions, Durability};
pub use codec::DecodeError;
pub use convert::ConvertError;
pub use database::{Database, DatabaseError, DatabaseOptions, ServerSettings};
pub use heads::{HeadsStore, HeadsStoreError};
pub use history::{
    BlockingHistory, HISTORY_LAG_BLOCKS_MAX, HistoricalState, History, HistoryError,
};
pub use index::{
    BlockParts, BlockRecord, BlockWritten, Bodies, CurrentState, Index, IndexError, IndexedReceipt,
    PackedBlock, Projection, Reached, SealedHeader, StateStep, WithdrawalNodes, reached_accounts,
};
pub use journal::{
    Appended, Generation, Journal, JournalError, JournalReader, PAYLOAD_BYTES_MAX, Position,
    SubBlock, Truncated, decode_payload, encode_payload,
};
pub use lease::{Acquisition, Fence, Holder, LeaseError, Leases, Role};
pub use metrics::QUERY_TIME_MAX;
pub use outbox::{
    Coverage, Outbox, OutboxAttempt, OutboxEntry, OutboxError, OutboxInclusion, OutboxOutcome,
    OutboxRecord, OutboxRequest, OutboxSearch,
};
pub use pending::{PendingError, PendingTransactions};
pub use predictions::{Predictions, PredictionsError};
pub use queries::{
    ChainReader, IndexedLog, IndexedTransaction, LOGS_MAX, LogFilter, ReadError,
    TransactionPosition,
};
pub use scan::{ScanError, StateScan};
pub use sequencing::{Sequencing, SequencingError, SequencingRecord};
pub use severity::{Classify, Severity};
pub use state_reader::{PgStateReader, StateReadError};
pub use verifier::{
    DerivedRoots, DerivedRow, ProposalVerdict, SeenProposal, StoredClaims, StoredProposal,
    VerifierError, VerifierStore,
};
