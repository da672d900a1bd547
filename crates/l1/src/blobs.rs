//! Blobs by versioned hash from beacon nodes.
//!
//! Nothing a beacon node says is trusted: the commitment of every blob is computed again and must hash to what L1
//! promised. A blob that cannot be had is an error that says "later"; that its *content* is not a batch is none of
//! this file's business.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy::primitives::{B256, Bytes};
use protocol::blob::BLOB_BYTES;
use serde::Deserialize;
use tracing::debug;

use crate::{
    client::{EndpointError, http_client, read_body},
    config::{BlobAddressing, HttpEndpoint, L1Config},
    error::{L1Error, Severity},
    kzg::{Kzg, KzgError},
};

/// Blobs by versioned hash, each checked against it by whoever read it from L1.
pub type Blobs = BTreeMap<B256, Bytes>;

/// Failure to read blobs.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The beacon node does not answer.
    #[error("the beacon endpoint failed")]
    Endpoint(#[source] EndpointError),
    /// The blob is not among those that the node returned: not yet there, or pruned.
    #[error("the beacon endpoint has no blob with versioned hash {hash}")]
    Missing {
        /// Versioned hash that L1 names.
        hash: B256,
    },
    /// The commitment of a blob could not be computed.
    #[error("could not compute the commitment of a blob")]
    Kzg(#[source] KzgError),
    /// The block is older than the beacon chain.
    #[error("L1 time {timestamp} lies before the beacon genesis {genesis}")]
    BeforeGenesis {
        /// Of the block.
        timestamp: u64,
        /// Of the beacon chain.
        genesis: u64,
    },
}

impl BlobError {
    /// What to do about it.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            // Bytes that are no blob come from the beacon node, and another one may be honest.
            Self::Endpoint(_) | Self::Missing { .. } | Self::Kzg(KzgError::NotABlob(_)) => {
                Severity::Temporary
            }
            Self::Kzg(_) | Self::BeforeGenesis { .. } => Severity::Critical,
        }
    }
}

/// Where a block's blobs are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlobLocation {
    pub(crate) number: u64,
    pub(crate) timestamp: u64,
}

/// Reads blobs from beacon endpoints. Cheap to clone.
#[derive(Clone, Debug)]
pub struct BlobReader {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    endpoints: Vec<HttpEndpoint>,
    current: AtomicUsize,
    addressing: BlobAddressing,
    genesis_time: OnceLock<u64>,
    attempts_max: u32,
    delay: Duration,
    response_bytes_max: usize,
    kzg: Kzg,
}

#[derive(Deserialize)]
struct Genesis {
    data: GenesisData,
}

#[derive(Deserialize)]
struct GenesisData {
    genesis_time: String,
}

#[derive(Deserialize)]
struct BlobList {
    data: Vec<Bytes>,
}

