//! What can go wrong on the way to L1, and what to do about it.
//!
//! Every error answers "now what?" through [`L1Error::severity`]; drivers match on that and on nothing else.
//! Messages name hosts, never whole addresses: an address often holds an access key.

use alloy::{
    primitives::{Address, B256},
    transports::TransportError,
};

use crate::{blobs::BlobError, kzg::KzgError};

/// What the loop that receives an error does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Try the same thing again later.
    Temporary,
    /// Forget what was read so far and start again at a known point.
    Reset,
    /// Stop: trying again cannot help, a person must look.
    Critical,
}

/// Failure to read from or write to L1.
#[derive(Debug, thiserror::Error)]
pub enum L1Error {
    /// The configuration names no L1 endpoint.
    #[error("no L1 endpoint is configured")]
    NoEndpoint,
    /// A configured address is not a URL.
    #[error("L1 endpoint number {position} is not a valid http(s) address")]
    BadEndpoint {
        /// Place in the configured list, counted from 0.
        position: usize,
    },
    /// The HTTP client could not be built.
    #[error("could not build the HTTP client for L1")]
    BuildClient(#[source] reqwest::Error),
    /// The endpoint serves another chain.
    #[error("L1 chain id is {found}, the configuration says {expected}")]
    ChainId {
        /// From the configuration.
        expected: u64,
        /// What the endpoint says.
        found: u64,
    },
    /// A JSON-RPC request failed at every endpoint.
    #[error("L1 request {method} failed")]
    Request {
        /// JSON-RPC method.
        method: &'static str,
        /// Why.
        #[source]
        source: TransportError,
    },
    /// The block does not exist (yet), or a reorg took it away between two requests.
    #[error("L1 has no block {block}")]
    BlockMissing {
        /// Number, tag or hash that was asked for.
        block: String,
    },
    /// An endpoint contradicts itself: a reorg between two requests, or a broken endpoint.
    #[error("L1 answers about block {number} disagree: {what}")]
    Inconsistent {
        /// L1 block number.
        number: u64,
        /// What does not fit together.
        what: &'static str,
    },
    /// A contract emitted something that this program does not understand.
    #[error("unknown event of contract {contract} in L1 block {number}, log {log_index}: {what}")]
    UnknownEvent {
        /// Emitting contract.
        contract: Address,
        /// L1 block number.
        number: u64,
        /// Log index in the block.
        log_index: u64,
        /// What is unknown about it.
        what: &'static str,
    },
    /// A contract answered with bytes that do not fit its interface: wrong address or wrong version.
    #[error("contract {contract} does not answer as its interface says")]
    Decode {
        /// The contract that was called.
        contract: Address,
        /// What does not fit.
        #[source]
        source: alloy::sol_types::Error,
    },
    /// What was read does not add up to what the contract has accumulated.
    #[error(
        "the {chain} accumulator of L1 block {number} is {found}, what was read gives {computed}"
    )]
    Accumulator {
        /// Which of the two hash chains.
        chain: &'static str,
        /// L1 block number.
        number: u64,
        /// On L1.
        found: B256,
        /// From logs.
        computed: B256,
    },
    /// A blob could not be fetched or is not the one that was asked for.
    #[error("could not read the blobs of L1 block {number}")]
    Blob {
        /// L1 block number.
        number: u64,
        /// Why.
        #[source]
        source: BlobError,
    },
    /// KZG work failed.
    #[error("KZG work failed")]
    Kzg(#[source] KzgError),
}

impl L1Error {
    /// Whether a call was carried out and refused by the contract.
    #[must_use]
    pub fn is_revert(&self) -> bool {
        const REVERTED: i64 = 3;
        let Self::Request { source, .. } = self else { return false };
        source
            .as_error_resp()
            .is_some_and(|payload| payload.code == REVERTED || payload.as_revert_data().is_some())
    }

    /// What to do about it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::NoEndpoint
            | Self::BadEndpoint { .. }
            | Self::BuildClient(_)
            | Self::ChainId { .. }
            | Self::UnknownEvent { .. }
            | Self::Decode { .. }
            | Self::Accumulator { .. } => Severity::Critical,
            Self::Request { source, .. } => request_severity(source),
            Self::BlockMissing { .. } | Self::Inconsistent { .. } => Severity::Temporary,
            Self::Blob { source, .. } => source.severity(),
            Self::Kzg(source) => source.severity(),
        }
    }
}

/// A method that the endpoint does not know will not appear by asking again.
fn request_severity(error: &TransportError) -> Severity {
    const METHOD_NOT_FOUND: i64 = -32601;
    match error.as_error_resp() {
        Some(payload) if payload.code == METHOD_NOT_FOUND => Severity::Critical,
        _ => Severity::Temporary,
    }
}
