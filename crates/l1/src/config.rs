//! How to reach L1: endpoints, patience and limits. Holds no secret that prints.

use std::{fmt, time::Duration};

use serde::Deserialize;

use crate::error::L1Error;

/// Address of an endpoint. Printing shows the host only, since paths and queries often carry access keys.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct EndpointUrl(String);

impl EndpointUrl {
    /// Wraps an address; it is checked when the client is built.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The parsed address, if it is one for http or https.
    pub(crate) fn parse(&self) -> Option<reqwest::Url> {
        let url = reqwest::Url::parse(&self.0).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parse() {
            Some(url) => write!(f, "EndpointUrl({})", host_label(&url)),
            None => f.write_str("EndpointUrl(invalid)"),
        }
    }
}

impl From<&str> for EndpointUrl {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

/// A checked address and what may be shown of it. Only the host prints.
#[derive(Clone)]
pub(crate) struct HttpEndpoint {
    pub(crate) url: reqwest::Url,
    pub(crate) host: String,
}

impl HttpEndpoint {
    /// Checks configured addresses.
    pub(crate) fn all(configured: &[EndpointUrl]) -> Result<Vec<Self>, L1Error> {
        if configured.is_empty() {
            return Err(L1Error::NoEndpoint);
        }
        let check = |(position, endpoint): (usize, &EndpointUrl)| {
            let url = endpoint.parse().ok_or(L1Error::BadEndpoint { position })?;
            Ok(Self { host: host_label(&url), url })
        };
        configured.iter().enumerate().map(check).collect()
    }
}

impl fmt::Debug for HttpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpEndpoint({})", self.host)
    }
}

fn host_label(url: &reqwest::Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// How a node is asked for the blobs of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum BlobAddressing {
    /// By beacon slot, from the timestamp: what every beacon node expects.
    Slot {
        /// Length of a slot in seconds.
        slot_seconds: u64,
    },
    /// By execution block number: what anvil expects on its only port.
    BlockNumber,
}

/// Everything the client, the reader and the watcher need to know about L1.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct L1Config {
    /// Execution endpoints, best first. The next one is used when one fails.
    pub endpoints: Vec<EndpointUrl>,
    /// Beacon endpoints for blobs, best first. Empty: the execution endpoints serve them (anvil).
    pub beacon_endpoints: Vec<EndpointUrl>,
    /// How beacon endpoints name a block.
    pub blob_addressing: BlobAddressing,
    /// How long one HTTP request may take.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// Attempts of one request, over all endpoints together.
    pub request_attempts_max: u32,
    /// Wait after the first failed round over the endpoints; doubles with each round.
    #[serde(with = "humantime_serde")]
    pub retry_delay_min: Duration,
    /// Longest wait between two rounds.
    #[serde(with = "humantime_serde")]
    pub retry_delay_max: Duration,
    /// Largest response body, in bytes, that is read at all.
    pub response_bytes_max: usize,
    /// Pause between two looks at the L1 head.
    #[serde(with = "humantime_serde")]
    pub l1_poll_interval: Duration,
    /// How many recent L1 blocks the watcher remembers; a deeper reorg cannot be followed block by block.
    pub reorg_depth_max: usize,
    /// L1 blocks that are read at the same time while syncing.
    pub prefetch_blocks_max: usize,
    /// Compare what logs say with the accumulators of the contracts, two `eth_call`s per block.
    pub verify_accumulators: bool,
}

impl Default for L1Config {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            beacon_endpoints: Vec::new(),
            blob_addressing: BlobAddressing::Slot { slot_seconds: 12 },
            request_timeout: Duration::from_secs(10),
            request_attempts_max: 4,
            retry_delay_min: Duration::from_millis(200),
            retry_delay_max: Duration::from_secs(5),
            response_bytes_max: 64 * 1024 * 1024,
            l1_poll_interval: Duration::from_secs(4),
            reorg_depth_max: 256,
            prefetch_blocks_max: 8,
            verify_accumulators: false,
        }
    }
}

impl L1Config {
    /// Settings for a local anvil: one port for everything, quick polling, little patience.
    #[must_use]
    pub fn for_anvil(url: &str) -> Self {
        Self {
            endpoints: vec![EndpointUrl::new(url)],
            blob_addressing: BlobAddressing::BlockNumber,
            l1_poll_interval: Duration::from_millis(200),
            retry_delay_min: Duration::from_millis(50),
            ..Self::default()
        }
    }
}