impl BlobReader {
    /// Makes the reader; no request is sent yet.
    pub fn new(config: &L1Config, kzg: Kzg) -> Result<Self, L1Error> {
        let configured = if config.beacon_endpoints.is_empty() {
            &config.endpoints
        } else {
            &config.beacon_endpoints
        };
        let endpoints = HttpEndpoint::all(configured)?;
        let inner = Inner {
            http: http_client(config)?,
            endpoints,
            current: AtomicUsize::new(0),
            addressing: config.blob_addressing,
            genesis_time: OnceLock::new(),
            attempts_max: std::cmp::max(config.request_attempts_max, 1),
            delay: config.retry_delay_min,
            response_bytes_max: config.response_bytes_max,
            kzg,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The blobs with these versioned hashes, in this order: those that were kept, or all of them from the beacon node.
    pub(crate) async fn kept_or_read(
        &self,
        location: BlobLocation,
        hashes: &[B256],
        kept: &Blobs,
    ) -> Result<Vec<Bytes>, BlobError> {
        let found: Option<Vec<Bytes>> = hashes.iter().map(|hash| kept.get(hash).cloned()).collect();
        match found {
            Some(found) => Ok(found),
            None => self.blobs(location, hashes).await,
        }
    }

    /// The blobs with these versioned hashes, in this order, each checked against its hash.
    pub(crate) async fn blobs(
        &self,
        location: BlobLocation,
        hashes: &[B256],
    ) -> Result<Vec<Bytes>, BlobError> {
        let inner = &self.inner;
        let mut attempt = 0;
        loop {
            let index = inner.current.load(Ordering::Relaxed);
            let error = match inner.ask(index, location, hashes).await {
                Ok(blobs) => return Ok(blobs),
                Err(error) => error,
            };
            attempt += 1;
            if error.severity() != Severity::Temporary || attempt >= inner.attempts_max {
                return Err(error);
            }
            debug!(%error, attempt, "beacon endpoint failed");
            let next = (index + 1) % inner.endpoints.len();
            inner.current.store(next, Ordering::Relaxed);
            tokio::time::sleep(inner.delay * attempt).await;
        }
    }
}

impl Inner {
    async fn ask(
        &self,
        index: usize,
        location: BlobLocation,
        hashes: &[B256],
    ) -> Result<Vec<Bytes>, BlobError> {
        let block = self.block_id(index, location).await?;
        let path = format!("eth/v1/beacon/blobs/{block}");
        // The beacon API repeats the key, and some nodes refuse a list; anvil reads only a list.
        let separator = match self.addressing {
            BlobAddressing::Slot { .. } => "&versioned_hashes=",
            BlobAddressing::BlockNumber => ",",
        };
        let wanted = hashes.iter().map(B256::to_string).collect::<Vec<_>>().join(separator);
        let query = format!("versioned_hashes={wanted}");
        let list: BlobList = self.get(index, &path, &query).await?;
        let blobs: Vec<Bytes> =
            list.data.into_iter().filter(|blob| blob.len() == BLOB_BYTES).collect();
        let found = self.kzg.versioned_hashes(blobs.clone()).await.map_err(BlobError::Kzg)?;
        let pick = |hash: &B256| {
            let place = found.iter().position(|candidate| candidate == hash);
            place.map(|place| blobs[place].clone()).ok_or(BlobError::Missing { hash: *hash })
        };
        hashes.iter().map(pick).collect()
    }

    async fn block_id(&self, index: usize, location: BlobLocation) -> Result<u64, BlobError> {
        let BlobAddressing::Slot { slot_seconds } = self.addressing else {
            return Ok(location.number);
        };
        let genesis = match self.genesis_time.get() {
            Some(genesis) => *genesis,
            None => {
                let answer: Genesis = self.get(index, "eth/v1/beacon/genesis", "").await?;
                let time = serde_json::from_str(&answer.data.genesis_time).map_err(|source| {
                    let host = self.endpoints[index].host.clone();
                    BlobError::Endpoint(EndpointError::Malformed { host, source })
                })?;
                *self.genesis_time.get_or_init(|| time)
            }
        };
        let timestamp = location.timestamp;
        let elapsed = timestamp
            .checked_sub(genesis)
            .ok_or(BlobError::BeforeGenesis { timestamp, genesis })?;
        Ok(elapsed / std::cmp::max(slot_seconds, 1))
    }

    async fn get<T: for<'de> Deserialize<'de>>(
        &self,
        index: usize,
        path: &str,
        query: &str,
    ) -> Result<T, BlobError> {
        let HttpEndpoint { url, host } = &self.endpoints[index];
        let mut url = url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        let request = self.http.get(url).header(reqwest::header::ACCEPT, "application/json");
        let response = request.send().await.map_err(|source| {
            let source = source.without_url();
            BlobError::Endpoint(EndpointError::Http { host: host.clone(), source })
        })?;
        let status = response.status();
        if !status.is_success() {
            let status = status.as_u16();
            return Err(BlobError::Endpoint(EndpointError::Status { host: host.clone(), status }));
        }
        let body = read_body(response, host, self.response_bytes_max)
            .await
            .map_err(BlobError::Endpoint)?;
        serde_json::from_slice(&body).map_err(|source| {
            BlobError::Endpoint(EndpointError::Malformed { host: host.clone(), source })
        })
    }
}
